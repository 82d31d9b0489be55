"""What is changed in a Shopify when a person asks for it: an item is tracked, or stocked at our location.

`inventoryItemUpdate` and `inventoryActivate` change one item each; the second needs an idempotency key from 2026-04 on, the
first documents none, and their userErrors have no codes. An item that is active at the location of a fulfillment service
cannot be active elsewhere as well, and some items do not let their tracking be changed (`trackedEditable`): both are told
before anything is sent.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from invsync_tui.connectors.about import Fix
from invsync_tui.connectors.carts.shopify.batches import user_errors
from invsync_tui.connectors.carts.shopify.listings import READING_ERRORS
from invsync_tui.connectors.carts.shopify.queries import Document
from invsync_tui.connectors.errors import ContractError
from invsync_tui.connectors.on_request import FixAnswer
from invsync_tui.connectors.values import reference, text, yes_or_no
from invsync_tui.rules.outcomes import Reason

TRACK, ACTIVATE = "track", "activate"
FIXES = (
    Fix(
        TRACK,
        Reason.CART_NOT_TRACKING,
        "Ticks Inventory tracked for the variant.",
        "It shows what Shopify still had for the location then.",
    ),
    Fix(
        ACTIVATE,
        Reason.NOT_STOCKED_AT_LOCATION,
        "Stocks the variant at the location.",
        "It shows 0 there then.",
    ),
)
ASKED_AT_ONCE = 9
STATES = Document(
    "query States($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on InventoryItem { trackedEditable { locked reason } "
    "inventoryLevels(first: 50) { nodes { location { name isFulfillmentService } } } } } }",
    0,
)
"""What keeps items from being changed."""
STATE_COST = 104
"""Points of one item of it: itself, its levels and their locations."""
_TRACK = (
    "mutation Track($id: ID!) { inventoryItemUpdate(id: $id, input: {tracked: true}) "
    "{ inventoryItem { id } userErrors { field message } } }"
)
_ACTIVATE = (
    "mutation Activate($key: String!, $id: ID!, $location: ID!) "
    "{ inventoryActivate(inventoryItemId: $id, locationId: $location, available: 0) @idempotent(key: $key) "
    "{ inventoryLevel { id } userErrors { field message } } }"
)
MUTATIONS = (_TRACK, _ACTIVATE)


def why_not(name: str, item: Any) -> str:
    """Why a record of STATES cannot be changed; '' where it can. ContractError where it cannot be read."""
    try:
        if name == TRACK:
            editable = item["trackedEditable"]
            reason = text(editable["reason"] or "") or "Shopify does not say why"
            return f"its tracking cannot be changed: {reason}" if yes_or_no(editable["locked"]) else ""
        services = [
            text(level["location"]["name"])
            for level in item["inventoryLevels"]["nodes"]
            if yes_or_no(level["location"]["isFulfillmentService"])
        ]
    except READING_ERRORS as error:
        raise ContractError(f"An item cannot be read: {error}.") from error
    return (
        f"it is stocked by the fulfillment service {', '.join(services)}, and can be nowhere else" if services else ""
    )


def compose(name: str, ref: str, location: str) -> bytes:
    """The body that changes one item; where it needs a key, under one of its own."""
    if name == TRACK:
        return json.dumps({"query": _TRACK, "variables": {"id": ref}}).encode()
    variables = {"key": uuid.uuid4().hex, "id": ref, "location": location}
    return json.dumps({"query": _ACTIVATE, "variables": variables}).encode()


def judge(name: str, ref: str, data: Mapping[str, Any]) -> FixAnswer:
    """What the answer says."""
    payload = data.get("inventoryItemUpdate" if name == TRACK else "inventoryActivate")
    errors = user_errors(payload if isinstance(payload, Mapping) else {})
    return FixAnswer(ref, " ".join(error.message for error in errors))


def by_ref(nodes: Sequence[Any]) -> dict[str, Any]:
    """Records of STATES by the item's id; those of deleted items are None and left out."""
    return {reference(node["id"]): node for node in nodes if isinstance(node, Mapping)}
