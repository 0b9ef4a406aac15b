"""A phone that sleeps: without a connection while nothing is to be done, woken by a web push."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Final

from hub import protocol as wire
from mobile_sim import events
from mobile_sim.cards import Cards, Emit
from mobile_sim.device import RequestRefused, UnknownKey
from mobile_sim.mailbox import Mailbox, Unreadable

QUIET_S: Final = 3.0


class Sleep:
    """When one account's line may close its connection, and what wakes it again.

    It falls asleep after *quiet_s* without a message, once the hub holds the subscription and no card lies
    open.
    """

    def __init__(
        self, mailbox: Mailbox, quiet_s: float = QUIET_S, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.asleep = False
        self._mailbox = mailbox
        self._quiet_s = quiet_s
        self._now = now
        self._stirred_at = now()
        self._subscribed = self._refused = False
        self._woken = asyncio.Event()
        self._why: events.Woken | None = None
        mailbox.deliver = self._deliver

    def belongs_to(self, cards: Cards, emit: Emit) -> None:
        """Tell what happens through *emit*; *cards* are what keeps the phone awake."""
        self._cards = cards
        self._emit = emit

    @property
    def test_delay_s(self) -> int:
        """Whole seconds after which this phone sleeps, as it stands now; none where it cannot."""
        return 0 if self._refused else min(wire.TEST_DELAY_MAX_S, math.ceil(self._quiet_s) + 2)

    def subscribe(self, ready: wire.Ready) -> wire.SubscribePush:
        """Return what to say after every ``ready``: a phone that started anew has new keys."""
        self._mailbox.hub_key = ready.vapid_public_key
        self._subscribed = self._refused = False
        # Whatever was pushed before it stands in ``pending``.
        self._woken.clear()
        self._why = None
        self._stir()
        return wire.SubscribePush(subscription=self._mailbox.subscription())

    def takes(self, message: wire.AnyHubMessage) -> bool:
        """Notice that the hub speaks; return whether it was about the subscription alone."""
        self._stir()
        match message:
            case wire.PushState(subscribed=subscribed):
                self._subscribed = subscribed
                if subscribed:
                    endpoint = self._mailbox.subscription().endpoint
                    self._emit(events.Subscribed(self._cards.account, endpoint))
                return True
            case wire.ErrorMessage(code=wire.ErrorCode.BAD_SUBSCRIPTION as code, detail=detail):
                hint = f"It cannot sleep: start the hub with HUB_PUSH_ALLOW={self._mailbox.origin}"
                self._emit(events.Failed(self._cards.account, code.value, f"{hint}. The hub says: {detail}"))
                self._refused = True
                return True
            case _:
                return False

    def due_in_s(self) -> float:
        """Return the seconds until the phone may sleep, as it stands now; none while it may not."""
        if not self._subscribed or self._cards.open:
            return math.inf
        return self._stirred_at + self._quiet_s - self._now()

    def falls_asleep(self) -> bool:
        """Return whether the connection is to be closed now; from then on the person wakes the phone too."""
        self.asleep = self.due_in_s() <= 0
        # Pushed and sent over the socket: it has been here.
        if self.asleep and self._why is not None and self._why.id and self._cards.knows(self._why.id):
            self._woken.clear()
        return self.asleep

    def wake(self) -> None:
        """Wake for the person, or for what the person has to say."""
        if self.asleep:
            self._wake(events.Woken(self._cards.account, "person"))

    async def until_woken(self) -> events.Woken:
        """Sleep, with no end but a push or the person; return what it was."""
        try:
            # Set already where a push came while the connection was being closed.
            await self._woken.wait()
        finally:
            self.asleep = False
        return self._why or events.Woken(self._cards.account, "person")

    def _stir(self) -> None:
        self._stirred_at = self._now()

    def _wake(self, why: events.Woken) -> None:
        self._why = why
        self._woken.set()

    def _deliver(self, body: bytes) -> None:
        account = self._cards.account
        try:
            pushed = self._mailbox.open(body)
            if pushed.account != account.user_id:
                raise Unreadable("it is meant for another account")
        except Unreadable as error:
            self._emit(events.Failed(account, "bad_push", f"A web push was dropped: {error}"))
            return
        match pushed:
            case wire.PushedResolved(id=id_, status=status):
                self._emit(events.Pushed(account, "resolved", id_, status))
            case wire.PushedChallenge(id=id_):
                self._emit(events.Pushed(account, "challenge", id_))
                self._consider(pushed)

    def _consider(self, pushed: wire.PushedChallenge) -> None:
        # The socket was faster, or the card has been here and is over.
        if self._cards.knows(pushed.id):
            return
        account = self._cards.account
        try:
            app = self._app(pushed)
        except RequestRefused as refusal:
            self._emit(events.Refused(account, pushed.id, refusal.why))
            return
        self._wake(events.Woken(account, "push", pushed.id, app))

    def _app(self, pushed: wire.PushedChallenge) -> str | None:
        """Return who asks, out of the verified request alone; nothing where only the hub can tell."""
        if pushed.request is None:
            return None
        try:
            request = self._cards.read(wire.ChallengeMessage(id=pushed.id, request=pushed.request))
        except UnknownKey:
            return None  # Once connected, the hub's new keys are fetched.
        return request.claims.app
