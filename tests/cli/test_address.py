"""The public address: kept at the first start, and changed on purpose alone once phones hold to it."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from hub.flows.relocate import PhonesLeftBehind
from hub.ports import AuditFilter
from tests.cli.conftest import Shell
from tests.processes import HubProcess, operated
from tests.running import Phone, until
from tests.running import running_hub as serving
from tests.services import free_port

OLD, NEW = "https://old.example.org", "https://new.example.org"


async def served(shell: Shell, *, people: tuple[int, ...] = (), address: str | None = None) -> str:
    """Serve a hub once, and enrol as many phones of each person as *people* says; return its address."""
    given = {"public_url": address} if address else {}
    async with serving(shell.database, port=free_port(), **given) as hub:
        tenant = await hub.tenant() if people else None
        for at, phones in enumerate(people):
            assert tenant is not None
            user = await hub.user(tenant, f"person-{at}@demo.test")
            for _ in range(phones):
                await hub.phone(user)
        return hub.url


def kept(shell: Shell) -> str | None:
    """Return the address that the database holds to."""
    with closing(sqlite3.connect(shell.folder / "hub.db")) as database:
        row = database.execute("SELECT value FROM kept WHERE name = 'public-url'").fetchone()
    return row[0] if row else None


def test_the_first_start_keeps_the_address_and_no_other_command_does(shell: Shell) -> None:
    shell("tenant", "create", "other", "--name", "Other", HUB_PUBLIC_URL=OLD)
    before = kept(shell)

    asyncio.run(served(shell, address=OLD))

    assert before is None
    assert kept(shell) == OLD


def test_without_phones_a_new_address_is_kept_at_the_next_start(shell: Shell) -> None:
    asyncio.run(served(shell, address=OLD))

    asyncio.run(served(shell, address=NEW))

    assert kept(shell) == NEW


def test_the_start_says_that_the_address_changed_and_what_cannot_be_at_a_number(tmp_path: Path) -> None:
    with HubProcess(tmp_path, {"HUB_PUBLIC_URL": "https://192.0.2.1"}) as at_a_number:
        first = at_a_number.log
    with HubProcess(tmp_path, {"HUB_PUBLIC_URL": NEW}) as at_a_name:
        second = at_a_name.log

    (warned,) = [line for line in first.splitlines() if "address.no_name" in line]
    assert "fingerprints" in warned
    assert "HUB_PUBLIC_URL" in warned
    assert "address.no_name" not in second
    (changed,) = [line for line in second.splitlines() if "address.changed" in line]
    assert "https://192.0.2.1" in changed
    assert NEW in changed


def test_with_phones_another_address_stops_every_command_in_one_line_with_the_way_on(shell: Shell) -> None:
    old = asyncio.run(served(shell, people=(2, 1)))

    for command in (["serve"], ["tenant", "create", "other", "--name", "Other"], ["keys", "rotate"]):
        ran = shell(*command, HUB_PUBLIC_URL=NEW)

        assert ran.code == 1
        assert ran.refusal == (
            f"hub: 3 phones are enrolled at {old}, and the public URL is now {NEW}: go back to "
            f"HUB_PUBLIC_URL={old}, or see what `hub address change --to {NEW}` takes off their accounts"
        )
    assert kept(shell) == old


def test_a_start_that_names_no_address_is_another_address_too(shell: Shell) -> None:
    old = asyncio.run(served(shell, people=(1,)))

    ran = shell("serve", "--port", str(free_port()))

    assert ran.code == 1
    assert ran.refusal.startswith(f"hub: 1 phone is enrolled at {old}, and the public URL is now http://127.")


def test_commands_that_name_no_address_speak_of_the_one_that_is_served(shell: Shell) -> None:
    old = asyncio.run(served(shell, people=(1,)))

    tenant = shell("tenant", "create", "other", "--name", "Other")
    code = shell("enrollment", "create", "--tenant", "demo", "--email", "person-0@demo.test", "--json").json

    assert f"{old}/t/other/login" in tenant.out
    assert code["uri"] == f"{old}/authenticator/#enroll={code['activation_code']}"


async def test_processes_that_start_at_once_at_two_addresses_hold_to_one(shell: Shell) -> None:
    old = await served(shell, people=(1,))
    async with operated(shell.database, old) as right, operated(shell.database, NEW) as wrong:
        starts = [right.services.relocate.keep(), wrong.services.relocate.keep()] * 5

        ended = await asyncio.gather(*starts, return_exceptions=True)

    assert {type(each) for each in ended[1::2]} == {PhonesLeftBehind}
    assert ended[::2] == [None] * 5
    assert kept(shell) == old


async def test_a_process_at_an_address_that_the_hub_has_left_enrols_no_phone(shell: Shell) -> None:
    async with serving(shell.database, port=free_port()) as hub:
        user = await hub.user(await hub.tenant())
        code = await hub.activation_code(user)
        async with operated(shell.database, NEW) as other:
            await other.services.relocate.keep()
        phone = Phone(hub.url, now=hub.clock.now)

        refused = await phone.enroll(code, pin="2580")

        assert refused.status_code == 503
        assert (await hub.services.relocate.planned(other.services.public_url)).phones == 0


def test_a_change_says_what_it_comes_to_and_does_nothing_yet(shell: Shell) -> None:
    old = asyncio.run(served(shell, people=(2, 1)))

    told = shell("address", "change", "--to", NEW, "--json", HUB_PUBLIC_URL=NEW).json
    words = shell("address", "change", "--to", NEW)

    assert told == {"from": old, "to": NEW, "phones": 3, "people": 2, "changed": False}
    assert f"3 phones of 2 people enrolled at {old}" in words.out
    assert "Nothing was changed" in words.out
    assert kept(shell) == old


def test_a_change_takes_every_phone_off_its_account_and_the_hub_starts_there(shell: Shell) -> None:
    old = asyncio.run(served(shell, people=(2, 1)))

    told = shell("address", "change", "--to", f"{NEW}/", "--yes", "--json", HUB_PUBLIC_URL=NEW).json
    again = shell("address", "change", "--to", NEW, "--yes", HUB_PUBLIC_URL=NEW)

    assert told == {"from": old, "to": NEW, "phones": 3, "people": 2, "changed": True}
    assert again.out == f"The hub is at {NEW} already.\n"
    assert asyncio.run(removals(shell)) == [("operator", old)] * 3
    assert asyncio.run(served(shell, address=NEW)) == NEW


async def removals(shell: Shell) -> list[tuple[str, str]]:
    """Return who removed phones, and what address they were enrolled at."""
    async with operated(shell.database, NEW) as hub:
        tenant = await hub.services.administer.tenant("demo")
        rows = await hub.services.administer.audit_page(tenant.id, AuditFilter(), 50, None)
    return [(row.actor.kind.value, row.data["from"]) for row, _ in rows if row.type == "device.removed"]


async def test_a_phone_that_listens_hears_that_it_was_removed(shell: Shell) -> None:
    async with serving(shell.database, port=free_port()) as hub:
        phone = await hub.phone(await hub.user(await hub.tenant()))
        async with phone.connected() as device:
            await until(lambda: hub.services.bus.listeners(f"device:{phone.id}"))

            await hub.services.relocate.change(replace(hub.services.public_url, origin=NEW))

            assert await device.closed() == 4403


@pytest.mark.parametrize("to", ["http://new.example.org", "new.example.org", "https://new.example.org/hub"])
def test_a_change_to_what_is_no_address_is_refused_in_one_line(shell: Shell, to: str) -> None:
    ran = shell("address", "change", "--to", to, "--yes")

    assert ran.code == 1
    assert ran.refusal.startswith(f"hub: --to: '{to}'")
