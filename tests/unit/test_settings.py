"""Settings that are checked where they are read."""

from typing import Any

import pytest
from pydantic import ValidationError

from hub.settings import Settings
from tests.running import SECRET


def settings(**given: Any) -> Settings:
    """Read, from nowhere but *given*."""
    return Settings(_env_file=None, secret_key=SECRET, **given)  # type: ignore[call-arg]


def test_push_services_of_ones_own_are_origins() -> None:
    allowed = settings(push_allow=" https://Push.Example.org:443/, http://127.0.0.1:9000 ,").push_allow

    assert allowed == ("https://push.example.org", "http://127.0.0.1:9000")
    assert settings().push_allow == ()


@pytest.mark.parametrize(
    "value",
    ["push.example.org", "https://push.example.org/path", "ws://push.example.org", "*", "https://a@b"],
)
def test_what_is_no_origin_stops_the_start(value: str) -> None:
    with pytest.raises(ValidationError, match="push_allow"):
        settings(push_allow=value)


def test_push_services_are_told_where_to_complain() -> None:
    assert settings(push_subject="mailto:ops@example.org").vapid_subject == "mailto:ops@example.org"
    assert settings(push_subject="https://example.org/contact").vapid_subject == "https://example.org/contact"
    assert settings(public_url="https://login.example.org").vapid_subject == "https://login.example.org"
    assert settings().vapid_subject == "mailto:operator@localhost"


@pytest.mark.parametrize(
    "value", ["ops@example.org", "mailto:ops", "http://example.org", "https://", "mailto:a b@example.org"]
)
def test_a_subject_that_no_service_takes_stops_the_start(value: str) -> None:
    with pytest.raises(ValidationError, match="push_subject"):
        settings(push_subject=value)
