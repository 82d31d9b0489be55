"""Webhooks of a Shopify, by https://shopify.dev/docs/apps/build/webhooks/subscribe/https and the examples of the topics in
https://shopify.dev/docs/api/webhooks: which listings they are about.

A listing is an inventory item. Shopify sends `inventory_levels/update` for every change of what is available, a sale
included, and names the item; an order names variants only, so it says that orders are to be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from invsync_tui.connectors.about import Hooks, SecretPart
from invsync_tui.connectors.base import HookNews
from invsync_tui.connectors.hooks import document
from invsync_tui.connectors.values import reference

ITEM = "gid://shopify/InventoryItem/"
OF_ITEM = ("inventory_levels/update", "inventory_levels/connect", "inventory_levels/disconnect")
OF_ITSELF = ("inventory_items/update",)
OF_PRODUCT = ("products/update",)
OF_ORDERS = ("orders/create", "orders/updated", "orders/edited", "orders/cancelled", "refunds/create")

HOOKS = Hooks(
    signature_header="x-shopify-hmac-sha256",
    delivery_header="x-shopify-webhook-id",
    topics=(OF_ITEM[0], "orders/create", "orders/cancelled"),
    setup=(
        "With an app: subscribe it to the topics inventory_levels/update, orders/create and orders/cancelled with the "
        "address {address} (in the app's configuration, or by the mutation webhookSubscriptionCreate), format JSON. Shopify "
        "signs with the app's client secret.",
        "Without one: open Settings > Notifications > Webhooks > Create webhook; event Inventory level update, then Order "
        "creation and Order cancellation; format JSON; URL {address}. The key that the page shows under the list (Your "
        "webhooks will be signed with ...) is the secret webhook_secret.",
    ),
    secret=SecretPart(
        "webhook_secret",
        "Webhook secret",
        "what Shopify signs webhooks with, where that is not the secret above: the key shown under Settings > Notifications "
        "> Webhooks, or the app's client secret where the secret above is an access token",
        required=False,
    ),
)  # fmt: skip


def hook(headers: Mapping[str, str], body: bytes) -> HookNews:
    """What a webhook is about; ValueError where its body is not that of its topic."""
    topic = headers.get("x-shopify-topic", "").strip().lower()
    if topic in OF_ORDERS:
        return HookNews(orders=True)
    if topic not in (*OF_ITEM, *OF_ITSELF, *OF_PRODUCT):
        return HookNews()
    try:
        return HookNews(tuple(_items(topic, document(body))))
    except (KeyError, TypeError) as error:
        raise ValueError(f"it is not as the topic has it ({type(error).__name__})") from error


def _items(topic: str, record: Mapping[str, Any]) -> Iterator[str]:
    if topic in OF_ITEM:
        yield ITEM + reference(record["inventory_item_id"])
    elif topic in OF_ITSELF:
        yield ITEM + reference(record["id"])
    else:
        for variant in record["variants"]:
            yield ITEM + reference(variant["inventory_item_id"])
