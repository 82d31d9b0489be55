"""The history of a product for its screen: what all warehouses had, and of each listing its quantities."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from invsync_tui import clock
from invsync_tui.operations.diagnosis.history_lines import Change, in_cart, last_read
from invsync_tui.operations.lists.list_views import ListingLine, Point, Track
from invsync_tui.store.catalog.level_history import KEPT_SECONDS, LevelChange, ListingChange
from invsync_tui.store.catalog.products import StockRow

TOTAL = "all warehouses"


class Shown(NamedTuple):
    """What a cart showed of a listing over time, and when it was last read."""

    line: tuple[Point, ...]
    read_at: int | None


def shown_in_carts(
    cx: sqlite3.Connection, listings: Sequence[ListingLine], changes: Sequence[ListingChange]
) -> dict[int, Shown]:
    """By listing, for as long as history is kept."""
    now = clock.seconds()
    by_listing = {}
    for listing in listings:
        read = last_read(cx, listing.id)
        mine = [change for change in changes if change.listing_id == listing.id]
        line = in_cart(cx, listing.cart_id, mine, read, now - KEPT_SECONDS, now)
        by_listing[listing.id] = Shown(line, read.at if read else None)
    return by_listing


def tracks(
    stock: Sequence[StockRow],
    listings: Sequence[ListingLine],
    levels: Sequence[LevelChange],
    changes: Sequence[ListingChange],
    in_carts: Mapping[int, Shown],
) -> tuple[Track, ...]:
    """The lines of the chart, each oldest first and up to the present value."""
    lines = [Track(TOTAL, _total(stock, levels))]
    for listing in listings:
        mine = [change for change in changes if change.listing_id == listing.id]
        targets = [Change(change.at, change.desired_before, change.desired) for change in mine]
        taken = [Change(change.at, change.acked_before, change.acked) for change in mine]
        name = f"{listing.cart}: {listing.sku}"
        line, read_at = in_carts[listing.id]
        lines += [
            Track(f"{name} target", _track_line(targets, listing.target, listing.synced_at), "target", listing.id),
            Track(
                f"{name} confirmed", _track_line(taken, listing.confirmed, listing.synced_at), "confirmed", listing.id
            ),
            Track(f"{name} in cart", line, "in cart", listing.id, read_at),
        ]
    return tuple(lines)


def _track_line(changes: Sequence[Change], now: int | None, since: int | None) -> tuple[Point, ...]:
    """A quantity over time: what it was before the first change, then each change that was one."""
    if not changes:
        return (Point(since, now),) if since is not None else ()
    at, start, _ = changes[0]
    points = [Point(at - 1, start)]
    for at, _, after in changes:
        if after != points[-1].value:
            points.append(Point(at, after))
    return tuple(points)


def _total(stock: Sequence[StockRow], changes: Sequence[LevelChange]) -> tuple[Point, ...]:
    """The sum over the warehouses over time, worked back from the first `before` of each."""
    present: dict[int, int | None] = {row.warehouse_id: row.available for row in stock}
    if not present:
        return ()
    first: dict[int, int | None] = {}
    for change in changes:
        first.setdefault(change.warehouse_id, change.before)
    parts = present | first
    begun = changes[0].at - 1 if changes else max(row.loaded_at for row in stock)
    points = [Point(begun, _track_sum(parts.values()))]
    for change in changes:
        parts[change.warehouse_id] = change.after
        if points[-1].at == change.at:
            points.pop()
        points.append(Point(change.at, _track_sum(parts.values())))
    return tuple(points)


def _track_sum(parts: Iterable[int | None]) -> int | None:
    """None where no warehouse had it at all: that is not 0."""
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
