"""The phone's memory: one JSON file that only its owner can read."""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import BaseModel, ConfigDict, ValidationError

from mobile_sim.device import Account

FILE_MODE: Final = 0o600


class StateUnusable(Exception):
    """The file cannot be read or written; the text says which and why, in one line."""


class Keeper(Protocol):
    """What remembers accounts for a phone that is running."""

    def put(self, account: Account) -> None:
        """Remember *account* in place of what was known of its device."""

    def forget(self, device_id: str) -> None:
        """Remember nothing of this device any more."""


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    device_id: str
    device_name: str
    user_id: str
    email: str
    tenant_slug: str
    tenant_name: str
    issuer: str
    socket_url: str
    jwks: dict[str, Any]
    key: str


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    version: Literal[1] = 1
    accounts: list[_Stored] = []


def default_path() -> Path:
    """Return ``$XDG_STATE_HOME/lumoauth/mobile-sim.json`` (XDG Base Directory Specification)."""
    home = os.environ.get("XDG_STATE_HOME", "")
    # The specification: a relative path is invalid and ignored.
    base = Path(home) if home.startswith("/") else Path.home() / ".local" / "state"
    return base / "lumoauth" / "mobile-sim.json"


class StateFile:
    """The accounts of one phone; each change is read, made and written as one, whoever else writes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def accounts(self) -> list[Account]:
        """Return all accounts, in the order in which they were added."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise StateUnusable(f"{self.path} cannot be read: {_reason(error)}") from error
        try:
            return [_account(stored) for stored in _File.model_validate_json(text).accounts]
        except (ValidationError, ValueError, TypeError) as error:
            raise StateUnusable(f"{self.path} is damaged, or not a phone's state file.") from error

    def put(self, account: Account) -> None:
        """Remember *account*; an older device of the same user at the same hub gives way to it."""

        def with_it(accounts: list[Account]) -> list[Account]:
            others = [one for one in accounts if not _same_person(one, account)]
            place = next((i for i, one in enumerate(accounts) if _same_person(one, account)), len(others))
            return [*others[:place], account, *others[place:]]

        self._change(with_it)

    def forget(self, device_id: str) -> None:
        """Remove the account of this device, with its key."""
        self._change(lambda accounts: [one for one in accounts if one.device_id != device_id])

    def prepare(self) -> None:
        """Find out now whether the file can be written, before anything depends on it."""
        self._change(lambda accounts: accounts)

    def _change(self, change: Callable[[list[Account]], list[Account]]) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _locked(self.path.parent):
                self._write(change(self.accounts()))
        except OSError as error:
            raise StateUnusable(f"{self.path} cannot be written: {_reason(error)}") from error

    def _write(self, accounts: list[Account]) -> None:
        content = _File(accounts=[_stored(account) for account in accounts]).model_dump_json(indent=2)
        # mkstemp makes it 0600 from the first moment on.
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                os.fchmod(file.fileno(), FILE_MODE)
                file.write(content + "\n")
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    # The folder and not the file: replacing the file would leave the lock on the old one.
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _same_person(one: Account, other: Account) -> bool:
    return (one.issuer, one.user_id) == (other.issuer, other.user_id)


def _account(stored: _Stored) -> Account:
    key = serialization.load_pem_private_key(stored.key.encode("ascii"), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the key is not an elliptic curve key")
    return Account(**stored.model_dump(exclude={"key"}), key=key)


def _stored(account: Account) -> _Stored:
    pem = account.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return _Stored(
        device_id=account.device_id,
        device_name=account.device_name,
        user_id=account.user_id,
        email=account.email,
        tenant_slug=account.tenant_slug,
        tenant_name=account.tenant_name,
        issuer=account.issuer,
        socket_url=account.socket_url,
        jwks=dict(account.jwks),
        key=pem.decode("ascii"),
    )


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
