"""A row for which the cart fails as a whole, each time, costs itself and not those that are sent beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from invsync_tui.connectors.base import RowAnswer
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.connectors.errors import UnavailableError
from invsync_tui.sandbox.shop import Mode
from tests.support.runs.sandbox_world import SHOP, Town, town

PLACE = 3
"""The place of the row among the listings."""


def failing(monkeypatch: pytest.MonkeyPatch, our_town: Town, sku: str) -> list[int]:
    """Let each request with the listing of a SKU fail with a 500; returns the sizes of those that did."""
    ref = next(row["ref"] for row in our_town.cart.dump()[SHOP] if row["sku"] == sku)
    real, failed = SandboxCart.send, list[int]()

    async def send(self: SandboxCart, batch_id: str, body: bytes) -> Sequence[RowAnswer]:
        refs = [row["ref"] for row in json.loads(body)["rows"]]
        if ref in refs:
            failed.append(len(refs))
            raise UnavailableError("500: a plugin failed", may_have_applied=True)
        return await real(self, batch_id, body)

    monkeypatch.setattr(SandboxCart, "send", send)
    return failed


@pytest.mark.parametrize("idempotency", [True, False])
async def test_the_rows_beside_it_are_set_in_the_same_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, idempotency: bool
) -> None:
    # given
    with town(tmp_path, mode=Mode(max_batch=100, idempotency=idempotency), deadline=0.3) as our_town:
        await our_town.bench.pull()
        sku = our_town.in_stock()[PLACE]
        failed = failing(monkeypatch, our_town, sku)
        # when
        run = await our_town.bench.push(our_town.cart_id)
        # then
        shown, stock = our_town.shown(), our_town.stock()
        assert {name: shown[name] for name in stock if name != sku} == {
            name: stock[name] for name in stock if name != sku
        }
        assert shown[sku] == 0
        assert (run.state, our_town.bench.counts(run)["failed"]) == ("done", 1)
        assert our_town.bench.reasons(run)["CART_UNAVAILABLE"] == 1
        assert sorted({*failed}, reverse=True) == failed[:: len(failed) // 3] and failed[-1] == 1
        assert our_town.bench.sums_hold()
