"""Listings that are asked about again: in which requests, what an empty or odd answer decides, and what is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from invsync_tui.connectors.base import ListingRow
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store import change_sequence
from invsync_tui.store.runs import runs
from invsync_tui.sync.listings import reread_listings
from invsync_tui.sync.listings.reread_listings import reread
from invsync_tui.sync.runs.run_context import RunCancelled
from tests.support.runs.quiet_cart import QuietCart, can, job_of
from tests.support.stores.merchant_store import NOW
from tests.support.stores.products_store import Shelf, shelf


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Shelf]:
    our_shelf = shelf(tmp_path)
    yield our_shelf
    our_shelf.bench.store.close()


def listed(acme: Shelf, skus: str = "ABCDE") -> list[tuple[int, str]]:
    """(number, reference) of listings that the cart accepted 3 for; the last one was seen last."""
    ids = acme.list(skus)
    for n, number in enumerate(ids):
        acme.set(number, acked=3, shown=3, observed=3, observed_at=NOW - 100 + n)
    return [(number, f"L-{sku}") for number, sku in zip(ids, skus, strict=True)]


def row(sku: str, quantity: int = 3, **values: object) -> ListingRow:
    return ListingRow(f"L-{sku}", sku, tracked=True, quantity=quantity, **values)  # type: ignore[arg-type]


def gone(acme: Shelf) -> list[str]:
    sql = "SELECT ref FROM listing WHERE cart_id = ? AND gone_at IS NOT NULL ORDER BY id"
    return [ref for (ref,) in acme.bench.store.read(sql, (acme.cart,))]


def sequence(acme: Shelf) -> int:
    with acme.bench.store.reading() as cx:
        return change_sequence.current(cx)


@pytest.mark.parametrize(
    ("batch", "requests"),
    [
        (4, [["L-A", "L-B", "L-C", "L-E"]]),
        (3, [["L-A", "L-B", "L-E"], ["L-C", "L-E"]]),
        (2, [["L-A", "L-E"], ["L-B", "L-E"], ["L-C", "L-E"]]),
        (1, [["L-A"], ["L-B"], ["L-C"]]),
    ],
)
async def test_with_each_request_goes_one_listing_more_where_there_is_room(
    acme: Shelf, batch: int, requests: list[list[str]]
) -> None:
    refs = listed(acme)
    cart = QuietCart(can(read_batch=batch), answer=[row(sku) for sku in "ABCDE"])
    await reread(job_of(acme), cart, refs[:3])  # type: ignore[arg-type]
    assert cart.asked == requests
    assert gone(acme) == []


async def test_where_no_other_listing_was_ever_accepted_none_goes_along(acme: Shelf) -> None:
    refs = listed(acme, "ABC")
    acme.set(refs[2][0], acked=None)
    cart = QuietCart(can(read_batch=3), answer=[row("A"), row("B")])
    await reread(job_of(acme), cart, refs[:2])  # type: ignore[arg-type]
    assert cart.asked == [["L-A", "L-B"]]


async def test_what_the_cart_no_longer_has_is_gone_and_the_rest_shows_what_was_read(acme: Shelf) -> None:
    # given: one is gone, one cannot be read, and one came that nobody asked for
    refs = listed(acme)
    before = sequence(acme)
    cart = QuietCart(can(read_batch=10), answer=())
    rows = [row("A", 8), row("C", 99, skip=Reason.BAD_ROW), row("D", 77), row("E")]

    async def read(_: object) -> list[ListingRow]:
        return rows

    cart.read = read  # type: ignore[method-assign, assignment]
    # when
    await reread(job_of(acme), cart, refs[:3])  # type: ignore[arg-type]
    # then
    assert gone(acme) == ["L-B"]
    shown = dict(acme.bench.store.read("SELECT ref, observed FROM listing WHERE cart_id = ?", (acme.cart,)))
    assert shown == {"L-A": 8, "L-B": 3, "L-C": 3, "L-D": 3, "L-E": 3}
    assert sequence(acme) == before + 1


async def test_an_answer_with_nothing_new_takes_no_number_of_the_sequence(acme: Shelf) -> None:
    refs = listed(acme)
    job, cart = job_of(acme), QuietCart(can(read_batch=10), answer=[row(sku) for sku in "ABCDE"])
    await reread(job, cart, refs[:3])  # type: ignore[arg-type]
    once = sequence(acme)
    await reread(job, cart, refs[:3])  # type: ignore[arg-type]
    assert sequence(acme) == once


@pytest.mark.parametrize(("batch", "decided"), [(10, []), (2, []), (1, ["L-A"])])
async def test_an_empty_answer_decides_something_only_about_one_that_was_asked_for_alone(
    acme: Shelf, batch: int, decided: list[str]
) -> None:
    refs = listed(acme)
    await reread(job_of(acme), QuietCart(can(read_batch=batch)), refs[:1])  # type: ignore[arg-type]
    assert gone(acme) == decided


async def test_a_cancel_is_noticed_before_each_request(acme: Shelf) -> None:
    refs = listed(acme)
    job, cart = job_of(acme), QuietCart(can(read_batch=2), answer=[row(sku) for sku in "ABCDE"])
    with acme.bench.store.transaction() as tx:
        runs.cancel(tx, job.run.id, NOW)
    with pytest.raises(RunCancelled):
        await reread(job, cart, refs)  # type: ignore[arg-type]
    assert cart.asked == []


async def test_so_many_doubted_listings_are_asked_about_in_one_run(
    acme: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    refs = listed(acme)
    monkeypatch.setattr(reread_listings.listings, "doubted", lambda _, cart: refs if cart == acme.cart else [])
    monkeypatch.setattr(reread_listings, "MOST", 2)
    cart = QuietCart(can(read_batch=1), answer=[row(sku) for sku in "ABCDE"])
    await reread_listings.reread_doubted(job_of(acme), cart)  # type: ignore[arg-type]
    assert cart.asked == [["L-A"], ["L-B"]]
