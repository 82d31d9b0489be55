"""A download that a safety rule holds: seen, released and discarded like a held push, and nobody waits for it for ever."""

from __future__ import annotations

import asyncio

import pytest

from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.runs import held, runs
from invsync_tui.operations.runs.follow import Follower
from invsync_tui.operations.views import Action
from tests.support.runs.sandbox_world import Town

WHY = "The tenant was moved."


async def _held(town: Town) -> tuple[int, int]:
    """A sync of everything whose download is held: the download, and the push that follows it."""
    town.wms.control("account", {"account": "somebody else"})
    bench = town.bench
    pull = bench.request("pull", bench.merchant)
    push = bench.request("push", town.cart_id, after=pull)
    await asyncio.wait_for(bench.work(), 20)
    assert bench.run(pull).state == "held"
    return pull, push


async def test_a_worker_ends_and_a_follower_too_though_a_push_waits_for_a_held_download(synced: Town) -> None:
    pull, push = await _held(synced)
    # when
    follower = Follower(synced.bench.session(), [pull, push], sleep=lambda _: None)
    ended = {event.run.id for event in await asyncio.wait_for(asyncio.to_thread(list, follower.events()), 10)}
    # then
    assert ended >= {pull, push}


async def test_a_held_download_says_what_is_wrong_and_no_listings(synced: Town) -> None:
    pull, _ = await _held(synced)
    # when
    detail = runs.detail(synced.bench.session(), pull)
    # then
    assert detail.hold is not None
    assert "somebody else" in str(detail.hold.rules[0])
    assert detail.hold.groups == {}
    assert not any("plan" in way for way in detail.hold.ways)
    assert detail.actions >= {Action.RELEASE, Action.DISCARD}
    with pytest.raises(OperationError, match="holds no listings back"):
        held.held(synced.bench.session(), pull)


async def test_a_held_download_is_released_as_a_whole_and_the_push_follows(synced: Town) -> None:
    pull, push = await _held(synced)
    with pytest.raises(OperationError, match="as a whole"):
        runs.release(synced.bench.session(), pull, WHY, ["zero"])
    assert synced.bench.run(pull).state == "held"
    # when
    session = synced.bench.session()
    session.waits_for_worker = False
    runs.release(session, pull, WHY)
    await asyncio.wait_for(synced.bench.work(), 20)
    # then
    assert synced.bench.run(pull).state == "done"
    assert synced.bench.run(push).state == "done"


async def test_a_discarded_download_ends_the_push_behind_it_in_words(synced: Town) -> None:
    pull, push = await _held(synced)
    # when
    runs.discard(synced.bench.session(), pull, "no")
    await asyncio.wait_for(synced.bench.work(), 20)
    # then
    assert synced.bench.run(pull).state == "cancelled"
    assert synced.bench.run(push).state == "cancelled"
    assert f"Run {pull}" in synced.bench.run(push).error


async def test_a_cart_is_pushed_for_itself_while_a_download_is_held(synced: Town) -> None:
    _, push = await _held(synced)
    # when: its own period comes, or somebody asks for it
    again = synced.bench.request("push", synced.cart_id)
    await asyncio.wait_for(synced.bench.work(), 20)
    # then
    assert again == push
    assert synced.bench.run(push).state == "done"
