"""Beginning a sign-in: who it may be, and what comes first."""

from dataclasses import dataclass
from datetime import datetime

from hub.domain import decoy
from hub.domain.account import KnownBrowser, User, UserStatus, is_email
from hub.domain.device import Device
from hub.domain.errors import FieldError, Invalid
from hub.domain.ids import LoginId, Prefix
from hub.domain.limits import Limit
from hub.domain.login import LIFE, MOVES, Login, Step
from hub.domain.place import Origin
from hub.domain.secret import Secret
from hub.domain.tenant import PushMode, Tenant
from hub.flows.ask import NOBODY, Asked, Asker
from hub.flows.known_browsers import KnownBrowsers
from hub.flows.watch import View, Watch
from hub.ports import Limiter


@dataclass(frozen=True, slots=True)
class Begun:
    """A login and the cookie of its browser; *cookie* is None where the browser has it already."""

    view: View
    tenant: Tenant
    cookie: Secret | None


@dataclass(frozen=True, slots=True)
class Known:
    """What was found before anything was written."""

    tenant: Tenant
    user: User | None
    devices: list[Device]
    browser: KnownBrowser | None
    logins: list[Login]


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin(Asker):
    """The first step of every sign-in."""

    limiter: Limiter
    watch: Watch
    known_browsers: KnownBrowsers

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
        already = _still_open(found.logins, account, now)
        if already is not None:
            return Begun(await self.watch.look(already.id), found.tenant, None)
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

    async def _find(
        self, slug: str, email: str, login_cookie: str | None, known_cookie: str | None, now: datetime
    ) -> Known:
        async with self.store.read() as tx:
            tenant = await tx.tenants.by_slug(slug)
            user = await tx.users.by_email(tenant.id, email)
            if user is not None and user.status is not UserStatus.ACTIVE:
                user = None
            devices = await tx.devices.of_user(user.id if user else NOBODY)
            logins: list[Login] = []
            if login_cookie:
                macs = self.vault.macs("login-cookie", login_cookie)
                logins = await tx.logins.in_browser(tenant.id, macs, now)
            browser = await self.known_browsers.find(tx, known_cookie) if known_cookie else None
        if browser is not None and user is not None and known_cookie is not None:
            known = await self.known_browsers.recognised(browser, known_cookie, user, now)
            return Known(tenant, user, devices, browser if known else None, logins)
        return Known(tenant, user, devices, None, logins)

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
        asked: Asked | None = None
        async with self.store.begin() as tx:
            pressure = await tx.pressure.hold(login.tenant_id, login.account)
            begun = await tx.logins.in_browser(login.tenant_id, [login.browser_mac], now)
            already = _still_open(begun, login.account, now)
            if already is None:
                await tx.logins.add(login)
                if login.step is Step.PUSH:
                    asked = await self.asked(tx, found.tenant, login, now, pressure)
        if already is not None:
            # Two starts at once in one browser are one sign-in.
            return await self.watch.look(already.id)
        if asked is None:
            return self.watch.seen(login, None, None, now)
        self.wake.over(*asked.over)
        challenge = asked.challenge
        if challenge is not None:
            challenge = await self.ring(challenge, found.devices if user else [], now)
        return self.watch.seen(asked.login, challenge, asked.resting_until, now)


def _still_open(logins: list[Login], account: str, now: datetime) -> Login | None:
    """Return the sign-in of this account that goes on, or that waits to be completed."""
    going_on = (login for login in logins if login.account == account and MOVES[login.at(now).step])
    return next(going_on, None)


def _check(tenant: Tenant, email: str, return_to: str | None) -> None:
    errors = []
    if not is_email(email):
        errors.append(FieldError("email", "This is not an email address."))
    if return_to is not None and not tenant.authentication.allows_return_to(return_to):
        errors.append(FieldError("return_to", "This address is not one that a sign-in here may lead to."))
    if errors:
        raise Invalid(errors=errors)
