"""What a Shopify is told that a question costs: as many points as the items it asks about, so that the pace is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.carts.shopify import ShopifyCart, fixes
from invsync_tui.connectors.carts.shopify.api import Document


class Api:
    """Answers that nothing is found, and writes down what each question cost and how many items it was about."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    async def query(self, document: Document, variables: Mapping[str, Any], cost: int = 0) -> Any:
        assert document is fixes.STATES
        self.asked.append((len(variables["ids"]), document.cost + cost))
        return {"nodes": [None] * len(variables["ids"])}


@pytest.mark.parametrize(("items", "questions"), [(0, []), (1, [1]), (9, [9]), (10, [9, 1]), (20, [9, 9, 2])])
async def test_what_keeps_items_from_being_changed_is_asked_at_the_cost_of_each(
    monkeypatch: pytest.MonkeyPatch, items: int, questions: list[int]
) -> None:
    api = Api()
    monkeypatch.setattr(ShopifyCart, "_api", property(lambda _: api))
    cart = ShopifyCart(Connection("demo", "shopify", "https://demo.myshopify.com"))
    refs = [f"gid://shopify/InventoryItem/{n}" for n in range(items)]
    assert await cart.unfixable(fixes.TRACK, refs) == {}
    assert api.asked == [(question, 104 * question) for question in questions]
