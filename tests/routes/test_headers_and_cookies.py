"""Cookies, security headers and forms' tokens on every kind of answer (SECURITY.md *Transport*)."""

import re
from pathlib import Path

import httpx2
import pytest
from starlette.routing import Mount, Route

from hub.routes.table import ROUTES
from tests.routes.acting import ADA, answer, cookies_of, person, sign_in
from tests.running import Browser, RunningHub, sqlite_hub

PUBLIC = "https://login.example.org"
FORMS = [
    "/t/demo/login",
    "/t/demo/login/{login}/password",
    "/t/demo/login/{login}/push",
    "/t/demo/login/{login}/cancel",
    "/t/demo/login/{login}/complete",
    "/account/security/enrollments",
    "/account/security/enrollments/{enrollment}/cancel",
    "/account/security/devices/{device}/rename",
    "/account/security/devices/{device}/remove",
    "/account/security/devices/{device}/unlock",
    "/account/security/devices/{device}/test",
    "/account/sign-out",
]


async def test_over_loopback_cookies_are_plain_and_httponly(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        begun = cookies_of(await browser.login_call("/login", {"email": ADA}))
        await answer(phone, browser)
        completed = cookies_of(await browser.again("complete"))
        page = cookies_of(await browser.call("GET", "/t/demo/login"))

    assert list(begun) == ["lumo-login-demo"]
    assert {name.split("-")[1] for name in completed} == {"session", "tenant", "known"}
    assert list(page) == ["lumo-csrf"]
    for said in (*begun.values(), *completed.values(), *page.values()):
        assert said.keys() - {"", "max-age"} == {"httponly", "path", "samesite"}
        assert (said["path"], said["samesite"]) == ("/", "lax")
    (known,) = [said for name, said in completed.items() if "known" in name]
    assert known["max-age"] == str(30 * 24 * 3600)
    assert "max-age" not in completed["lumo-session"]


async def test_over_tls_they_are_host_cookies_and_secure(tmp_path: Path) -> None:
    async with sqlite_hub(tmp_path, public_url=PUBLIC) as hub:
        await hub.user(await hub.tenant(), password="correct horse battery")
        port = hub.server.servers[0].sockets[0].getsockname()[1]
        async with httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"Origin": PUBLIC}
        ) as http:
            sent = {"email": ADA, "password": "correct horse battery"}
            begun = await http.post("/t/demo/api/v1/login", json=sent)
            cookie = {name: said[""] for name, said in cookies_of(begun).items()}
            http.cookies.clear()
            header = "; ".join(f"{name}={value}" for name, value in cookie.items())
            path = f"/t/demo/api/v1/login/{begun.json()['login_id']}/complete"
            completed = await http.post(path, headers={"Cookie": header})
            page = await http.get("/t/demo/login")

            assert begun.json()["step"] == "approved"
            assert completed.status_code == 200
            for response in (begun, completed, page):
                assert cookies_of(response)
                for name, said in cookies_of(response).items():
                    assert name.startswith("__Host-lumo-")
                    assert said.keys() >= {"secure", "httponly", "path", "samesite"}
                    assert "domain" not in said
                assert int(response.headers["strict-transport-security"].split("=")[1]) >= 31_536_000
            policy = page.headers["content-security-policy"]
            assert "connect-src 'self' wss://login.example.org;" in policy
            waiting = await http.post("/t/demo/api/v1/login", json={"email": "x@demo.test"})
            assert waiting.json()["socket"]["url"] == "wss://login.example.org/ws/login"


async def test_security_headers_are_on_every_kind_of_answer(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        await sign_in(phone, browser)
        answers = [
            await browser.call("GET", path)
            for path in (
                "/t/demo/login", "/account/security", "/account/enroll", "/signed-out", "/", "/nothing",
                "/healthz", "/readyz", "/.well-known/jwks.json", "/api/v1/account/devices", "/api/v1/nothing",
                "/t/demo/api/v1/admin/users", "/static/shared/icon.svg", "/static/none.css",
            )
        ]  # fmt: skip
        answers.append(await browser.http.post("/account/sign-out", data={}))
        answers.append(await browser.http.post("/t/demo/api/v1/login", content=b"{"))

        for each in answers:
            headers = each.headers
            policy = dict(
                part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
            )
            assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
            assert policy["script-src"] == policy["style-src"] == "'self'"
            assert policy["form-action"] == "'self'"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert "strict-transport-security" not in headers
            assert "server" not in headers
            assert not [name for name in headers if name.startswith("access-control-")]
            if "text/html" in headers.get("content-type", ""):
                assert headers["cache-control"] == "no-store"
                assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style", each.text)
                assert not re.findall(r'(?:src|href|action)="(?!/|#)[^"]*"', each.text)


async def test_another_origin_gets_no_credentials(hub: RunningHub) -> None:
    await hub.tenant(allowed_origins=("https://app.example.org",))
    async with hub.browser() as browser:
        asked = {"Origin": "https://app.example.org", "Access-Control-Request-Method": "POST"}
        preflight = await browser.http.options("/t/demo/api/v1/login", headers=asked)

        assert preflight.status_code == 405
        assert not [name for name in preflight.headers if name.startswith("access-control-")]


# Forms


async def signed_in(hub: RunningHub) -> tuple[Browser, dict[str, str]]:
    """Return a signed-in browser with a login open, and what the forms' paths name."""
    _, phone = await person(hub, await hub.tenant())
    browser = hub.browser()
    await sign_in(phone, browser)
    made = await browser.call("POST", "/api/v1/account/enrollments")
    begun = await browser.start()
    return browser, {"login": begun["login_id"], "enrollment": made.json()["id"], "device": phone.id}


def token_of(page: httpx2.Response) -> str:
    """Return the token of the page's forms."""
    token: str = re.findall(r'name="csrf" value="([^"]+)"', page.text)[0]
    return token


@pytest.mark.parametrize("form", FORMS)
async def test_a_form_without_its_token_does_nothing(hub: RunningHub, form: str) -> None:
    browser, names = await signed_in(hub)
    path = form.format(**names)
    async with browser, hub.browser() as other:
        own = re.findall(
            r'name="csrf" value="([^"]+)"', (await browser.call("GET", "/account/security")).text
        )[0]
        theirs = re.findall(r'name="csrf" value="([^"]+)"', (await other.call("GET", "/t/demo/login")).text)[
            0
        ]
        fields = {"email": ADA, "name": "x", "password": "x"}
        cookie = browser.http.cookies["lumo-csrf"]
        for sent in (
            {},
            {"csrf": ""},
            {"csrf": theirs},
            {"csrf": own[:-1]},
            {"csrf": cookie},
            {"csrf": "é\udc80"[:1]},
        ):
            assert (await browser.http.post(path, data={**fields, **sent})).status_code == 403, sent
        foreign = await browser.http.post(
            path, data={**fields, "csrf": own}, headers={"Origin": "https://evil.test"}
        )
        assert foreign.status_code == 403
        as_json = await browser.http.post(path, json={**fields, "csrf": own}, headers={"Origin": hub.url})
        assert as_json.status_code == 415
        before = browser.http.cookies["lumo-csrf"]
        browser.http.cookies.delete("lumo-csrf")
        assert (await browser.http.post(path, data={**fields, "csrf": own})).status_code == 403
        browser.http.cookies.delete("lumo-csrf")
        browser.http.cookies.set("lumo-csrf", before)

        done = await browser.http.post(path, data={**fields, "csrf": own}, headers={"Origin": "null"})

        assert done.status_code in (200, 303, 410)
        if path.endswith("/push"):
            assert (await browser.look()).json()["challenge"]["status"] == "pending"


def test_no_form_is_forgotten() -> None:
    found = set()
    for route in ROUTES:
        inner = route.routes if isinstance(route, Mount) else [route]
        prefix = route.path if isinstance(route, Mount) else ""
        for each in inner or []:
            if (
                isinstance(each, Route)
                and "POST" in (each.methods or ())
                and "/api/" not in prefix + each.path
            ):
                found.add(re.sub(r"\{(\w+?)_id\}", r"{\1}", prefix + each.path).replace("{slug}", "demo"))

    assert found == set(FORMS)
