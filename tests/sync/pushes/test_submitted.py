"""A cart that applies a batch later: its listings wait under a ticket, and the newest quantity wins whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from invsync_tui import clock, local_time
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.operations.diagnosis.why import why
from invsync_tui.operations.listings import product_sync
from invsync_tui.operations.listings.drift import drifted
from invsync_tui.operations.lists.list_views import ListingFilter
from invsync_tui.operations.plans import plans, undo
from invsync_tui.operations.runs import request as run_request
from invsync_tui.rules.drift import LAG
from invsync_tui.sandbox.shop import Mode
from invsync_tui.store.listings import plans as plan_rows
from invsync_tui.store.listings.plans import Frozen
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest, RunRow
from invsync_tui.sync.pushes import submitted
from tests.support.runs.sandbox_world import SHOP, Town, town
from tests.support.runs.why_check import every_number_is_recomputed

LOOK, GIVE_UP = 600, 3600
LATER = Mode(later=True, apply_after=-1, look_after=LOOK, give_up_after=GIVE_UP, max_batch=20)
NO_KEYS = Mode(later=True, apply_after=-1, look_after=LOOK, give_up_after=GIVE_UP, max_batch=20, idempotency=False)


class Clock:
    """The time of day and elapsed time, moved on by a test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        self.set_by = 0.0
        now, elapsed = clock.now, clock.elapsed
        monkeypatch.setattr(clock, "now", lambda: now() + self.ahead + self.set_by)
        monkeypatch.setattr(clock, "elapsed", lambda: elapsed() + self.ahead)

    def passes(self, seconds: float) -> None:
        self.ahead += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def our_town(tmp_path: Path, time: Clock, request: pytest.FixtureRequest) -> Iterator[Town]:
    """A town whose cart applies what it is ordered to."""
    mode = getattr(request, "param", LATER)
    with town(tmp_path, mode=mode, jump_factor=0, zero_count=1000) as made_town:
        yield made_town


def tickets(our_town: Town) -> list[str]:
    """What the cart has still to apply."""
    return list(our_town.cart.control("tickets", {"shop": SHOP}))


def applies(our_town: Town, *named: str) -> None:
    """Let the cart apply some of what it took, or all."""
    our_town.cart.control("apply", {"shop": SHOP, **({"tickets": named} if named else {})})


def asked(our_town: Town) -> int:
    """How often the cart was asked what became of a ticket."""
    return sum("/tickets/" in entry["path"] for entry in our_town.cart.requests())


def newest(our_town: Town) -> RunRow:
    """The newest push of the cart."""
    return our_town.bench.run(
        int(our_town.bench.one("SELECT max(id) FROM run WHERE kind = 'push' AND key = ?", our_town.cart_id))
    )


def states(our_town: Town) -> dict[str, int]:
    """Batches of the cart by state."""
    rows = our_town.bench.store.read("SELECT state, count(*) FROM our_push_batch GROUP BY state")
    return dict(rows)


def raised(our_town: Town, sku: str, by: int) -> None:
    """The WMS has more of a SKU."""
    ref = next(ref for ref, code in our_town.wms.dump()["products"].items() if code == sku)
    our_town.wms.set_level(sku, "EAST", our_town.wms.dump()["levels"]["wh-1"][ref][0] + by)


async def begun(our_town: Town) -> RunRow:
    """A push that everything was submitted by."""
    await our_town.bench.pull()
    return await our_town.bench.push(our_town.cart_id)


async def settled(our_town: Town, time: Clock) -> None:
    """A push whose listings the cart has applied."""
    await begun(our_town)
    applies(our_town)
    time.passes(LOOK + 1)
    await our_town.bench.work()


# --- the way of a batch that goes well


async def test_listings_of_a_batch_that_is_applied_later_are_submitted_and_counted(our_town: Town) -> None:
    # when
    run = await begun(our_town)
    # then
    counts, sold = our_town.bench.counts(run), len(our_town.in_stock())
    assert (run.state, counts["submitted"], counts["set"]) == ("done", sold, 0)
    assert our_town.bench.sums_hold()
    assert states(our_town) == {"submitted": 2}
    rows = our_town.bench.listings(our_town.cart_id).values()
    assert sum(row["outcome"] == "submitted" and row["inflight"] is not None for row in rows) == sold
    assert {row["acked"] for row in rows if row["inflight"]} == {None}
    waiting = newest(our_town)
    assert (waiting.id > run.id, waiting.state, waiting.trigger) == (True, "requested", "look again")
    assert waiting.not_before is not None and 0 < waiting.not_before - clock.now() <= LOOK + 1


async def test_a_plan_counts_listings_that_the_cart_has_not_applied_apart_from_those_in_doubt(our_town: Town) -> None:
    await begun(our_town)
    session = our_town.bench.session()
    making = plans.build_plan(session, our_town.cart_id)
    plan = plans.view(session, making, None)
    assert (plan.submitted, plan.in_doubt) == (len(our_town.in_stock()), 0)
    # and when a batch has no answer at all
    with our_town.bench.store.transaction() as tx:
        tx.execute(
            "UPDATE push_batch SET state = 'in_doubt' WHERE state = 'submitted' AND cart_id = ?", (our_town.cart_id,)
        )
    plan = plans.view(session, plans.build_plan(session, our_town.cart_id), None)
    assert (plan.submitted, plan.in_doubt) == (0, len(our_town.in_stock()))


async def test_until_its_time_has_come_nothing_is_asked_or_sent_again(our_town: Town, time: Clock) -> None:
    await begun(our_town)
    time.passes(LOOK - 30)
    await our_town.bench.work()
    assert newest(our_town).state == "requested"
    run = await our_town.bench.push(our_town.cart_id)  # by an operator, who does not wait
    assert (run.state, our_town.bench.counts(run)["submitted"]) == ("done", len(our_town.in_stock()))
    assert (asked(our_town), len(our_town.writes())) == (0, 2)
    assert newest(our_town).not_before is not None


async def test_a_run_of_its_own_finds_out_what_became_of_it(our_town: Town, time: Clock) -> None:
    await begun(our_town)
    applies(our_town)
    # when
    time.passes(LOOK + 1)
    await our_town.bench.work()
    # then
    run = newest(our_town)
    assert (run.state, run.trigger) == ("done", "look again")
    assert our_town.bench.counts(run)["set"] == len(our_town.in_stock())
    assert our_town.shown() == our_town.stock()
    assert (asked(our_town), len(our_town.writes()), states(our_town)) == (2, 2, {"answered": 2})
    assert our_town.bench.one("SELECT count(*) FROM our_listing WHERE pending OR inflight IS NOT NULL") == 0
    assert our_town.bench.sums_hold()
    # and nothing is left to look at
    assert our_town.bench.one("SELECT count(*) FROM run WHERE kind = 'push' AND state = 'requested'") == 0


async def test_a_cart_that_is_not_done_is_asked_again(our_town: Town, time: Clock) -> None:
    await begun(our_town)
    for n in range(1, 4):
        time.passes(LOOK + 1)
        await our_town.bench.work()
        assert asked(our_town) == 2 * n
        assert newest(our_town).state == "requested"
    assert states(our_town) == {"submitted": 2}
    assert "not applied" in " ".join(our_town.bench.events(newest(our_town).id - 1))
    applies(our_town)
    time.passes(LOOK + 1)
    await our_town.bench.work()
    assert our_town.shown() == our_town.stock()


async def test_the_schedule_does_not_wait_for_it(our_town: Town) -> None:
    """Other listings are pushed as ever, although a run waits for the time to look."""
    await begun(our_town)
    waiting = newest(our_town)
    with our_town.bench.store.transaction() as tx:
        order = RunRequest("push", our_town.cart_id, our_town.bench.merchant, "schedule", "schedule")
        assert runs.request(tx, order, clock.seconds()) == (waiting.id, False)
    joined = our_town.bench.run(waiting.id)
    assert (joined.not_before, joined.trigger) == (None, "schedule")


# --- what should be shown changes meanwhile


async def test_a_newer_quantity_waits_and_wins(our_town: Town, time: Clock) -> None:
    # given: the first quantity is submitted, the stock changes, and pushes come and go
    await begun(our_town)
    sku = our_town.in_stock()[0]
    first = our_town.stock()[sku]
    raised(our_town, sku, 7)
    await our_town.bench.pull()
    await our_town.bench.push(our_town.cart_id)
    assert len(our_town.writes()) == 2
    # when the cart applies the older one late
    applies(our_town)
    time.passes(LOOK + 1)
    await our_town.bench.work()
    # then the newer one is sent in the run that learned of it
    run = newest(our_town)
    if run.state == "requested":
        run = our_town.bench.run(run.id - 1)
    assert our_town.bench.counts(run)["submitted"] == 1
    assert len(tickets(our_town)) == 1
    applies(our_town)
    time.passes(LOOK + 1)
    await our_town.bench.work()
    assert our_town.shown()[sku] == first + 7
    ref = our_town.bench.listings(our_town.cart_id)[sku]["ref"]
    assert [row["quantity"] for row in our_town.cart.log() if row["ref"] == ref] == [first, first + 7]
    assert our_town.bench.sums_hold()


async def test_going_back_to_the_old_quantity_meanwhile_is_written(our_town: Town, time: Clock) -> None:
    await settled(our_town, time)
    sku = our_town.in_stock()[0]
    old = our_town.stock()[sku]
    raised(our_town, sku, 7)
    await our_town.bench.pull()
    await our_town.bench.push(our_town.cart_id)
    raised(our_town, sku, -7)
    await our_town.bench.pull()
    applies(our_town)
    assert our_town.shown()[sku] == old + 7
    for _ in range(2):
        time.passes(LOOK + 1)
        await our_town.bench.work()
        applies(our_town)
    assert our_town.shown()[sku] == old


async def test_a_listing_that_was_deleted_meanwhile_and_is_back_still_waits(our_town: Town, time: Clock) -> None:
    await begun(our_town)
    sku = our_town.in_stock()[0]
    listing = dict(next(listing for listing in our_town.cart.dump()[SHOP] if listing["sku"] == sku))
    our_town.cart.control("remove", {"shop": SHOP, "refs": [listing["ref"]]})
    await our_town.bench.push(our_town.cart_id, full=True)
    our_town.cart.control("add", {"shop": SHOP, "listing": listing})
    raised(our_town, sku, 7)
    await our_town.bench.pull()
    await our_town.bench.push(our_town.cart_id, full=True)
    assert len(our_town.writes()) == 2, "a newer quantity is sent beside an older one that may come late"
    applies(our_town)
    for _ in range(2):
        time.passes(LOOK + 1)
        await our_town.bench.work()
        applies(our_town)
    assert our_town.shown() == our_town.stock()


# --- what does not go well


async def refused(our_town: Town) -> str:
    """The SKU of a listing that a push was refused, in a cart that applies what it is sent from now on."""
    sku = our_town.in_stock()[0]
    ref = next(listing["ref"] for listing in our_town.cart.dump()[SHOP] if listing["sku"] == sku)
    our_town.cart.faults({"kind": "reject", "path": "/stock", "refs": [ref]})
    await our_town.bench.push(our_town.cart_id)
    our_town.cart.faults()
    applies(our_town)
    return sku


async def test_a_row_that_is_refused_later_fails_and_is_sent_by_the_next_run(our_town: Town, time: Clock) -> None:
    # given
    await our_town.bench.pull()
    sku = await refused(our_town)
    # when
    time.passes(LOOK + 1)
    await our_town.bench.work()
    # then
    run = newest(our_town)
    counts = our_town.bench.counts(run)
    assert (counts["failed"], counts["set"], counts["submitted"]) == (1, len(our_town.in_stock()) - 1, 0)
    assert our_town.bench.reasons(run)["REJECTED_BY_CART"] == 1
    row = our_town.bench.listings(our_town.cart_id)[sku]
    assert (row["outcome"], row["reason"], row["error"]) == (
        "failed", "REJECTED_BY_CART", "The row was refused on purpose.",
    )  # fmt: skip
    assert len(our_town.writes()) == 2, "what was just refused is sent again at once"
    (listing,) = why(our_town.bench.session(), sku, our_town.cart_id).listings
    assert listing.sent is not None and listing.causes == ("REJECTED_BY_CART",)
    assert (listing.sent.state, listing.sent.target) == ("answered", our_town.stock()[sku])
    # and when the next run comes
    again = await our_town.bench.push(our_town.cart_id)
    assert our_town.bench.counts(again)["submitted"] == 1
    applies(our_town)
    time.passes(LOOK + 1)
    await our_town.bench.work()
    assert our_town.shown() == our_town.stock()
    assert our_town.bench.sums_hold()


async def test_a_quantity_that_changed_since_it_was_refused_is_sent_at_once(our_town: Town, time: Clock) -> None:
    await our_town.bench.pull()
    sku = await refused(our_town)
    raised(our_town, sku, 7)
    await our_town.bench.pull()
    time.passes(LOOK + 1)
    await our_town.bench.work()
    assert len(tickets(our_town)) == 1
    applies(our_town)
    time.passes(LOOK + 1)
    await our_town.bench.work()
    assert our_town.shown() == our_town.stock()


@pytest.mark.parametrize("applied", [True, False], ids=["applied", "dropped"])
async def test_a_ticket_that_the_cart_lost_is_read_back_once_it_is_given_up(
    our_town: Town, time: Clock, applied: bool
) -> None:
    # given
    await begun(our_town)
    if applied:
        applies(our_town)
    our_town.cart.control("lose", {"shop": SHOP, "drop": True})
    # when it is asked about before: nothing is decided
    time.passes(LOOK + 1)
    await our_town.bench.work()
    assert states(our_town) == {"submitted": 2}
    assert len(our_town.writes()) == 2
    events = " ".join(our_town.bench.events(newest(our_town).id - 1))
    assert "There is no ticket" in events
    # and when its time is over
    time.passes(GIVE_UP)
    await our_town.bench.work()
    # then
    if applied:
        assert states(our_town) == {"answered": 2}
        assert (len(our_town.writes()), our_town.shown()) == (2, our_town.stock())
    else:
        assert states(our_town) == {"refused": 2, "submitted": 2}
        assert len(our_town.writes()) == 4
        applies(our_town)
        time.passes(LOOK + 1)
        await our_town.bench.work()
        assert our_town.shown() == our_town.stock()
    assert our_town.bench.sums_hold()


@pytest.mark.parametrize("status", [503, 403, 200], ids=["down", "not allowed", "another shape"])
async def test_a_cart_that_cannot_be_asked_is_asked_again_and_the_rest_goes_on(
    our_town: Town, time: Clock, status: int
) -> None:
    await begun(our_town)
    sku = our_town.sold_out()[0]
    our_town.wms.set_level(sku, "EAST", 4)
    await our_town.bench.pull()
    our_town.cart.faults({"kind": "status", "path": "/tickets/", "status": status})
    time.passes(LOOK + 1)
    run = await our_town.bench.push(our_town.cart_id)
    assert (run.state, len(tickets(our_town))) == ("done", 3)
    our_town.cart.faults()
    applies(our_town)
    time.passes(LOOK + submitted.ASK_AGAIN + 1)
    await our_town.bench.work()
    assert our_town.shown() == our_town.stock()


async def test_a_cart_that_cannot_be_read_when_it_is_given_up_is_read_by_the_next_run(
    our_town: Town, time: Clock
) -> None:
    await begun(our_town)
    applies(our_town)
    our_town.cart.control("lose", {"shop": SHOP})
    our_town.cart.faults({"kind": "status", "path": "/listings/read", "status": 503})
    time.passes(GIVE_UP + 1)
    await our_town.bench.work()
    assert states(our_town) == {"submitted": 2}
    our_town.cart.faults()
    time.passes(submitted.ASK_AGAIN + 1)
    await our_town.bench.work()
    assert (states(our_town), len(our_town.writes()), our_town.shown()) == ({"answered": 2}, 2, our_town.stock())


async def test_a_cart_that_says_nothing_of_tickets_is_read_back_when_it_is_given_up(
    our_town: Town, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(SandboxCart, "outcome")
    await begun(our_town)
    applies(our_town)
    time.passes(LOOK + 1)
    await our_town.bench.work()
    assert (states(our_town), asked(our_town)) == ({"submitted": 2}, 0)
    time.passes(GIVE_UP)
    await our_town.bench.work()
    assert (states(our_town), len(our_town.writes()), our_town.shown()) == ({"answered": 2}, 2, our_town.stock())


async def test_a_refused_login_is_not_tried_again_by_itself(our_town: Town, time: Clock) -> None:
    await begun(our_town)
    our_town.cart.faults({"kind": "status", "path": "/tickets/", "status": 401})
    time.passes(LOOK + 1)
    await our_town.bench.work()
    run = newest(our_town)
    assert (run.state, our_town.bench.reasons(run)["AUTH_FAILED"]) == ("failed", 1)
    assert states(our_town) == {"submitted": 2}
    our_town.cart.faults()
    applies(our_town)
    await our_town.bench.push(our_town.cart_id)
    assert our_town.shown() == our_town.stock()


# --- answers that are lost


@pytest.mark.parametrize("loss", ["lost", "cut", "half_json", "status_after"])
async def test_a_lost_ticket_is_asked_for_with_the_same_key(our_town: Town, time: Clock, loss: str) -> None:
    await our_town.bench.pull()
    our_town.cart.faults({"kind": loss, "path": "/stock", "times": 1, "status": 502})
    run = await our_town.bench.push(our_town.cart_id)
    assert (run.state, our_town.bench.counts(run)["submitted"]) == ("done", len(our_town.in_stock()))
    assert len(tickets(our_town)) == 2
    applies(our_town)
    time.passes(LOOK + 1)
    await our_town.bench.work()
    assert our_town.shown() == our_town.stock()
    refs = [row["ref"] for row in our_town.cart.log()]
    assert len(refs) == len(set(refs))


@pytest.mark.parametrize("our_town", [NO_KEYS], indirect=True)
@pytest.mark.parametrize("loss", ["lost", "drop"])
async def test_without_keys_it_is_in_doubt_until_the_cart_cannot_apply_it_any_more(
    our_town: Town, time: Clock, loss: str
) -> None:
    # given
    await our_town.bench.pull()
    our_town.cart.faults({"kind": loss, "path": "/stock", "times": 1})
    # when
    run = await our_town.bench.push(our_town.cart_id)
    # then: reading the listings would say that it was not applied, which is true and says nothing
    assert (run.state, our_town.bench.counts(run)["in_doubt"]) == ("failed", 20)
    our_town.cart.faults()
    sku = our_town.bench.one("SELECT sku FROM our_listing WHERE outcome = 'in_doubt' LIMIT 1")
    raised(our_town, sku, 7)
    await our_town.bench.pull()
    time.passes(LOOK + 1)
    await our_town.bench.push(our_town.cart_id)
    in_doubt = our_town.bench.listings(our_town.cart_id)[sku]
    assert (in_doubt["outcome"], in_doubt["inflight"] is not None) == ("in_doubt", True)
    # and when its time is over, after it was applied late
    applies(our_town)
    time.passes(GIVE_UP + 40)
    await our_town.bench.push(our_town.cart_id)
    applies(our_town)
    time.passes(LOOK + 1)
    await our_town.bench.work()
    assert our_town.shown() == our_town.stock()
    assert our_town.bench.one("SELECT count(*) FROM our_listing WHERE inflight IS NOT NULL") == 0
    assert our_town.bench.sums_hold()


# --- operators


async def test_a_canceled_run_leaves_what_was_submitted_to_the_next(our_town: Town, time: Clock) -> None:
    run = await begun(our_town)
    with our_town.bench.store.transaction() as tx:
        assert runs.cancel(tx, newest(our_town).id, clock.seconds()) == "cancelled"
    applies(our_town)
    time.passes(LOOK + 1)
    await our_town.bench.work()
    assert (asked(our_town), newest(our_town).id) == (0, run.id + 1)
    await our_town.bench.push(our_town.cart_id)
    assert (asked(our_town), our_town.shown()) == (2, our_town.stock())


async def test_a_run_that_is_canceled_while_it_sends_keeps_what_was_submitted(our_town: Town, time: Clock) -> None:
    # given: the first of two batches is on its way
    await our_town.bench.pull()
    run_id = our_town.bench.request("push", our_town.cart_id)
    await our_town.bench.work()
    our_town.bench.release(run_id)
    our_town.cart.faults({"kind": "slow_after", "path": "/stock", "seconds": 0.3, "times": 1})
    work = asyncio.create_task(our_town.bench.work())
    async with asyncio.timeout(20):
        while not our_town.writes():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    with our_town.bench.store.transaction() as tx:
        runs.cancel(tx, run_id, clock.seconds())
    await work
    # then: what is not known is in doubt or submitted, the rest is canceled, and the next run ends it
    run = our_town.bench.run(run_id)
    assert (run.state, our_town.bench.sums_hold()) == ("cancelled", True)
    await our_town.bench.push(our_town.cart_id)
    applies(our_town)
    time.passes(LOOK + 1)
    await our_town.bench.work()
    assert our_town.shown() == our_town.stock()
    refs = [row["ref"] for row in our_town.cart.log()]
    assert len(refs) == len(set(refs)), "a canceled run sent something twice"


async def test_a_frozen_cart_finds_out_and_sends_nothing(our_town: Town, time: Clock) -> None:
    await begun(our_town)
    sku = our_town.in_stock()[0]
    raised(our_town, sku, 7)
    await our_town.bench.pull()
    applies(our_town)
    with our_town.bench.store.transaction() as tx:
        plan_rows.freeze(tx, "cart", our_town.cart_id, Frozen(clock.seconds(), "tester", "a test"))
    time.passes(LOOK + 1)
    await our_town.bench.work()
    run = newest(our_town)
    assert (run.state, asked(our_town), len(our_town.writes())) == ("done", 2, 2)
    assert our_town.bench.counts(run)["set"] == len(our_town.in_stock()) - 1
    assert our_town.bench.listings(our_town.cart_id)[sku]["reason"] == "FROZEN"
    assert our_town.bench.sums_hold()


async def test_a_cart_that_is_switched_off_is_not_asked_and_no_run_is_asked_for(our_town: Town, time: Clock) -> None:
    await begun(our_town)
    our_town.bench.set_cart(our_town.cart_id, upload_enabled=False)
    time.passes(LOOK + 1)
    await our_town.bench.work()
    assert (asked(our_town), newest(our_town).state) == (0, "done")
    applies(our_town)
    our_town.bench.set_cart(our_town.cart_id, upload_enabled=True)
    await our_town.bench.push(our_town.cart_id)
    assert (asked(our_town), our_town.shown()) == (2, our_town.stock())


async def test_a_clock_that_is_set_back_makes_it_wait_once_more_and_no_longer(our_town: Town, time: Clock) -> None:
    await begun(our_town)
    time.set_by = -86400
    await our_town.bench.push(our_town.cart_id)
    assert asked(our_town) == 0
    applies(our_town)
    time.passes(LOOK + 1)
    await our_town.bench.work()
    assert (asked(our_town), our_town.shown()) == (2, our_town.stock())


# --- what people are told


async def test_why_and_drift_say_that_it_is_submitted_and_not_that_it_drifted(our_town: Town, time: Clock) -> None:
    # given: the cart has applied it, and nobody has asked about the ticket
    await settled(our_town, time)
    sku = our_town.in_stock()[0]
    raised(our_town, sku, 7)
    await our_town.bench.pull()
    await our_town.bench.push(our_town.cart_id)
    applies(our_town)
    time.passes(LAG + 1)
    await our_town.bench.push(our_town.cart_id, full=True)
    session = our_town.bench.session()
    # then
    (listing,) = why(session, sku, our_town.cart_id).listings
    assert listing.outcome == "submitted"
    assert listing.drift is not None and listing.sent is not None
    at = local_time.stamp(listing.sent.look_after or 0)
    assert listing.drift.drift == "lagging"
    assert listing.drift.text == f"Submitted, checked again at {at}; the cart shows {our_town.stock()[sku]}."
    assert listing.sent.state == "submitted"
    assert listing.sent.give_up_at is not None and listing.sent.give_up_at > clock.now()
    lines = drifted(session, our_town.cart_id).after(None, 10)
    assert [(line.sku, line.drift) for line in lines] == [(sku, "lagging")]
    # and once it is given up and nobody has looked, it is drift as any other
    time.passes(GIVE_UP + 1)
    (line,) = drifted(session, our_town.cart_id).after(None, 10)
    assert line.drift != "lagging"
    every_number_is_recomputed(our_town.bench)


# --- times that cannot be


@pytest.mark.parametrize(
    "of", [lambda: submitted.Submitted(" ", 1.0, 2.0), lambda: submitted.Submitted("T" * 5000, 1.0, 2.0),
             lambda: submitted.Submitted("T", float("nan"), 2.0), lambda: submitted.Pending(float("inf"))],
)  # fmt: skip
def test_a_ticket_that_is_none_and_times_that_are_none_are_refused(of: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"ticket|time"):
        of()


@pytest.mark.parametrize(
    ("look", "give_up", "expected"),
    [
        (1060.2, 1600.0, (1061, 1600)),
        (0.0, 1600.0, (1000, 1600)),
        (9000.0, 1600.0, (1600, 1600)),
        (1060.0, 0.0, (1000, 1000)),
        (1e18, 1e18, (1000 + submitted.GIVE_UP_MOST, 1000 + submitted.GIVE_UP_MOST)),
    ],
)
def test_times_of_a_cart_are_kept_within_reason(look: float, give_up: float, expected: tuple[int, int]) -> None:
    assert submitted.waits_of(submitted.Submitted("T1", look, give_up), 1000.0) == expected


async def test_lists_show_when_it_is_looked_at_and_no_drift(our_town: Town, time: Clock) -> None:
    # given: the cart shows the newer quantity already
    await settled(our_town, time)
    sku = our_town.in_stock()[0]
    raised(our_town, sku, 7)
    await our_town.bench.pull()
    await our_town.bench.push(our_town.cart_id)
    applies(our_town)
    await our_town.bench.push(our_town.cart_id, full=True)
    # then
    session = our_town.bench.session()
    line = next(row for row in product_sync.listings(session, our_town.cart_id).after(None, 100) if row.sku == sku)
    assert (line.outcome, line.drift, line.confirmed != line.in_cart) == ("submitted", False, True)
    assert line.next_look_at is not None and 0 < line.next_look_at - clock.now() <= LOOK + 1
    assert list(product_sync.listings(session, our_town.cart_id, ListingFilter.DRIFT).after(None, 100)) == []
    others = [row for row in product_sync.listings(session, our_town.cart_id).after(None, 100) if row.sku != sku]
    assert {row.next_look_at for row in others} == {None}


async def test_an_undo_leaves_what_is_submitted_alone(
    our_town: Town, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: a run that updated everything, and one listing that waits for a newer quantity
    monkeypatch.setattr(run_request, "ensure_worker", lambda session: False)
    await settled(our_town, time)
    sent = our_town.bench.one("SELECT min(run_id) FROM our_push_batch")
    sku = our_town.in_stock()[0]
    raised(our_town, sku, 7)
    await our_town.bench.pull()
    await our_town.bench.push(our_town.cart_id)
    # when
    session = our_town.bench.session()
    remedy = undo.undo(session, int(str(sent)), "a test")
    plans.apply(session, remedy.plan, "a test", freeze=True)
    await our_town.bench.work()
    # then
    run = newest(our_town) if newest(our_town).state != "requested" else our_town.bench.run(newest(our_town).id - 1)
    assert our_town.bench.counts(run)["submitted"] == len(our_town.in_stock())
    assert our_town.bench.sums_hold()
    waiting = our_town.bench.listings(our_town.cart_id)[sku]
    assert (waiting["outcome"], len(tickets(our_town))) == ("submitted", 3)
    applies(our_town)
    time.passes(LOOK + 1)
    await our_town.bench.work()
    assert {code: units for code, units in our_town.shown().items() if units} == {sku: our_town.stock()[sku]}
