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
def made(tmp_path: Path, time: Clock, request: pytest.FixtureRequest) -> Iterator[Town]:
    """A town whose cart applies what it is ordered to."""
    mode = getattr(request, "param", LATER)
    with town(tmp_path, mode=mode, jump_factor=0, zero_count=1000) as made_town:
        yield made_town


def tickets(made: Town) -> list[str]:
    """What the cart has still to apply."""
    return list(made.cart.control("tickets", {"shop": SHOP}))


def applies(made: Town, *named: str) -> None:
    """Let the cart apply some of what it took, or all."""
    made.cart.control("apply", {"shop": SHOP, **({"tickets": named} if named else {})})


def asked(made: Town) -> int:
    """How often the cart was asked what became of a ticket."""
    return sum("/tickets/" in entry["path"] for entry in made.cart.requests())


def newest(made: Town) -> RunRow:
    """The newest push of the cart."""
    return made.bench.run(int(made.bench.one("SELECT max(id) FROM run WHERE kind = 'push' AND key = ?", made.cart_id)))


def states(made: Town) -> dict[str, int]:
    """Batches of the cart by state."""
    rows = made.bench.store.read("SELECT state, count(*) FROM our_push_batch GROUP BY state")
    return dict(rows)


def raised(made: Town, sku: str, by: int) -> None:
    """The WMS has more of a SKU."""
    ref = next(ref for ref, code in made.wms.dump()["products"].items() if code == sku)
    made.wms.set_level(sku, "EAST", made.wms.dump()["levels"]["wh-1"][ref][0] + by)


async def begun(made: Town) -> RunRow:
    """A push that everything was submitted by."""
    await made.bench.pull()
    return await made.bench.push(made.cart_id)


async def settled(made: Town, time: Clock) -> None:
    """A push whose listings the cart has applied."""
    await begun(made)
    applies(made)
    time.passes(LOOK + 1)
    await made.bench.work()


# --- the way of a batch that goes well


async def test_listings_of_a_batch_that_is_applied_later_are_submitted_and_counted(made: Town) -> None:
    # when
    run = await begun(made)
    # then
    counts, sold = made.bench.counts(run), len(made.in_stock())
    assert (run.state, counts["submitted"], counts["set"]) == ("done", sold, 0)
    assert made.bench.sums_hold()
    assert states(made) == {"submitted": 2}
    rows = made.bench.listings(made.cart_id).values()
    assert sum(row["outcome"] == "submitted" and row["inflight"] is not None for row in rows) == sold
    assert {row["acked"] for row in rows if row["inflight"]} == {None}
    waiting = newest(made)
    assert (waiting.id > run.id, waiting.state, waiting.trigger) == (True, "requested", "look again")
    assert waiting.not_before is not None and 0 < waiting.not_before - clock.now() <= LOOK + 1


async def test_a_plan_counts_listings_that_the_cart_has_not_applied_apart_from_those_in_doubt(made: Town) -> None:
    await begun(made)
    session = made.bench.session()
    making = plans.build_plan(session, made.cart_id)
    plan = plans.view(session, making, None)
    assert (plan.submitted, plan.in_doubt) == (len(made.in_stock()), 0)
    # and when a batch has no answer at all
    with made.bench.store.transaction() as tx:
        tx.execute(
            "UPDATE push_batch SET state = 'in_doubt' WHERE state = 'submitted' AND cart_id = ?", (made.cart_id,)
        )
    plan = plans.view(session, plans.build_plan(session, made.cart_id), None)
    assert (plan.submitted, plan.in_doubt) == (0, len(made.in_stock()))


async def test_until_its_time_has_come_nothing_is_asked_or_sent_again(made: Town, time: Clock) -> None:
    await begun(made)
    time.passes(LOOK - 30)
    await made.bench.work()
    assert newest(made).state == "requested"
    run = await made.bench.push(made.cart_id)  # by an operator, who does not wait
    assert (run.state, made.bench.counts(run)["submitted"]) == ("done", len(made.in_stock()))
    assert (asked(made), len(made.writes())) == (0, 2)
    assert newest(made).not_before is not None


async def test_a_run_of_its_own_finds_out_what_became_of_it(made: Town, time: Clock) -> None:
    await begun(made)
    applies(made)
    # when
    time.passes(LOOK + 1)
    await made.bench.work()
    # then
    run = newest(made)
    assert (run.state, run.trigger) == ("done", "look again")
    assert made.bench.counts(run)["set"] == len(made.in_stock())
    assert made.shown() == made.stock()
    assert (asked(made), len(made.writes()), states(made)) == (2, 2, {"answered": 2})
    assert made.bench.one("SELECT count(*) FROM our_listing WHERE pending OR inflight IS NOT NULL") == 0
    assert made.bench.sums_hold()
    # and nothing is left to look at
    assert made.bench.one("SELECT count(*) FROM run WHERE kind = 'push' AND state = 'requested'") == 0


async def test_a_cart_that_is_not_done_is_asked_again(made: Town, time: Clock) -> None:
    await begun(made)
    for n in range(1, 4):
        time.passes(LOOK + 1)
        await made.bench.work()
        assert asked(made) == 2 * n
        assert newest(made).state == "requested"
    assert states(made) == {"submitted": 2}
    assert "not applied" in " ".join(made.bench.events(newest(made).id - 1))
    applies(made)
    time.passes(LOOK + 1)
    await made.bench.work()
    assert made.shown() == made.stock()


async def test_the_schedule_does_not_wait_for_it(made: Town) -> None:
    """Other listings are pushed as ever, although a run waits for the time to look."""
    await begun(made)
    waiting = newest(made)
    with made.bench.store.transaction() as tx:
        order = RunRequest("push", made.cart_id, made.bench.merchant, "schedule", "schedule")
        assert runs.request(tx, order, clock.seconds()) == (waiting.id, False)
    joined = made.bench.run(waiting.id)
    assert (joined.not_before, joined.trigger) == (None, "schedule")


# --- what should be shown changes meanwhile


async def test_a_newer_quantity_waits_and_wins(made: Town, time: Clock) -> None:
    # given: the first quantity is submitted, the stock changes, and pushes come and go
    await begun(made)
    sku = made.in_stock()[0]
    first = made.stock()[sku]
    raised(made, sku, 7)
    await made.bench.pull()
    await made.bench.push(made.cart_id)
    assert len(made.writes()) == 2
    # when the cart applies the older one late
    applies(made)
    time.passes(LOOK + 1)
    await made.bench.work()
    # then the newer one is sent in the run that learned of it
    run = newest(made)
    if run.state == "requested":
        run = made.bench.run(run.id - 1)
    assert made.bench.counts(run)["submitted"] == 1
    assert len(tickets(made)) == 1
    applies(made)
    time.passes(LOOK + 1)
    await made.bench.work()
    assert made.shown()[sku] == first + 7
    ref = made.bench.listings(made.cart_id)[sku]["ref"]
    assert [row["quantity"] for row in made.cart.log() if row["ref"] == ref] == [first, first + 7]
    assert made.bench.sums_hold()


async def test_going_back_to_the_old_quantity_meanwhile_is_written(made: Town, time: Clock) -> None:
    await settled(made, time)
    sku = made.in_stock()[0]
    old = made.stock()[sku]
    raised(made, sku, 7)
    await made.bench.pull()
    await made.bench.push(made.cart_id)
    raised(made, sku, -7)
    await made.bench.pull()
    applies(made)
    assert made.shown()[sku] == old + 7
    for _ in range(2):
        time.passes(LOOK + 1)
        await made.bench.work()
        applies(made)
    assert made.shown()[sku] == old


async def test_a_listing_that_was_deleted_meanwhile_and_is_back_still_waits(made: Town, time: Clock) -> None:
    await begun(made)
    sku = made.in_stock()[0]
    listing = dict(next(one for one in made.cart.dump()[SHOP] if one["sku"] == sku))
    made.cart.control("remove", {"shop": SHOP, "refs": [listing["ref"]]})
    await made.bench.push(made.cart_id, full=True)
    made.cart.control("add", {"shop": SHOP, "listing": listing})
    raised(made, sku, 7)
    await made.bench.pull()
    await made.bench.push(made.cart_id, full=True)
    assert len(made.writes()) == 2, "a newer quantity is sent beside an older one that may come late"
    applies(made)
    for _ in range(2):
        time.passes(LOOK + 1)
        await made.bench.work()
        applies(made)
    assert made.shown() == made.stock()


# --- what does not go well


async def test_a_row_that_is_refused_later_fails_and_is_sent_by_the_next_run(made: Town, time: Clock) -> None:
    # given
    await made.bench.pull()
    sku = made.in_stock()[0]
    ref = next(one["ref"] for one in made.cart.dump()[SHOP] if one["sku"] == sku)
    made.cart.faults({"kind": "reject", "path": "/stock", "refs": [ref]})
    await made.bench.push(made.cart_id)
    made.cart.faults()
    applies(made)
    # when
    time.passes(LOOK + 1)
    await made.bench.work()
    # then
    run = newest(made)
    counts = made.bench.counts(run)
    assert (counts["failed"], counts["set"], counts["submitted"]) == (1, len(made.in_stock()) - 1, 0)
    assert made.bench.reasons(run)["REJECTED_BY_CART"] == 1
    row = made.bench.listings(made.cart_id)[sku]
    assert (row["outcome"], row["reason"], row["error"]) == (
        "failed", "REJECTED_BY_CART", "The row was refused on purpose.",
    )  # fmt: skip
    assert len(made.writes()) == 2, "what was just refused is sent again at once"
    (listing,) = why(made.bench.session(), sku, made.cart_id).listings
    assert listing.sent is not None and listing.causes == ("REJECTED_BY_CART",)
    assert (listing.sent.state, listing.sent.target) == ("answered", made.stock()[sku])
    # and when the next run comes
    again = await made.bench.push(made.cart_id)
    assert made.bench.counts(again)["submitted"] == 1
    applies(made)
    time.passes(LOOK + 1)
    await made.bench.work()
    assert made.shown() == made.stock()
    assert made.bench.sums_hold()


async def test_a_quantity_that_changed_since_it_was_refused_is_sent_at_once(made: Town, time: Clock) -> None:
    await made.bench.pull()
    sku = made.in_stock()[0]
    ref = next(one["ref"] for one in made.cart.dump()[SHOP] if one["sku"] == sku)
    made.cart.faults({"kind": "reject", "path": "/stock", "refs": [ref]})
    await made.bench.push(made.cart_id)
    made.cart.faults()
    applies(made)
    raised(made, sku, 7)
    await made.bench.pull()
    time.passes(LOOK + 1)
    await made.bench.work()
    assert len(tickets(made)) == 1
    applies(made)
    time.passes(LOOK + 1)
    await made.bench.work()
    assert made.shown() == made.stock()


@pytest.mark.parametrize("applied", [True, False], ids=["applied", "dropped"])
async def test_a_ticket_that_the_cart_lost_is_read_back_once_it_is_given_up(
    made: Town, time: Clock, applied: bool
) -> None:
    # given
    await begun(made)
    if applied:
        applies(made)
    made.cart.control("lose", {"shop": SHOP, "drop": True})
    # when it is asked about before: nothing is decided
    time.passes(LOOK + 1)
    await made.bench.work()
    assert states(made) == {"submitted": 2}
    assert len(made.writes()) == 2
    said = " ".join(made.bench.events(newest(made).id - 1))
    assert "There is no ticket" in said
    # and when its time is over
    time.passes(GIVE_UP)
    await made.bench.work()
    # then
    if applied:
        assert states(made) == {"answered": 2}
        assert (len(made.writes()), made.shown()) == (2, made.stock())
    else:
        assert states(made) == {"refused": 2, "submitted": 2}
        assert len(made.writes()) == 4
        applies(made)
        time.passes(LOOK + 1)
        await made.bench.work()
        assert made.shown() == made.stock()
    assert made.bench.sums_hold()


@pytest.mark.parametrize("status", [503, 403, 200], ids=["down", "not allowed", "another shape"])
async def test_a_cart_that_cannot_be_asked_is_asked_again_and_the_rest_goes_on(
    made: Town, time: Clock, status: int
) -> None:
    await begun(made)
    sku = made.sold_out()[0]
    made.wms.set_level(sku, "EAST", 4)
    await made.bench.pull()
    made.cart.faults({"kind": "status", "path": "/tickets/", "status": status})
    time.passes(LOOK + 1)
    run = await made.bench.push(made.cart_id)
    assert (run.state, len(tickets(made))) == ("done", 3)
    made.cart.faults()
    applies(made)
    time.passes(LOOK + submitted.ASK_AGAIN + 1)
    await made.bench.work()
    assert made.shown() == made.stock()


async def test_a_cart_that_cannot_be_read_when_it_is_given_up_is_read_by_the_next_run(made: Town, time: Clock) -> None:
    await begun(made)
    applies(made)
    made.cart.control("lose", {"shop": SHOP})
    made.cart.faults({"kind": "status", "path": "/listings/read", "status": 503})
    time.passes(GIVE_UP + 1)
    await made.bench.work()
    assert states(made) == {"submitted": 2}
    made.cart.faults()
    time.passes(submitted.ASK_AGAIN + 1)
    await made.bench.work()
    assert (states(made), len(made.writes()), made.shown()) == ({"answered": 2}, 2, made.stock())


async def test_a_cart_that_says_nothing_of_tickets_is_read_back_when_it_is_given_up(
    made: Town, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(SandboxCart, "outcome")
    await begun(made)
    applies(made)
    time.passes(LOOK + 1)
    await made.bench.work()
    assert (states(made), asked(made)) == ({"submitted": 2}, 0)
    time.passes(GIVE_UP)
    await made.bench.work()
    assert (states(made), len(made.writes()), made.shown()) == ({"answered": 2}, 2, made.stock())


async def test_a_refused_login_is_not_tried_again_by_itself(made: Town, time: Clock) -> None:
    await begun(made)
    made.cart.faults({"kind": "status", "path": "/tickets/", "status": 401})
    time.passes(LOOK + 1)
    await made.bench.work()
    run = newest(made)
    assert (run.state, made.bench.reasons(run)["AUTH_FAILED"]) == ("failed", 1)
    assert states(made) == {"submitted": 2}
    made.cart.faults()
    applies(made)
    await made.bench.push(made.cart_id)
    assert made.shown() == made.stock()


# --- answers that are lost


@pytest.mark.parametrize("loss", ["lost", "cut", "half_json", "status_after"])
async def test_a_lost_ticket_is_asked_for_with_the_same_key(made: Town, time: Clock, loss: str) -> None:
    await made.bench.pull()
    made.cart.faults({"kind": loss, "path": "/stock", "times": 1, "status": 502})
    run = await made.bench.push(made.cart_id)
    assert (run.state, made.bench.counts(run)["submitted"]) == ("done", len(made.in_stock()))
    assert len(tickets(made)) == 2
    applies(made)
    time.passes(LOOK + 1)
    await made.bench.work()
    assert made.shown() == made.stock()
    refs = [row["ref"] for row in made.cart.log()]
    assert len(refs) == len(set(refs))


@pytest.mark.parametrize("made", [NO_KEYS], indirect=True)
@pytest.mark.parametrize("loss", ["lost", "drop"])
async def test_without_keys_it_is_in_doubt_until_the_cart_cannot_apply_it_any_more(
    made: Town, time: Clock, loss: str
) -> None:
    # given
    await made.bench.pull()
    made.cart.faults({"kind": loss, "path": "/stock", "times": 1})
    # when
    run = await made.bench.push(made.cart_id)
    # then: reading the listings would say that it was not applied, which is true and says nothing
    assert (run.state, made.bench.counts(run)["in_doubt"]) == ("failed", 20)
    made.cart.faults()
    sku = made.bench.one("SELECT sku FROM our_listing WHERE outcome = 'in_doubt' LIMIT 1")
    raised(made, sku, 7)
    await made.bench.pull()
    time.passes(LOOK + 1)
    await made.bench.push(made.cart_id)
    in_doubt = made.bench.listings(made.cart_id)[sku]
    assert (in_doubt["outcome"], in_doubt["inflight"] is not None) == ("in_doubt", True)
    # and when its time is over, after it was applied late
    applies(made)
    time.passes(GIVE_UP + 40)
    await made.bench.push(made.cart_id)
    applies(made)
    time.passes(LOOK + 1)
    await made.bench.work()
    assert made.shown() == made.stock()
    assert made.bench.one("SELECT count(*) FROM our_listing WHERE inflight IS NOT NULL") == 0
    assert made.bench.sums_hold()


# --- operators


async def test_a_canceled_run_leaves_what_was_submitted_to_the_next(made: Town, time: Clock) -> None:
    run = await begun(made)
    with made.bench.store.transaction() as tx:
        assert runs.cancel(tx, newest(made).id, clock.seconds()) == "cancelled"
    applies(made)
    time.passes(LOOK + 1)
    await made.bench.work()
    assert (asked(made), newest(made).id) == (0, run.id + 1)
    await made.bench.push(made.cart_id)
    assert (asked(made), made.shown()) == (2, made.stock())


async def test_a_run_that_is_canceled_while_it_sends_keeps_what_was_submitted(made: Town, time: Clock) -> None:
    # given: the first of two batches is on its way
    await made.bench.pull()
    run_id = made.bench.request("push", made.cart_id)
    await made.bench.work()
    made.bench.release(run_id)
    made.cart.faults({"kind": "slow_after", "path": "/stock", "seconds": 0.3, "times": 1})
    work = asyncio.create_task(made.bench.work())
    async with asyncio.timeout(20):
        while not made.writes():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    with made.bench.store.transaction() as tx:
        runs.cancel(tx, run_id, clock.seconds())
    await work
    # then: what is not known is in doubt or submitted, the rest is canceled, and the next run ends it
    run = made.bench.run(run_id)
    assert (run.state, made.bench.sums_hold()) == ("cancelled", True)
    await made.bench.push(made.cart_id)
    applies(made)
    time.passes(LOOK + 1)
    await made.bench.work()
    assert made.shown() == made.stock()
    refs = [row["ref"] for row in made.cart.log()]
    assert len(refs) == len(set(refs)), "a canceled run sent something twice"


async def test_a_frozen_cart_finds_out_and_sends_nothing(made: Town, time: Clock) -> None:
    await begun(made)
    sku = made.in_stock()[0]
    raised(made, sku, 7)
    await made.bench.pull()
    applies(made)
    with made.bench.store.transaction() as tx:
        plan_rows.freeze(tx, "cart", made.cart_id, Frozen(clock.seconds(), "tester", "a test"))
    time.passes(LOOK + 1)
    await made.bench.work()
    run = newest(made)
    assert (run.state, asked(made), len(made.writes())) == ("done", 2, 2)
    assert made.bench.counts(run)["set"] == len(made.in_stock()) - 1
    assert made.bench.listings(made.cart_id)[sku]["reason"] == "FROZEN"
    assert made.bench.sums_hold()


async def test_a_cart_that_is_switched_off_is_not_asked_and_no_run_is_asked_for(made: Town, time: Clock) -> None:
    await begun(made)
    made.bench.set_cart(made.cart_id, upload_enabled=False)
    time.passes(LOOK + 1)
    await made.bench.work()
    assert (asked(made), newest(made).state) == (0, "done")
    applies(made)
    made.bench.set_cart(made.cart_id, upload_enabled=True)
    await made.bench.push(made.cart_id)
    assert (asked(made), made.shown()) == (2, made.stock())


async def test_a_clock_that_is_set_back_makes_it_wait_once_more_and_no_longer(made: Town, time: Clock) -> None:
    await begun(made)
    time.set_by = -86400
    await made.bench.push(made.cart_id)
    assert asked(made) == 0
    applies(made)
    time.passes(LOOK + 1)
    await made.bench.work()
    assert (asked(made), made.shown()) == (2, made.stock())


# --- what people are told


async def test_why_and_drift_say_that_it_is_submitted_and_not_that_it_drifted(made: Town, time: Clock) -> None:
    # given: the cart has applied it, and nobody has asked about the ticket
    await settled(made, time)
    sku = made.in_stock()[0]
    raised(made, sku, 7)
    await made.bench.pull()
    await made.bench.push(made.cart_id)
    applies(made)
    time.passes(LAG + 1)
    await made.bench.push(made.cart_id, full=True)
    session = made.bench.session()
    # then
    (listing,) = why(session, sku, made.cart_id).listings
    assert listing.outcome == "submitted"
    assert listing.drift is not None and listing.sent is not None
    at = local_time.stamp(listing.sent.look_after or 0)
    assert listing.drift.drift == "lagging"
    assert listing.drift.text == f"Submitted, checked again at {at}; the cart shows {made.stock()[sku]}."
    assert listing.sent.state == "submitted"
    assert listing.sent.give_up_at is not None and listing.sent.give_up_at > clock.now()
    lines = drifted(session, made.cart_id).after(None, 10)
    assert [(line.sku, line.drift) for line in lines] == [(sku, "lagging")]
    # and once it is given up and nobody has looked, it is drift as any other
    time.passes(GIVE_UP + 1)
    (line,) = drifted(session, made.cart_id).after(None, 10)
    assert line.drift != "lagging"
    every_number_is_recomputed(made.bench)


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


async def test_lists_show_when_it_is_looked_at_and_no_drift(made: Town, time: Clock) -> None:
    # given: the cart shows the newer quantity already
    await settled(made, time)
    sku = made.in_stock()[0]
    raised(made, sku, 7)
    await made.bench.pull()
    await made.bench.push(made.cart_id)
    applies(made)
    await made.bench.push(made.cart_id, full=True)
    # then
    session = made.bench.session()
    line = next(row for row in product_sync.listings(session, made.cart_id).after(None, 100) if row.sku == sku)
    assert (line.outcome, line.drift, line.confirmed != line.in_cart) == ("submitted", False, True)
    assert line.next_look_at is not None and 0 < line.next_look_at - clock.now() <= LOOK + 1
    assert list(product_sync.listings(session, made.cart_id, ListingFilter.DRIFT).after(None, 100)) == []
    others = [row for row in product_sync.listings(session, made.cart_id).after(None, 100) if row.sku != sku]
    assert {row.next_look_at for row in others} == {None}


async def test_an_undo_leaves_what_is_submitted_alone(made: Town, time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: a run that updated everything, and one listing that waits for a newer quantity
    monkeypatch.setattr(run_request, "ensure_worker", lambda session: False)
    await settled(made, time)
    sent = made.bench.one("SELECT min(run_id) FROM our_push_batch")
    sku = made.in_stock()[0]
    raised(made, sku, 7)
    await made.bench.pull()
    await made.bench.push(made.cart_id)
    # when
    session = made.bench.session()
    remedy = undo.undo(session, int(str(sent)), "a test")
    plans.apply(session, remedy.plan, "a test", freeze=True)
    await made.bench.work()
    # then
    run = newest(made) if newest(made).state != "requested" else made.bench.run(newest(made).id - 1)
    assert made.bench.counts(run)["submitted"] == len(made.in_stock())
    assert made.bench.sums_hold()
    waiting = made.bench.listings(made.cart_id)[sku]
    assert (waiting["outcome"], len(tickets(made))) == ("submitted", 3)
    applies(made)
    time.passes(LOOK + 1)
    await made.bench.work()
    assert {code: units for code, units in made.shown().items() if units} == {sku: made.stock()[sku]}
