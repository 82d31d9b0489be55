"""What a fake Shopify has: locations, items with levels, orders, and how stock is set. Records are for graphql-core."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from graphql import GraphQLError

from tests.support.servers.shopify.paging import number as _number
from tests.support.servers.shopify.paging import page
from tests.support.servers.shopify.stock import NAMES, Item, doubled, wrong_with_input, wrong_with_quantity

NOW = "2026-11-26T12:00:00Z"
UNSTOCKED = "ITEM_NOT_STOCKED_AT_LOCATION"
"""The schema has this code up to 2026-07."""
BASE = "gid://shopify"


ORDERS_SEEN = timedelta(days=60)
"""How old an order may be without the scope read_all_orders: https://shopify.dev/docs/api/admin-graphql/latest/objects/Order"""


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip("'\""))
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


@dataclass
class Order:
    """`lines`: (item, units without those that were taken out again); `places`: by item, the location of its units."""

    ref: str
    name: str
    lines: list[tuple[str, int]]
    created_at: str
    places: dict[str, str] = field(default_factory=dict)
    cancelled: bool = False
    updated_at: str = ""
    bought: dict[str, int] = field(default_factory=dict)
    """By item, the units with those that were taken out again."""

    def __post_init__(self) -> None:
        self.updated_at = self.updated_at or self.created_at
        self.bought = self.bought or dict(self.lines)


class Shop:
    """The records, and what a mutation does to them."""

    def __init__(self) -> None:
        self.main = f"{BASE}/Location/100"
        self.locations: dict[str, str] = {self.main: "Main"}
        self.items: dict[str, Item] = {}
        self.orders: dict[str, Order] = {}
        self._next = 1000
        self.services: dict[str, str] = {}
        """Locations of fulfillment services that share no SKU with another location, by id."""
        self.closed: set[str] = set()
        """Locations that were deactivated."""
        self.sees_all_orders = False
        self.unstocked_code = UNSTOCKED
        """What a row is refused with whose item is not stocked at its location."""
        self.stocks_anywhere = False
        """Whether versions before 2026-10, too, take a number for a level that is not active."""
        self.taken: list[tuple[str, str, int]] = []
        """(item, location, quantity) of every row that was set, oldest first."""
        self.before_set: Callable[[], None] = lambda: None
        """Called before a mutation: somebody else is faster."""

    def _new(self) -> int:
        self._next += 1
        return self._next

    def add_location(self, name: str) -> str:
        ref = f"{BASE}/Location/{self._new()}"
        self.locations[ref] = name
        return ref

    def add(self, sku: str | None, quantity: int | None, **values: Any) -> str:
        """With None for the quantity it is not stocked at the first location."""
        number = self._new()
        ref = f"{BASE}/InventoryItem/{number}"
        self.items[ref] = Item(ref, f"{BASE}/ProductVariant/{number}", sku, {self.main: quantity}, **values)
        return ref

    def shown(self) -> dict[str, int | None]:
        return {ref: item.levels[self.main] if item.active(self.main) else None for ref, item in self.items.items()}

    def order(self, lines: Mapping[str, int], places: Mapping[str, str] | None = None) -> Order:
        """Somebody buys: what is available goes down at once."""
        number = self._new()
        order = Order(f"{BASE}/Order/{number}", f"#{number}", list(lines.items()), _now(), dict(places or {}))
        self.orders[order.ref] = order
        for ref, units in lines.items():
            self._commit(ref, order.places.setdefault(ref, self.main), units)
        return order

    def _commit(self, ref: str, at: str, units: int) -> None:
        """What is available becomes committed; what is on hand stays."""
        item = self.items[ref]
        item.levels[at] = (item.levels.get(at) or 0) - units
        item.committed[at] = item.committed.get(at, 0) + units

    def fulfill(self, order: Order) -> None:
        """Its units leave: what is committed and what is on hand go down, what is available stays."""
        for ref, units in order.lines:
            self.items[ref].committed[order.places[ref]] -= units
        order.updated_at = _now()

    def cancel(self, order: Order) -> None:
        """It is cancelled and its units are put back."""
        for ref, units in order.lines:
            self._commit(ref, order.places[ref], -units)
        order.cancelled, order.updated_at = True, _now()

    def edit(self, order: Order, item: str, units: int) -> None:
        """Units are added to an order, or with less than 0 taken out of it: when it was created stays as it was."""
        lines = dict(order.lines)
        order.lines = [*{**lines, item: lines.get(item, 0) + units}.items()]
        order.bought[item] = order.bought.get(item, 0) + max(0, units)
        order.updated_at = _now()
        self._commit(item, order.places.setdefault(item, self.main), units)

    # --- queries ---

    def locations_page(
        self,
        info: Any,
        first: int | None = None,
        after: str | None = None,
        includeInactive: bool = False,  # noqa: N803 (the argument's name)
        includeLegacy: bool = False,  # noqa: N803 (the argument's name)
        sortKey: str = "NAME",  # noqa: N803 (the argument's name)
        **_: Any,
    ) -> Any:
        """Only active ones, and none of a fulfillment service, where it is not asked for them."""
        names = self.locations | (self.services if includeLegacy else {})
        records = [self._location(ref) for ref in names if includeInactive or ref not in self.closed]
        return page(records, first, after, None if sortKey == "ID" else lambda record: record["name"])

    def _location(self, ref: str) -> Mapping[str, Any]:
        return {
            "__typename": "Location", "id": ref, "name": (self.locations | self.services)[ref],
            "isActive": ref not in self.closed, "isFulfillmentService": ref in self.services,
        }  # fmt: skip

    def variants(self) -> list[Mapping[str, Any]]:
        return [self._variant(item) for item in self.items.values()]

    def variants_page(self, info: Any, first: int | None = None, after: str | None = None, **_: Any) -> Any:
        return page(self.variants(), first, after)

    def orders_page(
        self,
        info: Any,
        first: int | None = None,
        after: str | None = None,
        query: str = "",
        sortKey: str = "PROCESSED_AT",  # noqa: N803 (the argument's name)
        **_: Any,
    ) -> Any:
        """Those that the terms of a search let through, which all have to hold."""
        records = [self.order_record(ref) for ref, order in self.orders.items() if self._found(order, query)]
        by = {"ID": None, "UPDATED_AT": "updatedAt", "CREATED_AT": "createdAt", "PROCESSED_AT": "createdAt"}[sortKey]
        shown = [record for record in records if record is not None]
        return page(shown, first, after, None if by is None else lambda record: _moment(record[by]).timestamp())

    @staticmethod
    def _found(order: Order, query: str) -> bool:
        for term in query.replace(" AND ", " ").split():
            parts = re.fullmatch(r"(updated_at|created_at):(>=|<=|>|<)(.+)", term)
            if parts is None:
                raise GraphQLError(f"the fake has no search for {term}")
            have, wanted = _moment(getattr(order, parts[1])), _moment(parts[3])
            holds = {">=": have >= wanted, "<=": have <= wanted, ">": have > wanted, "<": have < wanted}
            if not holds[parts[2]]:
                return False
        return True

    def node(self, ref: str) -> Any:
        if ref in self.items:
            return self._item(self.items[ref])
        return self.order_record(ref) if ref in self.orders else None

    def _variant(self, item: Item) -> Mapping[str, Any]:
        total = sum(level or 0 for at, level in item.levels.items() if item.active(at))
        return {
            "__typename": "ProductVariant", "id": item.variant, "sku": item.sku, "displayName": f"Thing {item.sku}",
            "inventoryQuantity": total, "requiresComponents": item.bundle, "inventoryItem": lambda info: self._item(item),
        }  # fmt: skip

    def _item(self, item: Item) -> Mapping[str, Any]:
        return {
            "__typename": "InventoryItem", "id": item.ref, "tracked": item.tracked,
            "inventoryLevel": lambda info, **given: self._level(item, given["locationId"], **given),
            "variants": lambda info, first, **_: page([self._variant(item)], first, None),
            "trackedEditable": {"locked": bool(item.locked), "reason": item.locked or None},
            "inventoryLevels": lambda info, first=250, after=None, **given: page(self._levels(item, **given), first, after),
        }  # fmt: skip

    def _level(self, item: Item, at: str, includeInactive: bool = False, **_: Any) -> Any:  # noqa: N803
        """None where it is not active, if it is not asked for all the same."""
        active = item.active(at) and at not in self.closed
        if not active and not (includeInactive and item.levels.get(at) is not None):
            return None

        def quantities(info: Any, names: list[str]) -> list[Mapping[str, Any]]:
            if wrong := set(names) - set(NAMES):
                raise GraphQLError(f"unknown quantity names {sorted(wrong)}")
            return [{"name": name, "quantity": item.quantity(at, name), "updatedAt": NOW} for name in names]

        return {
            "__typename": "InventoryLevel", "id": f"{BASE}/InventoryLevel/{_number(at)}{_number(item.ref)}",
            "isActive": active, "updatedAt": NOW, "quantities": quantities, "location": self._location(at),
        }  # fmt: skip

    def _levels(self, item: Item, **given: Any) -> list[Mapping[str, Any]]:
        levels = [self._level(item, at, **given) for at in (self.locations | self.services) if at in item.levels]
        return [level for level in levels if level is not None]

    def order_record(self, ref: str) -> Any:
        order = self.orders.get(ref)
        old = order is not None and datetime.now(UTC) - _moment(order.created_at) > ORDERS_SEEN
        if order is None or (old and not self.sees_all_orders):
            return None
        lines = [
            {
                "id": f"{BASE}/LineItem/{_number(ref) * 100 + place}", "currentQuantity": units,
                "quantity": order.bought.get(item, units),
                "variant": self._variant(self.items[item]) if item in self.items else None,
            }
            for place, (item, units) in enumerate(order.lines)
        ]  # fmt: skip
        return {
            "__typename": "Order", "id": ref, "name": order.name, "createdAt": order.created_at,
            "updatedAt": order.updated_at, "processedAt": order.created_at,
            "cancelledAt": NOW if order.cancelled else None,
            "lineItems": lambda info, first, after=None, **_: page(lines, first, after),
            "fulfillmentOrders": lambda info, first, **_: page(self._fulfillments(order, lines), first, None),
        }  # fmt: skip

    def _fulfillments(self, order: Order, lines: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        by_place: dict[str, list[Mapping[str, Any]]] = {}
        for (item, units), line in zip(order.lines, lines, strict=True):
            record = {"id": line["id"], "totalQuantity": units, "lineItem": line}
            by_place.setdefault(order.places[item], []).append(record)

        def parts_of(records: list[Mapping[str, Any]]) -> Callable[..., Any]:
            return lambda info, first, **_: page(records, first, None)

        return [
            {
                "id": f"{BASE}/FulfillmentOrder/{_number(order.ref) * 10 + place}", "status": "OPEN",
                "assignedLocation": {"location": {"id": at}}, "lineItems": parts_of(records),
            }
            for place, (at, records) in enumerate(by_place.items())
        ]  # fmt: skip

    # --- mutations ---

    def track(self, ref: str, input_: Mapping[str, Any]) -> Mapping[str, Any]:
        """`inventoryItemUpdate`. The numbers of an item stay while it is not tracked."""
        assert set(input_) == {"tracked"}
        item = self.items.get(ref)
        wrong = "The inventory item could not be found" if item is None else item.locked
        if item is None or wrong:
            return {"inventoryItem": None, "userErrors": [{"field": ["id"], "message": wrong}]}
        item.tracked = input_["tracked"]
        return {"inventoryItem": self._item(item), "userErrors": []}

    def activate(
        self,
        ref: str,
        at: str,
        available: int | None = None,
        onHand: int | None = None,  # noqa: N803 (the argument's name)
        stockAtLegacyLocation: bool = False,  # noqa: N803 (the argument's name)
    ) -> Mapping[str, Any]:
        """`inventoryActivate`. Without a number an item that was active there has again what it had (since 2026-04)."""
        item = self.items.get(ref)
        given = available is not None or onHand is not None
        wrong = ""
        if item is None:
            wrong = "The product could not be found"
        elif at not in self.locations | self.services or at in self.closed:
            wrong = "The location could not be found"
        elif not stockAtLegacyLocation and (at in self.services or self._held_by_service(item)):
            wrong = "The item is stocked at a fulfillment service"
        elif item.active(at) and given:
            wrong = "Not allowed to set available quantity when the item is already active at the location."
        if item is None or wrong:
            where = "available" if "already active" in wrong else "inventoryItemId"
            return {"inventoryLevel": None, "userErrors": [{"field": [where], "message": wrong}]}
        if at in self.services or self._held_by_service(item):
            for other in {*item.levels} - {at}:
                item.deactivate(other)
        item.levels[at] = item.levels.get(at) or 0
        item.resting.discard(at)
        if available is not None:
            item.put(at, "available", available)
        elif onHand is not None:
            item.put(at, "on_hand", onHand)
        return {"inventoryLevel": self._level(item, at), "userErrors": []}

    def _held_by_service(self, item: Item) -> bool:
        return any(item.active(service) for service in self.services)

    def set_quantities(self, input_: Mapping[str, Any], *, anywhere: bool) -> Mapping[str, Any]:
        """All rows, or none and why. `anywhere`: a level that is not active is set as well, and stays inactive."""
        self.before_set()
        code, name = wrong_with_input(input_)
        errors = [(code, ["input", name])] if code else []
        again = doubled(input_["quantities"])
        for place, row in enumerate(input_["quantities"]):
            code, name = self._wrong_with(row, input_["name"], anywhere=anywhere)
            if place in again:
                code, name = "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", "inventoryItemId"
            if code:
                errors.append((code, ["input", "quantities", str(place), name]))
        if errors:
            shown = [{"code": code, "message": f"{where[-1]} is refused.", "field": where} for code, where in errors]
            return {"inventoryAdjustmentGroup": None, "userErrors": shown}
        for row in input_["quantities"]:
            self.items[row["inventoryItemId"]].put(row["locationId"], input_["name"], row["quantity"])
            self.taken.append((row["inventoryItemId"], row["locationId"], row["quantity"]))
        return {"inventoryAdjustmentGroup": self._group(input_), "userErrors": []}

    def _group(self, input_: Mapping[str, Any]) -> Mapping[str, Any]:
        """A group of changes. What belongs to it is read when it is asked for, as for a repeated request."""

        def changes(info: Any, **_: Any) -> list[Mapping[str, Any]]:
            return [
                {
                    "name": input_["name"], "quantityAfterChange": row["quantity"],
                    "item": self.node(row["inventoryItemId"]), "location": self._location(row["locationId"]),
                }
                for row in input_["quantities"]
            ]  # fmt: skip

        return {"id": f"{BASE}/InventoryAdjustmentGroup/{self._new()}", "reason": input_["reason"], "changes": changes}

    def _wrong_with(self, row: Mapping[str, Any], name: str, *, anywhere: bool) -> tuple[str, str]:
        item = self.items.get(row["inventoryItemId"])
        at = row["locationId"]
        if item is None:
            return "INVALID_INVENTORY_ITEM", "inventoryItemId"
        if at not in self.locations | self.services or at in self.closed:
            return "INVALID_LOCATION", "locationId"
        if item.bundle:
            return "NON_MUTABLE_INVENTORY_ITEM", "inventoryItemId"
        if wrong := wrong_with_quantity(row["quantity"]):
            return wrong, "quantity"
        if not item.active(at) and not anywhere:
            return self.unstocked_code, "locationId"
        expected = row["changeFromQuantity"]
        stale = expected is not None and name in NAMES and expected != item.quantity(at, name)
        return ("CHANGE_FROM_QUANTITY_STALE", "changeFromQuantity") if stale else ("", "")
