"""What holds for every page in every state."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.browser.gallery import PAGES, STATES, open_still, render, served

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as address:
        yield address


async def violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong: rule and place."""
    # Injected through the debugger, which the page's policy does not govern.
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{each['id']} at {node['target']}" for each in found["violations"] for node in each["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_state_breaks_a_rule_of_accessibility(browser: Browser, address: str, scheme: Any) -> None:
    page = await browser.new_page(color_scheme=scheme, reduced_motion="reduce")

    found = {}
    for state in STATES:
        await open_still(page, address, state)
        found[state] = await violations(page)

    assert {state: broken for state, broken in found.items() if broken} == {}


@pytest.mark.parametrize(("width", "text_percent"), [(320, 100), (390, 100), (1280, 100), (640, 200)])
async def test_no_state_runs_out_of_the_window(
    browser: Browser, address: str, width: int, text_percent: int
) -> None:
    page = await browser.new_page(viewport={"width": width, "height": 700})

    wider = []
    for state in STATES:
        await open_still(page, address, state)
        await page.evaluate("size => { document.documentElement.style.fontSize = size }", f"{text_percent}%")
        if await page.evaluate("document.documentElement.scrollWidth") > width:
            wider.append(state)

    assert wider == []


async def test_every_target_is_large_enough_for_a_thumb(browser: Browser, address: str) -> None:
    page = await browser.new_page(viewport={"width": 390, "height": 844})

    small = {}
    for state in STATES:
        await open_still(page, address, state)
        small[state] = await page.evaluate(
            """[...document.querySelectorAll('.btn, .input, .link, .who a')]
                 .filter(each => each.checkVisibility() && each.getBoundingClientRect().height < 44)
                 .map(each => each.outerHTML)"""
        )

    assert {state: targets for state, targets in small.items() if targets} == {}


async def test_no_state_asks_for_what_the_policy_forbids(browser: Browser, address: str) -> None:
    page = await browser.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))

    for state in STATES:
        await open_still(page, address, state)

    assert [text for text in refused if "Content Security Policy" in text or "Content-Security" in text] == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_stands_inline(name: str) -> None:
    html = render(name)

    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", html)
    assert not re.search(r"<script(?![^>]*\ssrc=)", html)


@pytest.mark.parametrize("name", PAGES)
def test_every_form_carries_the_token(name: str) -> None:
    forms = re.findall(r"<form .*?</form>", render(name), re.DOTALL)

    assert all('method="post"' in form and 'name="csrf" value="made-up"' in form for form in forms)


@pytest.mark.parametrize("name", PAGES)
def test_nothing_comes_from_elsewhere(name: str) -> None:
    fetched = re.findall(r'<(?:script|link|img)[^>]*?(?:src|href)="([^"]*)"', render(name))

    assert all(address.startswith("/static/") for address in fetched)


async def test_the_script_paints_what_the_server_rendered(browser: Browser, address: str) -> None:
    page = await browser.new_page()

    changed = {}
    for name in [name for name, (template, _) in PAGES.items() if template == "login/state.html"]:
        await open_still(page, address, name)
        changed[name] = await page.evaluate(
            """async () => {
              const root = document.querySelector("#login");
              const parts = [...root.querySelectorAll("[data-view], [data-when], [data-fill]")];
              const shown = () => parts.map(each => {
                const { view = "", when = "", fill = "" } = each.dataset;
                return [view, when, fill, each.hidden, each.isConnected, fill && each.textContent].join("|");
              });
              const before = shown();
              const { sightOf } = await import("/static/login/sight.js");
              const { Stage } = await import("/static/login/stage.js");
              const now = Date.parse(root.dataset.serverTime);
              new Stage(root).paint(sightOf(JSON.parse(root.dataset.login), { now, link: "live" }));
              return shown().filter((part, at) => part !== before[at]);
            }"""
        )

    assert {name: parts for name, parts in changed.items() if parts} == {}
