"""How the authenticator is served: page, worker, manifest, icons, decoder, and what each may be kept for."""

import json
import re
import struct
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from hub.routes import authenticator
from tests.running import RunningHub

IMPORTS = re.compile(r'^(?:import|export|\} from)\b[^"\n]*"(\.[^"\n]+\.js)"', re.MULTILINE)


@pytest.fixture
async def http(hub: RunningHub) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=hub.url) as client:
        yield client


async def told(http: httpx2.AsyncClient) -> dict[str, Any]:
    """Return what the worker is told."""
    script = (await http.get("/authenticator/sw.js")).text
    found: dict[str, Any] = json.loads(script[script.index("serve({") + 6 : script.rindex(")")])
    return found


async def test_the_page_may_be_kept_since_it_is_the_same_for_everybody(http: httpx2.AsyncClient) -> None:
    one = await http.get("/authenticator/")
    other = await http.get("/authenticator/", headers={"Cookie": "lumo-session=x"})

    assert one.status_code == 200
    assert one.headers["content-type"] == "text/html; charset=utf-8"
    assert one.headers["cache-control"] == "no-cache"
    assert "set-cookie" not in one.headers
    assert one.content == other.content


async def test_the_page_reads_without_its_script(http: httpx2.AsyncClient) -> None:
    html = (await http.get("/authenticator/")).text

    assert "<h1>Authenticator</h1>" in html
    assert "<noscript>" in html
    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", html)
    assert not re.search(r"<script(?![^>]*\ssrc=)", html)


async def test_the_policy_lets_it_run_its_own_scripts_and_worker_alone(http: httpx2.AsyncClient) -> None:
    headers = (await http.get("/authenticator/")).headers

    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["worker-src"] == policy["manifest-src"] == "'self'"
    assert policy["connect-src"].startswith("'self' ws://")


async def test_this_page_alone_may_use_the_camera(http: httpx2.AsyncClient) -> None:
    app = await http.get("/authenticator/")
    other = await http.get("/t/demo/login")

    assert "camera=(self)" in app.headers["permissions-policy"]
    assert "camera=()" in other.headers["permissions-policy"]


async def test_without_its_slash_the_address_leads_to_the_app(http: httpx2.AsyncClient) -> None:
    response = await http.get("/authenticator")

    assert (response.status_code, response.headers["location"]) == (308, "/authenticator/")


async def test_the_worker_keeps_everything_that_the_page_loads(http: httpx2.AsyncClient) -> None:
    shell = set((await told(http))["shell"])

    needed = set(re.findall(r'(?:src|href)="(/[^"#]+)"', (await http.get("/authenticator/")).text))
    seen: set[str] = set()
    while needed - seen:
        address = (needed - seen).pop()
        seen.add(address)
        if address.endswith(".js"):
            text = (await http.get(address)).text
            needed |= {str(httpx2.URL(address).join(each)) for each in IMPORTS.findall(text)}
    assert needed <= shell


async def test_all_that_the_worker_keeps_is_served(http: httpx2.AsyncClient) -> None:
    statuses = {address: (await http.get(address)).status_code for address in (await told(http))["shell"]}

    assert "/authenticator/" in statuses
    assert set(statuses.values()) == {200}


async def test_a_changed_file_makes_another_worker(
    http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    before = authenticator.worker_script()
    changed = tmp_path / "words.js"
    changed.write_text("// changed")
    files = authenticator.files() | {"/static/authenticator/words.js": changed}
    monkeypatch.setattr(authenticator, "files", lambda: files)
    authenticator.worker_script.cache_clear()

    after = authenticator.worker_script()

    authenticator.worker_script.cache_clear()
    assert before != after


async def test_the_worker_is_asked_for_anew_each_time(http: httpx2.AsyncClient) -> None:
    response = await http.get("/authenticator/sw.js")

    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["content-type"].startswith("text/javascript")


async def test_the_manifest_makes_an_app_of_it(http: httpx2.AsyncClient) -> None:
    response = await http.get("/authenticator/manifest.webmanifest")

    manifest = response.json()
    assert response.headers["content-type"].startswith("application/manifest+json")
    assert manifest["start_url"] == manifest["scope"] == manifest["id"] == "/authenticator/"
    assert (manifest["name"], manifest["short_name"], manifest["display"]) == (
        "LumoAuth Authenticator",
        "Authenticator",
        "standalone",
    )
    assert [each["url"] for each in manifest["shortcuts"]] == [
        "/authenticator/#add",
        "/authenticator/#history",
    ]


async def test_every_icon_is_there_in_the_size_that_it_says(http: httpx2.AsyncClient) -> None:
    manifest = (await http.get("/authenticator/manifest.webmanifest")).json()

    for icon in manifest["icons"]:
        response = await http.get(icon["src"])
        assert response.status_code == 200
        assert response.headers["content-type"] == icon["type"]
        if icon["type"] == "image/png":
            width, height = struct.unpack(">II", response.content[16:24])
            assert icon["sizes"] == f"{width}x{height}"
    assert {"any", "maskable"} == {icon["purpose"] for icon in manifest["icons"]}
    assert (await http.get("/authenticator/icons/apple-touch-icon.png")).status_code == 200


async def test_the_decoder_is_served_as_modules(http: httpx2.AsyncClient) -> None:
    response = await http.get("/authenticator/decoder/decode.js")

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/javascript")
    assert 'data-decoder="/authenticator/decoder/decode.js"' in (await http.get("/authenticator/")).text


@pytest.mark.parametrize("name", ["../words.js", "nothing.js", "LICENSE", "%2e%2e%2fsw.js"])
async def test_nothing_else_is_served_from_there(http: httpx2.AsyncClient, name: str) -> None:
    for folder in ("decoder", "icons"):
        assert (await http.get(f"/authenticator/{folder}/{name}")).status_code == 404
