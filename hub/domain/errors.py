"""Everything that can go wrong and be told: one class a fact, each with its public ``code``."""

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(eq=False)
class HubError(Exception):
    """A refusal that the caller may be told about."""

    code: ClassVar[str] = "unavailable"
    detail: ClassVar[str] = "The request could not be served."

    def __str__(self) -> str:
        return self.detail


class NotSignedIn(HubError):
    code = "not_signed_in"
    detail = "Sign in first."


@dataclass(eq=False)
class WrongCredentials(HubError):
    """The password does not fit, or there is no such account: nobody can tell which."""

    code = "wrong_credentials"
    detail = "The email or the password is wrong."
    login_id: str | None = None


class BadOrigin(HubError):
    code = "bad_origin"
    detail = "The request comes from another site."


class Forbidden(HubError):
    code = "forbidden"
    detail = "This needs another role."


class EnrollmentRequired(HubError):
    code = "enrollment_required"
    detail = "Add a phone first."


class StepUpRequired(HubError):
    code = "step_up_required"
    detail = "Confirm that it is you: sign in again, then repeat this within ten minutes."


class NotFound(HubError):
    """Unknown, of another tenant or user, or a login without its cookie: all alike."""

    code = "not_found"
    detail = "There is no such thing here."


class ActivationCodeInvalid(HubError):
    """Unknown, used, expired or cancelled: all alike."""

    code = "activation_code_invalid"
    detail = "This activation code is not valid. It may be used up or too old: ask for a new one."


class WrongStep(HubError):
    code = "wrong_step"
    detail = "This sign-in is not at a step that allows it."


@dataclass(eq=False)
class Conflict(HubError):
    code = "conflict"
    detail = "This stands in the way of something that exists already."
    reason: str = ""

    def __str__(self) -> str:
        return self.reason or self.detail


class LoginExpired(HubError):
    code = "login_expired"
    detail = "This sign-in took too long. Start again."


class TooLarge(HubError):
    code = "too_large"
    detail = "The body is larger than 64 KiB."


class UnsupportedMediaType(HubError):
    code = "unsupported_media_type"
    detail = "The body must be application/json."


class MalformedJson(HubError):
    code = "malformed_json"
    detail = "The body is not JSON."


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field; *field* is a dotted path."""

    field: str
    detail: str


@dataclass(eq=False)
class Invalid(HubError):
    code = "invalid"
    detail = "Some fields are not right."
    errors: list[FieldError] = field(default_factory=list)


class UserVerificationRequired(HubError):
    code = "uv_required"
    detail = "A PIN, a fingerprint or a face is required."


@dataclass(eq=False)
class RateLimited(HubError):
    code = "rate_limited"
    detail = "Too many tries. Wait a little."
    retry_after_s: int = 1


@dataclass(eq=False)
class TooSoon(HubError):
    code = "too_soon"
    detail = "The last request was sent a moment ago."
    retry_after_s: int = 1


class Unavailable(HubError):
    code = "unavailable"
    detail = "The hub cannot serve this right now. Try again in a moment."


# What a device can be told; the socket stays open.


@dataclass(eq=False)
class DeviceRefusal(HubError):
    """A message of a device that changed nothing; *about* is the challenge's id where it is known."""

    about: str | None = None


class BadDecision(DeviceRefusal):
    code = "bad_decision"
    detail = "The decision does not fit the request that was sent to this device."


@dataclass(eq=False)
class WrongPin(DeviceRefusal):
    """*tries_left* are PINs until the device locks."""

    code = "wrong_pin"
    detail = "That PIN is wrong."
    tries_left: int = 0


class DeviceLocked(DeviceRefusal):
    code = "device_locked"
    detail = "This device is locked after five wrong PINs. You or an admin can unlock it."


class PinMissing(DeviceRefusal):
    code = "uv_required"
    detail = "The PIN of this device is required, or its fingerprint or face where it has one."


class CredentialUnfit(DeviceRefusal):
    code = "uv_required"
    detail = "The fingerprint or face was not accepted for this. Try again."


class BadSubscription(DeviceRefusal):
    code = "bad_subscription"
    detail = "This push subscription cannot be used."


class UnknownRequest(DeviceRefusal):
    code = "not_found"
    detail = "There is no such request for this device."


@dataclass(eq=False)
class AlreadySettled(DeviceRefusal):
    """Somebody was faster; *status* is what became of the challenge, *reason* why where that is known."""

    code = "conflict"
    detail = "This request is over."
    status: str = ""
    reason: str | None = None


# Why a socket is closed (the numbers are in hub.protocol), or a call without one refused.


class BadProof(HubError):
    code = "not_authenticated"
    detail = "The proof does not fit this connection."


@dataclass(eq=False)
class NonceNeeded(HubError):
    """The proof of a call is over no nonce that is good now; *nonce* is."""

    code = "use_nonce"
    detail = "Prove the key over the nonce that comes with this answer."
    nonce: str = ""
    server_time: str = ""


class ConnectedElsewhere(HubError):
    """The same device holds a newer connection."""

    code = "connected_elsewhere"
    detail = "This device has connected again elsewhere."


class DeviceRemoved(HubError):
    code = "device_removed"
    detail = "This device was removed from the account."
