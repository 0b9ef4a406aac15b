"""What happens to a running phone, typed; and each as one line of JSON."""

import json
from dataclasses import dataclass
from typing import Any, Final, Literal

from hub.protocol import Wire
from mobile_sim.device import Account, Request

Status = Literal["approved", "denied", "expired", "cancelled"]


@dataclass(frozen=True, slots=True)
class Connecting:
    """A connection is being made."""

    account: Account


@dataclass(frozen=True, slots=True)
class Connected:
    """The hub has said hello; the phone proves itself now."""

    account: Account


@dataclass(frozen=True, slots=True)
class Ready:
    """The hub knows the phone; *pending* is how many requests wait."""

    account: Account
    pending: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A verified request; *again* where the connection broke before its answer was taken."""

    account: Account
    request: Request
    again: bool = False


@dataclass(frozen=True, slots=True)
class Acked:
    """The hub was told that the request is shown."""

    account: Account
    id: str


@dataclass(frozen=True, slots=True)
class Decided:
    """The hub took the answer, or says what had become of the request before it."""

    account: Account
    id: str
    status: Status
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """The request ended without this phone."""

    account: Account
    id: str
    status: Status


@dataclass(frozen=True, slots=True)
class PutAway:
    """The card goes: its time is up by the phone's own clock, or the hub knows it no more."""

    account: Account
    id: str
    why: Literal["expired", "not_pending"]


@dataclass(frozen=True, slots=True)
class Reported:
    """The hub noted why it was denied."""

    account: Account
    id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Something did not work; *code* is the hub's, or one of the phone's own."""

    account: Account
    code: str
    detail: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that does not fit; it is neither shown nor answered."""

    account: Account
    id: str
    why: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection ended, or none could be made; *code* is the socket's, where there is one."""

    account: Account
    code: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """The next attempt comes in so many seconds."""

    account: Account
    in_s: float


@dataclass(frozen=True, slots=True)
class Stopped:
    """No further attempt is made for this account by itself."""

    account: Account
    why: Literal["not_authenticated", "connected_elsewhere", "removed"]


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The hub knows where to send web pushes: from now on the phone may sleep."""

    account: Account
    endpoint: str


@dataclass(frozen=True, slots=True)
class Asleep:
    """Nothing was left to do: the connection is closed until something wakes the phone."""

    account: Account


@dataclass(frozen=True, slots=True)
class Pushed:
    """A web push arrived, asleep or not; *status* where a request has ended."""

    account: Account
    kind: Literal["challenge", "resolved"]
    id: str
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class Woken:
    """The phone connects again; *app* is who asks, where the push carried the verified request."""

    account: Account
    by: Literal["push", "person"]
    id: str | None = None
    app: str | None = None


@dataclass(frozen=True, slots=True)
class TestAsked:
    """The hub sends a test request, for which nobody signs in."""

    account: Account
    id: str


Event = (
    Connecting
    | Connected
    | Ready
    | Asked
    | Acked
    | Decided
    | Resolved
    | PutAway
    | Reported
    | Failed
    | Refused
    | Closed
    | Reconnecting
    | Stopped
    | Subscribed
    | Asleep
    | Pushed
    | Woken
    | TestAsked
)

NAMES: Final[dict[type[Event], str]] = {
    Connecting: "connecting",
    Connected: "connected",
    Ready: "ready",
    Asked: "request",
    Acked: "acked",
    Decided: "decided",
    Resolved: "resolved",
    PutAway: "put_away",
    Reported: "reported",
    Failed: "error",
    Refused: "refused",
    Closed: "closed",
    Reconnecting: "reconnecting",
    Stopped: "stopped",
    Subscribed: "subscribed",
    Asleep: "asleep",
    Pushed: "pushed",
    Woken: "woken",
    TestAsked: "test_asked",
}


def to_line(event: Event) -> str:
    """Return *event* as one line of JSON: ``event``, ``account`` (email), ``tenant``, and its own fields."""
    line: dict[str, Any] = {
        "event": NAMES[type(event)],
        "account": event.account.email,
        "tenant": event.account.tenant_slug,
        "device_id": event.account.device_id,
    }
    if isinstance(event, Asked):
        line["id"] = event.request.id
    for name in event.__slots__:
        value = getattr(event, name)
        if name == "account" or value is None:
            continue
        line[name] = _plain(value)
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def _plain(value: object) -> object:
    if isinstance(value, Request):
        return _plain(value.claims)
    if isinstance(value, Wire):
        return value.to_wire()
    return round(value, 3) if isinstance(value, float) else value
