"""The socket of a waiting browser: how its sign-in stands, at once and on every change."""

from collections.abc import Callable
from dataclasses import dataclass

from hub.domain.ids import LoginId
from hub.flows.base import login_topic
from hub.flows.watch import View
from hub.protocol import (
    AUTHENTICATE_WITHIN_S,
    HEARTBEAT_S,
    LoginResolved,
    MalformedFrame,
    Subprotocol,
    Wire,
    parse_watch,
)
from hub.services import Services
from hub.sockets.closing import Done, Malformed, NotAuthenticated
from hub.sockets.handshake import Refused, chosen, header, let_in, peer
from hub.sockets.serve import Connection, Receive, Scope, Send
from hub.views import look_again_within_s, state


@dataclass(slots=True)
class Watcher:
    """A browser that has shown its ticket; *told* is the version that it knows."""

    services: Services
    login_id: LoginId
    told: str = ""
    view: View | None = None

    async def look(self) -> list[Wire]:
        """Return what has changed since the last look."""
        self.view = await self.services.watch.look(self.login_id)
        now = state(self.view)
        replies: list[Wire] = [] if now.version == self.told else [now]
        self.told = now.version
        resolution = self.view.login.resolution
        if resolution is not None:
            replies.append(LoginResolved.model_validate({"status": resolution.value}))
        return replies

    @property
    def is_over(self) -> bool:
        """Whether the last word is said."""
        return self.view is not None and self.view.login.resolution is not None

    def look_again_within_s(self) -> float:
        """Return after how many seconds to look even if nobody rings."""
        if self.view is None:
            return 0.0
        return look_again_within_s(self.services, self.view, HEARTBEAT_S)


@dataclass(frozen=True, slots=True)
class LoginSocket:
    """``/ws/login`` as an ASGI application."""

    services: Services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""

        async def talk(connection: Connection, proven: Callable[[], None]) -> None:
            await self._talk(connection, header(scope, b"origin"), peer(scope), proven)

        await let_in(self.services, scope, receive, send, self._judge, talk)

    async def _judge(self, scope: Scope) -> Subprotocol:
        origin = header(scope, b"origin")
        foreign = origin is not None and origin != self.services.public_url.origin
        if foreign and not await self.services.watch.any_tenant_allows(origin or ""):
            raise Refused(403, "bad_origin", "No tenant here lets pages of this origin watch.")
        return chosen(scope, (Subprotocol.LOGIN_JSON,))

    async def _talk(
        self, connection: Connection, origin: str | None, address: str, proven: Callable[[], None]
    ) -> None:
        login_id = self.services.watch.login_of(await _ticket(connection))
        if login_id is None:
            raise NotAuthenticated
        own = origin is None or origin == self.services.public_url.origin
        if not own and origin not in await self.services.watch.allowed_origins(login_id):
            raise NotAuthenticated
        # A ticket is had for the asking, so those who show one are counted on.
        with self.services.watching_sockets.take(address):
            proven()
            async with self.services.bus.listen(login_topic(login_id), ring=connection.ring):
                await self._watch(connection, Watcher(self.services, login_id))

    async def _watch(self, connection: Connection, watcher: Watcher) -> None:
        while True:
            await connection.say(await watcher.look())
            if watcher.is_over:
                raise Done
            # The browser has nothing more to say; what it sends anyway is counted and left alone.
            await connection.frame(watcher.look_again_within_s())


async def _ticket(connection: Connection) -> str:
    try:
        return parse_watch(await connection.first_frame(AUTHENTICATE_WITHIN_S)).ticket
    except MalformedFrame as error:
        raise Malformed from error
