"""What is needed to tell how a cart's listings drifted, in which order a check reads them, and what is to be corrected."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from invsync_tui import clock
from invsync_tui.store import named_rows


class DriftRow(NamedTuple):
    """A listing with what it was last seen showing. `sold`: units of the cart's kept orders since it was synced; of all
    that are kept where that is dated after now, by a clock that was ahead: a fall is taken for sales rather than healed."""

    id: int
    ref: str
    sku: str
    name: str
    product_id: int | None
    acked: int | None
    shown: int | None
    observed: int | None
    allocated: int
    tracked: int | None
    gone_at: int | None
    synced_at: int | None
    observed_at: int | None
    desired: int | None
    heal: int
    sold: int
    look_after: int | None = None
    """Of a batch that waits for the cart to apply it and that is not given up yet."""


_COLUMNS = (
    "l.id, l.ref, l.sku, l.name, l.product_id, l.acked, l.shown, l.observed, l.allocated, l.tracked, l.gone_at, l.synced_at, "
    "l.observed_at, l.desired, l.heal, (SELECT coalesce(sum(s.units), 0) FROM (SELECT max(o.quantity) AS units "
    "FROM pending_order AS o JOIN cart AS c ON c.id = l.cart_id WHERE o.product_id = l.product_id "
    "AND (o.cart_id = c.id OR (c.shop <> '' AND o.shop = c.shop)) AND (o.location IN ('', c.location) OR c.location = '') "
    "AND (o.taken_at >= l.synced_at OR l.synced_at > :latest) GROUP BY o.ref, o.location) AS s), "
    "(SELECT b.look_after FROM push_batch AS b WHERE b.id = l.inflight AND b.state = 'submitted' AND b.give_up_at > :now)"
)
_MAY_DRIFT = (
    "(l.acked IS NOT NULL OR l.outcome = 'submitted') AND (l.gone_at IS NOT NULL OR l.tracked = 0 OR l.observed IS NULL "
    "OR l.observed - l.allocated <> l.acked OR l.pending <> 0 OR l.desired IS NOT l.acked)"
)
"""Everything that can have a class; what shows the number that is wanted has none."""


def rows(cx: sqlite3.Connection, listing_ids: Sequence[int], now: int) -> list[DriftRow]:
    """Some listings, by number."""
    sql = f"SELECT {_COLUMNS} FROM listing AS l WHERE l.id IN (SELECT value FROM json_each(:ids)) ORDER BY l.id"
    values = {"ids": json.dumps(list(listing_ids)), "latest": now + int(clock.TOLERANCE), "now": now}
    return named_rows.filled(DriftRow, cx.execute(sql, values))


def candidates(cx: sqlite3.Connection, cart_id: int, after: int, limit: int, now: int) -> list[DriftRow]:
    """The next listings of a cart that may drift, by number. Reads the cart's listings until there are so many."""
    where = f"l.id > :after AND l.cart_id = :cart AND {_MAY_DRIFT}"
    sql = f"SELECT {_COLUMNS} FROM listing AS l NOT INDEXED WHERE {where} ORDER BY l.id LIMIT :limit"
    values = {"after": after, "cart": cart_id, "limit": limit, "latest": now + int(clock.TOLERANCE), "now": now}
    return named_rows.filled(DriftRow, cx.execute(sql, values))


def oldest_seen(cx: sqlite3.Connection, cart_id: int, before: int, limit: int) -> list[tuple[int, str]]:
    """(id, reference) of the listings that were not read for the longest time, and not since `before`.

    One that waits for the answer to a batch is left out: what it shows is being found out otherwise.
    """
    sql = (
        "SELECT id, ref FROM listing INDEXED BY listing_observed WHERE cart_id = ? AND gone_at IS NULL "
        "AND (observed_at IS NULL OR observed_at < ?) AND inflight IS NULL ORDER BY observed_at, id LIMIT ?"
    )
    return [(row[0], row[1]) for row in cx.execute(sql, (cart_id, before, limit))]


def forget_times_ahead(tx: sqlite3.Connection, cart_id: int, now: int) -> int:
    """Listings that were read while the clock was ahead count as never read: else nobody would look at them till then."""
    sql = "UPDATE listing SET observed_at = NULL WHERE cart_id = ? AND gone_at IS NULL AND observed_at > ?"
    return max(0, tx.execute(sql, (cart_id, now)).rowcount)


def record_read(tx: sqlite3.Connection, listing_ids: Iterable[int], now: int) -> None:
    """These were read just now, whether they changed or not."""
    tx.executemany("UPDATE listing SET observed_at = ? WHERE id = ?", [(now, number) for number in listing_ids])


def mark(tx: sqlite3.Connection, listing_ids: Iterable[int]) -> int:
    """Let the next push write these wherever the cart shows something else. Those that are gone are left out."""
    ids = [(number,) for number in listing_ids]
    sql = "UPDATE listing SET heal = 1, pending = 1 WHERE id = ? AND gone_at IS NULL"
    return max(0, tx.executemany(sql, ids).rowcount)


def by_sku(cx: sqlite3.Connection, cart_id: int, key: str) -> list[int]:
    """Listings of a cart with a folded SKU."""
    sql = "SELECT id FROM listing INDEXED BY listing_key WHERE cart_id = ? AND key = ? AND gone_at IS NULL ORDER BY id"
    return [row[0] for row in cx.execute(sql, (cart_id, key))]


def push_waits(cx: sqlite3.Connection, cart_id: int) -> bool:
    """Whether somebody wants to push to the cart."""
    sql = "SELECT 1 FROM run WHERE kind = 'push' AND key = ? AND state = 'requested'"
    return cx.execute(sql, (cart_id,)).fetchone() is not None
