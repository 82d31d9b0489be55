"""What a push set, from what to what: read back from its batches, with the result that is known of each row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.runs import changes, history
from invsync_tui.sandbox.shop import Mode
from invsync_tui.store.runs.records import RunRow
from tests.support.runs.sandbox_world import Town, town


async def _pushed(our_town: Town, levels: dict[str, int]) -> int:
    """The number of a push after these stock levels."""
    for sku, quantity in levels.items():
        our_town.wms.set_level(sku, "EAST", quantity)
    await our_town.bench.pull()
    return (await our_town.bench.push(our_town.cart_id)).id


@pytest.mark.parametrize("basis", ["available", "on_hand"])
async def test_a_run_lists_what_it_set_from_what_to_what(tmp_path: Path, basis: str) -> None:
    with town(tmp_path, mode=Mode(basis=basis)) as our_town:
        # given
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        before = {sku: row["acked"] for sku, row in our_town.bench.listings(our_town.cart_id).items()}
        skus = our_town.in_stock()[:3]
        # when
        run = await _pushed(our_town, dict.fromkeys(skus, 250))
        # then: sellable units, whatever the cart's own basis is
        lines = changes.changes(our_town.bench.session(), run).after(None, 100)
        after = {sku: row["acked"] for sku, row in our_town.bench.listings(our_town.cart_id).items()}
        assert {line.sku: (line.before, line.set_to) for line in lines} == {
            sku: (before[sku], after[sku]) for sku in skus
        }
        assert {line.result for line in lines} == {"set"}
        assert {line.change for line in lines} == {after[sku] - before[sku] for sku in skus}


async def test_a_later_run_does_not_change_what_an_earlier_one_lists(tmp_path: Path) -> None:
    with town(tmp_path) as our_town:
        # given
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        sku = our_town.in_stock()[0]
        first = await _pushed(our_town, {sku: 250})
        listed = changes.changes(our_town.bench.session(), first).after(None, 9)
        # when
        second = await _pushed(our_town, {sku: 31})
        # then
        assert list(changes.changes(our_town.bench.session(), first).after(None, 9)) == list(listed)
        (line,) = changes.changes(our_town.bench.session(), second).after(None, 9)
        assert (line.before, line.result) == (listed[0].set_to, "set")


async def test_what_is_not_known_any_more_is_not_called_updated(synced: Town) -> None:
    """A later run decided on the listings, no history is kept, and not every row that was sent was updated."""
    # given
    skus = synced.in_stock()[:2]
    run = await _pushed(synced, dict.fromkeys(skus, 250))
    await _pushed(synced, dict.fromkeys(skus, 31))
    counts = {"total": 2, "set": 1, "failed": 1}
    # when
    with synced.bench.store.transaction() as tx:
        tx.execute("DELETE FROM listing_history WHERE run_id >= ?", (run,))
        tx.execute("UPDATE run SET counts = ? WHERE id = ?", (json.dumps(counts), run))
    # then
    lines = changes.changes(synced.bench.session(), run).after(None, 9)
    assert [line.result for line in lines] == [changes.SENT, changes.SENT]


@pytest.mark.parametrize(
    ("state", "result"),
    [("intent", "in_doubt"), ("in_doubt", "in_doubt"), ("submitted", "submitted"), ("refused", None)],
)
async def test_a_batch_without_an_answer_is_told_as_such(synced: Town, state: str, result: str | None) -> None:
    # given
    sku = synced.in_stock()[0]
    run = await _pushed(synced, {sku: 250})
    # when
    with synced.bench.store.transaction() as tx:
        tx.execute("UPDATE push_batch SET state = ? WHERE run_id = ?", (state, run))
    # then: what was refused as a whole set nothing
    lines = changes.changes(synced.bench.session(), run).after(None, 9)
    assert [line.result for line in lines] == ([] if result is None else [result])


async def test_a_failed_row_has_its_reason(synced: Town) -> None:
    # given
    sku = synced.in_stock()[0]
    run = await _pushed(synced, {sku: 250})
    # when
    with synced.bench.store.transaction() as tx:
        tx.execute(
            "UPDATE listing SET outcome = 'failed', reason = 'VERIFY_FAILED', error = 'shows 3' WHERE run_id = ? AND sku = ?",
            (run, sku),
        )
    # then
    (line,) = changes.changes(synced.bench.session(), run).after(None, 9)
    assert (line.result, line.reason, line.error) == ("failed", "VERIFY_FAILED", "shows 3")


async def test_pages_forwards_and_backwards_are_the_whole_list_once(synced: Town) -> None:
    # given: several batches, of which one is split
    run = await _pushed(synced, dict.fromkeys(synced.in_stock()[:7], 250))
    with synced.bench.store.transaction() as tx:
        (number, items) = tx.execute("SELECT rowid, items FROM push_batch WHERE run_id = ?", (run,)).fetchone()
        rows = json.loads(items)
        tx.execute("UPDATE push_batch SET items = ? WHERE rowid = ?", (json.dumps(rows[:3]), number))
        tx.execute(
            "INSERT INTO push_batch (id, cart_id, run_id, epoch, items, body, state, created_at, answer_by_ms) "
            "SELECT 'second', cart_id, run_id, epoch, ?, body, state, created_at, answer_by_ms FROM push_batch "
            "WHERE rowid = ?",
            (json.dumps(rows[3:]), number),
        )
    sent = changes.changes(synced.bench.session(), run)
    whole = list(sent.after(None, 100))
    # then
    assert len(whole) == sent.exact_count() == sent.count().n == 7
    for size in (1, 2, 3, 4, 7, 8):
        forwards, key = [], None
        while page := sent.after(key, size):
            forwards += page
            key = sent.key(page[-1])
        backwards, key = [], None
        while page := sent.before(key, size):
            backwards = [*page, *backwards]
            key = sent.key(page[0])
        assert forwards == backwards == whole, size
    assert [sent.position(sent.key(line)) for line in whole] == list(range(7))
    assert sent.position((10**9, 0)) is None


async def test_a_download_has_no_changes_of_listings(synced: Town) -> None:
    run = await synced.bench.pull()
    with pytest.raises(OperationError, match=f"Run {run.id} is an inventory download"):
        changes.changes(synced.bench.session(), run.id)


async def test_batches_that_are_no_longer_kept_are_not_told_as_none(synced: Town) -> None:
    run = await _pushed(synced, {synced.in_stock()[0]: 250})
    with synced.bench.store.transaction() as tx:
        tx.execute("DELETE FROM push_batch WHERE run_id = ?", (run,))
    assert "no longer kept" in changes.why_none(synced.bench.session(), run)


async def test_every_outcome_of_a_run_opens_as_a_list_of_its_size(synced: Town) -> None:
    # given
    run = await _pushed(synced, dict.fromkeys(synced.in_stock()[:2], 250))
    counts = synced.bench.counts(synced.bench.run(run))
    # then
    assert counts["set"] == 2
    for outcome, number in counts.items():
        if outcome != "total":
            assert history.of_outcome(synced.bench.session(), run, outcome).exact_count() == number, outcome


async def _with_one_not_listed(our_town: Town) -> RunRow:
    """A push that says of one more product that the cart does not list it."""
    run = await our_town.bench.push(our_town.cart_id)
    counts, reasons = our_town.bench.counts(run), {**our_town.bench.reasons(run), "NOT_IN_CART": 1}
    counts |= {"total": counts["total"] + 1, "skipped": counts["skipped"] + 1}
    with our_town.bench.store.transaction() as tx:
        tx.execute(
            "UPDATE run SET counts = ?, reasons = ? WHERE id = ?", (json.dumps(counts), json.dumps(reasons), run.id)
        )
        tx.execute(
            "INSERT INTO unlisted (cart_id, product_id, reason, run_id) "
            "SELECT ?, max(id), 'NOT_IN_CART', ? FROM product WHERE merchant_id = ?",
            (our_town.cart_id, run.id, our_town.bench.merchant),
        )
    return run


async def test_a_run_says_what_it_counts(pulled: Town) -> None:
    # given
    pull = pulled.bench.detail(pulled.bench.one("SELECT max(id) FROM run"))
    push = pulled.bench.detail((await _with_one_not_listed(pulled)).id)
    # then
    products = pulled.bench.one("SELECT count(*) FROM product WHERE merchant_id = ?", pulled.bench.merchant)
    levels = pulled.bench.one(
        "SELECT count(*) FROM level l JOIN product p ON p.id = l.product_id WHERE p.merchant_id = ?",
        pulled.bench.merchant,
    )
    assert (pull.counted.levels, pull.counted.products) == (levels, products)
    assert pull.run.counts.total == levels + products
    listings = len(pulled.bench.listings(pulled.cart_id))
    assert push.counted.text == f"{listings} listings + 1 product not listed in the cart"
    assert history.of_outcome(pulled.bench.session(), push.run.id, "skipped").exact_count() == 1


async def test_an_older_push_claims_no_parts_of_its_total(pulled: Town) -> None:
    """Which products the cart lacked is kept of the newest run that looked at each of them only."""
    push = await _with_one_not_listed(pulled)
    with pulled.bench.store.transaction() as tx:
        tx.execute("UPDATE unlisted SET run_id = run_id + 1 WHERE run_id = ?", (push.id,))
    assert pulled.bench.detail(push.id).counted.text == ""
