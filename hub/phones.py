"""What a phone that has proven itself is told, and what becomes of what it says, by whichever way it came."""

from dataclasses import dataclass, field

from hub.domain.challenge import Challenge, Report
from hub.domain.device import Device
from hub.domain.errors import AlreadySettled, ConnectedElsewhere, DeviceRefusal, WrongPin
from hub.domain.ids import ChallengeId
from hub.domain.secret import Secret
from hub.flows.devices import Admitted, Sight
from hub.flows.verify import Said
from hub.protocol import (
    HEARTBEAT_S,
    AccountFacts,
    Ack,
    AnyDeviceMessage,
    ChallengeMessage,
    Decide,
    Decided,
    DeviceFacts,
    ErrorCode,
    ErrorMessage,
    Ready,
    Reported,
    Resolved,
    TenantFacts,
    UnknownMessage,
    Wire,
)
from hub.protocol import Report as ReportMessage
from hub.services import Services


@dataclass(slots=True)
class Phone:
    """A connection that has proven whose it is; *shown* are the cards that it has not put away."""

    services: Services
    admitted: Admitted
    connection: str
    shown: set[ChallengeId] = field(default_factory=set)

    @property
    def device(self) -> Device:
        """The device as it was when it connected."""
        return self.admitted.device

    async def ready(self) -> Ready:
        """Make this the device's newest connection; return what it is told first."""
        sight = await self.services.devices.connect(self.device, self.connection)
        self.shown = {challenge.id for challenge in sight.pending}
        return Ready(
            device=DeviceFacts(id=sight.device.id, name=sight.device.name),
            account=AccountFacts(
                user_id=self.admitted.user.id,
                tenant=TenantFacts(slug=self.admitted.tenant.slug, name=self.admitted.tenant.name),
                email=self.admitted.user.email,
            ),
            heartbeat_s=HEARTBEAT_S,
            pending=[_card(challenge) for challenge in sight.pending],
        )

    async def look(self) -> list[Wire]:
        """Return what has changed since the last look; raises what ends the socket."""
        sight = await self.services.devices.look(self.device.id, self.connection, self.shown)
        return self.see(sight)

    def see(self, sight: Sight) -> list[Wire]:
        """Return what *sight* shows that this phone has not been told."""
        if sight.superseded:
            raise ConnectedElsewhere
        fresh = [challenge for challenge in sight.pending if challenge.id not in self.shown]
        replies: list[Wire] = [
            Resolved.model_validate({"id": each, "status": status.value}) for each, status in sight.over
        ]
        self.shown -= {each for each, _ in sight.over}
        self.shown |= {challenge.id for challenge in fresh}
        return [*replies, *(_card(challenge) for challenge in fresh)]

    async def answer(self, message: AnyDeviceMessage) -> list[Wire]:
        """Return the replies to one message; raises UnknownMessage for one that is not for here."""
        try:
            match message:
                case Ack():
                    await self.services.approve.ack(self.device, ChallengeId(message.id))
                    return []
                case Decide():
                    return [await self._decide(message)]
                case ReportMessage():
                    reason = Report(message.reason)
                    await self.services.approve.report(self.device, ChallengeId(message.id), reason)
                    return [Reported(id=message.id)]
                case _:
                    raise UnknownMessage("this type is not known")
        except AlreadySettled as settled:
            return [self._decided(settled.about or "", settled.status, settled.reason)]
        except DeviceRefusal as refusal:
            tries_left = refusal.tries_left if isinstance(refusal, WrongPin) else None
            code = ErrorCode(refusal.code)
            return [ErrorMessage(code=code, detail=str(refusal), id=refusal.about, tries_left=tries_left)]

    async def _decide(self, message: Decide) -> Decided:
        said = Said(_pin(message.pin), message.assertion)
        settled = await self.services.approve.decide(self.device, message.decision, said)
        return self._decided(settled.id, settled.status, settled.reason)

    def _decided(self, challenge_id: str, status: str, reason: str | None) -> Decided:
        self.shown.discard(ChallengeId(challenge_id))
        told = {"id": challenge_id, "status": str(status), "reason": str(reason) if reason else None}
        return Decided.model_validate(told)


def _pin(text: str | None) -> Secret | None:
    return None if text is None else Secret(text)


def _card(challenge: Challenge) -> ChallengeMessage:
    return ChallengeMessage(id=challenge.id, request=challenge.request)
