"""The composition root: which adapters are plugged in, and what runs as long as the process does."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from typing import TypedDict

import structlog
from starlette.types import Receive, Scope, Send

from hub import ports
from hub.adapters.agent_uaparser import Agents
from hub.adapters.bus_memory import MemoryBus
from hub.adapters.bus_redis import RedisBus
from hub.adapters.clock_system import Clock as SystemClock
from hub.adapters.geo_maxmind import Geo, packaged_database
from hub.adapters.hash_argon2 import Hasher
from hub.adapters.limit_counters import Counters
from hub.adapters.passkeys_webauthn import Passkeys
from hub.adapters.push_vapid import Vapid, new_vapid_key
from hub.adapters.push_web import WebPusher
from hub.adapters.random_system import Randomness as SystemRandomness
from hub.adapters.sql.store import SqlStore, open_store
from hub.adapters.tokens_jose import Tokens
from hub.adapters.tokens_keys import PUBLISHED_AHEAD, KeyRing, new_signing_key
from hub.adapters.vault_hkdf import STEADY_KEY_BYTES, Vault
from hub.domain.errors import Unavailable
from hub.domain.limits import ANONYMOUS_SOCKETS_PER_IP, LONG_POLLS_PER_IP, WATCHING_SOCKETS_PER_IP
from hub.domain.secret import Secret
from hub.flows.activate import Activate
from hub.flows.administer import Administer
from hub.flows.approve import Approve
from hub.flows.begin import Begin
from hub.flows.complete import Complete
from hub.flows.credentials import Credentials
from hub.flows.devices import Devices
from hub.flows.enroll import Enroll
from hub.flows.exchange import Exchange
from hub.flows.known_browsers import KnownBrowsers
from hub.flows.line import Turn
from hub.flows.relocate import Relocate
from hub.flows.sessions import Sessions
from hub.flows.sign_in import SignIn
from hub.flows.sweep import Sweep
from hub.flows.try_out import TryOut
from hub.flows.verify import Verify
from hub.flows.void import Void
from hub.flows.wake import Errand, Wake
from hub.flows.watch import Watch
from hub.ports import Bus, Clock, Limiter, Randomness, Store, StoredKey
from hub.routes.headers import SecurityHeaders
from hub.routes.table import starlette
from hub.services import Draining, Places, Services
from hub.settings import Settings
from hub.sockets.device import DeviceSocket
from hub.sockets.login import LoginSocket

SWEEP_EVERY_S = 1.0
LOOK_AT_KEYS_EVERY_S = 30.0

log = structlog.get_logger()


class Common(TypedDict):
    """What every flow takes."""

    store: Store
    bus: Bus
    clock: Clock
    random: Randomness
    vault: ports.Vault
    order: Iterator[int]


class Ringing(Common):
    """What a flow takes that rings phones."""

    tokens: ports.Tokens
    issuer: str
    wake: Wake
    waits: bool


class WrongSecretKey(Exception):
    """The database was set up under another ``HUB_SECRET_KEY``."""


def vault_of(settings: Settings) -> Vault:
    """Return the vault of the settings' secret keys, the newest first."""
    assert settings.secret_key is not None  # noqa: S101  # the settings' own check
    keys = (settings.secret_key, *settings.secret_key_previous)
    return Vault([Secret(key.get_secret_value()) for key in keys])


async def unlock(store: Store, vault: Vault) -> None:
    """Check the secret key against the database's check value, and take the key that never rotates.

    Raises:
        WrongSecretKey: nothing in this database would open.
    """
    fresh = base64.b64encode(SystemRandomness().entropy(STEADY_KEY_BYTES)).decode()
    async with store.begin() as tx:
        check = await tx.keys.keep("check", vault.check_value())
        if not vault.opens(check):
            raise WrongSecretKey("HUB_SECRET_KEY is not the one that this database was set up with")
        if vault.needs_renewal(check):
            await tx.keys.replace("check", vault.check_value())
        kept = await tx.keys.keep("steady", vault.seal("steady", fresh))
        vault.use_steady_key(base64.b64decode(vault.unseal("steady", kept)))
        if vault.needs_renewal(kept):
            await tx.keys.replace("steady", vault.seal("steady", vault.unseal("steady", kept)))


async def vapid_key(store: Store, vault: Vault) -> str:
    """Return the key that names the hub to push services, as PEM; it is made at the first start.

    Where it no longer opens there is a new one, and phones subscribe anew as they connect.
    """
    async with store.begin() as tx:
        kept = await tx.keys.keep("vapid", vault.seal("vapid", new_vapid_key()))
        try:
            pem = vault.unseal("vapid", kept)
        except ValueError:
            log.warning("push.key_replaced", meaning="the old one was sealed under a secret key that is gone")
            pem = new_vapid_key()
        if vault.needs_renewal(kept):
            await tx.keys.replace("vapid", vault.seal("vapid", pem))
    return pem


async def key_ring(store: Store, vault: Vault, clock: Clock) -> KeyRing:
    """Return the signing keys; the first is made at the first start.

    A key sealed under an earlier secret key gets a successor in time; where none opens any more, a new one
    signs at once (a phone that does not know it fetches the hub's keys again).
    """
    async with store.read() as tx:
        stored = await tx.keys.signing()
    opened = [key for key in stored if _opens(key, vault)]
    if opened and not vault.needs_renewal(opened[-1].private):
        return KeyRing.load(opened, vault)
    now = clock.now()
    fresh = new_signing_key(now, now + PUBLISHED_AHEAD if opened else now, vault)
    async with store.begin() as tx:
        # Several processes may start at once: the first one's key is everybody's.
        name = f"signing-key-after-{stored[-1].kid if stored else 'none'}"
        if await tx.keys.keep(name, fresh.kid) == fresh.kid:
            await tx.keys.add_signing(fresh)
    async with store.read() as tx:
        return KeyRing.load(await tx.keys.signing(), vault)


def _opens(key: StoredKey, vault: Vault) -> bool:
    try:
        KeyRing.load([key], vault)
    except ValueError:
        return False
    return True


async def rotate_keys(store: Store, vault: Vault, clock: Clock) -> StoredKey:
    """Publish a new signing key now that signs an hour from now; older ones stay as long as their tokens."""
    now = clock.now()
    key = new_signing_key(now, now + PUBLISHED_AHEAD, vault)
    async with store.begin() as tx:
        await tx.keys.add_signing(key)
    return key


@asynccontextmanager
async def open_services(
    settings: Settings,
    *,
    clock: Clock | None = None,
    random: Randomness | None = None,
) -> AsyncIterator[tuple[Services, Sweep]]:
    """Plug everything together; what is opened is closed at the end.

    Raises:
        WrongSecretKey, Unavailable (no database), GeoDatabaseUnreadable.
    """
    clock, random = clock or SystemClock(), random or SystemRandomness()
    enforced = settings.rate_limits == "on"
    if not enforced:
        log.warning("limits.off", meaning="limits per address and tenant and growing waits are lifted")
    async with AsyncExitStack() as stack:
        store: SqlStore = await stack.enter_async_context(open_store(settings.database_url))
        vault = vault_of(settings)
        await unlock(store, vault)
        address = settings.address
        tokens = Tokens(address.origin, await key_ring(store, vault, clock), vault.keys("login-ticket"))
        bus: Bus
        limiter: Limiter
        if settings.redis_url is not None:
            url = settings.redis_url.get_secret_value()
            bus = redis = await stack.enter_async_context(RedisBus(url))
            limiter = await stack.enter_async_context(Counters(url, redis, enforced=enforced))
        else:
            bus = MemoryBus()
            limiter = Counters(enforced=enforced)
        hasher = stack.enter_context(Hasher())
        geo = stack.enter_context(Geo(settings.geoip_database, packaged_database()))
        flow = Common(store=store, bus=bus, clock=clock, random=random, vault=vault, order=count())
        vapid = Vapid.load(await vapid_key(store, vault), settings.vapid_subject)
        pusher = await stack.enter_async_context(WebPusher(vapid, clock, settings.push_allow))
        wake = Wake(**flow, pusher=pusher)
        ring = Ringing(**flow, tokens=tokens, issuer=address.origin, wake=wake, waits=enforced)
        known = KnownBrowsers(**flow)
        passkeys = Passkeys(address)
        verify = Verify(**flow, passkeys=passkeys)
        relocate = Relocate(**flow, address=address)
        devices = Devices(**flow, tokens=tokens, pusher=pusher)
        watch = Watch(**flow, tokens=tokens, waits=enforced)
        services = Services(
            public_url=address,
            store=store,
            bus=bus,
            clock=clock,
            random=random,
            vault=vault,
            tokens=tokens,
            geo=geo,
            agents=Agents(),
            pusher=pusher,
            wake=wake,
            begin=Begin(**ring, limiter=limiter, watch=watch, known_browsers=known),
            sign_in=SignIn(**ring, hasher=hasher, limiter=limiter, watch=watch),
            watch=watch,
            complete=Complete(**flow, watch=watch, known_browsers=known),
            approve=Approve(**flow, tokens=tokens, known_browsers=known, verify=verify, wake=wake),
            credentials=Credentials(**flow, tokens=tokens, passkeys=passkeys, verify=verify),
            activate=Activate(**flow, known_browsers=known),
            enroll=Enroll(
                **flow,
                tokens=tokens,
                limiter=limiter,
                passkeys=passkeys,
                pusher=pusher,
                relocate=relocate,
            ),
            relocate=relocate,
            devices=devices,
            exchange=Exchange(**flow, tokens=tokens, limiter=limiter, devices=devices),
            try_out=TryOut(**ring, limiter=limiter),
            sessions=Sessions(**flow),
            administer=Administer(**flow, hasher=hasher, void=Void(**flow, wake=wake)),
            draining=Draining(),
            anonymous_sockets=Places(ANONYMOUS_SOCKETS_PER_IP if enforced else None),
            long_polls=Places(LONG_POLLS_PER_IP if enforced else None),
            watching_sockets=Places(WATCHING_SOCKETS_PER_IP if enforced else None),
        )
        yield services, Sweep(**ring)


@asynccontextmanager
async def working(services: Services, sweep: Sweep, settings: Settings) -> AsyncIterator[None]:
    """Sweep, wake phones, and look at the signing keys, while the context is open."""
    async with asyncio.TaskGroup() as tasks:
        sweeping = tasks.create_task(_sweep(sweep))
        waking = tasks.create_task(_wake(services.wake))
        looking = tasks.create_task(_look_at_keys(services, settings))
        try:
            yield
        finally:
            sweeping.cancel()
            waking.cancel()
            looking.cancel()


async def _sweep(sweep: Sweep) -> None:
    while True:
        more = False
        try:
            more = await sweep.once()
        except Unavailable:
            log.warning("sweep.waits", why="no database")
        except Exception:
            # One bad row must not stop what ends all others.
            log.exception("sweep.failed")
        await asyncio.sleep(0 if more else SWEEP_EVERY_S)


async def _wake(wake: Wake) -> None:
    """Send web pushes, several at once, none of which can hold up another's login or the others."""
    async with asyncio.TaskGroup() as tasks:
        while True:
            turn = await wake.line.next()
            tasks.create_task(_do(wake, turn))


async def _do(wake: Wake, turn: Turn[Errand]) -> None:
    try:
        await wake.do(turn.what)
    except Unavailable:
        log.warning("push.dropped", why="no database")
    except Exception:
        log.exception("push.failed")
    finally:
        wake.line.done(turn)


async def _look_at_keys(services: Services, settings: Settings) -> None:
    """Notice a rotation long before the new key signs: that is an hour after it was published."""
    while True:
        await asyncio.sleep(LOOK_AT_KEYS_EVERY_S)
        try:
            ring = await key_ring(services.store, vault_of(settings), services.clock)
        except Unavailable:
            continue
        except Exception:
            log.exception("keys.not_read")
            continue
        assert isinstance(services.tokens, Tokens)  # noqa: S101  # this module put it there
        services.tokens.use(ring)


class Hub:
    """The hub as an ASGI application: sockets as bare endpoints, everything else by Starlette."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock
        self.services: Services | None = None
        self._web = starlette()
        self._pages = SecurityHeaders(self._web, settings.address)
        self._sockets: dict[str, DeviceSocket | LoginSocket] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or the lifespan."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket" and (socket := self._sockets.get(scope["path"])):
            await socket(scope, receive, send)
        else:
            await self._pages(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        started = False
        try:
            async with self.running():
                await send({"type": "lifespan.startup.complete"})
                started = True
                await receive()
        except Exception as error:
            if started:
                log.exception("stop.failed")
                await send({"type": "lifespan.shutdown.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.failed", "message": str(error) or type(error).__name__})
            return
        await send({"type": "lifespan.shutdown.complete"})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Services]:
        """Open everything, and work, while the context is open; raises PhonesLeftBehind."""
        async with (
            open_services(self.settings, clock=self.clock) as (services, sweep),
            AsyncExitStack() as stack,
        ):
            if before := await services.relocate.keep():
                log.warning("address.changed", old=before.origin, new=services.public_url.origin)
            await stack.enter_async_context(working(services, sweep, self.settings))
            self.services = self._web.state.services = services
            self._sockets = {"/ws/device": DeviceSocket(services), "/ws/login": LoginSocket(services)}
            yield services
