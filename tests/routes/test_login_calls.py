"""The login calls of PROTOCOL.md section 4: shapes, steps, who may call what and when."""

import asyncio
import re
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest

from hub.domain.account import UserStatus
from hub.domain.login import Step
from hub.flows.administer import AT_THE_COMMAND_LINE, Changes
from hub.protocol import parse_time
from tests.routes.acting import (
    ADA,
    answer,
    audit,
    change_policy,
    cookies_of,
    nobody,
    person,
    refused,
    sign_in,
    sign_in_by_password,
)
from tests.running import Browser, Phone, RunningHub, until

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
PASSWORD = "correct horse battery"


async def test_the_answer_has_the_fields_of_the_contract(hub: RunningHub) -> None:
    await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        said = await browser.start()

        assert set(said) == {"login_id", "step", "challenge", "socket", "methods", "version", "push_after"}
        assert re.fullmatch(r"lgn_[0-9a-hjkmnp-tv-z]{26}", said["login_id"])
        assert said["step"] == "push"
        assert set(said["challenge"]) == {"id", "status", "match", "expires_at", "delivery"}
        assert re.fullmatch(r"chl_[0-9a-hjkmnp-tv-z]{26}", said["challenge"]["id"])
        assert said["challenge"]["status"] == "pending"
        assert re.fullmatch(r"\d{6}", said["challenge"]["match"]["digits"])
        assert TIME.fullmatch(said["challenge"]["expires_at"])
        assert said["challenge"]["delivery"] == "unreachable"
        assert said["methods"] == ["push", "password"]
        assert said["socket"]["url"] == f"{hub.url.replace('http', 'ws')}/ws/login"
        assert jwt.get_unverified_header(said["socket"]["ticket"])["typ"] == "lumo-ticket+jwt"


async def test_an_account_with_a_phone_starts_at_push_with_or_without_a_password(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    await person(hub, tenant, "with@demo.test", password=PASSWORD)
    await person(hub, tenant, "without@demo.test")
    await hub.user(tenant, "password@demo.test", password=PASSWORD)
    async with hub.browser() as browser:
        steps = [(await browser.start(f"{who}@demo.test"))["step"] for who in ("with", "without", "password")]

        assert steps == ["push", "push", "password"]


async def test_nobody_and_whoever_has_nothing_start_at_either_step(open_hub: RunningHub) -> None:
    tenant = await open_hub.tenant()
    for step in (Step.PUSH, Step.PASSWORD):
        email = nobody(open_hub, step)
        async with open_hub.browser() as browser:
            assert (await browser.start(email))["step"] == step
        user = await open_hub.user(tenant, email)
        async with open_hub.browser() as browser:
            assert (await browser.start(email))["step"] == step

        await open_hub.phone(user)
        blocked = Changes(status=UserStatus.BLOCKED)
        await open_hub.services.administer.change_user(tenant.id, user.id, blocked, by=AT_THE_COMMAND_LINE)
        async with open_hub.browser() as browser:
            assert (await browser.start(email.upper()))["step"] == step
            assert set(browser.answer) >= {"socket", "methods", "version"}
            if step == "password":
                refused(await browser.again("password", {"password": PASSWORD}), 401, "wrong_credentials")
            else:
                assert browser.answer["challenge"]["status"] == "pending"


async def test_with_a_second_factor_everybody_starts_at_the_password(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    await change_policy(hub, tenant, push_mode="second_factor")
    await person(hub, tenant, "phone@demo.test")
    await person(hub, tenant, "both@demo.test", password=PASSWORD)
    await hub.user(tenant, "password@demo.test", password=PASSWORD)
    await hub.user(tenant, "neither@demo.test")
    async with hub.browser() as browser:
        for who in ("phone", "both", "password", "neither", "unknown"):
            said = await browser.start(f"{who}@demo.test")
            assert set(said) == {"login_id", "step", "socket", "methods", "version"}
            assert said["step"] == "password"
            refused(await browser.again("push"), 409, "wrong_step")
            refused(await browser.again("complete"), 409, "wrong_step")
        for who in ("phone", "neither", "unknown"):
            await browser.start(f"{who}@demo.test")
            refused(await browser.again("password", {"password": PASSWORD}), 401, "wrong_credentials")


async def test_the_right_password_leads_to_the_phone_or_where_there_is_none_in(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    await change_policy(hub, tenant, push_mode="second_factor")
    _, phone = await person(hub, tenant, "both@demo.test", password=PASSWORD)
    await hub.user(tenant, "password@demo.test", password=PASSWORD)
    async with hub.browser() as browser:
        await browser.start("both@demo.test")
        proven = await browser.again("password", {"password": PASSWORD})
        assert proven.json()["step"] == "push"
        assert proven.json()["challenge"]["status"] == "pending"
        refused(await browser.again("password", {"password": PASSWORD}), 409, "wrong_step")
        await answer(phone, browser)
        assert (await browser.again("complete")).json()["step"] == "done"

        alone = await browser.start("password@demo.test", password=PASSWORD)
        assert alone["step"] == "approved"
        assert "socket" not in alone
        assert (await browser.again("complete")).json() == {"step": "done", "redirect": "/account/security"}


@pytest.mark.parametrize("email", ["ada@demo.test", "unknown@demo.test"])
async def test_a_wrong_password_leaves_the_login_as_it_was(hub: RunningHub, email: str) -> None:
    tenant = await hub.tenant()
    await change_policy(hub, tenant, push_mode="second_factor")
    await hub.user(tenant, password=PASSWORD)
    async with hub.browser() as browser:
        response = await browser.login_call("/login", {"email": email, "password": "wrong"})

        login_id = refused(response, 401, "wrong_credentials")["login_id"]
        assert list(cookies_of(response)) == ["lumo-login-demo"]
        browser.answer = {"login_id": login_id}
        assert (await browser.look()).json()["step"] == "password"
        again = await browser.again("password", {"password": "wrong again"})
        refused(again, 401, "wrong_credentials")
        assert (await browser.look()).json()["step"] == "password"


async def test_a_password_is_ignored_where_the_login_starts_at_push(hub: RunningHub) -> None:
    await person(hub, await hub.tenant(), password=PASSWORD)
    for password in (PASSWORD, "wrong"):
        async with hub.browser() as browser:
            assert (await browser.start(password=password))["step"] == "push"
            assert browser.answer["challenge"]["status"] == "pending"

    assert audit(hub, "password.wrong") == []


# Completing --------------------------------------------------------------------------------------------


async def test_only_the_browser_that_began_completes_and_once(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser, hub.browser() as other, hub.browser() as stranger:
        await browser.start()
        await answer(phone, browser)
        await other.start("other@demo.test")

        for thief in (other, stranger):
            thief.answer = browser.answer
            for what in ("complete", "push", "cancel"):
                refused(await thief.again(what), 404, "not_found")
            refused(await thief.again("password", {"password": "x"}), 404, "not_found")
            refused(await thief.look(), 404, "not_found")
        first, second = await asyncio.gather(browser.again("complete"), browser.again("complete"))

        assert sorted([first.status_code, second.status_code]) == [200, 409]
        refused(await browser.again("complete"), 409, "wrong_step")
        assert (await browser.look()).json()["step"] == "done"


async def test_an_approval_nobody_comes_for_lasts_a_minute(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as prompt, hub.browser() as late:
        await prompt.start()
        await answer(phone, prompt)
        hub.clock.advance(59)
        assert (await prompt.again("complete")).status_code == 200

        await late.start()
        await answer(phone, late)
        hub.clock.advance(60)
        refused(await late.again("complete"), 410, "login_expired")
        refused(await late.look(), 410, "login_expired")


async def test_a_login_lives_ten_minutes(hub: RunningHub) -> None:
    await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        begun = await browser.start()
        hub.clock.advance(599)
        assert (await browser.look()).json()["step"] == "push"
        hub.clock.advance(1)

        for what in ("complete", "push", "cancel"):
            refused(await browser.again(what), 410, "login_expired")
        refused(await browser.again("password", {"password": "x"}), 410, "login_expired")
        refused(await browser.look(), 410, "login_expired")
        assert (await browser.start())["login_id"] != begun["login_id"]


async def test_a_browser_has_one_session_with_a_new_value_each_time(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    _, phone = await person(hub, tenant)
    async with hub.browser() as browser, hub.browser() as kept:
        first = cookies_of(await sign_in(phone, browser))["lumo-session"][""]
        kept.http.cookies.set("lumo-session", first)
        assert (await kept.call("GET", "/api/v1/account/devices")).status_code == 200

        second = cookies_of(await sign_in(phone, browser))["lumo-session"][""]

        assert first != second
        assert (await browser.call("GET", "/api/v1/account/devices")).status_code == 200
        refused(await kept.call("GET", "/api/v1/account/devices"), 401, "not_signed_in")
        sessions = [row["session"] for row in audit(hub, "session.created")]
        assert len(set(sessions)) == 2


async def test_a_denial_fails_the_login_for_good(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        await browser.start()
        await answer(phone, browser, "deny")

        seen = (await browser.look()).json()
        assert (seen["step"], seen["challenge"]["status"]) == ("failed", "denied")
        assert "match" not in seen["challenge"]
        assert "socket" not in seen
        for what in ("complete", "push", "cancel"):
            refused(await browser.again(what), 409, "wrong_step")


async def test_a_wrong_number_denies_and_says_why(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        await browser.start()
        wrong = f"{(int(browser.digits) + 1) % 1_000_000:06}"

        decided = await answer(phone, browser, match=wrong)

        assert (decided["status"], decided["reason"]) == ("denied", "wrong_match")
        assert (await browser.look()).json()["step"] == "failed"


# Pushing again, cancelling -----------------------------------------------------------------------------


async def test_a_fresh_push_comes_a_minute_later_and_replaces_the_old(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        first = (await browser.start())["challenge"]
        hub.clock.advance(59)
        soon = await browser.again("push")
        hub.clock.advance(1)
        fresh = (await browser.again("push")).json()["challenge"]

        refused(soon, 429, "too_soon")
        assert soon.headers["retry-after"] == "1"
        assert fresh["id"] != first["id"]
        assert [row["challenge"] for row in audit(hub, "challenge.cancelled")] == [first["id"]]
        assert (await answer(phone, browser))["status"] == "approved"


async def test_push_after_is_when_a_push_is_taken(hub: RunningHub) -> None:
    await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        told = parse_time((await browser.start())["push_after"])
        ahead = told - hub.clock.now()
        assert timedelta(seconds=58) < ahead <= timedelta(seconds=61)

        hub.clock.advance(ahead.total_seconds())

        assert (await browser.again("push")).status_code == 200


async def test_the_third_push_of_a_login_is_the_last(hub: RunningHub) -> None:
    await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        await browser.start()
        for _ in range(2):
            hub.clock.advance(60)
            assert (await browser.again("push")).status_code == 200
        assert "push_after" not in browser.answer
        hub.clock.advance(60)

        refused(await browser.again("push"), 409, "wrong_step")


async def test_after_a_challenge_ran_out_the_login_goes_on(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        await browser.start()
        hub.clock.advance(120)

        seen = (await browser.look()).json()
        assert (seen["step"], seen["challenge"]["status"]) == ("push", "expired")
        assert "match" not in seen["challenge"]
        assert "socket" in seen
        assert (await browser.again("push")).json()["challenge"]["status"] == "pending"
        await answer(phone, browser)
        assert (await browser.again("complete")).status_code == 200


async def test_a_cancelled_login_is_over_and_its_challenge_too(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser, phone.connected() as device:
        await browser.start()
        card = await device.until("challenge")

        cancelled = (await browser.again("cancel")).json()

        assert (cancelled["step"], cancelled["challenge"]["status"]) == ("failed", "cancelled")
        assert await device.until("resolved") == {"type": "resolved", "id": card["id"], "status": "cancelled"}
        assert (await device.decide(card["request"]))["status"] == "cancelled"
        refused(await browser.again("cancel"), 409, "wrong_step")


# Re-attaching, several at once -------------------------------------------------------------------------


async def test_the_same_email_in_the_same_browser_returns_to_its_login(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser, hub.browser() as other:
        first = await browser.start()
        again = await browser.start(" ADA@demo.test ")
        assert again["login_id"] == first["login_id"]
        assert again["challenge"] == first["challenge"]
        assert len(audit(hub, "challenge.asked")) == 1
        assert (await other.start())["login_id"] != first["login_id"]

        await answer(phone, browser)
        await browser.again("complete")

        assert (await browser.start())["login_id"] != first["login_id"]


async def test_one_cookie_names_a_browser_that_may_have_several_logins_open(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    _, phone = await person(hub, tenant)
    _, others_phone = await person(hub, tenant, "bob@demo.test")
    async with hub.browser() as browser:
        first = await browser.login_call("/login", {"email": ADA})
        second = await browser.login_call("/login", {"email": "bob@demo.test"})

        assert "lumo-login-demo" in cookies_of(first)
        assert cookies_of(second) == {}
        for response, its_phone in ((first, phone), (second, others_phone)):
            browser.answer = response.json()
            await answer(its_phone, browser)
            assert (await browser.again("complete")).status_code == 200


async def test_a_login_is_of_its_tenant_alone(hub: RunningHub) -> None:
    await person(hub, await hub.tenant())
    await hub.tenant("other")
    async with hub.browser() as browser:
        begun = await browser.start()
        cookie = browser.http.cookies["lumo-login-demo"]
        browser.http.cookies.set("lumo-login-other", cookie)

        path = f"/t/other/api/v1/login/{begun['login_id']}"
        refused(await browser.call("GET", path), 404, "not_found")
        for what in ("push", "cancel", "complete"):
            refused(await browser.call("POST", f"{path}/{what}"), 404, "not_found")
        refused(await browser.call("POST", "/t/none/api/v1/login", {"email": ADA}), 404, "not_found")


# Waiting -----------------------------------------------------------------------------------------------


async def test_a_long_poll_answers_at_the_change(hub: RunningHub) -> None:
    """Within 100 ms of it; the best of five counts, for the machine may be busy."""
    _, phone = await person(hub, await hub.tenant())
    late_s = []
    async with phone.connected() as device:
        for _ in range(5):
            async with hub.browser() as browser:
                await browser.start()
                card = await device.until("challenge")
                version = browser.answer["version"]
                poll = asyncio.create_task(browser.look(f"?wait=25&since={version}"))
                await until(lambda: hub.services.long_polls.taken)
                assert not poll.done()
                await device.decide(card["request"], match=browser.digits)
                decided_at = time.perf_counter()
                seen = (await poll).json()
                late_s.append(time.perf_counter() - decided_at)
                assert seen["step"] == "approved"
                assert seen["version"] != version
                await browser.again("complete")

    assert min(late_s) < 0.1


async def test_a_long_poll_that_knows_less_is_answered_at_once(hub: RunningHub) -> None:
    await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        begun = await browser.start()
        started = time.perf_counter()

        old = (await browser.look("?wait=25&since=what-it-knew")).json()
        none = (await browser.look("?wait=1")).json()

        assert 1 <= time.perf_counter() - started < 10
        assert old["version"] == none["version"] == begun["version"]


@pytest.mark.parametrize("wait", ["-1", "x", "1.5", "", "%D9%A1"])
async def test_a_wait_is_a_number_of_seconds(hub: RunningHub, wait: str) -> None:
    await hub.tenant()
    async with hub.browser() as browser:
        await browser.start()

        assert refused(await browser.look(f"?wait={wait}"), 422, "invalid")["errors"][0]["field"] == "wait"


# Where it leads ----------------------------------------------------------------------------------------


async def test_a_login_leads_back_to_where_the_tenant_lets_it(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    _, phone = await person(hub, tenant)
    await change_policy(hub, tenant, return_addresses=("https://wiki.example.org/back",))
    for address in ("/account/security?from=wiki", "https://wiki.example.org/back"):
        async with hub.browser() as browser:
            completed = await sign_in(phone, browser, return_to=address)
            assert completed.json() == {"step": "done", "redirect": address}
    for address in ("https://evil.test/", "//evil.test", "https://wiki.example.org/back/x", "/\\e", ""):
        async with hub.browser() as browser:
            response = await browser.login_call("/login", {"email": ADA, "return_to": address})
            assert refused(response, 422, "invalid")["errors"][0]["field"] == "return_to"
            assert cookies_of(response) == {}


async def test_the_phone_is_told_which_app_asks(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser, phone.connected() as device:
        await browser.start(app="Wiki")
        card = await device.until("challenge")
        claims: dict[str, Any] = jwt.decode(card["request"], options={"verify_signature": False})

        assert claims["app"] == "Wiki"
        assert browser.digits not in str(claims)


async def test_methods_are_the_same_for_everybody(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    await person(hub, tenant, "phone@demo.test")
    await hub.user(tenant, "password@demo.test", password=PASSWORD)
    async with hub.browser() as browser:
        methods = [(await browser.start(f"{who}@demo.test"))["methods"] for who in ("phone", "password", "x")]

        assert methods == [["push", "password"]] * 3


# Where a phone is required -----------------------------------------------------------------------------


async def enrolling(hub: RunningHub) -> Browser:
    """Return the browser of a person without a phone, signed in where one is required."""
    tenant = await hub.tenant(require_push=True)
    await hub.user(tenant, password=PASSWORD)
    browser = hub.browser()
    completed = await sign_in_by_password(browser, ADA, PASSWORD)
    assert completed.json() == {"step": "enroll", "redirect": "/account/enroll"}
    return browser


async def test_a_session_that_owes_a_phone_reaches_its_enrolment_alone(hub: RunningHub) -> None:
    async with await enrolling(hub) as browser:
        page = await browser.call("GET", "/account/security")
        calls = [
            await browser.call("GET", "/api/v1/account/devices"),
            await browser.call("PATCH", "/api/v1/account/devices/dev_1", {"name": "x"}),
            await browser.call("DELETE", "/api/v1/account/devices/dev_1"),
            await browser.call("GET", "/t/demo/api/v1/admin/users"),
        ]

        assert (page.status_code, page.headers["location"]) == (303, "/account/enroll")
        for call in calls:
            refused(call, 403, "enrollment_required")
        assert (await browser.call("GET", "/account/enroll")).status_code == 200


async def test_it_becomes_a_full_one_by_its_own_enrolment(hub: RunningHub) -> None:
    async with await enrolling(hub) as browser:
        made = (await browser.call("POST", "/api/v1/account/enrollments")).json()
        phone = Phone(hub.url, now=hub.clock.now)
        await phone.enroll(made["activation_code"])

        status = await browser.call("GET", f"/api/v1/account/enrollments/{made['id']}")

        assert status.json() == {"status": "done"}
        devices = await browser.call("GET", "/api/v1/account/devices")
        assert [each["id"] for each in devices.json()] == [phone.id]
        removed = await browser.call("DELETE", f"/api/v1/account/devices/{phone.id}")
        assert removed.status_code == 204


async def test_it_ends_when_a_phone_is_bound_another_way(hub: RunningHub) -> None:
    async with await enrolling(hub) as browser:
        user = await hub.services.administer.user_by_email(
            (await hub.services.administer.tenant("demo")).id, ADA
        )
        assert user is not None
        await browser.call("POST", "/api/v1/account/enrollments")

        await hub.phone(user)

        refused(await browser.call("POST", "/api/v1/account/enrollments"), 401, "not_signed_in")
        refused(await browser.call("GET", "/api/v1/account/devices"), 401, "not_signed_in")
        page = await browser.call("GET", "/account/enroll")
        assert (page.status_code, page.headers["location"]) == (303, "/t/demo/login")
