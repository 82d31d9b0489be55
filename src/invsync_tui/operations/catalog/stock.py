"""Locations & Products: a merchant's warehouses, the levels of one, and products over all of them with their times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from invsync_tui import clock
from invsync_tui.operations.errors import NotFoundError, as_operation_error
from invsync_tui.operations.lists.list_views import LevelLine, SummaryLine, WarehouseLine
from invsync_tui.operations.lists.listed_rows import Listed, chosen
from invsync_tui.operations.lists.rows import ALWAYS, Ordering, Period, PlaceKey, Rows
from invsync_tui.operations.session import Session
from invsync_tui.rules.matching import normalize_key
from invsync_tui.store.paging import counts, stock, text_filter


def warehouses(session: Session, merchant_id: int) -> tuple[WarehouseLine, ...]:
    """The merchant's warehouses, Default first."""
    now = clock.seconds()
    with as_operation_error(), session.store.reading() as cx:
        users = stock.users(cx, merchant_id)
        rows = stock.warehouses(cx, merchant_id)
    return tuple(_warehouse(row, tuple(users.get(row.id, ())), now) for row in rows)


def _warehouse(row: stock.WarehouseRow, carts: tuple[str, ...], now: int) -> WarehouseLine:
    return WarehouseLine(
        id=row.id,
        merchant_id=row.merchant_id,
        code=row.code,
        name=row.name,
        enabled=bool(row.enabled),
        products=row.products,
        last_full_at=row.last_full_at,
        confirmed_at=row.confirmed_at,
        vanished_at=row.vanished_at,
        stale=_stale(row, now),
        carts=carts,
        gone_why=row.gone_why,
    )


def _stale(row: stock.WarehouseRow, now: int) -> bool:
    """It has levels, and they are older than the merchant's limit."""
    if row.stale_after is None or not row.enabled or not row.products:
        return False
    return (row.confirmed_at or 0) < now - row.stale_after


_LEVEL_PLACES: Mapping[str, Callable[[LevelLine], PlaceKey]] = {
    "sku": lambda line: (line.sku, line.product_id),
    "available": lambda line: (line.available, line.product_id),
    "loaded_at": lambda line: (line.loaded_at, line.product_id),
    "name": lambda line: (line.name, line.product_id),
    "on_hand": lambda line: (-1 if line.on_hand is None else line.on_hand, line.product_id),
    "committed": lambda line: (-1 if line.committed is None else line.committed, line.product_id),
    "incoming": lambda line: (-1 if line.incoming is None else line.incoming, line.product_id),
    "missing": lambda line: (-1 if line.missing_since is None else line.missing_since, line.product_id),
}


NEWEST = Ordering("loaded_at", descending=True)


def levels(
    session: Session, warehouse_id: int, text: str = "", ordering: Ordering | None = None, loaded: Period = ALWAYS
) -> Rows[LevelLine]:
    """The levels of a warehouse that were loaded in a period, the newest first where it is bounded and no other order is
    asked for; `text` keeps products that have it in their SKU or an alias."""
    with as_operation_error(), session.store.reading() as cx:
        merchant_id = stock.owner(cx, warehouse_id)
        if merchant_id is None:
            raise NotFoundError(f"There is no warehouse {warehouse_id}. List them with: invsync warehouses MERCHANT.")
        products = text_filter.products(cx, merchant_id, normalize_key(text))
        small = products.few is not None or counts.levels(cx, warehouse_id) <= stock.SMALL
        wanted = ordering or (None if loaded == ALWAYS else NEWEST)
        order, descending, sortable = chosen(stock.LEVEL_ORDERS, wanted, small=small)
        pages = stock.levels(cx, (warehouse_id, merchant_id), products, order, descending, loaded)
    return Listed(session, pages, _level_lines, _LEVEL_PLACES[order.name], sortable)


def _level_lines(rows: Sequence[stock.LevelRow]) -> list[LevelLine]:
    return [LevelLine(**row._asdict()) for row in rows]


def by_sku(line: SummaryLine) -> PlaceKey:
    """Where a product stands by its SKU."""
    return line.sku, line.product_id


_SUMMARY_PLACES: Mapping[str, Callable[[SummaryLine], PlaceKey]] = {
    "sku": by_sku,
    "name": lambda line: (line.name, line.product_id),
    "total": lambda line: (-1 if line.total is None else line.total, line.product_id),
}


def summary(session: Session, merchant_id: int, text: str = "", ordering: Ordering | None = None) -> Rows[SummaryLine]:
    """Products with one column per warehouse, in the order of `warehouses`; those the WMS no longer has are left out."""
    with as_operation_error(), session.store.reading() as cx:
        products = text_filter.products(cx, merchant_id, normalize_key(text))
        total = counts.products(cx, merchant_id)
        small = products.few is not None or total <= stock.SMALL
        order, descending, sortable = chosen(stock.SUMMARY_ORDERS, ordering, small=small)
        pages = stock.summary(cx, merchant_id, products, order, descending)
    counted = None if text else total
    return Listed(session, pages, Summaries(session, merchant_id), _SUMMARY_PLACES[order.name], sortable, counted)


class Summaries:
    """Makes summary lines of products."""

    def __init__(self, session: Session, merchant_id: int) -> None:
        self._session = session
        self._columns = [line.id for line in warehouses(session, merchant_id)]

    def __call__(self, rows: Sequence[stock.ProductName]) -> list[SummaryLine]:
        with self._session.store.reading() as cx:
            readings = stock.readings(cx, [row.id for row in rows])
        return [
            self._line(row, {reading.warehouse_id: reading for reading in readings.get(row.id, ())}) for row in rows
        ]

    def _line(self, row: stock.ProductName, here: dict[int, stock.Reading]) -> SummaryLine:
        cells = [here.get(column) for column in self._columns]
        return SummaryLine(
            product_id=row.id,
            sku=row.sku,
            name=row.name,
            available=tuple(cell.available if cell else None for cell in cells),
            loaded_at=tuple(cell.loaded_at if cell else None for cell in cells),
            total=sum(reading.available for reading in here.values()) if here else None,
        )
