"""The sandbox cart applies batches later where its mode says so: by itself or by order, with refusals and lost tickets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import Pending, PushItem, Submitted
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.connectors.errors import ContractError
from invsync_tui.rules.outcomes import Reason
from invsync_tui.sandbox.demo import MODES
from invsync_tui.sandbox.shop import Mode
from tests.support.servers.sandbox import CartHandle, sandbox_cart

SHOPS = {
    "soon": Mode(later=True, apply_after=0.2, look_after=30, give_up_after=600),
    "ordered": Mode(later=True, apply_after=-1),
}
A, B = "L0000001", "L0000002"


@pytest.fixture
def carts() -> Iterator[CartHandle]:
    with sandbox_cart(products=5, shops=SHOPS) as running:
        yield running


@asynccontextmanager
async def opened(carts: CartHandle, shop: str) -> AsyncIterator[SandboxCart]:
    cart = SandboxCart(carts.connection(shop))
    await cart.open()
    try:
        yield cart
    finally:
        await cart.close()


async def taken(cart: SandboxCart, key: str, **quantities: int) -> Submitted:
    body = cart.compose(key, [PushItem(ref, quantity) for ref, quantity in quantities.items()])
    answer = await cart.send(key, body)
    assert isinstance(answer, Submitted)
    return answer


async def test_a_batch_is_taken_at_once_and_applied_when_its_time_has_come(carts: CartHandle) -> None:
    async with opened(carts, "soon") as cart:
        assert cart.capabilities.applies_within == 600
        answer = await taken(cart, "k1", **{A: 7})
        assert 29 < answer.look_after - clock.now() <= 30 and 599 < answer.give_up_at - clock.now() <= 600
        assert isinstance(await cart.outcome(answer.ticket), Pending)
        assert carts.quantities("soon", by="ref")[A] == 0
        async with asyncio.timeout(20):
            while isinstance(rows := await cart.outcome(answer.ticket), Pending):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    assert [(row.ref, row.quantity) for row in rows] == [(A, 7)]
    assert carts.quantities("soon", by="ref")[A] == 7


async def test_the_same_key_gives_the_same_ticket(carts: CartHandle) -> None:
    async with opened(carts, "ordered") as cart:
        tickets = {(await taken(cart, "k1", **{A: 7})).ticket for _ in range(2)}
        tickets.add((await taken(cart, "k2", **{A: 7})).ticket)
    assert len(tickets) == 2
    assert carts.control("tickets", {"shop": "ordered"}) == sorted(tickets)


async def test_batches_are_applied_in_the_order_that_is_given(carts: CartHandle) -> None:
    async with opened(carts, "ordered") as cart:
        first, second = [(await taken(cart, f"k{n}", **{A: n})).ticket for n in (1, 2)]
    carts.control("apply", {"shop": "ordered", "tickets": [second, first]})
    assert [row["quantity"] for row in carts.log()] == [2, 1]
    assert carts.quantities("ordered", by="ref")[A] == 1


async def test_a_row_that_is_refused_later_costs_itself(carts: CartHandle) -> None:
    async with opened(carts, "ordered") as cart:
        carts.faults({"kind": "reject", "path": "/stock", "refs": [A]})
        answer = await taken(cart, "k1", **{A: 7, B: 8, "nothing": 9})
        carts.faults()
        carts.control("apply", {"shop": "ordered"})
        rows = await cart.outcome(answer.ticket)
    assert not isinstance(rows, Pending)
    assert {row.ref: row.reason for row in rows} == {
        A: Reason.REJECTED_BY_CART, B: None, "nothing": Reason.REJECTED_BY_CART,
    }  # fmt: skip


@pytest.mark.parametrize("drop", [True, False])
async def test_a_ticket_can_be_lost_with_its_batch_or_without(carts: CartHandle, drop: bool) -> None:
    async with opened(carts, "ordered") as cart:
        answer = await taken(cart, "k1", **{A: 7})
        carts.control("lose", {"shop": "ordered", "drop": drop})
        with pytest.raises(ContractError, match="no ticket"):
            await cart.outcome(answer.ticket)
        carts.control("apply", {"shop": "ordered"})
    assert carts.quantities("ordered", by="ref")[A] == (0 if drop else 7)


def test_a_cart_of_the_demo_applies_later() -> None:
    assert [name for name, mode in MODES.items() if mode.later] == ["outdoor-c"]
