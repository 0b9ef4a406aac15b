"""The command line: ``hub serve`` and the few things that an operator does by hand."""

import asyncio
import io
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from hub.app import rotate_keys, vault_of
from hub.domain.account import Role
from hub.domain.address import PublicUrl
from hub.domain.enrollment import CARRIED_LIFE
from hub.domain.errors import Invalid
from hub.flows.activate import Activation
from hub.flows.administer import AT_THE_COMMAND_LINE, email_errors, tenant_errors
from hub.flows.relocate import Move
from hub.logs import set_up_logs
from hub.operating import (
    STANDARD_INPUT,
    Refused,
    each,
    migrated,
    opened,
    password_line,
    prepare,
    quiet,
    run,
    settings_of,
    tell,
    tenant_of,
    told,
)
from hub.protocol import wire_time
from hub.server import Workers, listen
from hub.server import run as run_server
from hub.services import Services
from hub.set_up import Answers, picture, settings_text, write_settings
from hub.settings import Settings, settings_file

ONLY_PINS = (
    "browsers bind fingerprints and faces to a name: at an IP address phones approve by PIN alone. "
    "Name the hub in HUB_PUBLIC_URL, on this machine as http://localhost:PORT"
)

log = structlog.get_logger()

app = typer.Typer(
    name="hub",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="LumoAuth Hub: sign in by answering a prompt on a phone you enrolled.",
)
tenant_app = typer.Typer(no_args_is_help=True, help="Tenants.")
user_app = typer.Typer(no_args_is_help=True, help="People.")
enrollment_app = typer.Typer(no_args_is_help=True, help="Activation codes.")
address_app = typer.Typer(no_args_is_help=True, help="The address that browsers and phones use.")
keys_app = typer.Typer(no_args_is_help=True, help="Signing keys.")
app.add_typer(tenant_app, name="tenant")
app.add_typer(user_app, name="user")
app.add_typer(enrollment_app, name="enrollment")
app.add_typer(address_app, name="address")
app.add_typer(keys_app, name="keys")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
TenantSlug = Annotated[str, typer.Option("--tenant", help="The tenant's slug.", show_default=False)]
Email = Annotated[
    str,
    typer.Option("--email", help="An address; - reads one a line.", show_default=False),
]
DatabaseUrl = Annotated[
    str | None, typer.Option(help="As SQLAlchemy writes it; default: HUB_DATABASE_URL.", show_default=False)
]


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on [127.0.0.1].")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on [8000].", min=0, max=65535)] = None,
    database_url: DatabaseUrl = None,
    redis_url: Annotated[str | None, typer.Option(help="Redis, for several processes.")] = None,
    workers: Annotated[int, typer.Option(help="Processes on this port.", min=1, max=64)] = 1,
    as_json: AsJson = False,
) -> None:
    """Serve browsers, phones and applications until it is told to stop."""
    settings = settings_of(host=host, port=port, database_url=database_url, redis_url=redis_url)
    if workers > 1 and settings.redis_url is None:
        raise Refused("several workers need HUB_REDIS_URL: what one of them hears the others must hear too")
    quiet()
    asyncio.run(prepare(settings))
    set_up_logs(settings.log_level)
    try:
        listening = listen(settings.host, settings.port)
    except OSError as error:
        raise Refused(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error
    if settings.address.is_ip_address:
        log.warning("address.no_name", url=settings.address.origin, meaning=ONLY_PINS)
    with listening:
        host, port = listening.getsockname()[:2]
        print(f"Serving {settings.address.origin} on {host}:{port}", file=sys.stderr)
        if as_json:
            print(json.dumps({"url": settings.address.origin, "host": host, "port": port}), flush=True)
        if workers > 1:
            Workers(settings, listening, workers).run()
        elif not run_server(settings, listening):
            raise Refused("it could not start: the reason is in the log above")


@app.command(name="migrate")
def migrate_command(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Bring the database up to date."""
    settings = settings_of(database_url=database_url)
    quiet()
    applied = asyncio.run(migrated(settings))
    words = f"Applied {', '.join(applied)}." if applied else "The database is up to date."
    tell({"applied": applied}, words, as_json)


@app.command()
def init(
    public_url: Annotated[str | None, typer.Option(help="The address that people will use.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Its short name, for addresses.")] = None,
    name: Annotated[str | None, typer.Option(help="Your organisation's name.")] = None,
    email: Annotated[str | None, typer.Option(help="Your email address: you become the owner.")] = None,
    as_json: AsJson = False,
) -> None:
    """Set up a hub in this folder: settings, database, your organisation, and you."""
    path = settings_file()
    if path.exists():
        tell(
            {"settings": str(path), "changed": False},
            f"{path} is here already: nothing was changed.",
            as_json,
        )
        return
    url = public_url or _asked("Address that people will use", "http://localhost:8000")
    slug = tenant or _asked("Short name of your organisation", "main")
    answers = Answers(
        public_url=url,
        tenant=slug,
        name=name or _asked("Name of your organisation", slug.capitalize()),
        email=email or _asked("Your email address", None),
    )
    try:
        text = settings_text(answers)
    except ValueError as error:
        raise Refused(str(error)) from None
    # Now: a database made under a key that was then thrown away would refuse the next try's key.
    if errors := [*tenant_errors(answers.tenant, answers.name), *email_errors(answers.email)]:
        raise Invalid(errors=errors)
    quiet()
    write_settings(path, text)
    try:
        activation = asyncio.run(_first_owner(settings_of(), answers))
    except BaseException:
        # A half-made set-up would be taken for a whole one the next time.
        path.unlink()
        raise
    made = {"settings": str(path), "changed": True, **_activation_facts(activation, answers.address)}
    tell({**made, "login": _login_address(answers)}, _first_steps(answers, made, path), as_json)


@tenant_app.command("create")
def create_tenant(
    slug: Annotated[str, typer.Argument(help="Short name in addresses: a-z, 0-9 and dashes.")],
    name: Annotated[str, typer.Option("--name", help="The name that people see.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Make a tenant."""

    async def create(services: Services) -> tuple[dict[str, Any], PublicUrl]:
        tenant = await services.administer.create_tenant(slug, name)
        return {"id": tenant.id, "slug": tenant.slug}, services.public_url

    facts, address = run(create)
    tell(facts, f"Made the tenant {slug}: {address.origin}/t/{slug}/login", as_json)


@user_app.command("create")
def create_user(
    tenant: TenantSlug,
    email: Email,
    admin: Annotated[
        bool, typer.Option("--admin", help="May administer; the first one is the owner.")
    ] = False,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read a password, one line, from standard input.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add a person, or many."""
    if password_stdin and email == STANDARD_INPUT:
        raise typer.BadParameter("--password-stdin and --email - both read standard input: take one of them.")
    password = password_line() if password_stdin else None

    async def create(services: Services, address: str) -> dict[str, Any]:
        found = await tenant_of(services, tenant)
        user = await services.administer.create_user(
            found.id,
            address,
            by=AT_THE_COMMAND_LINE,
            role=Role.ADMIN if admin else Role.USER,
            password=password,
            first_admin_owns=admin,
        )
        return {"id": user.id, "email": user.email}

    each(email, create, lambda facts: f"Added {facts['email']}.", as_json)


@enrollment_app.command("create")
def create_enrollment(tenant: TenantSlug, email: Email, as_json: AsJson = False) -> None:
    """Make an activation code for a person's phone; it lives 24 hours."""

    async def create(services: Services, address: str) -> dict[str, Any]:
        found = await tenant_of(services, tenant)
        user = await services.administer.user_by_email(found.id, address)
        if user is None:
            raise Refused(f"there is no {address} at {tenant}")
        activation = await services.activate.create(
            found.id, user.id, life=CARRIED_LIFE, actor=AT_THE_COMMAND_LINE.actor
        )
        return _activation_facts(activation, services.public_url)

    each(email, create, lambda facts: facts["activation_code"], as_json)


@address_app.command("change")
def change_address(
    to: Annotated[str, typer.Option("--to", help="The new public URL.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, say what it comes to.")] = False,
    as_json: AsJson = False,
) -> None:
    """Move the hub to another address: phones pinned the old one, and must be enrolled again."""
    try:
        new = PublicUrl.parse(to)
    except ValueError as error:
        raise Refused(f"--to: {error}") from None

    async def change(services: Services) -> Move:
        return await (services.relocate.change if yes else services.relocate.planned)(new)

    move = run(change, moving=True)
    changed = yes and move.old != move.new
    facts = {"from": move.old.origin, "to": move.new.origin, "phones": move.phones, "people": move.people}
    tell({**facts, "changed": changed}, _of_move(move, changed), as_json)


@keys_app.command("rotate")
def rotate(as_json: AsJson = False) -> None:
    """Publish a new signing key; it signs an hour from now, and the old one stays while it is needed."""

    async def publish(services: Services) -> dict[str, Any]:
        key = await rotate_keys(services.store, vault_of(settings_of()), services.clock)
        return {"kid": key.kid, "signs_from": wire_time(key.signs_from)}

    facts = run(publish)
    tell(facts, f"Published {facts['kid']}; it signs from {facts['signs_from']} on.", as_json)


async def _first_owner(settings: Settings, answers: Answers) -> Activation:
    async with opened(settings) as services:
        tenant = await services.administer.create_tenant(answers.tenant, answers.name)
        owner = await services.administer.create_user(
            tenant.id, answers.email, by=AT_THE_COMMAND_LINE, role=Role.OWNER
        )
        return await services.activate.create(
            tenant.id, owner.id, life=CARRIED_LIFE, actor=AT_THE_COMMAND_LINE.actor
        )


def _of_move(move: Move, changed: bool) -> str:
    old, new = move.old.origin, move.new.origin
    if old == new:
        return f"The hub is at {new} already."
    phones = f"{move.phones} phone{'' if move.phones == 1 else 's'}"
    people = f"{move.people} {'person' if move.people == 1 else 'people'}"
    if not changed:
        return (
            f"{phones} of {people} enrolled at {old} would have to be enrolled again at {new}.\n"
            "Nothing was changed. With --yes they are taken off their accounts."
        )
    return (
        f"The hub has moved from {old} to {new}: {phones} of {people} taken off their accounts.\n"
        f"Set HUB_PUBLIC_URL={new}, restart the hub, and enrol each phone again."
    )


def _activation_facts(activation: Activation, address: PublicUrl) -> dict[str, Any]:
    code = activation.code.reveal()
    return {
        "id": activation.enrollment.id,
        "email": activation.user.email,
        "activation_code": code,
        "uri": address.activation(code),
        "expires_at": wire_time(activation.enrollment.expires_at),
    }


def _asked(question: str, default: str | None) -> str:
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"{question}? Give it as an option, or run this on a terminal.")
    answer: str = typer.prompt(question, default=default)
    return answer


def _login_address(answers: Answers) -> str:
    return f"{answers.address.origin}/t/{answers.tenant}/login"


def _first_steps(answers: Answers, facts: dict[str, Any], path: Path) -> str:
    hub, code = answers.address.origin, facts["activation_code"]
    note = f"\n\nNote: {ONLY_PINS}." if answers.address.is_ip_address else ""
    return (
        f"Set up {answers.name}, owned by {answers.email}. Settings: {path}, which nobody else can read.\n\n"
        f"{picture(facts['uri'])}\n"
        f"Your phone's activation code, good for 24 hours: {code}\n\n"
        "Now start it:   hub serve\n"
        f"Add a phone:    open {answers.address.authenticator} on it, or scan the picture\n"
        f"  or simulate:  mobile-sim enroll --hub {hub} --code {code} --pin 1234\n"
        f"Sign in:        {_login_address(answers)}{note}"
    )


def main() -> None:
    """Run the command that was typed."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        # A line that is no text is refused as that line; the rest goes on.
        sys.stdin.reconfigure(errors="surrogateescape")
    with told():
        app()


if __name__ == "__main__":
    main()
