"""User-Agent headers in words, by the ua-parser project's patterns."""

import re
from functools import lru_cache
from typing import Final

from ua_parser import BasicResolver, Domain, load_lazy_builtins

UNKNOWN_BROWSER: Final = "Unknown browser"
UNKNOWN_SYSTEM: Final = "unknown system"

# Time grows with the header's length: this much takes two milliseconds at the very worst.
_HEADER_MAX: Final = 512
_KEPT: Final = 2_000
# Some patterns take a name over from the header as it stands, and nobody may put words on the phone.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .+!/_-]{0,31}")

_SAID: Final = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile WebView": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "HeadlessChrome": "Chrome",
    "Edge Mobile": "Edge",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "Opera Mobile": "Opera",
    "Mac OS X": "macOS",
    "Chrome OS": "ChromeOS",
}


class Agents:
    """Names of browsers and systems, without versions; the latest answers are kept."""

    def __init__(self) -> None:
        self._resolve = BasicResolver(load_lazy_builtins())
        self._describe_short = lru_cache(_KEPT)(self._parse)

    def describe(self, user_agent: str) -> tuple[str, str]:
        """Return browser and operating system, as a person says them ("Firefox", "Windows").

        What is not recognised is "Unknown browser" and "unknown system".
        """
        return self._describe_short(user_agent[:_HEADER_MAX])

    def _parse(self, user_agent: str) -> tuple[str, str]:
        found = self._resolve(user_agent, Domain.USER_AGENT | Domain.OS)
        browser = found.user_agent.family if found.user_agent else ""
        system = found.os.family if found.os else ""
        return _said(browser, UNKNOWN_BROWSER), _said(system, UNKNOWN_SYSTEM)


def _said(family: str, unknown: str) -> str:
    return _SAID.get(family, family) if _NAME.fullmatch(family) and family != "Other" else unknown
