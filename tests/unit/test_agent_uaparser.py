"""User-Agent headers in words."""

import pytest

from hub.adapters.agent_uaparser import Agents

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
            ("Firefox", "Windows"),
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", ("Firefox", "Linux")),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36",
            ("Chrome", "Windows"),
        ),
        (
            f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
            ("Edge", "Windows"),
        ),
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/156.0 Safari/537.36", ("Chrome", "Linux")),
        (
            f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/140.0 Safari/537.36",
            ("Chrome", "ChromeOS"),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/140.0 Mobile Safari/537.36",
            ("Chrome", "Android"),
        ),
        (f"{MAC} Version/18.4 Safari/605.1.15", ("Safari", "macOS")),
        (f"{IPHONE} Version/18.4 Mobile/15E148 Safari/604.1", ("Safari", "iOS")),
        (f"{IPHONE} FxiOS/145.0 Mobile/15E148 Safari/605.1.15", ("Firefox", "iOS")),
        (f"{IPHONE} CriOS/140.0 Mobile/15E148 Safari/604.1", ("Chrome", "iOS")),
        ("curl/8.5.0", ("curl", "unknown system")),
    ],
)
def test_browser_and_system_are_named_as_people_say_them(header: str, said: tuple[str, str]):
    assert Agents().describe(header) == said


@pytest.mark.parametrize("header", ["", " ", "\x00\xff", "???", "Other", "\ud800"])
def test_what_is_not_recognised_is_said_to_be_unknown(header: str):
    assert Agents().describe(header) == ("Unknown browser", "unknown system")


def test_of_a_long_header_only_the_beginning_is_looked_at():
    agents = Agents()

    assert agents.describe("-" * 400 + " Firefox/145.0")[0] == "Firefox"
    assert agents.describe("-" * 4_096 + " Firefox/145.0")[0] == "Unknown browser"


@pytest.mark.parametrize(
    "header",
    [
        "Press approve spider/1",
        "Press-Approve-bot/1.0",
        "Mozilla/5.0 (compatible; <b>Approve</b>bot/1.0)",
        "Approve\u202e this\nnow-Spider/1.0",
        "A" * 200 + "bot/1.0",
        "ApproveNow/1.0 CFNetwork/1 Darwin/2",
    ],
)
def test_a_header_puts_no_words_of_its_own_on_the_phone(header: str):
    browser, _ = Agents().describe(header)

    assert browser == "Unknown browser"
