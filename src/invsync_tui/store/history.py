"""What quantities were over time, from the changes that triggers note: every one, to the second, for thirty days.

The first value of a row is not noted, to keep a first load cheap: the `before` of its first change tells it, or, where
nothing changed, the present value.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple


class LevelChange(NamedTuple):
    """`available` of one warehouse went from `before` to `after`."""

    warehouse_id: int
    at: int
    before: int | None
    after: int | None


class ListingChange(NamedTuple):
    """What a listing should show, and what the cart accepted, before and after."""

    listing_id: int
    at: int
    desired_before: int | None
    desired: int | None
    acked_before: int | None
    acked: int | None


def of_product(cx: sqlite3.Connection, product_id: int) -> list[LevelChange]:
    """Changes of a product's levels, oldest first."""
    sql = "SELECT warehouse_id, at, before, after FROM level_history WHERE product_id = ? ORDER BY at, warehouse_id"
    return [LevelChange(*row) for row in cx.execute(sql, (product_id,))]


def of_listings(cx: sqlite3.Connection, listing_ids: Sequence[int]) -> list[ListingChange]:
    """Changes of some listings, oldest first."""
    rows = cx.execute(
        "SELECT listing_id, at, desired_before, desired, acked_before, acked FROM listing_history "
        "WHERE listing_id IN (SELECT value FROM json_each(?)) ORDER BY at, listing_id",
        (json.dumps(list(listing_ids)),),
    )
    return [ListingChange(*row) for row in rows]
