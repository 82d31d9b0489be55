"""What a worker notes about a source, its warehouses and a cart while it talks to them: small writes in its transactions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from typing import NamedTuple

from invsync_tui.rules.redaction import Redacted
from invsync_tui.store import named_rows


class WarehouseSeen(NamedTuple):
    """A warehouse as the WMS reports it."""

    ref: str
    code: str
    name: str
    enabled: bool


class StoredWarehouse(NamedTuple):
    """A warehouse of the store."""

    id: int
    ref: str
    code: str
    enabled: int
    vanished_at: int | None
    last_full_at: int | None
    gone_why: str
    name: str = ""


INACTIVE, VANISHED, DENIED, EMPTIED = "inactive", "vanished", "denied", "emptied"
"""Why the WMS offers no stock in a warehouse: switched off there, not reported, not for this login, without levels."""


def warehouses(cx: sqlite3.Connection, merchant_id: int) -> list[StoredWarehouse]:
    """The merchant's warehouses by number."""
    rows = cx.execute(
        "SELECT id, ref, code, enabled, vanished_at, last_full_at, gone_why, name FROM warehouse WHERE merchant_id = ? "
        "ORDER BY id",
        (merchant_id,),
    )
    return named_rows.filled(StoredWarehouse, rows)


_SEEN = """
INSERT INTO warehouse (merchant_id, ref, code, name) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (merchant_id, ref) DO UPDATE SET code = excluded.code, name = excluded.name
WHERE warehouse.code IS NOT excluded.code OR warehouse.name IS NOT excluded.name
"""


def set_enabled(tx: sqlite3.Connection, site: StoredWarehouse, merchant_id: int, *, enabled: bool) -> list[str]:
    """Count a warehouse's stock, or leave it out. Returns the carts whose quantities change: their rules have changed."""
    tx.execute("UPDATE warehouse SET enabled = ? WHERE id = ?", (int(enabled), site.id))
    rows = tx.execute(
        "UPDATE cart SET rules_rev = rules_rev + 1, rev = rev + 1, watermark = 0 WHERE merchant_id = ?1 AND (combine_all "
        "OR EXISTS (SELECT 1 FROM cart_warehouse AS x WHERE x.cart_id = cart.id AND x.warehouse_id = ?2)) RETURNING name",
        (merchant_id, site.id),
    )
    return sorted(name for (name,) in rows.fetchall())


def record_warehouses(
    tx: sqlite3.Connection, merchant_id: int, seen: Sequence[WarehouseSeen], now: int
) -> list[StoredWarehouse]:
    """Add new warehouses, mark those in which the WMS offers no stock any more; returns the newly marked ones.

    Default is ours: a source may fill it, and cannot rename it. What an operator enabled or disabled stays as it is. A
    warehouse that is back counts as gone until it was loaded.
    """
    for warehouse in seen:
        if warehouse.ref:
            tx.execute(_SEEN, (merchant_id, warehouse.ref, warehouse.code, warehouse.name))
    state = {warehouse.ref: "" if warehouse.enabled else INACTIVE for warehouse in seen}
    fresh = []
    for site in warehouses(tx, merchant_id):
        used = site.ref or site.last_full_at is not None  # most sources never fill Default
        why = state.get(site.ref, VANISHED) if used else ""
        if why and (site.vanished_at is None or site.gone_why != why):
            record_gone(tx, site.id, why, now)
            fresh.append(site._replace(gone_why=why))
    if fresh:
        _replan(tx, merchant_id)
    return fresh


def _replan(tx: sqlite3.Connection, merchant_id: int) -> None:
    """What counts has changed for every product in a warehouse: the next push of each cart looks at all its listings."""
    tx.execute("UPDATE cart SET watermark = 0 WHERE merchant_id = ?", (merchant_id,))


def record_gone(tx: sqlite3.Connection, warehouse_id: int, why: str, now: int) -> None:
    """The WMS offers no stock in a warehouse: its levels are kept and count as 0, since the first time."""
    tx.execute(
        "UPDATE warehouse SET vanished_at = coalesce(vanished_at, ?), gone_why = ? WHERE id = ?",
        (now, why, warehouse_id),
    )


def record_loaded(tx: sqlite3.Connection, warehouse_id: int, now: int) -> None:
    """A full download of a warehouse ended; one that was gone is back."""
    back = tx.execute(
        "UPDATE warehouse SET vanished_at = NULL, gone_why = '' WHERE id = ? AND vanished_at IS NOT NULL "
        "RETURNING merchant_id",
        (warehouse_id,),
    ).fetchone()
    tx.execute("UPDATE warehouse SET last_full_at = ? WHERE id = ?", (now, warehouse_id))
    if back is not None:
        _replan(tx, back[0])


def record_unread(tx: sqlite3.Connection, site: StoredWarehouse, merchant_id: int, why: str, now: int) -> None:
    """A full download found nothing in a warehouse that had levels, or may not read it."""
    record_gone(tx, site.id, why, now)
    if site.vanished_at is None or site.gone_why != why:
        _replan(tx, merchant_id)


def gone_of(cx: sqlite3.Connection, merchant_id: int, among: Collection[int]) -> tuple[dict[int, str], bool]:
    """Those of some warehouses that held stock once and are gone, and why; and whether no other was ever loaded."""
    loaded = [site for site in warehouses(cx, merchant_id) if site.id in among and site.last_full_at is not None]
    gone = {site.id: site.gone_why or VANISHED for site in loaded if site.vanished_at is not None}
    return gone, bool(gone) and len(gone) == len(loaded)


def accept_gone(tx: sqlite3.Connection, cart_id: int, gone: Collection[int]) -> None:
    """A push passed the safety rules while these warehouses were gone."""
    tx.execute(
        "UPDATE cart SET gone_accepted = ?1 WHERE id = ?2 AND gone_accepted <> ?1", (json.dumps(sorted(gone)), cart_id)
    )


def record_pulled(tx: sqlite3.Connection, merchant_id: int, mark: str, now: int, *, full: bool) -> None:
    """A pull ended well: unchanged rows are confirmed as of its start, and the next delta begins at `mark`."""
    tx.execute(
        "UPDATE source SET mark = ?, confirmed_at = ?, last_full_at = CASE WHEN ? THEN ? ELSE last_full_at END, "
        "last_error = '', last_reason = '' WHERE merchant_id = ?",
        (mark, now, full, now, merchant_id),
    )


def record_identity(tx: sqlite3.Connection, merchant_id: int, identity: str) -> None:
    """What a source was read as, as JSON."""
    tx.execute("UPDATE source SET identity = ?1 WHERE merchant_id = ?2 AND identity <> ?1", (identity, merchant_id))


def record_cart_identity(tx: sqlite3.Connection, cart_id: int, identity: str) -> None:
    """What a cart was read as, as JSON."""
    tx.execute("UPDATE cart SET identity = ?1 WHERE id = ?2 AND identity <> ?1", (identity, cart_id))


def drop_mark(tx: sqlite3.Connection, merchant_id: int) -> None:
    """The next download is a complete one: the mark of another company means nothing here."""
    tx.execute("UPDATE source SET mark = '', last_full_at = NULL WHERE merchant_id = ?", (merchant_id,))


def record_counted(tx: sqlite3.Connection, merchant_id: int, notes: str) -> None:
    """What the connector counted beside the levels, as JSON."""
    tx.execute("UPDATE source SET notes = ?1 WHERE merchant_id = ?2 AND notes <> ?1", (notes, merchant_id))


def notices_of(cx: sqlite3.Connection, kind: str, key: int) -> str:
    """What the system of a pull's merchant or of a cart said of its interface, as JSON; '' for nothing."""
    row = cx.execute(_NOTICES[kind][0], (key,)).fetchone()
    return row[0] if row else ""


def record_notices(tx: sqlite3.Connection, kind: str, key: int, notices: str) -> None:
    """Keep that, as JSON."""
    tx.execute(_NOTICES[kind][1], (notices, key))


_NOTICES = {
    "pull": (
        "SELECT notices FROM source WHERE merchant_id = ?",
        "UPDATE source SET notices = ?1 WHERE merchant_id = ?2 AND notices <> ?1",
    ),
    "cart": (
        "SELECT notices FROM cart WHERE id = ?",
        "UPDATE cart SET notices = ?1 WHERE id = ?2 AND notices <> ?1",
    ),
}

_DATED = {
    "source": ("confirmed_at", "last_full_at"),
    "warehouse": ("last_full_at", "vanished_at"),
    "cart": ("observed_at", "listed_at", "batch_most_at", "listing_cursor_at"),
    "pending_order": ("taken_at", "seen_at", "known_at"),
}
"""What is compared with the time of day, of the tables that are short; of levels and listings a time ahead says nothing."""


def put_back_times_ahead(tx: sqlite3.Connection, by: int, now: int) -> None:
    """The clock was set back by so many seconds: what was dated while it was ahead is dated as it should have been."""
    for table, columns in _DATED.items():
        for column in columns:
            tx.execute(f"UPDATE {table} SET {column} = {column} - ? WHERE {column} > ?", (by, now))


def record_source_error(tx: sqlite3.Connection, merchant_id: int, text: Redacted, reason: str) -> None:
    """What a failed pull said, and the reason that it is filed under."""
    tx.execute("UPDATE source SET last_error = ?, last_reason = ? WHERE merchant_id = ?", (text, reason, merchant_id))


def record_cart_error(tx: sqlite3.Connection, cart_id: int, text: Redacted, reason: str) -> None:
    """What a failed push said, and the reason that it is filed under, '' for a good one."""
    error_text = text if reason else ""
    tx.execute(
        "UPDATE cart SET last_error = ?1, last_reason = ?2 WHERE id = ?3 AND (last_error <> ?1 OR last_reason <> ?2)",
        (error_text, reason, cart_id),
    )


class LastRead(NamedTuple):
    """When a cart's listings were read last, completely and at all, and the revision of its settings."""

    rev: int
    listed_at: int | None
    observed_at: int | None


def last_reads(cx: sqlite3.Connection, cart_ids: Sequence[int]) -> dict[int, LastRead]:
    """By cart, its last read."""
    rows = cx.execute(
        "SELECT id, rev, listed_at, observed_at FROM cart WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(cart_ids)),),
    )
    return dict(named_rows.keyed(LastRead, rows))


def record_observed(
    tx: sqlite3.Connection, cart_id: int, now: int, rev: int, listed_at: int | None, *, complete: bool
) -> None:
    """A read of the cart's listings ended; `now` is when it began, `rev` and `listed_at` are what the cart had then.

    Settings that changed meanwhile may lead to other listings: such a read says nothing of them.
    """
    tx.execute(
        "UPDATE cart SET observed_at = ?1, listed_at = CASE WHEN ?2 THEN ?1 ELSE listed_at END "
        "WHERE id = ?3 AND rev = ?4 AND listed_at IS ?5",
        (now, complete, cart_id, rev, listed_at),
    )


class WaitingRead(NamedTuple):
    """A complete read of a cart's listings that waits for the cart to prepare them: where it goes on, since when."""

    cursor: str
    asked_at: int


def waiting_read(cx: sqlite3.Connection, cart_id: int) -> WaitingRead | None:
    """None where no read waits."""
    sql = "SELECT listing_cursor AS cursor, listing_cursor_at AS asked_at FROM cart WHERE id = ?"
    read = named_rows.first(WaitingRead, cx.execute(sql, (cart_id,)))
    return None if read is None or None in read or not read.cursor else read


def record_waiting_read(tx: sqlite3.Connection, cart_id: int, read: WaitingRead | None) -> None:
    """Keep it for the runs that follow; None forgets it."""
    values = ("", None) if read is None else read
    tx.execute("UPDATE cart SET listing_cursor = ?, listing_cursor_at = ? WHERE id = ?", (*values, cart_id))


def record_matched(tx: sqlite3.Connection, cart_id: int, seq: int, rules_rev: int) -> None:
    """All listings are matched against the catalog as of `seq`."""
    tx.execute("UPDATE cart SET match_mark = ?, matched_rev = ? WHERE id = ?", (seq, rules_rev, cart_id))


def record_sending(tx: sqlite3.Connection, cart_id: int, rules_rev: int) -> None:
    """A plan made under `rules_rev` has passed the safety rules and begins to be sent."""
    tx.execute("UPDATE cart SET pushed_rules_rev = ? WHERE id = ?", (rules_rev, cart_id))


def record_pushed(tx: sqlite3.Connection, cart_id: int, watermark: int, rules_rev: int) -> None:
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


class CartAddress(NamedTuple):
    """Where a cart is. `options` is a JSON object."""

    id: int
    name: str
    system: str
    url: str
    options: str


def carts(cx: sqlite3.Connection, merchant_id: int) -> list[CartAddress]:
    """A merchant's carts, by number."""
    rows = cx.execute(
        "SELECT id, name, system, url, options FROM cart WHERE merchant_id = ? ORDER BY id", (merchant_id,)
    )
    return named_rows.filled(CartAddress, rows)


def shortest_stale_after(cx: sqlite3.Connection, merchant_id: int) -> int | None:
    """The smallest limit, in seconds, on the age of a reading that counts for a cart of a merchant; None for no limit."""
    (seconds,) = cx.execute(
        "SELECT min(coalesce(c.stale_after, m.stale_after)) FROM merchant AS m JOIN cart AS c ON c.merchant_id = m.id "
        "WHERE m.id = ? AND c.upload_enabled = 1",
        (merchant_id,),
    ).fetchone()
    return None if seconds is None else int(seconds)


def record_opened(tx: sqlite3.Connection, cart_id: int, shop: str, location: str) -> None:
    """Where a cart's connection led when it was opened."""
    tx.execute(
        "UPDATE cart SET shop = ?1, location = ?2 WHERE id = ?3 AND (shop <> ?1 OR location <> ?2)",
        (shop, location, cart_id),
    )


def record_cart_clock(tx: sqlite3.Connection, cart_id: int, offset: int) -> None:
    """Seconds by which a cart's clock is ahead of ours."""
    tx.execute("UPDATE cart SET clock_offset = ? WHERE id = ?", (offset, cart_id))


def record_source_clock(tx: sqlite3.Connection, merchant_id: int, offset: int) -> None:
    """Seconds by which a WMS's clock is ahead of ours."""
    tx.execute("UPDATE source SET clock_offset = ? WHERE merchant_id = ?", (offset, merchant_id))
