"""Signing in: an email, then a phone (or a password first), then a session for the browser that began it."""

from dataclasses import dataclass, replace
from datetime import datetime

from hub.domain import decoy
from hub.domain.account import (
    ENROLL_SESSION_LIFE,
    KNOWN_BROWSER_LIFE,
    SESSION_LIFE,
    KnownBrowser,
    Scope,
    Session,
    User,
    UserStatus,
    is_email,
)
from hub.domain.audit import Event
from hub.domain.challenge import Challenge, Status
from hub.domain.device import Device
from hub.domain.errors import FieldError, Invalid, TooSoon, WrongCredentials, WrongStep
from hub.domain.factors import Factor
from hub.domain.ids import BrowserId, LoginId, Prefix, SessionId
from hub.domain.limits import Limit
from hub.domain.login import LIFE, Login, Step
from hub.domain.place import Origin
from hub.domain.secret import Secret
from hub.domain.tenant import PushMode, Tenant
from hub.domain.throttle import TryPressure
from hub.flows.ask import Asked, Asker
from hub.flows.base import ANONYMOUS, by_user, device_topic, login_topic
from hub.flows.watch import View, Watch
from hub.ports import Hasher, Limiter, Tx


@dataclass(frozen=True, slots=True)
class Begun:
    """A login and the cookie of its browser; *cookie* is None where the browser has it already."""

    view: View
    tenant: Tenant
    cookie: Secret | None


@dataclass(frozen=True, slots=True)
class Completed:
    """A new session, and the known-browser cookie that goes with it, if one does."""

    session: Session
    token: Secret
    return_to: str | None
    account: str
    known: Secret | None


@dataclass(frozen=True, slots=True)
class Known:
    """What was found before anything was written."""

    tenant: Tenant
    user: User | None
    devices: list[Device]
    browser: KnownBrowser | None
    logins: list[Login]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn(Asker):
    """One sign-in, from the email to the session."""

    hasher: Hasher
    limiter: Limiter
    watch: Watch

    async def begin(
        self,
        slug: str,
        email: str,
        *,
        app: str | None,
        return_to: str | None,
        origin: Origin,
        per_ip: str,
        login_cookie: str | None,
        known_cookie: str | None,
    ) -> Begun:
        """Begin a sign-in, or return to the one that this browser has open for this address.

        Args:
            per_ip: what the limits per address are counted by.
            known_cookie: the value of the known-browser cookie named for this very account.

        Raises:
            NotFound: no such tenant.
            Invalid: the address is none, or *return_to* is not allowed.
            RateLimited: too many starts from this address or at this tenant.
        """
        now = self.clock.now()
        account = self.account_key(slug, email)
        found = await self._find(slug, email, login_cookie, known_cookie, now)
        _check(found.tenant, email, return_to)
        for login in found.logins:
            if login.account == account and not login.at(now).is_over:
                return Begun(await self.watch.look(login.id), found.tenant, None)
        await self.limiter.hit(Limit.LOGIN_STARTS_PER_IP, per_ip)
        if found.browser is None:
            await self.limiter.hit(Limit.LOGIN_STARTS_PER_TENANT, found.tenant.id)
        cookie = None if login_cookie and found.logins else Secret(self.new_token())
        bearer = cookie.reveal() if cookie else login_cookie or ""
        step, user = self._first_step(found, account)
        login = Login(
            id=LoginId(self.new_id(Prefix.LOGIN, now)),
            tenant_id=found.tenant.id,
            account=account,
            email=email.strip(),
            user_id=user.id if user else None,
            step=step,
            browser_mac=self.vault.mac("login-cookie", bearer),
            app=app or found.tenant.name,
            origin=origin,
            created_at=now,
            expires_at=now + LIFE,
            return_to=return_to,
            known_browser=found.browser.id if found.browser else None,
        )
        view = await self._open(found, login, user, now)
        return Begun(view, found.tenant, cookie)

    async def password(self, slug: str, login_id: LoginId, cookie: str | None, password: Secret) -> View:
        """Prove the password.

        Each try is counted before it is compared, so that many at once are not more than one after another.

        Raises:
            NotFound, LoginExpired, WrongStep, RateLimited.
            WrongCredentials: the login stays as it was.
        """
        now = self.clock.now()
        async with self.store.begin() as tx:
            login = await self._held(tx, slug, login_id, cookie, now)
            login.demand(Step.PASSWORD)
            pressure = await tx.pressure.hold(login.tenant_id, login.account)
            tries = pressure.of_password(login.lane)
            tries.check(now)
            await tx.pressure.save(
                login.tenant_id, login.account, pressure.with_password(login.lane, tries.failed(now))
            )
            user = await tx.users.get(login.tenant_id, login.user_id) if login.user_id else None
        right = await self.hasher.verify(password, user.password if user else None)
        if not right or user is None:
            await self._refuse_password(login, now)
            raise WrongCredentials(login_id=login_id)
        return await self._password_proven(slug, login_id, cookie, user, now)

    async def push(self, slug: str, login_id: LoginId, cookie: str | None) -> View:
        """Send a fresh push; the old challenge is cancelled.

        Raises:
            NotFound, LoginExpired, WrongStep.
            TooSoon: less than a minute since the last, or a wait, a mute or the cap holds.
        """
        now = self.clock.now()
        async with self.store.begin() as tx:
            login = await self._held(tx, slug, login_id, cookie, now)
            login.demand_push(now)
            tenant = await tx.tenants.get(login.tenant_id)
            user = await tx.users.get(tenant.id, login.user_id) if login.user_id else None
            devices = await tx.devices.of_user(user.id) if user else []
            asked = await self._asked(tx, tenant, login, user, now)
            if asked.resting_until is not None:
                left = (asked.resting_until - now).total_seconds()
                raise TooSoon(retry_after_s=max(1, round(left + 0.5)))
            await tx.logins.move(asked.login, Step.PUSH)
        if asked.challenge is not None:
            await self.ring(asked.challenge, devices, now)
        await self.bus.publish(login_topic(login_id))
        return await self.watch.look(login_id)

    async def cancel(self, slug: str, login_id: LoginId, cookie: str | None) -> View:
        """Call the sign-in off, and its challenge; raises NotFound, LoginExpired, WrongStep."""
        now = self.clock.now()
        async with self.store.begin() as tx:
            login = await self._held(tx, slug, login_id, cookie, now)
            login.demand(Step.PUSH, Step.PASSWORD)
            devices = await tx.devices.of_user(login.user_id) if login.user_id else []
            if login.challenge_id is not None:
                challenge = await tx.challenges.get(login.challenge_id)
                if challenge.status_at(now) is Status.PENDING:
                    pressure = await tx.pressure.hold(login.tenant_id, login.account)
                    after = await self.end(tx, challenge.cancel(now), pressure, actor=ANONYMOUS)
                    await tx.pressure.save(login.tenant_id, login.account, after)
            await tx.logins.move(login.failed(Status.CANCELLED), login.step)
            await tx.audit.add(
                self.record(
                    Event.LOGIN_CANCELLED,
                    login.tenant_id,
                    now,
                    actor=ANONYMOUS,
                    user_id=login.user_id,
                    ip=login.origin.ip,
                    data={"login": login.id},
                )
            )
        await self.bus.publish(login_topic(login_id), *(device_topic(device.id) for device in devices))
        return await self.watch.look(login_id)

    async def complete(
        self, slug: str, login_id: LoginId, cookie: str | None, session_cookie: str | None
    ) -> Completed:
        """Turn an approval into a session of the browser that began it, once.

        Raises:
            NotFound: unknown, or another browser's.
            LoginExpired: later than a minute after the approval.
            WrongStep: not approved, or completed already.
        """
        now = self.clock.now()
        async with self.store.begin() as tx:
            login = await self._held(tx, slug, login_id, cookie, now)
            login.demand(Step.APPROVED)
            if login.user_id is None:
                raise WrongStep
            tenant = await tx.tenants.get(login.tenant_id)
            user = await tx.users.get(tenant.id, login.user_id)
            if user.status is not UserStatus.ACTIVE or not await tx.logins.move(
                login.completed(), Step.APPROVED
            ):
                raise WrongStep
            devices = await tx.devices.of_user(user.id)
            if session_cookie is not None:
                await self._end_session(tx, session_cookie, now)
            known, browser_id = await self._know_browser(tx, login, user, now)
            token = Secret(self.new_token())
            held = tenant.authentication.require_push and not devices
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
            await tx.users.save(replace(user, last_sign_in_at=now))
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

    # Beginning ------------------------------------------------------------------------------------------

    async def _find(
        self, slug: str, email: str, login_cookie: str | None, known_cookie: str | None, now: datetime
    ) -> Known:
        async with self.store.read() as tx:
            tenant = await tx.tenants.by_slug(slug)
            user = await tx.users.by_email(tenant.id, email)
            if user is not None and user.status is not UserStatus.ACTIVE:
                user = None
            devices = await tx.devices.of_user(user.id) if user else []
            logins: list[Login] = []
            if login_cookie:
                macs = self.vault.macs("login-cookie", login_cookie)
                logins = await tx.logins.in_browser(tenant.id, macs, now)
            known_macs = self.vault.macs("known-browser", known_cookie) if known_cookie else ()
            browser = await tx.browsers.by_token(known_macs) if known_macs else None
        if browser is not None and user is not None:
            browser = await self._recognised(browser, user, frozenset(known_macs), now)
        return Known(tenant, user, devices, browser, logins)

    async def _recognised(
        self, browser: KnownBrowser, user: User, macs: frozenset[str], now: datetime
    ) -> KnownBrowser | None:
        """Return the browser if it is known for this very account; a copied cookie makes it forgotten."""
        if browser.user_id != user.id or not browser.is_known(now):
            return None
        if not browser.is_stale(macs, now):
            return browser
        async with self.store.begin() as tx:
            await tx.browsers.save(replace(browser, forgotten_at=now))
            await tx.audit.add(
                self.record(
                    Event.BROWSER_FORGOTTEN,
                    user.tenant_id,
                    now,
                    user_id=user.id,
                    data={"browser": browser.id, "why": "old cookie came back"},
                )
            )
        return None

    def _first_step(self, found: Known, account: str) -> tuple[Step, User | None]:
        """Return where the sign-in starts, and for whom; None is for show."""
        if found.tenant.authentication.push_mode is PushMode.SECOND_FACTOR:
            return Step.PASSWORD, found.user
        if found.user is not None and found.devices:
            return Step.PUSH, found.user
        if found.user is not None and found.user.password is not None:
            return Step.PASSWORD, found.user
        return decoy.first_step(self.vault.steady("decoy", account)), None

    async def _open(self, found: Known, login: Login, user: User | None, now: datetime) -> View:
        challenge: Challenge | None = None
        async with self.store.begin() as tx:
            if login.step is Step.PUSH:
                await tx.logins.add(login)
                asked = await self._asked(tx, found.tenant, login, user, now)
                challenge = asked.challenge
                if challenge is not None:
                    await tx.logins.move(asked.login, Step.PUSH)
            else:
                await tx.logins.add(login)
        if challenge is not None:
            await self.ring(challenge, found.devices if user else [], now)
        return await self.watch.look(login.id)

    async def _asked(self, tx: Tx, tenant: Tenant, login: Login, user: User | None, now: datetime) -> Asked:
        pressure = await tx.pressure.hold(tenant.id, login.account)
        asked = await self.ask(tx, tenant, login, user, pressure, now)
        if asked.pressure != pressure:
            await tx.pressure.save(tenant.id, login.account, asked.pressure)
        return asked

    # Going on -------------------------------------------------------------------------------------------

    async def _held(self, tx: Tx, slug: str, login_id: LoginId, cookie: str | None, now: datetime) -> Login:
        """Return the login as it is at *now*, its row locked, to its own browser at its own tenant."""
        tenant = await tx.tenants.by_slug(slug)
        login = await tx.logins.hold(login_id)
        self.watch.demand_cookie(login, tenant.id, cookie)
        return login.at(now)

    async def _refuse_password(self, login: Login, now: datetime) -> None:
        async with self.store.begin() as tx:
            await tx.audit.add(
                self.record(
                    Event.PASSWORD_WRONG,
                    login.tenant_id,
                    now,
                    actor=ANONYMOUS,
                    user_id=login.user_id,
                    ip=login.origin.ip,
                    data={"login": login.id, "email": login.email},
                )
            )

    async def _password_proven(
        self, slug: str, login_id: LoginId, cookie: str | None, user: User, now: datetime
    ) -> View:
        challenge: Challenge | None = None
        async with self.store.begin() as tx:
            login = await self._held(tx, slug, login_id, cookie, now)
            tenant = await tx.tenants.get(login.tenant_id)
            devices = await tx.devices.of_user(user.id)
            login = login.proven(Factor.PASSWORD, Step.PUSH if devices else Step.APPROVED, now)
            pressure = await tx.pressure.hold(login.tenant_id, login.account)
            pressure = pressure.with_password(login.lane, TryPressure())
            await tx.logins.move(login, Step.PASSWORD)
            if devices:
                asked = await self.ask(tx, tenant, login, user, pressure, now)
                challenge, pressure = asked.challenge, asked.pressure
                if challenge is not None:
                    await tx.logins.move(asked.login, Step.PUSH)
            await tx.pressure.save(login.tenant_id, login.account, pressure)
        if challenge is not None:
            await self.ring(challenge, devices, now)
        await self.bus.publish(login_topic(login_id))
        return await self.watch.look(login_id)

    async def _end_session(self, tx: Tx, cookie: str, now: datetime) -> None:
        session = await tx.sessions.by_token(self.vault.macs("session-cookie", cookie))
        if session is not None and session.is_open(now):
            await tx.sessions.save(replace(session, ended_at=now))

    async def _know_browser(
        self, tx: Tx, login: Login, user: User, now: datetime
    ) -> tuple[Secret | None, BrowserId | None]:
        """Rotate the browser's cookie, or give it one if a push with a match was approved here."""
        token = Secret(self.new_token())
        mac = self.vault.mac("known-browser", token.reveal())
        if login.known_browser is not None:
            browser = await tx.browsers.get(login.known_browser)
            if browser.is_known(now):
                await tx.browsers.save(browser.rotated(mac, now))
                return token, browser.id
        if not login.matched:
            return None, None
        browser = KnownBrowser(
            id=BrowserId(self.new_id(Prefix.BROWSER, now)),
            tenant_id=login.tenant_id,
            user_id=user.id,
            token_mac=mac,
            created_at=now,
            rotated_at=now,
            expires_at=now + KNOWN_BROWSER_LIFE,
            browser=login.origin.browser,
            os=login.origin.os,
        )
        await tx.browsers.add(browser)
        await tx.audit.add(
            self.record(
                Event.BROWSER_KNOWN,
                login.tenant_id,
                now,
                user_id=user.id,
                ip=login.origin.ip,
                data={"browser": browser.id, "login": login.id},
            )
        )
        return token, browser.id


def _check(tenant: Tenant, email: str, return_to: str | None) -> None:
    errors = []
    if not is_email(email):
        errors.append(FieldError("email", "This is not an email address."))
    if return_to is not None and not tenant.authentication.allows_return_to(return_to):
        errors.append(FieldError("return_to", "This address is not one that a sign-in here may lead to."))
    if errors:
        raise Invalid(errors=errors)
