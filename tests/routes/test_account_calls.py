"""The signed-in person's calls: phones and activation codes (PROTOCOL.md section 4)."""

import re

from hub.domain.device import NAME_MAX
from tests.routes.acting import ADA, audit, person, refused, sign_in, sign_in_by_password
from tests.running import Phone, RunningHub

DEVICES, CODES = "/api/v1/account/devices", "/api/v1/account/enrollments"
PASSWORD = "correct horse battery"


async def test_phones_are_listed_with_whether_they_listen(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        await sign_in(phone, browser)
        async with phone.connected():
            (while_it_listens,) = (await browser.call("GET", DEVICES)).json()
        (afterwards,) = (await browser.call("GET", DEVICES)).json()

        names = {"id", "name", "platform", "enrolled_at", "last_used_at", "online", "uv"}
        assert while_it_listens.keys() == names
        assert while_it_listens["id"] == phone.id
        assert (while_it_listens["name"], while_it_listens["platform"]) == ("Pixel 9", "test")
        assert while_it_listens["last_used_at"] is not None
        assert (while_it_listens["online"], afterwards["online"]) == (True, False)


async def test_a_phone_is_renamed(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        await sign_in(phone, browser)

        renamed = await browser.call("PATCH", f"{DEVICES}/{phone.id}", {"name": "  Old phone "})

        assert (renamed.status_code, renamed.json()["name"]) == (200, "Old phone")
        assert audit(hub, "device.renamed") == [{"device": phone.id, "from": "Pixel 9", "to": "Old phone"}]
        for name in ("", " ", "x" * (NAME_MAX + 1), "a\u0007b"):
            problem = refused(
                await browser.call("PATCH", f"{DEVICES}/{phone.id}", {"name": name}), 422, "invalid"
            )
            assert problem["errors"][0]["field"] == "name"


async def test_a_phone_is_removed_at_once(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser, phone.connected() as device:
        await browser.start()
        card = await device.until("challenge")
        await device.decide(card["request"], match=browser.digits)
        await browser.again("complete")

        removed = await browser.call("DELETE", f"{DEVICES}/{phone.id}")

        assert (removed.status_code, removed.content) == (204, b"")
        assert await device.closed() == 4403
        assert (await browser.call("GET", DEVICES)).json() == []
        refused(await browser.call("DELETE", f"{DEVICES}/{phone.id}"), 404, "not_found")


async def test_changing_factors_needs_a_fresh_sign_in_and_renaming_does_not(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        await sign_in(phone, browser)
        hub.clock.advance(595)
        assert (await browser.call("POST", CODES)).status_code == 201
        hub.clock.advance(10)

        refused(await browser.call("POST", CODES), 403, "step_up_required")
        refused(await browser.call("DELETE", f"{DEVICES}/{phone.id}"), 403, "step_up_required")
        assert (await browser.call("PATCH", f"{DEVICES}/{phone.id}", {"name": "x"})).status_code == 200
        await sign_in(phone, browser)
        assert (await browser.call("DELETE", f"{DEVICES}/{phone.id}")).status_code == 204


async def test_a_password_alone_does_not_change_the_factors_of_who_has_a_phone(hub: RunningHub) -> None:
    user = await hub.user(await hub.tenant(), password=PASSWORD)
    async with hub.browser() as browser:
        await sign_in_by_password(browser, ADA, PASSWORD)
        assert (await browser.call("POST", CODES)).status_code == 201
        phone = await hub.phone(user)

        refused(await browser.call("POST", CODES), 403, "step_up_required")
        refused(await browser.call("DELETE", f"{DEVICES}/{phone.id}"), 403, "step_up_required")


async def test_another_persons_phone_and_code_are_not_there(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    _, phone = await person(hub, tenant)
    _, others = await person(hub, tenant, "bob@demo.test")
    _, strangers = await person(hub, await hub.tenant("other"), "eve@other.test")
    async with hub.browser() as browser, hub.browser() as bob:
        await sign_in(phone, browser)
        await sign_in(others, bob, "bob@demo.test")
        bobs_code = (await bob.call("POST", CODES)).json()["id"]

        for device_id in (others.id, strangers.id, "dev_unknown", "%00", "x" * 500):
            refused(await browser.call("PATCH", f"{DEVICES}/{device_id}", {"name": "x"}), 404, "not_found")
            refused(await browser.call("DELETE", f"{DEVICES}/{device_id}"), 404, "not_found")
        for code_id in (bobs_code, "enr_unknown"):
            refused(await browser.call("GET", f"{CODES}/{code_id}"), 404, "not_found")
            refused(await browser.call("DELETE", f"{CODES}/{code_id}"), 404, "not_found")
        assert (await bob.call("GET", f"{CODES}/{bobs_code}")).json() == {"status": "pending"}


async def test_an_activation_code_is_made_watched_and_called_off(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        await sign_in(phone, browser)
        made = await browser.call("POST", CODES)
        body = made.json()

        assert made.status_code == 201
        assert made.headers["cache-control"] == "no-store"
        assert body.keys() == {"id", "activation_code", "uri", "qr_svg", "expires_at"}
        assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", body["activation_code"])
        assert body["uri"] == f"{hub.url}/authenticator/#enroll={body['activation_code']}"
        assert body["qr_svg"].startswith("<svg")

        async def status() -> str:
            answered: str = (await browser.call("GET", f"{CODES}/{body['id']}")).json()["status"]
            return answered

        assert await status() == "pending"
        assert (await browser.call("DELETE", f"{CODES}/{body['id']}")).status_code == 204
        assert await status() == "cancelled"
        refused(
            await Phone(hub.url, now=hub.clock.now).enroll(body["activation_code"], extra=1),
            404,
            "activation_code_invalid",
        )
        assert (await browser.call("DELETE", f"{CODES}/{body['id']}")).status_code == 204


async def test_a_code_says_what_became_of_it(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        await sign_in(phone, browser)
        used, late = [(await browser.call("POST", CODES)).json() for _ in range(2)]
        await Phone(hub.url, now=hub.clock.now).enroll(used["activation_code"])
        hub.clock.advance(600)

        said = [(await browser.call("GET", f"{CODES}/{each['id']}")).json() for each in (used, late)]

        assert said == [{"status": "done"}, {"status": "expired"}]
        refused(await browser.call("DELETE", f"{CODES}/{used['id']}"), 404, "not_found")


async def test_a_session_lasts_twelve_hours_and_ends_by_signing_out(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser, hub.browser() as copy:
        await sign_in(phone, browser)
        hub.clock.advance(12 * 3600 - 60)
        page = await browser.call("GET", "/account/security")
        assert page.status_code == 200
        hub.clock.advance(60)
        refused(await browser.call("GET", DEVICES), 401, "not_signed_in")

        await sign_in(phone, browser)
        copy.http.cookies.update(dict(browser.http.cookies))
        token = re.findall(
            r'name="csrf" value="([^"]+)"', (await browser.call("GET", "/account/security")).text
        )
        left = await browser.http.post("/account/sign-out", data={"csrf": token[0]})
        assert (left.status_code, left.headers["location"]) == (303, "/signed-out")
        assert "lumo-session" not in browser.http.cookies
        refused(await copy.call("GET", DEVICES), 401, "not_signed_in")
