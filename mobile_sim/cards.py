"""The requests that wait for the person: verified, kept until they end, put away in time."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final, Literal

from hub import protocol as wire
from mobile_sim import events
from mobile_sim.device import Account, Request, RequestRefused, UnknownKey
from mobile_sim.state import Keeper

LONGEST_LOOK_S: Final = 30.0
JWKS_EVERY_S: Final = 60.0

Emit = Callable[[events.Event], None]
FetchKeys = Callable[[str], Awaitable[Mapping[str, Any] | None]]


class Cards:
    """One account's open requests; *hub_now* is the hub's time in Unix seconds."""

    def __init__(
        self,
        account: Account,
        keeper: Keeper,
        emit: Emit,
        hub_now: Callable[[], float],
        fetch_keys: FetchKeys,
    ) -> None:
        self.account = account
        self.open: dict[str, Request] = {}
        self.sent: set[str] = set()
        self.shown: set[str] = set()
        self._expired: set[str] = set()
        self._keeper = keeper
        self._emit = emit
        self._hub_now = hub_now
        self._fetch_keys = fetch_keys
        self._keys_asked_at: float | None = None

    async def welcome(self, ready: wire.Ready) -> None:
        """Take what the hub says is pending as the truth, after every (re)connection."""
        self._emit(events.Ready(self.account, len(ready.pending)))
        pending = {challenge.id for challenge in ready.pending}
        for gone in [id_ for id_ in self.open if id_ not in pending]:
            self._put_away(gone, "not_pending")
        unanswered = set(self.sent)
        self.sent.clear()
        for challenge in ready.pending:
            if challenge.id in self.open and challenge.id in unanswered:
                self._emit(events.Asked(self.account, self.open[challenge.id], again=True))
            await self._consider(challenge)

    async def receive(self, message: wire.AnyHubMessage) -> None:
        """Take one message of an open conversation."""
        match message:
            case wire.ChallengeMessage():
                await self._consider(message)
            case wire.Decided(id=id_, status=status, reason=reason):
                self._drop(id_)
                self._emit(events.Decided(self.account, id_, status, reason))
            case wire.Resolved(id=id_, status=status):
                self._drop(id_)
                self._emit(events.Resolved(self.account, id_, status))
            case wire.Reported(id=id_):
                self._emit(events.Reported(self.account, id_))
            case wire.ErrorMessage():
                self._fail(message)
            case wire.Hello() | wire.Ready():
                pass  # Said once, at the start.
            case wire.TestAsked(id=id_):
                self._emit(events.TestAsked(self.account, id_))
            case wire.PushState() | wire.Renamed() | wire.Left() | wire.CredentialAdded():
                pass  # Answers to what this phone does not say.

    def clear(self) -> None:
        """Lay all cards off."""
        self.open.clear()
        self.sent.clear()
        self.shown.clear()

    def knows(self, id_: str) -> bool:
        """Return whether this request lies here, or has lain here before the person."""
        return id_ in self.open or id_ in self.shown

    def read(self, challenge: wire.ChallengeMessage) -> Request:
        """Return the request in *challenge*, without laying it here; raises as :meth:`Account.read`."""
        return self.account.read(challenge, self._hub_now())

    def next_look_s(self) -> float:
        """Return the seconds until a card may have to be put away."""
        now = self._hub_now()
        return max(0.01, min([LONGEST_LOOK_S, *(card.until - now for card in self.open.values())]))

    def put_away_expired(self) -> None:
        """Put away every card whose time is up."""
        now = self._hub_now()
        for id_ in [id_ for id_, card in self.open.items() if card.until <= now]:
            self._expired.add(id_)
            self._put_away(id_, "expired")

    async def _consider(self, challenge: wire.ChallengeMessage) -> None:
        # The hub may still count one as pending, within its leeway, that ran out here.
        if challenge.id in self.open or challenge.id in self._expired:
            return
        try:
            request = await self._verified(challenge)
        except RequestRefused as refusal:
            self._emit(events.Refused(self.account, challenge.id, refusal.why))
            return
        self.open[request.id] = request
        self._emit(events.Asked(self.account, request))

    async def _verified(self, challenge: wire.ChallengeMessage) -> Request:
        try:
            return self.read(challenge)
        except UnknownKey:
            if not await self._renew_keys():
                raise
            return self.read(challenge)

    async def _renew_keys(self) -> bool:
        now = self._hub_now()
        if self._keys_asked_at is not None and abs(now - self._keys_asked_at) < JWKS_EVERY_S:
            return False
        self._keys_asked_at = now
        jwks = await self._fetch_keys(self.account.issuer)
        if jwks is None:
            return False
        self.account = replace(self.account, jwks=jwks)
        self._keeper.put(self.account)
        return True

    def _fail(self, error: wire.ErrorMessage) -> None:
        # One answer under way and no id: the error can only be about that one.
        about = error.id or (next(iter(self.sent)) if len(self.sent) == 1 else None)
        self._emit(events.Failed(self.account, error.code.value, error.detail, about))
        if about is None:
            return
        self.sent.discard(about)
        if error.code is wire.ErrorCode.NOT_FOUND and about in self.open:
            self._put_away(about, "not_pending")

    def _put_away(self, id_: str, why: Literal["expired", "not_pending"]) -> None:
        self._drop(id_)
        self._emit(events.PutAway(self.account, id_, why))

    def _drop(self, id_: str) -> None:
        self.open.pop(id_, None)
        self.sent.discard(id_)
