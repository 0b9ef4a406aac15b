"""Two processes sweep one database."""

from tests.databases import behind_the_store
from tests.faults.nodes import Nodes
from tests.running import until

PEOPLE = 8


async def test_what_nobody_answered_expires_once_though_two_processes_sweep(nodes: Nodes) -> None:
    for number in range(PEOPLE):
        email = f"person-{number}@demo.test"
        await nodes.phone(email)
        async with nodes.browser(at=nodes.both[number % 2]) as browser:
            await browser.start(email)

    await behind_the_store(
        nodes.database,
        "UPDATE challenges SET expires_at = now() - interval '1 second'"
        f" WHERE tenant_id = '{nodes.tenant.id}' AND status = 'pending'",
    )
    await until(lambda: _all_over(nodes))

    # Sealing is what a sweep does last: whatever else was to be written has been.
    await until(lambda: _all_sealed(nodes))
    audit = await nodes.audit()
    assert audit.count("challenge.asked") == PEOPLE
    assert audit.count("challenge.expired") == PEOPLE


async def _all_over(nodes: Nodes) -> bool:
    return await _count(nodes, f"challenges WHERE status = 'expired' AND {_here(nodes)}") == PEOPLE


async def _all_sealed(nodes: Nodes) -> bool:
    unsealed = "audit JOIN audit_unsealed ON audit_unsealed.audit_id = audit.id"
    return await _count(nodes, f"{unsealed} WHERE {_here(nodes)}") == 0


async def _count(nodes: Nodes, what: str) -> int:
    ((count,),) = await behind_the_store(nodes.database, f"SELECT count(*) FROM {what}")
    return int(count)


def _here(nodes: Nodes) -> str:
    return f"tenant_id = '{nodes.tenant.id}'"
