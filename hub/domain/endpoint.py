"""Which addresses a web push may go to: what a phone names is user input, and must not lead inside."""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
# A name with a dot in it. What ends in a number is an IPv4 address to browsers and resolvers, however odd.
_NAME = re.compile(rf"(?=.{{1,253}}$)({_LABEL}\.)+(?![0-9]+$|0x[0-9a-f]*$){_LABEL}")
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class ForbiddenAddress(Exception):
    """No push may go there; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a push is handed over, in parts; *target* is path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @classmethod
    def parse(cls, text: str) -> "Endpoint":
        """Return the parts of *text*; raises ForbiddenAddress where it is no plain http(s) address."""
        if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
            raise ForbiddenAddress("it is no address")
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise ForbiddenAddress("it is no address") from None
        if parts.scheme not in DEFAULT_PORTS or not _HOST.fullmatch(host) or port == 0:
            raise ForbiddenAddress("it is no http or https address")
        if "@" in parts.netloc or "#" in text:
            raise ForbiddenAddress("it has a name, a password or a fragment in it")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], target)

    @property
    def authority(self) -> str:
        """Host and, where it is not the scheme's own, port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """The origin, spelt as browsers do; the audience of a VAPID token (RFC 8292 section 2)."""
        return f"{self.scheme}://{self.authority}"


@dataclass(frozen=True, slots=True)
class Rules:
    """What is let through; *allowed* are origins that the operator trusts, wherever they are."""

    allowed: Collection[str] = ()

    def check(self, endpoint: str) -> Endpoint:
        """Return the parts of an endpoint that may be one; where its name leads is checked on connecting.

        Raises:
            ForbiddenAddress: not https, a port but 443, or an address instead of a name.
        """
        found = Endpoint.parse(endpoint)
        if found.origin in self.allowed:
            return found
        if found.scheme != "https" or found.port != DEFAULT_PORTS["https"]:
            raise ForbiddenAddress("it is not https on port 443")
        if not _NAME.fullmatch(found.host):
            raise ForbiddenAddress("it has no public name")
        return found

    def trusts(self, host: str, port: int) -> bool:
        """Whether an allowed origin is at *host* and *port*."""
        return any(Endpoint(scheme, host, port, "/").origin in self.allowed for scheme in DEFAULT_PORTS)


def push_origin(text: str) -> str:
    """Return an origin that an operator allows, spelt as browsers do; raises ValueError for anything else."""
    try:
        found = Endpoint.parse(text.lower())
    except ForbiddenAddress as error:
        raise ValueError(f"{text!r}: {error}") from None
    if found.target != "/":
        raise ValueError(f"{text!r}: an origin has no path: https://push.example.org")
    return found.origin


def is_public(text: str) -> bool:
    """Whether *text* is an address of the public internet, unwrapped where it carries another one."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast
    carried = address.ipv4_mapped or address.sixtofour
    if carried is None and address in _NAT64:
        carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if carried is not None:
        return is_public(str(carried))
    return address in _GLOBAL_UNICAST and address.is_global
