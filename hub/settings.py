"""The settings: from the environment (prefix ``HUB_``) or a settings file, each with its unit and default."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from hub.domain.address import PublicUrl, is_loopback
from hub.domain.endpoint import push_origin

SETTINGS_FILE = "hub.env"
SECRET_MIN_CHARACTERS = 32

NO_SUBJECT = "mailto:operator@localhost"
# RFC 8292 section 2.1; it goes into every token, so nothing odd.
_SUBJECT = re.compile(r"mailto:[^\s@<>\"]+@[^\s@<>\"]+|https://[^\s<>\"]+")

Listed = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """Frozen once read. docs/operating.md has a line for each."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_", env_file_encoding="utf-8", extra="ignore", frozen=True, env_ignore_empty=True
    )

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8000
    """Port to listen on; 0 takes a free one."""
    public_url: str | None = None
    """The address that browsers and phones use; without it, http://host:port on a loopback host."""
    secret_key: SecretStr | None = None
    """At least 32 characters; every key of the hub is derived from it."""
    secret_key_previous: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Earlier secret keys, so that what they protect still opens; comma-separated."""
    database_url: str = "sqlite+aiosqlite:///hub.db"
    """Where the database is, as SQLAlchemy writes it."""
    redis_url: SecretStr | None = None
    """Redis for nudges between processes and for shared limits; without it both stay in the process."""
    push_allow: Listed = ()
    """Origins of push services besides public https ones, http too; comma-separated."""
    push_subject: str | None = None
    """``mailto:`` or ``https:``, where a push service reaches who runs the hub."""
    trusted_proxies: Listed = ()
    """Addresses or networks whose X-Forwarded-For and -Proto are believed; comma-separated."""
    geoip_database: Path | None = None
    """A MaxMind DB of cities; without it the packaged one of countries, if there is one."""
    rate_limits: Literal["on", "off"] = "on"
    """``off`` lifts the limits per address and tenant and the growing waits, for load tests."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """What is logged at least."""

    @field_validator("push_allow", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("secret_key_previous", mode="before")
    @classmethod
    def _split_secrets(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(SecretStr(each.strip()) for each in value.split(",") if each.strip())

    @field_validator("database_url")
    @classmethod
    def _is_known_database(cls, value: str) -> str:
        if not value.startswith(("sqlite+aiosqlite://", "postgresql+asyncpg://")):
            raise ValueError("takes sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER:PASSWORD@HOST/NAME")
        return value

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("redis://", "rediss://")):
            raise ValueError("takes redis://HOST:PORT/DATABASE, or rediss:// for TLS")
        return value

    @field_validator("push_allow")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(push_origin(each) for each in value)

    @field_validator("push_subject")
    @classmethod
    def _is_subject(cls, value: str | None) -> str | None:
        if value is not None and not _SUBJECT.fullmatch(value):
            raise ValueError("takes mailto:NAME@HOST or an https: address")
        return value

    @field_validator("public_url")
    @classmethod
    def _parse(cls, value: str | None) -> str | None:
        return PublicUrl.parse(value).origin if value is not None else None

    @model_validator(mode="after")
    def _complete(self) -> "Settings":
        secret = self.secret_key
        if secret is None:
            raise ValueError("HUB_SECRET_KEY is required: `hub init` makes one, or take 32 random characters")
        if len(secret.get_secret_value()) < SECRET_MIN_CHARACTERS:
            raise ValueError(f"HUB_SECRET_KEY needs at least {SECRET_MIN_CHARACTERS} characters")
        if self.public_url is None and not is_loopback(self.host):
            raise ValueError("HUB_PUBLIC_URL is required: the address that browsers and phones use")
        return self

    @property
    def vapid_subject(self) -> str:
        """Where a push service reaches who runs the hub: as set, else the public address."""
        if self.push_subject is not None:
            return self.push_subject
        return self.address.origin if self.address.is_secure else NO_SUBJECT

    @property
    def address(self) -> PublicUrl:
        """The public address."""
        if self.public_url is not None:
            return PublicUrl(self.public_url)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return PublicUrl.parse(f"http://{host}:{self.port}")


def settings_file() -> Path:
    """Return where the settings file is: ``HUB_SETTINGS``, else hub.env in the present folder."""
    return Path(os.environ.get("HUB_SETTINGS") or SETTINGS_FILE)


def read_settings(**given: object) -> Settings:
    """Return the settings; what is *given* (and not None) wins over the environment, that over the file.

    Raises:
        pydantic.ValidationError: see :func:`explain`.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    return Settings(_env_file=settings_file(), **chosen)  # type: ignore[arg-type]  # by name, checked by pydantic
