"""What happened in runs, over all of them, in pages, newest first."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from invsync_tui.store.paging.keyset import Pages, Part, Select, SortOrder

_PLACE = ("e.at", "e.run_id", "e.n")
ORDERS = (
    SortOrder("at", _PLACE),
    SortOrder(
        "severity", ("CASE e.level WHEN 'error' THEN 2 WHEN 'warning' THEN 1 ELSE 0 END", *_PLACE), indexed=False
    ),
    SortOrder("merchant", ("m.name", *_PLACE), indexed=False),
    SortOrder("cart", ("coalesce(c.name, '')", *_PLACE), indexed=False),
    SortOrder("run", ("e.run_id", "e.n"), indexed=False),
    SortOrder("text", ("e.text", *_PLACE), indexed=False),
)
"""By time; the others where they are few. A download has no cart and is in front of all carts."""
COLUMNS = "e.run_id, e.n, e.at, e.level, e.text, r.kind, r.merchant_id, m.name, c.id, c.name"
ORIGIN = (
    "run_event AS e INDEXED BY run_event_at CROSS JOIN run AS r ON r.id = e.run_id "
    "CROSS JOIN merchant AS m ON m.id = r.merchant_id "
    # The runs of a cart that was removed go soon: nobody sees them until then.
    "AND (r.kind = 'pull' OR EXISTS (SELECT 1 FROM cart AS k WHERE k.id = r.key)) "
    "LEFT JOIN cart AS c ON r.kind <> 'pull' AND c.id = r.key"
)


class StoredEvent(NamedTuple):
    """An event with its run. `at` in epoch seconds; `n` counts within the run; `kind` pull, push or radar."""

    run_id: int
    n: int
    at: int
    level: str
    text: str
    kind: str
    merchant_id: int
    merchant: str
    cart_id: int | None
    cart: str | None


class EventFilter(NamedTuple):
    """Which events; None does not narrow. Times in epoch seconds, both included."""

    merchant_id: int | None = None
    cart_id: int | None = None
    levels: tuple[str, ...] | None = None
    since: int | None = None
    until: int | None = None


_CONDITIONS = {
    "merchant_id": "r.merchant_id = ?",
    "cart_id": "r.kind <> 'pull' AND r.key = ?",
    "since": "e.at >= ?",
    "until": "e.at <= ?",
}


def events(
    cx: sqlite3.Connection, wanted: EventFilter, order: SortOrder = ORDERS[0], descending: bool = True
) -> Pages[StoredEvent]:
    """The events that are wanted, newest first where no other order is given."""
    select = Select(COLUMNS, ORIGIN, "1", (), order, descending, record=StoredEvent._make)
    for name, where in _CONDITIONS.items():
        if (value := getattr(wanted, name)) is not None:
            select = select.narrowed(Part(where, (value,)))
    if wanted.levels is not None:
        marks = ", ".join("?" * len(wanted.levels))
        select = select.narrowed(Part(f"e.level IN ({marks})", wanted.levels))
    return Pages(cx, select)
