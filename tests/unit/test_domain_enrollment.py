"""Activation codes: how they look, what is forgiven, and that each is good for once."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.enrollment import CARRIED_LIFE, ON_SCREEN_LIFE, EnrollmentStatus, new_code, normal_code
from hub.domain.errors import ActivationCodeInvalid, NotFound
from hub.domain.ids import DeviceId
from tests.builders import NOW, a_tenant, a_user, an_enrollment

PHONE = DeviceId("dev_one")
ADA = a_user(a_tenant())
LETTER = "[0-9A-HJKMNP-TV-Z]"
ENTROPY = st.binary(min_size=10, max_size=10)


@given(ENTROPY)
def test_a_code_on_screen_has_40_bits_and_a_carried_one_80(entropy: bytes) -> None:
    short, long = new_code(entropy, ON_SCREEN_LIFE), new_code(entropy, CARRIED_LIFE)

    assert re.fullmatch(f"{LETTER}{{4}}-{LETTER}{{4}}", short)
    assert re.fullmatch(f"{LETTER}{{4}}(-{LETTER}{{4}}){{3}}", long)


def test_a_code_that_lives_longer_than_ten_minutes_is_a_long_one() -> None:
    assert len(new_code(bytes(10), timedelta(minutes=10))) == 9
    assert len(new_code(bytes(10), timedelta(minutes=10, seconds=1))) == 19


@given(ENTROPY, ENTROPY)
def test_all_the_bits_are_in_the_code(one: bytes, other: bytes) -> None:
    assert (new_code(one, CARRIED_LIFE) == new_code(other, CARRIED_LIFE)) == (one == other)
    assert (new_code(one, ON_SCREEN_LIFE) == new_code(other, ON_SCREEN_LIFE)) == (one[5:] == other[5:])


@given(ENTROPY, st.sampled_from([ON_SCREEN_LIFE, CARRIED_LIFE]), st.data())
def test_a_person_may_type_it_as_it_looks(entropy: bytes, life: timedelta, data: st.DataObject) -> None:
    code = new_code(entropy, life)
    looks_like = {"0": "0oO", "1": "1iIlL", "-": ["-", "", " ", "--"]}

    typed = "".join(
        data.draw(st.sampled_from(looks_like.get(letter, [letter, letter.lower()]))) for letter in code
    )

    assert normal_code(f" {typed} ") == normal_code(code) == code.replace("-", "").lower()


@pytest.mark.parametrize(
    "typed", ["", "-", "1234567", "123456789", "U2345678", "1234567!", "é2345678", "1" * 17]
)
def test_what_can_be_no_code_is_none(typed: str) -> None:
    assert normal_code(typed) is None


def test_a_code_is_good_for_one_phone() -> None:
    pending = an_enrollment(ADA)

    done = pending.done(PHONE, NOW)

    assert (done.status, done.device_id) == (EnrollmentStatus.DONE, PHONE)
    with pytest.raises(ActivationCodeInvalid):
        done.done(PHONE, NOW)


def test_at_its_end_it_is_expired_swept_or_not() -> None:
    pending = an_enrollment(ADA)
    just_before = pending.expires_at - timedelta(microseconds=1)

    assert pending.status_at(just_before) is EnrollmentStatus.PENDING
    assert pending.status_at(pending.expires_at) is EnrollmentStatus.EXPIRED
    with pytest.raises(ActivationCodeInvalid):
        pending.done(PHONE, pending.expires_at)


@pytest.mark.parametrize("status", ["expired", "cancelled"])
def test_what_is_over_binds_nothing_and_stays_what_it_was(status: str) -> None:
    over = an_enrollment(ADA, status=EnrollmentStatus(status))

    with pytest.raises(ActivationCodeInvalid):
        over.done(PHONE, NOW)
    assert over.cancelled(NOW) == over


def test_only_a_used_code_cannot_be_called_off() -> None:
    pending = an_enrollment(ADA)

    assert pending.cancelled(NOW).status is EnrollmentStatus.CANCELLED
    assert pending.cancelled(pending.expires_at) == pending
    with pytest.raises(NotFound):
        pending.done(PHONE, NOW).cancelled(NOW)
