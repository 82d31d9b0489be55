"""Orders of a WooCommerce as lines, by listing.

WooCommerce takes an order's units out of the stock when it is paid, or placed with a way of payment that is settled later
(on-hold). Until then they are only held for a while, which `stock_quantity` does not show. How many units a line holds it
keeps with the line, less what was put back by a refund.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from invsync_tui.connectors.base import OrderLine
from invsync_tui.connectors.carts.woocommerce.listings import epoch
from invsync_tui.connectors.values import describe_value, name_of, reference, text, whole

FIELDS = "id,number,status,date_created_gmt,date_paid_gmt,line_items,refunds"
NOT_TAKEN = frozenset({"pending", "failed", "cancelled", "refunded", "trash", "draft", "auto-draft", "checkout-draft"})
"""States in which an order's units are not, or no longer, taken. States that plugins add count."""


def variations_of(orders: Sequence[Any]) -> set[tuple[str, str]]:
    """(product, variation) of the lines of some orders, as far as they can be read."""
    return {
        (str(line["product_id"]), str(line["variation_id"]))
        for order in orders
        if isinstance(order, Mapping) and isinstance(order.get("line_items"), list)
        for line in order["line_items"]
        if isinstance(line, Mapping) and line.get("variation_id") and line.get("product_id")
    }


def lines(orders: Sequence[Any], shared: set[tuple[str, str]]) -> list[OrderLine]:
    """The lines of some orders; an order that cannot be read is one line with the reason.

    `shared`: variations whose stock is their product's.
    """
    order_lines: list[OrderLine] = []
    for order in orders:
        try:
            order_lines += _lines(order, shared)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            known = name_of(order)
            why = f"{type(error).__name__}: {error}"
            order_lines.append(OrderLine("" if known == "?" else known, "", 0, 0, error=why))
    return order_lines


def _lines(order: Mapping[str, Any], shared: set[tuple[str, str]]) -> list[OrderLine]:
    if text(order["status"]).removeprefix("wc-") in NOT_TAKEN:
        return _given_back(order, shared)
    ref = reference(order["id"])
    name = reference(order["number"]) if order.get("number") else ref
    paid = order.get("date_paid_gmt")
    # An order that is paid later than it is placed takes its units then.
    taken_at = max(epoch(order["date_created_gmt"]), 0 if paid is None else epoch(paid))
    result: list[OrderLine] = []
    for line, quantity in _taken(order["line_items"], refunded=bool(order.get("refunds"))):
        product, variation = whole(line["product_id"], 0), whole(line.get("variation_id") or 0, 0)
        if not product or not quantity:
            continue  # a product that is deleted, or something that is none
        pair = str(product), str(variation)
        own = variation and pair not in shared
        result.append(OrderLine(ref, f"{product}/{variation}" if own else pair[0], quantity, taken_at, "", name))
    return result


def _given_back(order: Mapping[str, Any], shared: set[tuple[str, str]]) -> list[OrderLine]:
    """The listings of an order that takes nothing, as far as they can be read: it may be set to a state that takes again."""
    result: list[OrderLine] = []
    for line in order["line_items"] if isinstance(order.get("line_items"), list) else ():
        with suppress(AttributeError, KeyError, TypeError, ValueError):
            product, variation = whole(line["product_id"], 1), whole(line.get("variation_id") or 0, 0)
            own = variation and (str(product), str(variation)) not in shared
            result.append(OrderLine(reference(order["id"]), f"{product}/{variation}" if own else str(product), 0, 0))
    return result


REDUCED = "_reduced_stock"
"""What WooCommerce calls the units that a line has taken out of the stock, less those of refunds that were restocked."""
HOLDS_PARTS = frozenset({"_bundled_items", "_composite_children", "_mnm_contents"})
IS_PART = frozenset({"_bundled_by", "_composite_parent", "_mnm_container"})
"""What plugins for bundles write at the line of the whole, and at the lines of its parts."""


def _taken(lines: Sequence[Mapping[str, Any]], *, refunded: bool) -> list[tuple[Mapping[str, Any], int]]:
    """Lines with the units that each has taken; all of it where WooCommerce does not say, as of orders that plugins make.

    A bundle and its parts are lines both: where the shop does not say which of them have a stock, the parts have. Of a line
    that was given back as a whole WooCommerce forgets that it ever took any (woocommerce#31011): in an order with refunds, of
    which it says of other lines what they hold, it holds none.
    """
    notes = [_notes(line) for line in lines]
    reduced = [_reduced(line, noted) for line, noted in zip(lines, notes, strict=True)]
    if refunded and any(reduced):
        reduced = [units or 0 for units in reduced]
    parts_say = any(units is not None for units, noted in zip(reduced, notes, strict=True) if IS_PART & noted.keys())
    whole_says = any(
        units is not None for units, noted in zip(reduced, notes, strict=True) if HOLDS_PARTS & noted.keys()
    )
    has_parts = any(IS_PART & noted.keys() for noted in notes)
    result: list[tuple[Mapping[str, Any], int]] = []
    for line, noted, units in zip(lines, notes, reduced, strict=True):
        is_whole, is_part = bool(HOLDS_PARTS & noted.keys()), bool(IS_PART & noted.keys())
        without = (is_whole and has_parts) or (is_part and whole_says and not parts_say)
        result.append((line, units if units is not None else 0 if without else _sold(line["quantity"])))
    return result


def _notes(line: Mapping[str, Any]) -> Mapping[str, object]:
    entries = line.get("meta_data")
    return {
        str(entry["key"]): entry.get("value")
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, Mapping) and "key" in entry
    }


def _reduced(line: Mapping[str, Any], noted: Mapping[str, object]) -> int | None:
    """Units that the shop says it took; None where it does not. After refunds more may have been put back than that."""
    value = str(noted.get(REDUCED))
    return max(0, whole(math.ceil(float(value)))) if _NUMBER.fullmatch(value) else None


_NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?")


def _sold(value: object) -> int:
    """Units that a line takes; a fraction, which plugins allow, is rounded up. What an exchange takes back is none."""
    if type(value) is float and math.isfinite(value):
        return max(0, whole(math.ceil(value)))
    try:
        return max(0, whole(value))
    except ValueError:
        raise ValueError(f"quantity: {describe_value(value)}") from None
