"""A list over the pages of the store, as `rows.Rows` describes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from invsync_tui.operations.errors import as_operation_error
from invsync_tui.operations.lists.rows import Count, Ordering, PlaceKey
from invsync_tui.operations.lists.sorted_lines import no_order
from invsync_tui.operations.session import Session
from invsync_tui.store.paging import stock
from invsync_tui.store.paging.keyset import BOUND, Paging, SortOrder

Line = TypeVar("Line")


@dataclass(frozen=True, slots=True)
class Listed(Generic[Line]):
    """A list as `rows.Rows` describes it."""

    session: Session
    pages: Paging[Any]
    make: Callable[[Sequence[Any]], Sequence[Line]]
    """Records of some rows, in their order."""
    place: Callable[[Line], PlaceKey]
    sortable: Sequence[str]
    total: int | None = None
    """How many there are, where something keeps count."""

    def count(self) -> Count:
        """Fast: exact where something keeps count or there are few."""
        if self.total is not None:
            return Count(self.total, exact=True)
        with as_operation_error(), self.session.store.reading():
            counted = self.pages.count(BOUND + 1)
        return Count(min(counted, BOUND), exact=counted <= BOUND)

    def exact_count(self) -> int:
        """Exact; may take a second on a very large store."""
        if self.total is not None:
            return self.total
        with as_operation_error(), self.session.store.reading():
            return self.pages.count(None)

    def after(self, key: PlaceKey | None, limit: int) -> Sequence[Line]:
        """Rows behind `key`; None starts at the first."""
        with as_operation_error(), self.session.store.reading():
            return self.make(self.pages.after(key, limit))

    def before(self, key: PlaceKey | None, limit: int) -> Sequence[Line]:
        """Rows in front of `key`, in the list's order; None ends at the last."""
        with as_operation_error(), self.session.store.reading():
            return self.make(self.pages.before(key, limit))

    def key(self, line: Line) -> PlaceKey:
        """The values of the order's terms by which a row is found again: what `after` and `before` take."""
        return self.place(line)

    def position(self, key: PlaceKey) -> int | None:
        """How many rows are in front of it; None if it is gone or too far to count quickly."""
        with as_operation_error(), self.session.store.reading():
            return self.pages.position(key)


def few(pages: Paging[Any]) -> bool:
    """Whether a list is short enough to be sorted by anything for each of its pages."""
    return pages.count(stock.SMALL + 1) <= stock.SMALL


def chosen(
    orders: Sequence[SortOrder], ordering: Ordering | None, *, small: bool
) -> tuple[SortOrder, bool, tuple[str, ...]]:
    """The order that is asked for, whether it is descending, and what the list can be sorted by."""
    usable = [order for order in orders if order.indexed or small]
    sortable = tuple(order.name for order in usable)
    if ordering is None:
        return usable[0], False, sortable
    for order in usable:
        if order.name == ordering.column:
            return order, ordering.descending, sortable
    raise no_order(ordering.column, [order.name for order in orders], sortable)
