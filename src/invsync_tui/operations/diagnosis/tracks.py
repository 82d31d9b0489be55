"""Draws a product's history together: what all warehouses had, what each cart should show and what it accepted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from invsync_tui.operations.list_views import ListingLine, Point, Track
from invsync_tui.store.catalog.level_history import LevelChange, ListingChange
from invsync_tui.store.catalog.products import StockRow

TOTAL = "all warehouses"


def tracks(
    stock: Sequence[StockRow],
    listings: Sequence[ListingLine],
    levels: Sequence[LevelChange],
    changes: Sequence[ListingChange],
) -> tuple[Track, ...]:
    """The lines of the chart, each oldest first and up to the present value."""
    found = [Track(TOTAL, _total(stock, levels))]
    for listing in listings:
        mine = [change for change in changes if change.listing_id == listing.id]
        wanted = [(change.at, change.desired_before, change.desired) for change in mine]
        taken = [(change.at, change.acked_before, change.acked) for change in mine]
        name = f"{listing.cart}: {listing.sku}"
        found.append(Track(f"{name} desired", _line(wanted, listing.desired, listing.synced_at)))
        found.append(Track(f"{name} acked", _line(taken, listing.acked, listing.synced_at)))
    return tuple(found)


def _line(
    changes: Sequence[tuple[int, int | None, int | None]], now: int | None, since: int | None
) -> tuple[Point, ...]:
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
    points = [Point(begun, _sum(parts.values()))]
    for change in changes:
        parts[change.warehouse_id] = change.after
        if points[-1].at == change.at:
            points.pop()
        points.append(Point(change.at, _sum(parts.values())))
    return tuple(points)


def _sum(parts: Iterable[int | None]) -> int | None:
    """None where no warehouse had it at all: that is not 0."""
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
