"""The hub's public address: issuer of tokens, origin of pages, host of cookies."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

_HOST = re.compile(r"[A-Za-z0-9.:_-]+")
_LABELS = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
# Browsers read a host that ends in a number as an IPv4 address, however odd (WHATWG URL section 3.5).
_ENDS_IN_A_NUMBER = re.compile(r"(^|.*\.)([0-9]+|0x[0-9a-f]*)")

DEFAULT_PORTS = {"http": 80, "https": 443}
NO_ORIGIN = "is not an address like https://login.example.org, without a path"
NOT_SECURE = (
    "must be https: plain http is for loopback addresses only (http://localhost:8000), "
    "so put TLS in front: docs/first-phone.md has three ways"
)


@dataclass(frozen=True, slots=True)
class PublicUrl:
    """An origin: scheme, host and port, without a path; it is the tokens' issuer as it stands.

    Browsers keep keys, run service workers and take web pushes in secure contexts alone (W3C Secure
    Contexts): https, or http on this very machine. So nothing else can be one.
    """

    origin: str

    @classmethod
    def parse(cls, text: str) -> "PublicUrl":
        """Return the address, spelt as browsers spell origins.

        Raises:
            ValueError: *text* is no bare https or loopback http origin; the message says how to mend it.
        """
        parts, port = _split(text)
        hostname = _spelt(parts.hostname or "")
        extra = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
        if parts.scheme not in DEFAULT_PORTS or hostname is None or extra:
            raise ValueError(f"{text!r} {NO_ORIGIN}")
        if parts.scheme == "http" and not is_loopback(hostname):
            raise ValueError(f"{text!r} {NOT_SECURE}")
        host = f"[{hostname}]" if ":" in hostname else hostname
        shown = "" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}"
        return cls(f"{parts.scheme}://{host}{shown}")

    @property
    def is_secure(self) -> bool:
        """Whether it is reached over TLS."""
        return self.origin.startswith("https:")

    @property
    def host(self) -> str:
        """Host and, where it is not the default, port: what a person sees."""
        return self.origin.split("://", 1)[1]

    @property
    def hostname(self) -> str:
        """The host alone: what credentials are bound to (RP ID, WebAuthn section 5.1.2), and cookies."""
        return urlsplit(self.origin).hostname or ""

    @property
    def is_ip_address(self) -> bool:
        """Whether the host is no name: browsers bind no credential to it, so that only PINs work there."""
        return _ip_address(self.hostname) is not None

    def socket(self, path: str) -> str:
        """Return the absolute WebSocket address of *path*."""
        return f"{'wss' if self.is_secure else 'ws'}://{self.host}{path}"

    @property
    def authenticator(self) -> str:
        """Where the authenticator is opened."""
        return f"{self.origin}/authenticator/"

    def activation(self, code: str) -> str:
        """Return what an enrolment QR code holds; the fragment keeps the code out of server logs."""
        return f"{self.authenticator}#enroll={code}"


def is_loopback(host: str) -> bool:
    """Whether *host* names this very machine: localhost and what is under it, 127.0.0.0/8, ::1."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _ip_address(host)
    return address is not None and address.is_loopback


def is_origin(text: str) -> bool:
    """Whether *text* is exactly an origin as a browser sends it: https, or http on loopback."""
    try:
        return PublicUrl.parse(text).origin == text
    except ValueError:
        return False


def is_return_address(text: str) -> bool:
    """Whether *text* can be listed as an address to return to: https, or http on loopback; no fragment."""
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text or "#" in text:
        return False
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or not _HOST.fullmatch(host):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def limit_key(ip: str) -> str:
    """Return what limits are counted by: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _split(text: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(text.strip())
        return parts, parts.port
    except ValueError:
        raise ValueError(f"{text!r} {NO_ORIGIN}") from None


def _spelt(hostname: str) -> str | None:
    """Return a host as browsers spell it, None where it can be none."""
    address = _ip_address(hostname)
    if address is not None:
        return str(address)
    if not _LABELS.fullmatch(hostname) or _ENDS_IN_A_NUMBER.fullmatch(hostname):
        return None
    return hostname


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
