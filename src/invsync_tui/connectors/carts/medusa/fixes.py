"""What is changed in a Medusa when a person asks for it: a variant manages inventory, its item is stocked at our location.

As measured on 2.21.2: a variant that begins to manage inventory gets an inventory item of its own where it has none, linked to
it, without any level. With an item the listing is known by that item from then on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from invsync_tui.connectors.about import Fix
from invsync_tui.connectors.carts.medusa import api
from invsync_tui.connectors.errors import ContractError, RowsRejectedError
from invsync_tui.connectors.on_request import FixAnswer
from invsync_tui.connectors.values import reference
from invsync_tui.rules.outcomes import Reason

TRACK, STOCK = "track", "stock"
FIXES = (
    Fix(
        TRACK,
        Reason.CART_NOT_TRACKING,
        "Turns on Manage inventory for the variant, and stocks its inventory item at the location.",
        "It shows 0 there then, or what its inventory item still had.",
    ),
    Fix(STOCK, Reason.NOT_STOCKED_AT_LOCATION, "Stocks the inventory item at the location.", "It shows 0 there then."),
)
FIELDS = "id,product_id,inventory_items.inventory_item_id,inventory_items.inventory.location_levels.location_id"
NO_ITEM = "it has no inventory item: add one to the variant in Medusa, under Manage inventory items"
_READING = (AttributeError, KeyError, TypeError, ValueError)


def without_item(refs: Sequence[str]) -> Mapping[str, str]:
    """Listings that have nothing to be stocked: they are known by their variant."""
    return {ref: NO_ITEM for ref in refs if ref.startswith("variant_")}


async def stock(shop: api.MedusaApi, items: Sequence[str], location: str) -> list[FixAnswer]:
    """Stock items at a location with 0, each by a request of its own: Medusa does all of a batch or nothing."""
    answers: list[FixAnswer] = []
    for ref in items:
        level = {"inventory_item_id": ref, "location_id": location, "stocked_quantity": 0}
        try:
            await shop.write(api.LEVELS_BATCH, json.dumps({"create": [level]}).encode(), [ref])
            answers.append(FixAnswer(ref))
        except RowsRejectedError as error:
            answers.append(FixAnswer(ref, error.what))
    return answers


async def track(shop: api.MedusaApi, variants: Sequence[str], location: str) -> list[FixAnswer]:
    """Let variants manage inventory, and stock what has no level at the location."""
    return [await _track(shop, ref, location) for ref in variants]


async def _track(shop: api.MedusaApi, ref: str, location: str) -> FixAnswer:
    try:
        variant = await _variant(shop, ref)
        path = f"{api.PATH}/products/{reference(variant['product_id'])}/variants/{ref}"
        await shop.write(path, b'{"manage_inventory":true}', [ref])
        links = (await _variant(shop, ref))["inventory_items"]
        if len(links) != 1:  # a kit, or a version that makes no item: there is nothing of its own to be stocked
            return FixAnswer(ref, "" if links else NO_ITEM)
        item = reference(links[0]["inventory_item_id"])
        levels = (links[0].get("inventory") or {}).get("location_levels") or ()
        if any(level["location_id"] == location for level in levels):
            return FixAnswer(ref, now=item)
        (stocked,) = await stock(shop, [item], location)
        return FixAnswer(ref, stocked.error, item)
    except RowsRejectedError as error:
        return FixAnswer(ref, error.what)
    except _READING as error:
        raise ContractError(f"The variant {ref} cannot be read: {error}.") from error


async def _variant(shop: api.MedusaApi, ref: str) -> Any:
    records, _ = api.listed(await shop.get(api.VARIANTS, (("id", ref), ("fields", FIELDS))), "variants")
    if not records:
        raise RowsRejectedError("the variant is deleted", refs=[ref])
    return records[0]
