"""Every error in the language of HTTP: a status, and a problem (RFC 9457) or a page."""

from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub.domain import errors

STATUS: dict[type[errors.HubError], int] = {
    errors.MalformedJson: 400,
    errors.NotSignedIn: 401,
    errors.WrongCredentials: 401,
    errors.NonceNeeded: 401,
    errors.BadProof: 401,
    errors.BadOrigin: 403,
    errors.Forbidden: 403,
    errors.EnrollmentRequired: 403,
    errors.StepUpRequired: 403,
    errors.DeviceRemoved: 403,
    errors.NotFound: 404,
    errors.ActivationCodeInvalid: 404,
    errors.WrongStep: 409,
    errors.Conflict: 409,
    errors.LoginExpired: 410,
    errors.TooLarge: 413,
    errors.UnsupportedMediaType: 415,
    errors.Invalid: 422,
    errors.UserVerificationRequired: 422,
    errors.RateLimited: 429,
    errors.TooSoon: 429,
    errors.Unavailable: 503,
}


class Problem(JSONResponse):
    """A problem in JSON."""

    media_type = "application/problem+json"


def problem(error: errors.HubError) -> Problem:
    """Return *error* as a problem with its stable code, and when to come back where that is known."""
    status = STATUS[type(error)]
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": error.code,
        "detail": str(error),
    }
    headers = {"Cache-Control": "no-store"}
    match error:
        case errors.Invalid(errors=fields):
            body["errors"] = [{"field": each.field, "detail": each.detail} for each in fields]
        case errors.WrongCredentials(login_id=str(login_id)):
            body["login_id"] = login_id
        case errors.NonceNeeded(nonce=nonce, server_time=server_time):
            body |= {"nonce": nonce, "server_time": server_time}
        case errors.RateLimited(retry_after_s=seconds) | errors.TooSoon(retry_after_s=seconds):
            headers["Retry-After"] = str(seconds)
        case errors.Unavailable():
            headers["Retry-After"] = "1"
        case _:
            pass
    return Problem(body, status, headers)


def plain_problem(status: int) -> Problem:
    """Return a problem for what the router itself refuses: no such path, no such method."""
    code = "not_found" if status == HTTPStatus.NOT_FOUND else "method_not_allowed"
    phrase = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": phrase, "status": status, "code": code, "detail": f"{phrase}."}
    return Problem(body, status)


def fault() -> Problem:
    """Return the answer to what nobody foresaw."""
    body = {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "code": "internal",
        "detail": "Something went wrong here. It is logged.",
    }
    return Problem(body, 500)


async def on_hub_error(_: Request, error: Exception) -> Response:
    """Answer an API call that was refused."""
    assert isinstance(error, errors.HubError)  # noqa: S101  # the router hands nothing else in
    return problem(error)
