"""Why sockets end: the table of errors, and the numbers that clients rely on (PROTOCOL §2, §3)."""

import inspect

import pytest

from hub.domain import errors
from hub.domain.errors import DeviceRefusal
from hub.protocol import Close, ErrorCode
from hub.sockets import closing

NUMBERS = {
    "DONE": 1000,
    "GOING_AWAY": 1001,
    "TOO_BIG": 1009,
    "INTERNAL_ERROR": 1011,
    "RESTARTING": 1012,
    "TRY_LATER": 1013,
    "MALFORMED": 4400,
    "NOT_AUTHENTICATED": 4401,
    "DEVICE_REMOVED": 4403,
    "AUTHENTICATION_TIMEOUT": 4408,
    "CONNECTED_ELSEWHERE": 4409,
    "TOO_MANY_FRAMES": 4429,
}
ERROR_CODES = {
    "malformed",
    "unknown_type",
    "bad_decision",
    "wrong_pin",
    "device_locked",
    "uv_required",
    "not_found",
    "rate_limited",
    "bad_subscription",
}
CLOSED_WITH = [
    (closing.Done, 1000),
    (errors.Unavailable, 1013),
    (errors.RateLimited, 1013),
    (closing.Malformed, 4400),
    (errors.BadProof, 4401),
    (closing.NotAuthenticated, 4401),
    (errors.NotFound, 4401),
    (errors.DeviceRemoved, 4403),
    (closing.SilentTooLong, 4408),
    (errors.ConnectedElsewhere, 4409),
    (closing.TooManyFrames, 4429),
    (RuntimeError, 1011),
]


def test_the_numbers_are_those_of_the_contract() -> None:
    assert {close.name: close.value for close in Close} == NUMBERS


def test_the_error_codes_are_those_of_the_contract() -> None:
    assert {code.value for code in ErrorCode} == ERROR_CODES


@pytest.mark.parametrize(("error", "number"), CLOSED_WITH, ids=lambda each: getattr(each, "__name__", each))
def test_each_error_closes_with_its_number(error: type[Exception], number: int) -> None:
    assert closing.close_code(error()) == number


def test_the_table_of_this_test_is_complete() -> None:
    own = {each for _, each in inspect.getmembers(closing, inspect.isclass) if _is_of_closing(each)}

    assert {error for error, _ in CLOSED_WITH} == {*closing.CODES, RuntimeError}
    assert own <= set(closing.CODES)


def test_every_refusal_that_leaves_the_socket_open_has_a_code_of_the_contract() -> None:
    refusals = {each for each in DeviceRefusal.__subclasses__() if each is not errors.AlreadySettled}

    assert {each.code for each in refusals} <= set(ErrorCode)
    assert {each.code for each in refusals} == {
        "bad_decision",
        "wrong_pin",
        "device_locked",
        "uv_required",
        "not_found",
        "bad_subscription",
    }


def _is_of_closing(each: type) -> bool:
    return issubclass(each, Exception) and each.__module__ == closing.__name__
