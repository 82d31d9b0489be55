"""Orders of a Medusa as lines, by inventory item and with the stock location that each takes its units from.

An order reserves units of each inventory item of its variants at one location. A reservation ends when its units are
packed (a fulfillment, which names the location too) and when the order is canceled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from invsync_tui.connectors.base import OrderLine
from invsync_tui.connectors.carts.medusa.listings import units
from invsync_tui.connectors.values import name_of, reference, seconds, text, whole

CANCELED = "canceled"
FIELDS = ",".join(
    (
        "id", "display_id", "custom_display_id", "status", "created_at",
        "items.id", "items.quantity", "items.variant.manage_inventory",
        "items.variant.inventory_items.inventory_item_id", "items.variant.inventory_items.required_quantity",
        "fulfillments.location_id", "fulfillments.canceled_at",
        "fulfillments.items.line_item_id", "fulfillments.items.inventory_item_id", "fulfillments.items.quantity",
    )
)  # fmt: skip
RESERVATION_FIELDS = "id,line_item_id,inventory_item_id,location_id,quantity,created_at"

ByLine = Mapping[str, Sequence[Mapping[str, Any]]]
"""Reservations by the id of the order's line."""


def epoch(value: object) -> int:
    """Epoch seconds of an ISO time; ValueError for what is none."""
    try:
        return seconds(int(datetime.fromisoformat(text(value)).timestamp()))
    except OverflowError as error:
        raise ValueError(f"{value!r} is not a time") from error


def line_ids(orders: Sequence[Any]) -> list[str]:
    """The ids of the lines of some orders, as far as they can be read."""
    return [
        line["id"]
        for order in orders
        if isinstance(order, Mapping) and isinstance(order.get("items"), list)
        for line in order["items"]
        if isinstance(line, Mapping) and isinstance(line.get("id"), str)
    ]


def lines(orders: Sequence[Any], reserved: ByLine) -> list[OrderLine]:
    """The lines of some orders; an order that cannot be read is one line with the reason."""
    order_lines: list[OrderLine] = []
    for order in orders:
        try:
            order_lines += _lines(order, reserved)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            known = name_of(order)
            why = f"{type(error).__name__}: {error}"
            order_lines.append(OrderLine("" if known == "?" else known, "", 0, 0, error=why))
    return order_lines


def _lines(order: Mapping[str, Any], reserved: ByLine) -> list[OrderLine]:
    if text(order["status"]) == CANCELED:
        return []
    ref, placed = reference(order["id"]), epoch(order["created_at"])
    name = text(order["custom_display_id"]) if order.get("custom_display_id") else reference(order["display_id"])
    packed = _packed(order)
    result: list[OrderLine] = []
    for line in order["items"]:
        held = reserved.get(reference(line["id"]), ())
        # A draft is made an order long after it was created: its reservations are of that moment.
        taken_at = max(placed, min((epoch(at["created_at"]) for at in held), default=placed))
        for item, needed in _needs(line):
            places = _places(item, held, packed[reference(line["id"]), item])
            result += [
                OrderLine(ref, item, quantity, taken_at, location, name)
                for location, quantity in _shared_out(needed, places)
            ]
    return result


def _needs(line: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """(inventory item, units) that a line takes. None for a variant that is deleted or manages no inventory."""
    quantity, variant = units(line["quantity"], 0), line["variant"]
    if variant is None or not variant["manage_inventory"]:
        return
    for link in variant["inventory_items"]:
        needed = quantity * whole(link["required_quantity"], 0)
        if needed:
            yield reference(link["inventory_item_id"]), needed


def _packed(order: Mapping[str, Any]) -> Mapping[tuple[str, str], Mapping[str, int]]:
    """By line and item, the units at each location that fulfillments have taken."""
    packed: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for fulfillment in order["fulfillments"] or ():
        if fulfillment["canceled_at"] is not None:
            continue
        for part in fulfillment["items"]:
            if part["line_item_id"] is not None and part["inventory_item_id"] is not None:
                key = reference(part["line_item_id"]), reference(part["inventory_item_id"])
                packed[key][reference(fulfillment["location_id"])] += units(part["quantity"], 0)
    return packed


def _places(item: str, held: Sequence[Mapping[str, Any]], packed: Mapping[str, int]) -> Mapping[str, int]:
    """Units of an item at each location, reserved and packed."""
    units_at: dict[str, int] = defaultdict(int)
    for at, quantity in packed.items():
        units_at[at] += quantity
    for reservation in held:
        if reference(reservation["inventory_item_id"]) == item:
            units_at[reference(reservation["location_id"])] += units(reservation["quantity"], 0)
    return units_at


def _shared_out(needed: int, places: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """(location, units) that together are what is needed; '' for what is at no known location."""
    for at in sorted(places):
        part = min(needed, places[at])
        if part:
            yield at, part
            needed -= part
    if needed:
        yield "", needed
