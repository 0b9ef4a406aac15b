"""Addresses to places."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from hub.adapters.geo_countries import NAMES
from hub.adapters.geo_maxmind import Geo, GeoDatabaseUnreadable, packaged_database
from hub.domain.place import NoPlace, Place

MakeDatabase = Callable[..., Path]

LONDON = {
    "city": {"names": {"en": "London", "de": "London"}},
    "country": {"iso_code": "GB", "names": {"en": "United Kingdom", "de": "Vereinigtes Königreich"}},
    "location": {"latitude": 51.5142, "longitude": -0.0931},
}


@pytest.fixture
def make_database(tmp_path: Path) -> MakeDatabase:
    def make(networks: Mapping[str, Any], *, ip_version: int = 6, name: str = "test.mmdb") -> Path:
        writer = MMDBWriter(ip_version=ip_version, ipv4_compatible=ip_version == 6)
        for network, record in networks.items():
            writer.insert_network(IPSet([network]), record)
        path = tmp_path / name
        writer.to_db_file(str(path))
        return path

    return make


def test_a_city_database_tells_city_country_and_coordinates(make_database: MakeDatabase):
    with Geo(make_database({"81.2.69.0/24": LONDON})) as geo:
        place = geo.locate("81.2.69.142")

    assert place == Place("United Kingdom", "London", 51.5142, -0.0931)


def test_a_country_without_a_city_has_no_coordinates(make_database: MakeDatabase):
    record = {"country": {"iso_code": "US", "names": {"en": "United States"}}}
    middle = {"location": {"latitude": 37.751, "longitude": -97.822}}

    with Geo(make_database({"8.8.8.0/24": record | middle})) as geo:
        assert geo.locate("8.8.8.8") == Place("United States")


def test_a_database_of_country_codes_gives_the_name(make_database: MakeDatabase):
    networks = {"1.2.3.0/24": {"country_code": "DE"}, "2001:4860::/32": {"country_code": "CI"}}

    with Geo(None, make_database(networks)) as geo:
        assert geo.locate("1.2.3.4") == Place("Germany")
        assert geo.locate("2001:4860::8888") == Place("Côte d'Ivoire")


def test_the_operators_database_comes_before_the_shipped_one(make_database: MakeDatabase):
    operators = make_database({"81.2.69.0/24": LONDON})
    shipped = make_database({"81.2.69.0/24": {"country_code": "FR"}}, name="shipped.mmdb")

    with Geo(operators, shipped) as geo:
        assert geo.locate("81.2.69.1") == Place("United Kingdom", "London", 51.5142, -0.0931)


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.1.1",
        "100.64.0.1",
        "100.127.255.255",
        "::1",
        "fd00::1",
        "fe80::1",
        "fe80::1%eth0",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
    ],
)
def test_addresses_that_the_internet_does_not_route_are_the_own_network(ip: str):
    assert Geo().locate(ip) is NoPlace.OWN_NETWORK


@pytest.mark.parametrize(
    "ip",
    ["", "unknown", "1.2.3", "1.2.3.4.5", "::ffff:1.2.3", "1.2.3.4:80", "testclient", "\ud800", "9" * 9_000],
)
def test_what_is_no_address_has_no_place(ip: str):
    assert Geo().locate(ip) is NoPlace.NOT_KNOWN


@pytest.mark.parametrize(
    "ip", ["172.15.0.1", "172.32.0.1", "100.63.255.255", "100.128.0.1", "9.9.9.9", "2001::1"]
)
def test_without_a_database_public_addresses_have_no_place(ip: str):
    assert Geo().locate(ip) is NoPlace.NOT_KNOWN


def test_an_ipv4_address_in_ipv6_clothes_is_the_ipv4_address(make_database: MakeDatabase):
    with Geo(make_database({"81.2.69.0/24": LONDON}, ip_version=4)) as geo:
        assert geo.locate("::ffff:81.2.69.1") == geo.locate("81.2.69.1")
        assert isinstance(geo.locate("81.2.69.1"), Place)


def test_an_address_that_the_database_lacks_has_no_place(make_database: MakeDatabase):
    with Geo(make_database({"81.2.69.0/24": LONDON}, ip_version=4)) as geo:
        assert geo.locate("9.9.9.9") is NoPlace.NOT_KNOWN
        assert geo.locate("2001:4860::8888") is NoPlace.NOT_KNOWN


@pytest.mark.parametrize(
    "record",
    [
        "GB",
        {"city": {"names": {"en": "London"}}},
        {"country": "GB"},
        {"country": {"names": {"de": "Deutschland"}}},
        {"country": {"names": {"en": ""}}},
        {"country_code": "AP"},
        {"country_code": "gb"},
        {"country_code": 44},
    ],
)
def test_a_record_that_names_no_country_is_no_place(record: Any, make_database: MakeDatabase):
    with Geo(make_database({"9.9.9.0/24": record})) as geo:
        assert geo.locate("9.9.9.9") is NoPlace.NOT_KNOWN


def test_a_city_without_coordinates_is_a_place_all_the_same(make_database: MakeDatabase):
    record = {key: LONDON[key] for key in ("city", "country")}

    with Geo(make_database({"81.2.69.0/24": record})) as geo:
        assert geo.locate("81.2.69.1") == Place("United Kingdom", "London")


def test_a_missing_database_of_the_operator_is_one_clear_line(tmp_path: Path):
    with pytest.raises(GeoDatabaseUnreadable) as raised:
        Geo(tmp_path / "missing.mmdb")

    assert str(raised.value) == f"{tmp_path / 'missing.mmdb'}: No such file or directory"


@pytest.mark.parametrize("content", [b"", b"no database", b"\xab\xcd\xefMaxMind.com"])
def test_a_broken_database_of_the_operator_is_one_clear_line(content: bytes, tmp_path: Path):
    path = tmp_path / "broken.mmdb"
    path.write_bytes(content)

    with pytest.raises(GeoDatabaseUnreadable) as raised:
        Geo(path)

    assert str(raised.value) == f"{path}: not a MaxMind DB file"


def test_a_folder_is_no_database(tmp_path: Path):
    with pytest.raises(GeoDatabaseUnreadable):
        Geo(tmp_path)


def test_a_missing_or_broken_shipped_database_only_costs_the_places(tmp_path: Path):
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(b"no database")

    for fallback in (None, tmp_path / "missing.mmdb", broken):
        assert Geo(None, fallback).locate("9.9.9.9") is NoPlace.NOT_KNOWN


def test_a_damaged_record_is_no_place(make_database: MakeDatabase):
    path = make_database({"81.2.69.0/24": LONDON})
    whole = path.read_bytes()
    at = whole.index(b"London")
    path.write_bytes(whole[: at - 12] + b"\xff" * 40 + whole[at + 28 :])

    with Geo(path) as geo:
        assert geo.locate("81.2.69.1") is NoPlace.NOT_KNOWN


def test_the_shipped_database_names_countries_where_it_was_fetched():
    shipped = packaged_database()

    with Geo(None, shipped) as geo:
        assert geo.locate("8.8.8.8") == (Place("United States") if shipped else NoPlace.NOT_KNOWN)


def test_country_names_are_words_under_two_letters():
    assert len(NAMES) == 250
    assert all(len(code) == 2 and code.isalpha() and code.isupper() for code in NAMES)
    assert all(name and "(" not in name for name in NAMES.values())
    assert len(set(NAMES.values())) == len(NAMES)
