"""A batch whose answer was lost: its intent was recorded first, and is resolved before anything else is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from invsync_tui.connectors.base import DoubtPolicy
from invsync_tui.connectors.carts import sandbox as cart_connector
from invsync_tui.sandbox.shop import Mode
from tests.support.runs.sandbox_world import SHOP, Town, town

IDEMPOTENT = Mode(max_batch=20)
READ_BACK = Mode(max_batch=20, idempotency=False)
LOSSES = ("lost", "cut", "half_json", "status_after", "drop", "status")


@pytest.fixture
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Town]:
    """A town whose cart has the policy of the test's parameter."""
    policy = request.getfixturevalue("which")
    if policy is DoubtPolicy.RESEND:
        capabilities = cart_connector._capabilities

        def resending(options):  # type: ignore[no-untyped-def]
            from dataclasses import replace

            return replace(capabilities(options), doubt_policy=DoubtPolicy.RESEND)

        monkeypatch.setattr(cart_connector, "_capabilities", resending)
    mode = IDEMPOTENT if policy is DoubtPolicy.IDEMPOTENCY_KEY else READ_BACK
    with town(tmp_path, mode=mode, deadline=0.3) as made_town:
        yield made_town


POLICIES = pytest.mark.parametrize("which", list(DoubtPolicy))


@POLICIES
@pytest.mark.parametrize("loss", LOSSES)
async def test_a_lost_answer_is_resolved_in_the_same_run(somewhere: Town, which: DoubtPolicy, loss: str) -> None:
    # given
    await somewhere.bench.pull()
    somewhere.cart.faults({"kind": loss, "path": "/stock", "after": 1, "times": 1, "status": 502})
    # when
    run = await somewhere.bench.push(somewhere.cart_id)
    # then
    assert (run.state, run.error) == ("done", "")
    assert somewhere.shown() == somewhere.stock()
    assert somewhere.bench.sums_hold()
    assert _unsettled(somewhere) == 0


@POLICIES
async def test_a_cart_that_does_not_come_back_leaves_one_batch_in_doubt_and_the_next_run_ends_it(
    somewhere: Town, which: DoubtPolicy
) -> None:
    # given: the second batch is applied, its answer lost, and nothing is answered from then on
    await somewhere.bench.pull()
    somewhere.cart.faults(
        {"kind": "lost", "path": "/stock", "after": 1, "times": 1},
        {"kind": "drop", "path": f"/shops/{SHOP}/stock", "after": 2},
        {"kind": "drop", "path": "/listings/read"},
    )
    # when
    run = await somewhere.bench.push(somewhere.cart_id)
    # then
    counts = somewhere.bench.counts(run)
    assert run.state == "failed"
    assert counts["set"] == 20
    assert counts["total"] == 40
    assert somewhere.bench.sums_hold()
    if which is not DoubtPolicy.RESEND:
        assert counts["in_doubt"] == len(somewhere.in_stock()) - 20
    # and when
    somewhere.cart.faults()
    last = await somewhere.bench.push(somewhere.cart_id)
    # then
    assert last.state == "done"
    assert somewhere.shown() == somewhere.stock()
    assert _unsettled(somewhere) == 0


@POLICIES
async def test_going_back_to_the_old_quantity_while_in_doubt_is_written(somewhere: Town, which: DoubtPolicy) -> None:
    # given: a raise was applied by the cart, but every answer was lost
    our_town = somewhere
    await our_town.bench.pull()
    await our_town.bench.push(our_town.cart_id)
    sku = our_town.in_stock()[0]
    shown = our_town.shown()[sku]
    ref = next(ref for ref, code in our_town.wms.dump()["products"].items() if code == sku)
    level = our_town.wms.dump()["levels"]["wh-1"][ref][0]
    our_town.wms.set_level(sku, "EAST", level + 7)
    await our_town.bench.pull()
    our_town.cart.faults({"kind": "lost", "path": "/stock"}, {"kind": "drop", "path": "/listings"})
    assert (await our_town.bench.push(our_town.cart_id)).state == "failed"
    assert our_town.shown()[sku] == (shown or 0) + 7
    # when
    our_town.cart.faults()
    our_town.wms.set_level(sku, "EAST", level)
    await our_town.bench.pull()
    run = await our_town.bench.push(our_town.cart_id)
    # then
    assert run.state == "done"
    assert our_town.shown()[sku] == shown


@pytest.mark.parametrize("which", [DoubtPolicy.IDEMPOTENCY_KEY])
async def test_a_replay_has_the_same_key_and_is_applied_once(somewhere: Town, which: DoubtPolicy) -> None:
    # given
    await somewhere.bench.pull()
    somewhere.cart.faults({"kind": "lost", "path": "/stock", "times": 1})
    # when
    await somewhere.bench.push(somewhere.cart_id)
    # then
    refs = [row["ref"] for row in somewhere.cart.log()]
    assert len(refs) == len(set(refs)) == len(somewhere.in_stock())
    assert somewhere.bench.one("SELECT max(attempts) FROM our_push_batch") == 2


@pytest.mark.parametrize("which", [DoubtPolicy.READ_BACK])
async def test_what_the_cart_shows_is_not_sent_again(somewhere: Town, which: DoubtPolicy) -> None:
    # given
    await somewhere.bench.pull()
    somewhere.cart.faults({"kind": "lost", "path": "/stock", "times": 1})
    # when
    await somewhere.bench.push(somewhere.cart_id)
    # then
    refs = [row["ref"] for row in somewhere.cart.log()]
    assert len(refs) == len(set(refs)) == len(somewhere.in_stock())


@pytest.mark.parametrize("which", [DoubtPolicy.READ_BACK])
async def test_a_request_that_arrives_late_is_waited_out(somewhere: Town, which: DoubtPolicy) -> None:
    # given: the cart works on the first batch for almost the whole deadline, and answers too late
    await somewhere.bench.pull()
    somewhere.cart.faults(
        {"kind": "slow", "path": "/stock", "seconds": 0.25, "times": 1},
        {"kind": "slow_after", "path": "/stock", "seconds": 0.3, "times": 1},
    )
    # when
    run = await somewhere.bench.push(somewhere.cart_id)
    # then
    refs = [row["ref"] for row in somewhere.cart.log()]
    assert run.state == "done"
    assert len(refs) == len(set(refs)), "a value was written twice, so the straggler was not waited out"


@pytest.mark.parametrize("which", [DoubtPolicy.IDEMPOTENCY_KEY])
async def test_a_refused_login_while_in_doubt_leaves_the_batch_in_doubt(somewhere: Town, which: DoubtPolicy) -> None:
    # given: the answer is lost, and the replay meets a refused login
    await somewhere.bench.pull()
    somewhere.cart.faults(
        {"kind": "lost", "path": "/stock", "times": 1}, {"kind": "status", "path": "/stock", "status": 401, "after": 1}
    )
    # when
    run = await somewhere.bench.push(somewhere.cart_id)
    # then
    assert run.state == "failed"
    assert somewhere.bench.counts(run)["in_doubt"] == 20
    assert somewhere.bench.sums_hold()
    assert _unsettled(somewhere) == 1


def _unsettled(our_town: Town) -> int:
    assert our_town.bench.one("SELECT count(*) FROM our_listing WHERE inflight IS NOT NULL AND NOT pending") == 0
    return int(our_town.bench.one("SELECT count(*) FROM our_push_batch WHERE state IN ('intent', 'in_doubt')"))


@pytest.mark.parametrize("which", [DoubtPolicy.READ_BACK])
async def test_a_later_run_that_finds_the_batch_applied_says_updated(somewhere: Town, which: DoubtPolicy) -> None:
    # given: the batch was applied, and nothing could be read
    await somewhere.bench.pull()
    somewhere.cart.faults(
        {"kind": "lost", "path": "/stock", "times": 1}, {"kind": "status", "path": "/listings/read", "status": 401}
    )
    await somewhere.bench.push(somewhere.cart_id)
    somewhere.cart.faults()
    # when
    run = await somewhere.bench.push(somewhere.cart_id)
    # then
    assert somewhere.bench.counts(run)["set"] == len(somewhere.in_stock())
    assert somewhere.bench.one("SELECT count(*) FROM our_listing WHERE outcome IN ('in_doubt', 'failed')") == 0
    assert somewhere.bench.sums_hold()
