"""Whether the web pushes of one challenge reach any phone."""

from dataclasses import dataclass, field
from datetime import datetime

from hub.domain.challenge import NO_ACK_MEANS_UNREACHABLE, Challenge
from hub.domain.ids import DeviceId


@dataclass(slots=True)
class Reach:
    """How the pushes of *challenge* go, which were sent *to* these phones.

    *unreachable_from* is when it may be said at the earliest that no phone is reached: one that holds a
    socket, and was slow to show it, has its time.
    """

    challenge: Challenge
    to: frozenset[DeviceId]
    unreachable_from: datetime
    failing: set[DeviceId] = field(default_factory=set)
    lost: set[DeviceId] = field(default_factory=set)
    is_settled: bool = False

    def taken(self) -> None:
        """A push service has it: from now on only the phone can tell."""
        self.is_settled = True

    def failed(self, device: DeviceId, now: datetime, *, for_good: bool) -> datetime | None:
        """Note a try in vain; return from when no phone is reached, once, as soon as that is so.

        It is so where every push failed for good, and where for as long as a socket would have had every
        try of every push was in vain: they go on, but nobody should wait for them.
        """
        self.failing.add(device)
        if for_good:
            self.lost.add(device)
        waited = now >= self.challenge.created_at + NO_ACK_MEANS_UNREACHABLE
        unreached = self.lost >= self.to or (self.failing >= self.to and waited)
        if self.is_settled or not unreached:
            return None
        self.is_settled = True
        return max(now, self.unreachable_from)
