"""What is shown to whoever asks for an address that has no account: the same as everybody sees.

Which of the two first steps, and which course the delivery takes, is read off a keyed hash of the address, so
that the same address always gets the same answer and nobody without the key can tell it from a real one.
"""

from datetime import datetime, timedelta

from hub.domain.login import Step

PUSH_OF_256 = 192
REACHED_OF_256 = 200
SHOWN_AFTER_MS = (120, 700)


def first_step(seed: bytes) -> Step:
    """Return where a passwordless sign-in of this address seems to start.

    Args:
        seed: at least 4 bytes of a keyed hash of tenant and address.
    """
    return Step.PUSH if seed[0] < PUSH_OF_256 else Step.PASSWORD


def is_reached(seed: bytes) -> bool:
    """Whether a phone seems to hear."""
    return seed[1] < REACHED_OF_256


def shown_at(seed: bytes, sway: int, now: datetime) -> datetime | None:
    """Return when a phone will seem to show the request, or None if none seems to hear.

    Args:
        sway: a random byte: no phone takes the same time twice.
    """
    if not is_reached(seed):
        return None
    low, high = SHOWN_AFTER_MS
    return now + timedelta(milliseconds=low + int.from_bytes(seed[2:4], "big") % (high - low) + sway)
