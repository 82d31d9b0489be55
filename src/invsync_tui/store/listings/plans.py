"""Kept plans of pushes, and what a held run would send by group."""

from __future__ import annotations

import json
import sqlite3
import zlib
from array import array
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.rules.redaction import Redacted
from invsync_tui.store import named_rows
from invsync_tui.store.listings.listings import StockFacts
from invsync_tui.store.listings.push_batches import Item
from invsync_tui.store.runs import runs, waiting_requests

KEPT = 20
"""Plans of a cart that are kept beside those that a run is bound to."""
UNKNOWN = -1


class Changes(NamedTuple):
    """Listings of a plan in parallel columns; `before` is UNKNOWN where nobody knows what the cart shows."""

    ids: array[int]
    before: array[int]
    after: array[int]

    @classmethod
    def none(cls) -> Changes:
        """Changes without a listing, to be filled by `add`."""
        return cls(array("q"), array("q"), array("q"))

    def add(self, listing_id: int, before: int | None, after: int) -> None:
        """Add a listing: what it shows (None: unknown) and what it would show, in sellable units."""
        self.ids.append(listing_id)
        self.before.append(UNKNOWN if before is None else before)
        self.after.append(after)


class KeptPlan(NamedTuple):
    """A plan as it is stored. `trips` is a JSON list of {breaker, measure, text}."""

    id: int
    cart_id: int
    kind: str
    of_run: int | None
    made_at: int
    made_by: str
    reason: Redacted
    rules_rev: int
    seq: int
    n: int
    trips: str
    changes: Changes

    @property
    def explicit(self) -> bool:
        """It was not made from the settings: an undo or a safe level."""
        return self.kind != "rules"


def keep(tx: sqlite3.Connection, plan: KeptPlan) -> int:
    """Store a plan under a number of its own (that of `plan` is not used); old ones of the cart go."""
    done = tx.execute(
        "INSERT INTO plan (cart_id, kind, of_run, made_at, made_by, reason, rules_rev, seq, n, trips, rows) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*plan[1:11], _packed(plan.changes)),
    )
    tx.execute(
        "DELETE FROM plan WHERE cart_id = ?1 AND id NOT IN (SELECT id FROM plan WHERE cart_id = ?1 ORDER BY id DESC LIMIT ?2) "
        "AND id NOT IN (SELECT plan_id FROM run WHERE kind = 'push' AND key = ?1 AND plan_id IS NOT NULL)",
        (plan.cart_id, KEPT),
    )
    return int(done.lastrowid or 0)


def get(cx: sqlite3.Connection, plan_id: int) -> KeptPlan | None:
    """A kept plan; None if there is none of this number (any more)."""
    row = cx.execute(
        "SELECT id, cart_id, kind, of_run, made_at, made_by, reason, rules_rev, seq, n, trips, rows FROM plan WHERE id = ?",
        (plan_id,),
    ).fetchone()
    return KeptPlan._make((*row[:-1], _unpacked(row[-1]))) if row else None


def of_run(cx: sqlite3.Connection, run_id: int) -> KeptPlan | None:
    """The plan that a run is bound to."""
    (number,) = cx.execute("SELECT plan_id FROM run WHERE id = ?", (run_id,)).fetchone()
    return get(cx, number) if number is not None else None


class BoundRun(NamedTuple):
    """A push, and the plan that it sends; None where it makes its own."""

    id: int
    state: str
    plan_id: int | None


def applied_by(cx: sqlite3.Connection, plan: KeptPlan) -> BoundRun | None:
    """The newest run that is or was bound to a plan."""
    return named_rows.first(
        BoundRun,
        cx.execute(
            "SELECT id, state, plan_id FROM run WHERE kind = 'push' AND key = ? AND plan_id = ? ORDER BY id DESC LIMIT 1",
            (plan.cart_id, plan.id),
        ),
    )


def _packed(changes: Changes) -> bytes:
    whole = array("q", bytes(24 * len(changes.ids)))
    for n, column in enumerate(changes):
        whole[n::3] = column
    return zlib.compress(whole.tobytes(), 1)


def _unpacked(body: bytes) -> Changes:
    whole = array("q")
    whole.frombytes(zlib.decompress(body))
    return Changes(whole[0::3], whole[1::3], whole[2::3])


class CartRow(NamedTuple):
    """What a plan has to know of its cart."""

    id: int
    merchant_id: int
    name: str
    rules_rev: int
    jump_factor: int


def cart(cx: sqlite3.Connection, cart_id: int) -> CartRow | None:
    """A cart; None if it is gone."""
    return named_rows.first(
        CartRow, cx.execute("SELECT id, merchant_id, name, rules_rev, jump_factor FROM cart WHERE id = ?", (cart_id,))
    )


# --- binding a run ---------------------------------------------------------------------------------------------------


def open_run(cx: sqlite3.Connection, cart_id: int) -> BoundRun | None:
    """The cart's push that has not ended; the active one before a requested one."""
    return named_rows.first(
        BoundRun,
        cx.execute(
            "SELECT id, state, plan_id FROM run WHERE kind = 'push' AND key = ? "
            "AND state IN ('requested', 'running', 'cancelling', 'held') ORDER BY state = 'requested' LIMIT 1",
            (cart_id,),
        ),
    )


def bind(tx: sqlite3.Connection, run_id: int, plan_id: int, accepted: str, now: int) -> None:
    """Let a requested or held run send this plan. What it waited for, it is asked for once more afterwards.

    `accepted`: JSON object of safety rule to the measure that was shown with the plan.
    """
    run = runs.get(tx, run_id)
    if run is not None and run.state == "requested" and (run.after_run is not None or run.full):
        waiting_requests.add(tx, run, waiting_requests.of_itself(run))
    tx.execute(
        "UPDATE run SET plan_id = ?1, "
        "state = 'requested', released = ?2, groups = '', requested_at = ?3, started_at = NULL, rev = rev + 1 WHERE id = ?4",
        (plan_id, accepted, now, run_id),
    )


# --- what a run would send -------------------------------------------------------------------------------------------


class PlannedListing(NamedTuple):
    """A listing as its present run left it."""

    id: int
    sku: str
    desired: int | None
    outcome: str | None
    run_id: int | None
    name: str


def sending(cx: sqlite3.Connection, run_id: int) -> list[PlannedListing]:
    """Listings that a run would send, or has sent before it was interrupted."""
    rows = cx.execute(
        "SELECT id, sku, desired, outcome, run_id, name FROM listing WHERE run_id = ?1 "
        "AND (outcome IN ('planned', 'set', 'in_doubt') "
        "OR outcome = 'submitted' AND inflight IN (SELECT id FROM push_batch WHERE run_id = ?1))",
        (run_id,),
    )
    return named_rows.filled(PlannedListing, rows)


def listings(cx: sqlite3.Connection, listing_ids: Iterable[int]) -> list[PlannedListing]:
    """Some listings as they are."""
    rows = cx.execute(
        "SELECT id, sku, desired, outcome, run_id, name FROM listing WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        (json.dumps(list(listing_ids)),),
    )
    return named_rows.filled(PlannedListing, rows)


def not_listed(cx: sqlite3.Connection, cart_id: int) -> int:
    """Products that the cart does not list, as far as plans have looked: runs count them as skipped, and no plan has them."""
    return int(cx.execute("SELECT count(*) FROM unlisted WHERE cart_id = ?", (cart_id,)).fetchone()[0])


def in_stock(cx: sqlite3.Connection, cart_id: int, most: int) -> int:
    """Listings of a cart that show stock now, counted up to `most`; all of them for -1."""
    sql = (
        "SELECT count(*) FROM (SELECT 1 FROM listing INDEXED BY listing_observed WHERE cart_id = ? AND gone_at IS NULL "
        "AND coalesce(observed - allocated, acked) > 0 LIMIT ?)"
    )
    return int(cx.execute(sql, (cart_id, most)).fetchone()[0]) if most else 0


# --- plans that no settings make -------------------------------------------------------------------------------------


def replaced(cx: sqlite3.Connection, run_id: int) -> list[Item]:
    """What the batches of a run set, and what each listing showed before the first of them; by listing."""
    items_by_listing: dict[int, Item] = {}
    rows = cx.execute(
        "SELECT items FROM push_batch WHERE run_id = ? AND state = 'answered' ORDER BY created_at, rowid", (run_id,)
    )
    for (items,) in rows:
        for item in (Item(*values) for values in json.loads(items)):
            first = items_by_listing.get(item.listing_id, item)
            # What it showed before, in the basis of the newest row, so that target - before stays what was changed.
            moved = (item.target - item.desired) - (first.target - first.desired)
            before = None if first.before is None else first.before + moved
            items_by_listing[item.listing_id] = item._replace(before=before)
    return [items_by_listing[number] for number in sorted(items_by_listing)]


def accepted(cx: sqlite3.Connection, listing_ids: Sequence[int]) -> dict[int, int | None]:
    """What the cart last accepted for some listings that it still has, by listing."""
    rows = cx.execute(
        "SELECT id, acked FROM listing WHERE gone_at IS NULL AND id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(listing_ids)),),
    )
    return dict(rows.fetchall())


def shown_quantities(cx: sqlite3.Connection, cart_id: int) -> Iterable[tuple[int, int | None]]:
    """(listing, sellable quantity that it shows as far as is known) of all listings of a cart."""
    return cx.execute(
        "SELECT id, coalesce(observed - allocated, acked) FROM listing INDEXED BY listing_observed WHERE cart_id = ? "
        "AND gone_at IS NULL ORDER BY id",
        (cart_id,),
    )


class ShownListing(NamedTuple):
    """A listing by its folded code and its SKU, and the sellable quantity that it shows as far as is known."""

    id: int
    key: str
    sku: str
    shows: int | None


def shown_quantities_of(cx: sqlite3.Connection, cart_id: int, keys: Sequence[str]) -> list[ShownListing]:
    """The listings with some folded codes."""
    rows = cx.execute(
        "SELECT id, key, sku, coalesce(observed - allocated, acked) FROM listing WHERE cart_id = ? AND gone_at IS NULL "
        "AND key IN (SELECT value FROM json_each(?)) ORDER BY id",
        (cart_id, json.dumps(list(keys))),
    )
    return named_rows.filled(ShownListing, rows)


class UntouchedListing(NamedTuple):
    """A listing that a run did not touch, and why."""

    outcome: str
    reason: str | None
    error: str
    run_id: int
    seq: int
    id: int


def mark_untouched(tx: sqlite3.Connection, rows: Iterable[UntouchedListing]) -> None:
    """Account for listings without touching what they should show; the next plan looks at them."""
    tx.executemany("UPDATE listing SET outcome = ?, reason = ?, error = ?, run_id = ?, seq = ? WHERE id = ?", rows)


def mark_dirty(tx: sqlite3.Connection, listing_ids: Iterable[int], seq: int) -> None:
    """Let the next plan by the settings look at listings that were set past them."""
    tx.executemany("UPDATE listing SET seq = ? WHERE id = ?", [(seq, number) for number in listing_ids])


# --- freezing --------------------------------------------------------------------------------------------------------


class Frozen(NamedTuple):
    """Since when, by whom and why nothing is pushed."""

    at: int
    by: str
    why: Redacted


def frozen(cx: sqlite3.Connection, table: str, number: int) -> Frozen | None:
    """Of a `cart` or a `merchant`; None where it is not."""
    sql = f"SELECT frozen_at AS at, frozen_by AS by, frozen_why AS why FROM {table} WHERE id = ? AND frozen_at IS NOT NULL"
    return named_rows.first(Frozen, cx.execute(sql, (number,)))


def freeze(tx: sqlite3.Connection, table: str, number: int, how: Frozen | None) -> None:
    """Freeze or, with None, unfreeze a `cart` or a `merchant`."""
    tx.execute(
        f"UPDATE {table} SET frozen_at = ?, frozen_by = ?, frozen_why = ? WHERE id = ?",
        (*(how or (None, "", "")), number),
    )


def by_settings(cx: sqlite3.Connection, table: str, number: int) -> list[int]:
    """Pushes of a `cart` or a `merchant` that are sending what the settings say, not what an operator applied."""
    key = "key" if table == "cart" else "merchant_id"
    rows = cx.execute(
        f"SELECT id FROM run WHERE kind = 'push' AND {key} = ? AND state = 'running' "
        "AND (plan_id IS NULL OR plan_id IN (SELECT id FROM plan WHERE kind = 'rules')) ORDER BY id",
        (number,),
    )
    return [row[0] for row in rows]


def all_frozen(cx: sqlite3.Connection) -> dict[int, Frozen]:
    """By cart, what is frozen by itself or with its merchant."""
    rows = cx.execute(
        "SELECT c.id, coalesce(c.frozen_at, m.frozen_at), CASE WHEN c.frozen_at IS NULL THEN m.frozen_by ELSE c.frozen_by END, "
        "CASE WHEN c.frozen_at IS NULL THEN m.frozen_why ELSE c.frozen_why END FROM cart AS c "
        "JOIN merchant AS m ON m.id = c.merchant_id WHERE c.frozen_at IS NOT NULL OR m.frozen_at IS NOT NULL"
    )
    return dict(named_rows.keyed(Frozen, rows))


def waiting(cx: sqlite3.Connection, cart_ids: Sequence[int]) -> int:
    """Listings of some carts that were to be set and wait because of a freeze."""
    sql = (
        "SELECT count(*) FROM listing INDEXED BY listing_pending WHERE cart_id = ? AND pending <> 0 AND gone_at IS NULL "
        "AND reason = 'FROZEN'"
    )
    return sum(int(cx.execute(sql, (number,)).fetchone()[0]) for number in cart_ids)


SHOWS = "coalesce(l.observed - l.allocated, l.acked)"
"""Sellable units that the cart shows as far as we know; an acknowledged write is an observation too."""
GROUP = (
    f"CASE WHEN l.desired = 0 AND {SHOWS} > 0 THEN 'zero' "
    f"WHEN :factor > 0 AND l.desired > 0 AND {SHOWS} > 0 "
    f"AND (l.desired > {SHOWS} * :factor OR {SHOWS} > l.desired * :factor) THEN 'jump' ELSE 'rest' END"
)
"""The group of a listing `l`, by the cart's `:factor`; see `rules.safety.group`, which says the same of two numbers."""


def facts(cx: sqlite3.Connection, cart_id: int, run_id: int, factor: int) -> StockFacts:
    """What the planned listings of a run would do. The whole cart is looked at only if there are any."""
    numbers = counts(cx, run_id, Outcome.PLANNED, factor)
    to_set = sum(numbers.values())
    if not to_set:
        return StockFacts(0, 0, 0)
    (in_stock,) = cx.execute(
        "SELECT count(*) FROM listing AS l INDEXED BY listing_observed WHERE l.cart_id = ? AND l.gone_at IS NULL "
        f"AND {SHOWS} > 0",
        (cart_id,),
    ).fetchone()
    return StockFacts(to_set, numbers.get("zero", 0), in_stock, numbers.get("jump", 0))


def counts(cx: sqlite3.Connection, run_id: int, outcome: Outcome, factor: int) -> dict[str, int]:
    """By group, the listings of a run with an outcome: planned ones, or those that it held."""
    rows = cx.execute(
        f"SELECT {GROUP}, count(*) FROM listing AS l INDEXED BY listing_run "
        "WHERE l.run_id = :run AND l.outcome = :outcome GROUP BY 1",
        {"run": run_id, "outcome": outcome.value, "factor": factor},
    )
    return dict(rows.fetchall())


def keep_back(tx: sqlite3.Connection, run_id: int, released: Collection[str], factor: int) -> int:
    """Hold the planned listings of all but the released groups; they stay pending. Returns how many."""
    return tx.execute(
        "UPDATE listing AS l SET outcome = :held, reason = :reason, pending = 1 "
        "WHERE l.run_id = :run AND l.outcome = 'planned' AND l.inflight IS NULL "
        f"AND {GROUP} NOT IN (SELECT value FROM json_each(:released))",
        {
            "run": run_id, "factor": factor, "released": json.dumps(sorted(released)),
            "held": Outcome.HELD.value, "reason": Reason.HELD_FOR_REVIEW.stored,
        },
    ).rowcount  # fmt: skip


def emptied(cx: sqlite3.Connection, warehouse_id: int, since: int, seq: int) -> int:
    """Levels that lost all their stock since a time and a write batch, of a warehouse that has none left; 0 if it has some."""
    if cx.execute(_ANY_STOCK, (warehouse_id,)).fetchone() is not None:
        return 0
    return int(cx.execute(_LOST, (warehouse_id, seq, since)).fetchone()[0])


_ANY_STOCK = (
    "SELECT 1 FROM level WHERE warehouse_id = ? AND available > 0 AND missing_since IS NULL LIMIT 1"  # level_available
)
_LOST = """
SELECT count(*) FROM level AS v WHERE v.warehouse_id = ?1 AND v.seq > ?2
  AND (v.missing_since >= ?3 AND v.available > 0 OR EXISTS (SELECT 1 FROM level_history AS h
    WHERE h.product_id = v.product_id AND h.warehouse_id = ?1 AND h.at >= ?3 AND h.before > 0))
"""
