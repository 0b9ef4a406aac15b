"""How a sign-in stands, for whoever waits for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.domain.challenge import Challenge, Kind, Status
from hub.domain.errors import NotFound
from hub.domain.factors import Factor
from hub.domain.ids import LoginId, TenantId
from hub.domain.login import Login, Step
from hub.domain.policy import PushFacts, lane_for, resting_until
from hub.domain.secret import Secret
from hub.flows.base import Flow
from hub.ports import Tokens, Tx

# A browser that connects again just after the end is still told what became of it.
LAST_WORD = timedelta(minutes=1)
DECIDED = frozenset({Status.APPROVED, Status.DENIED})
METHODS = (Factor.PUSH, Factor.PASSWORD)


@dataclass(frozen=True, slots=True)
class View:
    """A login as its browser may see it at one moment.

    Attributes:
        digits: what the person types on the phone; only while the challenge waits.
        push_after: when a (fresh) push will be taken; None where none will be.
        next_change: when time alone will change the view, or None.
        methods: the same for everybody, so that nothing tells accounts apart.
    """

    login: Login
    challenge: Challenge | None
    digits: Secret | None
    push_after: datetime | None
    next_change: datetime | None
    now: datetime
    methods: tuple[Factor, ...] = METHODS


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch(Flow):
    """Looking at a login."""

    tokens: Tokens
    waits: bool = True

    def ticket(self, login: Login) -> str:
        """Return what opens the login's socket."""
        return self.tokens.sign_ticket(login.id, login.expires_at + LAST_WORD)

    def login_of(self, ticket: str) -> LoginId | None:
        """Return the login that *ticket* opens, or None."""
        return self.tokens.read_ticket(ticket, self.clock.now())

    async def allowed_origins(self, login_id: LoginId) -> tuple[str, ...]:
        """Return the origins, besides the hub's own, that the login's tenant lets watch."""
        async with self.store.read() as tx:
            login = await tx.logins.get(login_id)
            return (await tx.tenants.get(login.tenant_id)).authentication.allowed_origins

    async def any_tenant_allows(self, origin: str) -> bool:
        """Whether some tenant lists *origin*."""
        async with self.store.read() as tx:
            return bool(await tx.tenants.allowing(origin))

    async def look(self, login_id: LoginId) -> View:
        """Return how the login stands; raises NotFound."""
        async with self.store.read() as tx:
            login = await tx.logins.get(login_id)
            return await self.view(tx, login)

    async def look_with_cookie(self, slug: str, login_id: LoginId, cookie: str | None) -> View:
        """Return how the login stands, to its own browser at its own tenant; raises NotFound to any other."""
        async with self.store.read() as tx:
            login = await tx.logins.get(login_id)
            tenant = await tx.tenants.by_slug(slug)
            self.demand_cookie(login, tenant.id, cookie)
            return await self.view(tx, login)

    async def held(self, tx: Tx, slug: str, login_id: LoginId, cookie: str | None, now: datetime) -> Login:
        """Return the login as it is at *now*, its row locked, to its own browser at its own tenant.

        Raises:
            NotFound: to any other.
        """
        tenant = await tx.tenants.by_slug(slug)
        login = await tx.logins.hold(login_id)
        self.demand_cookie(login, tenant.id, cookie)
        return login.at(now)

    def demand_cookie(self, login: Login, tenant_id: TenantId, cookie: str | None) -> None:
        """Let the browser through that began *login*; raises NotFound for any other."""
        if login.tenant_id != tenant_id or cookie is None:
            raise NotFound
        if login.browser_mac not in self.vault.macs("login-cookie", cookie):
            raise NotFound

    async def view(self, tx: Tx, login: Login) -> View:
        """Return how *login* stands, in the caller's transaction."""
        now = self.clock.now()
        login = login.at(now)
        challenge = await tx.challenges.get(login.challenge_id) if login.challenge_id else None
        if challenge is not None and login.step is Step.PUSH and challenge.status in DECIDED:
            # It was decided between the two reads.
            login = (await tx.logins.get(login.id)).at(now)
        resting = await self._resting_until(tx, login, now) if login.step is Step.PUSH else None
        return self.seen(login, challenge, resting, now)

    def seen(
        self, login: Login, challenge: Challenge | None, resting: datetime | None, now: datetime
    ) -> View:
        """Return how it stands, to one who has it all at hand; *resting* is when a push will be taken."""
        digits = None
        if (
            challenge is not None
            and challenge.digits is not None
            and challenge.status_at(now) is Status.PENDING
        ):
            digits = Secret(self.vault.unseal("digits", challenge.digits))
        changes = [login.ends_at if login.resolution is None or login.step is Step.APPROVED else None]
        if challenge is not None:
            changes.append(challenge.next_change(now))
        ahead = [at for at in changes if at is not None and at > now]
        return View(
            login=login,
            challenge=challenge,
            digits=digits,
            push_after=login.next_push_at(resting),
            next_change=min(ahead, default=None),
            now=now,
        )

    async def _resting_until(self, tx: Tx, login: Login, now: datetime) -> datetime | None:
        pressure = await tx.pressure.get(login.tenant_id, login.account)
        pending = await tx.challenges.pending_of_account(login.tenant_id, login.account)
        others = [
            challenge
            for challenge in pending
            if challenge.login_id != login.id and challenge.kind is not Kind.TEST
            if challenge.status_at(now) is Status.PENDING
        ]
        lane = lane_for(login.lane, [challenge.lane for challenge in others])
        facts = PushFacts(
            now=now,
            lane=lane,
            pressure=pressure.of_push(lane),
            open_until=tuple(challenge.expires_at for challenge in others if challenge.lane is lane),
            waits=self.waits,
        )
        return resting_until(facts)
