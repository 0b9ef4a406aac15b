"""One account's line to its hub: the device socket, kept up until the hub says otherwise."""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Final, Literal

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.frames import CloseCode
from websockets.typing import Subprotocol as Offered

from hub import protocol as wire
from hub.protocol import Subprotocol
from mobile_sim import closing, events
from mobile_sim.cards import Cards, Emit, FetchKeys
from mobile_sim.closing import Then
from mobile_sim.device import Account, Answer
from mobile_sim.enroll import fetch_jwks
from mobile_sim.sleep import Sleep
from mobile_sim.state import Keeper

OPEN_WITHIN_S: Final = 10.0
SEND_WITHIN_S: Final = 5.0
PING_EVERY_S: Final = 20.0
FRAME_FROM_HUB_MAX: Final = 256 * 1024

Reason = Literal["mistake", "unexpected", "fraud"]


class Line:
    """Connects, verifies, keeps the open cards, sends answers; tells all of it through *emit*."""

    def __init__(
        self,
        account: Account,
        keeper: Keeper,
        emit: Emit,
        *,
        subprotocol: Subprotocol = Subprotocol.DEVICE_MSGPACK,
        sleep: Sleep | None = None,
        test: bool = False,
        chance: random.Random | None = None,
        now: Callable[[], float] = time.time,
        fetch_keys: FetchKeys = fetch_jwks,
    ) -> None:
        self.cards = Cards(account, keeper, emit, self.hub_now, fetch_keys)
        self._keeper = keeper
        self._emit = emit
        self._subprotocol = subprotocol
        self._chance = chance or random.SystemRandom()
        self._now = now
        self._offset_s = 0.0
        self._socket: ClientConnection | None = None
        self._ready_at: float | None = None
        self._at_once = asyncio.Event()
        self._sleep = sleep
        self._unsaid: list[wire.Wire] = [self._test()] if test else []
        if sleep is not None:
            sleep.belongs_to(self.cards, emit)

    @property
    def account(self) -> Account:
        """The account as it is now: the hub's keys may have been renewed."""
        return self.cards.account

    def hub_now(self) -> float:
        """Return the hub's time in Unix seconds, by the offset that it last told."""
        return self._now() + self._offset_s

    def try_now(self) -> None:
        """End a wait between two attempts, or sleep: the person came back, or does not want to wait."""
        self._at_once.set()
        if self._sleep is not None:
            self._sleep.wake()

    async def run(self) -> events.Stopped:
        """Keep the line up; return only when no further attempt may be made by itself."""
        attempt = 0
        while True:
            self._emit(events.Connecting(self.account))
            self._ready_at = None
            closed = await self._one_connection()
            if isinstance(closed, events.Asleep):
                self._emit(closed)
                await self._until_woken()
                attempt = 0
                continue
            # One that was dropped at once counts as a failed attempt, or a busy hub is asked ever faster.
            if self._ready_for_s() >= closing.SETTLED_S:
                attempt = 0
            self._emit(closed)
            then = closing.after(closed.code)
            stopped = self._stop(then)
            if stopped is not None:
                # Whoever comes back later is told of what is then pending as if for the first time.
                self.cards.clear()
                self._emit(stopped)
                return stopped
            in_s = closing.pause_s(then, attempt, self._chance)
            attempt += 1
            self._emit(events.Reconnecting(self.account, in_s))
            await self._pause(in_s)

    async def ack(self, id_: str) -> None:
        """Tell the hub that the request is in front of the person."""
        if id_ not in self.cards.open:
            return
        self.cards.shown.add(id_)
        # Without a connection it is told at the next one.
        if await self._sent(wire.Ack(id=id_)):
            self._emit(events.Acked(self.account, id_))

    async def decide(
        self, id_: str, answer: Answer, pin: str | None = None, match: str | None = None
    ) -> None:
        """Sign and send the answer; what becomes of it comes back as an event."""
        request = self.cards.open.get(id_)
        if request is None:
            return
        decision = self.account.decision(request, answer, self.hub_now(), match)
        self.cards.sent.add(id_)
        message = wire.Decide(decision=decision, pin=pin if answer == "approve" else None)
        await self._send(message, id_)

    async def report(self, id_: str, reason: Reason) -> None:
        """Say why it was denied; a phone that sleeps wakes for it."""
        message = wire.Report(id=id_, reason=reason)
        if self._sleep is not None and self._sleep.asleep:
            self._say_once_ready(message)
        else:
            await self._send(message, id_)

    async def ask_test(self) -> None:
        """Ask for a test request as soon as there is a connection; a phone that sleeps is asleep by then."""
        message = self._test()
        if not await self._sent(message):
            self._say_once_ready(message)

    async def _until_woken(self) -> None:
        if self._sleep is not None:
            self._emit(await self._sleep.until_woken())

    def _test(self) -> wire.AskTest:
        return wire.AskTest(delay_s=0 if self._sleep is None else self._sleep.test_delay_s)

    def _say_once_ready(self, message: wire.Wire) -> None:
        self._unsaid.append(message)
        if self._sleep is not None:
            self._sleep.wake()

    def _ready_for_s(self) -> float:
        return 0.0 if self._ready_at is None else self._now() - self._ready_at

    def _stop(self, then: Then) -> events.Stopped | None:
        match then:
            case Then.FORGET:
                self._keeper.forget(self.account.device_id)
                return events.Stopped(self.account, "removed")
            case Then.STOP:
                return events.Stopped(self.account, "not_authenticated")
            case Then.WAIT_FOR_PERSON:
                return events.Stopped(self.account, "connected_elsewhere")
            case Then.BACK_OFF | Then.RESTART:
                return None

    async def _one_connection(self) -> events.Closed | events.Asleep:
        try:
            async with connect(
                self.account.socket_url,
                subprotocols=[Offered(self._subprotocol.value)],
                compression=None,
                proxy=None,
                max_size=FRAME_FROM_HUB_MAX,
                open_timeout=OPEN_WITHIN_S,
                close_timeout=1,
                # A hub that has gone without a word is noticed within half a minute.
                ping_interval=PING_EVERY_S,
                ping_timeout=PING_EVERY_S / 2,
            ) as socket:
                try:
                    return await self._converse(socket)
                except asyncio.CancelledError:
                    # The person leaves: else the hub would be told of an internal error (1011).
                    await socket.close(wire.Close.GOING_AWAY)
                    raise
        except ConnectionClosed as error:
            if error.rcvd is None:
                return events.Closed(self.account, CloseCode.ABNORMAL_CLOSURE, "the connection broke")
            return events.Closed(self.account, error.rcvd.code, error.rcvd.reason)
        except TimeoutError:
            return events.Closed(self.account, None, "the hub does not answer")
        except InvalidURI:
            return events.Closed(self.account, None, "the account's address is not one of a socket")
        except (OSError, InvalidHandshake) as error:
            return events.Closed(self.account, None, " ".join(str(error).split()))
        finally:
            self._socket = None

    async def _converse(self, socket: ClientConnection) -> events.Closed | events.Asleep:
        async with asyncio.timeout(OPEN_WITHIN_S):
            hello = self._parse(await socket.recv())
            if not isinstance(hello, wire.Hello):
                return events.Closed(self.account, None, "the hub did not say hello")
            if hello.issuer != self.account.issuer:
                return events.Closed(self.account, None, f"another hub answered: {hello.issuer}")
            try:
                self._offset_s = wire.parse_time(hello.server_time).timestamp() - self._now()
            except ValueError:
                return events.Closed(self.account, None, "the hub's time cannot be read")
            self._emit(events.Connected(self.account))
            proof = self.account.proof(hello.nonce, self.hub_now())
            first = wire.Authenticate(device_id=self.account.device_id, proof=proof)
            await socket.send(wire.encode(first, self._subprotocol))
            ready = self._parse(await socket.recv())
            if not isinstance(ready, wire.Ready):
                return events.Closed(self.account, None, "the hub did not answer the proof")
        self._socket = socket
        self._ready_at = self._now()
        await self.cards.welcome(ready)
        for shown in [id_ for id_ in self.cards.shown if id_ in self.cards.open]:
            await self.ack(shown)
        await self._say_what_waited(ready)
        while True:
            try:
                async with asyncio.timeout(self._next_look_s()):
                    frame = await socket.recv()
            except TimeoutError:
                self.cards.put_away_expired()
                if self._sleep is not None and self._sleep.falls_asleep():
                    await socket.close(wire.Close.GOING_AWAY)
                    return events.Asleep(self.account)
                continue
            self.cards.put_away_expired()
            message = self._parse(frame)
            if message is not None and not (self._sleep is not None and self._sleep.takes(message)):
                await self.cards.receive(message)

    async def _say_what_waited(self, ready: wire.Ready) -> None:
        if self._sleep is not None:
            await self._sent(self._sleep.subscribe(ready))
        elif ready.push_subscribed:
            # Left by a phone that slept: its push service has ended with it.
            await self._sent(wire.UnsubscribePush())
        while self._unsaid and await self._sent(self._unsaid[0]):
            self._unsaid.pop(0)

    def _next_look_s(self) -> float:
        look_s = self.cards.next_look_s()
        return look_s if self._sleep is None else max(0.01, min(look_s, self._sleep.due_in_s()))

    def _parse(self, frame: bytes | str) -> wire.AnyHubMessage | None:
        try:
            return wire.parse_hub_message(frame, self._subprotocol)
        except wire.UnknownMessage:
            return None  # The contract grows by fields and messages; what is new is not for this phone.
        except wire.MalformedFrame as error:
            self._emit(events.Failed(self.account, "malformed_from_hub", str(error)))
            return None

    async def _send(self, message: wire.Wire, id_: str) -> None:
        if not await self._sent(message):
            self._emit(events.Failed(self.account, "offline", "There is no connection to the hub.", id_))

    async def _sent(self, message: wire.Wire) -> bool:
        if self._socket is None:
            return False
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                await self._socket.send(wire.encode(message, self._subprotocol))
        except (ConnectionClosed, TimeoutError):
            return False
        return True

    async def _pause(self, in_s: float) -> None:
        self._at_once.clear()
        end = self._now() + in_s
        while (left := end - self._now()) > 0:
            try:
                async with asyncio.timeout(min(left, self.cards.next_look_s())):
                    await self._at_once.wait()
                return
            except TimeoutError:
                self.cards.put_away_expired()
