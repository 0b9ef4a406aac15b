"""The messages of the sockets: what can be read, in both encodings, and what never can (PROTOCOL §2, §3)."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub import protocol
from hub.protocol import (
    Ack,
    Authenticate,
    ChallengeMessage,
    Decide,
    Decided,
    ErrorCode,
    ErrorMessage,
    MalformedFrame,
    Ready,
    Report,
    RequestClaims,
    RequestContext,
    Resolved,
    Subprotocol,
    UnknownMessage,
    Watch,
    Wire,
    encode,
    parse_device_message,
    parse_hub_message,
    parse_time,
    parse_watch,
    wire_time,
)

MSGPACK, JSON = Subprotocol.DEVICE_MSGPACK, Subprotocol.DEVICE_JSON
BOTH = pytest.mark.parametrize("subprotocol", [MSGPACK, JSON])


def frame(message: Any, subprotocol: Subprotocol) -> bytes | str:
    """Encode as a client would that shares nothing with the hub."""
    packed: bytes | str = msgpack.packb(message) if subprotocol is MSGPACK else json.dumps(message)
    return packed


def read(message: Any, subprotocol: Subprotocol = JSON) -> Wire:
    return parse_device_message(frame(message, subprotocol), subprotocol)


# From a phone -------------------------------------------------------------------------------------------

PHONE_SAYS: list[tuple[dict[str, Any], Wire]] = [
    (
        {"type": "authenticate", "device_id": "dev_1", "proof": "a.b.c"},
        Authenticate(device_id="dev_1", proof="a.b.c"),
    ),
    ({"type": "ack", "id": "chl_1"}, Ack(id="chl_1")),
    ({"type": "decide", "decision": "a.b.c"}, Decide(decision="a.b.c")),
    ({"type": "decide", "decision": "a.b.c", "pin": "2580"}, Decide(decision="a.b.c", pin="2580")),
    (
        {"type": "decide", "decision": "a.b.c", "assertion": {"id": "x"}},
        Decide(decision="a.b.c", assertion={"id": "x"}),
    ),
    ({"type": "report", "id": "chl_1", "reason": "mistake"}, Report(id="chl_1", reason="mistake")),
    ({"type": "report", "id": "chl_1", "reason": "unexpected"}, Report(id="chl_1", reason="unexpected")),
    ({"type": "report", "id": "chl_1", "reason": "fraud"}, Report(id="chl_1", reason="fraud")),
]


@BOTH
@pytest.mark.parametrize(("said", "meant"), PHONE_SAYS)
def test_what_a_phone_says_is_the_same_in_both_encodings(
    said: dict[str, Any], meant: Wire, subprotocol: Subprotocol
) -> None:
    assert read(said, subprotocol) == meant


@BOTH
@pytest.mark.parametrize(("said", "meant"), PHONE_SAYS)
def test_a_field_of_a_later_version_is_ignored(
    said: dict[str, Any], meant: Wire, subprotocol: Subprotocol
) -> None:
    assert read({**said, "later": [1, {"a": None}]}, subprotocol) == meant


@BOTH
@pytest.mark.parametrize(("said", "_"), PHONE_SAYS)
def test_no_field_may_be_of_another_type(said: dict[str, Any], _: Wire, subprotocol: Subprotocol) -> None:
    for name in said:
        for wrong in (7, 1.5, True, ["x"], *(() if name == "assertion" else ({"x": 1},))):
            with pytest.raises(MalformedFrame):
                read({**said, name: wrong}, subprotocol)


@BOTH
@pytest.mark.parametrize(("said", "_"), PHONE_SAYS)
def test_no_field_may_be_missing(said: dict[str, Any], _: Wire, subprotocol: Subprotocol) -> None:
    for name in said.keys() - {"pin", "assertion"}:
        with pytest.raises(MalformedFrame):
            read({other: value for other, value in said.items() if other != name}, subprotocol)


@BOTH
@pytest.mark.parametrize("name", ["knock", "", "ACK", "ack ", "hello", "challenge", "decided", "\x00", "é"])
def test_a_type_that_the_contract_does_not_name_is_unknown(name: str, subprotocol: Subprotocol) -> None:
    with pytest.raises(UnknownMessage):
        read({"type": name, "id": "chl_1"}, subprotocol)


@BOTH
@pytest.mark.parametrize("message", [None, True, 1, 1.5, "ack", [], ["type", "ack"], {}, {"id": "chl_1"}])
def test_what_is_no_message_is_malformed(message: Any, subprotocol: Subprotocol) -> None:
    with pytest.raises(MalformedFrame):
        read(message, subprotocol)


@pytest.mark.parametrize("reason", ["", "boredom", "Fraud", None])
def test_a_reason_is_one_of_three(reason: str | None) -> None:
    with pytest.raises(MalformedFrame):
        read({"type": "report", "id": "chl_1", "reason": reason})


def test_each_encoding_has_its_kind_of_frame() -> None:
    with pytest.raises(MalformedFrame, match="binary"):
        parse_device_message('{"type":"ack","id":"chl_1"}', MSGPACK)
    with pytest.raises(MalformedFrame, match="text"):
        parse_device_message(msgpack.packb({"type": "ack", "id": "chl_1"}), JSON)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xc1",
        b"\x81\xa4type",
        b"\x80\x80",
        b"\xdf\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\x91" * 16_000,
        b"\x81\xa4type\xa1\xff",
        b"\x81\x01\xa3ack",
        b"\x82\xa4type\xa3ack\xa2id\xc4\x01x",
        b"\x82\xa4type\xa3ack\xa2id\xd6\xff\x00\x00\x00\x00",
        b"\xd4\x05x",
    ],
)
def test_bytes_that_are_no_message_are_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedFrame):
        parse_device_message(raw, MSGPACK)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nul",
        '{"type":"ack","id":NaN}',
        "[" * 16_000,
        '{"a":' * 3_000,
        "9" * 16_000,
        '{"type":' + "9" * 8_000 + "}",
        '{"type":"ack","id":"\\ud800"}',
        '{"type":"ack"} {}',
    ],
)
def test_text_that_is_no_message_is_malformed(text: str) -> None:
    with pytest.raises(MalformedFrame):
        parse_device_message(text, JSON)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"type": "decide", "decision": "a.b.c", "pin": 24681357}, "pin"),
        ({"type": "report", "id": "chl_1", "reason": "24681357"}, "reason"),
        ({"type": {"pin": "24681357"}}, "type"),
        ({"type": [24681357]}, "type"),
    ],
)
def test_a_refusal_says_which_field_and_never_quotes_it(message: dict[str, Any], field: str) -> None:
    with pytest.raises(MalformedFrame) as refused:
        read(message)

    assert str(refused.value).startswith(f"{field}: ")
    assert "24681357" not in str(refused.value)


# Whatever comes -----------------------------------------------------------------------------------------

TYPES = st.sampled_from(["authenticate", "ack", "decide", "report", "knock"])
FIELDS = st.sampled_from(["type", "id", "device_id", "proof", "decision", "pin", "assertion", "reason", "x"])
# Whole numbers as wide as MessagePack's.
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]))
    | TYPES
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)
NEARLY = st.builds(lambda kind, rest: {"type": kind, **rest}, TYPES, st.dictionaries(FIELDS, ANYTHING))


def reads_or_refuses(raw: bytes | str, subprotocol: Subprotocol) -> None:
    """Fail on any exception but the two that the sockets know."""
    with suppress(MalformedFrame, UnknownMessage):
        message = parse_device_message(raw, subprotocol)
        assert isinstance(message, Authenticate | Ack | Decide | Report)


@given(st.binary(max_size=200))
@example(b"\x81\xc4\x04type\xa3ack")
@example(b"\x81\xc0\xc0")
def test_arbitrary_bytes_are_read_or_refused(raw: bytes) -> None:
    reads_or_refuses(raw, MSGPACK)
    reads_or_refuses(raw, JSON)


@given(st.text(max_size=200))
def test_arbitrary_text_is_read_or_refused(text: str) -> None:
    reads_or_refuses(text, JSON)
    reads_or_refuses(text, MSGPACK)


@given(ANYTHING | NEARLY)
def test_arbitrary_messages_are_read_or_refused(message: Any) -> None:
    reads_or_refuses(msgpack.packb(message), MSGPACK)
    reads_or_refuses(json.dumps(message), JSON)


@given(NEARLY)
def test_both_encodings_agree(message: dict[str, Any]) -> None:
    told = []
    for subprotocol in (MSGPACK, JSON):
        try:
            told.append(read(message, subprotocol).model_dump_json())
        except (MalformedFrame, UnknownMessage) as refusal:
            told.append(type(refusal).__name__)

    assert told[0] == told[1]


@given(st.text(max_size=200) | st.binary(max_size=200) | (ANYTHING | NEARLY).map(json.dumps))
def test_whatever_a_page_says_is_watch_or_malformed(raw: bytes | str) -> None:
    with suppress(MalformedFrame):
        assert isinstance(parse_watch(raw), Watch)


# From the hub -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        ChallengeMessage(id="chl_1", request="a.b.c"),
        Decided(id="chl_1", status="denied", reason="wrong_match"),
        Resolved(id="chl_1", status="expired"),
        ErrorMessage(code=ErrorCode.MALFORMED, detail="pin: no text"),
    ],
)
@BOTH
def test_a_phone_reads_what_the_hub_says(message: Wire, subprotocol: Subprotocol) -> None:
    sent = encode(message, subprotocol)

    assert isinstance(sent, bytes) == (subprotocol is MSGPACK)
    assert parse_hub_message(sent, subprotocol) == message


def test_a_field_without_value_is_left_out() -> None:
    assert Decided(id="chl_1", status="approved").to_wire() == {
        "type": "decided",
        "id": "chl_1",
        "status": "approved",
    }
    assert ErrorMessage(code=ErrorCode.WRONG_PIN, detail="d").to_wire() == {
        "type": "error",
        "code": "wrong_pin",
        "detail": "d",
    }


def test_an_empty_list_is_not_left_out() -> None:
    ready = {
        "type": "ready",
        "device": {"id": "dev_1", "name": "Pixel 9"},
        "account": {"user_id": "usr_1", "tenant": {"slug": "demo", "name": "Demo"}, "email": "ada@demo.test"},
        "heartbeat_s": 25,
        "pending": [],
    }

    parsed = parse_hub_message(json.dumps(ready), JSON)

    assert isinstance(parsed, Ready)
    assert parsed.to_wire() == ready


def test_messages_cannot_be_changed() -> None:
    with pytest.raises(ValueError):
        Ack(id="chl_1").id = "chl_2"  # type: ignore[misc]


# Values -------------------------------------------------------------------------------------------------


def test_the_names_and_numbers_are_those_of_the_contract() -> None:
    assert [each.value for each in Subprotocol] == [
        "lumo.device.v1.msgpack",
        "lumo.device.v1.json",
        "lumo.login.v1.json",
    ]
    assert [each.value for each in protocol.TokenType] == [
        "lumo-request+jwt",
        "lumo-decision+jwt",
        "lumo-proof+jwt",
        "lumo-ticket+jwt",
    ]
    assert protocol.FRAME_MAX_BYTES == 16_384
    assert protocol.AUTHENTICATE_WITHIN_S == 10
    assert protocol.MALFORMED_IN_A_ROW == 3
    assert (protocol.PROOF_LIFE_S, protocol.DECISION_LIFE_S, protocol.LEEWAY_S) == (60, 120, 30)
    assert protocol.PIN_LENGTH == (4, 8)


def test_times_are_utc_to_the_second() -> None:
    at = datetime(2026, 11, 24, 4, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))

    assert wire_time(at) == "2026-11-24T03:00:00Z"
    assert parse_time("2026-11-24T03:00:00Z") == datetime(2026, 11, 24, 3, tzinfo=UTC)


def test_a_binding_message_has_at_most_256_characters() -> None:
    def claims(words: str) -> RequestClaims:
        return RequestClaims(
            iss="https://login.example",
            aud="usr_1",
            jti="chl_1",
            iat=1,
            exp=2,
            kind="approval",
            app="Wiki",
            ctx=RequestContext(ip="203.0.113.7", browser="Firefox", os="Windows", at=1),
            msg=words,
            match="none",
        )

    assert claims("m" * 256).msg
    with pytest.raises(ValueError):
        claims("m" * 257)


def test_a_time_without_an_offset_is_none() -> None:
    with pytest.raises(ValueError, match="offset"):
        protocol.parse_time("2026-11-24T03:00:00")
