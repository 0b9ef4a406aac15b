"""What the sockets and the routes are handed: the flows, and the few facts that all of them need."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hub.domain.address import PublicUrl
from hub.domain.errors import RateLimited
from hub.domain.place import Origin
from hub.flows.activate import Activate
from hub.flows.administer import Administer
from hub.flows.approve import Approve
from hub.flows.begin import Begin
from hub.flows.complete import Complete
from hub.flows.credentials import Credentials
from hub.flows.devices import Devices
from hub.flows.enroll import Enroll
from hub.flows.exchange import Exchange
from hub.flows.relocate import Relocate
from hub.flows.sessions import Sessions
from hub.flows.sign_in import SignIn
from hub.flows.try_out import TryOut
from hub.flows.wake import Wake
from hub.flows.watch import Watch
from hub.ports import Agents, Bus, Clock, Geo, Pusher, Randomness, Store, Tokens, Vault

LOOK_WITHOUT_BUS_S = 1.0


@dataclass(slots=True)
class Draining:
    """Whether this process is on its way out: what waits ends early, what is being answered is finished."""

    begun: bool = False
    rings: set[Callable[[], None]] = field(default_factory=set)
    answering: int = 0
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        """Tell everybody who waits."""
        self.begun = True
        for ring in list(self.rings):
            ring()

    @contextmanager
    def spares(self) -> Iterator[None]:
        """Let what happens in the context be finished before the end."""
        self.answering += 1
        try:
            yield
        finally:
            self.answering -= 1
            if not self.answering:
                self._idle.set()

    async def finished(self, within_s: float) -> None:
        """Wait until nothing is being answered, *within_s* seconds at most."""
        try:
            async with asyncio.timeout(within_s):
                while self.answering:
                    self._idle.clear()
                    await self._idle.wait()
        except TimeoutError:
            return

    @contextmanager
    def tells(self, ring: Callable[[], None]) -> Iterator[None]:
        """Call *ring* at the beginning of the end, while the context is open."""
        self.rings.add(ring)
        try:
            yield
        finally:
            self.rings.discard(ring)


@dataclass(slots=True)
class Places:
    """So many at once from one address; *most* is None where an operator lifted the limits."""

    most: int | None
    taken: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def take(self, key: str) -> Iterator[Callable[[], None]]:
        """Hold a place for *key*; the value gives it back early. Raises RateLimited where none is left."""
        if self.most is not None and self.taken.get(key, 0) >= self.most:
            raise RateLimited(retry_after_s=1)
        self.taken[key] = self.taken.get(key, 0) + 1
        held = True

        def give_back() -> None:
            nonlocal held
            if held:
                held = False
                self.taken[key] -= 1
                if not self.taken[key]:
                    del self.taken[key]

        try:
            yield give_back
        finally:
            give_back()


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One process of the hub, put together by hub.app."""

    public_url: PublicUrl
    store: Store
    bus: Bus
    clock: Clock
    random: Randomness
    vault: Vault
    tokens: Tokens
    geo: Geo
    agents: Agents
    pusher: Pusher
    wake: Wake
    begin: Begin
    sign_in: SignIn
    complete: Complete
    watch: Watch
    approve: Approve
    credentials: Credentials
    activate: Activate
    enroll: Enroll
    relocate: Relocate
    devices: Devices
    exchange: Exchange
    try_out: TryOut
    sessions: Sessions
    administer: Administer
    draining: Draining
    anonymous_sockets: Places
    long_polls: Places
    watching_sockets: Places

    def origin(self, ip: str, user_agent: str) -> Origin:
        """Return who asks from *ip*, as far as the hub can tell."""
        browser, system = self.agents.describe(user_agent)
        return Origin(ip=ip, place=self.geo.locate(ip), browser=browser, os=system)

    def look_within_s(self, longest: float) -> float:
        """Return after how many seconds to look even if nobody rings: once a second while the bus is down."""
        return longest if self.bus.is_up else min(longest, LOOK_WITHOUT_BUS_S)
