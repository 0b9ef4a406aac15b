"""What the flows need of the outside world, and nothing about how it is done."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from hub.domain.account import KnownBrowser, Session, User
from hub.domain.audit import Event, Record
from hub.domain.challenge import Challenge
from hub.domain.device import Credential, Device, Misfit
from hub.domain.enrollment import Enrollment
from hub.domain.ids import (
    AuditId,
    BrowserId,
    ChallengeId,
    DeviceId,
    EnrollmentId,
    LoginId,
    SessionId,
    TenantId,
    UserId,
)
from hub.domain.limits import Limit
from hub.domain.login import Login, Step
from hub.domain.place import NoPlace, Place
from hub.domain.secret import Secret
from hub.domain.tenant import Tenant
from hub.domain.throttle import Pressure
from hub.protocol import DecisionClaims, ProofClaims, PushSubscription, RequestClaims

# Time, chance, cryptography -----------------------------------------------------------------------------


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""


class Randomness(Protocol):
    """The operating system's generator."""

    def entropy(self, size: int) -> bytes:
        """Return *size* random bytes."""

    def digits(self, count: int) -> str:
        """Return *count* uniformly chosen decimal digits."""


class Hasher(Protocol):
    """Passwords, slow on purpose; never in the event loop's thread."""

    async def hash(self, password: Secret) -> str:
        """Return an argon2id string."""

    async def verify(self, password: Secret, hashed: str | None) -> bool:
        """Compare; without *hashed* it takes as long and is False."""


class Vault(Protocol):
    """Keyed hashes and encryption under keys derived from the hub's secret, a purpose each.

    Each value names the version of its key; older versions still open and verify.
    """

    def mac(self, purpose: str, text: str) -> str:
        """Return the keyed hash of *text* under the newest key, at most 64 characters."""

    def macs(self, purpose: str, text: str) -> tuple[str, ...]:
        """Return the keyed hashes of *text* under every key, the newest first: to look it up by."""

    def seal(self, purpose: str, text: str) -> str:
        """Encrypt."""

    def unseal(self, purpose: str, sealed: str) -> str:
        """Decrypt; raises ValueError where the text is not ours."""

    def steady(self, purpose: str, text: str) -> bytes:
        """Return 32 bytes of a keyed hash under a stored key that never rotates."""


class Tokens(Protocol):
    """Every signed token; ``typ`` decides the algorithm, never the token itself."""

    def sign_request(self, claims: RequestClaims, now: datetime) -> str:
        """Return the request JWS, signed with the key that signs at *now*."""

    def sign_ticket(self, login: LoginId, expires_at: datetime) -> str:
        """Return a login socket's ticket."""

    def read_ticket(self, token: str, now: datetime) -> LoginId | None:
        """Return the login that *token* opens, or None if it opens none."""

    def read_decision(self, token: str, device: Device, now: datetime) -> DecisionClaims | None:
        """Return the claims if *device* signed them for this hub and they are in force, else None."""

    def read_proof(self, token: str, device: Device, nonce: str, now: datetime) -> ProofClaims | None:
        """Return the claims if *device* signed them for this hub over *nonce*, and in force, else None."""

    def named_nonce(self, token: str) -> str | None:
        """Return the nonce that a proof names, before anything is proven; None where it names none."""

    def read_new_key(self, token: str, code: str, now: datetime) -> str | None:
        """Return the JWK (JSON text) that an enrolling proof over *code* shows and proves, else None."""

    def jwks(self, now: datetime) -> dict[str, list[dict[str, str]]]:
        """Return the public keys that tokens in force may name, and the next one ahead of its use."""


# Nudges, limits, places ---------------------------------------------------------------------------------


class Bus(Protocol):
    """Nudges without content: "look again at this topic". Lost, doubled or late ones do no harm."""

    @property
    def is_up(self) -> bool:
        """Whether nudges can be relied on; while not, look once a second."""

    async def publish(self, *topics: str) -> list[int | None]:
        """Nudge; return how many listen to each, None where not known. Never raises, never waits long."""

    def listen(self, *topics: str, ring: Callable[[], None]) -> AbstractAsyncContextManager[None]:
        """Call *ring* on each nudge to *topics*, after any gap and as the bus fails, until the context ends.

        On entering, the subscription stands (or the bus is down, and it will stand once that is over). *ring*
        is called in the event loop, must not block, and may be called for nothing.
        """

    async def listeners(self, *topics: str) -> list[int | None]:
        """Return how many listen to each, None where that is not known."""


@dataclass(frozen=True, slots=True)
class Push:
    """One web push: *payload* as JSON text, at most 3,993 bytes.

    *topic* replaces an earlier push that still waits at the service (RFC 8030 section 5.4).
    """

    subscription: PushSubscription
    payload: str
    ttl_s: int
    topic: str


class PushResult(Enum):
    """What a push service said, as far as one acts on it."""

    TAKEN = "taken"
    GONE = "gone"
    LATER = "later"
    REFUSED = "refused"
    FORBIDDEN_ADDRESS = "forbidden_address"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class PushAnswer:
    """A push service's answer; *retry_after_s* where it named a time (RFC 9110 section 10.2.3)."""

    result: PushResult
    retry_after_s: float | None = None


class Pusher(Protocol):
    """Web push services (RFC 8030), the payload encrypted (RFC 8291), the hub named (RFC 8292)."""

    @property
    def public_key(self) -> str:
        """The VAPID key that browsers subscribe with: an uncompressed P-256 point, base64url."""

    def takes(self, subscription: PushSubscription) -> bool:
        """Whether its endpoint may be one and its keys are keys; nothing is contacted."""

    async def send(self, push: Push) -> PushAnswer:
        """Send once, within a deadline; never raises for what the service does."""


class Passkeys(Protocol):
    """WebAuthn credentials of the public address (W3C Web Authentication Level 3)."""

    def creation_options(self, handle: str, account: str, tenant: str) -> dict[str, object] | None:
        """Return PublicKeyCredentialCreationOptionsJSON, or None where the address cannot have credentials.

        Args:
            handle: the credential's user handle, at most 64 bytes; another for each enrolment.
        """

    def read_attestation(self, attestation: Mapping[str, object], challenge: bytes) -> Credential | Misfit:
        """Return the new credential, or what of it does not fit; never raises, whatever is given."""

    def read_assertion(
        self, assertion: Mapping[str, object], credential: Credential, challenge: bytes
    ) -> Credential | Misfit:
        """Return the credential with its counter moved on, or what does not fit; never raises."""


class Limiter(Protocol):
    """Counters of what one address or tenant may do; shared by all nodes where there is Redis."""

    async def hit(self, limit: Limit, key: str) -> None:
        """Count one more; raises RateLimited where a rate is used up."""

    async def check(self, limit: Limit, key: str) -> None:
        """Raise RateLimited where a rate is used up; count nothing."""


class Geo(Protocol):
    """Addresses to places."""

    def locate(self, ip: str) -> Place | NoPlace:
        """Return where *ip* seems to be."""


class Agents(Protocol):
    """User-Agent headers to words."""

    def describe(self, user_agent: str) -> tuple[str, str]:
        """Return browser and operating system, as a person says them ("Firefox", "Windows")."""


# The store ----------------------------------------------------------------------------------------------


class Tenants(Protocol):
    """Tenants."""

    async def add(self, tenant: Tenant) -> None:
        """Insert; raises Conflict where the slug is taken."""

    async def get(self, tenant_id: TenantId) -> Tenant:
        """Return it; raises NotFound."""

    async def by_slug(self, slug: str) -> Tenant:
        """Return it; raises NotFound."""

    async def save(self, tenant: Tenant) -> None:
        """Write all of it."""

    async def all(self) -> list[Tenant]:
        """Return every tenant, oldest first."""

    async def allowing(self, origin: str) -> list[Tenant]:
        """Return the tenants whose pages of *origin* may watch a sign-in."""


class Users(Protocol):
    """People; every read names the tenant."""

    async def add(self, user: User) -> None:
        """Insert; raises Conflict where the address is taken in this tenant."""

    async def get(self, tenant_id: TenantId, user_id: UserId) -> User:
        """Return the user; raises NotFound."""

    async def hold(self, tenant_id: TenantId, user_id: UserId) -> User:
        """As :meth:`get`, the row locked until the transaction ends."""

    async def signed_in(self, user: User, at: datetime) -> None:
        """Note when the user signed in, and nothing else: an admin may be changing the rest."""

    async def by_email(self, tenant_id: TenantId, email: str) -> User | None:
        """Return the user with this address, however it is written (see account.normal_email)."""

    async def save(self, user: User) -> None:
        """Write all of it; raises Conflict as :meth:`add`."""

    async def page(self, tenant_id: TenantId, limit: int, after: UserId | None) -> list[User]:
        """Return at most *limit* users by rising id, those after *after*."""

    async def hold_owners(self, tenant_id: TenantId) -> list[User]:
        """Return the owners, their rows locked until the transaction ends."""


class Devices(Protocol):
    """Phones."""

    async def add(self, device: Device) -> None:
        """Insert."""

    async def get(self, device_id: DeviceId) -> Device:
        """Return it, active or removed; raises NotFound. The caller checks whose it is."""

    async def hold(self, device_id: DeviceId) -> Device:
        """As :meth:`get`, the row locked until the transaction ends."""

    async def of_user(self, user_id: UserId) -> list[Device]:
        """Return the active ones, oldest first."""

    async def of_users(self, user_ids: Sequence[UserId]) -> list[Device]:
        """Return the active ones of several users."""

    async def all_active(self) -> list[Device]:
        """Return the active ones of all tenants, oldest first."""

    async def count_active(self) -> tuple[int, int]:
        """Return how many are active, over all tenants, and how many people's they are."""

    async def save(self, device: Device) -> None:
        """Write all but ``connection`` and ``nonce_at``, which have calls of their own."""

    async def connect(self, device_id: DeviceId, connection: str) -> None:
        """Note which socket is the device's newest."""

    async def use_nonce(self, device_id: DeviceId, made_at: datetime) -> bool:
        """Note that the nonce made then is used; False where it or a later one already was."""

    async def forget_subscription(self, device_id: DeviceId, subscription: str) -> bool:
        """Forget this very subscription (sealed); False where the device has another by now, or none."""


class Enrollments(Protocol):
    """Activation codes."""

    async def add(self, enrollment: Enrollment) -> None:
        """Insert."""

    async def get(self, enrollment_id: EnrollmentId) -> Enrollment:
        """Return it; raises NotFound. The caller checks whose it is."""

    async def by_code(self, macs: Sequence[str]) -> Enrollment | None:
        """Return the enrolment whose code has one of these keyed hashes."""

    async def settle(self, enrollment: Enrollment) -> bool:
        """Write how it ended, if it is still pending; say whether it was."""

    async def open_of_user(self, user_id: UserId) -> list[Enrollment]:
        """Return the pending ones."""

    async def overdue(self, now: datetime, limit: int) -> list[Enrollment]:
        """Return pending ones whose time is over, the oldest first."""


class Logins(Protocol):
    """Sign-ins under way."""

    async def add(self, login: Login) -> None:
        """Insert."""

    async def get(self, login_id: LoginId) -> Login:
        """Return it; raises NotFound. The caller checks the tenant and the cookie."""

    async def hold(self, login_id: LoginId) -> Login:
        """As :meth:`get`, the row locked until the transaction ends."""

    async def move(self, login: Login, was: Step) -> bool:
        """Write all that can change, if the step still is *was*; say whether it was."""

    async def in_browser(self, tenant_id: TenantId, macs: Sequence[str], now: datetime) -> list[Login]:
        """Return the unexpired ones begun under this login cookie, newest first, over or not."""

    async def open_of_user(self, user_id: UserId) -> list[Login]:
        """Return those at a step that can still move (approved ones too), rows locked."""

    async def overdue(self, now: datetime, limit: int) -> list[Login]:
        """Return those whose time is over (Login.ends_at) and that say nothing of it yet, oldest first."""


class Challenges(Protocol):
    """Questions to phones."""

    async def add(self, challenge: Challenge) -> None:
        """Insert."""

    async def get(self, challenge_id: ChallengeId) -> Challenge:
        """Return it; raises NotFound. The caller checks whose it is."""

    async def settle(self, challenge: Challenge) -> None:
        """Write how it ended: the referee of all races, one conditional update.

        ``WHERE status = 'pending' AND expires_at > decided_at`` (without the latter where it expires).
        Raises AlreadySettled with what had become of it.
        """

    async def note(self, challenge: Challenge) -> None:
        """Write ``shown_at``, ``unreachable_at`` and ``report``, and nothing else."""

    async def claim_push(
        self, challenge_id: ChallengeId, devices: tuple[DeviceId, ...], unreachable_at: datetime | None
    ) -> bool:
        """Note whom a web push goes to, if nobody has and it still waits unshown; say whether that was so."""

    async def unpushed(self, asked_by: datetime, limit: int) -> list[Challenge]:
        """Return pending, unshown ones asked until then that no web push was considered for."""

    async def pending_of_user(self, user_id: UserId, now: datetime) -> list[Challenge]:
        """Return those that still wait at *now*, oldest first; also those to be asked later."""

    async def pending_of_account(self, tenant_id: TenantId, account: str) -> list[Challenge]:
        """Return those marked pending (overdue ones too), oldest first."""

    async def several(self, challenge_ids: Sequence[ChallengeId]) -> list[Challenge]:
        """Return those that exist."""

    async def overdue(self, now: datetime, limit: int) -> list[Challenge]:
        """Return pending ones whose time is over, the oldest first."""


class Sessions(Protocol):
    """Signed-in browsers."""

    async def add(self, session: Session) -> None:
        """Insert."""

    async def by_token(self, macs: Sequence[str]) -> Session | None:
        """Return the session whose cookie has one of these keyed hashes, open or not."""

    async def save(self, session: Session) -> None:
        """Write scope, proofs, ends and browser."""

    async def know(self, session_id: SessionId, browser_id: BrowserId) -> bool:
        """Note which known browser an open session is in, if it is in none yet; say whether it was."""

    async def open_of_user(self, user_id: UserId, now: datetime) -> list[Session]:
        """Return the open ones, newest first."""


class Browsers(Protocol):
    """Known browsers."""

    async def add(self, browser: KnownBrowser) -> None:
        """Insert."""

    async def get(self, browser_id: BrowserId) -> KnownBrowser:
        """Return it; raises NotFound."""

    async def save(self, browser: KnownBrowser) -> None:
        """Write all of it."""

    async def forget_all(self, user_id: UserId, now: datetime) -> int:
        """Forget every browser of the user; return how many there were."""


class Pressures(Protocol):
    """What slows down whoever asks too often, a row an address."""

    async def get(self, tenant_id: TenantId, account: str) -> Pressure:
        """Return it, empty if there is none."""

    async def hold(self, tenant_id: TenantId, account: str) -> Pressure:
        """Return it, the row (made if there is none) locked until the transaction ends."""

    async def save(self, tenant_id: TenantId, account: str, pressure: Pressure) -> None:
        """Write all of it."""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which rows: each field narrows, None does not; *since* is inclusive, *until* exclusive."""

    type: Event | None = None
    user_id: UserId | None = None
    since: datetime | None = None
    until: datetime | None = None
    ip: str | None = None


class AuditLog(Protocol):
    """The audit log; rows are never changed and never deleted."""

    async def add(self, record: Record) -> None:
        """Append the row with its own hash."""

    async def page(
        self, tenant_id: TenantId, which: AuditFilter, limit: int, before: AuditId | None
    ) -> list[tuple[Record, str]]:
        """Return at most *limit* rows and their stored hashes, newest first, those older than *before*."""

    async def seal(self, limit: int) -> int:
        """Link at most *limit* committed, unlinked rows into their tenants' chains; return how many.

        One sealer at a time; with another at work it returns 0.
        """

    async def first_broken(self, tenant_id: TenantId) -> int | None:
        """Return the number of the first sealed row that does not hold, or None."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A signing key: *private* is sealed PKCS 8 PEM, *public* a JWK as JSON text."""

    kid: str
    private: str
    public: str
    created_at: datetime
    signs_from: datetime


class Keys(Protocol):
    """Signing keys, and values that are made once and kept."""

    async def signing(self) -> list[StoredKey]:
        """Return every signing key, by rising ``signs_from``."""

    async def add_signing(self, key: StoredKey) -> None:
        """Insert."""

    async def kept(self, name: str) -> str | None:
        """Return the value kept under *name*, if there is one."""

    async def keep(self, name: str, value: str) -> str:
        """Return the value kept under *name*; keep *value* there first if there is none.

        The value is locked until the transaction ends: who keeps it as well waits.
        """

    async def replace(self, name: str, value: str) -> None:
        """Keep *value* under *name* instead of what is there."""


class Tx(Protocol):
    """One transaction: all of it happens, or nothing."""

    @property
    def tenants(self) -> Tenants: ...
    @property
    def users(self) -> Users: ...
    @property
    def devices(self) -> Devices: ...
    @property
    def enrollments(self) -> Enrollments: ...
    @property
    def logins(self) -> Logins: ...
    @property
    def challenges(self) -> Challenges: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def browsers(self) -> Browsers: ...
    @property
    def pressure(self) -> Pressures: ...
    @property
    def audit(self) -> AuditLog: ...
    @property
    def keys(self) -> Keys: ...


class Store(Protocol):
    """The database: the truth."""

    def begin(self) -> AbstractAsyncContextManager[Tx]:
        """Open a transaction that writes; an exception undoes it. Raises Unavailable without the database."""

    def read(self) -> AbstractAsyncContextManager[Tx]:
        """Open one that only reads, and waits for no writer."""

    async def ping(self) -> None:
        """Raise Unavailable if the database does not answer."""
