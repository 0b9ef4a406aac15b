"""Nested values as JSON: what is written, and what is made of it when it is read."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from hub.adapters.sql.columns import from_micros, to_micros
from hub.domain.device import Credential
from hub.domain.factors import Factor
from hub.domain.ids import DeviceId
from hub.domain.place import NoPlace, Origin, Place
from hub.domain.tenant import AuthenticationSettings
from hub.domain.throttle import Lane, Pressure, PushPressure, TryPressure


def write_authentication(settings: AuthenticationSettings) -> dict[str, Any]:
    """Return every setting by its name."""
    return asdict(settings)


def read_authentication(document: Mapping[str, Any]) -> AuthenticationSettings:
    """Return the settings; those of a later version are ignored, those not yet written have their default."""
    usual = asdict(AuthenticationSettings())
    # Every default is of its setting's own type: an enum, a tuple, a number.
    return AuthenticationSettings(
        **{name: type(default)(document[name]) for name, default in usual.items() if name in document}
    )


def write_proofs(proofs: frozenset[Factor]) -> list[str]:
    """Return the factors' words, sorted."""
    return sorted(proofs)


def read_proofs(document: list[str]) -> frozenset[Factor]:
    """Undo :func:`write_proofs`."""
    return frozenset(map(Factor, document))


def write_origin(origin: Origin) -> dict[str, Any]:
    """Return it with the place as an object, or as the name of the reason why there is none."""
    place = origin.place.name if isinstance(origin.place, NoPlace) else asdict(origin.place)
    return {"ip": origin.ip, "place": place, "browser": origin.browser, "os": origin.os}


def read_origin(document: Mapping[str, Any]) -> Origin:
    """Undo :func:`write_origin`."""
    place = document["place"]
    return Origin(
        ip=document["ip"],
        place=NoPlace[place] if isinstance(place, str) else Place(**place),
        browser=document["browser"],
        os=document["os"],
    )


def write_credential(credential: Credential) -> dict[str, Any]:
    """Return its fields."""
    return asdict(credential)


def read_credential(document: Mapping[str, Any]) -> Credential:
    """Undo :func:`write_credential`."""
    return Credential(**document)


def write_devices(devices: tuple[DeviceId, ...]) -> list[str]:
    """Return their ids."""
    return list(devices)


def read_devices(document: list[str]) -> tuple[DeviceId, ...]:
    """Undo :func:`write_devices`."""
    return tuple(map(DeviceId, document))


def write_pressure(pressure: Pressure) -> dict[str, Any]:
    """Return it with instants in microseconds since 1970."""
    return {
        "push": {lane: _write_push(push) for lane, push in pressure.push.items()},
        "password": {
            lane: {"failures": tries.failures, "last_failure_at": _micros(tries.last_failure_at)}
            for lane, tries in pressure.password.items()
        },
    }


def read_pressure(document: Mapping[str, Any]) -> Pressure:
    """Undo :func:`write_pressure`; an empty document is no pressure."""
    return Pressure(
        push={Lane(lane): _read_push(push) for lane, push in document.get("push", {}).items()},
        password={
            Lane(lane): TryPressure(tries["failures"], _instant(tries["last_failure_at"]))
            for lane, tries in document.get("password", {}).items()
        },
    )


def _write_push(push: PushPressure) -> dict[str, Any]:
    return {
        "failures": push.failures,
        "last_failure_at": _micros(push.last_failure_at),
        "denials": [to_micros(at) for at in push.denials],
        "mutes": push.mutes,
        "muted_until": _micros(push.muted_until),
    }


def _read_push(document: Mapping[str, Any]) -> PushPressure:
    return PushPressure(
        failures=document["failures"],
        last_failure_at=_instant(document["last_failure_at"]),
        denials=tuple(from_micros(at) for at in document["denials"]),
        mutes=document["mutes"],
        muted_until=_instant(document["muted_until"]),
    )


def _micros(at: datetime | None) -> int | None:
    return None if at is None else to_micros(at)


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
