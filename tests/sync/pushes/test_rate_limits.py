"""A rate limit that asks for a long wait ends the run at once; the rest is done by itself when the wait is over."""

from __future__ import annotations

from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import Connection, ListingRow, Page
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.connectors.errors import DeferredError, ThrottledError, UnavailableError
from invsync_tui.connectors.http import WAIT_MOST, HttpConnection, Response, Throttle
from invsync_tui.connectors.rate_limit import RateLimiter
from invsync_tui.operations.plans import plans
from invsync_tui.sandbox.shop import Mode
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest, RunRow
from tests.support.runs.sandbox_world import SHOP, Town, town
from tests.support.servers.http_stub import Answer, stub_server
from tests.support.stores.merchant_store import NOW

HOUR = 3600
BATCH = 5
LIMIT = {"kind": "status", "status": 429, "seconds": HOUR}


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let so many seconds pass."""
    now, elapsed = clock.now, clock.elapsed
    monkeypatch.setattr(clock, "now", lambda: now() + seconds)
    monkeypatch.setattr(clock, "elapsed", lambda: elapsed() + seconds)


def newest(our_town: Town, kind: str = "push") -> RunRow:
    """The newest run of the cart, or of the merchant."""
    key = our_town.cart_id if kind == "push" else our_town.bench.merchant
    number = our_town.bench.one("SELECT max(id) FROM run WHERE kind = ? AND key = ?", kind, key)
    return our_town.bench.run(int(str(number)))


async def limited(our_town: Town) -> RunRow:
    """A push whose cart takes two batches and then asks for an hour's pause."""
    for n, sku in enumerate(our_town.in_stock()[:20]):
        our_town.wms.set_level(sku, "EAST", 500 + n)
    await our_town.bench.pull()
    our_town.cart.faults({**LIMIT, "path": "/stock", "after": 2})
    return await our_town.bench.push(our_town.cart_id)


@pytest.fixture
async def small(tmp_path: Path):  # type: ignore[no-untyped-def]
    """A town in batches of five, in step."""
    with town(tmp_path, mode=Mode(max_batch=BATCH)) as our_town:
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        yield our_town


async def test_a_push_ends_at_once_with_a_time_and_goes_on_by_itself_then(
    small: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    before = len(small.writes())
    # when
    run = await limited(small)
    # then: three requests, the third refused; nothing is repeated and nothing waits
    assert (run.state, len(small.writes()) - before) == ("failed", 3)
    assert "60 min" in run.error
    assert small.bench.counts(run)["set"] == 2 * BATCH
    assert small.bench.reasons(run)["THROTTLED"] > 0
    waiting = newest(small)
    assert (waiting.state, waiting.trigger) == ("requested", "again")
    assert waiting.not_before is not None and abs(waiting.not_before - clock.now() - HOUR) < 60
    # and what is asked for by itself before does not start
    small.cart.faults()
    with small.bench.store.transaction() as tx:
        order = RunRequest("push", small.cart_id, small.bench.merchant, "schedule", "schedule")
        assert runs.request(tx, order, clock.seconds()) == (waiting.id, False)
    await small.bench.work()
    assert small.bench.run(waiting.id).state == "requested"
    assert len(small.writes()) - before == 3
    # and when the hour is over
    later(monkeypatch, HOUR + 5)
    await small.bench.work()
    # then
    done = small.bench.run(waiting.id)
    assert (done.state, done.error) == ("done", "")
    assert small.shown() == small.stock()
    assert small.bench.sums_hold()


async def test_a_cart_that_allows_less_in_an_hour_than_all_its_listings_take_is_read_to_the_end(
    small: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part began anew, so that nothing was ever sent to such a cart."""
    rows = [ListingRow(row["ref"], row["sku"], quantity=row["quantity"]) for row in small.cart.dump()[SHOP]]
    cursors: list[str | None] = []
    allowed = 2

    async def page(_: object, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
        nonlocal allowed
        if not allowed:
            raise DeferredError(HOUR)
        allowed -= 1
        cursors.append(cursor)
        start = int(cursor or 0)
        following = start + 8 if start + 8 < len(rows) else None
        return Page(rows[start : start + 8], None if following is None else str(following), len(rows))

    monkeypatch.setattr(SandboxCart, "listings_page", page)
    sku = small.in_stock()[0]
    small.wms.set_level(sku, "EAST", 55)
    await small.bench.pull()
    run = await small.bench.push(small.cart_id, full=True)
    parts = 1
    while run.state == "failed":
        assert "60 min" in run.error and parts < 9
        allowed, parts = 2, parts + 1
        later(monkeypatch, HOUR + 5)
        waiting = newest(small)
        await small.bench.work()
        run = small.bench.run(waiting.id)
    assert (run.state, run.error) == ("done", "")
    assert cursors == [None, *(str(start) for start in range(8, len(rows), 8))]
    assert parts == -(-len(cursors) // 2) > 1
    assert small.shown() == small.stock()
    assert small.bench.one("SELECT count(*) FROM our_listing WHERE gone_at IS NOT NULL") == 0
    # and with the time for it, what is gone is found
    allowed = 99
    gone = rows.pop()
    assert (await small.bench.push(small.cart_id, full=True)).state == "done"
    assert small.bench.one("SELECT ref FROM our_listing WHERE gone_at IS NOT NULL") == gone.ref


async def test_a_person_who_starts_a_sync_does_not_wait(small: Town) -> None:
    await limited(small)
    small.cart.faults()
    waiting = newest(small)
    run = await small.bench.push(small.cart_id)  # by a tester, not by the schedule
    assert (run.id, run.state, run.not_before) == (waiting.id, "done", None)
    assert small.shown() == small.stock()


async def test_a_limit_that_is_still_on_ends_the_next_run_too(small: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await limited(small)
    small.cart.faults({**LIMIT, "path": "/stock"})
    later(monkeypatch, HOUR + 5)
    await small.bench.work()
    second = small.bench.run(first.id + 1)
    third = newest(small)
    assert (second.state, third.state, third.id > second.id) == ("failed", "requested", True)
    assert third.not_before is not None and third.not_before > clock.now() + HOUR - 60
    assert small.bench.one("SELECT count(*) FROM run WHERE kind = 'push' AND state = 'requested'") == 1


async def test_a_clock_that_is_set_back_puts_nothing_off(small: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    await limited(small)
    small.cart.faults()
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() - 86400)
    await small.bench.work()
    assert newest(small).state != "requested"  # what it does with readings from the future is another rule


async def test_a_short_wait_is_waited_for(small: Town) -> None:
    small.wms.set_level(small.in_stock()[0], "EAST", 777)
    await small.bench.pull()
    small.cart.faults({"kind": "status", "status": 429, "seconds": 0, "path": "/stock", "times": 2})
    run = await small.bench.push(small.cart_id)
    assert run.state == "done"
    assert small.shown() == small.stock()


async def test_a_download_goes_on_later_with_the_pushes_that_it_was_to_bring(
    small: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.wms.set_level(small.in_stock()[0], "EAST", 778)
    small.wms.faults({**LIMIT, "path": "/changes"})
    with small.bench.store.transaction() as tx:
        order = RunRequest("pull", small.bench.merchant, small.bench.merchant, "schedule", "schedule", pushes=True)
        number = runs.request(tx, order, NOW).run_id
    await small.bench.work()
    assert small.bench.run(number).state == "failed"
    waiting = newest(small, "pull")
    assert (waiting.state, waiting.then_push) == ("requested", 1)
    small.wms.faults()
    later(monkeypatch, HOUR + 5)
    await small.bench.work()
    assert small.bench.run(waiting.id).state == "done"
    assert small.shown() == small.stock()


async def test_the_rest_of_an_applied_plan_is_that_plan_still(small: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a plan that an operator applied, and a limit in its middle
    for n, sku in enumerate(small.in_stock()[:20]):
        small.wms.set_level(sku, "EAST", 500 + n)
    await small.bench.pull()
    session = small.bench.session()
    monkeypatch.setattr("invsync_tui.operations.runs.request.ensure_worker", lambda _: False)
    plan = plans.save_plan(session, plans.build_plan(session, small.cart_id))
    assert plan is not None
    small.cart.faults({**LIMIT, "path": "/stock", "after": 1})
    applied = plans.apply(session, plan, "because", freeze=False)
    await small.bench.work()
    assert small.bench.run(applied.run).state == "failed"
    # then the rest is bound to it
    waiting = newest(small)
    assert (waiting.state, waiting.plan_id) == ("requested", plan)
    small.cart.faults()
    later(monkeypatch, HOUR + 5)
    await small.bench.work()
    assert small.bench.run(waiting.id).state == "done"
    assert small.shown() == small.stock()


# --- the connection ------------------------------------------------------------------------------------------------------


def connection(url: str) -> Connection:
    return Connection("demo", "stub", url, deadline=5.0)


async def test_a_long_wait_is_told_at_once_and_asks_nobody_again() -> None:
    with stub_server([Answer(429, b"", {"Retry-After": "3600"})]) as server:
        http = HttpConnection(connection(server.url))
        with pytest.raises(DeferredError) as raised:
            await http.read("GET", "/x")
        assert raised.value.retry_after == HOUR
        with pytest.raises(DeferredError):  # by what the first one said
            await http.write("POST", "/x", content=b"{}")
        assert len(server.requests) == 1
        await http.close()


async def test_an_allowance_that_is_used_up_for_long_ends_the_run_without_a_request() -> None:
    with stub_server([Answer(200, b"{}")]) as server:
        http = HttpConnection(connection(server.url), RateLimiter(1, 1 / (2 * WAIT_MOST)))
        await http.read("GET", "/x")
        with pytest.raises(DeferredError) as raised:
            await http.read("GET", "/x")
        assert WAIT_MOST < (raised.value.retry_after or 0) <= 2 * WAIT_MOST
        assert len(server.requests) == 1
        await http.close()


async def test_a_vendor_may_say_it_in_an_answer_that_looks_good() -> None:
    def throttled(answer: Response) -> Throttle | None:
        return Throttle(7.0) if b"THROTTLED" in answer.body else None

    with stub_server([Answer(200, b'{"errors": "THROTTLED"}')]) as server:
        http = HttpConnection(connection(server.url), throttled=throttled)
        with pytest.raises(ThrottledError) as raised:
            await http.write("POST", "/x", content=b"{}")
        assert (raised.value.retry_after, type(raised.value)) == (7.0, ThrottledError)
        await http.close()


async def test_a_maintenance_of_an_hour_is_not_waited_for_in_a_run() -> None:
    with stub_server([Answer(503, b"", {"Retry-After": "3600"})]) as server:
        http = HttpConnection(connection(server.url))
        answer = await http.read("GET", "/x")
        assert (answer.status, len(server.requests)) == (503, 1)
        assert http.limiter.wait_for() < WAIT_MOST
        await http.close()


def test_the_wait_is_told_in_words() -> None:
    assert (
        "1 min" in str(DeferredError(61))
        and "90 min" in str(DeferredError(5400))
        and "24 h" in str(DeferredError(86400))
    )
    assert not isinstance(DeferredError(61), UnavailableError)
