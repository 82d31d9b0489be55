"""The carts of which a push is asked for since another cart of their merchant took an order."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from typing import NamedTuple

from invsync_tui.store import named_rows


class OtherCart(NamedTuple):
    """A cart that may be pushed to."""

    id: int
    name: str
    failed_at: int | None
    """When its last push ended, where that one failed."""


_OTHERS = """
SELECT c.id, c.name, CASE WHEN l.state = 'failed' THEN l.ended_at END
FROM cart AS c JOIN merchant AS m ON m.id = c.merchant_id
  LEFT JOIN run AS l ON l.id = (SELECT max(n.id) FROM run AS n WHERE n.kind = 'push' AND n.key = c.id
    AND n.ended_at IS NOT NULL)
WHERE c.merchant_id = :merchant AND c.id <> :sold_by AND c.upload_enabled = 1 AND m.inventory_sync = 1
  AND c.frozen_at IS NULL AND m.frozen_at IS NULL AND c.pushed_rules_rev > 0
  AND (:any OR c.combine_all = 1 OR EXISTS (SELECT 1 FROM cart_warehouse AS w WHERE w.cart_id = c.id
    AND w.warehouse_id IN (SELECT value FROM json_each(:drawn))))
  AND NOT EXISTS (SELECT 1 FROM run AS r WHERE r.kind = 'push' AND r.key = c.id AND r.state = 'held')
ORDER BY c.id
"""


def others(cx: sqlite3.Connection, merchant_id: int, sold_by: int, drawn: Collection[int] | None) -> list[OtherCart]:
    """The carts beside `sold_by` that one of some warehouses feeds, None for any of them.

    Only those that are switched on, not frozen, to which something was sent before, and of which no push is held: the
    first push of a cart is an operator's, and so is what becomes of a held one.
    """
    values = {
        "merchant": merchant_id,
        "sold_by": sold_by,
        "any": drawn is None,
        "drawn": json.dumps(sorted(drawn or ())),
    }
    return named_rows.filled(OtherCart, cx.execute(_OTHERS, values))


_LISTINGS = """
SELECT id FROM listing WHERE cart_id = :cart AND gone_at IS NULL AND product_id IN (
  SELECT value FROM json_each(:ids)
  UNION SELECT kit_id FROM kit_component WHERE component_id IN (SELECT value FROM json_each(:ids)))
LIMIT :most
"""


def listings_of(cx: sqlite3.Connection, cart_id: int, product_ids: Collection[int], most: int) -> list[int]:
    """Listings of a cart, at most so many, of some products and of the kits that one of them is part of."""
    values = {"cart": cart_id, "ids": json.dumps(sorted(product_ids)), "most": most}
    return [number for (number,) in cx.execute(_LISTINGS, values)]
