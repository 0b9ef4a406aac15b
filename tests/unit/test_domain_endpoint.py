"""Which addresses a web push may go to."""

import pytest

from hub.domain.endpoint import Endpoint, ForbiddenAddress, Rules, is_public, push_origin

PRIVATE_SERVICE = "http://127.0.0.1:9000"


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:DEF-_",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
        "https://web.push.apple.com/QK?x=1",
        "https://db5p.notify.windows.com:443/w/?token=BQ%3d",
        "https://xn--bcher-kva.example/p",
    ],
)
def test_push_services_of_browsers_may_be_pushed_to(endpoint: str) -> None:
    assert Rules().check(endpoint).port == 443


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.org/p",
        "ftp://push.example.org/p",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//push.example.org/p",
        "",
        "https://",
        "https:///p",
        # Another port: a hub must not be made to knock at doors.
        "https://push.example.org:8443/p",
        "https://push.example.org:22/p",
        "https://push.example.org:0/p",
        "https://push.example.org:99999/p",
        # Credentials, fragments, and what parsers read differently.
        "https://user@push.example.org/p",
        "https://user:word@push.example.org/p",
        "https://push.example.org@127.0.0.1/p",
        "https://push.example.org/p#f",
        "https://push.example.org\\@127.0.0.1/p",
        "https://push.example.org /p",
        "https://push.example.org/p\r\nX-Evil: 1",
        "https://push.example.org\t/p",
        "https://pu\N{LATIN SMALL LETTER U WITH DIAERESIS}sh.example.org/p",
        # Addresses in place of names, however they are written.
        "https://127.0.0.1/p",
        "https://8.8.8.8/p",
        "https://[::1]/p",
        "https://[2606:4700::1111]/p",
        "https://[::ffff:127.0.0.1]/p",
        "https://2130706433/p",
        "https://0x7f000001/p",
        "https://0x7f.1/p",
        "https://127.1/p",
        "https://017700000001/p",
        "https://1.2.3.0x4/p",
        # Names of one label are those of the network one is in.
        "https://localhost/p",
        "https://intranet/p",
        "https://push.example.org./p",
        "https://.example.org/p",
        "https://-a.example.org/p",
        "https://a..example.org/p",
        f"https://{'a' * 64}.example.org/p",
        f"https://{'a.' * 140}example.org/p",
    ],
)
def test_anything_else_may_not(endpoint: str) -> None:
    with pytest.raises(ForbiddenAddress):
        Rules().check(endpoint)


def test_an_allowed_origin_may_be_anywhere_and_no_other_at_its_side() -> None:
    rules = Rules((PRIVATE_SERVICE,))

    assert rules.check(f"{PRIVATE_SERVICE}/push/1").origin == PRIVATE_SERVICE
    assert rules.trusts("127.0.0.1", 9000)
    assert not rules.trusts("127.0.0.1", 9001)
    for other in ("http://127.0.0.1:9001/push/1", "https://127.0.0.1:9000/", "http://127.0.0.1/"):
        with pytest.raises(ForbiddenAddress):
            rules.check(other)


def test_an_endpoint_keeps_path_and_query_as_they_are() -> None:
    assert Endpoint.parse("https://push.example.org/a%2fb/?t=1&u=%20").target == "/a%2fb/?t=1&u=%20"
    assert Endpoint.parse("https://push.example.org").target == "/"


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("HTTPS://Push.Example.org/", "https://push.example.org"),
        ("https://push.example.org:443", "https://push.example.org"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_an_operators_origin_is_spelt_as_browsers_spell_it(text: str, origin: str) -> None:
    assert push_origin(text) == origin


@pytest.mark.parametrize("text", ["push.example.org", "https://push.example.org/path", "ws://a.b", "*"])
def test_what_is_no_origin_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        push_origin(text)


@pytest.mark.parametrize("address", ["8.8.8.8", "142.250.1.1", "2606:4700::1111", "2a00:1450:4001::1"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "ff0e::1",
        "2001:db8::1",
        # Teredo, and private addresses in the clothes of IPv6.
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::1",
        "2002:0a00:0001::1",
        "2002:7f00:0001::1",
        "not an address",
        "",
    ],
)
def test_all_others_are_not(address: str) -> None:
    assert not is_public(address)


def test_what_carries_a_public_address_is_public() -> None:
    # As on networks that have IPv6 alone (RFC 6052).
    assert is_public("64:ff9b::8.8.8.8")
    assert is_public("::ffff:8.8.8.8")
