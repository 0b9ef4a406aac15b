"""Commands that make tenants, people, codes and keys, as scripts use them (PROTOCOL section 6)."""

import asyncio
import re
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta

import pytest

from hub.app import key_ring, vault_of
from hub.domain.secret import Secret
from hub.ports import AuditFilter
from tests.cli.conftest import Shell
from tests.processes import operated
from tests.running import RunningHub, ShiftedClock

PUBLIC_URL = "https://login.example.org"
CODE = re.compile(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}")
COMMANDS = [
    ["tenant", "create", "other", "--name", "Other"],
    ["user", "create", "--tenant", "demo", "--email", "eve@demo.test"],
    ["enrollment", "create", "--tenant", "demo", "--email", "ada@demo.test"],
    ["keys", "rotate"],
    ["migrate"],
]


@pytest.fixture
def demo(shell: Shell) -> Shell:
    """A shell at a hub with the tenant demo and Ada in it."""
    assert shell("tenant", "create", "demo", "--name", "Demo").code == 0
    assert shell("user", "create", "--tenant", "demo", "--email", "ada@demo.test").code == 0
    return shell


def test_what_is_made_is_told_in_json(shell: Shell) -> None:
    tenant = shell("tenant", "create", "demo", "--name", "Demo", "--json").json
    user = shell("user", "create", "--tenant", "demo", "--email", "Ada@Demo.test", "--json").json

    code = shell(
        "enrollment",
        "create",
        "--tenant",
        "demo",
        "--email",
        "ada@demo.test",
        "--json",
        HUB_PUBLIC_URL=PUBLIC_URL,
    ).json

    assert tenant.keys() == {"id", "slug"}
    assert (tenant["id"][:4], tenant["slug"]) == ("ten_", "demo")
    assert user.keys() == {"id", "email"}
    assert (user["id"][:4], user["email"].lower()) == ("usr_", "ada@demo.test")
    assert code.keys() == {"id", "email", "activation_code", "uri", "expires_at"}
    assert CODE.fullmatch(code["activation_code"])
    assert code["uri"] == f"{PUBLIC_URL}/authenticator/#enroll={code['activation_code']}"
    left = datetime.strptime(code["expires_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)


def test_a_person_reads_words(demo: Shell) -> None:
    tenant = demo("tenant", "create", "other", "--name", "Other", HUB_PUBLIC_URL=PUBLIC_URL)
    code = demo("enrollment", "create", "--tenant", "demo", "--email", "ada@demo.test")

    assert (tenant.code, tenant.err) == (0, "")
    assert f"{PUBLIC_URL}/t/other/login" in tenant.out
    assert (code.code, code.err) == (0, "")
    assert CODE.fullmatch(code.out.strip())


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
def test_standard_output_carries_json_alone_and_logs_go_elsewhere(demo: Shell, command: list[str]) -> None:
    ran = demo(*command, "--json", HUB_RATE_LIMITS="off", HUB_LOG_LEVEL="debug")

    assert isinstance(ran.json, dict)
    assert ran.out.count("\n") == 1


def test_many_are_made_in_one_call_and_a_bad_line_stops_nobody(demo: Shell) -> None:
    addresses = "bob@demo.test\n\nno address\r\n  eve@demo.test \nada@demo.test\n"

    made = demo("user", "create", "--tenant", "demo", "--email", "-", "--json", stdin=addresses)
    codes = demo(
        "enrollment", "create", "--tenant", "demo", "--email", "-", stdin="bob@demo.test\nnobody@demo.test\n"
    )

    assert [line.get("email") for line in made.lines] == [
        "bob@demo.test",
        "no address",
        "eve@demo.test",
        "ada@demo.test",
    ]
    assert [line.keys() for line in made.lines] == [
        {"id", "email"},
        {"email", "error"},
        {"id", "email"},
        {"email", "error"},
    ]
    assert made.code == 1
    assert made.err.count("\n") == 1
    assert [line.keys() for line in codes.lines] == [
        {"id", "email", "activation_code", "uri", "expires_at"},
        {"email", "error"},
    ]
    assert codes.code == 1


def test_many_good_lines_are_a_success(demo: Shell) -> None:
    people = [f"person-{number}@demo.test" for number in range(20)]

    ran = demo("user", "create", "--tenant", "demo", "--email", "-", stdin="\n".join(people))

    assert ran.code == 0
    assert [line["email"] for line in ran.lines] == people
    assert ran.err == ""


def test_a_password_is_one_line_of_standard_input(demo: Shell) -> None:
    demo(
        "user",
        "create",
        "--tenant",
        "demo",
        "--email",
        "bob@demo.test",
        "--password-stdin",
        stdin=" correct horse \nnot this line\n",
    )

    async def right(password: str) -> bool:
        async with _operated(demo) as hub:
            tenant = await hub.services.administer.tenant("demo")
            user = await hub.services.administer.user_by_email(tenant.id, "bob@demo.test")
            assert user is not None
            assert user.password is not None
            return bool(await hub.services.sign_in.hasher.verify(Secret(password), user.password))

    assert asyncio.run(right(" correct horse "))
    assert not asyncio.run(right("correct horse"))


def test_a_password_and_many_addresses_are_never_read_from_one_input(demo: Shell) -> None:
    ran = demo("user", "create", "--tenant", "demo", "--email", "-", "--password-stdin", stdin="x\n")

    assert ran.code == 2
    assert ran.out == ""
    assert "--password-stdin" in ran.err


def test_an_empty_password_is_refused(demo: Shell) -> None:
    ran = demo(
        "user", "create", "--tenant", "demo", "--email", "bob@demo.test", "--password-stdin", stdin="\n"
    )

    assert ran.code == 1
    assert "password" in ran.refusal


def test_the_first_admin_owns_the_tenant(demo: Shell) -> None:
    for email in ("first@demo.test", "second@demo.test"):
        demo("user", "create", "--tenant", "demo", "--email", email, "--admin")

    async def roles() -> list[str]:
        async with _operated(demo) as hub:
            tenant = await hub.services.administer.tenant("demo")
            found = [
                await hub.services.administer.user_by_email(tenant.id, f"{name}@demo.test")
                for name in ("ada", "first", "second")
            ]
            return [user.role.value for user in found if user is not None]

    assert asyncio.run(roles()) == ["user", "owner", "admin"]


def test_what_the_command_line_does_is_audited(demo: Shell) -> None:
    demo("enrollment", "create", "--tenant", "demo", "--email", "ada@demo.test")

    async def actors() -> list[tuple[str, str]]:
        async with _operated(demo) as hub:
            tenant = await hub.services.administer.tenant("demo")
            rows = await hub.services.administer.audit_page(tenant.id, AuditFilter(), 50, None)
            return [(record.type.value, record.actor.kind.value) for record, _ in reversed(rows)]

    types, kinds = zip(*asyncio.run(actors()), strict=True)
    assert types == ("tenant.created", "user.created", "enrollment.created")
    assert len(set(kinds)) == 1


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["tenant", "create", "demo", "--name", "Again"], "already"),
        (["tenant", "create", "No Slug!", "--name", "Bad"], "slug"),
        (["user", "create", "--tenant", "nowhere", "--email", "a@b.test"], "nowhere"),
        (["user", "create", "--tenant", "demo", "--email", "no address"], "email"),
        (["user", "create", "--tenant", "demo", "--email", "ada@demo.test"], "already"),
        (["enrollment", "create", "--tenant", "demo", "--email", "eve@demo.test"], "eve@demo.test"),
        (["enrollment", "create", "--tenant", "nowhere", "--email", "eve@demo.test"], "nowhere"),
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_failure_is_one_line_and_one(demo: Shell, command: list[str], why: str, form: list[str]) -> None:
    ran = demo(*command, *form)

    assert ran.code == 1
    assert why in ran.refusal
    assert ran.refusal.startswith("hub: ")


@pytest.mark.parametrize(
    "command",
    [
        ["tenant", "create", "demo"],
        ["user", "create", "--tenant", "demo"],
        ["user", "create", "--tenant", "demo", "--email", "a@b.test", "--colour", "red"],
        ["enrolment"],
        ["serve", "--port", "many"],
        ["serve", "--workers", "0"],
    ],
)
def test_wrong_usage_is_two(shell: Shell, command: list[str]) -> None:
    ran = shell(*command)

    assert ran.code == 2
    assert ran.out == ""


def test_a_new_key_is_published_at_once_and_signs_an_hour_later(demo: Shell) -> None:
    old = _kids(demo, timedelta())
    rotated = demo("keys", "rotate", "--json").json
    new = rotated["kid"]

    before, after = timedelta(minutes=59), timedelta(minutes=61)
    outlived = timedelta(hours=1, seconds=600 + 30 + 5)

    assert old == {"signs": old["signs"], "published": {old["signs"]}}
    assert _kids(demo, timedelta()) == {"signs": old["signs"], "published": {old["signs"], new}}
    assert _kids(demo, before) == {"signs": old["signs"], "published": {old["signs"], new}}
    assert _kids(demo, after) == {"signs": new, "published": {old["signs"], new}}
    assert _kids(demo, outlived) == {"signs": new, "published": {new}}


def _kids(shell: Shell, ahead: timedelta) -> dict[str, object]:
    async def look() -> dict[str, object]:
        async with _operated(shell) as hub:
            clock = ShiftedClock(ahead)
            ring = await key_ring(hub.services.store, vault_of(hub.settings), clock)
            published = ring.jwks(clock.now())["keys"]
            return {"signs": ring.signer(clock.now()).kid, "published": {key["kid"] for key in published}}

    return asyncio.run(look())


def _operated(shell: Shell) -> AbstractAsyncContextManager[RunningHub]:
    return operated(shell.database, "http://127.0.0.1:8000")
