"""The phone's memory survives, and only its owner reads it."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mobile_sim.state import StateFile, StateUnusable, default_path
from tests.sim.other_side import Signing, enrolled

HUB = Signing()


def test_what_was_put_is_there_again(memory: StateFile) -> None:
    account = enrolled(HUB)

    memory.put(account)

    (found,) = StateFile(memory.path).accounts()
    assert (found.device_id, found.jwks, found.email) == (account.device_id, account.jwks, account.email)
    assert found.key.private_numbers() == account.key.private_numbers()


def test_only_its_owner_can_read_the_file(memory: StateFile) -> None:
    memory.put(enrolled(HUB))
    memory.path.chmod(0o644)

    memory.put(enrolled(HUB, n=2))

    assert stat.S_IMODE(memory.path.stat().st_mode) == 0o600


def test_writing_replaces_the_file_and_leaves_nothing_beside_it(memory: StateFile) -> None:
    memory.put(enrolled(HUB))
    before = memory.path.stat().st_ino

    memory.put(enrolled(HUB, n=2))

    assert memory.path.stat().st_ino != before
    assert list(memory.path.parent.iterdir()) == [memory.path]


def test_two_writers_at_once_lose_nothing(memory: StateFile) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: StateFile(memory.path).put(enrolled(HUB, n=n)), range(8)))

    assert {one.device_id for one in memory.accounts()} == {f"dev_{n}" for n in range(8)}


def test_a_phone_added_again_takes_the_place_of_the_old_one(memory: StateFile) -> None:
    first, second = enrolled(HUB), enrolled(HUB, n=2)
    memory.put(first)
    memory.put(second)
    again = enrolled(HUB)

    memory.put(again)

    assert [one.device_id for one in memory.accounts()] == ["dev_1", "dev_2"]
    assert memory.accounts()[0].key.private_numbers() == again.key.private_numbers()


def test_forgetting_removes_one_account_and_its_key(memory: StateFile) -> None:
    memory.put(enrolled(HUB))
    memory.put(enrolled(HUB, n=2))

    memory.forget("dev_1")

    assert [one.device_id for one in memory.accounts()] == ["dev_2"]


def test_a_damaged_file_is_named_and_left_alone(memory: StateFile) -> None:
    memory.path.parent.mkdir()
    memory.path.write_text("{", encoding="utf-8")

    with pytest.raises(StateUnusable, match=r"state\.json is damaged"):
        memory.put(enrolled(HUB))

    assert memory.path.read_text(encoding="utf-8") == "{"


def test_a_place_that_cannot_be_written_is_found_out_beforehand(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StateUnusable, match="cannot be written"):
        StateFile(tmp_path / "file" / "state.json").prepare()


def test_the_default_place_follows_the_state_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/somewhere")

    assert default_path() == Path("/somewhere/lumoauth/mobile-sim.json")
