"""Bodies, origins and media types: whatever is sent gets a clear answer, never a 500."""

import json
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.routes.acting import ADA, admin, cookies_of, person, refused, sign_in
from tests.running import RunningHub

LOGIN = "/t/demo/api/v1/login"
JSON = {"Content-Type": "application/json"}


async def post(hub: RunningHub, path: str, body: bytes, **headers: str) -> httpx2.Response:
    """Send exactly this."""
    async with httpx2.AsyncClient(base_url=hub.url) as http:
        return await http.post(path, content=body, headers={**JSON, **headers})


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"{'email': 1}", b'{"email": "a@b.de"', b"\xff\xfe", b'{"email": "\xff"}', b"[" * 60_000,
        b'{"a":' * 10_000, b'{"n": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: repr(body[:12]),
)  # fmt: skip
async def test_what_is_no_json(hub: RunningHub, body: bytes) -> None:
    await hub.tenant()
    for path in (LOGIN, "/api/v1/enroll/preview", "/api/v1/enroll"):
        refused(await post(hub, path, body), 400, "malformed_json")


async def test_json_that_is_not_what_is_asked_for(hub: RunningHub) -> None:
    await hub.tenant()
    for body in (b"[]", b"null", b'"x"', b"1", b"true"):
        refused(await post(hub, LOGIN, body), 422, "invalid")
    for sent, field in (
        ({}, "email"),
        ({"email": 1}, "email"),
        ({"email": None}, "email"),
        ({"email": "x" * 600}, "email"),
        ({"email": "not an address"}, "email"),
        ({"email": "a@b.de\u0000"}, "email"),
        ({"email": ADA, "password": 1}, "password"),
        ({"email": ADA, "app": ""}, "app"),
        ({"email": ADA, "app": "x" * 81}, "app"),
        ({"email": ADA, "app": "a\u202eb"}, "app"),
        ({"email": ADA, "return_to": ["/"]}, "return_to"),
        ({"email": ADA, "return_to": "/" * 2049}, "return_to"),
    ):
        problem = refused(await post(hub, LOGIN, json.dumps(sent).encode()), 422, "invalid")
        assert [each["field"] for each in problem["errors"]] == [field], sent
        assert all(each["detail"] for each in problem["errors"])
    lone = await post(hub, LOGIN, b'{"email": "\\ud800@b.de"}')
    refused(lone, 422, "invalid")


async def test_an_error_repeats_no_secret(hub: RunningHub) -> None:
    await hub.tenant()

    answered = await post(hub, LOGIN, b'{"email": 1, "password": ["hunter2"]}')

    assert "hunter2" not in answered.text


async def test_more_than_64_kib_is_too_large_also_without_a_length(hub: RunningHub) -> None:
    await hub.tenant()
    body = json.dumps({"email": ADA, "more": "x" * 65_536}).encode()

    async def chunks() -> Any:
        for at in range(0, len(body), 4096):
            yield body[at : at + 4096]

    refused(await post(hub, LOGIN, body), 413, "too_large")
    async with httpx2.AsyncClient(base_url=hub.url) as http:
        refused(await http.post(LOGIN, content=chunks(), headers=JSON), 413, "too_large")
    assert (
        await post(hub, LOGIN, json.dumps({"email": ADA, "more": "x" * 60_000}).encode())
    ).status_code == 200


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "", "json"])
async def test_a_body_is_json_and_says_so(hub: RunningHub, media_type: str) -> None:
    await hub.tenant()
    body = json.dumps({"email": ADA}).encode()

    refused(await post(hub, LOGIN, body, **{"Content-Type": media_type}), 415, "unsupported_media_type")

    charset = await post(hub, LOGIN, body, **{"Content-Type": "Application/JSON; charset=utf-8"})
    assert charset.status_code == 200


async def test_a_call_without_a_body_takes_none_or_an_empty_one(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    for body in (None, {}, {"unknown": 1}):
        async with hub.browser() as browser:
            await browser.start()
            assert (await browser.again("cancel", body)).status_code == 200
            hub.clock.advance(60)
    async with hub.browser() as browser:
        await sign_in(phone, browser)
        path = "/api/v1/account/enrollments"
        origin = {"Origin": hub.url}
        refused(await browser.http.post(path, content=b"[]", headers={**JSON, **origin}), 422, "invalid")
        refused(
            await browser.http.post(path, content=b"{", headers={**JSON, **origin}), 400, "malformed_json"
        )
        refused(await browser.http.post(path, content=b"x", headers=origin), 415, "unsupported_media_type")
        assert (await browser.http.post(path, headers=origin)).status_code == 201


async def test_a_write_with_a_cookie_of_ours_comes_from_our_own_origin(hub: RunningHub) -> None:
    await hub.tenant()
    foreign = ["https://evil.test", "null", hub.url + "/", hub.url.replace("127.0.0.1", "localhost"), ""]
    async with hub.browser() as browser:
        # Without a cookie and without an origin it is no browser.
        first = await browser.http.post(LOGIN, json={"email": ADA})
        assert first.status_code == 200
        assert cookies_of(first)
        refused(await browser.http.post(LOGIN, json={"email": ADA}), 403, "bad_origin")
        for origin in foreign:
            answered = await browser.http.post(LOGIN, json={"email": ADA}, headers={"Origin": origin})
            refused(answered, 403, "bad_origin")
        assert (
            await browser.http.post(LOGIN, json={"email": ADA}, headers={"Origin": hub.url})
        ).status_code == 200
        own = f"{LOGIN}/{first.json()['login_id']}"
        for what in ("push", "cancel", "complete", "password"):
            refused(await browser.http.post(f"{own}/{what}", json={}), 403, "bad_origin")
        assert (await browser.http.get(own)).status_code == 200
    async with hub.browser() as stranger:
        answered = await stranger.http.post(
            LOGIN, json={"email": ADA}, headers={"Origin": "https://evil.test"}
        )
        refused(answered, 403, "bad_origin")


async def test_unknown_paths_and_methods_are_problems_too(hub: RunningHub) -> None:
    await hub.tenant()
    async with hub.browser() as browser:
        for path in ("/api/v1/nothing", "/t/demo/api/v1/nothing", "/t/demo/api/v1/admin/nothing"):
            refused(await browser.call("GET", path), 404, "not_found")
        wrong = await browser.call("DELETE", LOGIN)
        assert (wrong.status_code, wrong.headers["content-type"]) == (405, "application/problem+json")
        for path in (
            "/t/none/login",
            "/t/demo/login/lgn_unknown",
            "/nothing",
            "/t/demo/nothing",
            "/static/x.js",
        ):
            assert (await browser.call("GET", path)).status_code == 404
        for path in (
            "/static/../hub/settings.py",
            "/static/templates/base.html",
            "/static/%2e%2e/pyproject.toml",
        ):
            assert (await browser.call("GET", path)).status_code == 404


async def test_a_form_is_checked_as_a_body_is(hub: RunningHub) -> None:
    """What a form says ends up on phones as what a call says does, so the same bounds hold."""
    await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        page = await browser.call("GET", "/t/demo/login")
        token = page.text.split('name="csrf" value="')[1].split('"')[0]
        for fields in ({"app": "x" * 81}, {"return_to": "/" * 2049}, {"email": "x" * 300 + "@demo.test"}):
            said = await browser.http.post("/t/demo/login", data={"csrf": token, "email": ADA, **fields})
            assert said.status_code == 422, fields
        large = await browser.http.post("/t/demo/login", data={"csrf": token, "email": "x" * 70_000})
        assert large.status_code == 413
        many = await browser.http.post(
            "/t/demo/login", data={"csrf": token} | {f"f{n}": "" for n in range(60)}
        )
        assert many.status_code == 422


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    "email", "password", "app", "return_to", "activation_code", "proof", "device", "pin", "name", "role",
    "status", "require_push", "push_mode", "match", "challenge_ttl_s", "allowed_origins", "return_addresses",
]  # fmt: skip
NASTY = st.sampled_from(
    [
        "\x00",
        "\ud800",
        "a@b.de",
        "/",
        "//",
        "x" * 3000,
        "ABCD-EFGH",
        "https://[",
        "1e999",
        "٣",
        "a@\u0130.de",
        "Ａ@b.de",
    ]
)
BODIES = st.dictionaries(st.sampled_from(FIELDS), ANYTHING | NASTY, max_size=8)
CALLS = [
    ("POST", LOGIN),
    ("POST", "/t/demo/api/v1/login/lgn_x/password"),
    ("POST", "/api/v1/enroll/preview"),
    ("POST", "/api/v1/enroll"),
    ("POST", "/api/v1/account/enrollments"),
    ("PATCH", "/api/v1/account/devices/dev_x"),
    ("PUT", "/t/demo/api/v1/admin/settings/authentication"),
    ("POST", "/t/demo/api/v1/admin/users"),
    ("PATCH", "/t/demo/api/v1/admin/users/usr_x"),
]


async def test_whatever_is_sent_is_never_our_fault(open_hub: RunningHub) -> None:
    bodies: list[Any] = []

    @settings(
        max_examples=60,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(BODIES)
    def collect(body: dict[str, Any]) -> None:
        bodies.append(body)

    collect()
    async with await admin(open_hub, await open_hub.tenant()) as owner:
        headers = {**JSON, "Origin": open_hub.url}
        for number, body in enumerate(bodies):
            raw = json.dumps(body).encode()
            for method, path in CALLS[number % 3 :: 3]:
                answered = await owner.http.request(method, path, content=raw, headers=headers)
                assert answered.status_code < 500, (method, path, raw)
                if answered.status_code >= 400:
                    assert answered.json()["code"] != "internal"
        for text in ("%00", "%ff", "%F0%9F%92%A9", "..", "%2e%2e%2f", "x" * 3000, "'--", "%0d%0aX: y"):
            for path in (f"/t/{text}/login", f"/t/demo/login/{text}", f"/t/demo/api/v1/login/{text}"):
                assert (await owner.http.get(path)).status_code in (303, 307, 404), path
            for query in (f"cursor={text}", f"ip={text}", f"user={text}", f"from={text}", f"type={text}"):
                answered = await owner.http.get(f"/t/demo/api/v1/admin/audit-logs?{query}")
                assert answered.status_code in (200, 422), query
        for moment in ("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"):
            answered = await owner.http.get(f"/t/demo/api/v1/admin/audit-logs?from={moment}&to={moment}")
            assert answered.status_code in (200, 422)
