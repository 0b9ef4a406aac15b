"""``mobile-sim``: enrol a simulated phone, listen, answer."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from hub.protocol import Subprotocol
from mobile_sim import running
from mobile_sim.behaviour import Behaviour, Policy
from mobile_sim.cards import Emit
from mobile_sim.client import Line, Reason
from mobile_sim.device import Account
from mobile_sim.digits import numbers_from
from mobile_sim.enroll import Enrolment, EnrolmentFailed, code_in
from mobile_sim.sleep import QUIET_S, Sleep
from mobile_sim.state import StateFile, StateUnusable, default_path

if TYPE_CHECKING:
    from mobile_sim.push_service import PushService

app = typer.Typer(
    help="A phone on the command line: enrols, listens, and answers prompts as the real one does.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

StateOption = Annotated[
    Path | None, typer.Option("--state", help="The phone's memory; by default under $XDG_STATE_HOME.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Standard output carries JSON alone.")]
PinOption = Annotated[
    str | None, typer.Option("--pin", envvar="MOBILE_SIM_PIN", show_envvar=True, help="Never stored.")
]


@app.command()
def enroll(
    code: Annotated[str, typer.Option(help="The activation code, or the whole address that carries it.")],
    pin: Annotated[
        str, typer.Option(envvar="MOBILE_SIM_PIN", help="4 to 8 digits; - reads them from standard input.")
    ],
    hub: Annotated[
        str | None, typer.Option(help="The hub's address; an address as code has it in it.")
    ] = None,
    name: Annotated[str, typer.Option(help="What the account's pages call this phone.")] = "Simulated phone",
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add an account to this phone."""
    try:
        code, linked = code_in(code)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--code") from error
    address = hub or linked
    if address is None:
        raise typer.BadParameter("is needed where the code is not a whole address.", param_hint="--hub")
    file = _state(state)
    try:
        # A code works once: whatever can fail on this side fails before it is used.
        file.prepare()
        with Enrolment(address) as enrolment:
            preview = enrolment.preview(code)
            running.say(f"Adding {preview.email} at {preview.tenant} ({preview.issuer}) to this phone.")
            account = enrolment.bind(preview, sys.stdin.readline().strip() if pin == "-" else pin, name)
        file.put(account)
    except (EnrolmentFailed, StateUnusable) as error:
        _fail(str(error))
    if as_json:
        print(json.dumps(_facts(account) | {"state": str(file.path)}))
    else:
        print(f"Added {account.email} at {account.tenant_name} as “{name}”. Listen with: mobile-sim run")


@app.command()
def run(
    policy: Annotated[Policy, typer.Option(help="Ask on the screen, or answer by itself.")] = Policy.ASK,
    delay: Annotated[float, typer.Option(min=0, help="Seconds before an answer by itself.")] = 0.0,
    pin: PinOption = None,
    match: Annotated[
        str | None, typer.Option(help="The six digits: themselves, @FILE, or - (a line per request).")
    ] = None,
    reason: Annotated[
        Reason | None, typer.Option(help="Why, reported after each denial.", show_default=False)
    ] = None,
    state: StateOption = None,
    account: Annotated[str | None, typer.Option(help="Only this one: EMAIL or TENANT/EMAIL.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One event a line on standard output.")] = False,
    json_frames: Annotated[
        bool, typer.Option("--json-frames", help="The same as --subprotocol json.")
    ] = False,
    subprotocol: Annotated[
        Literal["msgpack", "json"], typer.Option(help="What the socket speaks.")
    ] = "msgpack",
    once: Annotated[bool, typer.Option("--once", help="Leave after the first request has ended.")] = False,
    sleep: Annotated[
        bool, typer.Option("--sleep", help="Disconnect while nothing is to be done; web pushes wake it.")
    ] = False,
    sleep_after: Annotated[
        float, typer.Option(min=0.1, help="Seconds of quiet before it falls asleep.", metavar="SECONDS")
    ] = QUIET_S,
    push_port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, help="Where web pushes arrive on 127.0.0.1; 0 takes a free one.", metavar="PORT"
        ),
    ] = 0,
    test: Annotated[bool, typer.Option("--test", help="Ask the hub for a test request.")] = False,
    note: Annotated[str | None, typer.Option(help="Words to show while nothing waits.")] = None,
) -> None:
    """Connect every account and answer what comes.

    A phone that sleeps takes web pushes on 127.0.0.1:PORT; the hub needs HUB_PUSH_ALLOW=http://127.0.0.1:PORT.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 connected elsewhere, 130 interrupted.
    """
    in_json = json_frames or subprotocol == "json"
    spoken = Subprotocol.DEVICE_JSON if in_json else Subprotocol.DEVICE_MSGPACK
    screen = policy is Policy.ASK and not as_json
    if screen and not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise typer.BadParameter(
            "ask needs a terminal; use approve or deny, or --json to listen only.", param_hint="--policy"
        )
    try:
        numbers = numbers_from(match)
    except (ValueError, OSError) as error:
        raise typer.BadParameter(str(error), param_hint="--match") from error
    behaviour = Behaviour(policy, numbers, delay_s=delay, pin=pin, reason=reason, once=once)
    file = _state(state)
    chosen = _chosen(file, account)
    if not chosen:
        _fail(f"There is no account on this phone ({file.path}). Add one with: mobile-sim enroll")

    pushes = _push_service(push_port) if sleep else None

    def lines(emit: Emit) -> list[Line]:
        made = []
        for one in chosen:
            asleep = Sleep(pushes.mailbox(), sleep_after) if pushes is not None else None
            made.append(Line(one, file, emit, subprotocol=spoken, sleep=asleep, test=test))
        return made

    if screen:
        ended = running.attended(lines, behaviour, note)
    else:
        ended = running.unattended(lines, behaviour, as_json)
    try:
        raise typer.Exit(running.finish(ended, pushes.running() if pushes is not None else None))
    except StateUnusable as error:
        _fail(str(error))


@app.command()
def accounts(state: StateOption = None, as_json: JsonOption = False) -> None:
    """List the accounts on this phone."""
    found = _chosen(_state(state), None)
    if as_json:
        print(json.dumps([_facts(account) for account in found]))
        return
    if not found:
        print("There is no account on this phone.")
    for account in found:
        print(f"{account.email}  {account.tenant_name}  {account.issuer}  {account.device_id}")


@app.command()
def forget(
    email: Annotated[str, typer.Argument(help="EMAIL or TENANT/EMAIL.")], state: StateOption = None
) -> None:
    """Remove an account from this phone; the hub is not told."""
    file = _state(state)
    found = _chosen(file, email)
    if len(found) != 1:
        names = " or ".join(f"{account.tenant_slug}/{account.email}" for account in found)
        _fail(f"Which one: {names}?" if found else f"There is no account {email} on this phone.")
    try:
        file.forget(found[0].device_id)
    except StateUnusable as error:
        _fail(str(error))
    print(
        f"Forgot {found[0].email} at {found[0].tenant_name}. Remove the phone on the account's page as well."
    )


def main() -> None:
    """Run the command."""
    app(prog_name="mobile-sim")


def _fail(why: str) -> NoReturn:
    running.say(why)
    raise typer.Exit(1)


def _push_service(port: int) -> "PushService":
    # Here, because a phone that stays awake needs no HTTP server.
    from mobile_sim.push_service import PortTaken, PushService

    try:
        return PushService(port)
    except PortTaken as error:
        _fail(str(error))


def _state(path: Path | None) -> StateFile:
    return StateFile(path or default_path())


def _chosen(file: StateFile, name: str | None) -> list[Account]:
    try:
        everyone = file.accounts()
    except StateUnusable as error:
        _fail(str(error))
    if name is None:
        return everyone
    wanted = name.casefold()
    return [
        one
        for one in everyone
        if wanted in (one.email.casefold(), f"{one.tenant_slug}/{one.email}".casefold(), one.device_id)
    ]


def _facts(account: Account) -> dict[str, Any]:
    return {
        "device_id": account.device_id,
        "name": account.device_name,
        "user_id": account.user_id,
        "email": account.email,
        "tenant": {"slug": account.tenant_slug, "name": account.tenant_name},
        "issuer": account.issuer,
        "socket_url": account.socket_url,
    }


if __name__ == "__main__":
    main()
