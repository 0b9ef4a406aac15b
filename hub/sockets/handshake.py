"""The way in: who may connect at all, told as an HTTP answer before anything is accepted."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hub.domain.address import limit_key
from hub.domain.errors import RateLimited, Unavailable
from hub.protocol import Subprotocol
from hub.services import Services
from hub.sockets.serve import Connection, Receive, Scope, Send, accept, refuse, serve

Talk = Callable[[Connection, Callable[[], None]], Awaitable[None]]


@dataclass(eq=False)
class Refused(Exception):
    """The handshake is refused with this HTTP status."""

    status: int
    code: str
    detail: str


async def let_in(
    services: Services,
    scope: Scope,
    receive: Receive,
    send: Send,
    judge: Callable[[Scope], Awaitable[Subprotocol]],
    talk: Talk,
) -> None:
    """Serve one connection that holds a place of its address's until it has proven itself.

    Args:
        judge: returns the subprotocol to speak, or raises Refused.
        talk: the conversation; it calls its second argument once the peer has proven itself.
    """
    try:
        if services.draining.begun:
            raise Unavailable
        with services.anonymous_sockets.take(peer(scope)) as proven:
            connection = await accept(receive, send, await judge(scope))
            await serve(connection, lambda each: talk(each, proven))
    except Refused as refused:
        await refuse(receive, send, refused.status, refused.code, refused.detail)
    except RateLimited as limited:
        await refuse(receive, send, 429, limited.code, str(limited), limited.retry_after_s)
    except Unavailable as unavailable:
        await refuse(receive, send, 503, unavailable.code, str(unavailable), 1)


def header(scope: Scope, name: bytes) -> str | None:
    """Return a handshake header."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)


def address(scope: Scope) -> str:
    """Return the client's address: the socket's peer, or what a trusted proxy says."""
    client = scope.get("client")
    return client[0] if client else ""


def peer(scope: Scope) -> str:
    """Return what limits per address are counted by."""
    return limit_key(address(scope))


def chosen(scope: Scope, known: tuple[Subprotocol, ...]) -> Subprotocol:
    """Return the first subprotocol that the client offers and the hub knows; raises Refused."""
    for offer in scope["subprotocols"]:
        if offer in known:
            return Subprotocol(offer)
    raise Refused(400, "invalid", f"Offer the subprotocol {' or '.join(known)}.")
