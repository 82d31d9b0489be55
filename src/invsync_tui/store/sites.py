"""What a worker notes about a source, its warehouses and a cart while it talks to them: small writes in its transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple


class WarehouseSeen(NamedTuple):
    """A warehouse as the WMS reports it."""

    ref: str
    code: str
    name: str
    enabled: bool


class WarehouseSite(NamedTuple):
    """A warehouse of the store."""

    id: int
    ref: str
    code: str
    enabled: int
    vanished_at: int | None
    last_full_at: int | None


def warehouses(cx: sqlite3.Connection, merchant_id: int) -> list[WarehouseSite]:
    """The merchant's warehouses by number."""
    rows = cx.execute(
        "SELECT id, ref, code, enabled, vanished_at, last_full_at FROM warehouse WHERE merchant_id = ? ORDER BY id",
        (merchant_id,),
    )
    return [WarehouseSite(*row) for row in rows]


_SEEN = """
INSERT INTO warehouse (merchant_id, ref, code, name) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (merchant_id, ref) DO UPDATE SET code = excluded.code, name = excluded.name
WHERE warehouse.code IS NOT excluded.code OR warehouse.name IS NOT excluded.name
"""


def note_warehouses(tx: sqlite3.Connection, merchant_id: int, seen: Sequence[WarehouseSeen], now: int) -> list[str]:
    """Add new warehouses, mark those that the WMS no longer reports; returns the codes of newly vanished ones.

    Default is ours: a source may fill it, but it can neither be renamed by it nor vanish. A warehouse that the WMS has
    switched off stays as the operator set it here. One that is back counts as vanished until it was loaded.
    """
    for warehouse in seen:
        if warehouse.ref:
            tx.execute(_SEEN, (merchant_id, warehouse.ref, warehouse.code, warehouse.name))
    refs = {warehouse.ref for warehouse in seen if warehouse.enabled}
    gone = [w for w in warehouses(tx, merchant_id) if w.ref and w.ref not in refs and w.vanished_at is None]
    tx.executemany("UPDATE warehouse SET vanished_at = ? WHERE id = ?", [(now, warehouse.id) for warehouse in gone])
    return [warehouse.code for warehouse in gone]


def note_loaded(tx: sqlite3.Connection, warehouse_id: int, now: int) -> None:
    """A complete load of a warehouse ended."""
    tx.execute("UPDATE warehouse SET last_full_at = ?, vanished_at = NULL WHERE id = ?", (now, warehouse_id))


def note_emptied(tx: sqlite3.Connection, warehouse_id: int, now: int) -> None:
    """A warehouse that had levels reported none: it counts as vanished, since the first time, until it reports some."""
    tx.execute("UPDATE warehouse SET vanished_at = coalesce(vanished_at, ?) WHERE id = ?", (now, warehouse_id))


def note_pulled(tx: sqlite3.Connection, merchant_id: int, mark: str, now: int, *, full: bool) -> None:
    """A pull ended well: unchanged rows are confirmed as of its start, and the next delta begins at `mark`."""
    tx.execute(
        "UPDATE source SET mark = ?, confirmed_at = ?, last_full_at = CASE WHEN ? THEN ? ELSE last_full_at END, last_error = '' "
        "WHERE merchant_id = ?",
        (mark, now, full, now, merchant_id),
    )


def note_source_error(tx: sqlite3.Connection, merchant_id: int, text: str) -> None:
    """What a failed pull said."""
    tx.execute("UPDATE source SET last_error = ? WHERE merchant_id = ?", (text, merchant_id))


def note_cart_error(tx: sqlite3.Connection, cart_id: int, text: str) -> None:
    """What a failed push said, '' for a good one."""
    tx.execute("UPDATE cart SET last_error = ? WHERE id = ? AND last_error <> ?", (text, cart_id, text))


def note_observed(tx: sqlite3.Connection, cart_id: int, now: int, *, complete: bool) -> None:
    """A read of the cart's listings ended; `now` is when it began."""
    tx.execute(
        "UPDATE cart SET observed_at = ?1, listed_at = CASE WHEN ?2 THEN ?1 ELSE listed_at END WHERE id = ?3",
        (now, complete, cart_id),
    )


def note_matched(tx: sqlite3.Connection, cart_id: int, seq: int, rules_rev: int) -> None:
    """All listings are matched against the catalogue as of `seq`."""
    tx.execute("UPDATE cart SET match_mark = ?, matched_rev = ? WHERE id = ?", (seq, rules_rev, cart_id))


def note_sending(tx: sqlite3.Connection, cart_id: int, rules_rev: int) -> None:
    """A plan made under `rules_rev` has passed the safety rules and begins to be sent."""
    tx.execute("UPDATE cart SET pushed_rules_rev = ? WHERE id = ?", (rules_rev, cart_id))


def note_pushed(tx: sqlite3.Connection, cart_id: int, watermark: int, rules_rev: int) -> None:
    """A push handled everything up to `watermark`. Settings that changed meanwhile keep their request for a full plan.

    Changed rules that turned out to change nothing are accepted with it; a cart to which nothing was ever sent stays one.
    """
    tx.execute(
        "UPDATE cart SET watermark = ?1, pushed_rules_rev = CASE WHEN pushed_rules_rev > 0 AND NOT EXISTS "
        "(SELECT 1 FROM listing INDEXED BY listing_pending WHERE cart_id = ?2 AND pending <> 0 AND gone_at IS NULL) "
        "THEN ?3 ELSE pushed_rules_rev END "
        "WHERE id = ?2 AND rules_rev = ?3",
        (watermark, cart_id, rules_rev),
    )


def carts(cx: sqlite3.Connection, merchant_id: int) -> list[tuple[int, str, str, str, str]]:
    """(number, name, system, address, options as JSON) of a merchant's carts."""
    return cx.execute(
        "SELECT id, name, system, url, options FROM cart WHERE merchant_id = ? ORDER BY id", (merchant_id,)
    ).fetchall()


def note_opened(tx: sqlite3.Connection, cart_id: int, shop: str, location: str) -> None:
    """Where a cart's connection led when it was opened."""
    tx.execute(
        "UPDATE cart SET shop = ?1, location = ?2 WHERE id = ?3 AND (shop <> ?1 OR location <> ?2)",
        (shop, location, cart_id),
    )


def note_cart_clock(tx: sqlite3.Connection, cart_id: int, offset: int) -> None:
    """Seconds by which a cart's clock is ahead of ours."""
    tx.execute("UPDATE cart SET clock_offset = ? WHERE id = ?", (offset, cart_id))


def note_source_clock(tx: sqlite3.Connection, merchant_id: int, offset: int) -> None:
    """Seconds by which a WMS's clock is ahead of ours."""
    tx.execute("UPDATE source SET clock_offset = ? WHERE merchant_id = ?", (offset, merchant_id))
