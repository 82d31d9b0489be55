"""What a cart that applies a batch later is checked for: tickets that last, and honest words about what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from invsync_tui import clock
from invsync_tui.connectors.base import AppliesLater, Pending, PushItem, RowAnswer, Submitted
from invsync_tui.connectors.errors import ConnectorError, ContractError
from invsync_tui.kit.checks import Check, Scene, failed
from invsync_tui.sync.pushes.sending_order import batch_rule

BATCH = "0123456789abcdef0123456789abcdef"
TRIES, PAUSE = 50, 0.1
"""How often, and with how many seconds between, a cart is asked about a batch that its server has applied."""
SLACK = 5.0
"""Seconds by which a time of the cart may lie before now."""


async def send(
    cart: Any, quantities: Mapping[str, int], before: Mapping[str, int | None], key: str = BATCH
) -> Sequence[RowAnswer] | Submitted:
    """Send quantities by reference as one batch; what the cart says at once."""
    items = [PushItem(ref, quantity, before.get(ref)) for ref, quantity in quantities.items()]
    answer: Sequence[RowAnswer] | Submitted = await cart.send(key, cart.compose(key, items))
    return answer


async def settled(scene: Scene, cart: Any, answer: Sequence[RowAnswer] | Submitted) -> Sequence[RowAnswer]:
    """The answers to a batch, after its server was let apply what it took."""
    if not isinstance(answer, Submitted):
        return answer
    let_apply(scene)
    assert isinstance(cart, AppliesLater), "it returns a ticket and has no `outcome`"
    for _ in range(TRIES):
        rows = await cart.outcome(answer.ticket)
        if not isinstance(rows, Pending):
            return rows
        await asyncio.sleep(PAUSE)
    raise AssertionError("it does not say what became of a batch that was applied")


async def one_batch(cart: Any, refs: list[str]) -> list[str]:
    """Those of some listings that may share a batch by what the cart declares: the largest group, or as many of each."""
    rule = batch_rule(cart.capabilities)
    if not rule.by_group:
        return refs
    members = await by_group(cart, refs)
    if rule.one_group:
        return max(members.values(), key=len)[: rule.of_group]
    return [ref for group in members.values() for ref in group[: rule.of_group]]


async def by_group(cart: Any, refs: Sequence[str]) -> dict[str, list[str]]:
    """Some listings by the group that the cart reads of them, without those that cannot be set."""
    members: dict[str, list[str]] = {}
    for row in await cart.read(refs):
        if row.skip is None:
            members.setdefault(row.group, []).append(row.ref)
    return members


def let_apply(scene: Scene) -> None:
    """Let the server apply what it took and has not applied yet; nothing for one that applies at once."""
    apply = getattr(scene.server, "apply_taken", None)
    if apply is not None:
        apply()


def _only_if_later(cart: Any, answer: Sequence[RowAnswer] | Submitted) -> Submitted:
    if isinstance(answer, Submitted):
        return answer
    assert cart.capabilities.applies_within <= 0, "it declares `applies_within` and answers at once"
    raise NotImplementedError("it applies a batch before it answers")


async def a_ticket_and_its_times(scene: Scene) -> None:
    """A batch that is applied later has a ticket, a time to look and a time to give up, and is declared."""
    ref, *_ = scene.server.shown()
    before = dict(scene.server.shown())
    async with scene.opened() as cart:
        now = clock.now()
        taken = _only_if_later(cart, await send(cart, {ref: 71}, before))
        assert cart.capabilities.applies_within > 0, "it returns a ticket and declares no `applies_within`"
        assert taken.ticket.strip(), "its ticket is blank"
        assert now - SLACK <= taken.look_after <= taken.give_up_at, f"its times are not in order: {taken}, now is {now}"
        assert taken.give_up_at - now <= cart.capabilities.applies_within + SLACK, (
            f"it gives up after {taken.give_up_at - now:.0f} s and declares {cart.capabilities.applies_within:.0f} s"
        )
        first = await cart.outcome(taken.ticket)
        assert isinstance(first, Pending), f"it says that a batch is done that was not applied: {first}"
        rows = await settled(scene, cart, taken)
    assert [row.ref for row in rows if row.error is None and row.reason is None] == [ref], f"it says {rows}"
    assert scene.server.shown()[ref] == 71


async def a_ticket_lasts(scene: Scene) -> None:
    """A ticket is good in another process: nothing that the outcome needs is kept in memory."""
    ref, *_ = scene.server.shown()
    async with scene.opened() as cart:
        taken = _only_if_later(cart, await send(cart, {ref: 72}, scene.server.shown()))
    async with scene.opened() as cart:
        try:
            rows = await settled(scene, cart, taken)
        except ConnectorError as error:
            raise AssertionError(f"another process cannot ask about it: {error}") from error
    assert [(row.ref, row.error) for row in rows] == [(ref, None)], f"another process gets {rows}"


async def refused_later(scene: Scene) -> None:
    """A row that turns out to be bad when the batch is applied is named, and costs itself."""
    async with scene.opened() as cart:
        gone, other, *_ = await one_batch(cart, list(scene.server.shown()))
        taken = _only_if_later(cart, await send(cart, {gone: 73, other: 74}, scene.server.shown()))
        scene.server.remove(gone)
        rows = {row.ref: row for row in await settled(scene, cart, taken)}
    bad = rows.get(gone)
    assert bad is not None and (bad.error or bad.reason), f"a row that was refused later is not named: {bad}"
    assert rows[other].error is None and scene.server.shown()[other] == 74, "it cost the other row too"


async def asked_twice(scene: Scene) -> None:
    """Asking what became of a batch changes nothing, and may be done again."""
    ref, *_ = scene.server.shown()
    async with scene.opened() as cart:
        taken = _only_if_later(cart, await send(cart, {ref: 75}, scene.server.shown()))
        first = await settled(scene, cart, taken)
        scene.server.set(ref, 3)
        again = await cart.outcome(taken.ticket)
    assert not isinstance(again, Pending) and {row.ref for row in again} == {row.ref for row in first}, (
        f"the second answer is {again}"
    )
    let_apply(scene)
    assert scene.server.shown()[ref] == 3, "asking wrote the quantity again"


async def an_unknown_ticket(scene: Scene) -> None:
    """A ticket that the cart does not know is told as such, and is neither a good answer nor one without rows."""
    ref, *_ = scene.server.shown()
    async with scene.opened() as cart:
        taken = _only_if_later(cart, await send(cart, {ref: 76}, scene.server.shown()))
        error = await failed(cart.outcome(taken.ticket[:-1] + "!"), "a ticket that the cart does not know")
    assert isinstance(error, ContractError), f"a ticket that is not known is {type(error).__name__}, not ContractError"


CHECKS = (
    Check(33, "a batch that is applied later has a ticket and times", a_ticket_and_its_times),
    Check(34, "a ticket is good in another process", a_ticket_lasts),
    Check(35, "a row that is refused later is named", refused_later),
    Check(36, "asking about a ticket changes nothing", asked_twice),
    Check(37, "a ticket that is not known is reported", an_unknown_ticket),
)
