"""A process is told to stop: what is being answered is finished, everybody else is sent elsewhere."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
import websockets

from tests.faults.nodes import Nodes
from tests.processes import move
from tests.running import PATIENCE_S, until

ENDS_WITHIN_S = 3.0


async def test_a_drained_process_finishes_what_it_answers_and_sends_the_rest_elsewhere(nodes: Nodes) -> None:
    phone, idle = await nodes.phone(), await nodes.phone("bob@demo.test")
    async with (
        nodes.browser(at=nodes.home) as browser,
        phone.connected(url=nodes.other.url) as device,
        idle.connected(url=nodes.other.url) as silent,
    ):
        await browser.start()
        card = await device.until("challenge")
        async with browser.watching() as page, asyncio.TaskGroup() as tasks:
            await page.until("state", step="push")
            move(browser, nodes.other)
            waiting = await browser.look()
            poll = tasks.create_task(browser.look(f"?wait=25&since={waiting.json()['version']}"))

            async with _held(nodes, card["id"]):
                answer = tasks.create_task(device.decide(card["request"], match=browser.digits))
                await until(lambda: _waits_for_a_lock(nodes))
                told_at = time.monotonic()
                nodes.other.signal(signal.SIGTERM)
                polled = await poll
                ready = await until(lambda: _not_ready(nodes))
                with pytest.raises(websockets.InvalidStatus) as refused:
                    async with idle.socket(url=nodes.other.url):
                        pass
            decided = await answer
            resolved = await page.until("resolved")
            codes = [await device.closed(), await silent.closed()]
        code = await asyncio.to_thread(nodes.other.wait)
        took_s = time.monotonic() - told_at

    assert polled.json()["step"] == "push"
    assert ready["checks"]["process"] == "draining"
    assert refused.value.response.status_code == 503
    assert decided == {"type": "decided", "id": card["id"], "status": "approved"}
    assert resolved == {"type": "resolved", "status": "approved"}
    assert codes == [1012, 1012]
    assert code in (0, -signal.SIGTERM)
    assert took_s < ENDS_WITHIN_S
    assert (await nodes.audit()).count("challenge.approved") == 1


@asynccontextmanager
async def _held(nodes: Nodes, challenge: str) -> AsyncIterator[None]:
    """Hold the challenge's row, so that whoever decides it has to wait."""
    connection = await _connected(nodes)
    try:
        async with connection.transaction():
            await connection.execute("SELECT id FROM challenges WHERE id = $1 FOR UPDATE", challenge)
            yield
    finally:
        await connection.close()


async def _waits_for_a_lock(nodes: Nodes) -> bool:
    connection = await _connected(nodes)
    try:
        waiting: int = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        )
        return waiting > 0
    finally:
        await connection.close()


async def _connected(nodes: Nodes) -> asyncpg.Connection:
    return await asyncpg.connect(nodes.database.replace("+asyncpg", ""), timeout=PATIENCE_S)


def _not_ready(nodes: Nodes) -> dict[str, dict[str, str]] | None:
    status, body = nodes.other.get("/readyz")
    return body if status == 503 else None
