"""What `why` rests on: source rows with their records, the request and its answer, and what the cart shows now."""

from __future__ import annotations

import json
import os

import pytest

from invsync_tui.operations.diagnosis.evidence import around, read_back
from invsync_tui.operations.diagnosis.why import WhyListing, why
from invsync_tui.operations.errors import OperationError
from tests.support.runs.sandbox_world import Town


def _listing(our_town: Town, sku: str) -> WhyListing:
    (explained,) = why(our_town.bench.session(), sku, our_town.cart_id).listings
    return explained


async def test_the_source_rows_add_up_to_the_first_step_and_have_their_records(synced: Town) -> None:
    sku = synced.in_stock()[0]
    explained = _listing(synced, sku)
    counted = [row for row in explained.source if row.counts and not row.missing]
    assert sum(row.available for row in counted) == synced.stock()[sku]
    assert [step.after for step in explained.steps if step.step == "sum"][-1] == synced.stock()[sku]
    for row in counted:
        assert row.raw is not None
        assert json.loads(row.raw)["available"] == row.available


async def test_the_last_request_and_its_answer_are_told(synced: Town) -> None:
    # given
    sku = synced.in_stock()[0]
    before = synced.shown()[sku]
    for place in ("DEFAULT", "EAST", "WEST", "NORTH"):
        synced.wms.control("level", {"skus": [sku], "warehouse": place, "available": 3})
    await synced.bench.pull()
    run = await synced.bench.push(synced.cart_id)
    # when
    sent = _listing(synced, sku).sent
    # then
    assert sent is not None
    assert (sent.run_id, sent.state, sent.before, sent.target) == (run.id, "answered", before, 12)
    (attempt,) = sent.exchanges
    ref = synced.bench.listings(synced.cart_id)[sku]["ref"]
    assert attempt.status == 200
    assert ref in attempt.request
    assert os.environ[synced.cart.secret.removeprefix("env:")] not in repr(sent)


async def test_a_listing_that_a_later_run_left_alone_still_tells_its_request(synced: Town) -> None:
    sku = synced.in_stock()[0]
    first = _listing(synced, sku).sent
    other = synced.in_stock()[1]
    synced.wms.control("level", {"skus": [other], "warehouse": "EAST", "available": 1})
    await synced.bench.pull()
    await synced.bench.push(synced.cart_id, full=True)
    assert first is not None
    assert _listing(synced, sku).sent == first


async def test_a_cart_is_asked_what_it_shows_now(synced: Town) -> None:
    # given
    sku = synced.in_stock()[0]
    explained = _listing(synced, sku)
    synced.cart.edit(explained.cart_listing_id, quantity=77)
    # when
    shown = read_back_in_thread(synced, explained)
    # then
    assert shown[explained.cart_listing_id].quantity == 77
    assert shown["nobody"] is None
    assert _listing(synced, sku).in_cart == explained.in_cart


def read_back_in_thread(our_town: Town, explained: WhyListing):  # type: ignore[no-untyped-def]
    """The operation has a loop of its own, as it is called from threads and commands."""
    from concurrent.futures import ThreadPoolExecutor

    from invsync_tui.operations.session import Session

    def ask():  # type: ignore[no-untyped-def]
        session = Session.open(our_town.bench.store.path)
        try:
            return read_back(session, explained.cart_id or 0, [explained.cart_listing_id or "", "nobody"])
        finally:
            session.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ask).result()


async def test_a_cart_that_cannot_be_asked_is_told_in_words(synced: Town) -> None:
    explained = _listing(synced, synced.in_stock()[0])
    synced.bench.set_cart(synced.cart_id, secret="env:NOT_THERE_AT_ALL")
    with pytest.raises(OperationError, match="NOT_THERE_AT_ALL"):
        read_back_in_thread(synced, explained)


def test_a_body_is_shown_around_the_listing() -> None:
    body = json.dumps([{"ref": f"R{n}", "quantity": n} for n in range(1000)])
    cut = around(body, "R500")
    assert '"R500"' in cut and len(cut) < 700 and cut.startswith("...") and cut.endswith("...")
    assert around("short", "R1") == "short"
