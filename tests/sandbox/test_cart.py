"""The sandbox cart keeps the cart protocol over real HTTP, in each of its modes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from invsync_tui.connectors.base import DoubtPolicy, OrderLine, PushItem, QuantityBasis
from invsync_tui.connectors.carts import sandbox as sandbox_carts
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.connectors.errors import (
    AuthError,
    ContractError,
    NotConfiguredError,
    PermissionDeniedError,
    RowsRejectedError,
    ThrottledError,
    UnavailableError,
)
from invsync_tui.rules.outcomes import Reason
from invsync_tui.sandbox.shop import Mode
from tests.support.servers.sandbox import CartHandle, sandbox_cart

SHOPS = {
    "rows": Mode(),
    "whole": Mode(basis="on_hand", row_errors="whole_batch", idempotency=False, max_batch=3, returns_quantity=False),
    "fast": Mode(burst=4, per_second=50),
    "sells": Mode(orders=True),
}
A, B, C = "L0000001", "L0000002", "L0000003"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[CartHandle]:
    with sandbox_cart(products=700, shops=SHOPS, log=tmp_path / "applied.jsonl") as running:
        yield running


@pytest.fixture
def carts(server: CartHandle) -> Iterator[CartHandle]:
    yield server
    server.faults()


@asynccontextmanager
async def opened(carts: CartHandle, shop: str = "rows", deadline: float = 30.0) -> AsyncIterator[SandboxCart]:
    cart = SandboxCart(carts.connection(shop, deadline))
    await cart.open()
    try:
        yield cart
    finally:
        await cart.close()


async def send(cart: SandboxCart, key: str, **quantities: int) -> list[tuple[str, int | None, Reason | None]]:
    body = cart.compose("b", [PushItem(ref, quantity) for ref, quantity in quantities.items()])
    return [(answer.ref, answer.quantity, answer.reason) for answer in await cart.send(key, body)]


def test_capabilities_are_those_of_the_options(carts: CartHandle) -> None:
    rows, whole = (SandboxCart(carts.connection(shop)).capabilities for shop in ("rows", "whole"))
    assert rows.doubt_policy is DoubtPolicy.IDEMPOTENCY_KEY and rows.returns_quantity
    assert whole.doubt_policy is DoubtPolicy.READ_BACK and not whole.returns_quantity
    assert whole.quantity_basis is QuantityBasis.ON_HAND and whole.max_batch == 3


async def test_a_shop_that_counts_otherwise_is_refused(carts: CartHandle) -> None:
    for connection in (carts.connection("rows", basis="on_hand"), carts.connection("")):
        cart = SandboxCart(connection)
        with pytest.raises(NotConfiguredError):
            await cart.open()
            await cart.listings_page(None)
        await cart.close()


async def test_every_listing_comes_once_over_all_pages(carts: CartHandle) -> None:
    async with opened(carts) as cart:
        first = await cart.listings_page(None)
        second = await cart.listings_page(first.next_cursor)
        steps = [step async for step in cart.check()]
    assert len(first.rows) == 500 and len(second.rows) == 200 and second.next_cursor is None
    assert len({row.ref for row in [*first.rows, *second.rows]}) == 700
    assert [step.ok for step in steps] == [True, True]


async def test_a_batch_is_applied_and_read_back(carts: CartHandle) -> None:
    async with opened(carts) as cart:
        assert await send(cart, "b-1", **{A: 7, B: 8}) == [(A, 7, None), (B, 8, None)]
        rows = await cart.read([A, B, "nothing"])
    assert [(row.ref, row.quantity) for row in rows] == [(A, 7), (B, 8)]


async def test_a_bad_row_fails_alone_where_rows_are_judged_one_by_one(carts: CartHandle) -> None:
    async with opened(carts) as cart:
        carts.faults({"kind": "reject", "refs": [B]})
        answers = await send(cart, "b-2", **{A: 9, B: 9, "nothing": 9})
    assert answers == [(A, 9, None), (B, None, Reason.REJECTED_BY_CART), ("nothing", None, Reason.REJECTED_BY_CART)]


async def test_a_bad_row_refuses_the_whole_batch_where_it_is_all_or_none(carts: CartHandle) -> None:
    async with opened(carts, "whole") as cart:
        with pytest.raises(RowsRejectedError) as refused:
            await send(cart, "b-3", **{A: 9, "nothing": 9})
        with pytest.raises(RowsRejectedError):
            await send(cart, "b-4", **{A: 1, B: 1, C: 1, "L0000004": 1})
        assert carts.quantities("whole", by="ref")[A] == 0
        assert await send(cart, "b-5", **{A: 5}) == [(A, None, None)]
    assert refused.value.refs == ("nothing",)


async def test_a_repeated_key_is_done_once_and_answered_again(carts: CartHandle) -> None:
    async with opened(carts) as cart:
        await send(cart, "b-6", **{A: 11})
        carts.edit(A, "rows", quantity=3)
        assert await send(cart, "b-6", **{A: 11}) == [(A, 11, None)]
        with pytest.raises(ContractError):
            await send(cart, "b-6", **{A: 12})
    assert carts.quantities("rows", by="ref")[A] == 3
    assert sum(row["key"] == "b-6" for row in carts.log()) == 1


async def test_without_idempotency_a_repeated_key_is_done_again(carts: CartHandle) -> None:
    async with opened(carts, "whole") as cart:
        for _ in range(2):
            await send(cart, "b-7", **{A: 6})
    assert sum(row["key"] == "b-7" for row in carts.log()) == 2


@pytest.mark.parametrize(
    ("fault", "applied"),
    [
        ({"kind": "lost"}, True),
        ({"kind": "status_after"}, True),
        ({"kind": "half_json"}, True),
        ({"kind": "cut"}, True),
        ({"kind": "drop"}, False),
        ({"kind": "status"}, False),
        ({"kind": "empty"}, False),
    ],
)
async def test_a_lost_answer_is_doubt_whatever_happened(
    carts: CartHandle, fault: dict[str, object], applied: bool
) -> None:
    key = f"lost-{fault['kind']}"
    async with opened(carts) as cart:
        carts.faults({**fault, "path": "/stock", "times": 1})
        with pytest.raises(UnavailableError) as lost:
            await send(cart, key, **{C: 21})
        assert lost.value.may_have_applied
        assert [row["quantity"] for row in carts.log() if row["key"] == key] == ([21] if applied else [])
        assert await send(cart, key, **{C: 21}) == [(C, 21, None)]
    assert sum(row["key"] == key for row in carts.log()) == 1


async def test_a_batch_is_applied_although_nobody_waits_for_it(carts: CartHandle) -> None:
    carts.faults({"kind": "slow", "path": "/stock", "seconds": 0.6})
    async with opened(carts, deadline=0.2) as cart:
        with pytest.raises(UnavailableError):
            await send(cart, "late", **{B: 31})
    assert not [row for row in carts.log() if row["key"] == "late"]
    await asyncio.sleep(0.8)
    assert [row["quantity"] for row in carts.log() if row["key"] == "late"] == [31]


async def test_refusals_of_the_login_and_the_pace_have_their_errors(carts: CartHandle) -> None:
    async with opened(carts) as cart:
        for status, error in ((401, AuthError), (403, PermissionDeniedError), (429, ThrottledError)):
            carts.faults({"kind": "status", "path": "/stock", "status": status})
            with pytest.raises(error):
                await send(cart, f"refused-{status}", **{A: 1})
    assert not [row for row in carts.log() if str(row["key"]).startswith("refused")]


async def test_an_untracked_listing_accepts_and_keeps_its_quantity(carts: CartHandle) -> None:
    carts.edit(C, "rows", tracked=False, quantity=2)
    async with opened(carts) as cart:
        assert await send(cart, "untracked", **{C: 40}) == [(C, 2, None)]
        (row,) = await cart.read([C])
    carts.edit(C, "rows", tracked=True)
    assert row.tracked is False and row.quantity == 2


async def test_orders_are_held_back_or_taken_off_as_the_basis_says(carts: CartHandle) -> None:
    for shop in ("rows", "whole"):
        carts.edit("L0000009", shop, quantity=10)
        carts.control("order", {"shop": shop, "ref": "L0000009", "units": 4})
    async with opened(carts) as rows, opened(carts, "whole") as whole:
        ((available,), (on_hand,)) = await rows.read(["L0000009"]), await whole.read(["L0000009"])
    assert (available.quantity, available.allocated) == (6, 0)
    assert (on_hand.quantity, on_hand.allocated) == (10, 4)


async def test_orders_after_a_time_come_once_over_all_pages(carts: CartHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_carts, "PAGE_SIZE", 2)
    taken = [
        carts.control("order", {"shop": "sells", "ref": A, "units": n, "taken_at": 1000 + n})["order"]
        for n in range(1, 8)
    ]
    async with opened(carts, "sells") as cart:
        assert cart.capabilities.reports_orders
        lines = await cart.orders_since(1002)
    assert lines == [OrderLine(taken[n - 1], A, n, 1000 + n) for n in range(3, 8)]


async def test_a_cancelled_order_is_absent_and_its_units_are_back(carts: CartHandle) -> None:
    carts.edit(B, "sells", quantity=10)
    kept, cancelled = (carts.control("order", {"shop": "sells", "ref": B, "units": n})["order"] for n in (1, 2))
    carts.control("cancel", {"shop": "sells", "order": cancelled})
    async with opened(carts, "sells") as cart:
        lines = [line for line in await cart.orders_since(0) if line.listing_ref == B]
    assert [(line.order_ref, line.quantity) for line in lines] == [(kept, 1)]
    assert carts.quantities("sells", by="ref")[B] == 9


async def test_a_shop_that_keeps_its_orders_to_itself(carts: CartHandle) -> None:
    assert not SandboxCart(carts.connection("rows")).capabilities.reports_orders
    async with opened(carts, "rows") as cart:
        with pytest.raises(PermissionDeniedError):
            await cart.orders_since(0)


async def test_what_others_change_is_in_the_delta(carts: CartHandle) -> None:
    listing = {"ref": "L9", "sku": "DEMO-NEW", "name": "New", "quantity": 4}
    carts.control("add", {"shop": "fast", "listing": listing})
    carts.edit("L9", "fast", sku="DEMO-NEWER")
    async with opened(carts, "fast") as cart:
        page = await cart.listings_page(None, since=1)
        carts.control("remove", {"shop": "fast", "refs": ["DEMO-NEWER"]})
        gone = await cart.listings_page(None, since=1)
    assert [row.sku for row in page.rows] == ["DEMO-NEWER"] and not gone.rows


async def test_the_servers_limit_is_kept_without_one_refusal(carts: CartHandle) -> None:
    await asyncio.sleep(0.1)  # the shop's bucket is full again, whatever ran before
    asked = len(carts.requests())
    async with opened(carts, "fast") as cart:
        await cart.read([A])  # as before any push: the first answer tells the limit
        await asyncio.gather(*(send(cart, f"fast-{n}", **{A: n}) for n in range(25)))
    assert [request["status"] for request in carts.requests()[asked:]] == [200] * 26


async def test_the_journal_names_what_was_overwritten_in_order(tmp_path: Path) -> None:
    path = tmp_path / "applied.jsonl"
    with sandbox_cart(products=3, log=path) as carts:
        async with opened(carts, "main") as cart:
            await send(cart, "one", **{A: 1, B: 2})
            await send(cart, "two", **{A: 3})
        journal = carts.log()
    assert [(row["n"], row["ref"], row["before"], row["quantity"]) for row in journal] == [
        (1, A, 0, 1),
        (2, B, 0, 2),
        (3, A, 1, 3),
    ]
    assert [json.loads(line) for line in path.read_text().splitlines()] == journal


def test_composing_is_deterministic_and_holds_the_rows(carts: CartHandle) -> None:
    cart = SandboxCart(carts.connection("rows"))
    items = [PushItem(A, 1), PushItem(B, 2)]
    assert cart.compose("b", items) == cart.compose("b", items)
    assert json.loads(cart.compose("b", items))["rows"] == [{"ref": A, "quantity": 1}, {"ref": B, "quantity": 2}]
