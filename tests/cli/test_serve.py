"""``hub serve`` and ``hub migrate``: what stops a start, in one line each."""

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from hub.server import USER_TIMEOUT_MS, listen
from tests.cli.conftest import Shell
from tests.running import RunningHub, sqlite_hub
from tests.services import LOOPBACK, PostgresServer, free_port

PUBLIC_URL = "https://login.example.org"
ANOTHER_KEY = "another secret key that nobody has used here"


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The address of an empty database."""
    with PostgresServer() as server:
        yield server.url(server.create_database("empty"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"HUB_SECRET_KEY": None}, ["HUB_SECRET_KEY", "required"]),
        ({"HUB_SECRET_KEY": "too short"}, ["HUB_SECRET_KEY", "32"]),
        ({"HUB_HOST": "0.0.0.0"}, ["HUB_PUBLIC_URL", "required"]),
        ({"HUB_PUBLIC_URL": "http://login.example.org"}, ["HUB_PUBLIC_URL", "https", "docs/first-phone.md"]),
        (
            {"HUB_PUBLIC_URL": "http://192.168.1.20:8000"},
            ["HUB_PUBLIC_URL", "https", "http://localhost:8000"],
        ),
        ({"HUB_PUBLIC_URL": "https://login.example.org."}, ["HUB_PUBLIC_URL", "https://login.example.org,"]),
        ({"HUB_PUBLIC_URL": "https://login.example.org/hub"}, ["HUB_PUBLIC_URL", "without a path"]),
        ({"HUB_PORT": "many"}, ["HUB_PORT"]),
        ({"HUB_RATE_LIMITS": "sometimes"}, ["HUB_RATE_LIMITS"]),
        ({"HUB_REDIS_URL": "localhost:6379"}, ["HUB_REDIS_URL"]),
        ({"HUB_DATABASE_URL": "mysql://localhost/hub"}, ["HUB_DATABASE_URL"]),
        ({"HUB_DATABASE_URL": "sqlite+aiosqlite:////nowhere/at/all/hub.db"}, ["HUB_DATABASE_URL"]),
        ({"HUB_GEOIP_DATABASE": "/nowhere/city.mmdb"}, ["/nowhere/city.mmdb"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_a_setting_that_cannot_be_is_named_in_one_line(
    shell: Shell, settings: dict[str, str | None], words: list[str]
) -> None:
    ran = shell("serve", stdin="", **settings)

    assert ran.code == 1
    for word in words:
        assert word in ran.refusal


def test_a_secret_is_never_repeated(shell: Shell) -> None:
    secrets = {"HUB_SECRET_KEY": "hunter2", "HUB_REDIS_URL": "https://:hunter2@redis.test"}

    for name, value in secrets.items():
        ran = shell("serve", **{name: value})

        assert ran.code == 1
        assert "hunter2" not in ran.refusal


def test_another_secret_key_than_the_databases_stops_every_command(shell: Shell) -> None:
    shell("tenant", "create", "demo", "--name", "Demo")

    for command in (["serve"], ["tenant", "create", "other", "--name", "Other"], ["keys", "rotate"]):
        ran = shell(*command, HUB_SECRET_KEY=ANOTHER_KEY)

        assert ran.code == 1
        assert "HUB_SECRET_KEY" in ran.refusal


def test_a_port_that_is_taken_is_said_in_one_line(shell: Shell) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = str(taken.getsockname()[1])

        ran = shell("serve", "--port", port)

    assert ran.code == 1
    assert port in ran.refusal
    assert "in use" in ran.refusal


def test_several_workers_need_redis(shell: Shell) -> None:
    ran = shell("serve", "--workers", "2")

    assert ran.code == 1
    assert "HUB_REDIS_URL" in ran.refusal


def test_a_postgresql_that_is_not_migrated_is_refused_until_it_is(shell: Shell, postgres: str) -> None:
    refused = [
        shell(*command, HUB_DATABASE_URL=postgres)
        for command in (["serve"], ["tenant", "create", "demo", "--name", "Demo"])
    ]
    first = shell("migrate", "--json", HUB_DATABASE_URL=postgres).json
    second = shell("migrate", "--json", "--database-url", postgres).json
    made = shell("tenant", "create", "demo", "--name", "Demo", "--json", HUB_DATABASE_URL=postgres)

    for ran in refused:
        assert ran.code == 1
        assert "hub migrate" in ran.refusal
    assert len(first["applied"]) >= 1
    assert second == {"applied": []}
    assert made.json["slug"] == "demo"


def test_a_sqlite_file_is_migrated_once_by_whichever_command_comes_first(shell: Shell) -> None:
    first = shell("migrate", "--json").json
    second = shell("migrate", "--json").json
    words = shell("migrate")

    assert len(first["applied"]) >= 1
    assert second == {"applied": []}
    assert words.out == "The database is up to date.\n"
    assert stat.S_ISREG((shell.folder / "hub.db").stat().st_mode)


def test_a_database_that_does_not_answer_is_said_in_one_line(shell: Shell) -> None:
    nobody = f"postgresql+asyncpg://postgres@{LOOPBACK}:{free_port()}/hub"

    for command in (["serve"], ["migrate"], ["keys", "rotate"]):
        ran = shell(*command, HUB_DATABASE_URL=nobody)

        assert ran.code == 1
        assert "HUB_DATABASE_URL" in ran.refusal


def test_the_kernel_lets_go_of_a_peer_that_stops_reading() -> None:
    with listen(LOOPBACK, 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            timeout_ms = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

    assert timeout_ms == USER_TIMEOUT_MS


@pytest.mark.parametrize(
    ("trusted", "forwarded", "ip"),
    [
        ((), "203.0.113.9", "127.0.0.1"),
        (("10.0.0.1",), "203.0.113.9", "127.0.0.1"),
        (("127.0.0.1",), "203.0.113.9", "203.0.113.9"),
        (("127.0.0.0/8",), "203.0.113.9", "203.0.113.9"),
        # What the client itself put before the proxy's own word counts for nothing.
        (("127.0.0.1",), "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (("127.0.0.1", "198.51.100.0/24"), "203.0.113.9, 198.51.100.1", "203.0.113.9"),
    ],
)
async def test_only_a_trusted_proxy_says_where_a_request_comes_from(
    tmp_path: Path, trusted: tuple[str, ...], forwarded: str, ip: str
) -> None:
    async with sqlite_hub(tmp_path, trusted_proxies=trusted) as hub:
        shown = await _shown(hub, forwarded)

    assert shown["ip"] == ip


async def _shown(hub: RunningHub, forwarded: str) -> dict[str, str]:
    phone = await hub.phone(await hub.user(await hub.tenant()))
    async with hub.browser(**{"X-Forwarded-For": forwarded}) as browser, phone.connected() as device:
        await browser.start()
        card = await device.until("challenge")
    claims = jwt.decode(card["request"], options={"verify_signature": False})
    context: dict[str, str] = claims["ctx"]
    return context
