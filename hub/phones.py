"""What a phone that has proven itself is told, and what becomes of what it says, by whichever way it came."""

from dataclasses import dataclass, field
from datetime import datetime

from hub.domain.challenge import Challenge, Report
from hub.domain.device import Device
from hub.domain.errors import (
    AlreadySettled,
    ConnectedElsewhere,
    DeviceRefusal,
    DeviceRemoved,
    Invalid,
    NotFound,
    RateLimited,
    WrongPin,
)
from hub.domain.ids import ChallengeId, DeviceId, TenantId, UserId
from hub.domain.secret import Secret
from hub.flows.base import by_device, device_topic
from hub.flows.devices import Admitted, Sight
from hub.flows.verify import Said
from hub.protocol import (
    HEARTBEAT_S,
    AccountFacts,
    Ack,
    AddCredential,
    AnyDeviceMessage,
    AskTest,
    Authenticate,
    ChallengeMessage,
    CredentialAdded,
    Decide,
    Decided,
    DeviceFacts,
    ErrorCode,
    ErrorMessage,
    Leave,
    Left,
    PushState,
    Ready,
    Rename,
    Renamed,
    Reported,
    Resolved,
    SubscribePush,
    TenantFacts,
    TestAsked,
    UnknownMessage,
    UnsubscribePush,
    Wire,
)
from hub.protocol import Report as ReportMessage
from hub.services import Services

AboutItself = Authenticate | SubscribePush | UnsubscribePush | Rename | AddCredential | Leave


@dataclass(slots=True)
class Phone:
    """A phone that has proven itself, by a socket or by one call.

    Attributes:
        nonce: the hub's, over which it has proven its key.
        ip, user_agent: where it is, as far as the hub can tell.
        connection: names its socket; None without one.
        shown: the cards that it has not put away.
        next_at: when it will be asked what is to come later.
    """

    services: Services
    admitted: Admitted
    nonce: str
    ip: str
    user_agent: str
    connection: str | None = None
    shown: set[ChallengeId] = field(default_factory=set)
    next_at: datetime | None = None

    @property
    def device(self) -> Device:
        """The device as it was when it connected."""
        return self.admitted.device

    async def connect(self, connection: str) -> Ready:
        """Make *connection* the device's newest; return what it is told first."""
        self.connection = connection
        return self.ready(self._saw(await self.services.devices.connect(self.device, connection)))

    async def sight(self) -> Sight:
        """Look; raises what ends the conversation."""
        return self._saw(await self.services.devices.look(self.device.id, self.connection, self.shown))

    def ready(self, sight: Sight) -> Ready:
        """Return who it is, and all that waits; from now on it knows of that."""
        self.shown |= {challenge.id for challenge in sight.pending}
        return Ready(
            device=DeviceFacts(id=sight.device.id, name=sight.device.name),
            account=AccountFacts(
                user_id=self.admitted.user.id,
                tenant=TenantFacts(slug=self.admitted.tenant.slug, name=self.admitted.tenant.name),
                email=self.admitted.user.email,
            ),
            heartbeat_s=HEARTBEAT_S,
            pending=[_card(challenge) for challenge in sight.pending],
            push_subscribed=self.services.devices.is_subscribed(sight.device),
            vapid_public_key=self.services.pusher.public_key,
        )

    async def look(self) -> list[Wire]:
        """Return what has changed since the last look; raises what ends the socket."""
        sight = await self.sight()
        fresh = [challenge for challenge in sight.pending if challenge.id not in self.shown]
        self.shown |= {challenge.id for challenge in fresh}
        return [*self.over(sight), *(_card(challenge) for challenge in fresh)]

    def over(self, sight: Sight) -> list[Wire]:
        """Return which cards *sight* lets it put away."""
        self.shown -= {each for each, _ in sight.over}
        return [Resolved.model_validate({"id": each, "status": status.value}) for each, status in sight.over]

    def look_within_s(self, longest: float) -> float:
        """Return after how many seconds to look even if nobody rings."""
        within = self.services.look_within_s(longest)
        if self.next_at is None:
            return within
        return min(within, max(0.0, (self.next_at - self.services.clock.now()).total_seconds()) + 0.001)

    def _saw(self, sight: Sight) -> Sight:
        if sight.superseded:
            raise ConnectedElsewhere
        self.next_at = sight.next_at
        return sight

    async def answer(self, message: AnyDeviceMessage) -> list[Wire]:
        """Return the replies to one message.

        Raises:
            UnknownMessage: it is not for here.
            DeviceRemoved: the device was taken from the account.
        """
        try:
            return await self._answer(message)
        except NotFound:
            # Somebody was faster.
            raise DeviceRemoved from None
        except Invalid as invalid:
            return [ErrorMessage(code=ErrorCode.MALFORMED, detail=invalid.errors[0].detail)]
        except RateLimited as limited:
            return [ErrorMessage(code=ErrorCode.RATE_LIMITED, detail=str(limited))]
        except AlreadySettled as settled:
            return [self._decided(settled.about or "", settled.status, settled.reason)]
        except DeviceRefusal as refusal:
            tries_left = refusal.tries_left if isinstance(refusal, WrongPin) else None
            code = ErrorCode(refusal.code)
            return [ErrorMessage(code=code, detail=str(refusal), id=refusal.about, tries_left=tries_left)]

    async def _answer(self, message: AnyDeviceMessage) -> list[Wire]:
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
            case AskTest():
                return [await self._test(message.delay_s)]
            case _:
                return [await self._change(message)]

    async def _change(self, message: AboutItself) -> Wire:
        """Change what the hub keeps of this device, as it asks."""
        match message:
            case SubscribePush():
                await self.services.devices.subscribe(self.device, message.subscription)
                return PushState(subscribed=True)
            case UnsubscribePush():
                await self.services.devices.subscribe(self.device, None)
                return PushState(subscribed=False)
            case Rename():
                return await self._rename(message.name)
            case AddCredential():
                await self.services.credentials.add(
                    self.device, self.nonce, message.proof, message.attestation, _pin(message.pin)
                )
                return CredentialAdded()
            case Leave():
                await self.services.devices.remove(*self._own, actor=by_device(self.device.id))
                return Left()
            case Authenticate():
                raise UnknownMessage("it has authenticated already")

    async def _decide(self, message: Decide) -> Decided:
        said = Said(_pin(message.pin), message.assertion)
        settled = await self.services.approve.decide(self.device, message.decision, said)
        if self.connection is None:
            # Its app may be open beside the service worker that says this.
            await self.services.bus.publish(device_topic(self.device.id))
        return self._decided(settled.id, settled.status, settled.reason)

    async def _test(self, delay_s: int) -> TestAsked:
        test = await self.services.try_out.send(
            self.admitted.tenant,
            self.admitted.user,
            self.device.id,
            origin=self.services.origin(self.ip, self.user_agent),
            actor=by_device(self.device.id),
            delay_s=delay_s,
        )
        return TestAsked(id=test.id)

    async def _rename(self, name: str) -> Renamed:
        renamed = await self.services.devices.rename(*self._own, name, actor=by_device(self.device.id))
        return Renamed(device=DeviceFacts(id=renamed.device.id, name=renamed.device.name))

    @property
    def _own(self) -> tuple[TenantId, UserId, DeviceId]:
        return self.device.tenant_id, self.device.user_id, self.device.id

    def _decided(self, challenge_id: str, status: str, reason: str | None) -> Decided:
        self.shown.discard(ChallengeId(challenge_id))
        told = {"id": challenge_id, "status": str(status), "reason": str(reason) if reason else None}
        return Decided.model_validate(told)


def _pin(text: str | None) -> Secret | None:
    return None if text is None else Secret(text)


def _card(challenge: Challenge) -> ChallengeMessage:
    return ChallengeMessage(id=challenge.id, request=challenge.request)
