"""What two things at the same moment come to, and what being busy does not cost anybody."""

import asyncio

import pytest

from hub.domain.account import Role, UserStatus
from hub.domain.errors import Unavailable
from hub.domain.login import Step
from hub.domain.secret import Secret
from hub.flows.administer import AT_THE_COMMAND_LINE, Changes
from tests.routes.acting import ADA, admin, answer, nobody, person, sign_in, sign_in_by_password
from tests.running import Phone, RunningHub

PASSWORD = "correct horse battery"


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
async def test_a_double_click_is_one_sign_in(hub: RunningHub, known: bool) -> None:
    await person(hub, await hub.tenant())
    email = ADA if known else nobody(hub, Step.PUSH)
    async with hub.browser() as browser:
        await browser.start("somebody-else@demo.test")
        starts = [browser.call("POST", "/t/demo/api/v1/login", {"email": email}) for _ in range(6)]

        answers = await asyncio.gather(*starts)

        assert len({each.json()["login_id"] for each in answers}) == 1
        assert len({each.json()["challenge"]["id"] for each in answers}) == 1


async def test_an_approved_sign_in_is_returned_to_until_it_is_completed(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        first = await browser.start()
        await answer(phone, browser)

        again = await browser.start()

        assert (again["login_id"], again["step"]) == (first["login_id"], "approved")
        assert (await browser.again("complete")).status_code == 200
        assert (await browser.start())["login_id"] != first["login_id"]


async def test_pages_that_ask_while_a_phone_enrols_take_nothing_back(hub: RunningHub) -> None:
    tenant = await hub.tenant(require_push=True)
    user = await hub.user(tenant, password=PASSWORD)
    async with hub.browser() as browser:
        await sign_in_by_password(browser, user.email, PASSWORD)
        made = (await browser.call("POST", "/api/v1/account/enrollments")).json()
        path = f"/api/v1/account/enrollments/{made['id']}"

        async def ask_on() -> list[str]:
            statuses = []
            while not statuses or statuses[-1] != "done":
                statuses.append((await browser.call("GET", path)).json()["status"])
            return statuses

        phone = Phone(hub.url, now=hub.clock.now)
        await asyncio.gather(phone.enroll(made["activation_code"]), *(ask_on() for _ in range(4)))
        devices = await browser.call("GET", "/api/v1/account/devices")

        assert devices.status_code == 200
        assert (await hub.audit_types(tenant)).count("browser.known") == 1


async def test_being_too_busy_to_compare_is_no_wrong_password(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await hub.user(await hub.tenant(), password=PASSWORD)
    hasher = type(hub.services.sign_in.hasher)

    async def busy(_self: object, _password: Secret, _hashed: str | None) -> bool:
        raise Unavailable

    async with hub.browser() as browser:
        await browser.start(user.email)
        with monkeypatch.context() as patched:
            patched.setattr(hasher, "verify", busy)
            refused = [await browser.again("password", {"password": PASSWORD}) for _ in range(8)]

        proven = await browser.again("password", {"password": PASSWORD})

        assert {each.status_code for each in refused} == {503}
        assert proven.json()["step"] == "approved"


async def test_being_too_busy_to_compare_begins_no_wait_anew(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await hub.user(await hub.tenant(), password=PASSWORD)
    hasher = type(hub.services.sign_in.hasher)

    async def busy(_self: object, _password: Secret, _hashed: str | None) -> bool:
        raise Unavailable

    async with hub.browser() as browser:
        await browser.start(user.email)
        for _ in range(5):
            await browser.again("password", {"password": "wrong"})
        hub.clock.advance(6)
        with monkeypatch.context() as patched:
            patched.setattr(hasher, "verify", busy)
            refused = await browser.again("password", {"password": PASSWORD})

        proven = await browser.again("password", {"password": PASSWORD})

        assert refused.status_code == 503
        assert proven.json().get("step") == "approved", proven.text


async def test_blocking_wins_over_a_sign_in_that_is_being_completed(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    user, phone = await person(hub, tenant)
    block = Changes(status=UserStatus.BLOCKED)
    async with hub.browser() as browser:
        await browser.start()
        await answer(phone, browser)

        await asyncio.gather(
            browser.again("complete"),
            hub.services.administer.change_user(tenant.id, user.id, block, by=AT_THE_COMMAND_LINE),
        )

        assert (await browser.call("GET", "/api/v1/account/devices")).status_code == 401
        after = await hub.services.administer.user(tenant.id, user.id)
        assert after.user.status is UserStatus.BLOCKED


async def test_a_known_browsers_second_sign_in_is_told_when_its_push_is_taken(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as laptop, hub.browser() as tablet, hub.browser() as third:
        for browser in (laptop, tablet):
            await sign_in(phone, browser)
        await laptop.start()
        on_tablet = await tablet.start()
        for _ in range(2):
            await third.start()
            await third.again("cancel")

        hub.clock.advance(61)
        looked = (await tablet.look()).json()

        assert looked["push_after"] == on_tablet["push_after"]
        assert (await tablet.again("push")).status_code == 200


async def test_enough_codes_are_enough(hub: RunningHub) -> None:
    boss = await admin(hub, await hub.tenant(), Role.OWNER)

    answers = [await boss.call("POST", "/api/v1/account/enrollments") for _ in range(21)]

    assert {each.status_code for each in answers[:20]} == {201}
    assert (answers[20].status_code, answers[20].json()["code"]) == (409, "conflict")


async def test_a_name_is_taken_as_people_write_it(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    user = await hub.user(tenant)
    phone = Phone(hub.url, now=hub.clock.now)
    device = {"name": "iPhone d’Ada 👩\u200d💻", "platform": "Linux-6.18.0-x86_64-with-glibc2.36 " * 4}

    enrolled = await phone.enroll(await hub.activation_code(user), device=device)
    turned = await Phone(hub.url, now=hub.clock.now).enroll(
        await hub.activation_code(user), device={"name": "Pixel\u202e9", "platform": "test"}
    )

    assert enrolled.status_code == 201
    assert (turned.status_code, turned.json()["errors"][0]["field"]) == (422, "device.name")
