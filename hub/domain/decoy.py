"""What is shown to whoever asks for an address that has no account: the same as everybody sees.

Which of the two first steps, and which course the delivery takes, is read off a keyed hash of the address, so
that the same address always gets the same answer and nobody without the key can tell it from a real one.
"""

from datetime import datetime, timedelta
from enum import Enum, auto

from hub.domain.challenge import NO_ACK_MEANS_UNREACHABLE
from hub.domain.login import Step

PUSH_OF_256 = 192


class Course(Enum):
    """What becomes of a request to phones, as the waiting page sees it."""

    BY_SOCKET = auto()
    """A phone listens, and shows it at once."""
    BY_PUSH = auto()
    """A phone sleeps; a web push wakes it, and it shows it some seconds later."""
    ASLEEP = auto()
    """A push service takes it, and the phone sleeps on."""
    UNREACHED = auto()
    """No phone listens, and none takes web pushes."""


COURSES_OF_256 = {Course.BY_SOCKET: 84, Course.BY_PUSH: 84, Course.ASLEEP: 44, Course.UNREACHED: 44}
SHOWN_AFTER_MS = {Course.BY_SOCKET: (120, 700), Course.BY_PUSH: (900, 3500)}
# How much one showing differs from the next: by socket the phone's own doing, by push the network's as well.
SWAY_MS = {Course.BY_SOCKET: 1, Course.BY_PUSH: 6}


def first_step(seed: bytes) -> Step:
    """Return where a passwordless sign-in of this address seems to start.

    Args:
        seed: at least 4 bytes of a keyed hash of tenant and address.
    """
    return Step.PUSH if seed[0] < PUSH_OF_256 else Step.PASSWORD


def course(seed: bytes) -> Course:
    """Return what the delivery seems to do."""
    left = seed[1]
    for each, share in COURSES_OF_256.items():
        if left < share:
            return each
        left -= share
    return Course.UNREACHED


def shown_at(seed: bytes, sway: int, now: datetime) -> datetime | None:
    """Return when a phone will seem to show the request, or None if none will.

    Args:
        sway: a random byte: no phone takes the same time twice.
    """
    taken = course(seed)
    if taken not in SHOWN_AFTER_MS:
        return None
    low, high = SHOWN_AFTER_MS[taken]
    after_ms = low + int.from_bytes(seed[2:4], "big") % (high - low) + sway * SWAY_MS[taken]
    return now + timedelta(milliseconds=after_ms)


def unreachable_at(seed: bytes, now: datetime) -> datetime | None:
    """Return from when no phone will seem to be reached, or None where a push service seems to have it."""
    match course(seed):
        case Course.BY_SOCKET:
            return now + NO_ACK_MEANS_UNREACHABLE
        case Course.BY_PUSH | Course.ASLEEP:
            return None
        case Course.UNREACHED:
            return now
