"""Two processes of one hub, as a test sees them."""

from dataclasses import dataclass

from hub.domain.account import User
from hub.domain.tenant import Tenant
from tests.processes import HubProcess, move
from tests.running import Browser, Phone, RunningHub
from tests.services import PostgresServer, RedisServer

CHECKS = ("database", "bus", "process")


@dataclass
class Nodes:
    """Two processes of one hub: clients come to *home*, whose address is the public one, or to *other*."""

    home: HubProcess
    other: HubProcess
    postgres: PostgresServer
    redis: RedisServer
    database: str
    operator: RunningHub
    tenant: Tenant

    @property
    def both(self) -> tuple[HubProcess, HubProcess]:
        """Both processes."""
        return self.home, self.other

    def browser(self, at: HubProcess | None = None) -> Browser:
        """Return a new browser that comes to *at*, or home."""
        browser = self.operator.browser(self.tenant.slug)
        move(browser, at or self.home)
        return browser

    async def user(self, email: str = "ada@demo.test") -> User:
        """Add a person."""
        return await self.operator.user(self.tenant, email)

    async def phone(self, email: str = "ada@demo.test") -> Phone:
        """Add a person with a phone."""
        return await self.operator.phone(await self.user(email))

    async def audit(self) -> list[str]:
        """Return the types of this test's audit rows, oldest first."""
        return await self.operator.audit_types(self.tenant)


def well(node: HubProcess) -> bool:
    """Whether *node* says that nothing is missing."""
    return node.get("/readyz") == (200, {"status": "ok", "checks": dict.fromkeys(CHECKS, "ok")})
