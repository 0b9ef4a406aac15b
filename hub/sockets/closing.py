"""Why a socket ends: each error, and the close code that tells it."""

from hub.domain.errors import (
    BadProof,
    ConnectedElsewhere,
    DeviceRemoved,
    NotFound,
    RateLimited,
    Unavailable,
)
from hub.protocol import Close


class Malformed(Exception):
    """What the peer sends cannot be worked with."""


class SilentTooLong(Exception):
    """The first message did not come in time."""


class TooManyFrames(Exception):
    """The peer sends faster than anything honest would."""


class NotAuthenticated(Exception):
    """The proof or the ticket opens nothing."""


class Done(Exception):
    """Everything is said."""


CODES: dict[type[Exception], Close] = {
    Done: Close.DONE,
    Unavailable: Close.TRY_LATER,
    RateLimited: Close.TRY_LATER,
    Malformed: Close.MALFORMED,
    BadProof: Close.NOT_AUTHENTICATED,
    NotAuthenticated: Close.NOT_AUTHENTICATED,
    NotFound: Close.NOT_AUTHENTICATED,
    DeviceRemoved: Close.DEVICE_REMOVED,
    SilentTooLong: Close.AUTHENTICATION_TIMEOUT,
    ConnectedElsewhere: Close.CONNECTED_ELSEWHERE,
    TooManyFrames: Close.TOO_MANY_FRAMES,
}


def close_code(error: Exception) -> Close:
    """Return the close code for *error*; what nobody foresaw is 1011."""
    return CODES.get(type(error), Close.INTERNAL_ERROR)
