"""Reading requests: bodies, who asks, and from where; and who may write."""

import json
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import ClientDisconnect, Request

from hub.domain.address import limit_key
from hub.domain.errors import (
    BadOrigin,
    FieldError,
    Invalid,
    MalformedJson,
    TooLarge,
    UnsupportedMediaType,
)
from hub.domain.place import Origin
from hub.routes.cookies import any_of_ours
from hub.services import Services

BODY_MAX_BYTES = 64 * 1024
PAGE_LIMIT = (50, 200)


class Body(BaseModel):
    """What a call takes; unknown fields are ignored, wrong types are refused."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Nothing(Body):
    """A call that takes no body, or an empty one."""


B = TypeVar("B", bound=Body)


def services(request: Request) -> Services:
    """Return the process's services."""
    found: Services = request.app.state.services
    return found


def peer_ip(request: Request) -> str:
    """Return the client's address: the socket's peer, or what a trusted proxy says."""
    return request.client.host if request.client else "unknown"


def per_ip(request: Request) -> str:
    """Return what limits per address are counted by."""
    return limit_key(peer_ip(request))


def origin_of(request: Request) -> Origin:
    """Return who asks, as far as the hub can tell."""
    return services(request).origin(peer_ip(request), request.headers.get("user-agent", ""))


def demand_own_origin(request: Request) -> None:
    """Let a write through that comes from the hub's own pages, or from no browser at all.

    A browser sends its cookies wherever a page points it, and its ``Origin`` with them.
    """
    origin = request.headers.get("origin")
    if origin is None and not any_of_ours(request.cookies):
        return
    if origin != services(request).public_url.origin:
        raise BadOrigin


async def read_body(request: Request, shape: type[B]) -> B:
    """Return the JSON body.

    Raises:
        TooLarge: over 64 KiB.
        UnsupportedMediaType: not application/json.
        MalformedJson, Invalid.
    """
    raw = await read_bytes(request)
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if not raw and issubclass(shape, Nothing):
        return shape()
    if media_type != "application/json":
        raise UnsupportedMediaType
    try:
        decoded = json.loads(raw)
    except (ValueError, RecursionError):
        raise MalformedJson from None
    if not isinstance(decoded, dict):
        raise Invalid(errors=[FieldError("", "The body must be a JSON object.")])
    return shaped(shape, raw)


def shaped(shape: type[B], raw: bytes | str) -> B:
    """Return *raw*, which is JSON, in its shape; raises Invalid."""
    try:
        # As JSON, so that an enum or a list may come as JSON has it; types stay strict.
        return shape.model_validate_json(raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        fields = [FieldError(".".join(map(str, each["loc"])), each["msg"]) for each in found]
        raise Invalid(errors=fields) from None


async def read_bytes(request: Request) -> bytes:
    """Return the body; raises TooLarge as soon as it is."""
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > BODY_MAX_BYTES:
        raise TooLarge
    chunks = bytearray()
    try:
        async for chunk in request.stream():
            chunks += chunk
            if len(chunks) > BODY_MAX_BYTES:
                raise TooLarge
    except ClientDisconnect:
        raise MalformedJson from None
    return bytes(chunks)


def page_limit(request: Request) -> int:
    """Return the query's ``limit``: 50, at most 200; raises Invalid."""
    text = request.query_params.get("limit")
    if text is None:
        return PAGE_LIMIT[0]
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= limit <= PAGE_LIMIT[1]:
        raise Invalid(errors=[FieldError("limit", f"A whole number from 1 to {PAGE_LIMIT[1]}.")])
    return limit
