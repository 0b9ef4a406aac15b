"""PostgreSQL stops and starts again under a running hub."""

from collections.abc import AsyncIterator

import pytest

from tests.databases import behind_the_store
from tests.faults.nodes import Nodes, well
from tests.processes import move
from tests.running import until


@pytest.fixture
async def nodes(nodes: Nodes) -> AsyncIterator[Nodes]:
    """The two nodes; whatever a test did to PostgreSQL, it runs afterwards."""
    yield nodes
    nodes.postgres.restart()


async def test_without_its_database_the_hub_says_so_and_goes_on_afterwards(nodes: Nodes) -> None:
    phone = await nodes.phone()
    async with nodes.browser() as waiting, nodes.browser() as coming:
        async with phone.connected(url=nodes.other.url) as device:
            await waiting.start()
            card = await device.until("challenge")
            before = await _written(nodes)

            nodes.postgres.stop()
            refused = await coming.login_call("/login", {"email": "ada@demo.test"})
            looked = await waiting.look()
            ready = [node.get("/readyz") for node in nodes.both]
            alive = [node.get("/healthz")[0] for node in nodes.both]
            message = phone.decision(card["request"], match=waiting.digits)
            await device.send({"type": "decide", "decision": message, "pin": phone.pin})
            closed = await device.closed()

        nodes.postgres.start()
        await until(lambda: all(well(node) for node in nodes.both))
        after = await _written(nodes)
        move(waiting, nodes.home)
        async with phone.connected(url=nodes.other.url) as device, waiting.watching() as page:
            decided = await device.decide(card["request"], match=waiting.digits)
            resolved = await page.until("resolved")
        completed = await waiting.again("complete")

        for answer in (refused, looked):
            assert answer.status_code == 503
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["code"] == "unavailable"
            assert "Retry-After" in answer.headers
        for status, body in ready:
            assert status == 503
            assert body["checks"] == {"database": "unavailable", "bus": "ok", "process": "ok"}
        assert alive == [200, 200]
        assert closed == 1013
        assert after == before
        assert device.ready["pending"] == [card]
        assert decided["status"] == resolved["status"] == "approved"
        assert completed.json()["step"] == "done"
        assert (await nodes.audit()).count("challenge.approved") == 1


async def _written(nodes: Nodes) -> list[tuple[object, ...]]:
    """Return everything of this tenant that a half-done login would have changed."""
    tenant = nodes.tenant.id
    tables = {
        "logins": "id, step, challenge_id, pushes",
        "challenges": "id, status, decided_at",
        "audit": "id, type",
    }
    return [
        tuple(row)
        for table, columns in tables.items()
        for row in await behind_the_store(
            nodes.database, f"SELECT {columns} FROM {table} WHERE tenant_id = '{tenant}' ORDER BY id"
        )
    ]
