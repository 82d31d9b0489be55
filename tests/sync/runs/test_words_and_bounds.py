"""What a worker's log says of a run, when a submitted batch is looked at, and how progress is counted, each at its bounds."""

from __future__ import annotations

import json
import logging
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import Pending, Submitted
from invsync_tui.connectors.errors import ContractError, DeferredError, ThrottledError
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store.listings.push_batches import Batch, Item, Waits
from invsync_tui.store.runs.records import RunRow
from invsync_tui.sync import page_limit
from invsync_tui.sync.pushes import submitted
from invsync_tui.sync.runs import cancellation, clock_difference, run_log
from invsync_tui.sync.runs.run_progress import Phase, RunProgress

NOW = 1_760_000_000


# --- the log ---------------------------------------------------------------------------------------------------------


def run(**changed: Any) -> RunRow:
    given: dict[str, Any] = dict.fromkeys(RunRow._fields) | {
        "id": 7, "kind": "push", "key": 6, "state": "done", "trigger": "schedule", "started_at": 100, "ended_at": 112,
        "counts": "{}", "reasons": "{}", "trips": "[]", "error": "", "merchant": "Acme", "cart": "Shop",
    }  # fmt: skip
    return RunRow(**(given | changed))


COUNTS = json.dumps({"total": 9, "set": 3, "equal": 6, "failed": 0})
TRIPS = json.dumps([{"text": "too many"}, {"text": "too large"}])
CODES = json.dumps({Reason.FROZEN.value: 2, Reason.LOCKED.value: 1})


@pytest.mark.parametrize(("changed", "words"), [
    ({}, "run 7 push Acme > Shop done in 12 s"),
    ({"kind": "pull", "cart": None}, "run 7 pull Acme done in 12 s"),
    ({"started_at": None}, "run 7 push Acme > Shop done"), ({"ended_at": None}, "run 7 push Acme > Shop done"),
    ({"ended_at": 90}, "run 7 push Acme > Shop done in 0 s"),
    ({"counts": COUNTS}, "run 7 push Acme > Shop done in 12 s. 9 SKUs: 3 updated, 6 in sync"),
    ({"counts": '{"total": 1, "set": 1}'}, "run 7 push Acme > Shop done in 12 s. 1 SKU: 1 updated"),
    ({"counts": '{"total": 0, "set": 0}'}, "run 7 push Acme > Shop done in 12 s"),
    (
        {"state": "held", "trips": TRIPS, "error": "unsaid"},
        "run 7 push Acme > Shop held in 12 s. held for review, nothing was sent: too many; too large",
    ),
    ({"state": "failed", "error": "no answer", "reasons": CODES}, "run 7 push Acme > Shop failed in 12 s. no answer"),
    ({"reasons": CODES}, "run 7 push Acme > Shop done in 12 s. FROZEN 2, LOCKED 1"),
])  # fmt: skip
def test_the_end_of_a_run_in_words(changed: dict[str, Any], words: str) -> None:
    assert run_log._end_words(run(**changed)) == words


def test_the_fields_of_a_run_for_machines() -> None:
    assert run_log._fields(run(counts=COUNTS, reasons=CODES, error="no answer")) == {
        "run": 7, "kind": "push", "merchant": "Acme", "cart": "Shop", "state": "done", "trigger": "schedule", "seconds": 12,
        "counts": {"total": 9, "updated": 3, "in_sync": 6, "failed": 0}, "reasons": {"FROZEN": 2, "LOCKED": 1},
        "error": "no answer",
    }  # fmt: skip


@pytest.mark.parametrize(("changed", "level", "event", "words"), [
    ({"state": "requested"}, logging.DEBUG, "run_started", "run 7 push Acme > Shop started: schedule"),
    ({"state": "running"}, logging.WARNING, "takeover", "run 7 push Acme > Shop is taken over: its worker was stopped"),
    (
        {"state": "cancelling", "heartbeat_at": 0}, logging.WARNING, "takeover",
        "run 7 push Acme > Shop is taken over: its worker died",
    ),
])  # fmt: skip
def test_the_begin_of_a_run_in_words(
    caplog: pytest.LogCaptureFixture, changed: dict[str, Any], level: int, event: str, words: str
) -> None:
    with caplog.at_level(logging.DEBUG, "invsync.runs"):
        run_log._began(run(**changed))
    (record,) = caplog.records
    entry: Any = record
    assert (record.levelno, entry.event, record.getMessage(), entry.fields["run"]) == (level, event, words, 7)


DOWN = (logging.WARNING, "failing", "failing from now on: push Acme > Shop: no")


def up(words: str) -> tuple[int, str, str]:
    return (logging.INFO, "recovered", f"works again: push Acme > Shop, after {words}")


@pytest.mark.parametrize(("state", "before", "failing", "level", "more"), [
    ("done", "done", (0, 0), logging.INFO, []), ("held", "done", (0, 0), logging.WARNING, []),
    ("held again", "done", (0, 0), logging.DEBUG, []),
    ("cancelled", "failed", (50, 2), logging.INFO, []), ("failed", "failed", (50, 2), logging.ERROR, []),
    ("failed", None, (0, 0), logging.ERROR, [DOWN]), ("failed", "done", (0, 0), logging.ERROR, [DOWN]),
    ("done", "failed", (50, 1), logging.INFO, [up("1 failed run in 1 min")]),
    ("done", "failed", (52, 2), logging.INFO, [up("2 failed runs in 1 min")]),
    ("done", "failed", (53, 2), logging.INFO, [up("2 failed runs in 59 s")]),
    ("running", "failed", (50, 2), None, []),
])  # fmt: skip
def test_what_the_log_says_when_a_run_has_ended(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, state: str, before: str | None, failing: Any,
    level: int | None, more: Any,
) -> None:  # fmt: skip
    earlier = None if before is None else SimpleNamespace(state=before)
    state, _, again = state.partition(" ")
    monkeypatch.setattr("invsync_tui.store.runs.runs.looked_again", lambda cx, number: bool(again))
    monkeypatch.setattr("invsync_tui.store.runs.runs.get", lambda cx, number: run(id=number, state=state, error="no"))
    monkeypatch.setattr("invsync_tui.store.runs.runs.ended_before", lambda cx, row: earlier)
    monkeypatch.setattr("invsync_tui.store.runs.runs.failing_before", lambda cx, row: failing)
    store: Any = SimpleNamespace(reading=nullcontext)
    with caplog.at_level(logging.DEBUG, "invsync.runs"):
        run_log.ended(store, 7)
    entries: list[Any] = [
        (record.levelno, getattr(record, "event", ""), record.getMessage()) for record in caplog.records
    ]
    assert [entry[:2] for entry in entries[:1]] == ([] if level is None else [(level, "run")])
    assert entries[1:] == more
    assert "failed_runs" not in vars(caplog.records[0])["fields"] if entries else level is None
    if more and more[0][1] == "recovered":
        assert vars(caplog.records[1])["fields"]["failed_runs"] == failing[1]


# --- batches that are applied later ----------------------------------------------------------------------------------


@pytest.fixture
def least(monkeypatch: pytest.MonkeyPatch) -> None:
    """As outside of tests of whole runs, which look again at once."""
    monkeypatch.setattr(submitted, "LOOK_LEAST", 5)


@pytest.mark.usefixtures("least")
@pytest.mark.parametrize(("look", "give_up", "waits"), [
    (NOW + 60, NOW + 600, Waits(NOW + 60, NOW + 600)), (NOW + 60.2, NOW + 600.2, Waits(NOW + 61, NOW + 601)),
    (NOW + 4, NOW + 600, Waits(NOW + 5, NOW + 600)), (NOW + 5.5, NOW + 600, Waits(NOW + 6, NOW + 600)),
    (NOW - 900, NOW + 600, Waits(NOW + 5, NOW + 600)), (NOW + 60, NOW + 30, Waits(NOW + 30, NOW + 30)),
    (NOW + 60, NOW - 30, Waits(NOW, NOW)), (NOW + 60, NOW + 10**9, Waits(NOW + 60, NOW + 7 * 86400)),
    (NOW + 10**9, NOW + 10**9, Waits(NOW + 7 * 86400, NOW + 7 * 86400)),
])  # fmt: skip
def test_times_of_a_batch_are_whole_seconds_and_within_reason(look: float, give_up: float, waits: Waits) -> None:
    assert submitted.waits_of(Submitted("T", look, give_up), NOW) == waits


def batch(**changed: Any) -> Batch:
    given: dict[str, Any] = dict.fromkeys(Batch._fields) | {
        "ticket": "T", "look_after": NOW, "give_up_at": NOW + 100, "items": [Item(1, "A", 5, 5, 4), Item(2, "B", 5, 5, 4)],
    }  # fmt: skip
    return Batch(**(given | changed))


@pytest.mark.parametrize(("look", "give_up", "not_yet", "over"), [
    (NOW + 1, NOW + 1, True, False), (NOW, NOW, False, True), (NOW - 1, NOW - 1, False, True), (None, None, False, True),
])  # fmt: skip
def test_when_a_batch_is_looked_at_and_when_it_is_over(look: Any, give_up: Any, not_yet: bool, over: bool) -> None:
    submitted_batch = batch(look_after=look, give_up_at=give_up)
    assert (submitted.not_yet(submitted_batch, NOW), submitted.is_over(submitted_batch, NOW)) == (not_yet, over)


class LaterCart:
    """A cart that applies batches later and answers as it is told."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def submit(self, *_: Any) -> Any:
        raise AssertionError

    async def outcome(self, ticket: str) -> Any:
        self.asked.append(ticket)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.usefixtures("least")
@pytest.mark.parametrize(("answer", "given", "expected"), [
    (["rows"], {}, ["rows"]),
    (Pending(NOW + 60.5), {}, submitted.NoNews("", Waits(NOW + 61, NOW + 100))),
    (Pending(NOW + 1), {}, submitted.NoNews("", Waits(NOW + 5, NOW + 100))),
    (Pending(NOW + 60, NOW + 200.5), {}, submitted.NoNews("", Waits(NOW + 60, NOW + 201))),
    (Pending(NOW + 60, NOW - 5), {}, submitted.NoNews("", Waits(NOW, NOW))),
    (Pending(NOW + 60, NOW + 10**9), {}, submitted.NoNews("", Waits(NOW + 60, NOW + 7 * 86400))),
    (Pending(NOW + 60), {"give_up_at": None}, submitted.NoNews("", Waits(NOW, NOW))),
    (ThrottledError("Slow down."), {}, submitted.NoNews("Slow down.", Waits(NOW + 100, NOW + 100))),
    (ContractError("Odd."), {"give_up_at": NOW + 900}, submitted.NoNews("Odd.", Waits(NOW + 300, NOW + 900))),
    (ContractError("Odd."), {"give_up_at": NOW - 9}, submitted.NoNews("Odd.", Waits(NOW, NOW - 9))),
])  # fmt: skip
async def test_what_a_cart_says_of_a_batch(
    monkeypatch: pytest.MonkeyPatch, answer: Any, given: dict[str, Any], expected: Any
) -> None:
    monkeypatch.setattr(submitted, "AppliesLater", LaterCart)
    cart: Any = LaterCart(answer)
    assert await submitted.ask(cart, batch(**given), NOW) == expected
    assert cart.asked == ["T"]


async def test_a_cart_that_says_nothing_of_batches_has_the_time_that_it_had() -> None:
    cart: Any = object()
    nothing = "the cart does not say what becomes of it"
    assert await submitted.ask(cart, batch(), NOW) == submitted.NoNews(nothing, Waits(NOW + 100, NOW + 100))
    assert await submitted.ask(cart, batch(give_up_at=None), NOW + 0.5) == submitted.NoNews(
        nothing, Waits(NOW + 1, NOW + 1)
    )


async def test_a_cart_that_defers_everything_is_not_asked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submitted, "AppliesLater", LaterCart)
    cart: Any = LaterCart(DeferredError(900))
    with pytest.raises(DeferredError):
        await submitted.ask(cart, batch(), NOW)


def test_listings_of_a_batch_in_words() -> None:
    assert submitted.listings_of(batch()) == "2 submitted listings"
    assert submitted.listings_of(batch(items=[Item(1, "A", 5, 5, 4)])) == "1 submitted listing"


# --- clocks, pages, progress -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("offset", "told"), [
    (59, []), (60, [("warning", "Its clock is 60 s ahead of ours; its times are corrected by that.")]), (-59, []),
    (-60, [("warning", "Its clock is 60 s behind ours; its times are corrected by that.")]), (0, []),
])  # fmt: skip
def test_a_difference_of_clocks_is_told_from_a_minute_on(offset: int, told: list[tuple[str, str]]) -> None:
    heard: list[tuple[str, str]] = []
    job: Any = SimpleNamespace(report=SimpleNamespace(event=lambda level, text: heard.append((level, text))))
    clock_difference._tell(job, "Its clock", offset)
    assert heard == told


@pytest.mark.parametrize(
    ("stored", "measured", "theirs"), [(None, 30, 130), (10, 30, 110), (40, 30, 130), (0, 30, 100)]
)
def test_times_by_another_clock(stored: int | None, measured: int, theirs: int) -> None:
    nobody: Any = None
    difference = clock_difference.CartClock(nobody, nobody, stored)
    assert difference.offset == (stored or 0)
    difference.offset = measured
    assert (difference.ours(100), difference.theirs_before(100)) == (70, theirs)


def test_pages_that_bring_nothing_new_end_a_read(monkeypatch: pytest.MonkeyPatch) -> None:
    bound = page_limit.PageBound("WMS", "stock levels", barren_most=3)
    for known in (5, 5, 5, 6, 6, 6):
        bound.add(known)
    text = "The WMS repeats itself while reading stock levels: 7 pages, the last 3 of them with nothing new."
    with pytest.raises(ContractError, match=text):
        bound.add(6)
    monkeypatch.setattr(page_limit, "PAGES_MOST", 2)
    bound = page_limit.PageBound("WMS", "products")
    bound.add(1)
    bound.add(2)
    with pytest.raises(ContractError, match="products: 3 pages, the last 0 of them"):
        bound.add(3)


def progress(monkeypatch: pytest.MonkeyPatch, *phases: str) -> tuple[RunProgress, list[float], list[str]]:
    """A run's progress with clocks that are set by hand; the list has an entry for each time that it was written."""
    now, written = [100.0], []
    monkeypatch.setattr(clock, "elapsed", lambda: now[0])
    monkeypatch.setattr(clock, "now", lambda: NOW + now[0])
    monkeypatch.setattr(RunProgress, "put", lambda self, tx: written.append("put"))
    monkeypatch.setattr(RunProgress, "write", lambda self: written.append("write"))
    nobody: Any = None
    return RunProgress(nobody, nobody, 7, [Phase(name) for name in phases]), now, written


def test_phases_begin_go_on_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    our_progress, now, written = progress(monkeypatch, "read", "send", "check")
    our_progress.advance(5)
    our_progress.enter("read")
    our_progress.advance(3)
    our_progress.advance(2, 9)
    now[0] = 104.5
    first = our_progress.phases[0].as_dict()
    assert first == {
        "name": "read", "state": "running", "done": 5, "total": 9, "started_at": NOW + 100, "ended_at": None, "took": 4.5,
    }  # fmt: skip
    our_progress.enter("send")
    our_progress.advance(4)
    now[0] = 106.0
    our_progress.leave("done")
    our_progress.advance(1)
    our_progress.enter("more", 8)
    our_progress.leave("failed")
    our_progress.close("failed")
    assert [(phase.name, phase.state, phase.done, phase.total) for phase in our_progress.phases] == [
        ("read", "done", 5, 9), ("send", "done", 4, 4), ("check", "skipped", 0, None), ("more", "failed", 0, 8),
    ]  # fmt: skip
    assert [phase.ended_at for phase in our_progress.phases] == [NOW + 104.5, NOW + 106, None, NOW + 106]
    assert our_progress.phases[0].as_dict()["took"] is None
    assert written == ["write"] * 5


@pytest.mark.parametrize(("state", "total"), [("done", 3), ("failed", None)])
def test_the_total_of_a_phase_is_known_once_it_ended_well(
    monkeypatch: pytest.MonkeyPatch, state: str, total: Any
) -> None:
    our_progress, _, _ = progress(monkeypatch, "read")
    our_progress.enter("read")
    our_progress.advance(3)
    our_progress.close(state)
    assert (our_progress.phases[0].state, our_progress.phases[0].total) == (state, total)


def test_a_phase_that_is_entered_again_is_counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    our_progress, now, _ = progress(monkeypatch, "read")
    our_progress.enter("read", 5)
    our_progress.advance(5)
    now[0] = 110.0
    our_progress.enter("read", 6)
    phase = our_progress.phases[0]
    assert (len(our_progress.phases), phase.state, phase.done, phase.total) == (1, "running", 0, 6)
    assert (phase.started_at, phase.ended_at, phase.began) == (NOW + 110, None, 110.0)


@pytest.mark.parametrize(("later", "times"), [(0.19, 0), (0.2, 1), (5.0, 1)])
def test_progress_is_written_when_the_last_time_was_a_while_ago(
    monkeypatch: pytest.MonkeyPatch, later: float, times: int
) -> None:
    our_progress, now, written = progress(monkeypatch)
    nobody: Any = None
    our_progress._written, now[0] = 0.0, later
    our_progress.tick()
    our_progress.put_if_due(nobody)
    assert written == ["write", "put"] * times


def test_a_run_stops_once_its_worker_is_to_end() -> None:
    ending: list[int] = []
    cancellation.runs_stop_when(lambda: bool(ending))
    try:
        cancellation.stop_if_worker_ends()
        ending.append(1)
        with pytest.raises(cancellation.RunStopped):
            cancellation.stop_if_worker_ends()
    finally:
        cancellation._wanted.set(None)
    cancellation.stop_if_worker_ends()
