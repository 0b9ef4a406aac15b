"""Every message on the wire, every token's claims and every close code: the contract, typed.

One union of frozen models serves both encodings of a device socket: MessagePack (binary frames) and JSON
(text frames). Field names and values are the same in both; unknown fields are ignored.
"""

import json
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Final, Literal

import msgpack
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

FRAME_MAX_BYTES: Final = 16 * 1024
AUTHENTICATE_WITHIN_S: Final = 10
HEARTBEAT_S: Final = 25
LEEWAY_S: Final = 30
PROOF_LIFE_S: Final = 60
DECISION_LIFE_S: Final = 120
MALFORMED_IN_A_ROW: Final = 3
TEST_DELAY_MAX_S: Final = 60
PUSH_PLAINTEXT_MAX_BYTES: Final = 3993
PIN_LENGTH: Final = (4, 8)


class Subprotocol(StrEnum):
    """What a socket may speak; the client offers, the hub picks the first that it knows."""

    DEVICE_MSGPACK = "lumo.device.v1.msgpack"
    DEVICE_JSON = "lumo.device.v1.json"
    LOGIN_JSON = "lumo.login.v1.json"


class Close(IntEnum):
    """Why a socket ends (RFC 6455 section 7.4, and ours from 4400 on)."""

    DONE = 1000
    GOING_AWAY = 1001
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    RESTARTING = 1012
    TRY_LATER = 1013
    MALFORMED = 4400
    NOT_AUTHENTICATED = 4401
    DEVICE_REMOVED = 4403
    AUTHENTICATION_TIMEOUT = 4408
    CONNECTED_ELSEWHERE = 4409
    TOO_MANY_FRAMES = 4429


class TokenType(StrEnum):
    """The ``typ`` header of each token; it alone decides the algorithm."""

    REQUEST = "lumo-request+jwt"
    DECISION = "lumo-decision+jwt"
    PROOF = "lumo-proof+jwt"
    TICKET = "lumo-ticket+jwt"


class ErrorCode(StrEnum):
    """The codes of a device socket's ``error`` message."""

    MALFORMED = "malformed"
    UNKNOWN_TYPE = "unknown_type"
    BAD_DECISION = "bad_decision"
    WRONG_PIN = "wrong_pin"
    DEVICE_LOCKED = "device_locked"
    UV_REQUIRED = "uv_required"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    BAD_SUBSCRIPTION = "bad_subscription"


class Wire(BaseModel):
    """A frozen, strict model; what it does not know it ignores."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    def to_wire(self) -> dict[str, Any]:
        """Return the fields to send; what is absent is left out."""
        return self.model_dump(mode="json", exclude_none=True)


# Tokens -----------------------------------------------------------------------------------------------


class RequestContext(Wire):
    """Who asks, as the person judges it; ``at`` is integer Unix seconds."""

    ip: str
    location: str | None = None
    city: str | None = None
    country: str | None = None
    lat: float | None = None
    lon: float | None = None
    browser: str
    os: str
    at: int


class RequestClaims(Wire):
    """Claims of ``lumo-request+jwt``: what the phone shows, signed by the hub."""

    iss: str
    aud: str
    jti: str
    iat: int
    exp: int
    kind: Literal["login", "approval", "test"]
    app: str
    ctx: RequestContext
    msg: str | None = Field(default=None, max_length=256)
    match: Literal["none", "required"]


class DecisionClaims(Wire):
    """Claims of ``lumo-decision+jwt``: the answer, signed by the device over the request's hash."""

    iss: str
    aud: str
    sub: str
    req: str
    decision: Literal["approve", "deny"]
    match: str | None = None
    iat: int
    exp: int
    jti: str = Field(min_length=1, max_length=128)


class ProofClaims(Wire):
    """Claims of ``lumo-proof+jwt``: possession of the device's key, for one nonce."""

    iss: str | None = None
    aud: str
    nonce: str
    iat: int
    exp: int


# Device socket, phone to hub ----------------------------------------------------------------------------


class Authenticate(Wire):
    """The first message: the device's id and its proof over the nonce of ``hello``."""

    type: Literal["authenticate"] = "authenticate"
    device_id: str
    proof: str


class Ack(Wire):
    """The challenge is shown to the person."""

    type: Literal["ack"] = "ack"
    id: str


class Decide(Wire):
    """A signed answer; to approve, with a PIN or a WebAuthn assertion (AuthenticationResponseJSON)."""

    type: Literal["decide"] = "decide"
    decision: str
    pin: str | None = None
    assertion: dict[str, Any] | None = None


class Report(Wire):
    """Why it was denied."""

    type: Literal["report"] = "report"
    id: str
    reason: Literal["mistake", "unexpected", "fraud"]


class PushKeys(Wire):
    """A subscription's keys, base64url: a P-256 point and 16 secret bytes (RFC 8291 section 2)."""

    p256dh: str = Field(max_length=128)
    auth: str = Field(max_length=64)


class PushSubscription(Wire):
    """Where a browser takes web pushes, as ``PushSubscription.toJSON()`` gives it."""

    endpoint: str = Field(max_length=2048)
    keys: PushKeys


class SubscribePush(Wire):
    """Wake this device by web push where it holds no socket."""

    type: Literal["subscribe_push"] = "subscribe_push"
    subscription: PushSubscription


class UnsubscribePush(Wire):
    """Forget the subscription."""

    type: Literal["unsubscribe_push"] = "unsubscribe_push"


class AskTest(Wire):
    """Send this device a request that signs nobody in; with *delay_s*, that much later."""

    type: Literal["test"] = "test"
    delay_s: int = Field(default=0, ge=0, le=TEST_DELAY_MAX_S)


class Rename(Wire):
    """Call this device otherwise."""

    type: Literal["rename"] = "rename"
    name: str = Field(max_length=256)


class Leave(Wire):
    """Take this device off its account."""

    type: Literal["leave"] = "leave"


class AddCredential(Wire):
    """Approve with a WebAuthn credential from now on; *attestation* is RegistrationResponseJSON."""

    type: Literal["add_credential"] = "add_credential"
    proof: str
    attestation: dict[str, Any]
    pin: str | None = None


AnyDeviceMessage = (
    Authenticate
    | Ack
    | Decide
    | Report
    | SubscribePush
    | UnsubscribePush
    | AskTest
    | Rename
    | Leave
    | AddCredential
)
DeviceMessage = Annotated[AnyDeviceMessage, Field(discriminator="type")]


# Device socket, hub to phone ----------------------------------------------------------------------------


class Hello(Wire):
    """The hub's first message."""

    type: Literal["hello"] = "hello"
    nonce: str
    issuer: str
    server_time: str


class ChallengeMessage(Wire):
    """A request to show; ``request`` is the JWS of :class:`RequestClaims`."""

    type: Literal["challenge"] = "challenge"
    id: str
    request: str


class DeviceFacts(Wire):
    """The device as the hub names it."""

    id: str
    name: str


class TenantFacts(Wire):
    """A tenant wherever it appears."""

    slug: str
    name: str


class AccountFacts(Wire):
    """Whose phone it is."""

    user_id: str
    tenant: TenantFacts
    email: str


class Ready(Wire):
    """Authenticated; ``pending`` is every challenge that still waits, so a reconnect loses nothing."""

    type: Literal["ready"] = "ready"
    device: DeviceFacts
    account: AccountFacts
    heartbeat_s: int
    pending: list[ChallengeMessage]
    push_subscribed: bool | None = None
    vapid_public_key: str | None = None


class Decided(Wire):
    """To the device that decided: what became of the challenge."""

    type: Literal["decided"] = "decided"
    id: str
    status: Literal["approved", "denied", "expired", "cancelled"]
    reason: Literal["wrong_match"] | None = None


class Resolved(Wire):
    """To the user's other devices: the card can be put away."""

    type: Literal["resolved"] = "resolved"
    id: str
    status: Literal["approved", "denied", "expired", "cancelled"]


class Reported(Wire):
    """The reason was noted."""

    type: Literal["reported"] = "reported"
    id: str


class PushState(Wire):
    """Whether the hub holds a subscription of this device now."""

    type: Literal["push"] = "push"
    subscribed: bool


class TestAsked(Wire):
    """The test request is on its way."""

    type: Literal["test_asked"] = "test_asked"
    id: str


class Renamed(Wire):
    """The device has its new name."""

    type: Literal["renamed"] = "renamed"
    device: DeviceFacts


class Left(Wire):
    """The device is off its account; the socket closes with 4403 next."""

    type: Literal["left"] = "left"


class CredentialAdded(Wire):
    """The credential approves from now on."""

    type: Literal["credential_added"] = "credential_added"


class ErrorMessage(Wire):
    """A message changed nothing; the socket stays open. *tries_left* are PINs until the device locks."""

    type: Literal["error"] = "error"
    code: ErrorCode
    detail: str
    id: str | None = None
    tries_left: int | None = None


AnyHubMessage = (
    Hello
    | Ready
    | ChallengeMessage
    | Decided
    | Resolved
    | Reported
    | PushState
    | TestAsked
    | Renamed
    | Left
    | CredentialAdded
    | ErrorMessage
)
HubMessage = Annotated[AnyHubMessage, Field(discriminator="type")]


# Web push -----------------------------------------------------------------------------------------------


class PushedChallenge(Wire):
    """A ``challenge`` in a web push, with the user's id beside it.

    Without *request* where it would not fit: the app then asks for what is pending.
    """

    type: Literal["challenge"] = "challenge"
    id: str
    request: str | None = None
    account: str


class PushedResolved(Resolved):
    """A ``resolved`` in a web push."""

    account: str


# Login socket -------------------------------------------------------------------------------------------


class Watch(Wire):
    """The browser's only message: the ticket of its login."""

    type: Literal["watch"] = "watch"
    ticket: str


class MatchFacts(Wire):
    """The six digits that only the waiting browser shows."""

    digits: str


class ChallengeFacts(Wire):
    """The challenge as the waiting browser sees it."""

    id: str
    status: Literal["pending", "approved", "denied", "expired", "cancelled"]
    match: MatchFacts | None = None
    expires_at: str
    delivery: Literal["sending", "shown", "unreachable"]
    reason: Literal["wrong_match"] | None = None


class State(Wire):
    """How the login stands: at once, and again on every change."""

    type: Literal["state"] = "state"
    step: Literal["push", "password", "code", "enroll", "approved", "done", "failed"]
    challenge: ChallengeFacts | None = None
    methods: list[str]
    push_after: str | None = None
    version: str


class LoginResolved(Wire):
    """The login's last word; the hub closes with 1000 after it."""

    type: Literal["resolved"] = "resolved"
    status: Literal["approved", "denied", "expired", "cancelled"]


LoginHubMessage = Annotated[State | LoginResolved, Field(discriminator="type")]

_DEVICE: TypeAdapter[AnyDeviceMessage] = TypeAdapter(DeviceMessage)
_HUB: TypeAdapter[AnyHubMessage] = TypeAdapter(HubMessage)


# Coding -------------------------------------------------------------------------------------------------


class MalformedFrame(ValueError):
    """The frame is no message at all, or a known one with wrong fields."""


class UnknownMessage(ValueError):
    """A well-formed map with a ``type`` that the contract does not name."""


def encode(message: Wire, subprotocol: Subprotocol) -> bytes | str:
    """Return the frame of *message*: bytes for MessagePack, text for JSON."""
    if subprotocol is Subprotocol.DEVICE_MSGPACK:
        packed: bytes = msgpack.packb(message.to_wire())
        return packed
    return json.dumps(message.to_wire(), separators=(",", ":"))


def decode_map(frame: bytes | str, subprotocol: Subprotocol) -> dict[str, Any]:
    """Return the map in *frame*.

    Raises:
        MalformedFrame: not the subprotocol's kind of frame, not decodable, not a map.
    """
    kind, name = (bytes, "binary") if subprotocol is Subprotocol.DEVICE_MSGPACK else (str, "text")
    if not isinstance(frame, kind):
        raise MalformedFrame(f"a {name} frame is expected")
    try:
        # Not json.loads: that takes half a character ("\ud800"), which no database and no encoder does.
        decoded = from_json(frame) if isinstance(frame, str) else msgpack.unpackb(frame)
    except (ValueError, msgpack.exceptions.UnpackException, RecursionError) as error:
        raise MalformedFrame("not decodable") from error
    if not isinstance(decoded, dict):
        raise MalformedFrame("not a map")
    return decoded


def parse_device_message(frame: bytes | str, subprotocol: Subprotocol) -> AnyDeviceMessage:
    """Return a phone's message.

    Raises:
        MalformedFrame: see :func:`decode_map`; or a field is missing or of a wrong type.
        UnknownMessage: the ``type`` is none of ours.
    """
    return read_device_message(decode_map(frame, subprotocol))


def read_device_message(decoded: dict[str, Any]) -> AnyDeviceMessage:
    """Return a phone's message out of its map; raises as :func:`parse_device_message`."""
    try:
        return _DEVICE.validate_python(decoded)
    except ValidationError as error:
        raise _refusal(decoded, error) from error


def parse_hub_message(frame: bytes | str, subprotocol: Subprotocol) -> AnyHubMessage:
    """Return the hub's message, as a phone reads it; raises as :func:`parse_device_message`."""
    decoded = decode_map(frame, subprotocol)
    try:
        # Not strict: JSON has no enum, so ``error.code`` arrives as text.
        return _HUB.validate_python(decoded, strict=False)
    except ValidationError as error:
        raise _refusal(decoded, error) from error


def parse_watch(frame: bytes | str) -> Watch:
    """Return the browser's ``watch``; raises as :func:`parse_device_message`."""
    try:
        return Watch.model_validate(decode_map(frame, Subprotocol.LOGIN_JSON))
    except ValidationError as error:
        raise MalformedFrame("not a watch message") from error


def _refusal(decoded: dict[str, Any], error: ValidationError) -> ValueError:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "union_tag_invalid":
        # Said in our words: pydantic's quote what was sent.
        is_text = isinstance(decoded.get("type"), str)
        return (
            UnknownMessage("this type is not known") if is_text else MalformedFrame("type: text is expected")
        )
    where = ".".join(str(part) for part in first["loc"][1:]) or "type"
    return MalformedFrame(f"{where}: {first['msg']}")


def wire_time(moment: datetime) -> str:
    """Return *moment* as RFC 3339 in UTC, whole seconds: ``2026-11-24T03:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> datetime:
    """Return the aware instant that *text* names (RFC 3339); raises ValueError, also without an offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs an offset from UTC")
    return moment
