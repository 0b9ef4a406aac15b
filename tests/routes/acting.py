"""What people and phones do at a running hub, in one call each; and how its answers are judged."""

import json
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx2

from hub.domain import decoy
from hub.domain.account import Role, User
from hub.domain.login import Step
from hub.domain.tenant import AuthenticationSettings, MatchPolicy, PushMode, Tenant
from hub.flows.administer import AT_THE_COMMAND_LINE
from tests.running import Browser, Phone, RunningHub

ADA = "ada@demo.test"


async def answer(
    phone: Phone, browser: Browser, said: str = "approve", match: str | None = None, **more: Any
) -> dict[str, Any]:
    """Answer the challenge that *browser* waits for; the number is typed as shown unless *match* is given."""
    challenge = browser.answer["challenge"]
    shown = challenge["match"]["digits"] if "match" in challenge else None
    async with phone.connected() as device:
        cards = {each["id"]: each["request"] for each in device.ready["pending"]}
        return await device.decide(cards[challenge["id"]], said, match or shown, **more)


async def sign_in(phone: Phone, browser: Browser, email: str = ADA, **body: Any) -> httpx2.Response:
    """Sign in by a push; return the answer of ``complete``."""
    await browser.start(email, **body)
    assert (await answer(phone, browser))["status"] == "approved"
    completed = await browser.again("complete")
    assert completed.status_code == 200, completed.text
    return completed


async def sign_in_by_password(browser: Browser, email: str, password: str) -> httpx2.Response:
    """Sign in by the password alone; return the answer of ``complete``."""
    assert (await browser.start(email, password=password))["step"] == "approved"
    completed = await browser.again("complete")
    assert completed.status_code == 200, completed.text
    return completed


async def person(hub: RunningHub, tenant: Tenant, email: str = ADA, **more: Any) -> tuple[User, Phone]:
    """Add a person with a phone."""
    user = await hub.user(tenant, email, **more)
    return user, await hub.phone(user)


async def admin(hub: RunningHub, tenant: Tenant, role: Role = Role.OWNER) -> Browser:
    """Add an admin with a phone; return the browser in which they are signed in."""
    email = f"{role}@{tenant.slug}.test"
    _, phone = await person(hub, tenant, email, role=role)
    browser = hub.browser(tenant.slug)
    await sign_in(phone, browser, email)
    return browser


async def change_policy(hub: RunningHub, tenant: Tenant, **changes: Any) -> None:
    """Change the tenant's sign-in policy; *changes* are fields of AuthenticationSettings."""
    present = (await hub.services.administer.tenant(tenant.slug)).authentication
    words = {"push_mode": PushMode, "match": MatchPolicy}
    given = {name: words[name](value) if name in words else value for name, value in changes.items()}
    settings = AuthenticationSettings(**asdict(present) | given)
    await hub.services.administer.change_settings(tenant.id, settings, by=AT_THE_COMMAND_LINE)


def nobody(hub: RunningHub, step: Step, *, course: decoy.Course | None = None, slug: str = "demo") -> str:
    """Return an address without account whose sign-in starts at *step*, and whose delivery takes *course*."""
    for number in range(1000):
        email = f"nobody{number}@demo.test"
        seed = hub.services.vault.steady("decoy", hub.services.sign_in.account_key(slug, email))
        if decoy.first_step(seed) is step and course in (None, decoy.course(seed)):
            return email
    raise AssertionError("no such address")


def refused(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Check that *response* is this very problem (RFC 9457); return its body."""
    assert (response.status_code, response.json().get("code")) == (status, code), response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body.keys() >= {"type", "title", "detail"}
    if status == 429:
        assert int(response.headers["retry-after"]) >= 1
    return body


def cookies_of(response: httpx2.Response) -> dict[str, dict[str, str]]:
    """Return what each ``Set-Cookie`` says: its attributes in lower case, the value under ``""``."""
    found = {}
    for line in response.headers.get_list("set-cookie"):
        pair, *attributes = line.split("; ")
        name, value = pair.split("=", 1)
        said = {each.partition("=")[0]: each.partition("=")[2] for each in attributes}
        found[name] = {"": value.strip('"')} | {key.lower(): text.lower() for key, text in said.items()}
    return found


def known_cookie(response: httpx2.Response) -> tuple[str, str] | None:
    """Return name and value of the known-browser cookie that *response* sets, if it sets one."""
    found = [(name, said[""]) for name, said in cookies_of(response).items() if "known-" in name]
    return found[0] if found else None


def rows(hub: RunningHub, statement: str) -> list[Any]:
    """Return what *statement* finds in the hub's SQLite file, behind its back."""
    path = Path(hub.settings.database_url.removeprefix("sqlite+aiosqlite:///"))
    with sqlite3.connect(path) as connection:
        found = connection.execute(statement).fetchall()
    connection.close()
    return found


def audit(hub: RunningHub, kind: str) -> list[dict[str, Any]]:
    """Return the data of every audit row of *kind*, oldest first."""
    found = rows(hub, f"SELECT data FROM audit WHERE type = '{kind}' ORDER BY id")
    return [json.loads(data) for (data,) in found]
