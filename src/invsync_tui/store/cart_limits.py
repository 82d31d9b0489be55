"""The breakers' limits of a merchant's carts, side by side."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

COLUMNS = ("zero_count", "zero_percent", "shrink_percent", "jump_factor", "jump_count", "jump_percent")


class LimitsOf(NamedTuple):
    """One cart's limits, in the order of `COLUMNS`."""

    cart_id: int
    cart: str
    values: tuple[int, ...]


def of_merchant(cx: sqlite3.Connection, merchant_id: int) -> list[LimitsOf]:
    """The limits of all carts of a merchant, by number."""
    rows = cx.execute(
        f"SELECT id, name, {', '.join(COLUMNS)} FROM cart WHERE merchant_id = ? ORDER BY id", (merchant_id,)
    )
    return [LimitsOf(row[0], row[1], tuple(row[2:])) for row in rows]
