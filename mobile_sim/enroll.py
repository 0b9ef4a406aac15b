"""Adding an account over HTTP: look first, then bind a new key; and fetching the hub's keys."""

import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx2
from pydantic import ValidationError

from hub.protocol import PIN_LENGTH, TenantFacts, Wire, parse_time
from mobile_sim.device import Account, enrolment_proof, new_key

TIMEOUT_S: Final = 10.0
PLATFORM: Final = "mobile-sim"


class EnrolmentFailed(Exception):
    """Nothing was added; the text says why, in one line."""


class _PinLength(Wire):
    min: int = PIN_LENGTH[0]
    max: int = PIN_LENGTH[1]


class _Preview(Wire):
    tenant: TenantFacts
    email: str
    issuer: str
    server_time: str
    pin_length: _PinLength = _PinLength()


class _Enrolled(Wire):
    device_id: str
    user_id: str
    issuer: str
    socket_url: str
    jwks: dict[str, Any]
    tenant: TenantFacts
    email: str


@dataclass(frozen=True, slots=True)
class Preview:
    """Whose account the code is for, before anything is bound; *offset_s* is the hub's clock less ours."""

    code: str
    tenant: str
    email: str
    issuer: str
    offset_s: float
    pin_min: int
    pin_max: int


def code_in(text: str) -> tuple[str, str | None]:
    """Return the activation code in *text*, and the hub's address where *text* is the whole link.

    Raises:
        ValueError: a link without a code.
    """
    text = text.strip()
    if "://" not in text:
        return text, None
    link = urlsplit(text)
    codes = parse_qs(link.fragment).get("enroll", [""])
    if not codes[0]:
        raise ValueError("This address carries no activation code.")
    folder = link.path.removesuffix("/").removesuffix("/authenticator")
    return codes[0], f"{link.scheme}://{link.netloc}{folder}"


class Enrolment:
    """One conversation with one hub; used as a context manager."""

    def __init__(self, hub: str, now: Callable[[], float] = time.time) -> None:
        self._hub = hub.rstrip("/")
        self._now = now
        # No proxy: a phone under test must reach the hub that it was given, a loopback one too.
        self._http = httpx2.Client(timeout=TIMEOUT_S, trust_env=False, verify=ssl.create_default_context())

    def __enter__(self) -> "Enrolment":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def preview(self, code: str) -> Preview:
        """Return what the code is for; binds nothing.

        Raises:
            EnrolmentFailed: the hub refuses, or cannot be reached.
        """
        body = self._post("/api/v1/enroll/preview", {"activation_code": code})
        try:
            seen = _Preview.model_validate(body)
            offset_s = parse_time(seen.server_time).timestamp() - self._now()
        except ValueError as error:
            raise EnrolmentFailed(_NOT_A_HUB) from error
        return Preview(
            code=code,
            tenant=seen.tenant.name,
            email=seen.email,
            issuer=seen.issuer,
            offset_s=offset_s,
            pin_min=seen.pin_length.min,
            pin_max=seen.pin_length.max,
        )

    def bind(self, preview: Preview, pin: str, name: str) -> Account:
        """Return the account, bound to a key made here and now.

        Raises:
            EnrolmentFailed: the hub refuses, cannot be reached, or answers for another hub.
        """
        if not re.fullmatch(rf"[0-9]{{{preview.pin_min},{preview.pin_max}}}", pin):
            raise EnrolmentFailed(f"A PIN has {preview.pin_min} to {preview.pin_max} digits.")
        key = new_key()
        proof = enrolment_proof(key, preview.code, preview.issuer, self._now() + preview.offset_s)
        body = self._post(
            "/api/v1/enroll",
            {
                "activation_code": preview.code,
                "proof": proof,
                "device": {"name": name, "platform": PLATFORM},
                "pin": pin,
            },
        )
        try:
            made = _Enrolled.model_validate(body)
        except ValidationError as error:
            raise EnrolmentFailed(_NOT_A_HUB) from error
        if made.issuer != preview.issuer:
            raise EnrolmentFailed("The hub names itself differently in its two answers; nothing was kept.")
        return Account(
            device_id=made.device_id,
            device_name=name,
            user_id=made.user_id,
            email=made.email,
            tenant_slug=made.tenant.slug,
            tenant_name=made.tenant.name,
            issuer=made.issuer,
            socket_url=made.socket_url,
            jwks=made.jwks,
            key=key,
        )

    def _post(self, path: str, body: dict[str, Any]) -> object:
        try:
            answer = self._http.post(self._hub + path, json=body)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise EnrolmentFailed(f"{self._hub} cannot be reached: {_line(error)}") from error
        if answer.is_success:
            return _json(answer)
        raise EnrolmentFailed(_told(answer))


async def fetch_jwks(issuer: str) -> dict[str, Any] | None:
    """Return the keys that the hub publishes now, or nothing where they cannot be had."""
    try:
        async with httpx2.AsyncClient(
            timeout=TIMEOUT_S / 2, trust_env=False, verify=ssl.create_default_context()
        ) as http:
            answer = await http.get(f"{issuer}/.well-known/jwks.json")
    except (httpx2.HTTPError, httpx2.InvalidURL):
        return None
    found = _json(answer) if answer.is_success else None
    return found if isinstance(found, dict) and isinstance(found.get("keys"), list) else None


_NOT_A_HUB: Final = "The answer is not a hub's. Is the address right?"


def _json(answer: httpx2.Response) -> object:
    try:
        found: object = answer.json()
    except ValueError:
        return None
    return found


def _told(answer: httpx2.Response) -> str:
    """Return one line out of a problem document (RFC 9457), or as much as the status says."""
    problem = _json(answer)
    if not isinstance(problem, dict) or not isinstance(problem.get("detail") or problem.get("title"), str):
        hint = "" if answer.is_server_error else " Is the address right?"
        return f"The hub answered {answer.status_code} without a reason.{hint}"
    told = str(problem.get("detail") or problem["title"])
    errors = problem.get("errors")
    for one in errors if isinstance(errors, list) else []:
        if isinstance(one, dict):
            told += f" {one.get('field')}: {one.get('detail')}"
    if "retry-after" in answer.headers and answer.status_code == httpx2.codes.TOO_MANY_REQUESTS:
        told += f" Try again in {answer.headers['retry-after']} s."
    return " ".join(told.split())


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
