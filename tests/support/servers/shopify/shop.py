"""What a fake Shopify has: locations, items with levels, orders, and how stock is set. Records are for graphql-core."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

NOW = "2026-11-26T12:00:00Z"
BASE = "gid://shopify"


def _number(ref: str) -> int:
    return int(ref.rpartition("/")[2])


def page(records: Sequence[Mapping[str, Any]], first: int, after: str | None) -> Mapping[str, Any]:
    """A page by id. A cursor names a record, so that one which is deleted hides no other."""
    if not 1 <= first <= 250:
        raise ValueError("first must be from 1 to 250")
    rest = [record for record in records if after is None or _number(record["id"]) > int(after)]
    shown = rest[:first]
    last = str(_number(shown[-1]["id"])) if shown else None
    return {"nodes": shown, "pageInfo": {"hasNextPage": len(rest) > first, "endCursor": last}}


@dataclass
class Item:
    """An inventory item with its variant. `levels`: by location, what is available, None for an inactive level."""

    ref: str
    variant: str
    sku: str | None
    levels: dict[str, int | None]
    tracked: bool = True
    bundle: bool = False
    locked: str = ""
    """Why its tracking cannot be changed."""
    resting: set[str] = field(default_factory=set)
    """Locations with a level that is not active: it has a number, and is not stocked there."""


@dataclass
class Order:
    """`lines`: (item, units); `places`: by item, the location that its units are assigned to."""

    ref: str
    name: str
    lines: list[tuple[str, int]]
    created_at: str
    places: dict[str, str] = field(default_factory=dict)
    cancelled: bool = False
    updated_at: str = ""

    def __post_init__(self) -> None:
        self.updated_at = self.updated_at or self.created_at


class Shop:
    """The records, and what a mutation does to them."""

    def __init__(self) -> None:
        self.main = f"{BASE}/Location/100"
        self.locations: dict[str, str] = {self.main: "Main"}
        self.items: dict[str, Item] = {}
        self.orders: dict[str, Order] = {}
        self._next = 1000
        self.unstocked_code = "ITEM_NOT_STOCKED_AT_LOCATION"
        """What a row is refused with whose item is not stocked at its location."""
        self.services: dict[str, str] = {}
        """Locations of fulfillment services, by id."""
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
        return {ref: item.levels.get(self.main) for ref, item in self.items.items()}

    def order(self, lines: Mapping[str, int], places: Mapping[str, str] | None = None) -> Order:
        """Somebody buys: what is available goes down at once."""
        number = self._new()
        taken_at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        order = Order(f"{BASE}/Order/{number}", f"#{number}", list(lines.items()), taken_at, dict(places or {}))
        self.orders[order.ref] = order
        for ref, units in lines.items():
            at = order.places.setdefault(ref, self.main)
            level = self.items[ref].levels.get(at)
            self.items[ref].levels[at] = (level or 0) - units
        return order

    def edit(self, order: Order, item: str, units: int) -> None:
        """Units are added to an order, or with less than 0 taken out of it: when it was created stays as it was."""
        lines = dict(order.lines)
        order.lines = [*{**lines, item: lines.get(item, 0) + units}.items()]
        order.updated_at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        at = order.places.setdefault(item, self.main)
        self.items[item].levels[at] = (self.items[item].levels.get(at) or 0) - units

    # --- queries ---

    def locations_page(self, info: Any, first: int, after: str | None = None, **_: Any) -> Any:
        records = [{"id": ref, "name": name, "isActive": True} for ref, name in self.locations.items()]
        return page(records, first, after)

    def variants_page(self, info: Any, first: int, after: str | None = None, **_: Any) -> Any:
        records = [self._variant(item) for item in self.items.values()]
        return page(sorted(records, key=lambda record: _number(record["id"])), first, after)

    def orders_page(self, info: Any, first: int, query: str, after: str | None = None, **_: Any) -> Any:
        field_, _, since = query.partition(":>=")
        assert field_ == "updated_at"
        records = [self.order_record(ref) for ref, order in self.orders.items() if order.updated_at >= since.strip("'")]
        return page(records, first, after)

    def node(self, ref: str) -> Any:
        if ref in self.items:
            return self._item(self.items[ref])
        return self.order_record(ref) if ref in self.orders else None

    def _variant(self, item: Item) -> Mapping[str, Any]:
        total = sum(level or 0 for level in item.levels.values())
        return {
            "__typename": "ProductVariant", "id": item.variant, "sku": item.sku, "displayName": f"Thing {item.sku}",
            "inventoryQuantity": total, "requiresComponents": item.bundle, "inventoryItem": lambda info: self._item(item),
        }  # fmt: skip

    def _item(self, item: Item) -> Mapping[str, Any]:
        return {
            "__typename": "InventoryItem", "id": item.ref, "tracked": item.tracked,
            "inventoryLevel": lambda info, **given: self._level(item, given["locationId"]),
            "variants": lambda info, first, **_: page([self._variant(item)], first, None),
            "trackedEditable": {"locked": bool(item.locked), "reason": item.locked or None},
            "inventoryLevels": lambda info, first, **_: {"nodes": self._levels(item)[:first]},
        }  # fmt: skip

    def _level(self, item: Item, at: str) -> Any:
        available = item.levels.get(at)
        if available is None:
            return None
        return {
            "isActive": at not in item.resting, "updatedAt": NOW,
            "quantities": lambda info, names: [{"name": name, "quantity": available} for name in names],
        }  # fmt: skip

    def _levels(self, item: Item) -> list[Mapping[str, Any]]:
        names = self.locations | self.services
        return [
            {"location": {"name": names[at], "isFulfillmentService": at in self.services}}
            for at, available in item.levels.items()
            if available is not None
        ]

    def order_record(self, ref: str) -> Any:
        order = self.orders.get(ref)
        if order is None:
            return None
        lines = [
            {
                "id": f"{BASE}/LineItem/{_number(ref) * 100 + place}", "currentQuantity": units,
                "variant": self._variant(self.items[item]) if item in self.items else None,
            }
            for place, (item, units) in enumerate(order.lines)
        ]  # fmt: skip
        return {
            "__typename": "Order", "id": ref, "name": order.name, "createdAt": order.created_at,
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
        return {"inventoryItem": {"id": ref}, "userErrors": []}

    def activate(self, ref: str, at: str, available: int) -> Mapping[str, Any]:
        """`inventoryActivate`."""
        item = self.items.get(ref)
        wrong = ""
        if item is None or at not in self.locations:
            wrong = "The product could not be found"
        elif any(item.levels.get(service) is not None for service in self.services):
            wrong = "The item is stocked at a fulfillment service"
        elif item.levels.get(at) is not None and at not in item.resting:
            wrong = "Not allowed to set available quantity when the item is already active at the location."
        if item is None or wrong:
            return {"inventoryLevel": None, "userErrors": [{"field": ["inventoryItemId"], "message": wrong}]}
        item.levels[at] = available
        item.resting.discard(at)
        return {"inventoryLevel": {"id": f"{BASE}/InventoryLevel/{_number(ref)}"}, "userErrors": []}

    def set_quantities(self, input_: Mapping[str, Any]) -> Mapping[str, Any]:
        """All rows, or none and why."""
        self.before_set()
        assert input_["name"] == "available"
        errors = []
        for place, row in enumerate(input_["quantities"]):
            code, name = self._wrong_with(row)
            if code:
                where = ["input", "quantities", str(place), name]
                errors.append({"code": code, "message": f"{name} is refused.", "field": where})
        if errors:
            return {"inventoryAdjustmentGroup": None, "userErrors": errors}
        changes = []
        for row in input_["quantities"]:
            self.items[row["inventoryItemId"]].levels[row["locationId"]] = row["quantity"]
            self.taken.append((row["inventoryItemId"], row["locationId"], row["quantity"]))
            item, at = {"id": row["inventoryItemId"]}, {"id": row["locationId"]}
            changes.append({"quantityAfterChange": row["quantity"], "item": item, "location": at})
        group = {"changes": lambda info, **_: changes}
        return {"inventoryAdjustmentGroup": group, "userErrors": []}

    def _wrong_with(self, row: Mapping[str, Any]) -> tuple[str, str]:
        item = self.items.get(row["inventoryItemId"])
        if item is None:
            return "INVALID_INVENTORY_ITEM", "inventoryItemId"
        if row["locationId"] not in self.locations:
            return "INVALID_LOCATION", "locationId"
        if item.bundle:
            return "NON_MUTABLE_INVENTORY_ITEM", "inventoryItemId"
        now = item.levels.get(row["locationId"])
        if now is None or row["locationId"] in item.resting:
            return self.unstocked_code, "locationId"
        if row["changeFromQuantity"] is not None and row["changeFromQuantity"] != now:
            return "CHANGE_FROM_QUANTITY_STALE", "changeFromQuantity"
        return "", ""
