"""Webhooks of a WooCommerce, by https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks: which listings they are
about.

The body is the product or order as the REST API has it; of a variation it is the variation, with its product's id as
`parent_id`. When a webhook is activated, WooCommerce sends `webhook_id=N` without a signature, and calls it an error
unless that is answered with 200 (`deliver_ping` in its class WC_Webhook).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from invsync_tui.connectors.about import Hooks, SecretPart
from invsync_tui.connectors.base import HookNews
from invsync_tui.connectors.hooks import document
from invsync_tui.connectors.values import reference

HOOKS = Hooks(
    signature_header="x-wc-webhook-signature",
    delivery_header="x-wc-webhook-delivery-id",
    topics=("product.updated", "order.created", "order.updated"),
    setup=(
        "Open WooCommerce > Settings > Advanced > Webhooks and choose Add webhook: Status Active, Topic Order created, "
        "Delivery URL {address}, Secret a text of your own (20 characters or more), API version v3. Save it.",
        "Add two more in the same way, with the same secret: Topic Order updated, and Topic Product updated.",
        "Keep the secret as the connection's secret webhook_secret. Where that is not given, the consumer secret counts.",
        "WooCommerce switches a webhook off after 5 failed deliveries in a row: see its status on that page, and switch it "
        "on again.",
    ),
    secret=SecretPart(
        "webhook_secret",
        "Webhook secret",
        "the Secret of the shop's webhooks; where it is not given, the consumer secret",
        required=False,
    ),
    ping=r"webhook_id=\d{1,19}",
)


def hook(headers: Mapping[str, str], body: bytes) -> HookNews:
    """What a webhook is about; ValueError where its body is not that of its topic."""
    resource, _, event = headers.get("x-wc-webhook-topic", "").strip().lower().partition(".")
    if resource not in ("product", "order") or not event:
        return HookNews()
    try:
        record = document(body)
        if resource == "order":
            return HookNews(tuple(_sold(record)), orders=True)
        return HookNews(tuple(_changed(record)))
    except (KeyError, TypeError) as error:
        raise ValueError(f"it is not as the topic has it ({type(error).__name__})") from error


def _changed(record: Mapping[str, Any]) -> Iterator[str]:
    """The product with its variations; of a variation also its product, whose stock it may share."""
    number, parent = reference(record["id"]), record.get("parent_id") or 0
    if record.get("type") == "variation" and parent:
        yield reference(parent)
        yield f"{reference(parent)}/{number}"
        return
    yield number
    for variation in record.get("variations") or ():
        yield f"{number}/{reference(variation)}"


def _sold(record: Mapping[str, Any]) -> Iterator[str]:
    """Order lines without a product are of a deleted one, or of none. An order that is deleted has an id alone."""
    for line in record.get("line_items") or ():
        if line.get("product_id"):
            product = reference(line["product_id"])
            yield product
            if line.get("variation_id"):
                yield f"{product}/{reference(line['variation_id'])}"
