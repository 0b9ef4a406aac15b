"""The ways to prove who one is."""

from enum import StrEnum


class Factor(StrEnum):
    """One way; its value is the word of the contract and of the audit log."""

    PUSH = "push"
    PASSWORD = "password"


def strongest(*, has_device: bool) -> Factor:
    """Return the strongest factor of an account: what a change of its factors must be confirmed with."""
    return Factor.PUSH if has_device else Factor.PASSWORD
