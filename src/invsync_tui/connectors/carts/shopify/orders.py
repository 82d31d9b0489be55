"""Orders of a Shopify as lines, with the location that Shopify has assigned where it says so.

An order's units are assigned to locations by its fulfillment orders, which need a permission of their own. Without it, in
a shop of several locations, the location is unknown, and a line counts wherever the listing is sold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from invsync_tui.connectors.base import OrderLine
from invsync_tui.connectors.carts.shopify.listings import READING_ERRORS, epoch
from invsync_tui.connectors.values import name_of, reference, text, whole

Places = Mapping[str, Sequence[tuple[str, int]]]
"""By id of a line, (location, units) as assigned."""


def places_of(order: Mapping[str, Any]) -> dict[str, list[tuple[str, int]]]:
    """The places of an order's lines; {} where its fulfillment orders do not tell all of them."""
    places: dict[str, list[tuple[str, int]]] = {}
    try:
        fulfillment_orders = order["fulfillmentOrders"]
        if fulfillment_orders["pageInfo"]["hasNextPage"]:
            return {}
        for part in fulfillment_orders["nodes"]:
            if part["status"] == "CANCELLED":
                continue
            at = part["assignedLocation"]["location"]
            if at is None or part["lineItems"]["pageInfo"]["hasNextPage"]:
                return {}
            for line in part["lineItems"]["nodes"]:
                units = whole(line["totalQuantity"], 0)
                places.setdefault(reference(line["lineItem"]["id"]), []).append((reference(at["id"]), units))
    except READING_ERRORS:
        return {}
    return places


def lines_of(order: object, lines: Sequence[Any], places: Places, only: str) -> list[OrderLine]:
    """An order as lines; one line with the reason where it cannot be read. `only`: the shop's only location, or ''.

    [] for a cancelled order. What was refunded or removed before it was sent is no longer in a line's quantity.
    """
    try:
        if not isinstance(order, Mapping):
            raise TypeError("the order is no object")
        if order["cancelledAt"] is not None:
            return []
        ref, name, taken_at = reference(order["id"]), text(order["name"]), epoch(order["createdAt"])
        result: list[OrderLine] = []
        for line in lines:
            units = whole(line["currentQuantity"], 0)
            if units == 0 or line["variant"] is None:  # of a product that is deleted, or of none: there is no listing
                continue
            listing = reference(line["variant"]["inventoryItem"]["id"])
            parts = [(only, units)] if only else places.get(reference(line["id"]), ())
            if sum(part for _, part in parts) != units:
                parts = [("", units)]
            result += [OrderLine(ref, listing, part, taken_at, at, name) for at, part in parts if part]
    except READING_ERRORS as error:
        known = name_of(order)
        return [OrderLine("" if known == "?" else known, "", 0, 0, error=f"{type(error).__name__}: {error}")]
    return result
