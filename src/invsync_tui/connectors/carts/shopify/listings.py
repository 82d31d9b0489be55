"""A product variant with its inventory item as a listing. Its reference is the inventory item's id, which is what is set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from invsync_tui.connectors.base import ListingRow
from invsync_tui.connectors.values import maybe_whole, name_of, reference, seconds, text, whole, yes_or_no
from invsync_tui.rules.outcomes import Reason

READING_ERRORS = (AttributeError, KeyError, TypeError, ValueError, OverflowError)


def epoch(value: object) -> int:
    """Epoch seconds of an ISO time; ValueError for what is none."""
    moment = datetime.fromisoformat(text(value))
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return seconds(int(moment.timestamp()))


QUANTITY_MOST = 1_000_000_000
"""What Shopify keeps at most, by INVALID_QUANTITY_TOO_HIGH of its schema (InventorySetQuantitiesUserErrorCode)."""
OWN = "inventoryLevel"
"""What an answer calls the level at our own location."""


def of_variant(variant: Mapping[str, Any], level: str, ours: Sequence[str], *, several: bool) -> ListingRow:
    """A record of VARIANTS with the stock of one `level` of it; `ours` are the names of all levels that are not elsewhere.

    `several`: the shop has other locations.
    """
    return _row(variant, variant["inventoryItem"], level, ours, several=several)


def of_item(item: Mapping[str, Any], ours: Sequence[str], *, several: bool) -> ListingRow | None:
    """A record of ITEMS with the stock at our own location; None for an item that no variant has, which is no listing."""
    variants = item["variants"]["nodes"]
    if not isinstance(variants, list):
        raise ValueError("its variants are no list")
    return _row(variants[0], item, OWN, ours, several=several) if variants else None


def _row(
    variant: Mapping[str, Any], item: Mapping[str, Any], name: str, ours: Sequence[str], *, several: bool
) -> ListingRow:
    level = item[name]
    available = _stocked(level)
    stocked = available is not None
    total = maybe_whole(variant["inventoryQuantity"])
    skip = None
    if yes_or_no(variant["requiresComponents"]):
        skip = Reason.BUNDLE_PARENT
    elif not stocked:
        skip = Reason.NOT_STOCKED_AT_LOCATION
    tracked = yes_or_no(item["tracked"])
    return ListingRow(
        ref=reference(item["id"]),
        sku=text(variant["sku"] or ""),
        barcode=text(variant.get("barcode") or ""),
        name=text(variant["displayName"]),
        tracked=tracked,
        quantity=available,
        cap=QUANTITY_MOST,
        skip=skip,
        updated_at=epoch(level["updatedAt"]) if level is not None else None,
        elsewhere=total - sum(_stocked(item[at]) or 0 for at in ours)
        if several and tracked and total is not None
        else None,
    )


def _stocked(level: Mapping[str, Any] | None) -> int | None:
    """What is available at a level; None where the item is not stocked there."""
    return _available(level) if level is not None and yes_or_no(level["isActive"]) else None


def _available(level: Mapping[str, Any]) -> int:
    for quantity in level["quantities"]:
        if quantity["name"] == "available":
            return whole(quantity["quantity"])
    raise ValueError("the level has no available quantity")


def ref_of(variant: object) -> str:
    """What a variant that cannot be read is called: its item's id, as a listing is, as far as it has one."""
    item = variant.get("inventoryItem") if isinstance(variant, Mapping) else None
    item_id = name_of(item)
    return item_id if item_id != "?" else name_of(variant)
