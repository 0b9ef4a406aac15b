"""How often an address, a tenant or a phone may do what costs somebody something."""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Rate:
    """*times* in *per_s* seconds."""

    times: int
    per_s: int


class Limit(Enum):
    """What is counted, and by what: the values are the rates, each of which must hold."""

    LOGIN_STARTS_PER_IP = (Rate(120, 60), Rate(1200, 3600))
    LOGIN_STARTS_PER_TENANT = (Rate(1200, 60),)
    PASSWORD_TRIES_PER_IP = (Rate(60, 60), Rate(600, 3600))
    EXCHANGES_PER_DEVICE = (Rate(120, 60),)
    TESTS_PER_DEVICE = (Rate(5, 60),)
    ACTIVATION_FAILURES_PER_IP = (Rate(10, 60), Rate(50, 3600))

    def __init__(self, *rates: Rate) -> None:
        self.rates = rates


ANONYMOUS_SOCKETS_PER_IP = 25
LONG_POLLS_PER_IP = 100
WATCHING_SOCKETS_PER_IP = 200
