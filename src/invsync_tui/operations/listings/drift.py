"""Drift of a cart: which listings show something else than the cart accepted, the check that finds out, and correction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from invsync_tui import clock
from invsync_tui.operations import names
from invsync_tui.operations.errors import NotFoundError, OperationError, as_operation_error
from invsync_tui.operations.lists.filtering import line_filter
from invsync_tui.operations.lists.rows import Count, Ordering, PlaceKey, Rows
from invsync_tui.operations.lists.sorted_lines import Value, in_order
from invsync_tui.operations.roles import Right
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import values
from invsync_tui.operations.settings.transaction import saving
from invsync_tui.operations.views import Requested
from invsync_tui.plain_text import counted
from invsync_tui.rules.drift import LAG, Drift, Finding
from invsync_tui.rules.listing_filter import DRIFT
from invsync_tui.rules.matching import normalize_key
from invsync_tui.store import audit
from invsync_tui.store.listings import drift as store
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.store.settings import carts
from invsync_tui.store.settings import read as settings_read
from invsync_tui.sync.listings import drift_check
from invsync_tui.sync.settings import load_settings

CLASSES = tuple(drift_class.value for drift_class in Drift)
PIECE = 500
"""Listings looked at at a time."""
COUNTED = 1000
SAID = 50
"""SKUs that the audit names."""


@dataclass(frozen=True, slots=True)
class DriftLine:
    """A listing that drifted. Quantities are sellable units; `in_cart` None is unknown. `exposure` in units."""

    id: int
    cart_listing_id: str
    sku: str
    name: str
    drift: str
    exposure: int
    confirmed: int | None
    in_cart: int | None
    target: int | None
    read_at: int | None
    to_correct: bool
    """It is marked: the next push writes it."""
    text: str


VALUES: Mapping[str, Callable[[DriftLine], Value]] = {
    "sku": lambda line: line.sku,
    "class": lambda line: line.drift,
    "exposure": lambda line: line.exposure,
    "confirmed": lambda line: line.confirmed,
    "in_cart": lambda line: line.in_cart,
    "target": lambda line: line.target,
    "correct": lambda line: line.to_correct,
}
"""What a cart's drift can be sorted by, where it is as little as is counted quickly."""
FILTERED: Mapping[str, Callable[[DriftLine], Value]] = {
    **VALUES,
    "name": lambda line: line.name,
    "in-cart": lambda line: line.in_cart,
    "diff": lambda line: None if None in (line.in_cart, line.target) else (line.in_cart or 0) - (line.target or 0),
}
"""What it can be filtered by."""


class DriftRows:
    """A list as `rows.Rows` describes it, in the order of the listings' numbers. It walks the cart's listings."""

    def __init__(
        self, session: Session, cart_id: int, wanted: str | None, fulfills: Callable[[DriftLine], bool]
    ) -> None:
        self.session = session
        self.cart_id = cart_id
        self.wanted = wanted
        self.fulfills = fulfills
        self._counted: Count | None = None

    @property
    def sortable(self) -> Sequence[str]:
        """'' is the order of their numbers."""
        return ("", *(VALUES if self.count().exact else ()))

    def _lines(self, cx: sqlite3.Connection, after: int) -> Iterator[DriftLine]:
        settings = load_settings(cx, self.cart_id)
        if settings is None:
            raise OperationError("The cart's merchant has no WMS connection. See: invsync merchants set.")
        while rows := store.candidates(cx, self.cart_id, after, PIECE, clock.seconds()):
            after = rows[-1].id
            for row, finding in drift_check.findings(cx, settings, rows, LAG):
                if finding is not None and self.wanted in (None, finding.drift.value):
                    line = _line(row, finding)
                    if self.fulfills(line):
                        yield line

    def count(self) -> Count:
        """Exact up to a bound. The walk is made once: the list is asked anew for every reading."""
        if self._counted is None:
            with as_operation_error(), self.session.store.reading() as cx:
                n = sum(1 for _ in islice(self._lines(cx, 0), COUNTED + 1))
            self._counted = Count(min(n, COUNTED), exact=n <= COUNTED)
        return self._counted

    def exact_count(self) -> int:
        """Exact; looks at every listing of the cart that may drift."""
        with as_operation_error(), self.session.store.reading() as cx:
            return sum(1 for _ in self._lines(cx, 0))

    def after(self, key: PlaceKey | None, limit: int) -> Sequence[DriftLine]:
        """Rows behind `key`; None starts at the first."""
        with as_operation_error(), self.session.store.reading() as cx:
            return list(islice(self._lines(cx, 0 if key is None else int(key[0])), limit))

    def before(self, key: PlaceKey | None, limit: int) -> Sequence[DriftLine]:
        """Rows in front of `key`, in the list's order; None ends at the last."""
        with as_operation_error(), self.session.store.reading() as cx:
            lines = [line for line in self._lines(cx, 0) if key is None or line.id < int(key[0])]
        return lines[-limit:]

    def key(self, line: Any) -> PlaceKey:
        """The values of the order's terms by which a row is found again: what `after` and `before` take."""
        return (line.id,)

    def position(self, key: PlaceKey) -> int | None:
        """How many rows are in front of it."""
        with as_operation_error(), self.session.store.reading() as cx:
            return sum(1 for line in self._lines(cx, 0) if line.id < int(key[0]))


def drifted(
    session: Session, cart_id: int, drift_class: str | None = None, ordering: Ordering | None = None, text: str = ""
) -> Rows[DriftLine]:
    """The listings of a cart that drifted as far as they were read, of one class or of all. `text` is a filter
    (`rules.listing_filter.DRIFT`); OperationError for one that means nothing."""
    fulfills = line_filter(text, DRIFT, FILTERED, lambda line: (line.sku, line.cart_listing_id))
    rows = DriftRows(session, cart_id, None if drift_class is None else checked(drift_class), fulfills)
    return in_order(rows, ordering, VALUES)


def checked(name: str) -> str:
    """The name of a class."""
    if name not in CLASSES:
        raise OperationError(f"{name!r} is not a class of drift. Give one of: {', '.join(CLASSES)}.")
    return name


def of_listings(cx: sqlite3.Connection, settings: Any, listing_ids: Sequence[int]) -> dict[int, DriftLine]:
    """By number, the drift of some listings; those without are left out."""
    findings = drift_check.findings(cx, settings, store.rows(cx, listing_ids, clock.seconds()), LAG)
    return {row.id: _line(row, finding) for row, finding in findings if finding is not None}


def _line(row: store.DriftRow, finding: Finding) -> DriftLine:
    shows = None if row.observed is None else row.observed - row.allocated
    return DriftLine(
        row.id, row.ref, row.sku, row.name, finding.drift.value, finding.exposure, row.acked, shows, row.desired,
        row.observed_at, bool(row.heal), finding.text,
    )  # fmt: skip


# --- changes -----------------------------------------------------------------------------------------------------------


def verify(session: Session, cart_id: int) -> Requested:
    """Ask for a look at a cart's listings."""
    from invsync_tui.operations.runs.request import ensure_worker

    session.allow(Right.SYNC, "start a drift check")
    now = clock.seconds()
    with as_operation_error(), session.store.transaction() as tx:
        merchant_id = carts.merchant_of(tx, cart_id)
        if merchant_id is None:
            raise NotFoundError(f"There is no cart {cart_id}. List them with: invsync carts.")
        requested = runs.request(tx, RunRequest("radar", cart_id, merchant_id, "manual", session.operator), now)
        audit.record(tx, now, session.operator, "radar", f"cart:{cart_id}", after=f"run:{requested.run_id}")
    started = ensure_worker(session)
    text = f"Requested run {requested.run_id}." if requested.fresh else "Already requested."
    return Requested((requested.run_id,), started, text)


def verify_every(session: Session, cart_id: int, text: str) -> str:
    """Let the drift check run every so often, or 'off': never."""
    every = values.read_schedule("--every", text)
    with saving(session, "schedule the drift check") as saved:
        before = settings_read.every(saved.tx, "radar", cart_id)
        saved.schedule("radar", cart_id, every, first_in=every or 0)
        saved.audit("radar set", f"cart:{cart_id}", {"every": before}, {"every": every})
    return (
        "A drift check runs only when somebody starts one."
        if every is None
        else f"A drift check runs every {values.span(every)}."
    )


def correct(session: Session, cart_id: int, skus: Sequence[str], drift_class: str | None, reason: str) -> str:
    """Let the next push write listings, by SKU or by class, wherever the cart shows something else than it should."""
    session.allow(Right.DECIDE, "correct listings")
    why = values.reason(reason)
    if bool(skus) == bool(drift_class):
        raise OperationError("Give SKUs or a class, one of the two.")
    now = clock.seconds()
    # A rare class is looked for in the whole cart: not while others wait to write.
    ids = _of_class(session, cart_id, drift_class) if drift_class else _of_skus(session, cart_id, skus)
    with as_operation_error(), session.store.transaction() as tx:
        n = store.mark(tx, ids)
        named = [row.sku for row in store.rows(tx, ids[:SAID], clock.seconds())]
        after = json.dumps({"n": n, "skus": named, "class": drift_class})
        audit.record(tx, now, session.operator, "heal", f"cart:{cart_id}", after=after, reason=why)
    return f"{counted(n, 'listing is', 'listings are')} to be corrected: the next push writes what differs."


def _of_class(session: Session, cart_id: int, drift_class: str) -> list[int]:
    if Drift(checked(drift_class)) in (Drift.VANISHED, Drift.UNTRACKED):
        raise OperationError(f"What is {drift_class} cannot be written. Fix it in the cart; see: invsync drift.")
    return [line.id for line in drifted(session, cart_id, drift_class).after(None, 10**9)]


def _of_skus(session: Session, cart_id: int, skus: Sequence[str]) -> list[int]:
    result: list[int] = []
    for sku in skus:
        with as_operation_error(), session.store.reading() as cx:
            ids = store.by_sku(cx, cart_id, normalize_key(sku))
        if not ids:
            raise NotFoundError(f"The cart has no listing {sku!r}. List them with: invsync listings CART.")
        result += ids
    return result


def cart_of(session: Session, called: str, merchant: str | None = None) -> int:
    """The number of a cart by its name or number."""
    return names.cart(session, called, names.merchant(session, merchant).id if merchant else None).id
