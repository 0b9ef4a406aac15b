"""A phone that five wrong PINs have locked, and the two who can let it approve again."""

from hub.domain.account import Role
from tests.routes.acting import admin, answer, person, sign_in
from tests.running import Browser, Phone, RunningHub

WRONG = "0000"


async def lock(hub: RunningHub, phone: Phone, email: str) -> Browser:
    """Lock *phone*; return the browser whose request still waits."""
    browser = hub.browser()
    await browser.start(email)
    for _ in range(5):
        refused = await answer(phone, browser, pin=WRONG)
        assert refused["code"] == "wrong_pin"
    assert (await answer(phone, browser))["code"] == "device_locked"
    return browser


async def test_an_admin_unlocks_a_phone_and_it_approves_again(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    user, phone = await person(hub, tenant)
    waiting = await lock(hub, phone, user.email)
    boss = await admin(hub, tenant, Role.ADMIN)

    path = f"/t/demo/api/v1/admin/users/{user.id}/devices/{phone.id}/unlock"
    unlocked = await boss.call("POST", path)

    assert unlocked.status_code == 204
    assert (await answer(phone, waiting))["status"] == "approved"
    assert "device.unlocked" in await hub.audit_types(tenant)


async def test_a_person_unlocks_one_phone_signed_in_by_another(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    user, phone = await person(hub, tenant)
    other = await hub.phone(user, name="Work phone")
    browser = hub.browser()
    await sign_in(other, browser)
    waiting = await lock(hub, phone, user.email)
    page = (await browser.call("GET", "/account/security")).text
    csrf = page.split('name="csrf" value="')[1].split('"')[0]

    done = await browser.http.post(f"/account/security/devices/{phone.id}/unlock", data={"csrf": csrf})

    assert done.headers["location"] == "/account/security?notice=unlocked"
    assert (await answer(phone, waiting))["status"] == "approved"


async def test_an_admin_takes_no_phone_from_an_owner(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    owner, phone = await person(hub, tenant, role=Role.OWNER)
    boss = await admin(hub, tenant, Role.ADMIN)

    refused = await boss.call("DELETE", f"/t/demo/api/v1/admin/users/{owner.id}/devices/{phone.id}")

    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
