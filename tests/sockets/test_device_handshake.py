"""How a phone gets in, and how nobody else does: from the handshake to ``ready`` (PROTOCOL §2)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import msgpack
import pytest
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from hub.domain.account import UserStatus
from hub.domain.ids import DeviceId
from hub.flows.administer import AT_THE_COMMAND_LINE, Changes
from hub.protocol import parse_time
from tests.running import JSON, LOGIN, MSGPACK, DeviceSocket, Phone, RunningHub
from tests.sockets import forging
from tests.sockets.world import Someone, asked, someone

pytestmark = pytest.mark.asyncio(loop_scope="session")

Forge = Callable[[DeviceSocket], str]


@asynccontextmanager
async def offering(hub: RunningHub, *subprotocols: str) -> AsyncIterator[ClientConnection]:
    """Connect and offer *subprotocols*."""
    address = hub.url.replace("http", "ws", 1) + "/ws/device"
    async with websockets.connect(
        address, subprotocols=list(subprotocols) or None, compression=None, proxy=None
    ) as connection:
        yield connection


# Subprotocols -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([MSGPACK], MSGPACK),
        ([JSON], JSON),
        ([MSGPACK, JSON], MSGPACK),
        ([JSON, MSGPACK], JSON),
        (["lumo.device.v2.cbor", JSON, MSGPACK], JSON),
        ([LOGIN, MSGPACK], MSGPACK),
    ],
)
async def test_the_first_offer_that_the_hub_knows_is_spoken(
    hub: RunningHub, offered: list[str], chosen: str
) -> None:
    async with offering(hub, *offered) as connection:
        hello = await connection.recv()

        assert connection.subprotocol == chosen
        assert isinstance(hello, bytes) == (chosen == MSGPACK)


@pytest.mark.parametrize("offered", [[], [LOGIN], ["lumo.device.v2.cbor"], ["LUMO.DEVICE.V1.JSON"]])
async def test_without_an_offer_that_the_hub_knows_the_handshake_is_refused(
    hub: RunningHub, offered: list[str]
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with offering(hub, *offered):
            pass

    assert refused.value.response.status_code == 400
    assert refused.value.response.headers["Content-Type"] == "application/problem+json"


# Hello, authenticate, ready -----------------------------------------------------------------------------


@pytest.mark.parametrize("subprotocol", [MSGPACK, JSON])
async def test_hello_and_ready_have_exactly_these_fields(hub: RunningHub, subprotocol: str) -> None:
    who = await someone(hub)
    async with who.phone.connected(subprotocol) as device:
        hello = device.hello

        assert hello == {
            "type": "hello",
            "nonce": hello["nonce"],
            "issuer": hub.url,
            "server_time": hello["server_time"],
        }
        assert hello["server_time"].endswith("Z")
        assert abs(parse_time(hello["server_time"]) - hub.clock.now()) < timedelta(seconds=5)
        assert device.ready == {
            "type": "ready",
            "device": {"id": who.phone.id, "name": "Pixel 9"},
            "account": {
                "user_id": who.user.id,
                "tenant": {"slug": who.tenant.slug, "name": who.tenant.name},
                "email": "ada@demo.test",
            },
            "heartbeat_s": device.ready["heartbeat_s"],
            "pending": [],
            "push_subscribed": False,
            "vapid_public_key": hub.services.pusher.public_key,
        }
        assert hub.server.config.ws_ping_interval == device.ready["heartbeat_s"]


async def test_each_connection_has_a_nonce_of_its_own(hub: RunningHub) -> None:
    who = await someone(hub)
    nonces = set()
    for _ in range(5):
        async with who.phone.socket() as device:
            nonces.add((await device.next())["nonce"])

    assert len(nonces) == 5
    assert all(len(nonce) >= 22 for nonce in nonces)


@pytest.mark.parametrize("subprotocol", [MSGPACK, JSON])
async def test_a_reconnect_loses_no_request(hub: RunningHub, subprotocol: str) -> None:
    who = await someone(hub)
    async with asked(who, subprotocol) as question, who.browser() as other:
        await other.start(who.user.email)
        second = await question.device.until("challenge")
    async with who.phone.connected(subprotocol) as device:
        assert device.ready["pending"] == [question.card, second]


async def test_what_is_over_is_not_pending(hub: RunningHub) -> None:
    who = await someone(hub)
    async with asked(who) as question:
        await question.answer()
    async with asked(who):
        hub.clock.advance(121)
    async with who.phone.connected() as device:
        assert device.ready["pending"] == []


async def test_only_the_persons_own_requests_are_pending(hub: RunningHub) -> None:
    who = await someone(hub)
    neighbour = await hub.phone(await hub.user(who.tenant, "eve@demo.test"))
    async with asked(who), neighbour.connected() as device:
        assert device.ready["pending"] == []


async def test_fields_that_the_hub_does_not_know_are_ignored(hub: RunningHub) -> None:
    who = await someone(hub)
    async with who.phone.socket() as device:
        nonce = (await device.next())["nonce"]

        proof = who.phone.proof(nonce, later="addition")
        await device.send(
            {"type": "authenticate", "device_id": who.phone.id, "proof": proof, "later": {"a": [1]}}
        )

        assert (await device.next())["type"] == "ready"


# Proofs -------------------------------------------------------------------------------------------------


def claims(**wrong: Any) -> Forge:
    """Say what is wrong, and sign it."""
    return lambda device: device.phone.proof(device.hello["nonce"], **wrong)


def times(iat: int, exp: int) -> Forge:
    """Date it by seconds from now."""

    def forge(device: DeviceSocket) -> str:
        now = device.phone.seconds()
        return device.phone.proof(device.hello["nonce"], iat=now + iat, exp=now + exp)

    return forge


def header(**wrong: Any) -> Forge:
    """Say it in the header, and sign it."""
    return lambda device: forging.signed_by(right(device), device.phone.key, **wrong)


def right(device: DeviceSocket) -> str:
    return device.phone.proof(device.hello["nonce"])


def nobodys(device: DeviceSocket) -> str:
    now = device.phone.seconds()
    said = {"aud": device.phone.url, "nonce": device.hello["nonce"], "iat": now, "exp": now + 60}
    return device.phone.sign("lumo-proof+jwt", said)


BAD: dict[str, Forge] = {
    "another nonce": lambda device: device.phone.proof("AAAAAAAAAAAAAAAAAAAAAA"),
    "no nonce": lambda device: device.phone.proof(""),
    "another hub's": claims(aud="https://elsewhere.test"),
    "another device says so": claims(iss="dev_01arz3ndektsv4rrffq69g5fav"),
    "nobody says so": nobodys,
    "expired": times(-60, -31),
    "from the future": times(40, 60),
    "longer than 60 s": times(0, 61),
    "a time of the wrong type": claims(exp="tomorrow"),
    "another kid": header(kid="dev_01arz3ndektsv4rrffq69g5fav"),
    "no kid": header(kid=None),
    "another typ": header(typ="lumo-decision+jwt"),
    "alg none": lambda device: forging.without_algorithm(right(device)),
    "alg none, signed": lambda device: forging.without_algorithm_but_signed(right(device)),
    "HS256 with the public key": lambda device: forging.with_public_key_as_secret(
        right(device), device.phone.key
    ),
    "another key": lambda device: forging.signed_by(right(device), Phone("", None).key),
    "changed after signing": lambda device: forging.with_changed_claims(
        device.phone.proof("AAAAAAAAAAAAAAAAAAAAAA"), nonce=device.hello["nonce"]
    ),
    "no token at all": lambda device: "let me in",
    "empty": lambda device: "",
}


async def authenticated(device: DeviceSocket, forge: Forge, **more: Any) -> int:
    """Try to get in with a proof; return the code that it was closed with."""
    device.hello = await device.next()
    await device.send({"type": "authenticate", "device_id": device.phone.id, "proof": forge(device), **more})
    return await device.closed()


@pytest.mark.parametrize("forge", BAD.values(), ids=BAD)
async def test_a_bad_proof_opens_nothing(hub: RunningHub, forge: Forge) -> None:
    who = await someone(hub)
    async with who.phone.socket() as device:
        assert await authenticated(device, forge) == 4401


@pytest.mark.parametrize(("iat", "exp"), [(29, 60), (-60, -20), (0, 60)])
async def test_clocks_may_differ_by_half_a_minute(hub: RunningHub, iat: int, exp: int) -> None:
    who = await someone(hub)
    async with who.phone.socket() as device:
        device.hello = await device.next()
        await device.send(
            {"type": "authenticate", "device_id": who.phone.id, "proof": times(iat, exp)(device)}
        )

        assert (await device.next())["type"] == "ready"


async def test_a_replayed_proof_opens_nothing(hub: RunningHub) -> None:
    who = await someone(hub)
    async with who.phone.socket() as first:
        first.hello = await first.next()
        proof = right(first)
        await first.send({"type": "authenticate", "device_id": who.phone.id, "proof": proof})
        assert (await first.next())["type"] == "ready"

        async with who.phone.socket() as second:
            assert await authenticated(second, lambda _: proof) == 4401


async def test_another_devices_key_opens_nothing(hub: RunningHub) -> None:
    who = await someone(hub)
    other = await who.another_phone()
    async with who.phone.socket() as device:
        assert await authenticated(device, lambda each: other.proof(each.hello["nonce"])) == 4401


@pytest.mark.parametrize(
    "device_id", ["", "dev_01arz3ndektsv4rrffq69g5fav", "\x00", "' OR 1=1", "d" * 8000, "\U0001f511"]
)
async def test_a_device_that_nobody_knows_is_not_let_in(on_either: RunningHub, device_id: str) -> None:
    who = await someone(on_either)
    async with who.phone.socket() as device:
        assert await authenticated(device, right, device_id=device_id) == 4401


async def test_a_removed_device_with_a_right_proof_is_told_so(hub: RunningHub) -> None:
    who = await someone(hub)
    await removed(who)
    async with who.phone.socket() as device:
        assert await authenticated(device, right) == 4403


async def test_a_removed_device_with_a_bad_proof_is_told_nothing(hub: RunningHub) -> None:
    who = await someone(hub)
    await removed(who)
    async with who.phone.socket() as device:
        assert await authenticated(device, BAD["another key"]) == 4401


async def test_a_blocked_person_is_not_let_in(hub: RunningHub) -> None:
    who = await someone(hub)
    await hub.services.administer.change_user(
        who.tenant.id, who.user.id, Changes(status=UserStatus.BLOCKED), by=AT_THE_COMMAND_LINE
    )
    async with who.phone.socket() as device:
        assert await authenticated(device, right) == 4401


async def removed(who: Someone) -> None:
    """Remove the person's phone."""
    await who.hub.services.devices.remove(
        who.tenant.id, who.user.id, DeviceId(who.phone.id), actor=AT_THE_COMMAND_LINE.actor
    )


# Before ready -------------------------------------------------------------------------------------------

MAPS: dict[str, Any] = {
    "no map": ["authenticate"],
    "no type": {"device_id": "dev_1", "proof": "p"},
    "a type that is no text": {"type": 1},
    "no proof": {"type": "authenticate", "device_id": "dev_1"},
    "an id that is no text": {"type": "authenticate", "device_id": 7, "proof": "p"},
    "something else first": {"type": "ack", "id": "chl_1"},
    "an unknown type": {"type": "knock"},
}
BYTES = {
    "not MessagePack": b"\xc1",
    "cut short": b"\x81\xa4type",
    "trailing bytes": b"\x80\x80",
    "nothing": b"",
    "a map larger than the frame": b"\xdf\xff\xff\xff\xff",
    "nested too deep": b"\x91" * 4000,
    "no UTF-8": b"\x81\xa4type\xa1\xff",
}
TEXTS = {
    "not JSON": "{",
    "nothing": "",
    "a number": "1",
    "nested too deep": "[" * 8000,
    "a number too long": '{"type":' + "9" * 8000 + "}",
    "half a character": '{"type":"\\ud800"}',
}


@pytest.mark.parametrize("subprotocol", [MSGPACK, JSON])
@pytest.mark.parametrize("message", MAPS.values(), ids=MAPS)
async def test_anything_malformed_before_ready_ends_it(
    hub: RunningHub, message: Any, subprotocol: str
) -> None:
    async with Phone(hub.url, hub.clock.now).socket(subprotocol) as device:
        await device.send(message)

        assert await device.closed() == 4400


@pytest.mark.parametrize(
    ("subprotocol", "frame"),
    [
        *((MSGPACK, each) for each in BYTES.values()),
        *((JSON, each) for each in TEXTS.values()),
        (JSON, msgpack.packb({"type": "authenticate", "device_id": "dev_1", "proof": "p"})),
        (MSGPACK, '{"type":"authenticate","device_id":"dev_1","proof":"p"}'),
    ],
    ids=[*BYTES, *TEXTS, "binary where text is spoken", "text where binary is spoken"],
)
async def test_a_frame_that_cannot_be_read_before_ready_ends_it(
    hub: RunningHub, subprotocol: str, frame: bytes | str
) -> None:
    async with Phone(hub.url, hub.clock.now).socket(subprotocol) as device:
        await device.connection.send(frame)

        assert await device.closed() == 4400


@pytest.mark.slow
async def test_who_stays_silent_after_connecting_is_shown_out_after_ten_seconds(hub: RunningHub) -> None:
    loop = asyncio.get_running_loop()
    stranger = Phone(hub.url, hub.clock.now)
    login_address = hub.url.replace("http", "ws", 1) + "/ws/login"
    async with (
        stranger.socket() as device,
        websockets.connect(
            login_address, subprotocols=[LOGIN], compression=None, proxy=None
        ) as page,  # the other socket has the same deadline: wait for both at once
    ):
        began = loop.time()

        async with asyncio.timeout(12):
            await asyncio.gather(device.connection.wait_closed(), page.wait_closed())

        assert (device.connection.close_code, page.close_code) == (4408, 4408)
        assert 9 < loop.time() - began < 12


# What the server is asked for besides -------------------------------------------------------------------


async def test_compression_is_declined(hub: RunningHub) -> None:
    address = hub.url.replace("http", "ws", 1) + "/ws/device"
    async with websockets.connect(
        address, subprotocols=[MSGPACK], compression="deflate", proxy=None
    ) as connection:
        assert connection.protocol.extensions == []
        assert await connection.recv()


@pytest.mark.parametrize("path", ["/ws", "/ws/", "/ws/device/", "/ws/devices", "/", "/t/demo/login"])
async def test_a_socket_at_any_other_address_is_refused(hub: RunningHub, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with websockets.connect(
            hub.url.replace("http", "ws", 1) + path, subprotocols=[MSGPACK], proxy=None
        ):
            pass

    assert 400 <= refused.value.response.status_code < 500


@pytest.mark.parametrize("path", ["/ws/device", "/ws/login"])
async def test_a_call_without_an_upgrade_finds_no_page(hub: RunningHub, path: str) -> None:
    async with hub.browser() as browser:
        response = await browser.call("GET", path)

    assert 400 <= response.status_code < 500
