"""Variants of a Medusa as listings: which inventory item holds a variant's stock, and what it shows at one location.

A listing that has stock of its own is known by its inventory item, any other (kits, variants that manage no inventory) by
its variant. A variant and its item are linked; their SKUs are independent, and renaming the variant leaves the item's.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from invsync_tui.connectors.base import CartLocation, ListingRow
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.connectors.values import QUANTITY_MOST, reference, text, whole, yes_or_no
from invsync_tui.rules.outcomes import Reason

_BARCODES = ("barcode", "ean", "upc")
_OF_VARIANT = ("id", "sku", *_BARCODES, "title", "manage_inventory", "allow_backorder", "product.title")
_OF_ITEM = (
    "id",
    "sku",
    "location_levels.location_id",
    "location_levels.stocked_quantity",
    "location_levels.reserved_quantity",
    "location_levels.stock_locations.id",
)
_SIBLINGS = ("variants.id", "variants.sku", "variants.inventory_items.required_quantity")
VARIANT_FIELDS = ",".join(
    (
        *_OF_VARIANT,
        "inventory_items.inventory_item_id",
        "inventory_items.required_quantity",
        *(f"inventory_items.inventory.{field}" for field in (*_OF_ITEM, *_SIBLINGS)),
    )
)
"""What is asked of variants."""
ITEM_FIELDS = ",".join((*_OF_ITEM, *_SIBLINGS, *(f"variants.{field}" for field in _OF_VARIANT)))
"""What is asked of inventory items."""
MOST = QUANTITY_MOST


def units(value: object, least: int = -QUANTITY_MOST) -> int:
    """Whole units of a quantity, which may have a fraction: it is rounded down. ValueError for anything else."""
    if type(value) is float and math.isfinite(value) and not value.is_integer():
        whole(math.floor(value), least)
        return math.floor(value)
    return whole(value, least)


def of_variant(variant: Mapping[str, Any], location: CartLocation, ours: Collection[str]) -> ListingRow:
    """A variant as a listing, with its stock at one location; without a level there the quantity is None.

    `ours` are references of locations that are not elsewhere.
    """
    return _of_variant(variant, location, ours)._replace(barcode=_barcode(variant))


def _of_variant(variant: Mapping[str, Any], location: CartLocation, ours: Collection[str]) -> ListingRow:
    ref, tracked = reference(variant["id"]), yes_or_no(variant["manage_inventory"])
    links = variant["inventory_items"]
    sku, name = _code(variant["sku"]), _name(variant)
    if not tracked or not links:
        return ListingRow(ref, sku, name, tracked, skip=Reason.NOT_STOCKED_AT_LOCATION if tracked else None)
    item = links[0].get("inventory")
    if item is None:  # a link to an item that is deleted
        return ListingRow(ref, sku, name, tracked, skip=Reason.NOT_STOCKED_AT_LOCATION)
    if not _holds_one(links) or seller_of(item) != ref:
        return ListingRow(ref, sku, name, tracked, skip=Reason.BUNDLE_PARENT)
    return _stocked(item, sku, name, location, ours)


def of_item(item: Mapping[str, Any], location: CartLocation, ours: Collection[str]) -> ListingRow | None:
    """An inventory item as a listing; None where no variant has it as its own stock."""
    seller = seller_of(item)
    for variant in item["variants"]:
        if reference(variant["id"]) == seller and yes_or_no(variant["manage_inventory"]):
            row = _stocked(item, _code(variant["sku"]), _name(variant), location, ours)
            return row._replace(barcode=_barcode(variant))
    return None


def seller_of(item: Mapping[str, Any]) -> str:
    """The variant whose stock an item is: of those that have it alone and once, the one with its SKU, else the oldest, whose
    id comes first. '' for none."""
    alone = [variant for variant in item["variants"] if _holds_one(variant["inventory_items"])]
    named = [variant for variant in alone if variant["sku"] is not None and variant["sku"] == item["sku"]]
    return min((reference(variant["id"]) for variant in named or alone), default="")


def sells_below_zero(variant: object) -> bool:
    """Whether a variant is sold whatever its stock is, although it is counted."""
    return isinstance(variant, Mapping) and variant.get("manage_inventory") is True is variant.get("allow_backorder")


def _holds_one(links: Sequence[Mapping[str, Any]]) -> bool:
    return len(links) == 1 and whole(links[0]["required_quantity"]) == 1


def _stocked(item: Mapping[str, Any], sku: str, name: str, location: CartLocation, ours: Collection[str]) -> ListingRow:
    here: Mapping[str, Any] | None = None
    others: list[Mapping[str, Any]] = []
    for level in item["location_levels"]:
        stands = level.get("stock_locations") != []  # a deleted location leaves its levels behind
        if reference(level["location_id"]) == location.ref:
            if not stands:
                raise _gone(location)
            here = level
        elif stands and reference(level["location_id"]) not in ours:
            others.append(level)
    return ListingRow(
        ref=reference(item["id"]),
        sku=sku,
        name=name,
        tracked=True,
        quantity=None if here is None else units(here["stocked_quantity"]),
        allocated=0 if here is None else units(here["reserved_quantity"]),
        skip=Reason.NOT_STOCKED_AT_LOCATION if here is None else None,
        elsewhere=sum(units(level["stocked_quantity"]) for level in others) if others else None,
        elsewhere_allocated=sum(units(level["reserved_quantity"]) for level in others),
    )


def _gone(location: CartLocation) -> NotConfiguredError:
    return NotConfiguredError(
        f"The location {location.name} ({location.ref}) no longer exists in the cart.",
        advice="Choose another location in the cart's Edit Setup.",
    )


def _code(value: object) -> str:
    return "" if value is None else text(value)


def _barcode(variant: Mapping[str, Any]) -> str:
    """The first of the codes that Medusa has besides the SKU, '' for none."""
    return next((text(variant[field]) for field in _BARCODES if variant.get(field)), "")


def _name(variant: Mapping[str, Any]) -> str:
    """Product and variant, as far as they have titles."""
    product = variant.get("product")
    titles = (product.get("title") if isinstance(product, Mapping) else None, variant["title"])
    return " / ".join(dict.fromkeys(text(title) for title in titles if title))
