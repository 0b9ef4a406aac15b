"""The public address, other origins, and what limits are counted by."""

import pytest

from hub.domain.address import PublicUrl, is_loopback, is_origin, is_return_address, limit_key


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://login.example.org", "https://login.example.org"),
        ("https://login.example.org/", "https://login.example.org"),
        (" https://login.example.org ", "https://login.example.org"),
        ("HTTPS://Login.Example.ORG", "https://login.example.org"),
        ("https://login.example.org:443", "https://login.example.org"),
        ("https://login.example.org:8443", "https://login.example.org:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost:80", "http://localhost"),
        ("http://hub.localhost:8000", "http://hub.localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("https://[2001:DB8:0:0::1]:443", "https://[2001:db8::1]"),
        ("https://xn--lgin-6qa.example.org", "https://xn--lgin-6qa.example.org"),
        ("https://hub", "https://hub"),
        ("https://hub.2go", "https://hub.2go"),
    ],
)
def test_an_address_becomes_an_origin(text: str, origin: str) -> None:
    assert PublicUrl.parse(text).origin == origin
    assert PublicUrl.parse(origin).origin == origin


@pytest.mark.parametrize(
    "text",
    [
        "", "login.example.org", "ftp://login.example.org", "https://", "https://login.example.org/hub",
        "https://login.example.org?x", "https://login.example.org#x", "https://user@login.example.org",
        "https://@login.example.org", "https://login.example.org:port", "https://login.example.org:99999",
        "https://[2001:db8::1", "https://login.example.org.", "https://login..org", "https://-login.org",
        "https://login example.org", "https://lögin.example.org", "https://login.example.org\\@evil.test",
        "https://192.0.2", "https://127.1", "https://192.0.2.300", "https://0x7f.1", "https://login.123",
    ],
)  # fmt: skip
def test_what_is_no_bare_origin_is_refused_by_an_example_of_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an address like https://\S+, without a path"):
        PublicUrl.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://login.example.org", "http://192.0.2.1", "http://10.0.0.5:8000", "http://hub:8000",
        "http://localhost.example.org", "http://hub.local", "http://[fe80::1]", "http://0.0.0.0:8000",
    ],
)  # fmt: skip
def test_plain_http_is_for_this_very_machine_and_the_refusal_says_the_way_out(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be https.*http://localhost:8000.*docs/first-phone\.md"):
        PublicUrl.parse(text)


@pytest.mark.parametrize(
    ("text", "hostname", "is_ip_address"),
    [
        ("https://login.example.org:8443", "login.example.org", False),
        ("http://localhost:8000", "localhost", False),
        ("http://127.0.0.1:8000", "127.0.0.1", True),
        ("https://192.0.2.1", "192.0.2.1", True),
        ("http://[::1]:8000", "::1", True),
    ],
)
def test_credentials_are_bound_to_a_name_and_never_to_a_number(
    text: str, hostname: str, is_ip_address: bool
) -> None:
    address = PublicUrl.parse(text)

    assert address.hostname == hostname
    assert address.is_ip_address is is_ip_address


def test_sockets_and_activation_addresses_follow_the_scheme() -> None:
    secure, plain = PublicUrl.parse("https://hub.example.org"), PublicUrl.parse("http://127.0.0.1:8000")

    assert secure.is_secure
    assert not plain.is_secure
    assert secure.socket("/ws/login") == "wss://hub.example.org/ws/login"
    assert plain.socket("/ws/login") == "ws://127.0.0.1:8000/ws/login"
    assert plain.host == "127.0.0.1:8000"
    assert secure.activation("AB-CD") == "https://hub.example.org/authenticator/#enroll=AB-CD"


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_loopback_hosts(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.example.org", "10.0.0.1", "0.0.0.0", "example.org", "::", ""])
def test_other_hosts(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("https://app.example.org", True),
        ("http://localhost:3000", True),
        ("https://app.example.org/", False),
        ("https://APP.example.org", False),
        ("https://app.example.org:443", False),
        ("http://app.example.org", False),
        ("*", False),
        ("null", False),
        ("", False),
    ],
)
def test_an_origin_is_spelt_as_browsers_send_it(text: str, is_one: bool) -> None:
    assert is_origin(text) is is_one


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("https://wiki.example.org/back?to=1", True),
        ("http://127.0.0.1:9000/cb", True),
        ("http://wiki.example.org/back", False),
        ("https://wiki.example.org/#x", False),
        ("https://user@wiki.example.org/", False),
        ("https:///back", False),
        ("https://wiki.example.org/a b", False),
        ("https://wiki.example.org\\@evil.test", False),
        ("https://wiki.example.org/é", False),
        ("https://[broken", False),
        ("/back", False),
        ("javascript:alert(1)", False),
    ],
)
def test_an_address_to_return_to_is_absolute_and_safe(text: str, is_one: bool) -> None:
    assert is_return_address(text) is is_one


@pytest.mark.parametrize(
    ("ip", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unknown", "unknown"),
        ("", "unknown"),
    ],
)
def test_limits_count_an_ipv4_address_or_the_64_of_an_ipv6_one(ip: str, key: str) -> None:
    assert limit_key(ip) == key
