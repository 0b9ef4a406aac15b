"""``hub serve --workers``: several processes on one port."""

import os
import signal
from pathlib import Path

from tests.faults.nodes import Nodes
from tests.processes import HubProcess, move
from tests.running import Phone, until

REPLACED_WITHIN_S = 30.0


async def test_workers_serve_one_port_and_one_that_dies_is_replaced(nodes: Nodes, tmp_path: Path) -> None:
    phone = await nodes.phone()
    with HubProcess(tmp_path, nodes.home.settings, ("--workers", "2")) as several:
        first = await until(lambda: _both(several), REPLACED_WITHIN_S)

        before = await _sign_in(nodes, phone, several)
        os.kill(min(first), signal.SIGKILL)
        second = await until(lambda: _both(several, but=min(first)), REPLACED_WITHIN_S)
        after = await _sign_in(nodes, phone, several)
        code = several.stop()

        assert (before, after) == ("done", "done")
        assert max(first) in second
        assert code in (0, -signal.SIGTERM)
        assert not any(_lives(worker) for worker in first | second)


async def test_workers_whose_parent_is_killed_end_too(nodes: Nodes, tmp_path: Path) -> None:
    with HubProcess(tmp_path, nodes.home.settings, ("--workers", "2")) as several:
        workers = await until(lambda: _both(several), REPLACED_WITHIN_S)

        several.kill()

        await until(lambda: not any(_lives(worker) for worker in workers))
        several.start()
        assert await _sign_in(nodes, await nodes.phone(), several) == "done"


async def test_a_worker_that_dies_while_the_database_is_away_is_replaced_once_it_is_back(
    nodes: Nodes, tmp_path: Path
) -> None:
    phone = await nodes.phone()
    with HubProcess(tmp_path, nodes.home.settings, ("--workers", "2")) as several:
        workers = await until(lambda: _both(several), REPLACED_WITHIN_S)
        nodes.postgres.stop()
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        await until(lambda: '"exit_code": 1' in several.log, REPLACED_WITHIN_S)

        nodes.postgres.start()
        await until(lambda: several.get("/readyz")[0] == 200, REPLACED_WITHIN_S)

        assert await _sign_in(nodes, phone, several) == "done"


async def _sign_in(nodes: Nodes, phone: Phone, at: HubProcess) -> str:
    async with nodes.browser(at) as browser, phone.connected(url=at.url) as device:
        await browser.start()
        card = await device.until("challenge")
        move(browser, at)
        async with browser.watching() as page:
            await device.decide(card["request"], match=browser.digits)
            await page.until("resolved", status="approved")
        step: str = (await browser.again("complete")).json()["step"]
        return step


def _both(several: HubProcess, but: int | None = None) -> set[int] | None:
    """Return the two workers once there are two, neither of them *but*."""
    workers = {worker for worker in _workers(several.pid) if worker != but}
    return workers if len(workers) == 2 else None


def _workers(parent: int) -> set[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return {int(child) for child in children if b"spawn_main" in _read(child, "cmdline")}


def _read(process: int | str, name: str) -> bytes:
    try:
        return Path(f"/proc/{process}/{name}").read_bytes()
    except OSError:
        return b""


def _lives(process: int) -> bool:
    return bool(_read(process, "cmdline"))
