"""A phone's socket: who it is, what waits for it, what it answers."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.domain.challenge import Challenge, Report
from hub.domain.device import Device
from hub.domain.errors import AlreadySettled, DeviceRefusal
from hub.domain.ids import ChallengeId, DeviceId
from hub.domain.secret import Secret
from hub.flows.base import device_topic
from hub.flows.devices import Admitted, Sight
from hub.protocol import (
    AUTHENTICATE_WITHIN_S,
    HEARTBEAT_S,
    MALFORMED_IN_A_ROW,
    AccountFacts,
    Ack,
    Authenticate,
    ChallengeMessage,
    Decide,
    Decided,
    DeviceFacts,
    ErrorCode,
    ErrorMessage,
    Hello,
    MalformedFrame,
    Ready,
    Reported,
    Resolved,
    Subprotocol,
    TenantFacts,
    UnknownMessage,
    Wire,
    parse_device_message,
    wire_time,
)
from hub.protocol import (
    Report as ReportMessage,
)
from hub.services import Services
from hub.sockets.closing import ConnectedElsewhere, Malformed, error_code
from hub.sockets.handshake import chosen, let_in
from hub.sockets.serve import Connection, Receive, Scope, Send

SUBPROTOCOLS = (Subprotocol.DEVICE_MSGPACK, Subprotocol.DEVICE_JSON)


@dataclass(frozen=True, slots=True)
class Stranger:
    """A connection before it has proven anything."""

    services: Services
    nonce: str

    def greeting(self) -> Hello:
        """Return the hub's first message."""
        now = self.services.clock.now()
        return Hello(nonce=self.nonce, issuer=self.services.public_url.origin, server_time=wire_time(now))

    async def authenticate(self, message: Authenticate) -> Admitted:
        """Return whose phone it is; raises BadProof, DeviceRemoved."""
        return await self.services.devices.admit(DeviceId(message.device_id), message.proof, self.nonce)


@dataclass(slots=True)
class Phone:
    """A connection that has proven whose it is; *shown* are the cards that it has not put away."""

    services: Services
    admitted: Admitted
    connection: str
    shown: set[ChallengeId] = field(default_factory=set)

    @property
    def device(self) -> Device:
        """The device as it was when it connected."""
        return self.admitted.device

    async def ready(self) -> Ready:
        """Make this the device's newest connection; return what it is told first."""
        sight = await self.services.devices.connect(self.device, self.connection)
        self.shown = {challenge.id for challenge in sight.pending}
        return Ready(
            device=DeviceFacts(id=sight.device.id, name=sight.device.name),
            account=AccountFacts(
                user_id=self.admitted.user.id,
                tenant=TenantFacts(slug=self.admitted.tenant.slug, name=self.admitted.tenant.name),
                email=self.admitted.user.email,
            ),
            heartbeat_s=HEARTBEAT_S,
            pending=[_card(challenge) for challenge in sight.pending],
        )

    async def look(self) -> list[Wire]:
        """Return what has changed since the last look; raises what ends the socket."""
        sight = await self.services.devices.look(self.device.id, self.connection, self.shown)
        return self.see(sight)

    def see(self, sight: Sight) -> list[Wire]:
        """Return what *sight* shows that this phone has not been told."""
        if sight.superseded:
            raise ConnectedElsewhere
        fresh = [challenge for challenge in sight.pending if challenge.id not in self.shown]
        replies: list[Wire] = [
            Resolved.model_validate({"id": each, "status": status.value}) for each, status in sight.over
        ]
        self.shown -= {each for each, _ in sight.over}
        self.shown |= {challenge.id for challenge in fresh}
        return [*replies, *(_card(challenge) for challenge in fresh)]

    async def answer(self, message: Ack | Decide | ReportMessage) -> list[Wire]:
        """Return the replies to one message."""
        try:
            match message:
                case Ack():
                    await self.services.approve.ack(self.device, ChallengeId(message.id))
                    return []
                case Decide():
                    return [await self._decide(message)]
                case ReportMessage():
                    reason = Report(message.reason)
                    await self.services.approve.report(self.device, ChallengeId(message.id), reason)
                    return [Reported(id=message.id)]
        except AlreadySettled as settled:
            return [self._decided(settled.about or "", settled.status, settled.reason)]
        except DeviceRefusal as refusal:
            return [ErrorMessage(code=error_code(refusal), detail=str(refusal), id=refusal.about)]

    async def _decide(self, message: Decide) -> Decided:
        pin = Secret(message.pin) if message.pin is not None else None
        settled = await self.services.approve.decide(self.device, message.decision, pin)
        return self._decided(settled.id, settled.status, settled.reason)

    def _decided(self, challenge_id: str, status: str, reason: str | None) -> Decided:
        self.shown.discard(ChallengeId(challenge_id))
        told = {"id": challenge_id, "status": str(status), "reason": str(reason) if reason else None}
        return Decided.model_validate(told)


def _card(challenge: Challenge) -> ChallengeMessage:
    return ChallengeMessage(id=challenge.id, request=challenge.request)


@dataclass(frozen=True, slots=True)
class DeviceSocket:
    """``/ws/device`` as an ASGI application."""

    services: Services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await let_in(self.services, scope, receive, send, self._judge, self._talk)

    async def _judge(self, scope: Scope) -> Subprotocol:
        return chosen(scope, SUBPROTOCOLS)

    async def _talk(self, connection: Connection, proven: Callable[[], None]) -> None:
        stranger = Stranger(self.services, _nonce(self.services))
        await connection.say([stranger.greeting()])
        admitted = await stranger.authenticate(await _first(connection))
        proven()
        async with self.services.bus.listen(device_topic(admitted.device.id), ring=connection.ring):
            phone = Phone(self.services, admitted, _nonce(self.services))
            await connection.say([await phone.ready()])
            await self._go_on(connection, phone)

    async def _go_on(self, connection: Connection, phone: Phone) -> None:
        malformed = 0
        while True:
            frame = await connection.frame(self.services.look_within_s(HEARTBEAT_S))
            if frame is None:
                await connection.say(await phone.look())
                continue
            try:
                message = parse_device_message(frame, connection.subprotocol)
            except UnknownMessage as error:
                malformed = 0
                await connection.say([ErrorMessage(code=ErrorCode.UNKNOWN_TYPE, detail=str(error))])
                continue
            except MalformedFrame as error:
                malformed += 1
                if malformed == MALFORMED_IN_A_ROW:
                    raise Malformed from error
                await connection.say([ErrorMessage(code=ErrorCode.MALFORMED, detail=str(error))])
                continue
            malformed = 0
            if not isinstance(message, Authenticate):
                with self.services.draining.spares():
                    await connection.say(await phone.answer(message))


async def _first(connection: Connection) -> Authenticate:
    frame = await connection.first_frame(AUTHENTICATE_WITHIN_S)
    try:
        message = parse_device_message(frame, connection.subprotocol)
    except (MalformedFrame, UnknownMessage) as error:
        raise Malformed from error
    if not isinstance(message, Authenticate):
        raise Malformed
    return message


def _nonce(services: Services) -> str:
    return base64.urlsafe_b64encode(services.random.entropy(16)).rstrip(b"=").decode()
