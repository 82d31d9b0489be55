"""Runs of the past: filtered, compared with the one before, and down to the SKUs of a reason."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence

from invsync_tui.operations.errors import OperationError, as_operation_error
from invsync_tui.operations.listings.product_sync import lines
from invsync_tui.operations.lists.filtering import understood
from invsync_tui.operations.lists.list_views import ListingLine, RunDiff
from invsync_tui.operations.lists.listed_rows import Listed, chosen, few
from invsync_tui.operations.lists.rows import Ordering, PlaceKey, Rows
from invsync_tui.operations.lists.sorted_lines import Value, in_order
from invsync_tui.operations.runs.views import find, views
from invsync_tui.operations.session import Session
from invsync_tui.operations.views import RunRow, RunState
from invsync_tui.rules import words
from invsync_tui.rules.matching import normalize_key
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store.paging import listings
from invsync_tui.store.paging import runs as pages
from invsync_tui.store.paging.runs import RunFilter
from invsync_tui.store.runs import records

NEWEST = Ordering("run", descending=True)
_PLACES: Mapping[str, Callable[[RunRow], PlaceKey]] = {
    "run": lambda run: (run.id,),
    "merchant": lambda run: (run.merchant, run.id),
    "cart": lambda run: (run.cart or "", run.id),
    "state": lambda run: (run.state.value, run.id),
    "trigger": lambda run: (run.trigger, run.id),
    "by": lambda run: (run.requested_by, run.id),
    "asked": lambda run: (run.requested_at, run.id),
    "took": lambda run: (-1 if run.took is None else run.took, run.id),
    "skus": lambda run: (run.counts.total, run.id),
    "updated": lambda run: (run.counts.set, run.id),
    "failed": lambda run: (run.counts.failed, run.id),
}


def runs(
    session: Session,
    merchant_id: int | None = None,
    cart_id: int | None = None,
    state: RunState | str | None = None,
    trigger: str | None = None,
    who: str | None = None,
    since: int | None = None,
    until: int | None = None,
    ordering: Ordering | None = None,
) -> Rows[RunRow]:
    """Runs, newest first where no other order is asked for. Of a cart: its pushes. `since` and `until` are epoch seconds of
    the request, both included."""
    stored_trigger = None if trigger is None else words.stored(words.TRIGGERS, trigger)
    run_filter = RunFilter(
        merchant_id, cart_id, None if state is None else str(state), stored_trigger, who, since, until
    )
    with as_operation_error(), session.store.reading() as cx:
        small = few(pages.runs(cx, run_filter))
        order, descending, sortable = chosen(pages.ORDERS, ordering or NEWEST, small=small)
        run_pages = pages.runs(cx, run_filter, order, descending)

    def as_views(page: Sequence[records.RunRow]) -> list[RunRow]:
        return views(session, page)

    return Listed(session, run_pages, as_views, _PLACES[order.name], sortable)


def diff(session: Session, run_id: int) -> RunDiff:
    """A run against the one before it of the same pull or push."""
    run = find(session, run_id)
    with as_operation_error(), session.store.reading() as cx:
        before_id = pages.before(cx, run)
    before = find(session, before_id) if before_id is not None else None
    outcomes = _compared(run.counts, before.counts if before else "{}")
    reasons = tuple(
        (str(Reason(code)), was, now) for code, was, now in _compared(run.reasons, before.reasons if before else "{}")
    )
    return RunDiff(run_id, before_id, outcomes, reasons)


def _compared(now: str, then: str) -> tuple[tuple[str, int, int], ...]:
    """(name, then, now) of two JSON objects of counts, in the order of the newer one."""
    new: Mapping[str, int] = json.loads(now)
    old: Mapping[str, int] = json.loads(then)
    return tuple((name, old.get(name, 0), new.get(name, 0)) for name in dict.fromkeys([*new, *old]))


SKU_VALUES: Mapping[str, Callable[[ListingLine], Value]] = {
    "sku": lambda line: line.sku,
    "name": lambda line: line.name,
    "tracked": lambda line: line.tracked,
    "target": lambda line: line.target,
    "confirmed": lambda line: line.confirmed,
    "in_cart": lambda line: line.in_cart,
    "difference": lambda line: line.difference,
    "synced_at": lambda line: line.synced_at,
    "outcome": lambda line: line.outcome,
}
"""What the SKUs of a run can be sorted by, where they are few."""


def skus(
    session: Session, run_id: int, reason: Reason | str, ordering: Ordering | None = None, text: str = ""
) -> Rows[ListingLine]:
    """SKUs that a run ended with a reason. Those that the cart does not list come last, with a number below 0. `text` is a
    filter (`rules.listing_filter.LISTINGS`); OperationError for one that means nothing.

    A listing that a newer run has decided on since is no longer among them.
    """
    find(session, run_id)
    code, sought = Reason(reason).stored if reason else "", _sought(text)
    with as_operation_error(), session.store.reading() as cx:
        run_skus = listings.of_run(cx, run_id, code, sought)
        sortable = ("", *(SKU_VALUES if few(listings.of_run(cx, run_id, code).pages) else ()))

    def place(line: ListingLine) -> PlaceKey:
        part = "" if line.id < 0 else line.outcome or ""
        return run_skus.outcomes.index(part), abs(line.id)

    return in_order(Listed(session, run_skus.pages, lines, place, sortable), ordering, SKU_VALUES)


def _sought(text: str) -> listings.Sought:
    filtered = understood(text)
    return listings.Sought("all", normalize_key(filtered.text), filtered.conditions)


def of_outcome(
    session: Session, run_id: int, outcome: str, ordering: Ordering | None = None, text: str = ""
) -> Rows[ListingLine]:
    """SKUs that a run ended with an outcome (a stored code such as `set`), by reason. `text` is a filter as of `skus`.

    As with `skus`, a listing that a newer run has decided on since is no longer among them.
    """
    run = find(session, run_id)
    if run.kind == "pull":
        raise OperationError(
            f"Run {run_id} is an inventory download: it counts stock levels and keeps no list of them. "
            f"See: invsync levels {shlex.quote(run.merchant)}."
        )
    sought = _sought(text)
    with as_operation_error(), session.store.reading() as cx:
        run_skus = listings.of_outcome(cx, run_id, outcome, sought)
        sortable = ("", *(SKU_VALUES if few(listings.of_outcome(cx, run_id, outcome).pages) else ()))

    def place(line: ListingLine) -> PlaceKey:
        reason = Reason(line.reason).stored if line.reason else None
        return run_skus.parts.index((line.id > 0, reason)), abs(line.id)

    return in_order(Listed(session, run_skus.pages, lines, place, sortable), ordering, SKU_VALUES)
