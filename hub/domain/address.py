"""The hub's public address: issuer of tokens, origin of pages, host of cookies."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_HOST = re.compile(r"[A-Za-z0-9.:_-]+")


@dataclass(frozen=True, slots=True)
class PublicUrl:
    """An origin: scheme, host and port, without a path; it is the tokens' issuer as it stands."""

    origin: str

    @classmethod
    def parse(cls, text: str) -> "PublicUrl":
        """Return the address; raises ValueError where *text* is no bare https or loopback http origin."""
        parts = urlsplit(text.strip())
        extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username
        if parts.scheme not in ("http", "https") or not parts.hostname or extra:
            raise ValueError(f"{text!r} is not an address like https://login.example.org, without a path")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError(f"{text!r} must be https: plain http is for loopback addresses only")
        default = {"http": 80, "https": 443}[parts.scheme]
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        port = "" if parts.port in (None, default) else f":{parts.port}"
        return cls(f"{parts.scheme}://{host}{port}")

    @property
    def is_secure(self) -> bool:
        """Whether it is reached over TLS."""
        return self.origin.startswith("https:")

    @property
    def host(self) -> str:
        """Host and, where it is not the default, port: what a person sees."""
        return self.origin.split("://", 1)[1]

    def socket(self, path: str) -> str:
        """Return the absolute WebSocket address of *path*."""
        return f"{'wss' if self.is_secure else 'ws'}://{self.host}{path}"

    def activation(self, code: str) -> str:
        """Return what an enrolment QR code holds; the fragment keeps the code out of server logs."""
        return f"{self.origin}/authenticator/#enroll={code}"


def is_loopback(host: str) -> bool:
    """Whether *host* names this very machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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
