"""What a push set: each row that it sent, from what to what, and what is known of its result."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from invsync_tui.operations.errors import OperationError, as_operation_error
from invsync_tui.operations.lists.filtering import FilteredRows, line_filter
from invsync_tui.operations.lists.listed_rows import Listed, few
from invsync_tui.operations.lists.rows import Ordering, PlaceKey, Rows
from invsync_tui.operations.lists.sorted_lines import Value, in_order
from invsync_tui.operations.runs.views import find
from invsync_tui.operations.session import Session
from invsync_tui.plain_text import counted
from invsync_tui.rules.listing_filter import CHANGES, SENT
from invsync_tui.rules.outcomes import Counts, Outcome, Reason
from invsync_tui.store.paging.sent_rows import SentRow, SentRows


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A row that a run sent. `before` and `set_to` are sellable units; `before` None is unknown.

    `result` is an outcome (set, failed, in_doubt, submitted), or `SENT`.
    """

    batch: int
    n: int
    listing_id: int
    cart_listing_id: str
    sku: str
    """The cart listing ID where the listing is no longer there."""
    name: str
    product_id: int | None
    product_sku: str | None
    before: int | None
    set_to: int
    change: int | None
    cart_before: int | None
    """What the cart showed, in its own basis: on hand, for carts that subtract their open orders."""
    cart_set_to: int
    result: str
    reason: str | None
    error: str


VALUES: Mapping[str, Callable[[ChangeLine], Value]] = {
    "sku": lambda line: line.sku,
    "name": lambda line: line.name,
    "before": lambda line: line.before,
    "set_to": lambda line: line.set_to,
    "change": lambda line: line.change,
    "result": lambda line: line.result,
    "reason": lambda line: line.reason,
}
"""What the changes of a run can be sorted by, where they are few."""
FILTERED: Mapping[str, Callable[[ChangeLine], Value]] = {
    **VALUES,
    "set-to": lambda line: line.set_to,
    "diff": lambda line: None if line.change is None else -line.change,
    "error": lambda line: line.error,
    "reason": lambda line: Reason(line.reason).stored if line.reason else None,
}
"""What they can be filtered by."""


def changes(session: Session, run_id: int, ordering: Ordering | None = None, text: str = "") -> Rows[ChangeLine]:
    """The rows that a push sent, in the order of its batches where no other is asked for. `text` is a filter
    (`rules.listing_filter.CHANGES`).

    OperationError for a download, which sends nothing, and for a filter that means nothing.
    """
    fulfills = line_filter(text, CHANGES, FILTERED, codes_of)
    run = find(session, run_id)
    if run.kind != "push":
        what = "an inventory download" if run.kind == "pull" else "a drift check"
        raise OperationError(f"Run {run_id} is {what}: it sends nothing to a cart. See: invsync runs {run_id}.")
    with as_operation_error(), session.store.reading() as cx:
        pages = SentRows(cx, run_id)
        sortable = ("", *(VALUES if few(pages) else ()))
    updated = Counts.from_dict(json.loads(run.counts)).set
    all_updated: bool | None = None

    def lines(rows: Sequence[Any]) -> list[ChangeLine]:
        nonlocal all_updated
        results = [_result(row, run_id) for row in rows]
        if all_updated is None and SENT in results:
            # Each SKU has one outcome: where as many were updated as rows were sent, every row was.
            all_updated = pages.count(updated + 1) == updated
        known = Outcome.SET.value if all_updated else SENT
        return [
            _line(row, known if result == SENT else result, run_id) for row, result in zip(rows, results, strict=True)
        ]

    listed: Rows[ChangeLine] = Listed(session, pages, lines, _place, sortable)
    return in_order(FilteredRows(listed, fulfills) if fulfills else listed, ordering, VALUES)


def why_none(session: Session, run_id: int) -> str:
    """Why a push lists no changes: it set nothing, or its batches are no longer kept."""
    counts = Counts.from_dict(json.loads(find(session, run_id).counts))
    if not counts.set:
        return f"Run {run_id} set nothing."
    return (
        f"Run {run_id} updated {counted(counts.set, 'listing')}; what they were set to is no longer kept. "
        "`batches` under [retention] in the configuration says for how many days it is."
    )


def codes_of(line: ChangeLine) -> tuple[str, ...]:
    return line.sku, line.cart_listing_id, line.product_sku or ""


def _place(line: ChangeLine) -> PlaceKey:
    return line.batch, line.n


def _line(row: SentRow, result: str, run_id: int) -> ChangeLine:
    item = row.item
    # Carts that store on hand were sent the sellable quantity and what their open orders have taken.
    taken = item.target - item.desired
    before = None if item.before is None else max(0, item.before - taken)
    of_this_run = row.decided_by == run_id and result != Outcome.SET
    return ChangeLine(
        batch=row.batch,
        n=row.n,
        listing_id=item.listing_id,
        cart_listing_id=item.ref,
        sku=row.sku or item.ref,
        name=row.name or "",
        product_id=row.product_id,
        product_sku=row.product_sku,
        before=before,
        set_to=item.desired,
        change=None if before is None else item.desired - before,
        cart_before=item.before,
        cart_set_to=item.target,
        result=result,
        reason=str(Reason(row.reason)) if of_this_run and row.reason else None,
        error=(row.error or "") if of_this_run else "",
    )


def _result(row: SentRow, run_id: int) -> str:
    """What became of a row: by its batch, by the listing where this run decided on it last, else by its history."""
    if row.state in ("intent", "in_doubt"):
        return Outcome.IN_DOUBT.value
    if row.state == "submitted":
        return Outcome.SUBMITTED.value
    if row.decided_by == run_id and row.outcome == Outcome.FAILED:
        return Outcome.FAILED.value
    if row.confirmed or (row.decided_by == run_id and row.outcome == Outcome.SET and row.acked == row.item.desired):
        return Outcome.SET.value
    return SENT
