"""Products and variations of a WooCommerce as listings.

A listing is known by the product's id, a variation by `PRODUCT/VARIATION`: variations are read and set by their product.
Of a variable product the variations are the listings. Where the product keeps the stock itself (`manage_stock` is true) it is
a listing too, and variations that share its stock (`manage_stock` is "parent") have none of their own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from invsync_tui.connectors.base import ListingRow
from invsync_tui.connectors.values import describe_value, reference, seconds, text, whole, yes_or_no
from invsync_tui.rules.outcomes import Reason

PRODUCT_FIELDS = "id,sku,global_unique_id,name,type,manage_stock,stock_quantity,backorders,date_modified_gmt"
"""What is asked of products."""
VARIATION_FIELDS = "id,sku,global_unique_id,name,attributes,manage_stock,stock_quantity,backorders,date_modified_gmt"
"""What is asked of variations. Their `name` is there since WooCommerce 8."""
BUNDLES = frozenset(
    {"grouped", "bundle", "composite", "mix-and-match", "woosb", "yith_bundle", "yith-composite", "wooco"}
)
"""Types of products that consist of others, WooCommerce's own and those of common plugins."""
VARIABLE = frozenset({"variable", "variable-subscription"})
PARENT = "parent"
_REF = re.compile(r"([1-9]\d{0,18})(?:/([1-9]\d{0,18}))?")


def parts_of(ref: str) -> tuple[str, str] | None:
    """(product, variation or '') of a listing's reference; None for what is none."""
    match = _REF.fullmatch(ref)
    return (match[1], match[2] or "") if match else None


def units(value: object) -> int:
    """Whole units of a quantity, which plugins let have a fraction: it is rounded down. ValueError for anything else."""
    if type(value) is float and math.isfinite(value):
        return whole(math.floor(value))
    return whole(value)


def epoch(value: object) -> int:
    """Epoch seconds of one of WooCommerce's times in GMT, which name no zone; ValueError for what is none."""
    try:
        moment = datetime.fromisoformat(text(value))
        return seconds(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()))
    except OverflowError as error:
        raise ValueError(f"{value!r} is not a time") from error


def is_variable(product: Mapping[str, Any]) -> bool:
    """Whether the product has variations."""
    return text(product["type"]) in VARIABLE


def is_listing(product: Mapping[str, Any]) -> bool:
    """Whether a product is one: what only holds variations and has no SKU is none."""
    return not is_variable(product) or product["manage_stock"] is not False or bool(product["sku"])


def of_product(product: Mapping[str, Any], threshold: int = 0) -> ListingRow:
    """A product as a listing. `threshold`: the shop's out-of-stock threshold."""
    kind = text(product["type"])
    row = _row(reference(product["id"]), product, threshold)
    if kind in BUNDLES or (kind in VARIABLE and not row.tracked):
        return row._replace(tracked=None, quantity=None, skip=Reason.BUNDLE_PARENT, threshold=0)
    return row


def of_variation(variation: Mapping[str, Any], parent: str, parent_sku: str, threshold: int = 0) -> ListingRow:
    """A variation as a listing. WooCommerce shows the parent's SKU for a variation without one: that is blank here."""
    row = _row(f"{parent}/{reference(variation['id'])}", variation, threshold)
    return row._replace(sku="" if row.sku == parent_sku else row.sku, group=parent)


def _row(ref: str, record: Mapping[str, Any], threshold: int) -> ListingRow:
    tracked = is_managed(record["manage_stock"])
    stock = record["stock_quantity"]
    modified = record.get("date_modified_gmt")
    return ListingRow(
        ref=ref,
        sku="" if record["sku"] is None else text(record["sku"]),
        barcode=text(record.get("global_unique_id") or ""),
        name=_name(record),
        tracked=tracked,
        # Of a variation that shares it, this is the parent's: not a number of its own.
        quantity=units(stock) if tracked and stock is not None else None,
        updated_at=None if modified is None else epoch(modified),
        threshold=threshold if tracked and record.get("backorders", "no") == "no" else 0,
    )


def is_managed(value: object) -> bool:
    """Whether a record keeps stock of its own. ValueError for anything but true, false and "parent"."""
    if value == PARENT:
        return False
    try:
        return yes_or_no(value)
    except ValueError:
        raise ValueError(f"manage_stock is {describe_value(value)}") from None


def _name(record: Mapping[str, Any]) -> str:
    """The name, of a variation its attributes where it has no name."""
    name = record.get("name")
    if isinstance(name, str) and name:
        return text(name)
    attributes = record.get("attributes")
    options = (at.get("option") for at in attributes if isinstance(at, Mapping)) if isinstance(attributes, list) else ()
    return ", ".join(text(option) for option in options if option)
