"""A request that is not what it claims to be never reaches the screens, though somebody sits on the line."""

import json
import time
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.async_api import WebSocketRoute

from hub.domain.account import User
from tests.browser.authenticator.opened import App, ada
from tests.running import RunningHub
from tests.sockets.forging import (
    signed_by,
    with_changed_claims,
    with_public_key_as_secret,
    without_algorithm,
    without_algorithm_but_signed,
)

pytestmark = pytest.mark.browser

Forge = Callable[[str], str]
HUB_KEY = ec.generate_private_key(ec.SECP256R1())
FORGERIES: dict[str, Forge] = {
    "another address": lambda jws: with_changed_claims(
        jws, ctx={"ip": "203.0.113.9", "browser": "Firefox", "os": "Windows", "at": int(time.time())}
    ),
    "another application": lambda jws: with_changed_claims(jws, app="Payroll"),
    "no number asked for": lambda jws: with_changed_claims(jws, match="none"),
    "another key": lambda jws: signed_by(jws, HUB_KEY),
    "another key, which it names": lambda jws: signed_by(jws, HUB_KEY, kid="other"),
    "alg none": without_algorithm,
    "alg none with a signature": without_algorithm_but_signed,
    "HS256 with the public key": lambda jws: with_public_key_as_secret(jws, HUB_KEY),
}


class Eavesdropper:
    """Reads what the hub says on the device socket, and changes requests as long as it has a way to."""

    def __init__(self, forge: Forge | None = None) -> None:
        self.forge = forge
        self.heard: list[str] = []

    async def sit_on(self, app: App) -> None:
        """Let every device socket of *app* go through this."""
        await app.page.route_web_socket("**/ws/device", self._pass_on)
        # Only what is loaded from now on is routed.
        await app.again()

    def _pass_on(self, client: WebSocketRoute) -> None:
        hub = client.connect_to_server()
        client.on_message(hub.send)
        hub.on_message(lambda frame: client.send(self._changed(frame)))

    def _changed(self, frame: str | bytes) -> str:
        message = json.loads(frame)
        if message["type"] == "challenge":
            self.heard.append(message["request"])
            if self.forge:
                message["request"] = self.forge(message["request"])
        return json.dumps(message)


async def asks(hub: RunningHub, user: User, someone_between: Eavesdropper, app: App) -> None:
    """Begin a sign-in, and wait until its request has gone by."""
    before = len(someone_between.heard)
    await hub.browser().start(user.email)
    await app.has(lambda: _is_true(len(someone_between.heard) > before))


async def only_the_next_is_shown(
    hub: RunningHub, user: User, someone_between: Eavesdropper, app: App
) -> None:
    """See the next one alone: requests are judged as they come, so those before it were refused."""
    someone_between.forge = None
    await hub.browser().start(user.email, app="The next one")

    await app.request()
    assert [request["app"] for request in await app.requests()] == ["The next one"]


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_request_is_never_shown(hub: RunningHub, app: App, name: str) -> None:
    _, user = await ada(hub)
    someone_between = Eavesdropper(FORGERIES[name])
    await someone_between.sit_on(app)
    await app.enrol(hub, user)
    await app.links("live")

    await asks(hub, user, someone_between, app)

    await only_the_next_is_shown(hub, user, someone_between, app)


async def test_a_request_that_was_meant_for_another_person_is_never_shown(hub: RunningHub, app: App) -> None:
    tenant, user = await ada(hub)
    eve = await hub.user(tenant, "eve@demo.test")
    phone = await hub.phone(eve)
    async with phone.connected() as socket:
        await hub.browser().start(eve.email)
        hers = (await socket.until("challenge"))["request"]
    someone_between = Eavesdropper(lambda _: hers)
    await someone_between.sit_on(app)
    await app.enrol(hub, user)
    await app.links("live")

    await asks(hub, user, someone_between, app)

    await only_the_next_is_shown(hub, user, someone_between, app)


async def test_an_old_request_under_a_new_name_is_never_shown(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub)
    someone_between = Eavesdropper()
    await someone_between.sit_on(app)
    await app.enrol(hub, user)
    await app.links("live")
    await hub.browser().start(user.email)
    first = await app.request()
    await app.call("deny", first["id"])

    hub.clock.advance(20)
    someone_between.forge = lambda _: someone_between.heard[0]
    await asks(hub, user, someone_between, app)

    await only_the_next_is_shown(hub, user, someone_between, app)


async def test_a_request_that_ran_out_on_the_way_is_never_shown(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub)
    someone_between = Eavesdropper()
    await someone_between.sit_on(app)
    await app.enrol(hub, user)
    await app.page.evaluate(
        """async () => {
          const { Engine } = await import("/static/authenticator/engine/engine.js");
          window.lateMs = 0;
          window.engine = await Engine.open({ now: () => Date.now() + window.lateMs });
        }"""
    )
    await app.links("live")

    await app.page.evaluate("() => { window.lateMs = 121_000; }")
    await asks(hub, user, someone_between, app)
    await app.call("rename", (await app.accounts())[0]["id"], "Ada's phone")
    await app.page.evaluate("() => { window.lateMs = 0; }")

    await only_the_next_is_shown(hub, user, someone_between, app)


async def test_a_hub_that_calls_itself_otherwise_gets_no_proof(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub)
    await app.enrol(hub, user)
    await app.links("live")
    heard: list[str] = []
    closed: list[int | None] = []

    def pretend(client: WebSocketRoute) -> None:
        client.on_close(lambda code, _: closed.append(code))
        client.on_message(lambda frame: heard.append(str(frame)))
        hello = {"nonce": "n", "issuer": "https://evil.test", "server_time": "2026-11-24T03:00:00Z"}
        client.send(json.dumps({"type": "hello", **hello}))

    await app.page.route_web_socket("**/ws/device", pretend)
    await app.again()
    await app.has(lambda: _is_true(bool(closed)))

    assert heard == []


async def _is_true(holds: bool) -> bool:
    return holds
