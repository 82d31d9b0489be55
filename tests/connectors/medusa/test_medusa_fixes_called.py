"""What a Medusa is asked to change on request, by the name of the change."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.carts.medusa import MedusaCart, fixes


@pytest.mark.parametrize(("name", "made"), [(fixes.TRACK, "track"), (fixes.STOCK, "stock")])
async def test_a_change_gets_the_shop_the_listings_and_our_location(
    monkeypatch: pytest.MonkeyPatch, name: str, made: str
) -> None:
    api, refs, asked = object(), ["variant_1 iitem_1"], list[tuple[Any, ...]]()
    for each in ("track", "stock"):

        async def note(*given: Any, each: str = each) -> list[Any]:
            asked.append((each, *given))
            return []

        monkeypatch.setattr(fixes, each, note)
    cart = MedusaCart(Connection("demo", "medusa", "https://demo.test"))
    monkeypatch.setattr(cart, "_api", api)
    monkeypatch.setattr(cart, "_locations", SimpleNamespace(own=SimpleNamespace(ref="sloc_1")))
    assert await cart.fix(name, refs) == []
    assert asked == [(made, api, refs, "sloc_1")]
