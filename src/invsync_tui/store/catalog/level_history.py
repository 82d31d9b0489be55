"""What quantities were over time, from the changes that triggers note: every one, to the second, for thirty days.

A reading of a cart is noted where it differs from what was known before, so that a cart which is read often costs nothing.

What the first download of a merchant loaded, and the first plan of a cart, are not noted, to keep a first load cheap: from
the end of the first one on, the `before` of a row's first change tells what it was, or, where nothing changed, the
present value. Of the time before that nothing is known, and that is what is said.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from invsync_tui.store import named_rows

KEPT_SECONDS = 30 * 86400


class LevelChange(NamedTuple):
    """`available` of one warehouse went from `before` to `after`."""

    warehouse_id: int
    at: int
    before: int | None
    after: int | None


class ListingChange(NamedTuple):
    """What a listing should show, what the cart accepted, and what it was seen to show (sellable units), before and after."""

    listing_id: int
    at: int
    desired_before: int | None
    desired: int | None
    acked_before: int | None
    acked: int | None
    in_cart_before: int | None = None
    in_cart: int | None = None


def of_product(cx: sqlite3.Connection, product_id: int) -> list[LevelChange]:
    """Changes of a product's levels, oldest first."""
    sql = "SELECT warehouse_id, at, before, after FROM level_history WHERE product_id = ? ORDER BY at, warehouse_id"
    return named_rows.filled(LevelChange, cx.execute(sql, (product_id,)))


def of_listings(cx: sqlite3.Connection, listing_ids: Sequence[int]) -> list[ListingChange]:
    """Changes of some listings, oldest first."""
    rows = cx.execute(
        "SELECT listing_id, at, desired_before, desired, acked_before, acked, in_cart_before, in_cart FROM listing_history "
        "WHERE listing_id IN (SELECT value FROM json_each(?)) ORDER BY at, listing_id",
        (json.dumps(list(listing_ids)),),
    )
    return named_rows.filled(ListingChange, rows)


def known_levels_since(cx: sqlite3.Connection, merchant_id: int) -> int | None:
    """The end of a merchant's first full download: from then on every change of a level is noted. None before it."""
    sql = "SELECT ended_at FROM pull_generation WHERE merchant_id = ? AND state = 'complete' ORDER BY id LIMIT 1"
    row = cx.execute(sql, (merchant_id,)).fetchone()
    return None if row is None else row[0]


def known_listings_since(cx: sqlite3.Connection, cart_id: int) -> int | None:
    """The end of the first push that set anything: from then on every change of a listing is noted. None before it."""
    sql = (
        "SELECT ended_at FROM run WHERE kind = 'push' AND key = ? AND state IN ('done', 'failed', 'cancelled') "
        "AND json_extract(counts, '$.set') > 0 ORDER BY id LIMIT 1"
    )
    row = cx.execute(sql, (cart_id,)).fetchone()
    return None if row is None else row[0]


class KnownQuantity(NamedTuple):
    """A quantity at some moment. Not known is another thing than None: that it had none, or was not there."""

    known: bool
    value: int | None


UNKNOWN = KnownQuantity(False, None)


def at(
    changes: Sequence[tuple[int, int | None, int | None]], moment: int, present: int | None, since: int | None
) -> KnownQuantity:
    """What a row held at the end of a second, by its (at, before, after) changes, oldest first.

    `since` is from when on its changes are noted, None for never so far.
    """
    past = [after for when, _, after in changes if when <= moment]
    if past:
        return KnownQuantity(True, past[-1])
    if since is None or moment < since:
        return UNKNOWN
    return KnownQuantity(True, changes[0][1] if changes else present)


def limit(since: int | None, now: int) -> int | None:
    """From when on a history is whole that is trimmed to what is kept."""
    return None if since is None else max(since, now - KEPT_SECONDS)


def known_in_cart_since(cx: sqlite3.Connection) -> int:
    """Up to when changes do not say what the cart showed: an earlier program noted them. 0 for never."""
    return int(cx.execute("SELECT value FROM counter WHERE name = 'in_cart'").fetchone()[0])


def read_from_cart(cx: sqlite3.Connection, listing_id: int) -> tuple[int, int | None] | None:
    """When the cart was last read, and the sellable units that it showed; None where it was never read.

    A reading of the whole cart, or of what had changed in it, is one of this listing too, and leaves it as it is where it
    is unchanged.
    """
    sql = (
        "SELECT CASE WHEN l.skip IS 'BAD_ROW' THEN l.observed_at "
        "ELSE max(l.observed_at, coalesce(c.observed_at, 0), coalesce(c.listed_at, 0)) END, "
        "CASE WHEN l.gone_at IS NULL THEN l.observed - l.allocated END "
        "FROM listing AS l JOIN cart AS c ON c.id = l.cart_id WHERE l.id = ? AND l.observed_at IS NOT NULL"
    )
    row = cx.execute(sql, (listing_id,)).fetchone()
    return None if row is None else (row[0], row[1])


def listings_now(cx: sqlite3.Connection, listing_ids: Sequence[int]) -> dict[int, tuple[int | None, int | None]]:
    """Present (desired, acked) by listing."""
    sql = "SELECT id, desired, acked FROM listing WHERE id IN (SELECT value FROM json_each(?))"
    rows = cx.execute(sql, (json.dumps(list(listing_ids)),))
    return {number: (desired, acked) for number, desired, acked in rows}
