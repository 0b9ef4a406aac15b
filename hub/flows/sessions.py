"""Who is signed in, and signing out."""

from dataclasses import dataclass, replace

from hub.domain.account import Session, User, UserStatus
from hub.domain.audit import Event
from hub.domain.errors import NotFound
from hub.domain.tenant import Tenant
from hub.flows.base import Flow, by_user


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session, whose it is and where; *return_to* is where its sign-in was to lead."""

    session: Session
    user: User
    tenant: Tenant
    return_to: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions(Flow):
    """Open sessions."""

    async def current(self, cookie: str) -> SignedIn | None:
        """Return who the session cookie signs in, or None."""
        now = self.clock.now()
        async with self.store.read() as tx:
            session = await tx.sessions.by_token(self.vault.macs("session-cookie", cookie))
            if session is None or not session.is_open(now):
                return None
            user = await tx.users.get(session.tenant_id, session.user_id)
            if user.status is not UserStatus.ACTIVE:
                return None
            tenant = await tx.tenants.get(session.tenant_id)
            try:
                return_to = (await tx.logins.get(session.login_id)).return_to
            except NotFound:
                return_to = None
            return SignedIn(session, user, tenant, return_to)

    async def sign_out(self, session: Session) -> None:
        """End the session."""
        now = self.clock.now()
        async with self.store.begin() as tx:
            await tx.sessions.save(replace(session, ended_at=now))
            await tx.audit.add(
                self.record(
                    Event.SIGNED_OUT,
                    session.tenant_id,
                    now,
                    actor=by_user(session.user_id),
                    user_id=session.user_id,
                    data={"session": session.id},
                )
            )
