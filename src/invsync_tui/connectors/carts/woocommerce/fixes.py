"""What is changed in a WooCommerce when a person asks for it: a product or variation manages its stock itself.

A variation that shares its product's stock (`manage_stock` is "parent") is left alone: its product is the listing then, and a
number of its own would take it out of that stock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from invsync_tui.connectors.about import Fix
from invsync_tui.connectors.carts.woocommerce import api, batches, listings
from invsync_tui.connectors.on_request import FixAnswer
from invsync_tui.connectors.values import name_of
from invsync_tui.rules.outcomes import Reason

FIXES = (
    Fix(
        "track",
        Reason.CART_NOT_TRACKING,
        "Ticks Manage stock (Track stock quantity) for the product or variation.",
        "It shows 0 then, which is out of stock.",
    ),
)
FIELDS = "id,type,manage_stock"
VARIATION_FIELDS = "id,manage_stock"
SHARED = "it shares its product's stock: sync that, or tick Manage stock for the variation in WooCommerce"
EXTERNAL = "WooCommerce keeps no stock of an external product"


def refused(product: str, records: Iterable[Any], *, variations: bool) -> Iterator[tuple[str, str]]:
    """(reference, why) of those of some records with FIELDS that cannot be changed."""
    for record in records:
        if not isinstance(record, Mapping):
            continue
        number = name_of(record)
        if variations and record.get("manage_stock") == listings.PARENT:
            yield f"{product}/{number}", SHARED
        elif record.get("type") == "external":
            yield number, EXTERNAL


def requests(refs: Sequence[str]) -> list[batches.Request]:
    """One request for products, and one for the variations of each product."""
    groups: dict[str, list[str]] = {}
    for ref in refs:
        product, variation = listings.parts_of(ref) or ("", "")
        groups.setdefault(product if variation else "", []).append(variation or product)
    requests: list[batches.Request] = []
    for product, numbers in groups.items():
        rows = [{"id": int(number), "manage_stock": True, "stock_quantity": 0} for number in numbers]
        path = f"products/{product}/variations/batch" if product else api.BATCH
        by_number = {number: f"{product}/{number}" if product else number for number in numbers}
        requests += [
            batches.Request(
                path,
                json.dumps({"update": rows[start : start + batches.ROWS_MOST]}).encode(),
                {str(row["id"]): by_number[str(row["id"])] for row in rows[start : start + batches.ROWS_MOST]},
            )
            for start in range(0, len(rows), batches.ROWS_MOST)
        ]
    return requests


def answers(request: batches.Request, answer: object) -> list[FixAnswer]:
    """What a good answer says of each row."""
    return [FixAnswer(row.ref, row.error or "") for row in batches.answers(request, answer)]
