"""What webhooks are about, and whether they are from the cart."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

from invsync_tui.connectors import hooks, registry
from invsync_tui.connectors.about import About, Hooks
from invsync_tui.connectors.base import Connection, HookNews, TakesHooks
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.connectors.carts.shopify import ShopifyCart
from invsync_tui.connectors.carts.woocommerce import WooCommerceCart
from tests.support.servers.webhooks import shopify_level, signed

ITEM = "gid://shopify/InventoryItem/"
FORM = Hooks("x-signature", "x-delivery", (), ())


def _shopify(topic: str, document: Any) -> HookNews:
    return ShopifyCart.hook({"x-shopify-topic": topic}, json.dumps(document).encode())


def _woo(topic: str, document: Any) -> HookNews:
    return WooCommerceCart.hook({"x-wc-webhook-topic": topic}, json.dumps(document).encode())


def test_a_signature_is_that_of_the_published_example_of_hmac() -> None:
    """RFC 4231, test case 2."""
    digest = bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    body = b"what do ya want for nothing?"
    assert hooks.signature("Jefe", body) == base64.b64encode(digest).decode()
    assert hooks.is_signed(FORM, "Jefe", {"x-signature": hooks.signature("Jefe", body)}, body)
    assert not hooks.is_signed(FORM, "Jefe", {"x-signature": hooks.signature("Jefe", body)}, body + b" ")


@pytest.mark.parametrize("given", ["", "x", "%%%", "5bdcc146bf60754e6a042426089575c7", "é", "A" * 10_000])
def test_anything_else_is_no_signature(given: str) -> None:
    assert not hooks.is_signed(FORM, "Jefe", {"x-signature": given}, b"body")


def test_without_a_secret_nothing_is_signed() -> None:
    assert not hooks.is_signed(FORM, "", {"x-signature": signed("", b"body")}, b"body")
    assert not hooks.is_signed(FORM, "Jefe", {}, b"body")


@pytest.mark.parametrize("kind", [ShopifyCart, WooCommerceCart, SandboxCart])
def test_what_takes_webhooks_declares_them(kind: Any) -> None:
    assert issubclass(kind, TakesHooks)
    assert kind.about.hooks.topics
    assert any("{address}" in step for step in kind.about.hooks.setup)
    assert kind.about.hooks.signature_header == kind.about.hooks.signature_header.lower()


def test_the_part_for_webhooks_counts_where_it_is_given_else_the_first_secret() -> None:
    about = registry.about(registry.CARTS, "shopify")
    assert isinstance(about, About)
    alone = Connection("shop", "shopify", "https://x.myshopify.com", secret="env:A")
    both = Connection("shop", "shopify", "https://x.myshopify.com", secret="env:A", secrets={"webhook_secret": "env:B"})
    assert [hooks.secret_name(one, about) for one in (alone, both)] == ["secret", "webhook_secret"]


def test_a_delivery_is_known_by_its_id() -> None:
    first, again, other = ({"x-delivery": text} for text in ("a" * 500, "a" * 500, "b"))
    assert hooks.delivery_of(FORM, first) == hooks.delivery_of(FORM, again) != hooks.delivery_of(FORM, other)
    assert hooks.delivery_of(FORM, {}) == ""


# --- Shopify ---


def test_a_level_of_shopify_names_its_item_and_never_a_value() -> None:
    news = ShopifyCart.hook(
        {"x-shopify-topic": "inventory_levels/update"}, shopify_level(f"{ITEM}271878346596884015", 7)
    )
    assert news == HookNews((f"{ITEM}271878346596884015",))


def test_an_item_and_a_product_of_shopify_name_their_items() -> None:
    assert _shopify("inventory_items/update", {"id": 5, "sku": "A"}).refs == (f"{ITEM}5",)
    variants = [{"id": 1, "inventory_item_id": 8}, {"id": 2, "inventory_item_id": 9}]
    assert _shopify("products/update", {"id": 5, "variants": variants}).refs == (f"{ITEM}8", f"{ITEM}9")


@pytest.mark.parametrize("topic", ["orders/create", "orders/cancelled", "orders/updated", "refunds/create"])
def test_an_order_of_shopify_is_read_as_an_order(topic: str) -> None:
    assert _shopify(topic, {"id": 1, "line_items": [{"variant_id": 3, "quantity": 2}]}) == HookNews((), orders=True)


def test_other_topics_of_shopify_are_about_nothing() -> None:
    assert _shopify("customers/create", {"id": 1}) == HookNews()


@pytest.mark.parametrize("document", [[], None, {}, {"inventory_item_id": None}, {"inventory_item_id": 1.5}, "x"])
def test_what_is_not_as_the_topic_has_it_is_refused(document: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        _shopify("inventory_levels/update", document)


# --- WooCommerce ---


def test_a_product_of_woocommerce_names_itself_and_its_variations() -> None:
    assert _woo("product.updated", {"id": 5, "type": "simple", "parent_id": 0, "variations": []}).refs == ("5",)
    document = {"id": 5, "type": "variable", "parent_id": 0, "variations": [12, 13]}
    assert _woo("product.updated", document).refs == ("5", "5/12", "5/13")


def test_a_variation_of_woocommerce_names_its_product_too() -> None:
    assert _woo("product.updated", {"id": 12, "type": "variation", "parent_id": 5}).refs == ("5", "5/12")


def test_an_order_of_woocommerce_names_what_it_sold() -> None:
    lines = [{"product_id": 5, "variation_id": 12}, {"product_id": 9, "variation_id": 0}, {"product_id": 0}]
    assert _woo("order.created", {"id": 1, "line_items": lines}) == HookNews(("5", "5/12", "9"), orders=True)
    assert _woo("order.deleted", {"id": 1}) == HookNews((), orders=True)


def test_a_ping_of_woocommerce_is_known() -> None:
    declared = WooCommerceCart.about.hooks
    assert declared is not None
    assert re.fullmatch(declared.ping, "webhook_id=7")
    assert not re.fullmatch(declared.ping, "webhook_id=7&id=5")


# --- limits ---


def test_references_are_bounded() -> None:
    news = hooks.cleaned(HookNews(("a", "a", "", "x" * 1000, *(str(n) for n in range(10_000)))))
    assert len(news.refs) < hooks.REFS_MOST
    assert news.refs[0] == "a"
    assert max(map(len, news.refs)) < 10


def test_a_product_with_as_many_variants_as_there_can_be_is_read() -> None:
    variants = [{"id": n, "inventory_item_id": n, "title": "x/" * 200} for n in range(1, 2049)]
    assert len(_shopify("products/update", {"id": 1, "variants": variants}).refs) == 2048
