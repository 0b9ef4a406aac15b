"""The house itself: what is packaged, what is pinned, what make offers, which servers tests get."""

import ast
import asyncio
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests import services
from tests.services import PostgresServer, RedisServer, ServerMissing

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME, EVERYTHING = ROOT / "requirements.txt", ROOT / "requirements-dev.txt"


def wanted() -> list[str]:
    """Return every requirement in pyproject.toml, those of the groups too."""
    groups = PROJECT["dependency-groups"].values()
    return PROJECT["project"]["dependencies"] + [
        line for group in groups for line in group if isinstance(line, str)
    ]


def pins(path: Path) -> dict[str, str]:
    """Return the version of each package, by name."""
    lines = (line.split(";")[0].strip() for line in path.read_text().splitlines())
    return dict(line.split("==") for line in lines)


def name_of(requirement: str) -> str:
    """Return the package's name as pins spell it."""
    return re.split(r"[\[>=<~!; ]", requirement)[0].lower().replace("_", "-")


@pytest.mark.parametrize("requirement", wanted())
def test_a_requirement_has_a_lower_bound_and_no_upper_one(requirement: str) -> None:
    assert re.fullmatch(r"[a-z0-9-]+(\[[a-z,]+\])?>=[0-9.]+", requirement)


@pytest.mark.parametrize("path", [RUNTIME, EVERYTHING], ids=lambda path: path.name)
def test_pins_name_versions_and_no_host(path: Path) -> None:
    for line in path.read_text().splitlines():
        assert re.fullmatch(r"[a-z0-9-]+(\[[a-z,-]+\])?==[0-9a-z.]+( ; [a-zA-Z0-9_ =!<>.'()-]+)?", line)


def test_the_lock_file_of_npm_names_no_download_address() -> None:
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()
    assert "omit-lockfile-registry-resolved=true" in (ROOT / ".npmrc").read_text().splitlines()


def test_every_requirement_is_pinned() -> None:
    runtime = {name_of(line) for line in PROJECT["project"]["dependencies"]}

    assert runtime <= {name.split("[")[0] for name in pins(RUNTIME)}
    assert {name_of(line) for line in wanted()} <= {name.split("[")[0] for name in pins(EVERYTHING)}


def test_tests_run_on_the_versions_that_are_shipped() -> None:
    assert pins(RUNTIME).items() <= pins(EVERYTHING).items()


def test_make_alone_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = set(re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE))

    said = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert set(re.findall(r"^  make ([a-z]+) ", said.stdout, re.MULTILINE)) == phony
    assert phony == {
        "help", "setup", "demo", "run", "sim", "test", "check", "format", "bench", "wheel", "pins", "clean",
    }  # fmt: skip


def test_the_domain_imports_the_standard_library_alone() -> None:
    allowed = sys.stdlib_module_names | {"hub"}

    strangers = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in (ROOT / "hub" / "domain").rglob("*.py")
        for module in imported(path)
        if module not in allowed
    }

    assert strangers == set()


def imported(path: Path) -> Iterator[str]:
    """Yield the top-level name of each module that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


def test_a_wheel_carries_pages_and_migrations(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT],
        check=True,
        capture_output=True,
    )

    (wheel,) = tmp_path.glob("lumoauth_hub-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())

    assert packed >= {f"hub/{file}" for file in files_in("web")}
    assert packed >= files_in("hub") | files_in("mobile_sim")
    assert packed & {name for name in packed if name.startswith(("tests/", "web/", "scripts/"))} == set()


def files_in(folder: str) -> set[str]:
    """Return what git would take of a folder, as paths from the checkout's root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", folder],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {path for path in listed.stdout.splitlines() if (ROOT / path).exists()}


def test_a_redis_of_our_own_comes_back_on_its_port_after_being_killed() -> None:
    with RedisServer() as server, redis.Redis.from_url(server.url, socket_timeout=0.2) as client:
        assert client.ping()

        server.kill()
        with pytest.raises(redis.ConnectionError):
            client.ping()

        server.start()
        assert client.ping()


def test_a_frozen_redis_answers_again_once_thawed() -> None:
    with RedisServer() as server, redis.Redis.from_url(server.url, socket_timeout=0.2, retry=None) as client:
        server.freeze()
        with pytest.raises(redis.TimeoutError):
            client.ping()

        server.thaw()
        assert client.ping()


def test_a_postgres_of_our_own_has_databases_and_keeps_them_through_a_restart() -> None:
    async def version_of(url: str) -> str:
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            version = str(await connection.scalar(text("SELECT version()")))
        await engine.dispose()
        return version

    with PostgresServer() as server:
        url = server.url(server.create_database("hub"))
        assert asyncio.run(version_of(url)).startswith("PostgreSQL")

        server.restart()
        assert asyncio.run(version_of(url)).startswith("PostgreSQL")


def test_a_missing_server_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.shutil, "which", lambda _: None)

    with pytest.raises(ServerMissing, match="make setup"):
        RedisServer()
