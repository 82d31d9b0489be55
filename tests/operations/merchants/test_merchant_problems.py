"""The line of a merchant: its problems and what to do about each, its freezes, its runs, and the pulse of the store."""

from __future__ import annotations

from invsync_tui import clock
from invsync_tui.operations.merchants import overview
from invsync_tui.operations.plans import freeze
from invsync_tui.operations.views import MerchantRow, Problem
from invsync_tui.rules.outcomes import REASONS, Reason
from invsync_tui.store.diagnosis import findings
from invsync_tui.store.runs import runs
from tests.support.stores.products_store import Shelf, Thing


def line(acme: Shelf) -> MerchantRow:
    return next(merchant for merchant in overview.overview(acme.session).merchants if merchant.id == acme.merchant)


def the_problem(acme: Shelf, advice: str) -> Problem:
    """The one problem whose advice has a text in it."""
    (found,) = [problem for problem in line(acme).problems if advice in problem.advice]
    return found


def found_lately(acme: Shelf, cart: int, ago: int, **causes: int) -> int:
    """Findings of a run that ended so many seconds ago; returns the run."""
    run = acme.bench.request("pull", acme.merchant)
    with acme.bench.store.transaction() as tx:
        findings.record(tx, acme.merchant, cart, causes, run, clock.seconds() - ago)
        tx.execute("UPDATE run SET state = 'done', ended_at = ? WHERE id = ?", (clock.seconds(), run))
    return run


def ended(acme: Shelf, kind: str, state: str, error: str = "", ago: int = 60) -> int:
    run = acme.bench.request(kind, acme.merchant if kind == "pull" else acme.cart)
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE run SET state = ?, error = ?, ended_at = ? WHERE id = ?",
                   (state, error, clock.seconds() - ago, run))  # fmt: skip
    return run


# --- findings ----------------------------------------------------------------------------------------------------------


def test_one_new_finding_is_told_with_its_run_its_number_and_its_advice(acme: Shelf) -> None:
    run = found_lately(acme, acme.cart, 60, LOCKED=2)
    problem = the_problem(acme, REASONS[Reason.LOCKED].advice)
    for part in (str(run), "Acme Shop", "2 listings", REASONS[Reason.LOCKED].text):
        assert part in problem.text
    assert not problem.urgent


def test_one_listing_is_not_called_listings(acme: Shelf) -> None:
    found_lately(acme, acme.cart, 60, LOCKED=1)
    problem = the_problem(acme, REASONS[Reason.LOCKED].advice)
    assert "1 listing:" in problem.text


def test_several_findings_of_a_cart_are_one_problem_with_the_largest_three(acme: Shelf) -> None:
    found_lately(acme, acme.cart, 60, LOCKED=5, EXCLUDED=4, BAD_ROW=3, NOT_IN_WMS=2, AMBIGUOUS_ALIAS=1)
    problem = the_problem(acme, "invsync doctor --cart 'Acme Shop'")
    for part in ("LOCKED 5", "EXCLUDED 4", "BAD_ROW 3", "2 more"):
        assert part in problem.text
    assert "NOT_IN_WMS" not in problem.text
    assert not problem.urgent


def test_three_findings_leave_no_more(acme: Shelf) -> None:
    found_lately(acme, acme.cart, 60, LOCKED=5, EXCLUDED=4, BAD_ROW=3)
    assert "more" not in the_problem(acme, "invsync doctor --cart 'Acme Shop'").text


def test_findings_of_the_source_have_no_number_of_listings(acme: Shelf) -> None:
    found_lately(acme, findings.SOURCE, 60, SOURCE_UNAVAILABLE=1)
    problem = the_problem(acme, REASONS[Reason.SOURCE_UNAVAILABLE].advice)
    assert "listing" not in problem.text.removesuffix(REASONS[Reason.SOURCE_UNAVAILABLE].text)


def test_a_finding_is_new_for_an_hour(acme: Shelf) -> None:
    found_lately(acme, acme.cart, overview.NEW_FOR - 60, LOCKED=2)
    assert the_problem(acme, REASONS[Reason.LOCKED].advice)
    found_lately(acme, acme.cart, 60)
    found_lately(acme, acme.cart, overview.NEW_FOR + 60, LOCKED=2)
    assert not [
        problem
        for problem in line(acme).problems
        if "LOCKED" in problem.text or REASONS[Reason.LOCKED].text in problem.text
    ]
    assert overview.NEW_FOR == 3600


def test_findings_of_a_merchant_are_not_told_of_another(acme: Shelf) -> None:
    run = found_lately(acme, acme.cart, 60, LOCKED=2)
    told = [
        merchant.id
        for merchant in overview.overview(acme.session).merchants
        for problem in merchant.problems
        if f"run {run}, Acme Shop" in problem.text
    ]
    assert told == [acme.merchant]


# --- what keeps it from running -------------------------------------------------------------------------------------------


def test_a_download_that_never_ran_is_told_and_how_to_start_one(acme: Shelf) -> None:
    assert the_problem(acme, "invsync sync Acme").key
    ended(acme, "pull", "done")
    assert not [problem for problem in line(acme).problems if problem.advice.endswith("invsync sync Acme")]


def test_a_merchant_that_is_off_is_not_told_that_it_never_ran(acme: Shelf) -> None:
    acme.bench.set_merchant(inventory_sync=False)
    assert the_problem(acme, "--sync on").key
    assert not [problem for problem in line(acme).problems if problem.advice.endswith("invsync sync Acme")]


def test_a_merchant_without_a_connection_is_told_so(acme: Shelf) -> None:
    with acme.bench.store.transaction() as tx:
        tx.execute("DELETE FROM source WHERE merchant_id = ?", (acme.merchant,))
    assert the_problem(acme, "invsync merchants add")
    assert line(acme).source == ""


def test_a_cart_whose_upload_is_off_is_told_without_urgency(acme: Shelf) -> None:
    assert not [problem for problem in line(acme).problems if "--upload on" in problem.advice]
    acme.bench.set_cart(acme.cart, upload_enabled=False)
    problem = the_problem(acme, "invsync carts set 'Acme Shop' --upload on")
    assert "Acme Shop" in problem.text and not problem.urgent and problem.key


def test_disabled_warehouses_are_told_without_urgency_and_how_to_enable_them(acme: Shelf) -> None:
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE warehouse SET enabled = 0 WHERE id = ?", (acme.east,))
    one = the_problem(acme, "invsync warehouses enable Acme EAST")
    assert "EAST" in one.text and not one.urgent and one.key
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE warehouse SET enabled = 0 WHERE id = ?", (acme.default,))
    both = the_problem(acme, "invsync warehouses enable Acme")
    assert "EAST" in both.text and "Default" in both.text and "EAST" not in both.advice


def test_stock_that_is_too_old_is_told_once_the_merchant_has_run(acme: Shelf) -> None:
    acme.bench.set_merchant(stale_after=3600)
    (number,) = acme.put([Thing("1", "A")])
    acme.stock(acme.default, [(number, 3)])
    acme.stock(acme.east, [(number, 3)])

    def confirmed(ago: int) -> None:
        at = clock.seconds() - ago
        with acme.bench.store.transaction() as tx:
            tx.execute("UPDATE source SET confirmed_at = ? WHERE merchant_id = ?", (at, acme.merchant))
            tx.execute("UPDATE warehouse SET last_full_at = ? WHERE merchant_id = ?", (at, acme.merchant))

    def told() -> list[str]:
        return [problem.text for problem in line(acme).problems if "invsync connections test Acme" in problem.advice]

    confirmed(3700)
    assert told() == []
    ended(acme, "pull", "done")
    (text,) = told()
    assert "Default" in text and "EAST" in text
    stale = overview.overview(acme.session).pulse.stale
    confirmed(3500)
    assert told() == []
    assert overview.overview(acme.session).pulse.stale == stale - 2
    confirmed(3700)
    acme.bench.set_merchant(inventory_sync=False)
    assert told() == []


# --- runs -----------------------------------------------------------------------------------------------------------------


def test_a_held_push_is_told_with_its_cart_and_both_ways_out(acme: Shelf) -> None:
    run = acme.bench.request("push", acme.cart)
    before = overview.overview(acme.session).pulse.held
    with acme.bench.store.transaction() as tx:
        runs.hold(tx, run, [{"breaker": "MASS_ZERO", "measure": 1, "text": "too many"}], clock.seconds())
    problem = the_problem(acme, f"invsync release {run} ")
    assert "Acme Shop" in problem.text and f"invsync discard {run} " in problem.advice and problem.urgent
    assert line(acme).held == 1
    assert overview.overview(acme.session).pulse.held == before + 1


def test_a_failed_run_is_told_with_its_error_and_how_often_it_failed_in_a_row(acme: Shelf) -> None:
    first = ended(acme, "pull", "failed", "no route", ago=7200)
    problem = the_problem(acme, f"invsync runs {first}")
    assert "no route" in problem.text and "in a row" not in problem.text
    second = ended(acme, "pull", "failed", "no route", ago=60)
    problem = the_problem(acme, f"invsync runs {second}")
    assert "2 runs in a row" in problem.text
    assert not [problem for problem in line(acme).problems if problem.advice.endswith(f"invsync runs {first}")]
    ended(acme, "pull", "done", ago=1)
    assert not [problem for problem in line(acme).problems if "in a row" in problem.text]


def test_the_status_is_that_of_the_last_download_and_of_the_one_that_is_going_on(acme: Shelf) -> None:
    assert line(acme).status == "" and line(acme).last_run_at is None
    done = ended(acme, "pull", "done", ago=500)
    assert line(acme).status == "success"
    assert line(acme).last_run_at == acme.bench.run(done).ended_at
    ended(acme, "pull", "failed", "no route", ago=50)
    assert line(acme).status == "failed: no route"
    waiting = acme.bench.request("pull", acme.merchant)
    assert "waiting" in line(acme).status
    assert line(acme).active_run == line(acme).latest_run == waiting
    ended_push = ended(acme, "push", "done")
    assert line(acme).active_run == waiting
    assert line(acme).latest_run == ended_push


def test_a_run_that_works_is_shown_before_one_that_waits(acme: Shelf) -> None:
    acme.bench.request("pull", acme.merchant)
    push = acme.bench.request("push", acme.cart)
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE run SET state = 'running', started_at = ? WHERE id = ?", (clock.seconds(), push))
    assert line(acme).active_run == push


# --- freezes ---------------------------------------------------------------------------------------------------------------


def test_a_frozen_cart_and_a_frozen_merchant_are_told_by_whom_and_why(acme: Shelf) -> None:
    freeze.freeze(acme.session, "cart", acme.cart, "stock count")
    problem = the_problem(acme, "invsync unfreeze 'Acme Shop'")
    assert "tester" in problem.text and "stock count" in problem.text and not problem.urgent and problem.key
    (frozen,) = line(acme).frozen
    assert (frozen.subject, frozen.name, frozen.by, frozen.why) == ("cart", "Acme Shop", "tester", "stock count")
    freeze.unfreeze(acme.session, "cart", acme.cart)
    assert line(acme).frozen == ()
    freeze.freeze(acme.session, "merchant", acme.merchant, "")
    problem = the_problem(acme, "invsync unfreeze Acme")
    assert "Acme Shop" not in problem.text and not problem.urgent
    assert [(one.subject, one.name) for one in line(acme).frozen] == [("merchant", "Acme")]
