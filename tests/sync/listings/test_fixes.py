"""Changes in the shop on request: shown first, made once, read again and pushed; nothing of it happens by itself."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.operations.errors import InvalidError, NotFoundError, OperationError, RefusedError
from invsync_tui.operations.listings import fixes
from invsync_tui.operations.roles import Role
from invsync_tui.operations.session import Session
from invsync_tui.sync.runs import leases
from tests.support.runs.sandbox_world import Town


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invsync_tui.operations.runs.request.ensure_worker", lambda _: False)


async def untracked(town: Town, *skus: str) -> None:
    """Somebody turns off stock tracking, and the next push sees it."""
    for sku in skus:
        town.cart.edit(sku, tracked=False)
    assert (await town.bench.push(town.cart_id, full=True)).state == "done"


def tracked(town: Town) -> dict[str, bool]:
    return {listing["sku"]: listing["tracked"] for listing in town.cart.dump()["main"]}


async def ask(town: Town, call: Any, *given: Any, role: Role = Role.ADMIN) -> Any:
    """As a terminal does: in a thread with a session of its own, and without a loop."""

    def answered() -> Any:
        session = Session.open(town.bench.store.path)
        try:
            return call(replace(session, operator="ann", role=role), *given)
        finally:
            session.store.close()

    return await asyncio.to_thread(answered)


async def test_what_can_be_changed_is_offered_with_how_many_need_it(synced: Town) -> None:
    (offer,) = await ask(synced, fixes.offers, synced.cart_id)
    assert (offer.fix.name, offer.listings, offer.exact) == ("track", 0, True)
    first, two, *_ = synced.in_stock()
    await untracked(synced, first, two)
    (offer,) = await ask(synced, fixes.offers, synced.cart_id)
    assert (offer.listings, offer.fix.reason.value) == (2, "CART_NOT_TRACKING")


async def test_it_is_shown_first_and_nothing_is_changed(synced: Town) -> None:
    first, two, *_ = synced.in_stock()
    await untracked(synced, first)
    before = synced.cart.dump()
    plan = await ask(synced, fixes.plan, synced.cart_id, "track")
    assert [(line.sku, line.why_not) for line in plan.lines] == [(first, "")]
    plan = await ask(synced, fixes.plan, synced.cart_id, "track", [first, two.lower()])
    assert {line.sku: line.why_not for line in plan.lines} == {first: "", two: "it does not need it any more"}
    assert synced.cart.dump() == before


async def test_it_is_made_read_again_and_pushed(synced: Town) -> None:
    first, two, *_ = synced.in_stock()
    wanted = synced.shown()
    await untracked(synced, first, two)
    synced.cart.edit(first, quantity=999)
    outcome = await ask(synced, fixes.make, synced.cart_id, "track", [first], "a new product")
    assert [(line.sku, line.in_cart, line.why_not) for line in outcome.lines] == [(first, 0, "")]
    assert tracked(synced)[first] and not tracked(synced)[two]
    assert "1 listing was changed in the shop." in fixes.summary(
        outcome
    ) and "1 more listing needs it." in fixes.summary(outcome)
    (run,) = outcome.requested.runs
    assert synced.bench.one("SELECT kind || ':' || key || ':' || state FROM run WHERE id = ?", run) == (
        f"push:{synced.cart_id}:requested"
    )
    assert (await synced.bench.push(synced.cart_id)).state == "done"
    assert synced.shown()[first] == wanted[first]
    (entry,) = synced.bench.store.read(
        "SELECT who, subject, before, after, reason FROM audit WHERE action = 'change in the shop'"
    )
    assert (entry[0], entry[1], entry[4]) == ("ann", f"cart:{synced.cart_id}", "a new product")
    assert (json.loads(entry[2])["listings"], json.loads(entry[3])) == ([{"sku": first}], {"change": "track"})


@pytest.mark.parametrize("answers", [{"shop": "another"}, {}])
async def test_nothing_is_changed_in_another_shop_than_the_pushes_know(
    synced: Town, monkeypatch: pytest.MonkeyPatch, answers: dict[str, str]
) -> None:
    # given
    says = {"shop": "ours"}

    async def identity(_: object) -> dict[str, str]:
        return says

    monkeypatch.setattr(SandboxCart, "identity", identity, raising=False)
    first, *_ = synced.in_stock()
    await untracked(synced, first)
    says = answers
    before = synced.cart.dump()
    # when
    with pytest.raises(OperationError, match="account"):
        await ask(synced, fixes.make, synced.cart_id, "track", [first], "a new product")
    # then
    assert synced.cart.dump() == before


async def test_a_listing_that_needs_nothing_is_not_touched_and_no_push_is_requested(synced: Town) -> None:
    first = synced.in_stock()[0]
    before = synced.cart.dump(), synced.bench.one("SELECT count(*) FROM run")
    outcome = await ask(synced, fixes.make, synced.cart_id, "track", [first], "why not")
    assert outcome.requested is None and outcome.done == ()
    assert (synced.cart.dump(), synced.bench.one("SELECT count(*) FROM run")) == before
    assert synced.bench.one("SELECT count(*) FROM audit WHERE action = 'change in the shop'") == 0


async def test_nothing_is_changed_by_a_push(synced: Town) -> None:
    first = synced.in_stock()[0]
    await untracked(synced, first)
    assert (await synced.bench.push(synced.cart_id, full=True)).state == "done"
    assert not tracked(synced)[first]


async def test_it_waits_for_no_run_and_goes_beside_none(synced: Town) -> None:
    first = synced.in_stock()[0]
    await untracked(synced, first)
    lease = leases.acquire(synced.bench.store, f"push:{synced.cart_id}", "worker")
    assert lease is not None
    with pytest.raises(OperationError, match="under way"):
        await ask(synced, fixes.make, synced.cart_id, "track", [first], "why not")
    lease.release()
    assert not tracked(synced)[first]
    await ask(synced, fixes.make, synced.cart_id, "track", [first], "why not")
    assert tracked(synced)[first]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_it_takes_an_admin(synced: Town, role: Role) -> None:
    first = synced.in_stock()[0]
    await untracked(synced, first)
    with pytest.raises(RefusedError):
        await ask(synced, fixes.make, synced.cart_id, "track", [first], "why not", role=role)
    assert not tracked(synced)[first]
    assert (await ask(synced, fixes.plan, synced.cart_id, "track", role=role)).lines


async def test_what_there_is_not_is_told(synced: Town) -> None:
    with pytest.raises(InvalidError, match=r"has no 'trak'\. Did you mean track\?"):
        await ask(synced, fixes.plan, synced.cart_id, "trak")
    with pytest.raises(NotFoundError, match="no listing 'NOPE'"):
        await ask(synced, fixes.plan, synced.cart_id, "track", ["NOPE"])
    with pytest.raises(NotFoundError, match="no cart 4711"):
        await ask(synced, fixes.offers, 4711)
    with pytest.raises(InvalidError, match="--reason"):
        await ask(synced, fixes.make, synced.cart_id, "track", [], " ")
