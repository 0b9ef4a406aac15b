"""User-Agent headers in words, by the ua-parser project's patterns."""

from functools import lru_cache
from typing import Final

from ua_parser import BasicResolver, Domain, load_lazy_builtins

UNKNOWN_BROWSER: Final = "Unknown browser"
UNKNOWN_SYSTEM: Final = "unknown system"

# Time grows with the header's length: this much takes two milliseconds at the very worst.
_HEADER_MAX: Final = 512
_KEPT: Final = 2_000

# Only these are said. Some patterns copy a name out of the header as it stands, and who asks must not be
# able to put words of his own on the phone ("press approve spider").
_BROWSERS: Final = (
    "Brave",
    "Chrome",
    "Chromium",
    "Edge",
    "Electron",
    "Epiphany",
    "Facebook",
    "Firefox",
    "IE",
    "Instagram",
    "Konqueror",
    "Opera",
    "Opera Mini",
    "Safari",
    "Samsung Internet",
    "SeaMonkey",
    "UC Browser",
    "Vivaldi",
    "Waterfox",
    "Yandex Browser",
    "curl",
)
_ALSO_BROWSERS: Final = {
    "Amazon Silk": "Silk",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile WebView": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "DuckDuckGo Mobile": "DuckDuckGo",
    "Edge Mobile": "Edge",
    "Firefox Focus": "Firefox",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "HeadlessChrome": "Chrome",
    "IE Mobile": "IE",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "Opera Mobile": "Opera",
}
_SYSTEMS: Final = (
    "Android",
    "Arch Linux",
    "Debian",
    "Fedora",
    "FreeBSD",
    "KaiOS",
    "Linux",
    "NetBSD",
    "OpenBSD",
    "Red Hat",
    "Tizen",
    "Ubuntu",
    "Windows",
    "Windows Phone",
    "iOS",
)
_ALSO_SYSTEMS: Final = {"Chrome OS": "ChromeOS", "Linux Mint": "Linux", "Mac OS X": "macOS"}


class Agents:
    """Names of browsers and systems, without versions; the latest answers are kept."""

    def __init__(self) -> None:
        self._resolve = BasicResolver(load_lazy_builtins())
        self._browsers = {name: name for name in _BROWSERS} | _ALSO_BROWSERS
        self._systems = {name: name for name in _SYSTEMS} | _ALSO_SYSTEMS
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
        return self._browsers.get(browser, UNKNOWN_BROWSER), self._systems.get(system, UNKNOWN_SYSTEM)
