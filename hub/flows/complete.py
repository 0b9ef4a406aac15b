"""The end of a sign-in: the session of the browser that began it."""

from dataclasses import dataclass, replace
from datetime import datetime

from hub.domain.account import ENROLL_SESSION_LIFE, SESSION_LIFE, Scope, Session, User, UserStatus
from hub.domain.audit import Event
from hub.domain.errors import WrongStep
from hub.domain.ids import BrowserId, LoginId, Prefix, SessionId
from hub.domain.login import Login, Step
from hub.domain.secret import Secret
from hub.flows.base import Flow, by_user, login_topic
from hub.flows.known_browsers import KnownBrowsers
from hub.flows.watch import Watch
from hub.ports import Tx


@dataclass(frozen=True, slots=True)
class Completed:
    """A new session, and the known-browser cookie that goes with it, if one does."""

    session: Session
    token: Secret
    return_to: str | None
    account: str
    known: Secret | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete(Flow):
    """Turning an approval into a session, once."""

    watch: Watch
    known_browsers: KnownBrowsers

    async def complete(
        self, slug: str, login_id: LoginId, cookie: str | None, session_cookie: str | None
    ) -> Completed:
        """Sign the browser in that began; the session that it had ends.

        Raises:
            NotFound: unknown, or another browser's.
            LoginExpired: later than a minute after the approval.
            WrongStep: not approved, or completed already.
        """
        now = self.clock.now()
        async with self.store.begin() as tx:
            user = await self._held_user(tx, login_id)
            login = await self.watch.held(tx, slug, login_id, cookie, now)
            login.demand(Step.APPROVED)
            if user is None:
                raise WrongStep
            tenant = await tx.tenants.get(login.tenant_id)
            moved = await tx.logins.move(login.completed(), Step.APPROVED)
            if user.status is not UserStatus.ACTIVE or not moved:
                raise WrongStep
            held = tenant.authentication.require_push and not await tx.devices.of_user(user.id)
            if session_cookie is not None:
                await self._end(tx, session_cookie, now)
            known, browser_id = await self._know_browser(tx, login, user, now)
            token = Secret(self.new_token())
            session = Session(
                id=SessionId(self.new_id(Prefix.SESSION, now)),
                tenant_id=tenant.id,
                user_id=user.id,
                token_mac=self.vault.mac("session-cookie", token.reveal()),
                scope=Scope.ENROLL if held else Scope.FULL,
                proofs=login.proofs,
                authenticated_at=login.approved_at or now,
                created_at=now,
                expires_at=now + (ENROLL_SESSION_LIFE if held else SESSION_LIFE),
                login_id=login.id,
                ip=login.origin.ip,
                browser=login.origin.browser,
                os=login.origin.os,
                browser_id=browser_id,
            )
            await tx.sessions.add(session)
            await tx.users.signed_in(user, now)
            await tx.audit.add(
                self.record(
                    Event.SIGNED_IN,
                    tenant.id,
                    now,
                    actor=by_user(user.id),
                    user_id=user.id,
                    ip=login.origin.ip,
                    data={
                        "session": session.id,
                        "login": login.id,
                        "app": login.app,
                        "scope": session.scope,
                        "proofs": sorted(login.proofs),
                    },
                )
            )
        await self.bus.publish(login_topic(login_id))
        return Completed(session, token, login.return_to, login.account, known)

    async def _held_user(self, tx: Tx, login_id: LoginId) -> User | None:
        """Return whose sign-in it is, the row locked: before the login's, as whoever blocks a person does."""
        login = await tx.logins.get(login_id)
        return await tx.users.hold(login.tenant_id, login.user_id) if login.user_id else None

    async def _end(self, tx: Tx, cookie: str, now: datetime) -> None:
        session = await tx.sessions.by_token(self.vault.macs("session-cookie", cookie))
        if session is not None and session.is_open(now):
            await tx.sessions.save(replace(session, ended_at=now))

    async def _know_browser(
        self, tx: Tx, login: Login, user: User, now: datetime
    ) -> tuple[Secret | None, BrowserId | None]:
        """Rotate the browser's cookie, or give it one if a push with a match was approved here."""
        if login.known_browser is not None:
            token = await self.known_browsers.rotate(tx, login.known_browser, now)
            if token is not None:
                return token, login.known_browser
        if not login.matched:
            return None, None
        return await self.known_browsers.remember(
            tx,
            login.tenant_id,
            user.id,
            now,
            browser=login.origin.browser,
            system=login.origin.os,
            actor=by_user(user.id),
            by={"login": login.id},
        )
