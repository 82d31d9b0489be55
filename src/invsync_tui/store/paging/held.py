"""The listings that a run was kept from sending, by group."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.store.listings.held import GROUP, SHOWS
from invsync_tui.store.paging.keyset import Order, Pages, Part, Select


class HeldRow(NamedTuple):
    """A held listing: sellable units that it shows and would show, and its group."""

    id: int
    ref: str
    sku: str
    name: str
    shows: int | None
    would_show: int | None
    group: str


def held(cx: sqlite3.Connection, run_id: int, group: str | None, factor: int) -> Pages:
    """Held listings of a run in the order of their numbers, of one group or of all."""
    of = GROUP.replace(":factor", str(int(factor)))
    select = Select(
        f"l.id, l.ref, l.sku, l.name, {SHOWS}, l.desired, {of}",
        "listing AS l INDEXED BY listing_run",
        "l.run_id = ? AND l.outcome = ? AND l.reason = ?",
        (run_id, Outcome.HELD.value, Reason.BREAKER_TRIPPED.value),
        Order("id", ("l.id",)),
    )
    return Pages(cx, select if group is None else select.narrowed(Part(f"{of} = ?", (group,))))
