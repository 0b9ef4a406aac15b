"""The authenticator's engine, opened in a page of the hub that has no script of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, CDPSession, Page

from hub.adapters.sql.migrate import migrate
from hub.domain.account import User
from hub.domain.tenant import Tenant
from tests.browser.relay import Relay, relay
from tests.running import RunningHub, running_hub, until

PIN = "2580"
PATIENCE_S = 15.0

OPEN = """async () => {
  const { Engine } = await import("/static/authenticator/engine/engine.js");
  window.told = { over: [], wiped: [] };
  window.engine = await Engine.open();
  for (const name of ["over", "wiped"]) {
    engine.addEventListener(name, ({ detail }) => told[name].push(detail));
  }
}"""


@dataclass
class App:
    """One window with the engine in it."""

    page: Page
    way: Relay

    @classmethod
    async def open(cls, context: BrowserContext, way: Relay) -> "App":
        """Open a window, and the engine in it."""
        app = cls(await context.new_page(), way)
        await app.again()
        return app

    async def again(self) -> None:
        """Open the engine anew, as after closing the app."""
        await self.page.goto(f"{self.way.url}/nothing-here")
        await self.page.evaluate(OPEN)

    async def call(self, name: str, *arguments: Any) -> Any:
        """Call one of the engine's methods."""
        return await self.page.evaluate("([name, given]) => engine[name](...given)", [name, arguments])

    async def requests(self) -> list[dict[str, Any]]:
        """Return what the screens would show."""
        requests: list[dict[str, Any]] = await self.page.evaluate("() => engine.requests")
        return requests

    async def accounts(self) -> list[dict[str, Any]]:
        """Return the accounts as the screens see them."""
        accounts: list[dict[str, Any]] = await self.page.evaluate("() => engine.accounts")
        return accounts

    async def told(self, name: str) -> list[dict[str, Any]]:
        """Return the details of the events ``over`` or ``wiped`` so far."""
        told: list[dict[str, Any]] = await self.page.evaluate("(name) => told[name]", name)
        return told

    async def history(self) -> list[str]:
        """Return what became of things, the newest first."""
        return [entry["what"] for entry in await self.call("history")]

    async def has(self, holds: Callable[[], Awaitable[Any]]) -> Any:
        """Wait as long as a browser may take."""
        return await until(holds, PATIENCE_S)

    async def links(self, state: str) -> None:
        """Wait until every account's line is in *state*."""

        async def all_are() -> bool:
            accounts = await self.accounts()
            return bool(accounts) and all(account["link"] == state for account in accounts)

        await self.has(all_are)

    async def request(self) -> dict[str, Any]:
        """Wait for a request; return it."""
        requests: list[dict[str, Any]] = await self.has(self.requests)
        return requests[0]

    async def no_request(self) -> None:
        """Wait until none is left."""

        async def none_is() -> bool:
            return not await self.requests()

        await self.has(none_is)

    async def enrol(self, hub: RunningHub, user: User, *, biometrics: bool = False, pin: str = PIN) -> str:
        """Add *user*'s account; return the device's id."""
        preview = await self.call("preview", await hub.activation_code(user))
        assert preview["ok"], preview
        how = {"name": "Ada's phone", "biometrics": biometrics, **({"pin": pin} if pin else {})}
        enrolled = await self.call("enrol", preview["preview"], how)
        assert enrolled["ok"], enrolled
        account_id: str = enrolled["accountId"]
        return account_id


@dataclass
class Scene:
    """A hub behind a relay, at an address that has a name: what fingerprints are bound to."""

    way: Relay
    database: str
    hub: RunningHub | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[RunningHub]:
        """Run the hub; afterwards it is gone, and the relay hangs up."""
        async with running_hub(self.database, migrated=True, public_url=self.way.url) as hub:
            self.way.hub = f"http://127.0.0.1:{hub.settings.port}"
            try:
                yield hub
            finally:
                self.way.hub = None


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    """Prepare a database and a way to a hub that does not run yet."""
    database = f"sqlite+aiosqlite:///{folder}/hub.db"
    await migrate(database)
    async with relay() as way:
        way.url = way.url.replace("127.0.0.1", "localhost")
        yield Scene(way, database)


async def ada(hub: RunningHub, slug: str = "demo", **policy: Any) -> tuple[Tenant, User]:
    """Add somebody without a phone."""
    tenant = await hub.tenant(slug, **policy)
    return tenant, await hub.user(tenant, f"ada@{slug}.test")


async def sensor(page: Page) -> tuple[CDPSession, str]:
    """Give the browser a fingerprint reader; return how to reach it."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    added = await session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return session, added["authenticatorId"]
