"""The machine's clock."""

from datetime import UTC, datetime, timedelta

from hub.adapters.clock_system import Clock


def test_the_present_is_told_in_utc():
    before = datetime.now(UTC)

    told = Clock().now()

    assert before <= told <= datetime.now(UTC)
    assert told.utcoffset() == timedelta(0)
