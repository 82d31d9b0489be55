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
    made = Job()
    plain = SandboxCart.listings_page

    async def listings_page(self: SandboxCart, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
        if since is not None:
            return await plain(self, cursor, since)
        if cursor is None:
            made.started += 1
            return Page([], f"job:{made.started}")
        if not cursor.startswith("job:"):
            return await plain(self, cursor)
        made.asked.append(cursor)
        made.look()
        if made.error is not None:
            raise made.error
        if not made.ready:
            raise PreparingError("The listings are being prepared.", retry_after=MINUTES)
        return await plain(self, None)

    monkeypatch.setattr(SandboxCart, "listings_page", listings_page)
    return made


@pytest.fixture
async def made(tmp_path: Path, job: Job) -> AsyncIterator[Town]:
    with town(tmp_path) as one:
        assert (await one.bench.pull()).state == "done"
        yield one


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now, elapsed = clock.now, clock.elapsed
    monkeypatch.setattr(clock, "now", lambda: now() + seconds)
    monkeypatch.setattr(clock, "elapsed", lambda: elapsed() + seconds)


def newest(made: Town) -> RunRow:
    return made.bench.run(int(str(made.bench.one("SELECT max(id) FROM run WHERE kind = 'push'"))))


def waits_at(made: Town) -> str:
    return str(made.bench.one("SELECT listing_cursor FROM cart WHERE id = ?", made.cart_id))


async def test_they_are_asked_for_once_and_the_push_goes_on_by_itself(
    made: Town, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await made.bench.push(made.cart_id)
    assert (run.state, job.started, waits_at(made)) == ("failed", 1, "job:1")
    assert "The listings are being prepared." in run.error and "continues by itself" in run.error
    assert made.bench.reasons(run)["CART_UNAVAILABLE"] == 1
    following = newest(made)
    assert (following.id > run.id, following.state) == (True, "requested")
    assert any("when the cart has prepared its listings" in text for text in made.bench.events(run.id))
    assert made.writes() == []
    job.ready = True
    later(monkeypatch, MINUTES + 1)
    assert (await made.bench.push(made.cart_id)).state == "done"
    assert (job.started, job.asked, waits_at(made)) == (1, ["job:1", "job:1"], "")
    assert made.shown() == made.stock()


async def test_where_it_goes_on_is_stored_before_anything_is_waited_for(made: Town, job: Job) -> None:
    stored: list[str] = []
    job.look = lambda: stored.append(waits_at(made))
    await made.bench.push(made.cart_id)
    assert stored == ["job:1"]


async def test_no_answer_keeps_it_and_one_that_the_cart_lost_is_asked_for_anew(made: Town, job: Job) -> None:
    job.error = UnavailableError("no answer")
    assert (await made.bench.push(made.cart_id)).state == "failed"
    assert (job.started, waits_at(made)) == (1, "job:1")
    job.error = ContractError("There is no such job.")
    assert (await made.bench.push(made.cart_id)).state == "failed"
    assert (job.started, waits_at(made)) == (1, "")
    job.error, job.ready = None, True
    assert (await made.bench.push(made.cart_id)).state == "done"
    assert (job.started, job.asked[-1]) == (2, "job:2")


async def test_what_was_asked_for_long_ago_is_asked_for_anew(
    made: Town, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    await made.bench.push(made.cart_id)
    job.ready = True
    later(monkeypatch, read_listings.WAITS_MOST + 1)
    assert (await made.bench.push(made.cart_id)).state == "done"
    assert (job.started, job.asked) == (2, ["job:1", "job:2"])


async def test_what_a_push_has_set_since_is_newer_than_what_was_prepared_before(made: Town, job: Job) -> None:
    job.ready = True
    assert (await made.bench.push(made.cart_id)).state == "done"
    job.ready = False
    assert (await made.bench.push(made.cart_id, full=True)).state == "failed"
    assert waits_at(made) == "job:2"
    with made.bench.store.transaction() as tx:  # somebody cancels what was to continue
        tx.execute("UPDATE run SET full = 0 WHERE id = ?", (newest(made).id,))
    made.wms.set_level(made.in_stock()[0], "EAST", 91)
    assert (await made.bench.pull()).state == "done"
    assert (await made.bench.push(made.cart_id)).state == "done"  # it need not read all listings
    assert waits_at(made) == ""
    job.ready = True
    assert (await made.bench.push(made.cart_id, full=True)).state == "done"
    assert (job.started, job.asked[-1]) == (3, "job:3")


async def test_another_address_has_nothing_prepared(made: Town, job: Job) -> None:
    await made.bench.push(made.cart_id)
    assert waits_at(made) == "job:1"
    made.bench.set_cart(made.cart_id, url="https://other.example.com")
    assert waits_at(made) == ""
