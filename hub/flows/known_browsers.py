"""Browsers in which one tap is enough: how one becomes known, is recognised, and is forgotten."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.domain.account import KNOWN_BROWSER_LIFE, KnownBrowser, User
from hub.domain.audit import HUB, Actor, Event
from hub.domain.errors import NotFound
from hub.domain.ids import BrowserId, Prefix, TenantId, UserId
from hub.domain.secret import Secret
from hub.flows.base import Flow
from hub.ports import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBrowsers(Flow):
    """A cookie for one account in one browser; it rotates at each login."""

    async def find(self, tx: Tx, cookie: str) -> KnownBrowser | None:
        """Return the browser that *cookie*, however old, is of: it carries the browser's id."""
        try:
            return await tx.browsers.get(BrowserId(cookie.partition(".")[0]))
        except NotFound:
            return None

    async def recognised(self, browser: KnownBrowser, cookie: str, user: User, now: datetime) -> bool:
        """Say whether *browser* is known for this very account; a copied cookie makes it forgotten."""
        if browser.user_id != user.id or not browser.is_known(now):
            return False
        if not browser.is_stale(frozenset(self._macs(cookie)), now):
            return True
        async with self.store.begin() as tx:
            await self.forget(tx, browser, now, why="old cookie came back")
        return False

    async def remember(
        self,
        tx: Tx,
        tenant_id: TenantId,
        user_id: UserId,
        now: datetime,
        *,
        browser: str,
        system: str,
        actor: Actor,
        by: dict[str, Any],
    ) -> tuple[Secret, BrowserId]:
        """Make a browser known; *by* is what proved it, for the record. Return its cookie and its id."""
        browser_id = BrowserId(self.new_id(Prefix.BROWSER, now))
        token = self._new_cookie(browser_id)
        known = KnownBrowser(
            id=browser_id,
            tenant_id=tenant_id,
            user_id=user_id,
            token_mac=self._mac(token),
            created_at=now,
            rotated_at=now,
            expires_at=now + KNOWN_BROWSER_LIFE,
            browser=browser,
            os=system,
        )
        await tx.browsers.add(known)
        await tx.audit.add(
            self.record(
                Event.BROWSER_KNOWN,
                tenant_id,
                now,
                actor=actor,
                user_id=user_id,
                data={"browser": known.id, **by},
            )
        )
        return token, known.id

    async def rotate(self, tx: Tx, browser_id: BrowserId, now: datetime) -> Secret | None:
        """Give a browser that is still known its next cookie and thirty more days."""
        browser = await tx.browsers.get(browser_id)
        if not browser.is_known(now):
            return None
        token = self._new_cookie(browser_id)
        await tx.browsers.save(browser.rotated(self._mac(token), now))
        return token

    async def forget(self, tx: Tx, browser: KnownBrowser, now: datetime, *, why: str) -> None:
        """Ask for a match there from now on."""
        await tx.browsers.save(replace(browser, forgotten_at=now))
        await tx.audit.add(
            self.record(
                Event.BROWSER_FORGOTTEN,
                browser.tenant_id,
                now,
                actor=HUB,
                user_id=browser.user_id,
                data={"browser": browser.id, "why": why},
            )
        )

    def _new_cookie(self, browser_id: BrowserId) -> Secret:
        return Secret(f"{browser_id}.{self.new_token()}")

    def _mac(self, token: Secret) -> str:
        return self.vault.mac("known-browser", token.reveal())

    def _macs(self, cookie: str) -> tuple[str, ...]:
        return self.vault.macs("known-browser", cookie)
