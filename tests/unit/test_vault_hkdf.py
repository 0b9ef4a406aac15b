"""Keyed hashes and encryption under the hub's secret."""

import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.adapters.vault_hkdf import Vault
from hub.domain.secret import Secret

OLD = Secret("the secret of last year, long enough")
NEW = Secret("the secret of this year, long enough")
OTHER = Secret("the secret of another hub, well long")


def test_a_keyed_hash_is_the_same_each_time_and_fits_its_column():
    vault = Vault([NEW])

    mac = vault.mac("session-cookie", "abc")

    assert mac == vault.mac("session-cookie", "abc") == Vault([NEW]).mac("session-cookie", "abc")
    assert len(mac) <= 64


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Vault([NEW]).mac("login-cookie", "abc"), id="another purpose"),
        pytest.param(Vault([NEW]).mac("session-cookie", "abd"), id="another text"),
        pytest.param(Vault([OLD]).mac("session-cookie", "abc"), id="another secret"),
    ],
)
def test_a_keyed_hash_depends_on_secret_purpose_and_text(other: str):
    assert Vault([NEW]).mac("session-cookie", "abc") != other


def test_purpose_and_text_cannot_be_shifted_into_each_other():
    vault = Vault([NEW])

    assert vault.mac("pin", "a/b") != vault.mac("pin/a", "b")


def test_lookups_find_what_an_older_secret_hashed():
    kept = Vault([OLD]).mac("session-cookie", "abc")

    macs = Vault([NEW, OLD]).macs("session-cookie", "abc")

    assert macs == (Vault([NEW]).mac("session-cookie", "abc"), kept)


def test_text_with_lone_surrogates_is_hashed_like_any_other():
    vault = Vault([NEW])

    assert vault.mac("pin", "\ud800") != vault.mac("pin", "\ud801")


@given(st.text())
def test_what_was_sealed_opens_again(text: str):
    vault = Vault([NEW])

    assert vault.unseal("digits", vault.seal("digits", text)) == text


def test_the_same_text_is_never_sealed_alike():
    vault = Vault([NEW])

    sealed = {vault.seal("digits", "123456") for _ in range(100)}

    assert len(sealed) == 100
    assert not any("123456" in each for each in sealed)


def test_an_older_secret_still_opens():
    sealed = Vault([OLD]).seal("digits", "123456")

    assert Vault([NEW, OLD]).unseal("digits", sealed) == "123456"


@pytest.mark.parametrize("keys", [[OTHER], [NEW]])
def test_a_secret_that_is_not_given_opens_nothing(keys: list[Secret]):
    sealed = Vault([OLD]).seal("digits", "123456")

    with pytest.raises(ValueError):
        Vault(keys).unseal("digits", sealed)


def test_what_was_sealed_for_one_purpose_opens_for_no_other():
    vault = Vault([NEW])
    sealed = vault.seal("digits", "123456")

    with pytest.raises(ValueError):
        vault.unseal("totp", sealed)


def test_any_changed_character_is_noticed():
    vault = Vault([NEW])
    sealed = vault.seal("digits", "123456")

    # The last one may hold bits that base64 leaves unused.
    for at in range(len(sealed) - 1):
        changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
        with pytest.raises(ValueError):
            vault.unseal("digits", changed)


@pytest.mark.parametrize(
    "garbage", ["", ".", "abcdef", "abcdef.", "abcdef.AAAA", "ä.ö", "\ud800.A", "x" * 9_000]
)
def test_what_is_not_ours_is_a_value_error(garbage: str):
    with pytest.raises(ValueError):
        Vault([NEW]).unseal("digits", garbage)


def test_the_right_version_before_nonsense_is_a_value_error():
    vault = Vault([NEW])
    version = vault.seal("digits", "1").split(".")[0]

    for rest in ("A", "AAAA", "A" * 38, "!" * 40, ""):
        with pytest.raises(ValueError):
            vault.unseal("digits", f"{version}.{rest}")


def test_values_under_an_older_secret_ask_to_be_renewed():
    old, both = Vault([OLD]), Vault([NEW, OLD])

    assert both.needs_renewal(old.seal("digits", "1"))
    assert both.needs_renewal(old.mac("pin", "1"))
    assert not both.needs_renewal(both.seal("digits", "1"))
    assert not both.needs_renewal(both.mac("pin", "1"))


def test_a_secret_given_twice_counts_once():
    assert len(Vault([NEW, NEW]).macs("pin", "1")) == 1


def test_without_a_secret_there_is_no_vault():
    with pytest.raises(ValueError):
        Vault([])


def test_keys_for_a_standard_are_one_a_secret_and_one_a_purpose():
    keys = Vault([NEW, OLD]).keys("ticket")

    assert [len(key) for key in keys] == [32, 32]
    assert keys == (*Vault([NEW]).keys("ticket"), *Vault([OLD]).keys("ticket"))
    assert not set(keys) & set(Vault([NEW, OLD]).keys("another"))


def test_a_key_that_is_given_away_makes_none_of_the_vaults_hashes():
    vault = Vault([NEW])
    [key] = vault.keys("pin")

    hashed = base64.urlsafe_b64encode(hmac.digest(key, b"123456", "sha256")).rstrip(b"=").decode()

    assert not vault.mac("pin", "123456").endswith(hashed)


def test_the_steady_hash_outlives_a_change_of_secret():
    before, after = Vault([OLD]), Vault([NEW])
    for vault in (before, after):
        vault.use_steady_key(b"s" * 32)

    steady = before.steady("decoy", "ada@example.com")

    assert steady == after.steady("decoy", "ada@example.com")
    assert len(steady) == 32


def test_the_steady_hash_depends_on_its_key_purpose_and_text():
    vault, other = Vault([NEW]), Vault([NEW])
    vault.use_steady_key(b"s" * 32)
    other.use_steady_key(b"t" * 32)

    hashes = {
        vault.steady("decoy", "ada"),
        vault.steady("account", "ada"),
        vault.steady("decoy", "bob"),
        other.steady("decoy", "ada"),
    }

    assert len(hashes) == 4


def test_the_steady_hash_needs_its_key():
    vault = Vault([NEW])

    with pytest.raises(RuntimeError):
        vault.steady("decoy", "ada")
    with pytest.raises(ValueError):
        vault.use_steady_key(b"short")


def test_a_kept_check_value_tells_the_right_secret_from_a_wrong_one():
    kept = Vault([OLD]).check_value()

    assert Vault([OLD]).opens(kept)
    assert Vault([NEW, OLD]).opens(kept)
    assert not Vault([NEW]).opens(kept)
    assert not Vault([NEW]).opens("nonsense")


def test_nothing_prints_a_secret():
    vault = Vault([NEW])

    assert NEW.reveal() not in repr(vault)
    assert NEW.reveal() not in repr(vars(vault))
