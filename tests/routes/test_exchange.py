"""A phone without a socket: what it is told, what it says, and what a nonce is good for."""



from hub.flows.base import device_topic
from tests.routes.acting import person, refused
from tests.running import Phone, RunningHub

PATH = "/api/v1/device/exchange"


async def listening(hub: RunningHub, phone: Phone) -> bool:
    """Whether something listens for *phone*."""
    (count,) = await hub.services.bus.listeners(device_topic(phone.id))  # type: ignore[arg-type]
    return bool(count)


# The nonce ----------------------------------------------------------------------------------------------


async def test_a_first_call_is_told_a_nonce_and_the_time(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        asked = await calls.call()

        said = refused(asked, 401, "use_nonce")
        answered = await calls.call()

        assert set(said) >= {"nonce", "server_time"}
        assert asked.headers["cache-control"] == answered.headers["cache-control"] == "no-store"
        assert answered.status_code == 200
        assert set(answered.json()) == {"nonce", "server_time", "cursor", "messages"}


async def test_what_is_told_first_is_what_a_socket_is_told_first(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    await hub.browser().start()
    async with phone.exchanging() as calls, phone.connected() as device:
        await calls.say()

        assert calls.ready == device.ready
        assert len(calls.ready["pending"]) == 1


async def test_each_answer_has_the_next_nonce(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        await calls.say()

        answers = [await calls.call() for _ in range(5)]

        assert {each.status_code for each in answers} == {200}
        assert len({each.json()["nonce"] for each in answers}) == 5
