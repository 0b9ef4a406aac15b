"""How a command of ``hub`` is run: settings, an open hub, one line for what went wrong."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError
from sqlalchemy.exc import ArgumentError

from hub.adapters.geo_maxmind import GeoDatabaseUnreadable
from hub.adapters.sql.migrate import is_current, migrate
from hub.adapters.sql.store import open_store
from hub.app import WrongSecretKey, open_services
from hub.domain.errors import HubError, Invalid, NotFound, Unavailable
from hub.domain.secret import Secret
from hub.domain.tenant import Tenant
from hub.domain.words import is_readable
from hub.flows.relocate import KEPT, PhonesLeftBehind
from hub.logs import set_up_logs
from hub.services import Services
from hub.settings import Settings, read_settings

T = TypeVar("T")

STANDARD_INPUT = "-"


class Refused(Exception):
    """The command did not do what it was asked; the message is the one line that says why."""


def settings_of(**given: object) -> Settings:
    try:
        return read_settings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = f"HUB_{str(first['loc'][0]).upper()}: " if first["loc"] else ""
        raise Refused(where + first["msg"].removeprefix("Value error, ")) from None


async def migrated(settings: Settings) -> list[str]:
    try:
        return await migrate(settings.database_url)
    except ArgumentError:
        raise Refused("HUB_DATABASE_URL: not an address that SQLAlchemy can read") from None


async def _up_to_date(settings: Settings) -> None:
    """SQLite is one file of one operator and is migrated on the way; PostgreSQL is migrated on purpose."""
    if settings.database_url.startswith("sqlite"):
        await migrated(settings)
    elif not await is_current(settings.database_url):
        raise Refused("the database is not up to date: run `hub migrate`")


@asynccontextmanager
async def opened(settings: Settings, *, moving: bool = False) -> AsyncIterator[Services]:
    """Open the hub for a command: at the address that the settings name, else at the one it is served at.

    Args:
        moving: do so though phones are enrolled at another address.
    """
    await _up_to_date(settings)
    async with open_services(await _at_kept_address(settings)) as (services, _):
        if not moving:
            await services.relocate.demand_kept()
        yield services


async def prepare(settings: Settings) -> None:
    """Fail here, in one line, rather than in a worker's log."""
    await _up_to_date(settings)
    async with open_services(settings) as (services, _):
        await services.relocate.demand_kept()


async def _at_kept_address(settings: Settings) -> Settings:
    """`hub serve --port 9000` makes an address that no other command is told."""
    if settings.public_url is not None:
        return settings
    async with open_store(settings.database_url) as store, store.read() as tx:
        kept = await tx.keys.kept(KEPT)
    return settings if kept is None else settings.model_copy(update={"public_url": kept})


def run(doing: Callable[[Services], Awaitable[T]], *, moving: bool = False) -> T:
    async def run() -> T:
        async with opened(settings_of(), moving=moving) as services:
            return await doing(services)

    quiet()
    return asyncio.run(run())


def quiet() -> None:
    """Commands print results; of the log only what is wrong."""
    set_up_logs("error")


def each(
    email: str,
    doing: Callable[[Services, str], Awaitable[dict[str, Any]]],
    words: Callable[[dict[str, Any]], str],
    as_json: bool,
) -> None:
    """Do it for one address; or, with ``-``, for each line of standard input, a JSON line each."""
    if email != STANDARD_INPUT:
        facts = run(lambda services: doing(services, email))
        tell(facts, words(facts), as_json)
        return

    async def all_lines(services: Services) -> bool:
        failed = False
        for address in _lines():
            try:
                print(json.dumps(await doing(services, address)), flush=True)
            except (HubError, Refused) as error:
                failed = True
                print(json.dumps({"email": address, "error": _in_one_line(error)}), flush=True)
        return failed

    if run(all_lines):
        raise Refused("some lines were refused: each says why")


def password_line() -> Secret:
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise Refused("the password on standard input is empty")
    if not is_readable(line):
        raise Refused("the password on standard input is no text in UTF-8")
    return Secret(line)


def _lines() -> Iterator[str]:
    return filter(None, (line.strip() for line in sys.stdin))


async def tenant_of(services: Services, slug: str) -> Tenant:
    try:
        return await services.administer.tenant(slug)
    except NotFound:
        raise Refused(f"there is no tenant {slug}") from None


def tell(facts: dict[str, Any], words: str, as_json: bool) -> None:
    print(json.dumps(facts) if as_json else words)


def _in_one_line(error: Exception) -> str:
    if isinstance(error, Invalid):
        return "; ".join(f"{each.field}: {each.detail}" for each in error.errors)
    return str(error).replace("\n", " ")


@contextmanager
def told() -> Iterator[None]:
    """Turn what went wrong into one line on standard error and an exit code."""
    try:
        yield
    except KeyboardInterrupt:
        print("hub: interrupted", file=sys.stderr)
        _exit(130)
    except Unavailable:
        print("hub: the database does not answer: see HUB_DATABASE_URL", file=sys.stderr)
        _exit(1)
    except (HubError, Refused, WrongSecretKey, PhonesLeftBehind, GeoDatabaseUnreadable, OSError) as error:
        print(f"hub: {_in_one_line(error)}", file=sys.stderr)
        _exit(1)


def _exit(code: int) -> NoReturn:
    raise SystemExit(code)
