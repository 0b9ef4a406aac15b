"""Waking phones that hold no socket by web push, and telling them when it is over; beside every login.

Who asks or ends a challenge only says so here, after the commit, and goes on. What is said waits in a bounded
line of this process. A push that is lost with it does no harm: the phone hears of all as it connects.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from hub.domain.audit import Event
from hub.domain.challenge import Challenge, Status
from hub.domain.device import Device
from hub.domain.ids import ChallengeId, DeviceId
from hub.flows.base import Flow, login_topic
from hub.flows.line import Line, Share
from hub.flows.reach import Reach
from hub.ports import Push, Pusher, PushResult
from hub.protocol import PUSH_PLAINTEXT_MAX_BYTES, PushedChallenge, PushedResolved, PushSubscription, Wire

WAITING = 1000
AT_ONCE = 64
# Nobody's phones, and no push service, may hold up everybody else's.
OF_A_PERSON = 4
OF_A_SERVICE = AT_ONCE // 2
# What asked first gets its answer; to encrypt costs more than a login can be seen to take.
AFTER_THE_ANSWER_S = 0.05
RESOLVED_LIFE = timedelta(seconds=60)
FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 30.0
LOST = frozenset({PushResult.GONE, PushResult.FORBIDDEN_ADDRESS})
AGAIN = frozenset({PushResult.LATER, PushResult.NO_ANSWER})


class Unsent(StrEnum):
    """Why a push was not tried, or not again."""

    NO_ROOM = "no_room"
    TOO_LATE = "too_late"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True, slots=True)
class Asking:
    """A challenge to be pushed to *devices*, whose subscriptions were known when it was claimed."""

    devices: tuple[Device, ...]
    reach: Reach


@dataclass(frozen=True, slots=True)
class Over:
    """A challenge that has ended: those who were pushed hear of it."""

    challenge_id: ChallengeId


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one phone; *sealed* is its subscription as stored, *tries* how often it was sent."""

    device: Device
    sealed: str
    subscription: PushSubscription
    message: Wire
    topic: str
    until: datetime
    reach: Reach | None = None
    tries: int = 0


Errand = Asking | Over | Letter
Shares = tuple[Share, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake(Flow):
    """The web pushes of this process; :attr:`line` is worked off by hub.app."""

    pusher: Pusher
    line: Line[Errand] = field(default_factory=lambda: Line(WAITING, AT_ONCE))
    results: Counter[PushResult | Unsent] = field(default_factory=Counter)

    def challenge(
        self, challenge: Challenge, devices: Iterable[Device], *, unreachable_from: datetime
    ) -> bool:
        """Push *challenge* to *devices*, which were claimed for it and have subscriptions; after the commit.

        Args:
            unreachable_from: when it is said at the earliest that no phone is reached, if all pushes fail.

        Returns:
            False where too many wait, and it is not pushed.
        """
        asked = tuple(devices)
        to = frozenset(device.id for device in asked)
        return self._put(Asking(asked, Reach(challenge, to, unreachable_from)))

    def over(self, *challenges: Challenge) -> None:
        """Tell the phones that were pushed that these have ended; after the commit."""
        for challenge in challenges:
            unpushed = challenge.pushed_to is None and challenge.shown_at is not None
            if challenge.user_id is not None and challenge.pushed_to != () and not unpushed:
                self._put(Over(challenge.id))

    async def do(self, errand: Errand) -> None:
        """Do what had its turn."""
        match errand:
            case Asking():
                await self._ask(errand)
            case Over():
                await self._tell(errand)
            case Letter():
                await self._send(errand)

    def _put(self, errand: Errand, *, after_s: float = AFTER_THE_ANSWER_S, shares: Shares = ()) -> bool:
        taken = self.line.put(errand, after_s=after_s, shares=shares)
        if not taken:
            self.results[Unsent.NO_ROOM] += 1
        return taken

    async def _ask(self, asking: Asking) -> None:
        challenge = asking.reach.challenge
        account = challenge.user_id or ""
        message = PushedChallenge(id=challenge.id, request=challenge.request, account=account)
        if len(_text(message).encode()) > PUSH_PLAINTEXT_MAX_BYTES:
            message = message.model_copy(update={"request": None})
        for device in asking.devices:
            await self._post(device, message, challenge.id, challenge.expires_at, asking.reach)

    async def _tell(self, over: Over) -> None:
        async with self.store.read() as tx:
            challenge = await tx.challenges.get(over.challenge_id)
            if challenge.user_id is None or not challenge.pushed_to:
                return
            devices = await tx.devices.of_user(challenge.user_id)
        now = self.clock.now()
        status = challenge.status_at(now)
        if status is Status.PENDING:
            return
        told = {"id": challenge.id, "status": status.value, "account": challenge.user_id}
        message = PushedResolved.model_validate(told)
        for device in devices:
            if device.id in challenge.pushed_to and device.id != challenge.decided_by:
                await self._post(device, message, challenge.id, now + RESOLVED_LIFE, None)

    async def _post(
        self, device: Device, message: Wire, challenge_id: ChallengeId, until: datetime, reach: Reach | None
    ) -> None:
        """Let one message wait for its turn."""
        sealed = device.subscription
        if sealed is None:
            return
        subscription = self._open(sealed)
        if subscription is None:
            # Sealed under a key that is gone: the phone subscribes anew when it connects.
            await self._forget(device, sealed, why="not_readable")
            await self._failed(reach, device.id, for_good=True)
            return
        letter = Letter(device, sealed, subscription, message, _topic(challenge_id), until, reach)
        if not self._queue(letter, after_s=0.0):
            await self._failed(reach, device.id, for_good=True)

    def _queue(self, letter: Letter, *, after_s: float) -> bool:
        # One at a time to a phone: what came later must not overtake.
        shares = (
            Share(letter.device.id, 1),
            Share(letter.device.user_id, OF_A_PERSON),
            Share(urlsplit(letter.subscription.endpoint).netloc, OF_A_SERVICE),
        )
        return self._put(letter, after_s=after_s, shares=shares)

    def _open(self, sealed: str) -> PushSubscription | None:
        try:
            return PushSubscription.model_validate_json(self.vault.unseal("subscription", sealed))
        except ValueError:
            return None

    async def _send(self, letter: Letter) -> None:
        if letter.reach is not None and not await self._still_waits(letter.reach.challenge):
            self.results[Unsent.NOT_NEEDED] += 1
            return
        ttl_s = int((letter.until - self.clock.now()).total_seconds())
        if ttl_s < 1:
            self.results[Unsent.TOO_LATE] += 1
            await self._failed(letter.reach, letter.device.id, for_good=True)
            return
        answer = await self.pusher.send(Push(letter.subscription, _text(letter.message), ttl_s, letter.topic))
        self.results[answer.result] += 1
        if answer.result is PushResult.TAKEN:
            if letter.reach is not None:
                letter.reach.taken()
            return
        if answer.result in LOST:
            await self._forget(letter.device, letter.sealed, why=answer.result.value)
        again = answer.result in AGAIN and self._again(letter, answer.retry_after_s)
        await self._failed(letter.reach, letter.device.id, for_good=not again)

    def _again(self, letter: Letter, retry_after_s: float | None) -> bool:
        """Let it wait for another try, if there is time for one; say whether there is."""
        backoff_s = min(FIRST_BACKOFF_S * 2**letter.tries, LONGEST_BACKOFF_S)
        # Jitter: those whom one outage turned away must not come back all at once.
        after_s = max(backoff_s, retry_after_s or 0.0) * (1 + self.random.entropy(1)[0] / 1024)
        if self.clock.now() + timedelta(seconds=after_s + 1) > letter.until:
            self.results[Unsent.TOO_LATE] += 1
            return False
        return self._queue(replace(letter, tries=letter.tries + 1), after_s=after_s)

    async def _still_waits(self, challenge: Challenge) -> bool:
        now = self.clock.now()
        async with self.store.read() as tx:
            found = await tx.challenges.get(challenge.id)
        return found.status_at(now) is Status.PENDING and found.shown_at is None

    async def _failed(self, reach: Reach | None, device_id: DeviceId, *, for_good: bool) -> None:
        """Note that a phone was not reached; where none was, the page says so."""
        at = reach.failed(device_id, self.clock.now(), for_good=for_good) if reach is not None else None
        if reach is None or at is None:
            return
        challenge = reach.challenge
        async with self.store.begin() as tx:
            await tx.challenges.note(replace(challenge, unreachable_at=at))
        if challenge.login_id is not None:
            await self.bus.publish(login_topic(challenge.login_id))

    async def _forget(self, device: Device, sealed: str, *, why: str) -> None:
        """Forget a subscription that leads nowhere; the phone hears of it when it connects."""
        async with self.store.begin() as tx:
            if await tx.devices.forget_subscription(device.id, sealed):
                await tx.audit.add(
                    self.record(
                        Event.DEVICE_PUSH_LOST,
                        device.tenant_id,
                        self.clock.now(),
                        user_id=device.user_id,
                        data={"device": device.id, "name": device.name, "why": why},
                    )
                )


def _topic(challenge_id: ChallengeId) -> str:
    """Return what replaces an earlier push of the same challenge: 32 characters that say nothing else."""
    digest = hashlib.sha256(challenge_id.encode()).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def _text(message: Wire) -> str:
    return message.model_dump_json(exclude_none=True)
