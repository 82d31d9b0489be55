"""A SKU in a cart over time: stock, target, what the cart accepted and showed, and who changed what."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from invsync_tui import clock
from invsync_tui.operations.diagnosis.audit_text import describe
from invsync_tui.operations.diagnosis.history_lines import Change, in_cart, last_read, over_time, parted
from invsync_tui.operations.diagnosis.why import meaning_of
from invsync_tui.operations.errors import NotFoundError, as_operation_error
from invsync_tui.operations.lists.list_views import Point
from invsync_tui.operations.session import Session
from invsync_tui.plain_text import asked_by
from invsync_tui.rules import words
from invsync_tui.rules.matching import trimmed
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store.catalog import level_history, products
from invsync_tui.store.catalog.level_history import KEPT_SECONDS, LevelChange
from invsync_tui.store.catalog.lookup import ListingOf
from invsync_tui.store.runs import decision_log, timeline
from invsync_tui.store.runs.timeline import Ran
from invsync_tui.store.settings import carts
from invsync_tui.sync.plans.decision_log import DecisionChunk, RecordedDecision
from invsync_tui.sync.settings import load_settings


@dataclass(frozen=True, slots=True)
class Happening:
    """A run or a change. `who` is the operator, or what started the run."""

    at: int
    who: str
    what: str
    run_id: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SkuHistory:
    """One listing. Lines are oldest first and hold until their next point; None is unknown, or nothing there."""

    sku: str
    merchant: str
    cart: str
    cart_listing_id: str
    begin: int
    end: int
    source: tuple[Point, ...]
    """The sum over the cart's warehouses of now."""
    target: tuple[Point, ...]
    confirmed: tuple[Point, ...]
    in_cart: tuple[Point, ...]
    """Sellable units that the cart was seen to show, as far as `last_read`: pushes that it confirmed, readings, orders."""
    happenings: tuple[Happening, ...]
    """The newest first."""
    last_read: Point | None = None
    """What the cart showed when it was last read, and when; None where it was never read."""

    def until(self, end: int) -> SkuHistory:
        """The same as far as a moment, in epoch seconds."""
        if end >= self.end:
            return self
        source, target, confirmed, in_cart = (
            tuple(point for point in line if point.at <= end)
            for line in (self.source, self.target, self.confirmed, self.in_cart)
        )
        return replace(
            self,
            begin=min(self.begin, end),
            end=end,
            source=source,
            target=target,
            confirmed=confirmed,
            in_cart=in_cart,
            happenings=tuple(happening for happening in self.happenings if happening.at <= end),
            last_read=None if self.last_read is None or self.last_read.at > end else self.last_read,
        )


def histories(
    session: Session, word: str, cart_id: int | None = None, since: int | None = None
) -> tuple[SkuHistory, ...]:
    """Each listing that a word means, since a moment or for as long as history is kept."""
    now = clock.seconds()
    begin = now - KEPT_SECONDS if since is None else since
    with as_operation_error(), session.store.reading() as cx:
        meaning = meaning_of(cx, trimmed(word))
        mine = [listing for listing in meaning.listings if cart_id in (None, listing.cart_id)]
        if not mine:
            raise NotFoundError(
                f"No listing of {word!r} is known{' in this cart' if cart_id else ''}. See: invsync sku."
            )
        return tuple(_history(cx, listing, begin, now) for listing in mine)


def _history(cx: sqlite3.Connection, listing: ListingOf, begin: int, now: int) -> SkuHistory:
    settings = load_settings(cx, listing.cart_id)
    product = None if listing.product_id is None else products.get(cx, listing.product_id)
    levels = [] if product is None else level_history.of_product(cx, product.id)
    source = (
        () if product is None or settings is None else _source(cx, product, settings.warehouse_ids, levels, begin, now)
    )
    desired, acked, quantities = _quantities(cx, listing, begin, now)
    read = last_read(cx, listing.id)
    cart_line = in_cart(cx, listing.cart_id, quantities, read, begin, now)
    happened = [*_pushes(cx, listing, quantities, begin), *_orders(cx, listing, begin)]
    if product is not None:
        happened += _pulls(cx, product, [level for level in levels if level.at >= begin])
    points = [point.at for line in (source, desired, acked, cart_line) for point in line if point.value is not None]
    return SkuHistory(
        sku=listing.sku,
        merchant=settings.merchant.name if settings else "",
        cart=listing.cart,
        cart_listing_id=listing.ref,
        begin=max(begin, min(points, default=begin)),
        end=now,
        source=source,
        target=desired,
        confirmed=acked,
        in_cart=cart_line,
        last_read=read,
        happenings=tuple(sorted(happened, key=lambda happening: (happening.at, happening.run_id or 0), reverse=True)),
    )


# --- lines -------------------------------------------------------------------------------------------------------------


def _source(
    cx: sqlite3.Connection,
    product: products.ProductRow,
    mine: frozenset[int],
    changes: Sequence[LevelChange],
    begin: int,
    now: int,
) -> tuple[Point, ...]:
    """The sum over some warehouses, at each moment at which one of them changed."""
    since = level_history.known_levels_since(cx, product.merchant_id)
    lines = []
    for row in products.stock(cx, product.id):
        if row.warehouse_id in mine:
            own = [
                Change(change.at, change.before, change.after)
                for change in changes
                if change.warehouse_id == row.warehouse_id
            ]
            line = over_time(own, row.available, since, begin, now)
            lines.append(line or (Point(max(begin, row.loaded_at), row.available),))
    moments = sorted({point.at for line in lines for point in line})
    return tuple(Point(at, _sum(_held(line, at) for line in lines)) for at in moments)


def _held(line: Sequence[Point], at: int) -> int | None:
    past = [point.value for point in line if point.at <= at]
    return past[-1] if past else None


def _sum(parts: Iterable[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _quantities(
    cx: sqlite3.Connection, listing: ListingOf, begin: int, now: int
) -> tuple[tuple[Point, ...], tuple[Point, ...], list[level_history.ListingChange]]:
    """Desired, acked, and the changes of both."""
    changes = level_history.of_listings(cx, [listing.id])
    since = level_history.known_listings_since(cx, listing.cart_id)
    desired, acked = level_history.listings_now(cx, [listing.id]).get(listing.id, (None, None))
    targets = parted([Change(change.at, change.desired_before, change.desired) for change in changes])
    taken = parted([Change(change.at, change.acked_before, change.acked) for change in changes])
    return over_time(targets, desired, since, begin, now), over_time(taken, acked, since, begin, now), changes


# --- happenings --------------------------------------------------------------------------------------------------------


def _pushes(
    cx: sqlite3.Connection, listing: ListingOf, changes: Sequence[level_history.ListingChange], begin: int
) -> list[Happening]:
    """Runs that decided on the listing, or changed it."""
    decisions = _decisions(cx, listing, begin)
    by_run = timeline.changed_by(cx, listing.id, begin)
    parts: dict[int, list[str]] = defaultdict(list)
    times: dict[int, int] = {run: at for run, (at, _) in decisions.items()}
    for run, (_, decision) in decisions.items():
        parts[run].append(_decided(decision))
    for change in changes:
        run_id = by_run.get(change.at)
        if run_id is not None and change.acked_before != change.acked:
            parts[run_id].append(f"the cart accepted {_number(change.acked)}")
            times.setdefault(run_id, change.at)
    ran = timeline.runs(cx, list(parts))
    return [_happening(ran[run], times[run], "; ".join(texts)) for run, texts in parts.items() if run in ran]


def _decisions(cx: sqlite3.Connection, listing: ListingOf, begin: int) -> dict[int, tuple[int, RecordedDecision]]:
    """By run, when it last decided on the listing, and how."""
    result: dict[int, tuple[int, RecordedDecision]] = {}
    for row in decision_log.that_may_have(cx, listing.cart_id, listing.id, 2**62):
        if row.at < begin:
            break
        chunk = DecisionChunk(row)
        if row.run_id not in result and listing.id in chunk.ids:
            result[row.run_id] = row.at, chunk.decisions[chunk.ids.index(listing.id)]
    return result


def _decided(decision: RecordedDecision) -> str:
    if decision.desired is None:
        return f"{decision.outcome}: {Reason(decision.reason)}" if decision.reason else decision.outcome
    return f"should show {decision.desired}" + (f" ({Reason(decision.reason)})" if decision.reason else "")


def _pulls(cx: sqlite3.Connection, product: products.ProductRow, changes: Sequence[LevelChange]) -> list[Happening]:
    """Changes of the product's levels, those of one second together, with the pull that brought them."""
    codes = {row.warehouse_id: row.warehouse for row in products.stock(cx, product.id)}
    by_time: dict[int, list[str]] = defaultdict(list)
    for change in changes:
        by_time[change.at].append(
            f"{codes.get(change.warehouse_id, '?')} {_number(change.before)} to {_number(change.after)}"
        )
    happenings = []
    for at, parts in by_time.items():
        run = timeline.pull_at(cx, product.merchant_id, at)
        text = ", ".join(parts)
        happenings.append(_happening(run, at, text) if run else Happening(at, "", text))
    return happenings


def _happening(run: Ran, at: int, what: str) -> Happening:
    return Happening(at, asked_by(run.by, words.trigger(run.trigger)), f"{run.kind} {run.id}: {what}", run.id)


def _number(value: int | None) -> str:
    return "nothing" if value is None else str(value)


def _orders(cx: sqlite3.Connection, listing: ListingOf, begin: int) -> list[Happening]:
    """What operators changed of the listing, its cart, its merchant, and the cart's runs."""
    subjects = [
        f"cart:{listing.cart_id}",
        f"merchant:{carts.merchant_of(cx, listing.cart_id)}",
        f"listing:{listing.id}",
        *(f"run:{number}" for number in timeline.pushes_since(cx, listing.cart_id, begin)),
    ]
    happenings = []
    for entry in timeline.audit_entries(cx, subjects, begin):
        text = describe(entry, listing.id)
        if text is not None:
            happenings.append(Happening(entry.at, entry.who, text, reason=entry.reason))
    return happenings
