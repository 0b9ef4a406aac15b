"""The operating system's random numbers."""

from collections import Counter

from hub.adapters.random_system import Randomness


def test_digits_are_as_many_as_asked_and_zeros_may_lead():
    drawn = [Randomness().digits(6) for _ in range(2_000)]

    assert {len(digits) for digits in drawn} == {6}
    assert all(digits.isascii() and digits.isdigit() for digits in drawn)
    assert any(digits.startswith("0") for digits in drawn)


def test_every_digit_is_as_likely_at_every_place():
    drawn = [Randomness().digits(6) for _ in range(20_000)]

    for place in range(6):
        counts = Counter(digits[place] for digits in drawn)

        # 2,000 expected of each; ten standard deviations off is no chance.
        assert set(counts) == set("0123456789")
        assert all(1_575 < count < 2_425 for count in counts.values())


def test_entropy_has_the_size_asked_for_and_does_not_repeat():
    drawn = {Randomness().entropy(10) for _ in range(1_000)}

    assert len(drawn) == 1_000
    assert {len(entropy) for entropy in drawn} == {10}
