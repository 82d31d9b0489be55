"""What the numbers of `why` rest on: source records, the last request and answer, what the cart shows now."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from invsync_tui import clock
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.connectors.reading import read_in_steps
from invsync_tui.operations.errors import OperationError, as_operation_error
from invsync_tui.operations.session import Session
from invsync_tui.plain_text import asked_by
from invsync_tui.rules import words
from invsync_tui.store.catalog import levels
from invsync_tui.store.diagnosis import evidence
from invsync_tui.store.runs import http_log as http_log_rows
from invsync_tui.store.runs import timeline
from invsync_tui.store.runs.http_log import ExchangeRow
from invsync_tui.sync import connections
from invsync_tui.sync.settings import Settings, load_settings

AROUND = 300
"""Characters of a body on each side of the listing that it is shown for; the bundle of a run has all of it."""


@dataclass(frozen=True, slots=True)
class SourceView:
    """A level of the product, or of a part of a kit. Times in epoch seconds; `raw` is the WMS's record as JSON text."""

    sku: str
    warehouse: str
    counts: bool
    """Whether the cart's Sync Inventory With Warehouse takes it."""
    on_hand: int | None
    available: int
    committed: int | None
    incoming: int | None
    loaded_at: int
    read_at: int | None
    missing: bool
    raw_at: int | None
    raw: str | None


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """One attempt: what was asked and answered, redacted and cut to what is about the listing."""

    at_ms: int
    took_ms: int
    method: str
    url: str
    status: int | None
    vendor_id: str
    request: str
    answer: str
    error: str


@dataclass(frozen=True, slots=True)
class SentView:
    """How a listing was sent last. `before` and `target` are in the cart's basis."""

    batch: str
    run_id: int
    state: str
    attempts: int
    at: int
    answered_at: int | None
    before: int | None
    target: int
    error: str
    exchanges: tuple[ExchangeView, ...]
    look_after: int | None = None
    """Of a submitted one: when what became of it is asked for, and when the listing is read back instead."""
    give_up_at: int | None = None
    asked_by: str = ""
    """Who asked for the run, and on what occasion; '' where the run is not kept any more."""


def sources(cx: sqlite3.Connection, product_id: int | None, settings: Settings) -> tuple[SourceView, ...]:
    """The levels that a listing's number is made of, and those that it is not."""
    if product_id is None:
        return ()
    parts = [part.product_id for part in levels.components(cx, [product_id]).get(product_id, ())]
    return tuple(
        SourceView(
            row.sku, row.warehouse, row.warehouse_id in settings.warehouse_ids, row.on_hand, row.available, row.committed,
            row.incoming, row.loaded_at, row.read_at, bool(row.missing), row.body_at,
            redacted(row.body) if row.body is not None else None,
        )
        for row in evidence.sources(cx, [product_id, *parts])
    )  # fmt: skip


def sent(cx: sqlite3.Connection, cart_id: int, listing_id: int, ref: str) -> SentView | None:
    """The last request for a listing, with every attempt; None if it was never sent."""
    row = evidence.last_sent(cx, cart_id, listing_id)
    if row is None:
        return None
    attempts = tuple(_attempt(exchange, ref) for exchange in http_log_rows.of_batch(cx, row.batch_id))
    run = timeline.runs(cx, [row.run_id]).get(row.run_id)
    return SentView(
        row.batch_id, row.run_id, row.state, row.attempts, row.created_at, row.ended_at, row.before, row.target,
        row.error, attempts, *(row.waits if row.state == "submitted" else (None, None)),
        asked_by(run.by, words.trigger(run.trigger)) if run else "",
    )  # fmt: skip


def _attempt(row: ExchangeRow, ref: str) -> ExchangeView:
    request, answer = (around(body.decode("utf-8", "replace"), ref) for body in (row.request, row.answer))
    return ExchangeView(
        row.at_ms, row.took_ms, row.method, row.url, row.status, row.vendor_id, request, answer, row.error
    )  # fmt: skip


def around(text: str, ref: str) -> str:
    """The part of a body that is about a listing; its beginning where the listing is not named in it."""
    place = max(text.find(f'"{ref}"'), 0)
    first, last = max(0, place - AROUND), place + AROUND
    return f"{'...' if first else ''}{text[first:last]}{'...' if last < len(text) else ''}"


READ_MOST = 100
"""Listings of one question."""


@dataclass(frozen=True, slots=True)
class CartReading:
    """What the cart shows of a listing. `quantity` is in its own basis, None where it shows none."""

    quantity: int | None
    allocated: int
    tracked: bool | None
    at: int


def read_back(session: Session, cart_id: int, refs: Sequence[str]) -> Mapping[str, CartReading | None]:
    """By cart listing ID, None where the cart no longer has the listing; OperationError where it cannot be asked."""
    with as_operation_error(), session.store.reading() as cx:
        settings = load_settings(cx, cart_id)
    if settings is None:
        raise OperationError("The cart's merchant has no WMS connection. See: invsync merchants set.")
    with as_operation_error():
        return asyncio.run(_read(session, settings, list(refs)[:READ_MOST]))


async def _read(session: Session, settings: Settings, refs: Sequence[str]) -> Mapping[str, CartReading | None]:
    cart = connections.cart(settings.cart, session.store.path, settings.locations, read_only=session.read_only)
    try:
        await cart.open()
        now = clock.seconds()
        rows = await read_in_steps(cart, refs)
    finally:
        await cart.close()
    shown_by_ref = {row.ref: CartReading(row.quantity, row.allocated, row.tracked, now) for row in rows}
    return {ref: shown_by_ref.get(ref) for ref in refs}
