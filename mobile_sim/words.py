"""How the phone says things to a person: short, in plain words, without colour."""

from datetime import datetime
from typing import Final

from hub.protocol import RequestClaims, RequestContext
from mobile_sim import events

PROBLEMS: Final = {
    "wrong_pin": "Wrong PIN. Try again.",
    "device_locked": "Too many wrong PINs: this phone cannot approve any more. Unlock it in your account.",
    "uv_required": "A PIN is needed to approve.",
    "bad_decision": "The hub could not accept this answer. Try again.",
    "rate_limited": "Too many tries. Wait a moment, then try again.",
    "not_found": "The hub does not know this request any more.",
    "malformed": "The hub could not read what this phone sent.",
    "unknown_type": "The hub does not know what this phone asked for.",
    "offline": "No connection. Your answer was not sent; try again once connected.",
    "malformed_from_hub": "The hub sent something that this phone cannot read.",
    "no_pin": "Approving needs a PIN: give --pin or MOBILE_SIM_PIN.",
    "no_number": "Approving needs the number from the browser, and none was given.",
    "bad_number": "The number has six digits.",
}

OUTCOMES: Final = {
    "approved": ("✓", "Approved"),
    "denied": ("✕", "Denied"),
    "expired": ("◌", "Ran out"),
    "cancelled": ("–", "Cancelled"),
    "not_pending": ("–", "Over"),
}

STOPPED: Final = {
    "removed": "This phone was removed from the account. The account is forgotten here.",
    "not_authenticated": "The hub does not accept this phone's key. Add the phone again.",
    "connected_elsewhere": "This phone is connected in another window.",
}

VERBS: Final = {"login": "Signing in to", "approval": "Approval for", "test": "Nobody is signing in:"}
QUESTIONS: Final = {"login": "Is this you?", "approval": "Is this you?", "test": "Only a test."}


def problem(code: str, detail: str) -> str:
    """Return what went wrong, in plain words; the hub's own where the code is new."""
    return PROBLEMS.get(code, detail)


def place(ctx: RequestContext) -> str:
    """Return where the request comes from, as well as the hub knows it."""
    parts = [part for part in (ctx.city, ctx.country) if part]
    return ctx.location or ", ".join(parts) or "Place not known"


def browser(ctx: RequestContext) -> str:
    """Return ``Firefox on Windows``."""
    return f"{ctx.browser} on {ctx.os}"


def clock(at: float) -> str:
    """Return the local time of day, to the second."""
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")


def ago(seconds: float) -> str:
    """Return how long ago, as a person says it."""
    whole = max(0, int(seconds))
    if whole < 2:
        return "just now"
    if whole < 120:
        return f"{whole} s ago"
    return f"{whole // 60} min ago"


def woken(event: events.Woken) -> str:
    """Return what ended the phone's sleep, and who asks, where that is known and verified."""
    if event.by == "person":
        return "Woken by hand"
    return f"Woken by a web push: {printable(event.app)} asks" if event.app else "Woken by a web push"


def by_push(status: events.Status) -> str:
    """Return what a web push said of a request that has ended."""
    return f"A web push says: {OUTCOMES[status][1].lower()}"


def summary(claims: RequestClaims) -> str:
    """Return the request in one line."""
    return printable(f"{claims.app}, {place(claims.ctx)}, {browser(claims.ctx)}, {claims.ctx.ip}")


def printable(text: str) -> str:
    """Return *text* without characters that a terminal would act on."""
    return "".join(one if one.isprintable() else " " for one in text)


def told(event: events.Event) -> str | None:
    """Return *event* as one line for a person without a screen, or nothing where it is of no interest."""
    text = _request_told(event) or _connection_told(event)
    return None if text is None else f"{event.account.email}: {text.rstrip('.')}."


def _request_told(event: events.Event) -> str | None:
    match event:
        case events.Asked(request=request):
            number = " A number is needed." if request.needs_number else ""
            return f"{VERBS[request.claims.kind]} {summary(request.claims)}.{number}"
        case events.Decided(status=status, reason=reason):
            return OUTCOMES[status][1] + (": the number was wrong" if reason == "wrong_match" else "")
        case events.Resolved(status=status):
            return f"{OUTCOMES[status][1]} elsewhere"
        case events.PutAway(why=why):
            return OUTCOMES[why][1]
        case events.Failed(code=code, detail=detail):
            return problem(code, detail)
        case events.Refused(why=why):
            return f"A request was refused: {why}"
        case events.Pushed(status=status) if status is not None:
            return by_push(status)
        case events.TestAsked():
            return "A test request is on its way"
        case _:
            return None


def _connection_told(event: events.Event) -> str | None:
    match event:
        case events.Connecting():
            return "Connecting"
        case events.Ready(pending=pending):
            return f"Connected. {pending or 'Nothing'} waiting"
        case events.Subscribed():
            return "It can sleep now: the hub knows where to send web pushes"
        case events.Asleep():
            return "Asleep. A web push wakes it"
        case events.Woken():
            return woken(event)
        case events.Closed(code=code, why=why):
            return f"Disconnected{f' ({code})' if code else ''}{f': {why}' if why else ''}"
        case events.Reconnecting(in_s=in_s):
            return f"Trying again in {in_s:.1f} s"
        case events.Stopped(why=why):
            return STOPPED[why]
        case _:
            return None
