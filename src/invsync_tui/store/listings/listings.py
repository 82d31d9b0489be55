"""Listings: what the cart was seen to hold, which product each one means, what it should show and what it accepted."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from invsync_tui.rules.matching import normalize_key
from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.rules.redaction import Redacted
from invsync_tui.store import named_rows


class ListingRecord(NamedTuple):
    """A listing as the cart reported it. `quantity` and `allocated` are in the cart's basis; None is unknown."""

    ref: str
    sku: str
    name: str
    tracked: bool | None
    skip: str | None
    allocated: int
    quantity: int | None
    elsewhere: int | None = None
    """At the cart's other locations."""
    elsewhere_allocated: int = 0
    threshold: int = 0
    by_barcode: bool = False
    """`sku` is its barcode: it has no SKU."""
    cap: int | None = None
    """The largest quantity that the cart accepts."""
    group: str = ""
    """Listings of one group are set by one request, see `connectors.base.BatchScope`."""


class PlanRow(NamedTuple):
    """A listing as the plan reads it."""

    id: int
    ref: str
    sku: str
    product_id: int | None
    match_reason: str | None
    tracked: int | None
    skip: str | None
    override: int | None
    excluded: int
    locked: int
    allocated: int
    observed: int | None
    acked: int | None
    inflight: str | None
    run_id: int | None
    outcome: str | None
    is_kit: int
    reason: str | None
    heal: int = 0
    inactive: int | None = 0
    """Its product is deactivated in the WMS."""
    uncounted: int | None = 0
    """The WMS keeps no stock of its product."""
    desired: int | None = None
    """What the plan before this one said that it should show."""
    cap: int | None = None
    """The largest quantity that the cart accepts of it, in the cart's basis."""


class StockElsewhere(NamedTuple):
    """What the shop has of a listing beside what we set; None: it has no other locations."""

    elsewhere: int | None
    elsewhere_allocated: int
    threshold: int


def beside(cx: sqlite3.Connection, listing_ids: Sequence[int]) -> dict[int, StockElsewhere]:
    """What the shop holds at its other locations, by id of the listing."""
    rows = cx.execute(
        "SELECT id, elsewhere, elsewhere_allocated, threshold FROM listing WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(listing_ids)),),
    )
    return dict(named_rows.keyed(StockElsewhere, rows))


class Decided(NamedTuple):
    """What a plan found for a listing. `pending` 1 keeps it in the next plan whatever else happens."""

    desired: int | None
    target: int | None
    outcome: str
    reason: str | None
    error: str
    pending: int
    run_id: int
    id: int


_UPSERT = """
INSERT INTO listing (cart_id, ref, sku, key, name, tracked, skip, allocated, observed, elsewhere, elsewhere_allocated,
  threshold, by_barcode, cap, batch_group, observed_at, seq)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (cart_id, ref) DO UPDATE SET sku = excluded.sku, key = excluded.key, name = excluded.name,
  tracked = excluded.tracked, skip = excluded.skip, allocated = excluded.allocated, observed = excluded.observed,
  observed_at = excluded.observed_at, seq = excluded.seq, gone_at = NULL, elsewhere = excluded.elsewhere,
  acked = CASE WHEN listing.gone_at IS NOT NULL OR (listing.tracked = 0 AND excluded.tracked IS NOT 0)
    OR (listing.skip <> 'BAD_ROW' AND excluded.skip IS NULL) THEN NULL ELSE listing.acked END,
  elsewhere_allocated = excluded.elsewhere_allocated, threshold = excluded.threshold, by_barcode = excluded.by_barcode,
  cap = excluded.cap, batch_group = excluded.batch_group
WHERE listing.sku IS NOT excluded.sku OR listing.name IS NOT excluded.name OR listing.tracked IS NOT excluded.tracked
  OR listing.skip IS NOT excluded.skip OR listing.allocated IS NOT excluded.allocated
  OR listing.observed IS NOT excluded.observed OR listing.gone_at IS NOT NULL
  OR listing.elsewhere IS NOT excluded.elsewhere OR listing.threshold IS NOT excluded.threshold
  OR listing.elsewhere_allocated IS NOT excluded.elsewhere_allocated OR listing.by_barcode IS NOT excluded.by_barcode
  OR listing.cap IS NOT excluded.cap OR listing.batch_group IS NOT excluded.batch_group
  OR listing.key IS NOT excluded.key
"""


def _columns(record: ListingRecord) -> tuple[object, ...]:
    return (record.ref, record.sku, normalize_key(record.sku), *record[2:])


def upsert(tx: sqlite3.Connection, cart_id: int, records: Sequence[ListingRecord], now: int, seq: int) -> int:
    """Write a page of the cart's listings; returns how many were new or changed. Unchanged rows write nothing.

    Listings that share a code with one that got or lost it are looked at again too: they may be duplicates now, or no
    longer. What the cart accepted does not count any more for a listing that is back, or whose stock can be set again: it
    may have been made again under its old reference, and begins at another number.
    """
    renamed = _touched_keys(tx, cart_id, records)
    rows = [(cart_id, *_columns(record), now, seq) for record in records]
    changed = max(0, tx.executemany(_UPSERT, rows).rowcount)
    if renamed:
        tx.execute(
            "UPDATE listing SET seq = ? WHERE cart_id = ? AND key IN (SELECT value FROM json_each(?))",
            (seq, cart_id, json.dumps(sorted(renamed))),
        )
    return changed


def _touched_keys(tx: sqlite3.Connection, cart_id: int, records: Sequence[ListingRecord]) -> set[str]:
    """Keys that a listing of this page loses, or gains beside another listing that has it already."""
    new_keys = {record.ref: normalize_key(record.sku) for record in records}
    rows = tx.execute(
        "SELECT ref, key FROM listing WHERE cart_id = ? AND gone_at IS NULL AND ref IN (SELECT value FROM json_each(?))",
        (cart_id, json.dumps(list(new_keys))),
    )
    had = dict(rows.fetchall())
    moved = {ref for ref, key in new_keys.items() if had.get(ref) != key}
    return {had[ref] for ref in moved if ref in had} | {new_keys[ref] for ref in moved}


def ids_of_refs(cx: sqlite3.Connection, cart_id: int, refs: Sequence[str]) -> list[int]:
    """Ids of listings by the cart's references."""
    sql = "SELECT id FROM listing WHERE cart_id = ? AND ref IN (SELECT value FROM json_each(?))"
    return [row[0] for row in cx.execute(sql, (cart_id, json.dumps(list(refs))))]


def present_ids(cx: sqlite3.Connection, cart_id: int) -> list[int]:
    """Ids of the listings that the cart had when it was last read, ascending: from an index alone, whatever else is stored."""
    sql = "SELECT id FROM listing INDEXED BY listing_observed WHERE cart_id = ? AND gone_at IS NULL"
    return sorted(row[0] for row in cx.execute(sql, (cart_id,)))


def record_unreadable(tx: sqlite3.Connection, cart_id: int, refs: Sequence[str], seq: int) -> int:
    """Listings that are in the cart and whose record cannot be read: skipped until it can. Returns how many are new so."""
    return tx.execute(
        "UPDATE listing SET skip = 'BAD_ROW', seq = ? WHERE cart_id = ? AND ref IN (SELECT value FROM json_each(?)) "
        "AND skip IS NOT 'BAD_ROW'",
        (seq, cart_id, json.dumps(list(refs))),
    ).rowcount


def flag_gone(tx: sqlite3.Connection, cart_id: int, listing_ids: Iterable[int], now: int, seq: int) -> int:
    """Mark listings that a complete read of the cart no longer had, and let their namesakes be looked at again.

    One that waits for a batch that the cart applies later goes on waiting, for the case that it comes back before.
    """
    numbers = list(listing_ids)
    tx.executemany(
        "UPDATE listing SET gone_at = ?, seq = ?, pending = 0, "
        "inflight = (SELECT b.id FROM push_batch AS b WHERE b.id = listing.inflight AND b.state = 'submitted'), "
        "run_id = CASE WHEN outcome = 'planned' THEN NULL ELSE run_id END WHERE id = ?",
        [(now, seq, number) for number in numbers],
    )
    if numbers:
        tx.execute(
            "UPDATE listing SET seq = ? WHERE cart_id = ? AND key IN "
            "(SELECT key FROM listing WHERE id IN (SELECT value FROM json_each(?)))",
            (seq, cart_id, json.dumps(numbers)),
        )
    return len(numbers)


_CHANGED = """
SELECT l.id FROM (SELECT DISTINCT +product_id AS product_id FROM level WHERE seq > :mark) AS s
  CROSS JOIN listing AS l ON l.cart_id = :cart AND l.product_id = s.product_id WHERE l.gone_at IS NULL
UNION
SELECT l.id FROM (SELECT DISTINCT +k.kit_id AS kit_id FROM level AS v
  CROSS JOIN kit_component AS k ON k.component_id = v.product_id WHERE v.seq > :mark) AS s
  CROSS JOIN listing AS l ON l.cart_id = :cart AND l.product_id = s.kit_id WHERE l.gone_at IS NULL
UNION
SELECT l.id FROM (SELECT id FROM product INDEXED BY product_seq WHERE seq > :mark) AS s
  CROSS JOIN listing AS l ON l.cart_id = :cart AND l.product_id = s.id WHERE l.gone_at IS NULL
UNION
SELECT l.id FROM (SELECT DISTINCT +k.kit_id AS kit_id FROM product AS p INDEXED BY product_seq
  CROSS JOIN kit_component AS k ON k.component_id = p.id WHERE p.seq > :mark) AS s
  CROSS JOIN listing AS l ON l.cart_id = :cart AND l.product_id = s.kit_id WHERE l.gone_at IS NULL
UNION
SELECT id FROM listing INDEXED BY listing_seq WHERE cart_id = :cart AND seq > :mark AND gone_at IS NULL
UNION
SELECT id FROM listing INDEXED BY listing_pending WHERE cart_id = :cart AND pending <> 0 AND gone_at IS NULL
ORDER BY 1
"""


def changed_since(cx: sqlite3.Connection, cart_id: int, mark: int) -> array[int]:
    """Ids of the listings that a plan has to look at: all of them for mark 0, else what moved after it or is pending.

    Starts from what changed, so it costs that and not what exists; CROSS JOIN and INDEXED BY fix the way for a database
    whose statistics do not tell that little changed, and the plus signs keep it from walking an index of all rows to
    spare itself the DISTINCT.
    """
    if mark == 0:
        return array("q", present_ids(cx, cart_id))
    return array("q", (row[0] for row in cx.execute(_CHANGED, {"cart": cart_id, "mark": mark})))


def plan_rows(cx: sqlite3.Connection, listing_ids: Sequence[int]) -> list[PlanRow]:
    """Some listings for the plan."""
    rows = cx.execute(
        "SELECT l.id, l.ref, l.sku, l.product_id, l.match_reason, l.tracked, l.skip, l.override, l.excluded, l.locked, "
        "l.allocated, l.observed, l.acked, l.inflight, l.run_id, l.outcome, coalesce(p.is_kit, 0) AS is_kit, l.reason, l.heal, "
        "coalesce(p.inactive, 0) AS inactive, coalesce(p.uncounted, 0) AS uncounted, l.desired, l.cap "
        "FROM listing l LEFT JOIN product p ON p.id = l.product_id WHERE l.id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(listing_ids)),),
    )
    return named_rows.filled(PlanRow, rows)


_STORED: Mapping[str | None, str] = {reason.value: reason.stored for reason in Reason if reason.stored != reason.value}
"""Reasons that the store has under another code."""


def decide(tx: sqlite3.Connection, rows: Iterable[Decided]) -> None:
    """Record what a plan found. One that is right needs no correction any more."""
    stored_rows = (row._replace(reason=_STORED[row.reason]) if row.reason in _STORED else row for row in rows)
    tx.executemany(
        "UPDATE listing SET desired = ?1, target = ?2, outcome = ?3, reason = ?4, error = ?5, pending = ?6, run_id = ?7, "
        "heal = CASE WHEN ?3 = 'equal' THEN 0 ELSE heal END WHERE id = ?8",
        stored_rows,
    )


def confirm_equal(tx: sqlite3.Connection, listing_ids: Iterable[int], now: int) -> None:
    """The cart was found to show what the rules say: that counts as synced, without a write to the cart."""
    tx.executemany(
        "UPDATE listing SET acked = desired, shown = target, synced_at = ?, pending = 0, heal = 0 WHERE id = ?",
        [(now, number) for number in listing_ids],
    )


class ToPush(NamedTuple):
    """A planned listing. `target` is in the cart's basis as of the plan; `allocated` and `observed` as last read."""

    id: int
    ref: str
    sku: str
    desired: int
    target: int
    observed: int | None


class PlannedChange(NamedTuple):
    """What a planned listing shows as far as is known, and what it is to show. Sellable units."""

    id: int
    shows: int | None
    desired: int
    group: str
    """Listings of one group are set by one request."""


def planned_changes(cx: sqlite3.Connection, run_id: int, after: int, limit: int) -> list[PlannedChange]:
    """The next planned listings of a run, by id."""
    rows = cx.execute(
        "SELECT id, coalesce(observed - allocated, acked), desired, batch_group FROM listing "
        "WHERE run_id = ? AND outcome = 'planned' AND inflight IS NULL AND id > ? ORDER BY id LIMIT ?",
        (run_id, after, limit),
    )
    return named_rows.filled(PlannedChange, rows)


def groups(cx: sqlite3.Connection, listing_ids: Sequence[int]) -> dict[int, str]:
    """The group of each of some listings, by number."""
    sql = "SELECT id, batch_group FROM listing WHERE id IN (SELECT value FROM json_each(?))"
    return dict(cx.execute(sql, (json.dumps(list(listing_ids)),)).fetchall())


def planned(cx: sqlite3.Connection, run_id: int, listing_ids: Sequence[int]) -> list[ToPush]:
    """Those of some listings that are still planned by a run and wait for no answer, in the order that is given."""
    rows = cx.execute(
        "SELECT id, ref, sku, desired, target, observed FROM listing WHERE id IN (SELECT value FROM json_each(?)) "
        "AND run_id = ? AND outcome = 'planned' AND inflight IS NULL",
        (json.dumps(list(listing_ids)), run_id),
    )
    by_id = {row[0]: row for row in named_rows.filled(ToPush, rows)}
    return [by_id[number] for number in listing_ids if number in by_id]


def end_planned(
    tx: sqlite3.Connection, run_id: int, outcome: Outcome, reason: str, error: Redacted | None = None
) -> int:
    """Give every listing that a run did not get to the same end; it stays pending for the next run.

    One that still waits for the answer to a batch is in doubt instead.
    """
    tx.execute(
        "UPDATE listing SET outcome = 'in_doubt', error = ?, pending = 1 "
        "WHERE run_id = ? AND outcome = 'planned' AND inflight IS NOT NULL",
        (error or "", run_id),
    )
    return tx.execute(
        "UPDATE listing SET outcome = ?, reason = ?, error = ?, pending = 1 WHERE run_id = ? AND outcome = 'planned'",
        (outcome.value, _STORED.get(reason, reason), error or "", run_id),
    ).rowcount


class OutcomeCount(NamedTuple):
    """How many SKUs of a run ended with an outcome, for a reason."""

    outcome: str
    reason: str | None
    n: int


def outcomes(cx: sqlite3.Connection, run_id: int) -> list[OutcomeCount]:
    """How a run ended over its listings and over the products that its cart does not list."""
    rows = cx.execute(
        "SELECT outcome, reason, count(*) FROM listing WHERE run_id = ? GROUP BY outcome, reason "
        "UNION ALL SELECT 'skipped', reason, count(*) FROM unlisted WHERE run_id = ? GROUP BY reason",
        (run_id, run_id),
    )
    return named_rows.filled(OutcomeCount, rows)


def forget_where_changed(tx: sqlite3.Connection, listing_ids: Sequence[int], seq: int) -> int:
    """What the cart accepted of some listings does not count where it shows another number. Returns how many these are."""
    return tx.execute(
        "UPDATE listing SET acked = NULL, pending = 1, seq = ? WHERE id IN (SELECT value FROM json_each(?)) "
        "AND acked IS NOT NULL AND gone_at IS NULL AND (observed IS NULL OR observed - allocated <> acked)",
        (seq, json.dumps(list(listing_ids))),
    ).rowcount


def doubted(cx: sqlite3.Connection, cart_id: int) -> list[tuple[int, str]]:
    """(number, reference) of the listings that are to be compared with what the cart shows, not with what it accepted,
    and of those that it refused: it may not have them any more."""
    sql = (
        "SELECT id, ref FROM listing INDEXED BY listing_pending WHERE cart_id = ? AND pending <> 0 AND gone_at IS NULL "
        "AND inflight IS NULL AND (heal = 1 OR (acked IS NULL AND synced_at IS NOT NULL) "
        "OR (outcome = 'failed' AND reason IN ('REJECTED_BY_CART', 'NOT_IN_CART'))) ORDER BY id"
    )
    return [(row[0], row[1]) for row in cx.execute(sql, (cart_id,))]


def another(cx: sqlite3.Connection, cart_id: int, listing_ids: Sequence[int]) -> tuple[int, str] | None:
    """(number, reference) of a listing beside some, that the cart accepted a number for; None where there is none."""
    sql = (
        "SELECT id, ref FROM listing INDEXED BY listing_observed WHERE cart_id = ? AND gone_at IS NULL AND acked IS NOT NULL "
        "AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY observed_at DESC, id DESC LIMIT 1"
    )
    row = cx.execute(sql, (cart_id, json.dumps(list(listing_ids)))).fetchone()
    return None if row is None else (row[0], row[1])


class StockFacts(NamedTuple):
    """What a plan would do to the cart as a whole."""

    to_set: int
    to_zero: int
    in_stock: int
    to_jump: int = 0


_ENDS = ", ".join(f"'{outcome}'" for outcome in Outcome)


def samples(cx: sqlite3.Connection, run_id: int, reason: str, limit: int = 5) -> list[str]:
    """A few SKUs of a run with one reason: the first by outcome and number, as the index has them."""
    rows = cx.execute(
        "SELECT sku FROM (SELECT sku FROM listing INDEXED BY listing_run WHERE run_id = ? AND reason = ? "
        f"AND outcome IN ({_ENDS}) LIMIT ?) UNION ALL "
        "SELECT sku FROM (SELECT p.sku FROM unlisted u JOIN product p ON p.id = u.product_id "
        "WHERE u.run_id = ? AND u.reason = ? LIMIT ?) LIMIT ?",
        (run_id, reason, limit, run_id, reason, limit, limit),
    )
    return [row[0] for row in rows]


def refresh(tx: sqlite3.Connection, rows: Iterable[tuple[int, int | None, int, int]]) -> None:
    """(target, observed, allocated, listing id) as just read from the cart, right before a push."""
    tx.executemany("UPDATE listing SET target = ?, observed = ?, allocated = ? WHERE id = ?", rows)


def mark_equal(tx: sqlite3.Connection, listing_ids: Sequence[int], now: int) -> None:
    """Planned listings that turned out to show the right quantity already."""
    confirm_equal(tx, listing_ids, now)
    tx.executemany(
        "UPDATE listing SET outcome = 'equal', reason = coalesce(reason, 'UNCHANGED') WHERE id = ?",
        [(number,) for number in listing_ids],
    )


def fail_planned(tx: sqlite3.Connection, listing_ids: Sequence[int], reason: str, error: Redacted) -> None:
    """Planned listings that cannot be sent at all."""
    tx.executemany(
        "UPDATE listing SET outcome = 'failed', reason = ?, error = ?, pending = 1 WHERE id = ?",
        [(_STORED.get(reason, reason), error, number) for number in listing_ids],
    )
