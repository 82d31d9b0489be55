"""The stock of a fake Shopify: an item's numbers at its locations, and how a mutation changes them.

`on_hand` is the sum of what is available, committed to orders and set aside (safety_stock, damaged, quality_control, reserved):
https://shopify.dev/docs/apps/build/orders-fulfillment/inventory-management-apps
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST = 1_000_000_000
SET_ASIDE = ("safety_stock", "damaged", "quality_control", "reserved")
NAMES = ("available", "on_hand", "committed", "incoming", *SET_ASIDE)
REASONS = (
    "correction", "cycle_count_available", "damaged", "movement_canceled", "movement_created", "movement_received",
    "movement_updated", "other", "promotion", "quality_control", "received", "reservation_created",
    "reservation_deleted", "reservation_updated", "restock", "safety_stock", "shrinkage",
)  # fmt: skip
"""https://shopify.dev/docs/apps/build/orders-fulfillment/inventory-management-apps/manage-quantities-states"""


@dataclass
class Item:
    """An inventory item with its variant. `levels`: by location, what is available, None where it never was stocked."""

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
    committed: dict[str, int] = field(default_factory=dict)
    """By location, what is sold and not fulfilled."""
    aside: dict[tuple[str, str], int] = field(default_factory=dict)
    """By location and name of SET_ASIDE, what is there and not for sale."""

    def not_available(self, at: str) -> int:
        """What is on hand and not available."""
        return self.committed.get(at, 0) + sum(self.aside.get((at, name), 0) for name in SET_ASIDE)

    def quantity(self, at: str, name: str) -> int:
        """A number of a level; an inactive one has those that it had."""
        available = self.levels.get(at) or 0
        if name == "available":
            return available
        if name == "on_hand":
            return available + self.not_available(at)
        return self.committed.get(at, 0) if name == "committed" else self.aside.get((at, name), 0)

    def put(self, at: str, name: str, quantity: int) -> None:
        """Set what is available or on hand: the other one follows, what is committed stays."""
        available = quantity if name == "available" else quantity - self.not_available(at)
        if self.levels.get(at) is None:
            self.resting.add(at)
        self.levels[at] = available

    def active(self, at: str) -> bool:
        return self.levels.get(at) is not None and at not in self.resting

    def deactivate(self, at: str) -> None:
        self.resting.add(at)


def wrong_with_input(input_: Mapping[str, Any]) -> tuple[str, str]:
    """Code and field of what is wrong with all of an input, or blanks."""
    if input_["name"] not in ("available", "on_hand"):
        return "INVALID_NAME", "name"
    return ("", "") if input_["reason"] in REASONS else ("INVALID_REASON", "reason")


def wrong_with_quantity(quantity: int) -> str:
    """Its code, or a blank."""
    if quantity < 0:
        return "INVALID_QUANTITY_NEGATIVE"
    return "INVALID_QUANTITY_TOO_HIGH" if quantity > MOST else ""


def doubled(rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """Places of rows whose item and location an earlier row has."""
    seen: set[tuple[str, str]] = set()
    pairs = set()
    for place, row in enumerate(rows):
        pair = row["inventoryItemId"], row["locationId"]
        if pair in seen:
            pairs.add(place)
        seen.add(pair)
    return pairs
