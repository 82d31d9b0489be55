"""A cart that has to prepare its listings: they are asked for once, whatever ends the run that waits for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import ListingRow, Page
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.connectors.errors import ConnectorError, ContractError, PreparingError, UnavailableError
from invsync_tui.store.runs.records import RunRow
from invsync_tui.sync.listings import read_listings
from tests.support.runs.sandbox_world import Town, town

MINUTES = 600


class Job:
    """What the cart keeps of it."""

    def __init__(self) -> None:
        self.started = 0
        self.asked: list[str] = []
        self.ready = False
        self.error: ConnectorError | None = None
        self.look: Callable[[], object] = lambda: None
        """Called while the cart is asked whether they are ready."""


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Job:
    job = Job()
    plain = SandboxCart.listings_page

    async def listings_page(self: SandboxCart, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
        if since is not None:
            return await plain(self, cursor, since)
        if cursor is None:
            job.started += 1
            return Page([], f"job:{job.started}")
        if not cursor.startswith("job:"):
            return await plain(self, cursor)
        job.asked.append(cursor)
        job.look()
        if job.error is not None:
            raise job.error
        if not job.ready:
            raise PreparingError("The listings are being prepared.", retry_after=MINUTES)
        return await plain(self, None)

    monkeypatch.setattr(SandboxCart, "listings_page", listings_page)
    return job


@pytest.fixture
async def our_town(tmp_path: Path, job: Job) -> AsyncIterator[Town]:
    with town(tmp_path) as our_town:
        assert (await our_town.bench.pull()).state == "done"
        yield our_town


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now, elapsed = clock.now, clock.elapsed
    monkeypatch.setattr(clock, "now", lambda: now() + seconds)
    monkeypatch.setattr(clock, "elapsed", lambda: elapsed() + seconds)


def newest(our_town: Town) -> RunRow:
    return our_town.bench.run(int(str(our_town.bench.one("SELECT max(id) FROM run WHERE kind = 'push'"))))


def waits_at(our_town: Town) -> str:
    return str(our_town.bench.one("SELECT listing_cursor FROM cart WHERE id = ?", our_town.cart_id))


async def test_they_are_asked_for_once_and_the_push_goes_on_by_itself(
    our_town: Town, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await our_town.bench.push(our_town.cart_id)
    assert (run.state, job.started, waits_at(our_town)) == ("failed", 1, "job:1")
    assert "The listings are being prepared." in run.error and "continues by itself" in run.error
    assert our_town.bench.reasons(run)["CART_UNAVAILABLE"] == 1
    following = newest(our_town)
    assert (following.id > run.id, following.state) == (True, "requested")
    assert any("when the cart has prepared its listings" in text for text in our_town.bench.events(run.id))
    assert our_town.writes() == []
    job.ready = True
    later(monkeypatch, MINUTES + 1)
    assert (await our_town.bench.push(our_town.cart_id)).state == "done"
    assert (job.started, job.asked, waits_at(our_town)) == (1, ["job:1", "job:1"], "")
    assert our_town.shown() == our_town.stock()


async def test_where_it_goes_on_is_stored_before_anything_is_waited_for(our_town: Town, job: Job) -> None:
    stored: list[str] = []
    job.look = lambda: stored.append(waits_at(our_town))
    await our_town.bench.push(our_town.cart_id)
    assert stored == ["job:1"]


async def test_no_answer_keeps_it_and_one_that_the_cart_lost_is_asked_for_anew(our_town: Town, job: Job) -> None:
    job.error = UnavailableError("no answer")
    assert (await our_town.bench.push(our_town.cart_id)).state == "failed"
    assert (job.started, waits_at(our_town)) == (1, "job:1")
    job.error = ContractError("There is no such job.")
    assert (await our_town.bench.push(our_town.cart_id)).state == "failed"
    assert (job.started, waits_at(our_town)) == (1, "")
    job.error, job.ready = None, True
    assert (await our_town.bench.push(our_town.cart_id)).state == "done"
    assert (job.started, job.asked[-1]) == (2, "job:2")


async def test_what_was_asked_for_long_ago_is_asked_for_anew(
    our_town: Town, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    await our_town.bench.push(our_town.cart_id)
    job.ready = True
    later(monkeypatch, read_listings.WAITS_MOST + 1)
    assert (await our_town.bench.push(our_town.cart_id)).state == "done"
    assert (job.started, job.asked) == (2, ["job:1", "job:2"])


async def test_what_a_push_has_set_since_is_newer_than_what_was_prepared_before(our_town: Town, job: Job) -> None:
    job.ready = True
    assert (await our_town.bench.push(our_town.cart_id)).state == "done"
    job.ready = False
    assert (await our_town.bench.push(our_town.cart_id, full=True)).state == "failed"
    assert waits_at(our_town) == "job:2"
    with our_town.bench.store.transaction() as tx:  # somebody cancels what was to continue
        tx.execute("UPDATE run SET full = 0 WHERE id = ?", (newest(our_town).id,))
    our_town.wms.set_level(our_town.in_stock()[0], "EAST", 91)
    assert (await our_town.bench.pull()).state == "done"
    assert (await our_town.bench.push(our_town.cart_id)).state == "done"  # it need not read all listings
    assert waits_at(our_town) == ""
    job.ready = True
    assert (await our_town.bench.push(our_town.cart_id, full=True)).state == "done"
    assert (job.started, job.asked[-1]) == (3, "job:3")


async def test_another_address_has_nothing_prepared(our_town: Town, job: Job) -> None:
    await our_town.bench.push(our_town.cart_id)
    assert waits_at(our_town) == "job:1"
    our_town.bench.set_cart(our_town.cart_id, url="https://other.example.com")
    assert waits_at(our_town) == ""
