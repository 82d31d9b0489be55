"""Listings that a change in the shop would make ready for the sync, by what the cart was last seen to show of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from invsync_tui.rules.outcomes import Reason
from invsync_tui.store import named_rows
from invsync_tui.store.diagnosis.cause_counts import TROUBLED


class FixableRow(NamedTuple):
    """A listing, by its number, the cart's reference and its codes."""

    id: int
    ref: str
    sku: str
    name: str


_ORIGIN = f"FROM listing INDEXED BY listing_troubled WHERE cart_id = ? AND {TROUBLED} AND excluded = 0"
_UNTRACKED = "tracked = 0 AND skip IS NULL"


def _shows(reason: Reason) -> tuple[str, tuple[str, ...]]:
    """The condition for listings that show a reason, with its parameters."""
    if reason is Reason.CART_NOT_TRACKING:
        return f"({_UNTRACKED} OR skip = ?)", (reason.value,)
    return "skip = ?", (reason.value,)


def count(cx: sqlite3.Connection, cart_id: int, reason: Reason, most: int) -> int:
    """How many listings of a cart show a reason, counted up to `most`. Excluded ones are nobody's concern."""
    condition, given = _shows(reason)
    sql = f"SELECT count(*) FROM (SELECT 1 {_ORIGIN} AND {condition} LIMIT ?)"
    return int(cx.execute(sql, (cart_id, *given, most)).fetchone()[0])


def first(cx: sqlite3.Connection, cart_id: int, reason: Reason, most: int) -> list[FixableRow]:
    """The first of them by number."""
    condition, given = _shows(reason)
    sql = f"SELECT id, ref, sku, name {_ORIGIN} AND {condition} ORDER BY id LIMIT ?"
    return named_rows.filled(FixableRow, cx.execute(sql, (cart_id, *given, most)))


def called(cx: sqlite3.Connection, cart_id: int, keys: Sequence[str], most: int) -> list[FixableRow]:
    """The listings of a cart with these normalized codes, whatever they show."""
    marks = ", ".join("?" * len(keys))
    sql = (
        f"SELECT id, ref, sku, name FROM listing WHERE cart_id = ? AND key IN ({marks}) AND gone_at IS NULL "
        "ORDER BY id LIMIT ?"
    )
    return named_rows.filled(FixableRow, cx.execute(sql, (cart_id, *keys, most)))
