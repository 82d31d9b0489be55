"""What a cart is checked for besides: few calls, honest answers, nothing changed that it was not asked to change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from math import ceil
from typing import Any

from invsync_tui.connectors.base import DoubtPolicy, ListingRow, PushItem, QuantityBasis, RowAnswer
from invsync_tui.connectors.cart_locations import OPTION
from invsync_tui.connectors.errors import ConnectorError, RowsRejectedError, UnavailableError
from invsync_tui.kit import change_checks, later_checks, limit_checks, request_checks
from invsync_tui.kit.checks import COMMON, Check, Scene, everything
from invsync_tui.kit.later_checks import BATCH
from invsync_tui.kit.proxy import Fault
from invsync_tui.kit.source_checks import HOSTILE
from invsync_tui.sync.pushes.sending_order import batch_rule

OTHER = "fedcba9876543210fedcba9876543210"


async def _send(
    scene: Scene, cart: Any, quantities: Mapping[str, int], before: Mapping[str, int | None], key: str = BATCH
) -> Sequence[RowAnswer]:
    return await later_checks.settled(scene, cart, await later_checks.send(cart, quantities, before, key))


async def every_listing_once(scene: Scene) -> None:
    """Pages of any size give every listing once, with what it shows."""
    shown = dict(scene.server.shown())
    for size in (1, 2, 1000):
        async with scene.opened() as cart:
            cart.capabilities = replace(cart.capabilities, page_size=size)
            rows = await everything(cart)
        assert len({row.ref for row in rows}) == len(rows), f"a listing came twice with pages of {size}"
        assert {row.ref: row.quantity for row in rows} == shown, f"listings differ with pages of {size}"


async def hostile_codes(scene: Scene) -> None:
    """Codes come through as they are."""
    added = {scene.server.add(sku, 1): sku for sku in HOSTILE}
    async with scene.opened() as cart:
        read = {row.ref: row.sku for row in await everything(cart)}
    wrong = {sku: read.get(ref) for ref, sku in added.items() if read.get(ref) != sku}
    assert not wrong, f"codes differ: {wrong}"


async def read_some(scene: Scene) -> None:
    """`read` gives the present state of some listings, and leaves out those that no longer exist."""
    first, second, *_ = scene.server.shown()
    scene.server.set(first, 77)
    async with scene.opened() as cart:
        rows = {row.ref: row.quantity for row in await cart.read([first, second])}
        assert rows.get(first) == 77 and second in rows, f"read says {rows}"
        scene.server.remove(second)
        left = [row for row in await cart.read([first, second]) if row.skip is None]
        assert [row.ref for row in left] == [first], "a deleted listing is still read"


async def few_calls(scene: Scene) -> None:
    """A batch is one call that writes."""
    async with scene.opened() as cart:
        refs = (await later_checks.one_batch(cart, list(scene.server.shown())))[: cart.capabilities.max_batch]
        most = len(refs)
        before = dict(scene.server.shown())
        scene.proxy.clear()
        answer = await later_checks.send(cart, {ref: 50 + n for n, ref in enumerate(refs)}, before)
        calls = len(scene.proxy.requests)
        await later_checks.settled(scene, cart, answer)
    assert calls == ceil(most / cart.capabilities.max_batch), (
        f"{calls} calls for {most} listings in batches of {cart.capabilities.max_batch}"
    )
    assert {ref: scene.server.shown()[ref] for ref in refs} == {ref: 50 + n for n, ref in enumerate(refs)}


async def groups_are_requests(scene: Scene) -> None:
    """What a cart says belongs together is set by one request, and what it reads later belongs to the same."""
    async with scene.opened() as cart:
        rule = batch_rule(cart.capabilities)
        if not rule.one_group:
            raise NotImplementedError("its batches may hold any listings")
        refs = list(scene.server.shown())
        listed = {row.ref: row.group for row in await everything(cart) if row.ref in refs}
        members_by_group = await later_checks.by_group(cart, refs)
        for number, (group, members) in enumerate(members_by_group.items(), 1):
            assert all(listed.get(ref) == group for ref in members), f"read and listings_page differ on group {group!r}"
            some = members[: rule.of_group]
            scene.proxy.clear()
            before = dict(scene.server.shown())
            answer = await later_checks.send(
                cart, {ref: 70 + n for n, ref in enumerate(some)}, before, f"{number:032x}"
            )
            calls = len(scene.proxy.requests)
            await later_checks.settled(scene, cart, answer)
            assert calls == 1, f"{calls} calls for {len(some)} listings of the group {group!r}"
            assert {ref: scene.server.shown()[ref] for ref in some} == {ref: 70 + n for n, ref in enumerate(some)}


async def pure_bodies(scene: Scene) -> None:
    """Equal items under an equal key make equal bodies, other items another, and composing asks nobody."""
    refs = list(scene.server.shown())[:2]
    async with scene.opened() as cart:
        scene.proxy.clear()
        items = [PushItem(ref, 5, 1) for ref in refs]
        assert cart.compose(BATCH, items) == cart.compose(BATCH, list(items)), "equal items make different bodies"
        assert cart.compose(BATCH, items) != cart.compose(BATCH, [PushItem(refs[0], 6, 1), *items[1:]])
    assert scene.proxy.requests == [], "composing a body sends a request"


async def answers_are_honest(scene: Scene) -> None:
    """An answer's quantity is what is shown; a cart that gives none says so in its capabilities."""
    ref = next(iter(scene.server.shown()))
    async with scene.opened() as cart:
        answers = await _send(scene, cart, {ref: 31}, scene.server.shown())
        (answer,) = [answer for answer in answers if answer.ref == ref]
        assert answer.error is None and answer.reason is None, f"a good row is refused: {answer}"
        if cart.capabilities.returns_quantity:
            assert answer.quantity == 31, f"the answer says {answer.quantity}"
        rows = await cart.read([ref])
    assert rows[0].quantity == 31 == scene.server.shown()[ref]


async def one_bad_row(scene: Scene) -> None:
    """A listing that is deleted in between costs itself: it is named, or the batch is refused as a whole."""
    before = dict(scene.server.shown())
    async with scene.opened() as cart:
        gone, *others = (await later_checks.one_batch(cart, list(before)))[:3]
        scene.server.remove(gone)
        quantities = {ref: 60 + n for n, ref in enumerate([gone, *others])}
        try:
            answers = {answer.ref: answer for answer in await _send(scene, cart, quantities, before)}
        except RowsRejectedError:
            assert {ref: scene.server.shown()[ref] for ref in others} == {ref: before[ref] for ref in others}, (
                "a batch that was refused as a whole has changed something"
            )
            return
        except ConnectorError as error:
            raise AssertionError(f"one deleted listing ends the run: {error}") from error
    bad = answers.get(gone)
    assert bad is None or bad.error or bad.reason or bad.quantity is None, f"a deleted listing was set: {bad}"
    assert {ref: scene.server.shown()[ref] for ref in others} == {ref: quantities[ref] for ref in others}


async def lost_answer(scene: Scene) -> None:
    """An answer that is lost is told as such, and resolving it by the declared policy doubles nothing."""
    ref, *_ = scene.server.shown()
    before = dict(scene.server.shown())
    async with scene.opened() as cart:
        scene.let(Fault.LOST, times=1)
        try:
            await _send(scene, cart, {ref: 41}, before)
        except UnavailableError as error:
            assert error.may_have_applied, "a lost answer is taken for nothing done"
        else:
            raise AssertionError("a lost answer is taken for a good one, or the write was repeated")
        assert len(scene.proxy.requests) == 1, f"a write was sent {len(scene.proxy.requests)} times"
        scene.proxy.clear()
        if cart.capabilities.doubt_policy is DoubtPolicy.IDEMPOTENCY_KEY:
            await _send(scene, cart, {ref: 41}, before)
        later_checks.let_apply(scene)
        (row,) = await cart.read([ref])
    assert row.quantity == 41 == scene.server.shown()[ref]


async def nothing_else(scene: Scene) -> None:
    """Setting some listings leaves the others as they are."""
    before = dict(scene.server.shown())
    ref, *others = before
    async with scene.opened() as cart:
        await _send(scene, cart, {ref: 3}, before)
        await _send(scene, cart, {ref: 0}, {ref: 3}, OTHER)
    assert {other: scene.server.shown()[other] for other in others} == {other: before[other] for other in others}
    assert scene.server.shown()[ref] == 0


async def negative_is_refused(scene: Scene) -> None:
    """A quantity below zero is never composed."""
    ref = next(iter(scene.server.shown()))
    async with scene.opened() as cart:
        with suppress(ValueError, ConnectorError):
            cart.compose(BATCH, [PushItem(ref, -1)])
            raise AssertionError("a negative quantity is composed")


async def several_locations(scene: Scene) -> None:
    """Listings at another location of ours come with the own ones, each as a connection to that location gives them."""
    plain = scene.connection()
    async with scene.opened() as cart:
        if not cart.capabilities.reads_locations:
            raise NotImplementedError("it reads one location at a time")
        others = [at for at in await cart.locations() if at.ref != cart.location_ref()]
    if not others:
        raise NotImplementedError("the server has one location")
    own, word = plain.options.get(OPTION, ""), others[0].name
    alone = {location: await _rows_at(scene, location) for location in (own, word)}
    together = await _rows_at(scene, own, word)
    assert _facts(together, "") == _facts(alone[own], ""), "the own listings differ where another location is read too"
    assert _facts(together, word) == _facts(alone[word], ""), (
        f"the listings at {word} differ from what its own connection reads"
    )
    refs = [(row.location, row.ref) for row in together]
    assert len(set(refs)) == len(refs), "a listing came twice for a location"
    assert _facts(await _rows_at(scene, own, word, "a location that the shop does not have"), "") == _facts(
        together, ""
    )


async def _rows_at(scene: Scene, location: str, *also_at: str) -> Sequence[ListingRow]:
    plain = scene.connection()
    options = {**plain.options, **({OPTION: location} if location else {})}
    cart = scene.connector(replace(plain, options=options, also_at=also_at))
    try:
        await cart.open()
        rows: Sequence[ListingRow] = await everything(cart)
        return rows
    finally:
        await cart.close()


def _facts(rows: Sequence[ListingRow], location: str) -> dict[str, tuple[object, ...]]:
    """By reference, what does not depend on which other locations are ours."""
    return {
        row.ref: (row.sku, row.quantity, row.allocated, row.skip, row.tracked)
        for row in rows
        if row.location == location
    }


async def basis(scene: Scene) -> None:
    """What is allocated is told by carts that subtract it, and is not by others."""
    async with scene.opened() as cart:
        rows = await everything(cart)
        if cart.capabilities.quantity_basis is QuantityBasis.AVAILABLE:
            assert all(row.allocated == 0 for row in rows), "it stores what is available and reports allocations"
        assert all(row.allocated >= 0 for row in rows)


CHECKS = (
    Check(1, "pages of any size give every listing once", every_listing_once),
    Check(5, "hostile codes survive", hostile_codes),
    Check(45, "some listings are read as they are now", read_some),
    Check(11, "a batch is one call", few_calls),
    Check(12, "bodies are pure", pure_bodies),
    Check(13, "answers say what is shown", answers_are_honest),
    Check(14, "one bad row costs itself", one_bad_row),
    Check(15, "a lost answer doubles nothing", lost_answer),
    Check(44, "a quantity below zero is never sent", negative_is_refused),
    Check(41, "allocations are reported where they are subtracted", basis),
    Check(42, "other locations of ours are read along", several_locations),
    Check(43, "a group is set by one call", groups_are_requests),
    Check(20, "what was not to be changed stays as it is", nothing_else),
    *change_checks.CHECKS,
    *later_checks.CHECKS,
    request_checks.FIXES,
    request_checks.PREVIEWS,
    *COMMON,
    *limit_checks.CHECKS,
)
