"""Addresses to places, out of MaxMind DB files: an operator's, or the country database that is shipped."""

import ipaddress
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import maxminddb

from hub.adapters.geo_countries import NAMES
from hub.domain.place import NoPlace, Place

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

OWN_NETWORKS: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "100.64.0.0/10",  # shared by a provider's customers (RFC 6598), and by private overlays
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)


class GeoDatabaseUnreadable(Exception):
    """The operator's database is missing or is none; the message is one line for the operator."""


class Geo:
    """Looks an address up in one open database, or knows nothing. A context manager; its end closes it.

    The file is mapped into memory: to renew it put a new one in its place by renaming, and restart.
    """

    def __init__(self, database: Path | None = None, fallback: Path | None = None) -> None:
        """Open *database*, the operator's, or else *fallback*, the one that is shipped.

        Raises:
            GeoDatabaseUnreadable: *database* is given and cannot be read. Without a readable *fallback* the
                hub only shows no places.
        """
        self._reader = _open_operators(database) if database else _open_shipped(fallback)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._reader:
            self._reader.close()

    def locate(self, ip: str) -> Place | NoPlace:
        """Return where *ip* seems to be; never raises."""
        try:
            address = _unwrapped(ipaddress.ip_address(ip))
        except ValueError:
            return NoPlace.NOT_KNOWN
        if any(address in network for network in OWN_NETWORKS):
            return NoPlace.OWN_NETWORK
        if self._reader is None:
            return NoPlace.NOT_KNOWN
        try:
            record = self._reader.get(address)
        except (
            ValueError,
            maxminddb.InvalidDatabaseError,
        ):  # IPv6 in a database of IPv4, or a damaged record
            return NoPlace.NOT_KNOWN
        return _place(record) if isinstance(record, Mapping) else NoPlace.NOT_KNOWN


def packaged_database() -> Path | None:
    """Return the country database of the installed package, or of the checkout, or None without either."""
    package = Path(str(files("hub")))
    found = (package / "geo" / "country.mmdb", package.parent / "build" / "geo" / "country.mmdb")
    return next((path for path in found if path.is_file()), None)


def _open_operators(path: Path) -> maxminddb.Reader:
    try:
        return maxminddb.open_database(path)
    except OSError as error:
        raise GeoDatabaseUnreadable(f"{path}: {error.strerror or 'cannot be read'}") from error
    except (maxminddb.InvalidDatabaseError, ValueError) as error:
        raise GeoDatabaseUnreadable(f"{path}: not a MaxMind DB file") from error


def _open_shipped(path: Path | None) -> maxminddb.Reader | None:
    try:
        return maxminddb.open_database(path) if path else None
    except (OSError, maxminddb.InvalidDatabaseError, ValueError):
        return None


def _unwrapped(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _place(record: Mapping[str, Any]) -> Place | NoPlace:
    country = _name(record.get("country")) or _country_of_code(record)
    if country is None:
        return NoPlace.NOT_KNOWN
    city = _name(record.get("city"))
    if city is None:
        # Coordinates without a city are the middle of a country: a precise point that means nothing.
        return Place(country)
    location = record.get("location")
    at = location if isinstance(location, Mapping) else {}
    return Place(country, city, _number(at.get("latitude")), _number(at.get("longitude")))


def _name(thing: object) -> str | None:
    names = thing.get("names") if isinstance(thing, Mapping) else None
    name = names.get("en") if isinstance(names, Mapping) else None
    return name if isinstance(name, str) and name else None


def _country_of_code(record: Mapping[str, Any]) -> str | None:
    country = record.get("country")
    code = country.get("iso_code") if isinstance(country, Mapping) else record.get("country_code")
    return NAMES.get(code) if isinstance(code, str) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
