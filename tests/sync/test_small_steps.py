"""Single steps of a run on a store alone, without a WMS or a cart: what is counted, kept, asked for and told."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import (
    DoubtPolicy,
    LevelRow,
    ListingRow,
    Page,
    QuantityBasis,
    SourceCapabilities,
)
from invsync_tui.connectors.errors import (
    PermissionDeniedError,
    RowsRejectedError,
    ThrottledError,
    UnavailableError,
)
from invsync_tui.connectors.sources.sandbox import SandboxSource
from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.rules.worker_health import Process
from invsync_tui.store import change_sequence
from invsync_tui.store.catalog import pull_progress, sync_marks
from invsync_tui.store.listings import listings, matching, push_batches
from invsync_tui.store.listings.push_batches import Batch, Item
from invsync_tui.store.runs import runs
from invsync_tui.sync import chunked_writes, executor, maintenance, uptime
from invsync_tui.sync.catalog import catalog_writer, complete_read, page_reader, source_marks
from invsync_tui.sync.chunked_writes import Pace
from invsync_tui.sync.listings import read_listings
from invsync_tui.sync.listings.read_listings import ListingsReader, Pass
from invsync_tui.sync.orders import pending_orders
from invsync_tui.sync.orders.pending_orders import Orders
from invsync_tui.sync.pull import Pull
from invsync_tui.sync.push import BatchSender
from invsync_tui.sync.push_plan import PushPlanner
from invsync_tui.sync.pushes import batch_delivery, doubt_resolver
from invsync_tui.sync.pushes.batch_results import BatchResults
from invsync_tui.sync.runs import cancellation, leases, run_findings, run_log
from invsync_tui.sync.runs.clock_difference import TOLD_FROM, CartClock
from invsync_tui.sync.runs.run_context import RunCancelled, RunContext
from invsync_tui.sync.runs.run_progress import BODY_MOST, RunHttpLog
from tests.support.runs.quiet_cart import QuietCart, can, job_of, settings_of
from tests.support.stores.products_store import Shelf, Thing, shelf

KEY = 10**6


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Shelf]:
    our_shelf = shelf(tmp_path)
    yield our_shelf
    our_shelf.bench.store.close()


def reader(acme: Shelf, job: RunContext, cart: Any) -> ListingsReader:
    settings = settings_of(acme)
    cart_clock = CartClock(job, cart, settings.cart.clock_offset)
    return ListingsReader(job, cart or QuietCart(), settings, cart_clock)


async def test_a_run_stops_at_a_safe_point_when_its_worker_ends(acme: Shelf) -> None:
    job, ends = job_of(acme), [False]
    cancellation.runs_stop_when(lambda: ends[0])
    job.stop_if_cancelled()
    ends[0] = True
    with pytest.raises(cancellation.RunStopped):
        job.stop_if_cancelled()


async def test_what_the_cart_accepted_is_forgotten_of_every_listing_that_shows_another_number(
    acme: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: pieces of two, and one listing that shows what it accepted
    monkeypatch.setattr(read_listings, "PIECE", 2)
    ids = acme.list(["A", "B", "C", "D"], shown=5)
    for number, accepted in zip(ids, (4, 5, 6, 7), strict=True):
        acme.set(number, acked=accepted, pending=0)
    # when
    await reader(acme, job_of(acme), None)._forget_where_changed(ids)
    # then
    rows = acme.bench.store.read(
        f"SELECT acked, pending FROM listing WHERE id IN ({','.join(map(str, ids))}) ORDER BY id", ()
    )
    assert rows == [(None, 1), (5, 0), (None, 1), (None, 1)]


# --- findings after a run ------------------------------------------------------------------------------------------------


def test_products_that_a_cart_lacks_are_found_after_its_push(acme: Shelf) -> None:
    ids = acme.put([Thing("1", "A"), Thing("2", "B"), Thing("3", "C")])
    acme.list(["A"])
    job = job_of(acme)
    with acme.bench.store.transaction() as tx:
        assert matching.record_unlisted(tx, acme.cart, 0, job.run.id, ids) == 2
        assert run_findings.record(tx, job.run, None, clock.seconds()) == [Reason.NOT_IN_CART.value]
    sql = "SELECT cart_id, n, run_id FROM finding WHERE merchant_id = ?"
    assert acme.bench.store.read(sql, (acme.merchant,)) == [(acme.cart, 2, job.run.id)]


@pytest.mark.parametrize(
    ("kind", "reason", "owner"),
    [("pull", Reason.SOURCE_UNAVAILABLE, 0), ("push", Reason.CART_UNAVAILABLE, 14), ("radar", None, None)],
)
def test_why_a_run_failed_is_found_once_of_its_source_or_its_cart(
    acme: Shelf, kind: str, reason: Reason | None, owner: int | None
) -> None:
    job = job_of(acme, kind)
    with acme.bench.store.transaction() as tx:
        new = run_findings.record(tx, job.run, reason or Reason.CART_UNAVAILABLE, clock.seconds())
    rows = acme.bench.store.read("SELECT cart_id, cause, n FROM finding WHERE merchant_id = ?", (acme.merchant,))
    assert new == ([reason.value] if reason else [])
    assert rows == ([(owner, reason.value, 1)] if reason else [])


# --- the cart's clock ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [TOLD_FROM - 1, TOLD_FROM, -TOLD_FROM])
async def test_a_carts_clock_is_measured_once_a_run_and_kept(acme: Shelf, ahead: int) -> None:
    job, cart = job_of(acme), QuietCart(offset=float(ahead))
    theirs = CartClock(job, cart, None)  # type: ignore[arg-type]
    await theirs.measure()
    await theirs.measure()
    assert cart.asked == ["clock"]
    assert theirs.offset == ahead
    assert acme.bench.one("SELECT clock_offset FROM cart WHERE id = ?", acme.cart) == ahead
    texts = [text for text in acme.bench.events(job.run.id) if f"{abs(ahead)} s" in text]
    assert len(texts) == (abs(ahead) >= TOLD_FROM)
    assert theirs.ours(1000) == 1000 - ahead


def test_a_time_by_a_clock_that_was_set_is_the_earlier_one() -> None:
    theirs = CartClock(None, None, 300)  # type: ignore[arg-type]
    assert (theirs.offset, theirs.theirs_before(1000), theirs.ours(1000)) == (300, 1300, 700)
    theirs.offset = 100
    assert theirs.theirs_before(1000) == 1100
    theirs.offset = 500
    assert theirs.theirs_before(1000) == 1300


# --- listings ---------------------------------------------------------------------------------------------------------------


async def test_a_page_with_as_many_changed_as_unreadable_listings_is_looked_at_by_the_next_plan(acme: Shelf) -> None:
    acme.list(["A", "B"], shown=3)
    job = job_of(acme)
    before = acme.bench.one("SELECT max(seq) FROM listing WHERE cart_id = ?", acme.cart)
    page = Page([ListingRow("L-A", "A", quantity=5)], None, 2, [("L-B", "not a number")])
    passed = Pass(stable=True)
    await reader(acme, job, QuietCart())._keep(page, Pace(), passed)
    ids = passed.seen[acme.cart]
    with acme.bench.store.reading() as cx:
        assert change_sequence.current(cx) > before
        assert sorted(listings.changed_since(cx, acme.cart, before)) == sorted(ids)
    assert len(ids) == 2


async def test_a_page_is_counted_with_its_unreadable_listings(acme: Shelf) -> None:
    job = job_of(acme)
    job.report.enter("listings")
    await reader(acme, job, QuietCart())._keep(
        Page([ListingRow("1", "A")], None, 7, [("2", "bad")]), Pace(), Pass(stable=True)
    )
    (phase,) = [phase for phase in job.report.phases if phase.name == "listings"]
    assert (phase.done, phase.total) == (2, 7)


# --- orders -----------------------------------------------------------------------------------------------------------------


def test_carts_that_lead_to_one_shop_are_asked_about_its_orders_together(acme: Shelf) -> None:
    here = json.dumps({"shop": "main"})
    with acme.bench.store.transaction() as tx:
        columns = "merchant_id, system, url, secret, login, created_at, upload_enabled, push_kind"
        for name, options in (("Same Shop", here), ("Other Shop", json.dumps({"shop": "other"}))):
            tx.execute(f"INSERT INTO cart (name, options, {columns}) SELECT ?, ?, {columns} FROM cart WHERE id = ?",
                       (name, options, acme.cart))  # fmt: skip
        numbers = dict(tx.execute("SELECT name, id FROM cart WHERE merchant_id = ?", (acme.merchant,)).fetchall())
    settings = settings_of(acme)
    job = job_of(acme)
    orders = Orders(job, QuietCart(), settings, None)  # type: ignore[arg-type]
    together = {acme.cart, numbers["Same Shop"]}
    wanted = orders._orders_request(alone=False)
    assert wanted.shop.startswith("sandbox ")
    assert (wanted.peers, wanted.merchant_id, wanted.cart_id) == (together, acme.merchant, acme.cart)
    assert orders._orders_request(alone=True).shop == wanted.shop


@pytest.mark.parametrize(("options", "names"), [({}, False), ({"orders": "on"}, True)])
@pytest.mark.parametrize("nets", [False, True])
async def test_a_push_asks_the_wms_whether_it_names_or_subtracts_orders_and_closes_it(
    acme: Shelf, monkeypatch: pytest.MonkeyPatch, options: dict[str, str], names: bool, nets: bool
) -> None:
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE source SET options = ? WHERE merchant_id = ?", (json.dumps(options), acme.merchant))
    closed: list[SandboxSource] = []

    async def close(source: SandboxSource) -> None:
        closed.append(source)

    initialize = SandboxSource.__init__

    def init(source: SandboxSource, connection: Any) -> None:
        initialize(source, connection)
        source.capabilities = replace(source.capabilities, nets_pending_orders=nets)
        assert (connection.name, connection.url) == ("Acme", "http://127.0.0.1:9")

    monkeypatch.setattr(SandboxSource, "__init__", init)
    monkeypatch.setattr(SandboxSource, "close", close)
    settings = settings_of(acme)
    orders = Orders(job_of(acme), QuietCart(), settings, None)  # type: ignore[arg-type]
    assert await orders._look_at_source() is nets
    assert orders.by_name is names
    assert len(closed) == 1


@dataclass
class Knowing:
    """A WMS that is asked for orders."""

    capabilities: SourceCapabilities
    asked: list[Sequence[str]] = field(default_factory=list)

    async def known_orders(self, names: Sequence[str]) -> Collection[str]:
        self.asked.append(list(names))
        return names[:1]


def order(acme: Shelf, product: int, ref: str) -> None:
    now = clock.seconds()
    row = (acme.cart, ref, product, "", 2, now, "shop", ref, now, now, now + 900)
    columns = "cart_id, ref, product_id, location, quantity, taken_at, shop, name, reported_at, seen_at, until"
    with acme.bench.store.transaction() as tx:
        tx.execute(f"INSERT INTO pending_order ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


@pytest.mark.parametrize(("knows", "asked"), [(True, [["O-1", "O-2"], ["O-3"]]), (False, [])])
async def test_a_wms_that_names_its_orders_is_asked_for_the_pending_ones_in_portions(
    acme: Shelf, monkeypatch: pytest.MonkeyPatch, knows: bool, asked: list[list[str]]
) -> None:
    monkeypatch.setattr(pending_orders, "AT_ONCE", 2)
    (product,) = acme.put([Thing("1", "A")])
    for ref in ("O-1", "O-2", "O-3"):
        order(acme, product, ref)
    source = Knowing(SourceCapabilities(knows_orders=knows))
    await pending_orders.ask(job_of(acme, "pull"), source)  # type: ignore[arg-type]
    assert source.asked == asked
    sql = "SELECT ref FROM pending_order WHERE cart_id = ? AND known_at IS NOT NULL ORDER BY ref"
    assert [ref for (ref,) in acme.bench.store.read(sql, (acme.cart,))] == (["O-1", "O-3"] if knows else [])


# --- planning ---------------------------------------------------------------------------------------------------------------


async def test_a_plan_notes_what_the_cart_lacks_under_the_codes_that_it_pushes_by(tmp_path: Path) -> None:
    our_shelf = shelf(tmp_path, alias="UPC")
    our_shelf.put(
        [Thing("1", "A", aliases=[("UPC", "111")]), Thing("2", "B", aliases=[("UPC", "222")]), Thing("3", "C")]
    )
    our_shelf.list(["111"])
    job = job_of(our_shelf)
    await PushPlanner(job, QuietCart(), settings_of(our_shelf))._decide()  # type: ignore[arg-type]
    sql = "SELECT p.sku, u.run_id FROM unlisted AS u JOIN product AS p ON p.id = u.product_id WHERE u.cart_id = ? ORDER BY p.sku"
    rows = our_shelf.bench.store.read(sql, (our_shelf.cart,))
    assert ("B", job.run.id) in rows
    assert "A" not in [sku for sku, _ in rows]
    our_shelf.bench.store.close()


# --- downloads --------------------------------------------------------------------------------------------------------------


def pulling(acme: Shelf, source: Any = None) -> Pull:
    settings = settings_of(acme)
    return Pull(job_of(acme, "pull"), source or SimpleNamespace(), settings.merchant, settings.source)


def test_so_many_unreadable_records_are_named_and_no_more(acme: Shelf) -> None:
    assert page_reader.REJECTED_SHOWN == 20
    our_reader = page_reader.PageReader(job_of(acme, "pull"), SimpleNamespace())  # type: ignore[arg-type]
    for start in (0, 15, 30):
        our_reader._name_rejected([(f"R{n}", "bad") for n in range(start, start + 15)])
    named = [text for text in acme.bench.events(our_reader.job.run.id) if "bad" in text]
    assert len(named) == 20
    assert "R19" in named[-1]


def test_products_of_unreadable_records_are_there_by_their_number_or_as_unnamed(acme: Shelf) -> None:
    (known,) = acme.put([Thing("1", "A")])
    our_reader = page_reader.PageReader(job_of(acme, "pull"), SimpleNamespace())  # type: ignore[arg-type]
    with acme.bench.store.transaction() as tx:
        assert our_reader._unreadable(tx, []) == set()
        assert our_reader._unreadable(tx, [("1", "bad")]) == {known}
        assert our_reader._unreadable(tx, [("1", "bad"), ("2", "bad")]) == {known, page_reader.UNNAMED}
        assert our_reader._unreadable(tx, [("2", "bad")]) == {page_reader.UNNAMED}


@pytest.mark.parametrize(("rows", "total", "cut"), [(2, 3, True), (3, 3, False), (4, 3, False), (0, None, False)])
def test_a_last_page_before_all_announced_records_came_is_a_cut_answer(rows: int, total: int | None, cut: bool) -> None:
    if cut:
        with pytest.raises(UnavailableError):
            page_reader._check_total("products", rows, total)
    else:
        page_reader._check_total("products", rows, total)


@pytest.mark.parametrize(
    ("before", "now", "back"),
    [
        ("10", "9", True), ("9", "10", False), ("9", "9", False), ("0010", "9", True), ("", "", False), ("a", "b", False),
        ("2026-01-01T12:00:00", "2026-01-01T11:00:01", False), ("2026-01-01T12:00:00", "2026-01-01T10:59:59", True),
        ("2026-01-01T12:00:00", "2026-01-01T12:00:00+00:00", False), ("10", "2026-01-01T12:00:00", False),
        ("time:10", "time:9", True), ("time:9", "time:10", False), ("name:31122026", "time:9", False),
        ("31122026", "time:9", False), ("date:20270101000000", "date:20261231000000", True),
    ],
)  # fmt: skip
def test_an_earlier_mark_is_told_from_one_that_nobody_can_compare(before: str, now: str, back: bool) -> None:
    assert source_marks.went_back(before, now) is back


def test_levels_of_unknown_products_and_warehouses_are_named_and_the_others_are_kept(acme: Shelf) -> None:
    (known,) = acme.put([Thing("1", "A")])
    our_writer = catalog_writer.CatalogWriter(job_of(acme, "pull"))
    rows = [LevelRow("1", "e", 5, 4), LevelRow("2", "e", 5, 4), LevelRow("1", "f", 5, 4)]
    with acme.bench.store.transaction() as tx:
        stored = our_writer.store_levels(tx, rows, 10**9, {"e": acme.east})
    assert list(stored.ids) == [known]
    assert stored.changed == 1
    assert [ref for ref, _ in stored.rejected] == ["2", "1"]
    assert acme.bench.one("SELECT available FROM level WHERE warehouse_id = ?", acme.east) == 4


@pytest.mark.parametrize(("offset", "read_at"), [(0, 1000), (60, 940), (-60, 1060)])
def test_times_of_readings_are_taken_by_our_clock(offset: int, read_at: int) -> None:
    rows = [LevelRow("1", "e", 5, 4, read_at=1000), LevelRow("2", "e", 5, 4)]
    assert [row.read_at for row in catalog_writer._by_our_clock(rows, offset)] == [read_at, None]


@pytest.mark.parametrize("denied", [0, 1, 2])
def test_a_warehouse_that_may_not_be_read_is_told_and_where_none_may_be_the_download_fails(
    acme: Shelf, denied: int
) -> None:
    our_pull = pulling(acme)
    with acme.bench.store.reading() as cx:
        sites = sync_marks.warehouses(cx, acme.merchant)
    known = {site.ref: (None, site) for site in sites}
    errors = {site.ref: PermissionDeniedError(f"no right for {site.code}") for site in sites[:denied]}
    assert len(sites) == 2
    if denied == 2:
        with pytest.raises(PermissionDeniedError, match=f"no right for {sites[0].code}"):
            our_pull._note_denied(errors, known)  # type: ignore[arg-type]
    else:
        our_pull._note_denied(errors, known)  # type: ignore[arg-type]
    texts = [text for text in acme.bench.events(our_pull.job.run.id) if "may not be read" in text]
    assert len(texts) == (1 if denied == 1 else 0)
    why = acme.bench.store.read("SELECT gone_why FROM warehouse WHERE merchant_id = ? ORDER BY id", (acme.merchant,))
    assert [reason for (reason,) in why] == (["denied", ""] if denied == 1 else ["", ""])


def test_a_page_in_pieces_counts_as_one_and_names_the_unnamed_once() -> None:
    parts = [
        page_reader.PageResult([1, page_reader.UNNAMED], 1, [("a", "x")]),
        page_reader.PageResult([2, page_reader.UNNAMED], 2, [("b", "y")]),
    ]
    joined = page_reader._joined(parts)
    assert (joined.ids, joined.changed, list(joined.rejected)) == (
        [1, 2, page_reader.UNNAMED],
        3,
        [("a", "x"), ("b", "y")],
    )
    assert page_reader._joined([page_reader.PageResult([1], 1)]).ids == [1]


def test_counts_of_a_download_are_rows_changed_equal_and_left_out() -> None:
    counts = complete_read.counts_of(pull_progress.PageStats(1, 10, 4, 3))
    assert (counts.total, counts.set, counts.equal, counts.failed) == (13, 4, 6, 3)


@pytest.mark.parametrize(
    ("times", "limit", "every"), [(True, 3600, 1800), (True, None, 7200), (False, 3600, 7200), (True, 86400, 7200)]
)
def test_everything_is_read_again_before_half_the_age_that_a_reading_may_have(
    acme: Shelf, times: bool, limit: int | None, every: int
) -> None:
    acme.bench.set_merchant(stale_after=limit)
    our_pull = pulling(acme, SimpleNamespace(capabilities=SourceCapabilities(reports_reading_time=times)))
    our_pull.settings.full_every = 7200
    assert our_pull._full_every() == every


def test_who_comes_again_in_a_complete_read_does_not_stand_in_for_another() -> None:
    state = page_reader.StageProgress(0, 0, set())
    state.add(Page([1, 2], "c", None), [1, 2], once=True)  # type: ignore[arg-type]
    state.add(Page([2, 3], "d", None, [("x", "bad")]), [2, 3], once=True)  # type: ignore[arg-type]
    assert (state.pages, state.records, state.seen, state.idle) == (2, 4, {1, 2, 3}, 0)
    state.add(Page([2, 3], "e", None), [2, 3], once=True)  # type: ignore[arg-type]
    assert (state.pages, state.records, state.idle) == (3, 4, 1)


def test_changes_may_name_a_product_again_but_the_same_page_again_is_nothing_new() -> None:
    state = page_reader.StageProgress(0, 0, set())
    for n, rows in enumerate(([1, 2], [2, 1], [2, 1], [2, 1], [])):
        state.add(Page(rows, str(n), None), rows, once=False)  # type: ignore[arg-type]
    assert (state.records, state.idle) == (8, 3)


# --- batches ----------------------------------------------------------------------------------------------------------------


def in_doubt(acme: Shelf, job: RunContext) -> tuple[Batch, list[int]]:
    """A batch of two listings whose answer was lost."""
    acme.put([Thing("1", "A"), Thing("2", "B")])
    ids = acme.list(["A", "B"], shown=3)
    for number in ids:
        acme.set(number, run_id=job.run.id, outcome="planned", desired=5, target=5, pending=1)
    items = tuple(Item(number, f"L-{sku}", 5, 5, 3) for number, sku in zip(ids, "AB", strict=True))
    batch = Batch("b-1", acme.cart, job.run.id, job.lease.epoch, items, b"[]", "intent", 1, 0, 1)
    with acme.bench.store.transaction() as tx:
        push_batches.intend(tx, batch, clock.seconds())
    return batch, ids


async def test_a_batch_that_a_replay_finds_refused_is_planned_again(acme: Shelf) -> None:
    job = job_of(acme)
    batch, ids = in_doubt(acme, job)
    cart = QuietCart(
        can(doubt=DoubtPolicy.IDEMPOTENCY_KEY),
        answer=RowsRejectedError("row 1 is bad", refs=["L-A"]),
    )
    sender = BatchSender(job, cart, 5.0)  # type: ignore[arg-type]
    assert await sender.resolver.resolve(batch, "lost") is None
    assert [body for _, body in cart.asked] == [b"[]"]
    for number in ids:
        assert acme.bench.one("SELECT inflight FROM listing WHERE id = ?", number) is None
    assert acme.bench.one("SELECT state FROM push_batch WHERE id = 'b-1'") == "refused"
    with acme.bench.store.reading() as cx:
        assert [row.id for row in listings.planned(cx, job.run.id, ids)] == ids


@pytest.mark.parametrize(
    ("recorded", "sent"),
    [(-98, True), (-102, False), (3_600, False)],
    ids=["the key is known", "the key is forgotten", "recorded by a clock that was ahead"],
)
async def test_a_batch_is_sent_again_only_while_the_cart_knows_its_key(acme: Shelf, recorded: int, sent: bool) -> None:
    job = job_of(acme)
    batch, ids = in_doubt(acme, job)
    batch = batch._replace(created_at=clock.seconds() + recorded)
    now = [ListingRow("L-A", "A", quantity=5), ListingRow("L-B", "B", quantity=9)]
    refused = RowsRejectedError("row 1 is bad", refs=["L-A"])
    cart = QuietCart(can(doubt=DoubtPolicy.IDEMPOTENCY_KEY, key_kept=100.0), answer=refused if sent else now)
    assert await BatchSender(job, cart, 5.0).resolver.resolve(batch, "lost") is None  # type: ignore[arg-type]
    assert cart.asked == ([("b-1", b"[]")] if sent else [["L-A", "L-B"]])
    shown = [acme.bench.one("SELECT acked FROM listing WHERE id = ?", number) for number in ids]
    assert shown == ([None, None] if sent else [5, None])


WAITS: list[tuple[Exception, float | None]] = [
    (ThrottledError("later", retry_after=7.0), 7.0),
    (ThrottledError("later"), None),
    (UnavailableError("down"), None),
]
"""An error, and the seconds that are waited after it; None for those of a repeat."""


@pytest.mark.parametrize(("error", "seconds"), WAITS, ids=["told", "throttled", "down"])
@pytest.mark.parametrize("how", [DoubtPolicy.READ_BACK, DoubtPolicy.IDEMPOTENCY_KEY])
async def test_a_batch_in_doubt_is_asked_about_four_times_with_waits_between(
    acme: Shelf, monkeypatch: pytest.MonkeyPatch, how: DoubtPolicy, error: Exception, seconds: float | None
) -> None:
    job = job_of(acme)
    batch, _ = in_doubt(acme, job)
    slept: list[float] = []

    async def sleep(wait: float) -> None:
        slept.append(wait)

    class Failing(QuietCart):
        async def read(self, refs: Sequence[str]) -> list[ListingRow]:
            self.asked.append(list(refs))
            raise error

    monkeypatch.setattr(asyncio, "sleep", sleep)
    for module in (batch_delivery, doubt_resolver):
        monkeypatch.setattr(module, "backoff", lambda attempt: 100.0 + attempt)
    cart = Failing(can(doubt=how), answer=error)
    sender = BatchSender(job, cart, 5.0)  # type: ignore[arg-type]
    monkeypatch.setattr(sender.delivery, "left_on_its_way", lambda _: 0.0)
    if how is DoubtPolicy.READ_BACK:
        assert await sender.resolver._read_until_shown(batch) is False
    else:
        answers, _ = await sender.delivery.replay(batch)
        assert answers is None
    assert len(cart.asked) == batch_delivery.ATTEMPTS == 4
    assert [wait for wait in slept if wait > 0] == ([seconds] * 4 if seconds else [100.0, 101.0, 102.0, 103.0])


async def test_what_the_cart_shows_of_a_batch_in_doubt_is_taken_and_the_rest_is_planned_again(acme: Shelf) -> None:
    job = job_of(acme)
    batch, (applied, rest) = in_doubt(acme, job)
    cart = QuietCart(
        can(doubt=DoubtPolicy.READ_BACK),
        answer=[ListingRow("L-A", "A", quantity=5), ListingRow("L-B", "B", quantity=3)],
    )
    await BatchSender(job, cart, 5.0).resolver._resolve_by_reading(batch)  # type: ignore[arg-type]
    sql = "SELECT acked, inflight, outcome FROM listing WHERE id = ?"
    assert acme.bench.store.read(sql, (applied,)) == [(5, None, "set")]
    assert acme.bench.store.read(sql, (rest,)) == [(None, None, "planned")]
    assert acme.bench.one("SELECT state FROM push_batch WHERE id = 'b-1'") == "answered"


async def test_a_pass_sends_all_that_is_planned_and_says_whether_there_was_any(
    acme: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: three planned listings, in batches of two
    job, sent = job_of(acme), list[list[str]]()
    acme.put([Thing(sku, sku) for sku in "ABC"])
    for number in acme.list("ABC"):
        acme.set(number, run_id=job.run.id, outcome="planned", desired=5, target=5, pending=1)
    sender = BatchSender(job, QuietCart(replace(can(), max_batch=2)), 5.0)  # type: ignore[arg-type]

    async def send(items: Sequence[Item]) -> None:
        sent.append([item.ref for item in items])

    monkeypatch.setattr(sender, "_send", send)
    # then
    assert await sender._one_pass(2) is True
    assert sent == [["L-A", "L-B"], ["L-C"]]
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE listing SET outcome = 'set' WHERE run_id = ?", (job.run.id,))
    sent.clear()
    assert await sender._one_pass(2) is False
    assert sent == []


async def test_a_pass_stops_before_its_next_batch_once_somebody_cancelled(acme: Shelf) -> None:
    job = job_of(acme)
    acme.put([Thing("A", "A")])
    (number,) = acme.list("A")
    acme.set(number, run_id=job.run.id, outcome="planned", desired=5, target=5, pending=1)
    cart = QuietCart()
    with acme.bench.store.transaction() as tx:
        runs.cancel(tx, job.run.id, clock.seconds())
    with pytest.raises(RunCancelled):
        await BatchSender(job, cart, 5.0)._one_pass(50)  # type: ignore[arg-type]
    assert cart.asked == []


@pytest.mark.parametrize(
    ("writes", "failed", "full"), [(False, False, 20), (True, False, 2000), (False, True, 200), (True, True, 200)]
)
def test_so_many_requests_of_a_run_are_kept_and_no_more(*, writes: bool, failed: bool, full: int) -> None:
    heard = RunHttpLog(1)
    answers = [heard.wants(writes=writes, failed=failed) for _ in range(full + 2)]
    size = BODY_MOST if writes or failed else 4096
    assert answers == [size] * full + [0, 0]
    # the other kinds have room of their own
    assert heard.wants(writes=not writes, failed=False) > 0 or failed


@pytest.mark.parametrize(
    ("total", "announced"), [(0, 0), (1, 1), (7, 7), (None, None), (-1, None), (True, None), ("7", None), (1.5, None)]
)
def test_a_total_that_cannot_be_is_none(total: Any, announced: int | None) -> None:
    total_found = read_listings.total_of(Page([], None, total))
    assert total_found == announced and type(total_found) is type(announced)


@pytest.mark.parametrize(("listed", "complete"), [(None, True), (100, False), (86_400 * 8, True)])
async def test_listings_are_complete_only_after_a_read_of_all_of_them(
    acme: Shelf, listed: int | None, complete: bool
) -> None:
    now = clock.seconds()
    with acme.bench.store.transaction() as tx:
        tx.execute(
            "UPDATE cart SET listed_at = ?, observed_at = ?, relist_every = 86400 WHERE id = ?",
            (None if listed is None else now - listed, now, acme.cart),
        )

    class Listing(QuietCart):
        async def listings_page(self, cursor: str | None, since: int | None) -> Page[ListingRow]:
            self.asked.append(since)
            return Page([], None, 0)

    cart = Listing()
    our_reader = reader(acme, job_of(acme), cart)
    assert our_reader.complete is False
    await our_reader.run()
    assert (our_reader.complete, cart.asked) == (complete, [None] if complete else [])


async def test_listings_are_read_in_requests_that_the_cart_takes(acme: Shelf) -> None:
    cart = QuietCart(answer=[ListingRow(f"L{n}", "A") for n in range(5)])
    rows = await BatchResults(job_of(acme), cart).read([f"L{n}" for n in range(5)])  # type: ignore[arg-type]
    assert cart.asked == [["L0", "L1"], ["L2", "L3"], ["L4"]]
    assert len(rows) == 5


async def test_a_cart_that_subtracts_its_allocations_is_read_before_each_batch(acme: Shelf) -> None:
    job = job_of(acme)
    _, ids = in_doubt(acme, job)
    more = acme.list(["C", "D"], shown=3)
    for number in [*ids, *more]:
        acme.set(number, run_id=job.run.id, outcome="planned", desired=5, target=5, pending=1, inflight=None)
    cart = QuietCart(
        can(QuantityBasis.ON_HAND, read_batch=10),
        answer=[
            ListingRow("L-A", "A", quantity=3, allocated=2),
            ListingRow("L-B", "B", quantity=6, allocated=1),
            ListingRow("L-C", "C", "no number in token=Kx7Qm2Vd9Rt", skip=Reason.BAD_ROW),
        ],
    )
    sender = BatchSender(job, cart, 5.0)  # type: ignore[arg-type]
    with job.transaction() as tx:
        job.report.recount(tx)
    with acme.bench.store.reading() as cx:
        rows = listings.planned(cx, job.run.id, [*ids, *more])
    items = await sender._items(rows)
    assert items == [Item(ids[0], "L-A", 5, 7, 3)]
    sql = "SELECT outcome, reason, allocated FROM listing WHERE id = ?"
    assert acme.bench.store.read(sql, (ids[1],)) == [("equal", "UNCHANGED", 1)]
    assert acme.bench.store.read(sql, (more[0],))[0][:2] == ("failed", "BAD_ROW")
    (error,) = acme.bench.store.one("SELECT error FROM listing WHERE id = ?", (more[0],))
    assert error.startswith("no number") and "Kx7Qm2Vd9Rt" not in error
    assert acme.bench.store.read(sql, (more[1],))[0][:2] == ("failed", "NOT_IN_CART")
    counts = job.report.counts
    assert (counts.total, counts.equal, counts.failed) == (4, 1, 2)
    assert (job.report.reasons["BAD_ROW"], job.report.reasons["NOT_IN_CART"]) == (1, 1)


# --- the ends of runs -------------------------------------------------------------------------------------------------------


async def test_the_log_of_a_failed_run_says_why(acme: Shelf, caplog: pytest.LogCaptureFixture) -> None:
    job = job_of(acme, "pull")
    with acme.bench.store.transaction() as tx:
        runs.finish(tx, job.run.id, "failed", "no route to host", clock.seconds())
    run_log.ended(acme.bench.store, job.run.id)
    assert any(
        "no route to host" in record.getMessage() for record in caplog.records if getattr(record, "event", "") == "run"
    )


async def test_a_defect_is_logged_with_its_place_and_without_secrets(
    acme: Shelf, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(job: RunContext) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(executor, "_KINDS", {"pull": broken})
    number = acme.bench.request("pull", acme.merchant)
    lease = leases.acquire(acme.bench.store, f"pull:{acme.merchant}", "test")
    assert lease is not None
    with caplog.at_level(logging.ERROR):
        await executor.execute(acme.bench.store, acme.bench.run(number), lease)
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert "Traceback" in logged and "RuntimeError" in logged and f"run {number}" in logged
    assert "hunter2" not in logged


@pytest.mark.parametrize(
    ("kind", "state", "reason"),
    [("push", "failed", Reason.CART_UNAVAILABLE), ("push", "done", Reason.CART_UNAVAILABLE),
     ("pull", "failed", Reason.SOURCE_UNAVAILABLE)],
)  # fmt: skip
def test_the_end_of_a_run_is_kept_of_its_rows_its_connection_and_its_schedule(
    acme: Shelf, kind: str, state: str, reason: Reason
) -> None:
    (number,) = acme.list(["A"])
    job = job_of(acme, kind)
    acme.set(number, run_id=job.run.id, outcome="planned", desired=5, target=5, pending=1)
    key = job.run.key
    with acme.bench.store.transaction() as tx:
        tx.execute("INSERT INTO schedule (kind, key, every, next_at) VALUES (?, ?, 3600, ?)", (kind, key, KEY))
    executor._end(job, state, Outcome.FAILED, reason, "it went wrong")
    assert acme.bench.run(job.run.id).state == state
    assert acme.bench.run(job.run.id).error == "it went wrong"
    assert acme.bench.events(job.run.id)[-1] == "it went wrong"
    assert acme.bench.one("SELECT failures FROM schedule WHERE kind = ? AND key = ?", kind, key) == (state == "failed")
    if kind == "push":
        assert acme.bench.one("SELECT outcome FROM listing WHERE id = ?", number) == "failed"
        assert acme.bench.counts(acme.bench.run(job.run.id))["failed"] == 1
    elif state == "failed":
        assert acme.bench.reasons(acme.bench.run(job.run.id)) == {reason.value: 1}


# --- large writes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("took", "before", "after"),
    [(0.001, 100, 200), (0.015, 100, 100), (0.03, 100, 50), (0.03, 30, 25), (0.03, 25, 25)],
)
def test_the_next_piece_is_larger_after_a_quick_one_and_smaller_after_a_slow_one(
    monkeypatch: pytest.MonkeyPatch, took: float, before: int, after: int
) -> None:
    times = iter([5.0, 5.0 + took])
    monkeypatch.setattr(chunked_writes.clock, "elapsed", lambda: next(times))
    pace = Pace()
    pace.rows = before
    with pace.measured():
        pass
    assert pace.rows == after


# --- safe points, phases and rounds -----------------------------------------------------------------------------------------


def test_a_run_that_somebody_cancelled_stops_at_its_next_safe_point(acme: Shelf) -> None:
    job = job_of(acme)
    job.stop_if_cancelled()
    with acme.bench.store.transaction() as tx:
        assert runs.cancel(tx, job.run.id, clock.seconds()) == "cancelling"
    with pytest.raises(RunCancelled):
        job.stop_if_cancelled()


def test_a_phase_that_failed_is_shown_at_once(acme: Shelf) -> None:
    job = job_of(acme)
    job.report.enter("orders")
    job.report.leave("failed")
    phases = json.loads(acme.bench.one("SELECT phases FROM run WHERE id = ?", job.run.id))
    assert [phase["state"] for phase in phases if phase["name"] == "orders"] == ["failed"]


def test_pages_are_counted_of_one_stage_of_one_download(acme: Shelf) -> None:
    our_pull = pulling(acme)
    run = our_pull.job.run.id
    with acme.bench.store.transaction() as tx:
        generation = pull_progress.start(tx, acme.merchant, run, "full", "", "products", clock.seconds())
        pull_progress.add_page(tx, generation.id, "products", None, [], pull_progress.PageStats(1, 0, 0, 0))
    assert our_pull._pages(generation, "products") == 1
    assert our_pull._pages(generation, "levels:e") == 0


def test_listings_that_came_are_counted_once_and_the_nameless_each(acme: Shelf) -> None:
    passed = Pass(stable=False)
    assert passed.received == 0
    passed.add(Page([ListingRow("1", "A"), ListingRow("2", "B")], "c", 9, [("?", "bad"), ("3", "bad")]))
    passed.add(Page([ListingRow("2", "B")], "d", 8, [("?", "bad"), ("3", "bad")]))
    assert passed.received == 5
    assert passed.may_hide
    assert not Pass(stable=True, total=8, most=9).may_hide
    assert not Pass(stable=False, total=9, most=9).may_hide


@pytest.mark.parametrize("frozen", [False, True])
async def test_only_what_is_to_be_set_waits_after_a_plan_be_it_frozen_or_not(acme: Shelf, frozen: bool) -> None:
    a, b = acme.put([Thing("1", "A"), Thing("2", "B")])
    acme.stock(acme.default, [(a, 5), (b, 3)], clock.seconds())
    set_, equal = acme.list(["A", "B"], shown=3)
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE source SET confirmed_at = ? WHERE merchant_id = ?", (clock.seconds(), acme.merchant))
    if frozen:
        acme.bench.set_cart(acme.cart, frozen_at=clock.seconds())
    job = job_of(acme)
    await PushPlanner(job, QuietCart(), settings_of(acme))._decide()  # type: ignore[arg-type]
    sql = "SELECT outcome, reason, desired, pending FROM listing WHERE id = ?"
    ends = ("skipped", "FROZEN") if frozen else ("planned", None)
    assert acme.bench.store.read(sql, (set_,)) == [(*ends, 5, 1)]
    assert acme.bench.store.read(sql, (equal,)) == [("equal", "UNCHANGED", 3, 0)]
    (phase,) = [phase for phase in job.report.phases if phase.name == "plan"]
    assert phase.done == phase.total


def test_a_round_over_old_records_is_made_after_a_minute_and_then_every_hour(
    acme: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: elapsed time that stands still, and a step for each kind of records
    passed, kinds = [1000.0], list[str]()
    monkeypatch.setattr(clock, "elapsed", lambda: passed[0])

    def step(_: Any, kind: str, *__: Any) -> tuple[int, None]:
        kinds.append(kind)
        return 2, None

    monkeypatch.setattr(maintenance.retention, "step", step)
    upkeep = maintenance.Upkeep(acme.bench.store, maintenance.Limits())

    def round_at(at: float) -> list[str]:
        passed[0] = at
        kinds.clear()
        while upkeep.step():
            pass
        return list(kinds)

    # then
    assert round_at(1059.9) == []
    assert round_at(1060.0) == list(maintenance.KINDS)
    assert upkeep.removed == 2 * len(maintenance.KINDS)
    assert round_at(4659.9) == []
    assert round_at(4660.0) == list(maintenance.KINDS)
    # a round at the end is cut short by time, and not by a clock that stands still
    kinds.clear()
    upkeep.finish()
    assert kinds == list(maintenance.KINDS)
    monkeypatch.setattr(clock, "elapsed", lambda: passed.append(passed.pop() + 0.4) or passed[0])
    kinds.clear()
    upkeep.finish()
    assert 0 < len(kinds) < len(maintenance.KINDS)


@pytest.mark.parametrize(
    ("state", "found"),
    [("R", Process.RUNNING), ("S", Process.RUNNING), ("D", Process.RUNNING), ("T", Process.STOPPED),
     ("t", Process.STOPPED), ("Z", Process.GONE), ("X", Process.GONE)],
)  # fmt: skip
def test_a_process_is_told_by_the_state_that_the_system_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, found: Process
) -> None:
    folder = tmp_path / "4711"
    folder.mkdir()
    (folder / "stat").write_text(f"4711 (a) b) {state} " + "0 " * 18 + "100 0\n")
    monkeypatch.setattr(uptime, "PROC", tmp_path)
    assert uptime.process(4711) is found
