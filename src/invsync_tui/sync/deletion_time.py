"""The one time by which everything that is deleted by age is old: a clock that is ahead deletes nothing."""

from __future__ import annotations

import logging
import sqlite3

from invsync_tui.rules.worker_health import span
from invsync_tui.store import audit, days_seen

log = logging.getLogger(__name__)

ACTION = "clock not believed"


def deletion_time(tx: sqlite3.Connection, now: int) -> int:
    """Epoch seconds by which ages are counted when the clock says `now`: the same, or earlier while the clock is not
    believed. That is said once for each day that the clock shows, in the log and in the audit."""
    seen = days_seen.see(tx, now)
    if seen.believed < now and seen.new and seen.last_before is not None:
        text = (
            f"The system clock stands {span(now - seen.last_before)} after the last day on which anything was done here. "
            f"Until work was done on {days_seen.NEEDED} days by it, nothing that is older by this clock alone is deleted. "
            "If the clock is wrong, set it right."
        )
        log.warning("%s", text)
        audit.record(tx, now, "invsync", ACTION, "store", after=text)
    return seen.believed
