"""The calls of a tenant's admins."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.domain.account import Role, UserStatus
from hub.domain.address import is_origin, is_return_address
from hub.domain.audit import Event, Record
from hub.domain.errors import FieldError, Invalid
from hub.domain.ids import AuditId, DeviceId, UserId
from hub.domain.tenant import CHALLENGE_TTL_S, AuthenticationSettings, MatchPolicy, PushMode
from hub.flows.administer import Changes, Person
from hub.flows.devices import Listed
from hub.ports import AuditFilter
from hub.protocol import parse_time, wire_time
from hub.routes.account import device_facts
from hub.routes.http import Body, Nothing, demand_own_origin, page_limit, read_body, services
from hub.routes.session import demand_admin

NO_STORE = {"Cache-Control": "no-store"}


class Settings(Body):
    """The sign-in policy, whole."""

    require_push: bool
    push_mode: Literal["passwordless", "second_factor"]
    match: Literal["off", "new_browser", "always"]
    challenge_ttl_s: int = Field(ge=CHALLENGE_TTL_S[0], le=CHALLENGE_TTL_S[1])
    allowed_origins: list[str] = Field(default_factory=list, max_length=50)
    return_addresses: list[str] = Field(default_factory=list, max_length=200)


class NewUser(Body):
    """A person to add."""

    email: str = Field(max_length=512)
    name: str | None = Field(default=None, max_length=256)
    role: Literal["user", "admin", "owner"] = "user"


class ChangedUser(Body):
    """What to change of a person."""

    name: str | None = Field(default=None, max_length=256)
    email: str | None = Field(default=None, max_length=512)
    role: Literal["user", "admin", "owner"] | None = None
    status: Literal["active", "blocked"] | None = None


async def get_settings(request: Request) -> Response:
    """``GET …/admin/settings/authentication``."""
    signed_in, _ = await demand_admin(request)
    return JSONResponse(_settings_facts(signed_in.tenant.authentication), headers=NO_STORE)


async def put_settings(request: Request) -> Response:
    """``PUT …/admin/settings/authentication``."""
    demand_own_origin(request)
    signed_in, admin = await demand_admin(request)
    body = await read_body(request, Settings)
    settings = AuthenticationSettings(
        require_push=body.require_push,
        push_mode=PushMode(body.push_mode),
        match=MatchPolicy(body.match),
        challenge_ttl_s=body.challenge_ttl_s,
        allowed_origins=_origins(body.allowed_origins),
        return_addresses=_addresses(body.return_addresses),
    )
    changed = await services(request).administer.change_settings(signed_in.tenant.id, settings, by=admin)
    return JSONResponse(_settings_facts(changed), headers=NO_STORE)


async def list_users(request: Request) -> Response:
    """``GET …/admin/users``."""
    signed_in, _ = await demand_admin(request)
    limit, cursor = page_limit(request), request.query_params.get("cursor")
    people = await services(request).administer.users(
        signed_in.tenant.id, limit + 1, UserId(cursor) if cursor else None
    )
    page = people[:limit]
    return JSONResponse(
        {
            "items": [user_facts(person) for person in page],
            "next_cursor": page[-1].user.id if len(people) > limit else None,
        },
        headers=NO_STORE,
    )


async def create_user(request: Request) -> Response:
    """``POST …/admin/users``."""
    demand_own_origin(request)
    signed_in, admin = await demand_admin(request)
    body = await read_body(request, NewUser)
    user = await services(request).administer.create_user(
        signed_in.tenant.id, body.email, by=admin, name=body.name, role=Role(body.role)
    )
    return JSONResponse(user_facts(Person(user, [])), status_code=201, headers=NO_STORE)


async def get_user(request: Request) -> Response:
    """``GET …/admin/users/{id}``."""
    signed_in, _ = await demand_admin(request)
    person = await services(request).administer.user(signed_in.tenant.id, _user_id(request))
    listed = await services(request).devices.listed(person.user.id)
    return JSONResponse(user_facts(person, listed), headers=NO_STORE)


async def change_user(request: Request) -> Response:
    """``PATCH …/admin/users/{id}``."""
    demand_own_origin(request)
    signed_in, admin = await demand_admin(request)
    body = await read_body(request, ChangedUser)
    changes = Changes(
        name=body.name,
        email=body.email,
        role=Role(body.role) if body.role else None,
        status=UserStatus(body.status) if body.status else None,
    )
    person = await services(request).administer.change_user(
        signed_in.tenant.id, _user_id(request), changes, by=admin
    )
    listed = await services(request).devices.listed(person.user.id)
    return JSONResponse(user_facts(person, listed), headers=NO_STORE)


async def remove_device(request: Request) -> Response:
    """``DELETE …/admin/users/{id}/devices/{device_id}``."""
    demand_own_origin(request)
    signed_in, admin = await demand_admin(request)
    device_id = DeviceId(request.path_params["device_id"])
    await services(request).administer.demand_rank_over(signed_in.tenant.id, _user_id(request), admin)
    await services(request).devices.remove(
        signed_in.tenant.id, _user_id(request), device_id, actor=admin.actor
    )
    return Response(status_code=204)


async def unlock_device(request: Request) -> Response:
    """``POST …/admin/users/{id}/devices/{device_id}/unlock``."""
    demand_own_origin(request)
    signed_in, admin = await demand_admin(request)
    await read_body(request, Nothing)
    device_id = DeviceId(request.path_params["device_id"])
    await services(request).devices.unlock(
        signed_in.tenant.id, _user_id(request), device_id, actor=admin.actor
    )
    return Response(status_code=204)


async def audit_logs(request: Request) -> Response:
    """``GET …/admin/audit-logs``: newest first."""
    signed_in, _ = await demand_admin(request)
    limit, cursor = page_limit(request), request.query_params.get("cursor")
    rows = await services(request).administer.audit_page(
        signed_in.tenant.id, _audit_filter(request), limit + 1, AuditId(cursor) if cursor else None
    )
    page = rows[:limit]
    return JSONResponse(
        {
            "items": [_audit_facts(record, row_hash) for record, row_hash in page],
            "next_cursor": page[-1][0].id if len(rows) > limit else None,
        },
        headers=NO_STORE,
    )


def user_facts(person: Person, listed: list[Listed] | None = None) -> dict[str, Any]:
    """Return a person as admins are told of them; with *listed* the phones too."""
    user = person.user
    facts: dict[str, Any] = {
        "id": user.id,
        "email": user.email,
        "role": user.role,
        "status": user.status,
        "enrolled": bool(person.devices),
        "created_at": wire_time(user.created_at),
    }
    if user.name is not None:
        facts["name"] = user.name
    if user.last_sign_in_at is not None:
        facts["last_sign_in_at"] = wire_time(user.last_sign_in_at)
    if listed is not None:
        facts["devices"] = [device_facts(each) for each in listed]
    return facts


def _settings_facts(settings: AuthenticationSettings) -> dict[str, Any]:
    return {
        "require_push": settings.require_push,
        "push_mode": settings.push_mode,
        "match": settings.match,
        "challenge_ttl_s": settings.challenge_ttl_s,
        "allowed_origins": list(settings.allowed_origins),
        "return_addresses": list(settings.return_addresses),
    }


def _audit_facts(record: Record, row_hash: str) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "id": record.id,
        "at": wire_time(record.at),
        "type": record.type,
        "actor": {"kind": record.actor.kind, **({"id": record.actor.id} if record.actor.id else {})},
        "data": dict(record.data),
        "hash": row_hash,
    }
    if record.user_id is not None:
        facts["user_id"] = record.user_id
    if record.ip is not None:
        facts["ip"] = record.ip
    return facts


def _audit_filter(request: Request) -> AuditFilter:
    query = request.query_params
    errors: list[FieldError] = []
    event: Event | None = None
    if "type" in query:
        try:
            event = Event(query["type"])
        except ValueError:
            errors.append(FieldError("type", "There is no such type of event."))
    since, until = _moment(query.get("from"), "from", errors), _moment(query.get("to"), "to", errors)
    if errors:
        raise Invalid(errors=errors)
    user = query.get("user")
    return AuditFilter(
        type=event, user_id=UserId(user) if user else None, since=since, until=until, ip=query.get("ip")
    )


def _moment(text: str | None, field: str, errors: list[FieldError]) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_time(text).astimezone(UTC)
    except (ValueError, OverflowError):
        errors.append(FieldError(field, "A time like 2026-11-24T03:00:00Z."))
        return None


def _origins(texts: list[str]) -> tuple[str, ...]:
    errors = [
        FieldError(f"allowed_origins.{at}", "An origin like https://app.example.org, without a path.")
        for at, text in enumerate(texts)
        if not is_origin(text)
    ]
    if errors:
        raise Invalid(errors=errors)
    return tuple(texts)


def _addresses(texts: list[str]) -> tuple[str, ...]:
    errors = [
        FieldError(f"return_addresses.{at}", "An absolute https address (http on loopback).")
        for at, text in enumerate(texts)
        if not is_return_address(text)
    ]
    if errors:
        raise Invalid(errors=errors)
    return tuple(texts)


def _user_id(request: Request) -> UserId:
    return UserId(request.path_params["user_id"])


ROUTES = [
    Route("/settings/authentication", get_settings, methods=["GET"]),
    Route("/settings/authentication", put_settings, methods=["PUT"]),
    Route("/users", list_users, methods=["GET"]),
    Route("/users", create_user, methods=["POST"]),
    Route("/users/{user_id}", get_user, methods=["GET"]),
    Route("/users/{user_id}", change_user, methods=["PATCH"]),
    Route("/users/{user_id}/devices/{device_id}", remove_device, methods=["DELETE"]),
    Route("/users/{user_id}/devices/{device_id}/unlock", unlock_device, methods=["POST"]),
    Route("/audit-logs", audit_logs, methods=["GET"]),
]
