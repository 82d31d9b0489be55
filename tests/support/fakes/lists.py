"""Lists without a store: warehouses, levels, products, listings, aliases, and search over them. All of it plainly demo.

The first products carry hostile names, so that every test and every tour meets them.
"""

from __future__ import annotations

import builtins
import operator
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Generic, TypeVar

from invsync_tui.operations.listings.arithmetic import Target
from invsync_tui.operations.lists.list_views import (
    AliasLine,
    AliasTypeLine,
    CollisionLine,
    HitRank,
    LevelLine,
    ListingFilter,
    ListingLine,
    Point,
    SearchAnswer,
    SearchHit,
    SkuView,
    StockLine,
    SummaryLine,
    Track,
    WarehouseLine,
)
from invsync_tui.operations.lists.rows import Count, Ordering, PlaceKey
from invsync_tui.operations.views import Requested
from invsync_tui.rules.listing_filter import Condition, parse

L = TypeVar("L")
NOW = int(time.time())
HOSTILE = ("[red]x", "\x1b[2J\x1b[31mcleared", "\U0001f600\U0001f468‍\U0001f469 Demo", "שלום דמו", "x" * 300)
PRODUCTS = 900
BOUND = 500
"""Fast counts are exact up to here."""


def sku(number: int) -> str:
    return HOSTILE[number - 1] if number <= len(HOSTILE) else f"DEMO-{number:05}"


def name(number: int) -> str:
    return HOSTILE[number - 1] if number <= len(HOSTILE) else f"Demo product {number}"


class FakeRows(Generic[L]):
    """Rows by key over a list, counted fast up to a bound only."""

    def __init__(self, lines: Iterable[L], orders: dict[str, Callable[[L], Any]], ordering: Ordering | None) -> None:
        self.sortable = tuple(orders)
        self._value = orders[ordering.column if ordering else self.sortable[0]]
        self._ident = orders[self.sortable[0]]
        self._descending = bool(ordering and ordering.descending)
        self._lines = sorted(lines, key=self.key, reverse=self._descending)
        self._keys = [self.key(line) for line in self._lines]

    def key(self, line: L) -> PlaceKey:
        return self._value(line), self._ident(line)

    def count(self) -> Count:
        return Count(min(len(self._lines), BOUND), exact=len(self._lines) <= BOUND)

    def exact_count(self) -> int:
        return len(self._lines)

    def position(self, key: PlaceKey) -> int | None:
        return self._keys.index(key) if key in self._keys else None

    def after(self, key: PlaceKey | None, limit: int) -> Sequence[L]:
        at = 0 if key is None else self._place(key, behind=True)
        return self._lines[at : at + limit]

    def before(self, key: PlaceKey | None, limit: int) -> Sequence[L]:
        at = len(self._lines) if key is None else self._place(key, behind=False)
        return self._lines[max(at - limit, 0) : at]

    def _place(self, key: PlaceKey, *, behind: bool) -> int:
        """How many rows come before a key that need not be there; `behind` counts the row itself."""
        if self._descending:
            return sum(1 for other in self._keys if other > key or (behind and other == key))
        return sum(1 for other in self._keys if other < key or (behind and other == key))


def warehouse(number: int, title: str, **changes: Any) -> WarehouseLine:
    line = WarehouseLine(
        number, 1, f"WH-{number}", title, True, PRODUCTS, NOW - 240, NOW - 60, None, False, ("Demo Cart EU",)
    )
    return replace(line, **changes)


def level(number: int) -> LevelLine:
    return LevelLine(number, sku(number), name(number), number % 97 + 3, number % 97, 3, 0, NOW - number * 60, None)


def listing(number: int, **changes: Any) -> ListingLine:
    line = ListingLine(
        id=number, cart_id=7, cart="Demo Cart EU", merchant="Demo Outdoor", cart_listing_id=f"L{number:07}",
        sku=sku(number), name=name(number), tracked=True, product_id=number, product_sku=sku(number), target=number % 97,
        confirmed=number % 97, in_cart=number % 97, difference=0, cart_count=number % 97, cart_orders=0,
        synced_at=NOW - 240, outcome="set", reason=None, error="", run_id=11, override=None,
        excluded=False, locked=False, drift=False,
    )  # fmt: skip
    return replace(line, **changes)


UNSYNCED = {"outcome": "skipped", "synced_at": None, "confirmed": None, "target": None}
SPECIAL: dict[int, dict[str, Any]] = {
    1: {**UNSYNCED, "reason": "NOT_IN_WMS", "product_id": None, "product_sku": None},
    6: {**UNSYNCED, "reason": "AMBIGUOUS_ALIAS"},
    7: {"outcome": "failed", "reason": "REJECTED_BY_CART", "error": "[red]no \x1b[2J such variant"},
    8: {"drift": True, "in_cart": 1, "difference": -7, "cart_count": 3, "cart_orders": 2},
    9: {"excluded": True, "reason": "EXCLUDED"},
    10: {"outcome": "held", "reason": "HELD_FOR_REVIEW", "in_cart": 54, "difference": 44, "cart_count": 54},
    11: {"locked": True, "reason": "LOCKED"},
    12: {"override": 12},
}
TROUBLED = range(100, 500, 10)


def troubled(number: int) -> dict[str, Any]:
    """A listing that does not show its target, as after a run that was held: most are held, some were edited in the cart,
    some were refused by it."""
    target = number % 97
    shows = max(0, target + (number * 7) % 43 - 20)
    held = {"outcome": "held", "reason": "HELD_FOR_REVIEW"}
    refused = {"outcome": "failed", "reason": "REJECTED_BY_CART", "error": "no such variant"}
    kinds: tuple[dict[str, Any], ...] = (held, held, {"drift": True}, held, refused)
    return {**kinds[number // 10 % 5], "in_cart": shows, "difference": shows - target, "cart_count": shows}


TABS: dict[ListingFilter, Callable[[ListingLine], bool]] = {
    ListingFilter.ALL: lambda line: True,
    ListingFilter.NEVER: lambda line: line.synced_at is None,
    ListingFilter.FAILED: lambda line: line.outcome == "failed",
    ListingFilter.AMBIGUOUS: lambda line: line.reason == "AMBIGUOUS_ALIAS",
    ListingFilter.NOT_IN_WMS: lambda line: line.reason == "NOT_IN_WMS",
    ListingFilter.DRIFT: lambda line: line.drift,
    ListingFilter.EXCLUDED: lambda line: line.excluded,
    ListingFilter.LOCKED: lambda line: line.locked,
    ListingFilter.OVERRIDES: lambda line: line.override is not None,
    ListingFilter.HELD: lambda line: line.outcome == "held",
    ListingFilter.MISMATCH: lambda line: bool(line.difference),
}


SIGNS = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip
VALUES = {"diff": "difference", "in-cart": "in_cart"}


def _fulfills(condition: Condition, line: ListingLine) -> bool:
    if not condition.sign:
        return TABS[ListingFilter(condition.field)](line) != condition.negated
    value = getattr(line, VALUES.get(condition.field, condition.field))
    return (value is not None and bool(SIGNS[condition.sign](value, condition.value))) != condition.negated


@dataclass
class FakeLists:
    """The lists of a fake session. `asked` are the searches that were really answered."""

    orders: list[tuple[object, ...]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    delay: float = 0.0
    places: tuple[WarehouseLine, ...] = (
        warehouse(1, "Default"),
        warehouse(2, "Demo Hall East", carts=()),
        warehouse(3, "\x1b[2J[red]Demo Hall West", last_full_at=None, confirmed_at=None, stale=True),
    )
    held: dict[int, dict[str, Any]] = field(
        default_factory=lambda: {key: dict(special) for key, special in SPECIAL.items()}
    )

    def warehouses(self, merchant_id: int) -> Sequence[WarehouseLine]:
        return self.places if merchant_id == 1 else ()

    def enable_warehouse(self, merchant_id: int, word: str, *, enabled: bool, reason: str = "") -> str:
        self.orders.append(("enable" if enabled else "disable", merchant_id, word, reason))
        self.places = tuple(
            replace(place, enabled=enabled) if f"#{place.id}" == word else place for place in self.places
        )
        return f"The warehouse {word} is {'enabled' if enabled else 'disabled'}."

    def levels(self, warehouse_id: int, text: str = "", ordering: Ordering | None = None) -> FakeRows[LevelLine]:
        hits = map(level, _found(text))
        return FakeRows(hits, {"sku": lambda line: line.sku, "available": lambda line: line.available}, ordering)

    def summary(self, merchant_id: int, text: str = "", ordering: Ordering | None = None) -> FakeRows[SummaryLine]:
        return FakeRows(map(_summary, _found(text)), {"sku": lambda line: line.sku}, ordering)

    def search(self, text: str, merchant_id: int | None = None, limit: int = 50) -> SearchAnswer:
        self.asked.append(text)
        time.sleep(self.delay)
        matching = _found(text) if text else []
        hits = tuple(_hit(number, text) for number in matching[:limit])
        verdict = (
            "1 product, loaded 4 min ago" if len(matching) == 1 else f"none is exactly this: {len(matching)} have it"
        )
        return SearchAnswer(text, hits, Count(min(len(matching), 100), len(matching) <= 100), verdict, "")

    def search_count(self, text: str, merchant_id: int | None = None) -> int:
        return len(_found(text))

    def sku(self, product_id: int) -> SkuView:
        return _view(product_id, self._listing(product_id))

    def listings(
        self,
        cart_id: int,
        filter: ListingFilter = ListingFilter.ALL,  # noqa: A002 - as the operation has it
        text: str = "",
        ordering: Ordering | None = None,
    ) -> FakeRows[ListingLine]:
        parsed = parse(text)
        lines = builtins.filter(TABS[filter], map(self._listing, _found(parsed.text)))
        for condition in parsed.conditions:
            lines = builtins.filter(partial(_fulfills, condition), lines)
        orders = {
            "sku": lambda line: line.sku,
            "outcome": lambda line: line.outcome or "",
            "difference": lambda line: line.difference,
        }
        return FakeRows(lines, orders, ordering)

    def everywhere(
        self,
        merchant_id: int | None,
        filter: ListingFilter = ListingFilter.MISMATCH,  # noqa: A002 - as the operation has it
        text: str = "",
        ordering: Ordering | None = None,
    ) -> FakeRows[ListingLine]:
        return self.listings(7, filter, text, ordering)

    def tabs_everywhere(self, merchant_id: int | None, filters: Sequence[ListingFilter]) -> dict[ListingFilter, Count]:
        return {tab: count for tab, count in self.tabs(7).items() if tab in filters}

    def targets(self, listings: Iterable[tuple[int, int]]) -> dict[int, Target]:
        lines = map(self._listing, (number for _, number in listings))
        return {
            line.id: Target(line.target, f"{line.target} = WH-1 {line.target + 3} - buffer 3")
            for line in lines
            if line.target is not None
        }

    def tabs(self, cart_id: int) -> dict[ListingFilter, Count]:
        return {tab: self.listings(cart_id, tab, "", None).count() for tab in ListingFilter}

    def alias_types(self, merchant_id: int) -> Sequence[AliasTypeLine]:
        return (
            AliasTypeLine(0, "SKU", PRODUCTS, 0, 0, ("Demo Cart EU",)),
            AliasTypeLine(1, "UPC", PRODUCTS - 4, 4, 3, ("Demo Cart US",)),
            AliasTypeLine(2, "[red]x\x1b[2J", 2, PRODUCTS - 2, 0, ()),
        )

    def collisions(
        self, merchant_id: int, kind: int, ordering: Ordering | None = None, text: str = ""
    ) -> FakeRows[CollisionLine]:
        lines = [CollisionLine("UPC", f"40000000000{n}", ((6, sku(6)), (n, sku(n)))) for n in (1, 12, 13)]
        codes = [line for line in lines if kind == 1 and text in line.code]
        return FakeRows(codes, {"code": lambda line: line.code}, ordering)

    def missing(
        self, merchant_id: int, kind: int, ordering: Ordering | None = None, text: str = ""
    ) -> FakeRows[SummaryLine]:
        lines = [line for line in map(_summary, range(1, 5)) if kind and text in line.sku]
        return FakeRows(lines, {"sku": lambda line: line.sku}, ordering)

    def sync_listings(self, listing_ids: Sequence[int]) -> Requested:
        self.orders.append(("sync", *listing_ids))
        return Requested((20,), worker_started=False, message=f"{len(listing_ids)} listings are sent again.")

    def set_excluded(self, listing_ids: Sequence[int], on: bool, reason: str) -> str:
        return self._wish("excluded", listing_ids, on, reason)

    def set_locked(self, listing_ids: Sequence[int], on: bool, reason: str) -> str:
        return self._wish("locked", listing_ids, on, reason)

    def set_override(self, listing_ids: Sequence[int], quantity: int | None, reason: str) -> str:
        return self._wish("override", listing_ids, quantity, reason)

    def _wish(self, what: str, listing_ids: Sequence[int], value: object, reason: str) -> str:
        self.orders.append((what, *listing_ids, value, reason))
        for number in listing_ids:
            self.held.setdefault(number, {})[what] = value
        return f"{len(listing_ids)} of {len(listing_ids)} listings changed."

    def _listing(self, number: int) -> ListingLine:
        return listing(number, **self.held.get(number, {}))


def _found(text: str) -> list[int]:
    words = text.casefold().split()
    return [n for n in range(1, PRODUCTS + 1) if all(word in f"{sku(n)} {name(n)}".casefold() for word in words)]


def _summary(number: int) -> SummaryLine:
    return SummaryLine(number, sku(number), name(number), (number % 97, None, 4), (NOW - 240, None, NOW - 90_000), 7)


def _hit(number: int, text: str) -> SearchHit:
    rank = HitRank.EXACT if text == sku(number) else HitRank.SUBSTRING
    return SearchHit(number, 1, "Demo Outdoor", sku(number), name(number), sku(number), "SKU", rank, 4, NOW - 240)


def _view(number: int, first: ListingLine) -> SkuView:
    points = tuple(Point(NOW - 3600 * (20 - hour), hour * hour % 31) for hour in range(20))
    other = listing(10_000 + number, cart_id=8, cart=HOSTILE[1], sku=HOSTILE[0], in_cart=3, drift=True)
    far = StockLine(3, HOSTILE[4], None, 0, None, None, NOW, None, NOW - 9000)
    return SkuView(
        product_id=number,
        merchant_id=1,
        merchant="Demo Outdoor",
        sku=sku(number),
        name=name(number),
        missing_since=None,
        components=(("DEMO-PART", 2),),
        aliases=(AliasLine("UPC", "4000000000012", ("DEMO-00012",)), AliasLine(HOSTILE[0], HOSTILE[1], ())),
        levels=(StockLine(1, "Default", 7, 4, 3, 0, NOW - 240, NOW - 240, None), far),
        listings=(first, other),
        not_listed=((HOSTILE[3], "NOT_IN_CART"),),
        history=(
            Track("all warehouses", points),
            Track("Demo Cart EU: DEMO target", points[2:], "target", first.id),
            Track("Demo Cart EU: DEMO confirmed", points[5:], "confirmed", first.id),
            Track("Demo Cart EU: DEMO in cart", points[5:9], "in cart", first.id, NOW - 1800),
        ),
    )
