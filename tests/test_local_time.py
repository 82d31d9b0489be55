"""Times in words are in the zone of whoever reads them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from invsync_tui import local_time

MOMENT = 1_760_100_030
"""2025-10-10 12:40:30 in UTC."""


@pytest.fixture(params=[("UTC", 0), ("Europe/Berlin", 2), ("America/New_York", -4), ("Asia/Tokyo", 9)])
def hours(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    zone, offset = request.param
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    yield offset
    monkeypatch.undo()
    time.tzset()


def test_each_form_is_local(hours: int) -> None:
    hour = f"{12 + hours:02}:40"
    name = {0: "UTC", 2: "CEST", -4: "EDT", 9: "JST"}[hours]
    assert local_time.clock(MOMENT) == hour
    assert local_time.clock(MOMENT, seconds=True) == f"{hour}:30"
    assert (local_time.day(MOMENT), local_time.day_of(MOMENT), local_time.zone(MOMENT)) == (
        "Oct 10",
        (2025, 10, 10),
        name,
    )
    assert local_time.stamp(MOMENT) == f"2025-10-10 {hour} {name}"
    assert local_time.stamp(MOMENT, seconds=True) == f"2025-10-10 {hour}:30 {name}"
    offset = f"{hours:+03}:00"
    assert local_time.with_offset(MOMENT) == f"2025-10-10T{hour}:30{offset}"
