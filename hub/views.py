"""A sign-in in the words of the wire, the same for its socket and its HTTP calls."""

import base64
import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from hub.domain.challenge import Challenge, Reason
from hub.flows.watch import View
from hub.protocol import ChallengeFacts, MatchFacts, State, wire_time
from hub.services import Services


def state(view: View) -> State:
    """Return the ``state`` message of *view*; its ``version`` changes whenever anything else in it does."""
    facts = State(
        step=view.login.step.value,
        challenge=_challenge(view.challenge, view) if view.challenge is not None else None,
        methods=[method.value for method in view.methods],
        push_after=_not_before(view.push_after) if view.push_after is not None else None,
        version="",
    )
    return facts.model_copy(update={"version": _version(facts)})


def login_answer(view: View, socket: dict[str, str] | None) -> dict[str, Any]:
    """Return the answer of every login call; *socket* is where to watch, while the login is not over."""
    answer = {"login_id": view.login.id, **state(view).to_wire()}
    del answer["type"]
    return answer if socket is None else {**answer, "socket": socket}


def look_again_within_s(hub: Services, view: View, longest: float) -> float:
    """Return after how many seconds to look at a login even if nobody rings: time alone changes it too."""
    within = hub.look_within_s(longest)
    if view.next_change is None:
        return within
    return min(within, max(0.0, (view.next_change - hub.clock.now()).total_seconds()) + 0.001)


def _challenge(challenge: Challenge, view: View) -> ChallengeFacts:
    return ChallengeFacts(
        id=challenge.id,
        status=challenge.status_at(view.now).value,
        match=MatchFacts(digits=view.digits.reveal()) if view.digits is not None else None,
        expires_at=wire_time(challenge.expires_at),
        delivery=challenge.delivery_at(view.now).value,
        reason="wrong_match" if challenge.reason is Reason.WRONG_MATCH else None,
    )


def _not_before(moment: datetime) -> str:
    """Return *moment* up to the next whole second: a push sent at what is told must be taken."""
    return wire_time(moment + timedelta(microseconds=999_999))


def _version(facts: State) -> str:
    text = json.dumps(facts.to_wire(), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:12]).decode()
