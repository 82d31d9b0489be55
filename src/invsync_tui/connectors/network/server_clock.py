"""How far a server's clock is from ours, measured from the Date of its answers.

Times of one machine are compared with times of another only after this difference was taken off.
"""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

from invsync_tui import clock

NOISE = 3.0
"""Seconds: Date has whole seconds, and an answer takes its time. A smaller difference is none."""
ROUND_TRIP_MOST = 5.0
"""Seconds. What took longer says too little."""


class ServerClock:
    """The clock of one server, as its answers show it."""

    def __init__(self) -> None:
        self.offset: float | None = None
        """Seconds by which it is ahead of ours; None while no answer has said."""
        self._took = float("inf")

    def note(self, headers: Mapping[str, str], took: float, received: float | None = None) -> None:
        """Look at an answer that took `took` seconds. The quickest one of a connection is the best measure."""
        if took > ROUND_TRIP_MOST or took > self._took or headers.get("age", "0").strip() not in ("", "0"):
            return  # an answer out of a cache has the Date of then
        try:
            date = email.utils.parsedate_to_datetime(headers.get("date", "")).timestamp()
        except (TypeError, ValueError):
            return
        now = clock.now() if received is None else received
        self.offset, self._took = date + 0.5 - (now - took / 2), took


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """The Date of an answer as naive UTC, which databases compare with their own stamps; None where there is none."""
    try:
        return email.utils.parsedate_to_datetime(headers["date"]).astimezone(UTC).replace(tzinfo=None)
    except (KeyError, ValueError):
        return None


def settled(measured: float | None, stored: int | None) -> int:
    """The offset to go by, in whole seconds: the stored one unless a measure says clearly otherwise; 0 where nobody knows."""
    known = stored or 0
    if measured is None or abs(measured - known) <= NOISE:
        return known
    return 0 if abs(measured) <= NOISE else round(measured)


@runtime_checkable
class Timed(Protocol):
    """A connector that knows its server's clock."""

    async def clock_offset(self) -> float | None:
        """Seconds by which the server's clock is ahead of ours, asking it where no answer has said; None: unknown."""
        ...


async def offset_of(connector: object) -> float | None:
    """The clock offset of an open connector; None where it does not measure any."""
    return await connector.clock_offset() if isinstance(connector, Timed) else None
