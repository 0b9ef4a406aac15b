"""Small parts: identifiers, secrets, decoys, matching, places, phones, tenants, errors."""

import random
import re
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain import decoy, errors, ids, match
from hub.domain.challenge import NO_ACK_MEANS_UNREACHABLE
from hub.domain.device import is_pin
from hub.domain.ids import CROCKFORD, Prefix
from hub.domain.login import Step
from hub.domain.place import NoPlace, Origin, Place, in_words
from hub.domain.secret import Secret
from hub.domain.tenant import SLUG, AuthenticationSettings, MatchPolicy
from tests.builders import NOW, a_device, a_tenant, a_user, an_enrollment

ID = re.compile(r"[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}")


def uuid_of(identifier: str) -> int:
    """Read the 128 bits back."""
    number = 0
    for letter in identifier.split("_")[1]:
        number = number << 5 | CROCKFORD.index(letter)
    return number


# Identifiers


@pytest.mark.parametrize("prefix", Prefix)
def test_an_identifier_is_a_prefix_and_a_uuid_of_version_7(prefix: Prefix) -> None:
    made = ids.make(prefix, NOW, bytes(range(10)))

    assert ID.fullmatch(made)
    assert made.startswith(f"{prefix}_")
    assert uuid_of(made) >> 80 == int(NOW.timestamp() * 1000)
    assert uuid_of(made) >> 76 & 0xF == 7
    assert uuid_of(made) >> 62 & 0b11 == 0b10


def test_identifiers_sort_by_the_moment_they_were_made() -> None:
    made = [
        ids.make(Prefix.AUDIT, NOW + timedelta(milliseconds=ms), random.randbytes(10)) for ms in range(200)
    ]

    assert made == sorted(made)


def test_identifiers_of_one_moment_sort_by_their_order() -> None:
    made = [ids.make(Prefix.AUDIT, NOW, random.randbytes(10), order) for order in range(4096)]

    assert made == sorted(made)


@given(st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_74_random_bits_tell_identifiers_apart(one: bytes, other: bytes) -> None:
    def used(entropy: bytes) -> int:
        return int.from_bytes(entropy, "big") & ((1 << 74) - 1)

    same = ids.make(Prefix.USER, NOW, one) == ids.make(Prefix.USER, NOW, other)

    assert same == (used(one) == used(other))


@given(st.integers(0, 2**80 - 1))
def test_base32_can_be_read_back(number: int) -> None:
    assert uuid_of(f"_{ids.base32(number, 16)}") == number


# Secrets


def test_a_secret_shows_itself_only_when_asked_to() -> None:
    secret = Secret("hunter2")

    shown = f"{secret} {secret!r} {[secret]} {secret}" + str({"a": secret})

    assert "hunter2" not in shown
    assert secret.reveal() == "hunter2"
    assert len(secret) == 7
    assert secret == Secret("hunter2")


# Decoys


def test_a_decoy_is_the_same_for_the_same_seed_and_both_steps_occur() -> None:
    seeds = [bytes([first, 0, 0, 0]) for first in range(256)]

    steps = [decoy.first_step(seed) for seed in seeds]

    assert steps == [decoy.first_step(seed) for seed in seeds]
    assert steps.count(Step.PUSH) == 192
    assert steps.count(Step.PASSWORD) == 64


def test_a_decoys_delivery_takes_each_course_about_as_often_as_a_phone_does() -> None:
    seeds = [bytes([0, second, 0, 0]) for second in range(256)]

    courses = Counter(decoy.course(seed) for seed in seeds)

    assert courses == decoy.COURSES_OF_256
    assert courses.total() == 256
    assert courses.keys() == set(decoy.Course)


@given(st.binary(min_size=4, max_size=32), st.integers(0, 255))
def test_a_decoys_phone_shows_it_soon_or_later_or_not_at_all(seed: bytes, sway: int) -> None:
    shown = decoy.shown_at(seed, sway, NOW)
    unreachable = decoy.unreachable_at(seed, NOW)

    match decoy.course(seed):
        case decoy.Course.BY_SOCKET:
            assert shown is not None
            assert timedelta(milliseconds=120) <= shown - NOW < timedelta(seconds=1)
            assert unreachable == NOW + NO_ACK_MEANS_UNREACHABLE
        case decoy.Course.BY_PUSH:
            assert shown is not None
            assert timedelta(milliseconds=900) <= shown - NOW < timedelta(seconds=6)
            assert unreachable is None
        case decoy.Course.ASLEEP:
            assert shown is unreachable is None
        case decoy.Course.UNREACHED:
            assert (shown, unreachable) == (None, NOW)


def test_no_decoy_takes_the_same_time_twice() -> None:
    seed = bytes(4)

    times = {decoy.shown_at(seed, sway, NOW) for sway in range(256)}

    assert len(times) == 256


# Matching


@pytest.mark.parametrize(
    ("policy", "known_browser", "required"),
    [
        (MatchPolicy.OFF, False, False),
        (MatchPolicy.OFF, True, False),
        (MatchPolicy.NEW_BROWSER, False, True),
        (MatchPolicy.NEW_BROWSER, True, False),
        (MatchPolicy.ALWAYS, False, True),
        (MatchPolicy.ALWAYS, True, True),
    ],
)
def test_when_the_digits_are_asked_for(policy: MatchPolicy, known_browser: bool, required: bool) -> None:
    assert match.is_required(policy, known_browser=known_browser) is required


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "123457", "１２３４５６", " 123456", "\udc80"])
def test_only_the_very_digits_fit(typed: str) -> None:
    assert match.fits("123456", "123456")
    assert not match.fits("123456", typed)


# Places


def test_a_place_says_that_it_is_approximate() -> None:
    assert Place("Germany").label == "Germany (approximate)"
    assert Place("Germany", "Berlin", 52.5, 13.4).label == "Berlin, Germany (approximate)"


def test_no_place_has_words_too() -> None:
    assert in_words(NoPlace.OWN_NETWORK) == "Your own network"
    assert in_words(NoPlace.NOT_KNOWN) == "Place not known"
    assert in_words(Place("Peru")) == "Peru (approximate)"
    assert Origin("::1", NoPlace.OWN_NETWORK, "Firefox", "Linux").location == "Your own network"


# Phones


@pytest.mark.parametrize("pin", ["1234", "12345678", "0000"])
def test_four_to_eight_digits_are_a_pin(pin: str) -> None:
    assert is_pin(pin)


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", "١٢٣٤", "12 4", "²²²²", "-123"])
def test_anything_else_is_none(pin: str) -> None:
    assert not is_pin(pin)


def test_the_fifth_wrong_pin_in_a_row_locks() -> None:
    device = a_device(an_enrollment(a_user(a_tenant())))
    locked = []
    for _ in range(5):
        device = device.after_wrong_pin(NOW)
        locked.append(device.is_locked)

    assert locked == [False, False, False, False, True]


def test_a_removed_phone_stays_on_record_and_holds_no_line() -> None:
    device = a_device(an_enrollment(a_user(a_tenant())), connection="one")

    removed = device.removed(NOW)

    assert not removed.is_active
    assert removed.removed_at == NOW
    assert removed.connection is None


# Tenants


@pytest.mark.parametrize("slug", ["a", "acme", "acme-2", "0", "a" * 40])
def test_slugs(slug: str) -> None:
    assert SLUG.fullmatch(slug)


@pytest.mark.parametrize("slug", ["", "-a", "a-", "Acme", "a_b", "a/b", "ä", "a" * 41, "a\n"])
def test_no_slugs(slug: str) -> None:
    assert not SLUG.fullmatch(slug)


def test_a_new_tenants_settings_are_those_of_the_contract() -> None:
    settings = AuthenticationSettings()

    assert (settings.require_push, settings.push_mode, settings.match, settings.challenge_ttl_s) == (
        False, "passwordless", "new_browser", 120,
    )  # fmt: skip
    assert settings.challenge_life == timedelta(minutes=2)


@pytest.mark.parametrize("address", ["/", "/account/security", "/x?y=1#z", "https://wiki.example.org/back"])
def test_a_sign_in_may_lead_to_our_own_pages_and_to_listed_addresses(address: str) -> None:
    settings = AuthenticationSettings(return_addresses=("https://wiki.example.org/back",))

    assert settings.allows_return_to(address)


@pytest.mark.parametrize(
    "address",
    [
        "", "account", "//evil.test", "/\\evil.test", "/a\\b", "/a\nb", "/\t/evil.test", "https://evil.test",
        "https://wiki.example.org/back/", "https://wiki.example.org/back?x", "javascript:alert(1)",
        "http://wiki.example.org/back", "HTTPS://wiki.example.org/back", " /", "https:///x",
    ],
)  # fmt: skip
def test_and_to_nothing_else(address: str) -> None:
    settings = AuthenticationSettings(return_addresses=("https://wiki.example.org/back",))

    assert not settings.allows_return_to(address)


# Errors


def every(kind: type[errors.HubError]) -> list[type[errors.HubError]]:
    """Return *kind* and all that is derived from it."""
    return [kind, *(each for sub in kind.__subclasses__() for each in every(sub))]


@pytest.mark.parametrize("kind", every(errors.HubError), ids=lambda kind: kind.__name__)
def test_every_error_has_a_code_and_a_sentence(kind: type[errors.HubError]) -> None:
    assert re.fullmatch(r"[a-z_]+", kind.code)
    assert re.fullmatch(r"[A-Z].*\.", str(kind()))
