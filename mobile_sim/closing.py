"""What a phone does after its socket has ended: one table, and how long it waits."""

import random
from enum import StrEnum
from typing import Final

from hub.protocol import Close

SHORTEST_S: Final = 0.2
LONGEST_S: Final = 20.0
RESTART_S: Final = 5.0
SETTLED_S: Final = 20.0


class Then(StrEnum):
    """The next step after a close code."""

    BACK_OFF = "back_off"
    RESTART = "restart"
    STOP = "stop"
    WAIT_FOR_PERSON = "wait_for_person"
    FORGET = "forget"


AFTER: Final = {
    Close.DONE: Then.BACK_OFF,
    Close.GOING_AWAY: Then.BACK_OFF,
    Close.TOO_BIG: Then.BACK_OFF,
    Close.INTERNAL_ERROR: Then.BACK_OFF,
    Close.RESTARTING: Then.RESTART,
    Close.TRY_LATER: Then.BACK_OFF,
    Close.MALFORMED: Then.BACK_OFF,
    Close.NOT_AUTHENTICATED: Then.STOP,
    Close.DEVICE_REMOVED: Then.FORGET,
    Close.AUTHENTICATION_TIMEOUT: Then.BACK_OFF,
    Close.CONNECTED_ELSEWHERE: Then.WAIT_FOR_PERSON,
    Close.TOO_MANY_FRAMES: Then.BACK_OFF,
}


def after(code: int | None) -> Then:
    """Return what to do; a code that nobody defined, or none at all, is a broken connection."""
    return next((then for close, then in AFTER.items() if close == code), Then.BACK_OFF)


def pause_s(then: Then, attempt: int, chance: random.Random) -> float:
    """Return the seconds until the next attempt, the first after a good connection being 0.

    Full jitter: many phones that lost one hub at one moment must not come back at one moment.
    """
    if then is Then.RESTART:
        return chance.uniform(0, RESTART_S)
    return chance.uniform(0, min(LONGEST_S, SHORTEST_S * 2.0 ** min(attempt, 16)))
