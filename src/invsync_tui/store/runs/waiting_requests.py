"""Requests that wait behind a run, or that joined one: what each side wanted is kept until it was done.

A run serves every request that it fulfills at once. What it cannot fulfill, since it has begun already or waits for
something else, is written beside it (`run.again_for`) and becomes a run of its own when it ends.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from invsync_tui.store.runs.records import RunRequest, RunRow

LOOK = "look again"
"""The trigger of a run that looks at what a cart applies later. It waits for its time only while nobody asks for a run."""
WEBHOOK = "webhook"
"""The trigger of a run that reads again what a webhook announced."""
ORDER = "order"
"""The trigger of a run that is asked for since an order at another cart takes some of its stock."""
BY_THEMSELVES = frozenset({"schedule", "after pull", "again", WEBHOOK, ORDER, LOOK})
"""Triggers that are no person's wish: a person's request that joins such a run is named in their place."""


_GIVES_WAY = {True: frozenset({LOOK}), False: BY_THEMSELVES}
"""Triggers in whose place another one is named, by whether that one is no person's wish."""


class Wish(NamedTuple):
    """A request as it is kept. `after_again`: it waits for the run that follows `after_run` and is not there yet."""

    trigger: str
    by: str
    after_run: int | None
    after_again: bool
    full: bool
    pushes: bool

    @property
    def condition(self) -> tuple[int | None, bool]:
        """What it waits for."""
        return self.after_run, self.after_again

    @property
    def origin(self) -> str:
        """Who asked, and on what occasion; an order says both: "order at CART"."""
        return self.by if self.trigger == ORDER else f"{self.by} ({self.trigger})"

    def joined(self, other: Wish) -> Wish:
        """Both as one, for the same condition; a person is named rather than the schedule."""
        first = other if self.trigger in _GIVES_WAY[other.trigger in BY_THEMSELVES] else self
        return first._replace(full=self.full or other.full, pushes=self.pushes or other.pushes)


def of_order(cx: sqlite3.Connection, order: RunRequest) -> Wish:
    """What is asked for. Who joined a running pull wants the one after it, which has not begun."""
    row = cx.execute("SELECT again FROM run WHERE id = ? AND ended_at IS NULL", (order.after_run,)).fetchone()
    again = bool(row and row[0])
    wish = Wish(order.trigger, order.by, order.after_run, again, bool(order.full), bool(order.pushes))
    return _fulfilled(cx, wish)


def _fulfilled(cx: sqlite3.Connection, wish: Wish) -> Wish:
    """Who waits for a run that has ended well waits for nothing any more."""
    row = cx.execute("SELECT 1 FROM run WHERE id = ? AND state = 'done'", (wish.after_run,)).fetchone()
    return wish._replace(after_run=None, after_again=False) if row else wish


def of_run(run: RunRow) -> list[Wish]:
    """The requests that wait behind a run."""
    return _wishes(run.again_for)


def _wishes(text: str) -> list[Wish]:
    """What `add` has written: JSON keeps a record as an array, in the order of its fields."""
    return [Wish(*values) for values in json.loads(text)]


def of_itself(run: RunRow) -> Wish:
    """What a run that has not begun was asked for."""
    return Wish(
        run.trigger, run.requested_by, run.after_run, bool(run.after_again), bool(run.full), bool(run.then_push)
    )


def join(tx: sqlite3.Connection, run: RunRow, wish: Wish, now: int) -> None:
    """A run that has not begun serves one request more. Of two conditions, that which waits for nothing is its own."""
    mine = _fulfilled(tx, of_itself(run))
    behind: Wish | None = None
    if mine.condition == wish.condition:
        joined = mine.joined(wish)
    elif wish.after_run is None:
        joined, behind = wish, mine
    else:
        joined, behind = mine, wish
    tx.execute(
        "UPDATE run SET trigger = ?, requested_by = ?, after_run = ?, after_again = ?, full = ?, then_push = ?, "
        "rev = rev + 1 WHERE id = ?",
        (*joined, run.id),
    )
    if wish.trigger not in BY_THEMSELVES:  # a person wants the shop as it is now: what was read before is not enough
        tx.execute("UPDATE run SET requested_at = max(requested_at, ?) WHERE id = ?", (now, run.id))
    if (wish.trigger, wish.by) != (mine.trigger, mine.by):
        _say(tx, run.id, now, f"Also requested by {wish.origin}.")
    if behind is not None:
        add(tx, run, behind)


def add(tx: sqlite3.Connection, run: RunRow, wish: Wish) -> None:
    """Let a request wait until a run has ended. Those with the same condition are one."""
    waiting = {waiting_wish.condition: waiting_wish for waiting_wish in of_run(run)}
    known = waiting.get(wish.condition)
    waiting[wish.condition] = known.joined(wish) if known is not None else wish
    tx.execute(
        "UPDATE run SET again = 1, again_for = ?, rev = rev + 1 WHERE id = ?", (json.dumps([*waiting.values()]), run.id)
    )


def orders(run: RunRow) -> list[RunRequest]:
    """The requests that waited behind a run that has ended, what waits for nothing first."""
    from invsync_tui.store.runs.records import RunRequest

    # A run that was bound to a plan owes what it was asked for before.
    wishes = of_run(run) or [of_itself(run)]
    return [
        RunRequest(run.kind, run.key, run.merchant_id, "again", wish.by, wish.after_run, wish.full, wish.pushes)
        for wish in sorted(wishes, key=lambda wish: wish.after_run or 0)
    ]


def follow(tx: sqlite3.Connection, run: RunRow, successor: int) -> None:
    """What waited for the run after this one waits for that, now that it is there."""
    tx.execute(
        "UPDATE run SET after_run = ?, after_again = 0 WHERE after_run = ? AND after_again = 1", (successor, run.id)
    )
    rows = tx.execute(
        "SELECT id, again_for FROM run WHERE merchant_id = ? AND again = 1", (run.merchant_id,)
    ).fetchall()
    for number, text in rows:
        before = _wishes(text)
        after = [
            wish._replace(after_run=successor, after_again=False) if wish.condition == (run.id, True) else wish
            for wish in before
        ]
        if after != before:
            tx.execute("UPDATE run SET again_for = ? WHERE id = ?", (json.dumps(after), number))


def add_origins(tx: sqlite3.Connection, run: RunRow, successor: int, now: int) -> None:
    """Say in the next run who asked for it while the one before was under way."""
    for wish in of_run(run):
        _say(tx, successor, now, f"Requested by {wish.origin} while run {run.id} was under way.")


def _say(tx: sqlite3.Connection, run_id: int, now: int, text: str) -> None:
    """An event, once."""
    tx.execute(
        "INSERT INTO run_event (run_id, n, at, level, text) SELECT ?1, coalesce(max(n), 0) + 1, ?2, 'info', ?3 "
        "FROM run_event WHERE run_id = ?1 HAVING coalesce(max(text = ?3), 0) = 0",
        (run_id, now, text),
    )
