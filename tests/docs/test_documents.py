"""Documents are held to the code: what it can say stands in its page, and what a page names exists."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from starlette.routing import BaseRoute, Mount, Route
from typer.core import TyperGroup

from hub import cli, protocol
from hub.domain import account, device, enrollment, limits, login, throttle
from hub.domain.audit import Event
from hub.domain.limits import Limit
from hub.routes.errors import STATUS, fault, plain_problem
from hub.routes.table import ROUTES
from hub.settings import Settings
from hub.sockets.serve import FRAMES_AT_ONCE, FRAMES_PER_S
from mobile_sim.__main__ import app as mobile_sim

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / f"{name}.md" for name in ("README", "ARCHITECTURE", "CONTRIBUTING", "CHANGELOG")]
DOCUMENTS += sorted((ROOT / "docs").glob("*.md"))
EVERY_DOCUMENT = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@cache
def text(name: str) -> str:
    """Return a document's text; *name* is its path from the root."""
    return (ROOT / name).read_text()


def message_types() -> Iterator[str]:
    """Yield the ``type`` of every message on both sockets."""
    for union in (protocol.DeviceMessage, protocol.HubMessage, protocol.LoginHubMessage):
        for model in get_args(get_args(union)[0]):
            yield model.model_fields["type"].default
    yield protocol.Watch.model_fields["type"].default


def fields(model: type[protocol.Wire]) -> Iterator[str]:
    """Yield the names of a model's fields."""
    yield from model.model_fields


def code_of(answer: Any) -> str:
    """Return the code in a problem's body."""
    found = re.search(rb'"code":"([a-z_]+)"', bytes(answer.body))
    assert found is not None
    return found[1].decode()


def routes(under: list[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield method and path of every route."""
    for route in under:
        if isinstance(route, Route):
            for method in (route.methods or set()) - {"HEAD"}:
                yield method, prefix + route.path
        elif isinstance(route, Mount):
            yield from routes(list(route.routes), prefix + route.path)


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, by its whole name."""
    if isinstance(command, TyperGroup):
        for name, below in command.commands.items():
            yield from commands(below, f"{path} {name}")
    else:
        yield path, command


HUB = dict(commands(typer.main.get_command(cli.app), "hub"))
SIM = dict(commands(typer.main.get_command(mobile_sim), "mobile-sim"))


# Everything that the code can say stands in its page ----------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(message_types())))
def test_a_message_stands_in_the_contract(name: str) -> None:
    assert f"| `{name}` |" in text("docs/integrating.md")


@pytest.mark.parametrize("name", [each.value for each in protocol.TokenType])
def test_a_token_stands_in_the_contract(name: str) -> None:
    assert f"| `{name}` |" in text("docs/integrating.md")


@pytest.mark.parametrize(
    "model",
    [
        protocol.RequestClaims, protocol.RequestContext, protocol.DecisionClaims, protocol.ProofClaims,
        protocol.Authenticate, protocol.Hello, protocol.Ready, protocol.ChallengeMessage, protocol.Decide,
        protocol.Decided, protocol.Report, protocol.ErrorMessage, protocol.State, protocol.ChallengeFacts,
        protocol.MatchFacts, protocol.AccountFacts, protocol.TenantFacts, protocol.DeviceFacts,
    ],
)  # fmt: skip
def test_a_field_of_the_wire_stands_in_the_contract(model: type[protocol.Wire]) -> None:
    page = text("docs/integrating.md")

    missing = [name for name in fields(model) if not re.search(rf"\b{name}\b", page)]

    assert missing == []


@pytest.mark.parametrize("name", [each.value for each in protocol.Subprotocol])
def test_a_subprotocol_stands_in_the_contract(name: str) -> None:
    assert f"`{name}`" in text("docs/integrating.md")


@pytest.mark.parametrize("code", list(protocol.Close))
def test_a_close_code_stands_in_the_contract(code: protocol.Close) -> None:
    assert f"| {code.value} |" in text("docs/integrating.md")


@pytest.mark.parametrize("code", [each.value for each in protocol.ErrorCode])
def test_a_device_error_stands_in_the_contract(code: str) -> None:
    errors = section("docs/integrating.md", "### Error codes")

    assert f"| `{code}` |" in errors


@pytest.mark.parametrize("error", list(STATUS), ids=lambda error: error.__name__)
def test_an_http_error_stands_in_the_contract_with_its_status(error: Any) -> None:
    assert f"| {STATUS[error]} | `{error.code}` |" in text("docs/integrating.md")


@pytest.mark.parametrize("answer", [plain_problem(404), plain_problem(405), fault()])
def test_an_error_of_the_router_stands_in_the_contract(answer: Any) -> None:
    assert f"| {answer.status_code} | `{code_of(answer)}` |" in text("docs/integrating.md")


@pytest.mark.parametrize(("method", "path"), sorted(routes(ROUTES)))
def test_a_route_stands_in_the_contract(method: str, path: str) -> None:
    page = text("docs/integrating.md")
    is_call = "/api/" in path or path in ("/healthz", "/readyz", "/.well-known/jwks.json")

    if is_call:
        short = path.replace("/t/{slug}/api/v1/admin", "").replace("/t/{slug}/api/v1", "")
        assert f"`{method} {short}`" in page
    elif method == "GET":
        assert f"| `{path}` |" in page


@pytest.mark.parametrize("name", sorted(f"HUB_{name.upper()}" for name in Settings.model_fields))
def test_a_setting_stands_in_its_table_with_its_default(name: str) -> None:
    default = Settings.model_fields[name.removeprefix("HUB_").lower()].default
    row = re.search(rf"^\| `{name}` \|.*$", text("docs/operating.md"), re.MULTILINE)

    assert row is not None
    assert not isinstance(default, str | int) or f"`{default}`" in row[0]


@pytest.mark.parametrize("limit", list(Limit), ids=lambda limit: limit.name)
def test_a_limit_stands_in_its_table_with_its_figures(limit: Limit) -> None:
    figures = ", ".join(f"{rate.times} in {rate.per_s} s" for rate in limit.rates)

    assert f"| {figures} |" in section("docs/operating.md", "## Limits")


FIGURES = [
    f"| {limits.ANONYMOUS_SOCKETS_PER_IP} at once |",
    f"| {limits.LONG_POLLS_PER_IP} at once |",
    f"| {FRAMES_AT_ONCE} at once, {FRAMES_PER_S} a second for longer |",
    f"| open challenges | {throttle.Lane.ANY.open_challenges}; a known browser has one more of its own |",
    f"{throttle.FIRST_WAIT.seconds} s after the second",
    f"then doubling up to {throttle.LONGEST_WAIT.seconds // 3600} h; an approval ends it",
    f"{throttle.DENIALS_UNTIL_MUTE} denials within {throttle.DENIAL_WINDOW.seconds // 60} min",
    f"no push for {throttle.FIRST_MUTE.seconds // 60} min, doubled each time",
    f"up to {throttle.LONGEST_MUTE.days} day |",
    f"| {login.BETWEEN_PUSHES.seconds} s apart, {login.PUSHES} in all |",
    f"| {throttle.FREE_TRIES} without a wait; after the fifth {throttle.FIRST_TRY_WAIT.seconds} s",
    f"up to {throttle.LONGEST_TRY_WAIT.seconds // 60} min; from {throttle.TRIES_IN_A_ROW} in a row on",
    f"| {device.WRONG_PINS_UNTIL_LOCK} in a row lock the phone |",
    f"| phones of one person | {device.DEVICES_PER_USER} |",
    f"a login {login.LIFE.seconds // 60} min, `complete` within {login.COMPLETE_WITHIN.seconds} s",
    f"a session {account.SESSION_LIFE.seconds // 3600} h",
    f"a known browser {account.KNOWN_BROWSER_LIFE.days} days",
    f"{enrollment.ON_SCREEN_LIFE.seconds // 60} min on the screen",
    f"{enrollment.CARRIED_LIFE.total_seconds() // 3600:.0f} h from the command line",
]


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_stands_as_it_is_in_the_code(figure: str) -> None:
    words = " ".join(section("docs/operating.md", "## Limits").split())

    assert figure in words


@pytest.mark.parametrize("event", list(Event))
def test_an_audit_event_stands_in_its_table(event: Event) -> None:
    assert f"`{event.value}`" in section("docs/security.md", "## The audit log")


@pytest.mark.parametrize("name", sorted(HUB))
def test_a_command_of_the_hub_stands_in_its_table(name: str) -> None:
    rows = re.findall(r"^\| `(hub [a-z ]+)", section("docs/operating.md", "## Commands"), re.MULTILINE)

    assert name in {row.strip() for row in rows}


@pytest.mark.parametrize("name", sorted(SIM))
def test_a_command_of_the_phone_stands_in_its_table(name: str) -> None:
    assert f"| `{name}" in section("docs/integrating.md", "## The simulated phone")


@pytest.mark.parametrize("target", sorted(re.findall(r"^\.PHONY: ([a-z]+)$", text("Makefile"), re.MULTILINE)))
def test_a_make_target_stands_in_its_table(target: str) -> None:
    assert f"| `make {target}` |" in text("CONTRIBUTING.md")


# What a page names exists -------------------------------------------------------------------------------


@EVERY_DOCUMENT
def test_a_link_within_the_repository_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if target.startswith(("https://", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        led_to = (path.parent / file).resolve() if file else path

        assert led_to.exists(), target
        assert not anchor or anchor in anchors(led_to), target


@EVERY_DOCUMENT
def test_a_file_that_is_named_exists(path: Path) -> None:
    named = re.findall(r"`((?:hub|web|mobile_sim|tests|scripts|docs|\.ci)/[\w./-]*)`", path.read_text())

    assert [name for name in named if not (ROOT / name).exists()] == []


@EVERY_DOCUMENT
def test_a_make_target_that_is_named_exists(path: Path) -> None:
    targets = set(re.findall(r"^\.PHONY: ([a-z]+)$", text("Makefile"), re.MULTILINE))

    assert set(re.findall(r"`make ([a-z]+)", path.read_text())) <= targets


@EVERY_DOCUMENT
def test_a_command_that_is_shown_exists_with_its_options(path: Path) -> None:
    for line in shown_commands(path):
        words = line.split()
        known = {**HUB, **SIM}
        name = next((name for name in known if words[: len(name.split())] == name.split()), None)
        assert name is not None, line
        options = {option for parameter in known[name].params for option in parameter.opts}
        assert {word.split("=")[0] for word in words if word.startswith("--")} <= options | {"--help"}, line


@EVERY_DOCUMENT
def test_a_setting_that_is_named_exists(path: Path) -> None:
    known = {f"HUB_{name.upper()}" for name in Settings.model_fields} | {"HUB_SETTINGS"}

    assert set(re.findall(r"\bHUB_[A-Z_]+\b", path.read_text())) <= known


@EVERY_DOCUMENT
def test_a_page_names_no_machine_and_no_registry(path: Path) -> None:
    page = path.read_text()

    assert not re.search(r"(?<![\w.])/(?:work|root|tmp|home|Users)/", page)
    assert not re.search(r"/simple/|registry[.]", page)


def test_the_package_shows_the_readme() -> None:
    assert PROJECT["project"]["readme"] == "README.md"


# Reading pages ------------------------------------------------------------------------------------------


def section(name: str, heading: str) -> str:
    """Return the part of a document under *heading*, up to the next of the same or a higher level."""
    level = len(heading.split()[0])
    _, found, after = text(name).partition(f"\n{heading}\n")
    assert found, f"{name} has no {heading!r}"
    return re.split(rf"^#{{1,{level}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]


def anchors(path: Path) -> set[str]:
    """Return what a link into *path* may name, as code hosts make it of the headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def shown_commands(path: Path) -> Iterator[str]:
    """Yield each `hub …` and `mobile-sim …` that a page shows, in a block or in a line."""
    page = path.read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"`((?:hub|mobile-sim) [^`]+)`", page)
    for line in lines:
        found = re.match(r"(?:\S*/)?((?:hub|mobile-sim) [^#|<>&;]*)", line)
        if found and not found[1].strip().endswith("…"):
            yield found[1].strip()
