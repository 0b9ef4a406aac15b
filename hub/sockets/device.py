"""A phone's socket: who it is, what waits for it, what it answers."""

import base64
from collections.abc import Callable
from dataclasses import dataclass

from hub.domain.errors import DeviceRemoved
from hub.domain.ids import DeviceId
from hub.flows.base import device_topic
from hub.flows.devices import Admitted
from hub.phones import Phone
from hub.protocol import (
    AUTHENTICATE_WITHIN_S,
    HEARTBEAT_S,
    MALFORMED_IN_A_ROW,
    Authenticate,
    ErrorCode,
    ErrorMessage,
    Hello,
    Left,
    MalformedFrame,
    Subprotocol,
    UnknownMessage,
    parse_device_message,
    wire_time,
)
from hub.services import Services
from hub.sockets.closing import Malformed
from hub.sockets.handshake import address, chosen, header, let_in
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


@dataclass(frozen=True, slots=True)
class DeviceSocket:
    """``/ws/device`` as an ASGI application."""

    services: Services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""

        async def talk(connection: Connection, proven: Callable[[], None]) -> None:
            await self._talk(connection, scope, proven)

        await let_in(self.services, scope, receive, send, self._judge, talk)

    async def _judge(self, scope: Scope) -> Subprotocol:
        return chosen(scope, SUBPROTOCOLS)

    async def _talk(self, connection: Connection, scope: Scope, proven: Callable[[], None]) -> None:
        stranger = Stranger(self.services, _nonce(self.services))
        await connection.say([stranger.greeting()])
        admitted = await stranger.authenticate(await _first(connection))
        proven()
        phone = Phone(
            self.services, admitted, stranger.nonce, address(scope), header(scope, b"user-agent") or ""
        )
        async with self.services.bus.listen(device_topic(admitted.device.id), ring=connection.ring):
            await connection.say([await phone.connect(_nonce(self.services))])
            await self._go_on(connection, phone)

    async def _go_on(self, connection: Connection, phone: Phone) -> None:
        malformed = 0
        while True:
            frame = await connection.frame(phone.look_within_s(HEARTBEAT_S))
            if frame is None:
                await connection.say(await phone.look())
                continue
            try:
                message = parse_device_message(frame, connection.subprotocol)
                malformed = 0
                if isinstance(message, Authenticate):
                    continue
                with self.services.draining.spares():
                    replies = await phone.answer(message)
                    await connection.say(replies)
            except UnknownMessage as error:
                malformed = 0
                await connection.say([ErrorMessage(code=ErrorCode.UNKNOWN_TYPE, detail=str(error))])
            except MalformedFrame as error:
                malformed += 1
                if malformed == MALFORMED_IN_A_ROW:
                    raise Malformed from error
                await connection.say([ErrorMessage(code=ErrorCode.MALFORMED, detail=str(error))])
            else:
                if any(isinstance(reply, Left) for reply in replies):
                    raise DeviceRemoved


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
