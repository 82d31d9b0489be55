"""Push batches: each is recorded with its exact body before it is sent, and answered in one transaction.

An answer counts only while the listing still waits for that very batch, so a late one never wins. A batch that the cart
applies later is `submitted`: its listings wait for it under its ticket.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from invsync_tui.rules.redaction import Redacted
from invsync_tui.store.named_rows import filled, pick, records


class Item(NamedTuple):
    """A row of a batch: set `target` (cart's basis) for the listing, so that `desired` is sellable."""

    listing_id: int
    ref: str
    desired: int
    target: int
    before: int | None


class Batch(NamedTuple):
    """A recorded batch. `answer_by_ms`: epoch milliseconds after which its request cannot be on its way any more.

    `within_ms`: for how long it may be, counted from its sending; 0 where that was not recorded.
    """

    id: str
    cart_id: int
    run_id: int
    epoch: int
    items: tuple[Item, ...]
    body: bytes
    state: str
    attempts: int
    answer_by_ms: int
    within_ms: int = 0
    ticket: str = ""
    """Of a submitted one."""
    look_after: int | None = None
    """Epoch seconds before which nobody asks what became of it."""
    give_up_at: int | None = None
    """Epoch seconds after which the listings of a submitted one are read back."""
    created_at: int = 0
    """Epoch seconds at which it was recorded, and its key was new."""


def items_of(text: str) -> tuple[Item, ...]:
    """The rows of a batch as they are stored."""
    return tuple(map(Item._make, json.loads(text)))


class Waits(NamedTuple):
    """When a batch is looked at again, in epoch seconds. `give_up_at` None: it is not submitted."""

    look_after: int
    give_up_at: int | None


class Answer(NamedTuple):
    """The end of one row: `shown` is what the cart is known to show now, None if unknown."""

    item: Item
    outcome: str
    reason: str | None
    error: str
    shown: int | None


def intend(tx: sqlite3.Connection, batch: Batch, now: int) -> None:
    """Record a batch that is about to be sent and tie its listings to it."""
    tx.execute(
        "INSERT INTO push_batch (id, cart_id, run_id, epoch, items, body, state, attempts, created_at, answer_by_ms, within_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, 'intent', 1, ?, ?, ?)",
        (
            batch.id,
            batch.cart_id,
            batch.run_id,
            batch.epoch,
            json.dumps(batch.items),
            batch.body,
            now,
            batch.answer_by_ms,
            batch.within_ms,
        ),
    )
    tx.executemany(
        "UPDATE listing SET inflight = ? WHERE id = ?", [(batch.id, item.listing_id) for item in batch.items]
    )


def repeat(tx: sqlite3.Connection, batch_id: str, epoch: int, answer_by_ms: int, within_ms: int) -> None:
    """The same body is about to be sent once more."""
    tx.execute(
        "UPDATE push_batch SET attempts = attempts + 1, epoch = ?, answer_by_ms = ?, within_ms = ? WHERE id = ?",
        (epoch, answer_by_ms, within_ms, batch_id),
    )


def unfinished(cx: sqlite3.Connection, cart_id: int) -> list[Batch]:
    """Batches whose answer was never recorded, and those that the cart took and applies later, oldest first."""
    columns = (
        "SELECT rowid AS at, id, cart_id, run_id, epoch, items, body, state, attempts, answer_by_ms, within_ms, ticket, "
        "look_after, give_up_at, created_at FROM push_batch WHERE cart_id = ?1 AND state"
    )
    rows = records(
        cx,
        f"{columns} IN ('intent', 'in_doubt') UNION ALL {columns} = 'submitted' ORDER BY at",
        (cart_id,),
    )
    return [pick(Batch, row | {"items": items_of(row["items"])}) for row in rows]


def submitted(cx: sqlite3.Connection, cart_id: int) -> frozenset[str]:
    """Ids of the batches that the cart applies later."""
    sql = "SELECT id FROM push_batch WHERE cart_id = ? AND state = 'submitted'"
    return frozenset(row[0] for row in cx.execute(sql, (cart_id,)))


def next_look(cx: sqlite3.Connection, cart_id: int, now: int) -> int | None:
    """When the next batch of a cart is to be looked at again, of those whose time is still to come; None for none."""
    row = cx.execute(
        "SELECT min(at) FROM (SELECT min(look_after) AS at FROM push_batch "
        "WHERE cart_id = ?1 AND state = 'submitted' AND look_after > ?2 UNION ALL "
        "SELECT min(look_after) FROM push_batch WHERE cart_id = ?1 AND state IN ('intent', 'in_doubt') AND look_after > ?2)",
        (cart_id, now),
    ).fetchone()
    return None if row[0] is None else int(row[0])


def count_waits_anew(tx: sqlite3.Connection, cart_id: int, now: int, latest: int) -> None:
    """Waits that were noted after `latest`, by a clock that was ahead, begin once more: nobody knows what passed of them."""
    tx.execute(
        "UPDATE push_batch SET look_after = look_after - waits_since + ?2, give_up_at = give_up_at - waits_since + ?2, "
        "waits_since = ?2 WHERE cart_id = ?1 AND state IN ('intent', 'in_doubt', 'submitted') AND waits_since > ?3",
        (cart_id, now, latest),
    )


_ACKNOWLEDGE = """
UPDATE listing SET acked = ?1, shown = ?2, observed = ?2, observed_at = ?3, synced_at = ?3, acked_epoch = ?4,
  inflight = NULL, error = '', pending = (desired IS NOT ?1), heal = 0,
  outcome = CASE WHEN run_id = ?5 THEN 'set' ELSE outcome END WHERE id = ?6 AND inflight = ?7
"""

_FAIL = """
UPDATE listing SET inflight = NULL, pending = 1, error = ?1,
  acked = CASE WHEN ?5 = 'VERIFY_FAILED' THEN NULL ELSE acked END,
  observed = CASE WHEN ?5 = 'VERIFY_FAILED' THEN ?2 ELSE coalesce(?2, observed) END,
  outcome = CASE WHEN run_id = ?3 THEN ?4 ELSE outcome END, reason = CASE WHEN run_id = ?3 THEN ?5 ELSE reason END
WHERE id = ?6 AND inflight = ?7
"""


class Unkept(NamedTuple):
    """A listing that a run has set, and what it shows in the cart's basis."""

    listing_id: int
    ref: str
    quantity: int | None


def updated_by(cx: sqlite3.Connection, run_id: int, after: int, limit: int) -> list[Unkept]:
    """The next listings that a run has set, by id; `quantity` is what the cart answered."""
    rows = cx.execute(
        "SELECT id AS listing_id, ref, shown AS quantity FROM listing WHERE run_id = ? AND outcome = 'set' AND inflight IS NULL "
        "AND id > ? ORDER BY id LIMIT ?",
        (run_id, after, limit),
    )
    return filled(Unkept, rows)


def unkept(tx: sqlite3.Connection, row: Unkept, run_id: int, error: Redacted, now: int) -> None:
    """The cart answered with another quantity than it keeps: what it accepted last is not known any more."""
    tx.execute(
        "UPDATE listing SET outcome = 'failed', reason = 'VERIFY_FAILED', error = ?, acked = NULL, observed = ?, "
        "observed_at = ?, pending = 1 WHERE id = ? AND run_id = ? AND outcome = 'set' AND inflight IS NULL",
        (error, row.quantity, now, row.listing_id, run_id),
    )


def settle(tx: sqlite3.Connection, batch: Batch, answers: Iterable[Answer], run_id: int, now: int) -> None:
    """Record the ends of rows of a batch. `run_id` is the run that accounts for them, which may not be the sender.

    A row that could not be verified may have been applied: what the cart accepted last is no longer known then, so that
    going back to that quantity is written too.
    """
    for answer in answers:
        item = answer.item
        if answer.outcome == "set":
            row = (item.desired, item.target, now, batch.epoch, run_id, item.listing_id, batch.id)
            tx.execute(_ACKNOWLEDGE, row)
        else:
            reason = (answer.error, answer.shown, run_id, answer.outcome, answer.reason, item.listing_id, batch.id)
            tx.execute(_FAIL, reason)


def submit(tx: sqlite3.Connection, batch: Batch, ticket: str, waits: Waits, now: int) -> None:
    """The cart took the batch and applies it later: its listings wait for it and are not planned meanwhile."""
    tx.execute("UPDATE push_batch SET state = 'submitted', ticket = ?, error = '' WHERE id = ?", (ticket, batch.id))
    wait(tx, batch.id, waits, now)
    tx.executemany(
        "UPDATE listing SET outcome = 'submitted', error = '', pending = 1 WHERE id = ? AND inflight = ?",
        [(item.listing_id, batch.id) for item in batch.items],
    )


def wait(tx: sqlite3.Connection, batch_id: str, waits: Waits, now: int) -> None:
    """Note when a batch is looked at again."""
    tx.execute(
        "UPDATE push_batch SET look_after = ?, give_up_at = ?, waits_since = ? WHERE id = ?", (*waits, now, batch_id)
    )


def adopt(tx: sqlite3.Connection, batch: Batch, run_id: int) -> None:
    """What became of a batch is an outcome of the run that found out, where the listing should still show the same.

    One that should show something else by now has no outcome until it is planned again.
    """
    tx.executemany(
        "UPDATE listing SET run_id = iif(desired IS ?1, ?2, NULL), outcome = iif(desired IS ?1, outcome, NULL) "
        "WHERE id = ?3 AND inflight = ?4",
        [(item.desired, run_id, item.listing_id, batch.id) for item in batch.items],
    )


def not_applied(tx: sqlite3.Connection, batch: Batch, items: Sequence[Item], error: Redacted) -> None:
    """Listings that do not show what was submitted are told as failed until they are planned again."""
    tx.executemany(
        "UPDATE listing SET run_id = NULL, outcome = 'failed', reason = 'VERIFY_FAILED', error = ? "
        "WHERE id = ? AND inflight = ?",
        [(error, item.listing_id, batch.id) for item in items],
    )


def release(tx: sqlite3.Connection, batch: Batch, items: Sequence[Item]) -> None:
    """Untie listings from a batch that is known not to have been applied; they are planned again."""
    rows = [(item.listing_id, batch.id) for item in items]
    tx.executemany("UPDATE listing SET inflight = NULL, pending = 1 WHERE id = ? AND inflight = ?", rows)


def delete_old(tx: sqlite3.Connection, batch: Batch, items: Sequence[Item]) -> None:
    """Untie listings from a batch of which nobody knows whether it was applied: the cart may show either quantity."""
    rows = [(item.listing_id, batch.id) for item in items]
    tx.executemany(
        "UPDATE listing SET inflight = NULL, pending = 1, acked = NULL, observed = NULL WHERE id = ? AND inflight = ?",
        rows,
    )


def end(tx: sqlite3.Connection, batch_id: str, state: str, error: Redacted, now: int) -> None:
    """Close a batch (`answered`, `refused`), or mark it `in_doubt` for the next attempt or run."""
    tx.execute("UPDATE push_batch SET state = ?, error = ?, ended_at = ? WHERE id = ?", (state, error, now, batch_id))


def doubt(tx: sqlite3.Connection, batch: Batch, run_id: int, error: Redacted) -> None:
    """No attempt found out what became of the batch: its listings end in doubt and stay tied to it."""
    tx.execute("UPDATE push_batch SET state = 'in_doubt', error = ? WHERE id = ?", (error, batch.id))
    tx.executemany(
        "UPDATE listing SET outcome = 'in_doubt', error = ?, pending = 1 WHERE id = ? AND inflight = ? AND run_id = ?",
        [(error, item.listing_id, batch.id, run_id) for item in batch.items],
    )
