"""The days on which work was done: what they know of a clock that was set ahead before this process began.

What is deleted by age is gone for good, so its age is counted by a time that one wrong clock cannot bring about.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

DAY = 86400
NEEDED = 7
"""Days of work after which a clock is believed that stands far beyond the days before them."""
PAUSE = 3
"""Days without any work that say nothing of a clock: a long weekend."""


class BelievedTime(NamedTuple):
    """`believed`: epoch seconds, never later than the clock, by which ages are counted. `last_before`: the newest day of
    work before today, in epoch seconds; None for none. `new`: this is the first work of a day."""

    believed: int
    last_before: int | None
    new: bool


def see(tx: sqlite3.Connection, now: int) -> BelievedTime:
    """Note that work is done at `now` by the clock, and how far that is believed."""
    today = now // DAY
    new = tx.execute("INSERT OR IGNORE INTO day_seen (day) VALUES (?)", (today,)).rowcount > 0
    days = [
        day
        for (day,) in tx.execute("SELECT day FROM day_seen WHERE day <= ? ORDER BY day DESC LIMIT ?", (today, NEEDED))
    ]
    # The oldest of the newest days: a wrong clock would have to be wrong for as many days to move it.
    believed = min(now, (days[-1] + NEEDED + PAUSE) * DAY)
    return BelievedTime(believed, days[1] * DAY if len(days) > 1 else None, new)
