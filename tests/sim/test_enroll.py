"""Adding an account: looked at first, then bound, over real HTTP."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from typer.testing import CliRunner

from hub.protocol import wire_time
from mobile_sim.__main__ import app
from mobile_sim.enroll import Enrolment, EnrolmentFailed, code_in
from mobile_sim.state import StateFile
from tests.sim.other_side import Signing

CODE = "ABCD-EFGH"
HUB_KEY = Signing()
AHEAD_S = 7200


class EnrolmentHub(ThreadingHTTPServer):
    """Answers the two calls, and remembers what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.problem: tuple[int, dict[str, Any]] | None = None


class _Handler(BaseHTTPRequestHandler):
    server: EnrolmentHub

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls.append((self.path, body))
        issuer = self.server.address
        tenant = {"slug": "acme", "name": "Acme"}
        if self.server.problem is not None:
            self._answer(*self.server.problem, "application/problem+json")
        elif self.path.endswith("/preview"):
            seen = {
                "tenant": tenant,
                "email": "ada@acme.test",
                "expires_at": "2027-01-01T00:00:00Z",
                "issuer": issuer,
                "server_time": wire_time(_hub_time()),
                "uv": ["pin", "webauthn"],
                "pin_length": {"min": 4, "max": 8},
            }
            self._answer(200, seen)
        else:
            made = {
                "device_id": "dev_1",
                "user_id": "usr_1",
                "issuer": issuer,
                "socket_url": issuer.replace("http", "ws") + "/ws/device",
                "jwks": {"keys": [HUB_KEY.jwk()]},
                "vapid_public_key": "x",
                "tenant": tenant,
                "email": "ada@acme.test",
            }
            self._answer(201, made)

    def _answer(self, status: int, body: dict[str, Any], kind: str = "application/json") -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if status == 429:
            self.send_header("Retry-After", "30")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def _hub_time() -> datetime:

    return datetime.fromtimestamp(time.time() + AHEAD_S, UTC)


@pytest.fixture
def http_hub() -> Iterator[EnrolmentHub]:
    with EnrolmentHub() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(10)


def enroll(http_hub: EnrolmentHub, memory: StateFile, *more: str, stdin: str = "") -> Any:
    options = ["enroll", "--hub", http_hub.address, "--code", CODE, "--state", str(memory.path), *more]
    return CliRunner().invoke(app, options, input=stdin)


def test_an_account_is_added_and_pinned(http_hub: EnrolmentHub, memory: StateFile) -> None:
    result = enroll(http_hub, memory, "--pin", "2580", "--name", "My phone")

    (account,) = memory.accounts()
    assert result.exit_code == 0
    assert (account.device_id, account.issuer) == ("dev_1", http_hub.address)
    assert account.jwks == {"keys": [HUB_KEY.jwk()]}
    assert "2580" not in memory.path.read_text(encoding="utf-8")


def test_whose_account_it_is_is_told_before_it_is_bound(http_hub: EnrolmentHub, memory: StateFile) -> None:
    result = enroll(http_hub, memory, "--pin", "2580")

    assert "Adding ada@acme.test at Acme" in result.stderr
    assert [path for path, _ in http_hub.calls] == ["/api/v1/enroll/preview", "/api/v1/enroll"]


def test_the_proof_is_made_by_the_key_it_carries_and_dated_by_the_hub(
    http_hub: EnrolmentHub, memory: StateFile
) -> None:
    enroll(http_hub, memory, "--pin", "2580")

    _, body = http_hub.calls[1]
    key = jwt.PyJWK(jwt.get_unverified_header(body["proof"])["jwk"], "ES256").key
    options: Any = {"verify_iat": False, "verify_exp": False}
    claims = jwt.decode(body["proof"], key, algorithms=["ES256"], audience=http_hub.address, options=options)
    assert claims["nonce"] == body["activation_code"] == CODE
    assert abs(claims["iat"] - time.time() - AHEAD_S) < 5


def test_the_pin_can_come_from_standard_input(http_hub: EnrolmentHub, memory: StateFile) -> None:
    enroll(http_hub, memory, "--pin", "-", stdin="2580\n")

    assert http_hub.calls[1][1]["pin"] == "2580"


def test_with_json_standard_output_carries_json_alone(http_hub: EnrolmentHub, memory: StateFile) -> None:
    result = enroll(http_hub, memory, "--pin", "2580", "--json")

    assert json.loads(result.stdout)["email"] == "ada@acme.test"


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        ((404, {"code": "activation_code_invalid", "detail": "This code is not valid."}), "This code is not"),
        (
            (422, {"detail": "Invalid.", "errors": [{"field": "pin", "detail": "too short"}]}),
            "pin: too short",
        ),
        ((429, {"detail": "Too many tries."}), "Try again in 30 s."),
        ((502, {}), "The hub answered 502"),
    ],
)
def test_a_refusal_is_one_plain_line_and_exit_code_one(
    problem: tuple[int, dict[str, Any]], line: str, http_hub: EnrolmentHub, memory: StateFile
) -> None:
    http_hub.problem = problem

    result = enroll(http_hub, memory, "--pin", "2580")

    assert result.exit_code == 1
    assert line in result.stderr
    assert result.stderr.count("\n") == 1
    assert memory.accounts() == []


def test_a_hub_that_is_not_there_is_one_plain_line() -> None:
    with (
        Enrolment("http://127.0.0.1:1") as enrolment,
        pytest.raises(EnrolmentFailed, match="cannot be reached"),
    ):
        enrolment.preview(CODE)


def test_a_pin_that_does_not_fit_never_uses_the_code_up(http_hub: EnrolmentHub, memory: StateFile) -> None:
    result = enroll(http_hub, memory, "--pin", "12")

    assert "4 to 8 digits" in result.stderr
    assert len(http_hub.calls) == 1


def test_a_memory_that_cannot_be_written_never_uses_the_code_up(
    http_hub: EnrolmentHub, memory: StateFile
) -> None:
    memory.path.parent.write_text("")

    result = enroll(http_hub, memory, "--pin", "2580")

    assert result.exit_code == 1
    assert http_hub.calls == []


def test_the_code_may_be_the_whole_address() -> None:
    assert code_in(" https://hub.test/authenticator/#enroll=ABCD-EFGH\n") == ("ABCD-EFGH", "https://hub.test")
    assert code_in("ABCD-EFGH") == ("ABCD-EFGH", None)
