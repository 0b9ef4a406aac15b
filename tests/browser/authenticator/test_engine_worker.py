"""The service worker: notifications for pushes, answered and replaced, and the app without a network."""

from dataclasses import dataclass

import pytest
from playwright.async_api import BrowserContext, expect

from hub.domain.account import User
from hub.flows.administer import AT_THE_COMMAND_LINE
from tests.browser.authenticator.closed import Asleep, Waiting, asked
from tests.browser.authenticator.opened import App, Scene, ada
from tests.running import Phone, RunningHub
from tests.sockets.forging import with_changed_claims

pytestmark = pytest.mark.browser

AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass
class Someone:
    """A person with the app on a phone, and a second phone, which only listens."""

    hub: RunningHub
    user: User
    account: str
    other: Phone
    app: App
    asleep: Asleep

    async def asks(self) -> Waiting:
        """Begin a sign-in to the wiki."""
        return await asked(self.hub, self.user, self.other, app="Acme Wiki")


@pytest.fixture
async def someone(hub: RunningHub, app: App, context: BrowserContext) -> Someone:
    """The app is closed: its page is another one now."""
    _, user = await ada(hub)
    other = await hub.phone(user)
    account = await app.enrol(hub, user)
    asleep = await Asleep.of(app, context)
    await app.page.goto(f"{app.way.url}/nothing-here")
    return Someone(hub, user, account, other, app, asleep)


async def test_a_push_shows_who_asks_and_the_hub_is_told(someone: Someone) -> None:
    waiting = await someone.asks()

    await someone.asleep.push(waiting.pushed)

    shown = await someone.asleep.says("Is this you?")
    assert "Acme Wiki, from your own network" in shown["body"]
    assert "Demo · ada@demo.test" in shown["body"]
    assert waiting.browser.digits not in shown["body"]
    assert shown["tag"] == waiting.id
    assert not shown["silent"]
    assert shown["actions"] == ["deny", "open"]

    async def is_shown() -> bool:
        delivery: str = (await waiting.browser.look()).json()["challenge"]["delivery"]
        return delivery == "shown"

    await someone.app.has(is_shown)


async def test_a_push_that_was_too_long_is_asked_for(someone: Someone) -> None:
    waiting = await someone.asks()

    await someone.asleep.push({"type": "challenge", "id": waiting.id, "account": waiting.account})

    assert "Acme Wiki" in (await someone.asleep.says("Is this you?"))["body"]


async def test_a_push_that_cannot_be_believed_claims_nothing(someone: Someone) -> None:
    waiting = await someone.asks()
    forged = {**waiting.pushed, "request": with_changed_claims(waiting.request, app="Payroll")}
    strange = {**waiting.pushed, "id": "chl_2", "account": "usr_eve"}

    for message in (forged, strange, "no JSON", '{"type":"challenge"}'):
        await someone.asleep.push(message)

    async def all_are() -> bool:
        return len(await someone.asleep.shown()) == 3

    await someone.app.has(all_are)
    shown = await someone.asleep.shown()
    assert {each["title"] for each in shown} == {"Authenticator"}
    assert {each["body"] for each in shown} == {"Open the Authenticator to see a request."}
    assert {each["tag"] for each in shown} == {waiting.id, "chl_2", "unread"}


async def test_what_became_of_it_stands_in_its_place(someone: Someone) -> None:
    waiting = await someone.asks()
    await someone.asleep.push(waiting.pushed)
    await someone.asleep.says("Is this you?")
    await waiting.browser.again("cancel")

    await someone.asleep.push(
        {"type": "resolved", "id": waiting.id, "status": "cancelled", "account": waiting.account}
    )

    shown = await someone.asleep.says("Sign-in to Acme Wiki was called off")
    assert shown["silent"]
    assert len(await someone.asleep.shown()) == 1
    await someone.app.again()
    assert await someone.app.history() == ["cancelled", "added"]


async def test_deny_is_answered_from_the_notification(someone: Someone) -> None:
    waiting = await someone.asks()
    await someone.asleep.push(waiting.pushed)
    await someone.asleep.says("Is this you?")

    await someone.asleep.click(waiting.id, "deny")

    assert (await someone.asleep.says("Denied"))["body"].startswith("Nobody was signed in.")
    assert await waiting.step() == "failed"
    await someone.app.again()
    assert await someone.app.history() == ["denied", "added"]
    assert await someone.app.call("report", waiting.id, "fraud") == {"ok": True}


async def test_a_window_lets_go_of_what_its_notification_has_denied(someone: Someone) -> None:
    await someone.app.again()
    await someone.app.links("live")
    waiting = await someone.asks()
    await someone.app.request()
    await someone.asleep.push(waiting.pushed)
    await someone.asleep.says("Is this you?")

    await someone.asleep.click(waiting.id, "deny")
    await someone.asleep.says("Denied")

    await someone.app.no_request()
    assert await someone.app.told("over") == [{"id": waiting.id, "status": "denied", "by": "elsewhere"}]
    assert await someone.app.history() == ["denied", "added"]


async def test_without_a_connection_it_says_that_it_is_not_denied(someone: Someone, place: Scene) -> None:
    waiting = await someone.asks()
    await someone.asleep.push(waiting.pushed)
    await someone.asleep.says("Is this you?")
    hub = place.way.hub
    place.way.cut()

    await someone.asleep.click(waiting.id, "deny")

    said = await someone.asleep.says("Not denied yet")
    place.way.hub = hub
    assert said["data"] == {"id": waiting.id}
    assert await waiting.step() == "push"


async def test_what_is_over_is_not_denied_but_told(someone: Someone) -> None:
    waiting = await someone.asks()
    await someone.asleep.push(waiting.pushed)
    await someone.asleep.says("Is this you?")
    async with someone.other.connected() as socket:
        await socket.decide(waiting.request, "approve", waiting.browser.digits)

    await someone.asleep.click(waiting.id, "deny")

    await someone.asleep.says("Sign-in to Acme Wiki approved")


async def test_a_phone_that_was_removed_forgets_the_account_in_its_sleep(someone: Someone) -> None:
    waiting = await someone.asks()
    await someone.asleep.push(waiting.pushed)
    await someone.asleep.says("Is this you?")
    await someone.hub.services.devices.remove(
        someone.user.tenant_id,
        someone.user.id,
        someone.account,  # type: ignore[arg-type]
        actor=AT_THE_COMMAND_LINE.actor,
    )

    await someone.asleep.click(waiting.id, "deny")

    await someone.asleep.says("An account was removed")
    await someone.app.again()
    assert await someone.app.accounts() == []


async def test_the_app_opens_without_a_network(someone: Someone, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.goto(f"{someone.app.way.url}/authenticator/")
    await context.set_offline(True)

    await page.reload()

    await expect(page.get_by_text("ada@demo.test").first).to_be_visible()
    assert (await page.evaluate("() => navigator.serviceWorker.controller?.state")) == "activated"


async def test_a_notification_leads_to_its_request(someone: Someone, context: BrowserContext) -> None:
    waiting = await someone.asks()
    page = await context.new_page()
    await page.goto(f"{someone.app.way.url}/authenticator/#history")
    await someone.asleep.push(waiting.pushed)
    await someone.asleep.says("Is this you?")

    await someone.asleep.click(waiting.id)

    await expect(page.get_by_text("Acme Wiki").first).to_be_visible()
    await expect(page.get_by_role("button", name="Deny")).to_be_visible()


async def test_where_the_app_is_in_sight_what_has_ended_is_put_away(
    someone: Someone, context: BrowserContext
) -> None:
    waiting = await someone.asks()
    await someone.asleep.push(waiting.pushed)
    await someone.asleep.says("Is this you?")
    page = await context.new_page()
    await page.goto(f"{someone.app.way.url}/authenticator/")
    await waiting.browser.again("cancel")

    await someone.asleep.push(
        {"type": "resolved", "id": waiting.id, "status": "cancelled", "account": waiting.account}
    )

    async def none_is_left() -> bool:
        return not await someone.asleep.shown()

    await someone.app.has(none_is_left)


async def test_a_new_version_replaces_the_old_one_as_a_whole(hub: RunningHub, app: App) -> None:
    kept = await app.page.evaluate(
        """async () => {
          const { Shell } = await import("/static/authenticator/worker/shell.js");
          const [old, next] = ["1", "2"].map((each) => new Shell(each, ["/healthz"], location.origin));
          const broken = new Shell("3", ["/healthz", "/no-such-file"], location.origin);
          await old.fill();
          await next.fill();
          await next.sweep();
          const failed = await broken.fill().then(() => false, () => true);
          const names = (await caches.keys()).filter((name) => /^authenticator-.$/.test(name));
          const kept = {};
          for (const name of names) kept[name] = (await (await caches.open(name)).keys()).length;
          return { failed, kept };
        }"""
    )

    assert kept["failed"]
    assert kept["kept"]["authenticator-2"] == 1
    assert "authenticator-1" not in kept["kept"]
    assert kept["kept"].get("authenticator-3", 0) == 0
