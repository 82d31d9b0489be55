"""Small readings of operations at their bounds: states in words, facts for the doctor, charts, followed runs, exports."""

from __future__ import annotations

import asyncio
import csv
import json
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.operations import events
from invsync_tui.operations.audit import audit
from invsync_tui.operations.catalog import sku_tracks, stock
from invsync_tui.operations.connections import webhooks
from invsync_tui.operations.diagnosis import doctor, evidence_text
from invsync_tui.operations.errors import InvalidError, OperationError
from invsync_tui.operations.listings import carts
from invsync_tui.operations.lists import export
from invsync_tui.operations.lists.list_views import Point
from invsync_tui.operations.runs import folding, follow, last_status
from invsync_tui.operations.service import hooks as service_hooks
from invsync_tui.operations.service import serve, workers
from invsync_tui.operations.settings import preview
from invsync_tui.operations.views import RunSize, RunState, ServiceState, ends, ways_out_of
from invsync_tui.rules.merchant_checks import Verdict
from tests.support.stores.products_store import Shelf, Thing

NOW = 1_760_100_000
DAY = 86400


def some(**values: Any) -> Any:
    """Something with these fields and no others."""
    return SimpleNamespace(**values)


# --- a cart's state --------------------------------------------------------------------------------------------------

STALL = some(text="no worker")


@pytest.mark.parametrize(
    ("last", "ended", "words"),
    [
        (None, None, ""),
        (None, ("done", ""), "success"),
        (None, ("done", "odd"), "done: odd"),
        (None, ("failed", "no answer"), "failed: no answer"),
        (None, ("failed", ""), "failed"),
        (("held", None), ("done", ""), "held"),
        (("requested", None), ("done", ""), "waiting for a worker"),
        (("running", None), None, "running"),
        (("cancelling", None), None, "running"),
        (("running", STALL), ("done", ""), "stalled: no worker"),
        (("requested", STALL), None, "waiting for a worker"),
        (("done", None), ("done", ""), "success"),
        (("cancelled", None), None, ""),
    ],
)
def test_the_state_of_a_cart_in_words(last: Any, ended: Any, words: str) -> None:
    run: Any = some(state=ended[0], error=ended[1]) if ended else None
    state, stall = last or (None, None)
    assert last_status.push_status(True, True, state, stall, run) == words
    if words != "held":
        assert last_status.download_status(True, state, stall, run) == words
    # Switched off, it says no more than that, but for what is under way.
    said = words if state in last_status.ACTIVE else "off"
    assert last_status.download_status(False, state, stall, run) == said
    assert last_status.push_status(False, True, state, stall, run) == said
    of_merchant = words if state in last_status.ACTIVE else "off: merchant is off"
    assert last_status.push_status(True, False, state, stall, run) == of_merchant


def test_a_push_that_is_held_says_how_much_and_a_freeze_who_did_it() -> None:
    done: Any = some(state="done", error="")
    assert last_status.push_status(True, True, "held", None, done, held=1) == "held: 1 listing"
    assert last_status.push_status(True, True, "held", None, done, held=931) == "held: 931 listings"
    assert (
        last_status.push_status(True, True, "held", None, done, held=9, frozen="ann: count") == "frozen by ann: count"
    )
    assert last_status.push_status(False, True, "held", None, done, frozen="ann: count") == "off"


@pytest.mark.parametrize(
    ("every", "upload_on", "merchant_on", "last", "expected"),
    [
        (60, True, True, None, (None, None, "off duty")),
        (None, True, True, None, (None, None, "")),
        (60, False, True, None, (None, None, "")),
        (60, True, False, None, (None, None, "")),
        (60, True, True, (5, RunState.RUNNING), (5, 5, "off duty")),
        (60, True, True, (5, RunState.DONE), (5, None, "off duty")),
    ],
)
def test_the_line_of_a_cart(
    every: int | None, upload_on: bool, merchant_on: bool, last: Any, expected: tuple[Any, ...]
) -> None:
    run = some(id=last[0], state=last[1], stall=None) if last else None
    setup = some(
        id=3, merchant_id=2, merchant="Acme", name="Shop", connection=some(system="sandbox"), upload_on=upload_on,
        warehouses=("A",), alias="EAN", values={"minimum": 4}, last_run=run, next_run_at=77, every=every,
        merchant_on=merchant_on, last_push_at=66, status="success", frozen=True,
    )  # fmt: skip
    line = carts._line(setup, 12, "off duty")
    assert (line.latest_run, line.active_run, line.not_due) == expected
    assert (line.id, line.merchant_id, line.merchant, line.name, line.system) == (3, 2, "Acme", "Shop", "sandbox")
    assert (line.upload_on, line.warehouses, line.alias_type, line.minimum) == (upload_on, ("A",), "EAN", 4)
    assert (line.listings, line.last_push_at, line.next_run_at, line.status, line.frozen) == (
        12,
        66,
        77,
        "success",
        True,
    )


# --- facts for the doctor --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vanished_at", "last_full_at", "confirmed_at", "limit", "loaded", "stale"),
    [
        (None, None, NOW, 100, "", False),
        (None, 5, NOW - 100, 100, "now", False),
        (None, 5, NOW - 101, 100, "now", True),
        (None, 5, NOW - 101, None, "now", False),
        (9, NOW - 101, NOW, 100, "now", True),
        (9, NOW - 100, NOW - 500, 100, "now", False),
        (None, 5, None, 100, "", False),
    ],
)
def test_how_old_the_stock_of_a_warehouse_is(
    vanished_at: int | None,
    last_full_at: int | None,
    confirmed_at: int | None,
    limit: int | None,
    loaded: str,
    stale: bool,
) -> None:
    place = some(code="A", enabled=1, vanished_at=vanished_at, last_full_at=last_full_at, levels=4, gone_why="denied")
    for sync in (1, 0):
        site = some(stale_after=limit, confirmed_at=confirmed_at, inventory_sync=sync)
        facts = doctor._warehouse_facts(some(now=NOW), site, place, True)
        assert (facts.vanished, bool(facts.loaded), facts.stale) == (
            vanished_at is not None,
            bool(loaded),
            stale and bool(sync),
        )
        assert (facts.code, facts.enabled, facts.levels, facts.used, facts.gone_why) == ("A", True, 4, True, "denied")


def test_what_the_doctor_knows_of_a_sku(acme: Shelf) -> None:
    numbers = acme.put(
        [
            Thing("1", "SKU-1"), Thing("2", "sku-1"), Thing("3", "SKU-3", aliases=(("EAN", "SKU-4"),)), Thing("4", "SKU-4"),
            Thing("5", "KIT", components=(("1", 1),)),
        ]
    )  # fmt: skip
    acme.stock(acme.default, [(numbers[0], 5)], NOW - 200)
    acme.stock(acme.east, [(numbers[0], 5)], NOW - 300)
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE source SET confirmed_at = ? WHERE merchant_id = ?", (NOW - 300, acme.merchant))

    def facts(sku: str, limit: int | None) -> Any:
        with acme.bench.store.reading() as cx:
            return doctor._sku_facts(cx, some(now=NOW), some(id=acme.merchant, name="Acme", stale_after=limit), sku)

    one = facts(" SKU-1 ", 299)
    assert (one.merchant, one.asked, one.products, one.near) == ("Acme", "SKU-1", ("SKU-1",), ("sku-1",))
    assert (bool(one.read), one.stale, one.kit) == (True, True, False)
    assert [facts("SKU-1", limit).stale for limit in (300, 301, None)] == [False, False, False]
    assert (facts("SKU-4", 299).products, facts("SKU-4", 299).read) == (("SKU-3", "SKU-4"), "")
    assert (facts("KIT", 299).kit, facts("none", 299).products, facts("none", 299).stale) == (True, (), False)


@pytest.mark.parametrize(
    ("kind", "reason", "run", "held", "failed", "fix"),
    [
        ("pull", "", None, None, None, "invsync connections test 'Acme Ltd'"),
        ("push", "REJECTED_BY_CART", ("failed", 7), None, 7, "invsync connections test 'Acme Ltd' --cart 'My Shop'"),
        ("push", "PROGRAM_ERROR", ("failed", 7), None, 7, "invsync bundle 7"),
        ("push", "PROGRAM_ERROR", ("held", 8), 8, None, "invsync connections test 'Acme Ltd' --cart 'My Shop'"),
    ],
)
def test_what_a_connection_last_said(
    monkeypatch: pytest.MonkeyPatch, kind: str, reason: str, run: Any, held: int | None, failed: int | None, fix: str
) -> None:
    from invsync_tui.rules.outcomes import REASONS, Reason, ReasonKind

    program = next(one for one in Reason if REASONS[one].kind is ReasonKind.PROGRAM)
    stored = program.stored if reason == "PROGRAM_ERROR" else reason
    told: list[Any] = []
    monkeypatch.setattr(doctor.merchant_checks, "connection_check", lambda *given: told.append(given))
    monkeypatch.setattr(doctor.merchant_checks, "run_check", lambda *given: told.append(given))
    newest = some(kind=kind, key=3, state=run[0], id=run[1], error="broken") if run else None
    ground = some(newest=[some(kind="push", key=9, state="held", id=1, error=""), *([newest] if newest else [])])
    last = some(last_reason=stored, last_error="said")
    doctor._connection_checks("My Shop", kind, 3, last, ground, some(name="Acme Ltd"))
    assert told[0] == ("My Shop", "said", Reason(stored) if stored else None, fix)
    assert told[1] == ("My Shop", held, failed, "broken" if run else "")


@pytest.mark.parametrize(
    ("address", "verdict", "words"),
    [
        (None, None, ""),
        ((None, None), Verdict.UNKNOWN, "none since the address was made"),
        ((NOW - 50, None), Verdict.PASS, "last webhook"),
        ((NOW - 50, NOW - 50), Verdict.FAIL, "a wrong signature"),
        ((NOW - 50, NOW - 51), Verdict.PASS, "last webhook"),
        ((None, NOW - 50), Verdict.FAIL, "none was accepted"),
        ((None, NOW - webhooks.REFUSED_FOR - 1), Verdict.UNKNOWN, "none since the address was made"),
        ((None, NOW - webhooks.REFUSED_FOR + 1), Verdict.FAIL, "a wrong signature"),
    ],
)
def test_what_the_doctor_says_of_webhooks(
    monkeypatch: pytest.MonkeyPatch, address: Any, verdict: Verdict | None, words: str
) -> None:
    found = some(made_at=NOW - 500, heard_at=address[0], refused_at=address[1]) if address else None
    monkeypatch.setattr(webhooks.hooks, "address", lambda cx, cart: found if cart == 3 else None)
    cx: Any = None
    checks = webhooks.checks(cx, 3, "My Shop", NOW)
    assert [check.verdict for check in checks] == ([verdict] if verdict else [])
    assert all(words in check.evidence for check in checks)
    assert webhooks.checks(cx, 4, "Other", NOW) == []


# --- charts ----------------------------------------------------------------------------------------------------------


def points(line: tuple[Any, ...]) -> list[tuple[int, int | None]]:
    return [(point.at, point.value) for point in line]


@pytest.mark.parametrize(
    ("changes", "now", "since", "expected"),
    [
        ([], 5, 100, [(100, 5)]),
        ([], 5, None, []),
        ([(100, None, 4)], 9, 50, [(99, None), (100, 4)]),
        ([(100, 4, 4), (110, 4, 6), (120, 6, 6), (130, 6, None)], 9, 50, [(99, 4), (110, 6), (130, None)]),
    ],
)
def test_a_quantity_over_time(
    changes: list[tuple[int, int | None, int | None]],
    now: int,
    since: int | None,
    expected: list[tuple[int, int | None]],
) -> None:
    assert points(sku_tracks._track_line(changes, now, since)) == expected


def level(warehouse: int, at: int, before: int | None, after: int | None) -> Any:
    return some(warehouse_id=warehouse, at=at, before=before, after=after)


@pytest.mark.parametrize(
    ("stock_rows", "changes", "expected"),
    [
        ([], [level(1, 5, 1, 2)], []),
        ([(1, 5, 100), (2, 7, 90)], [], [(100, 12)]),
        ([(1, 5, 100), (2, 7, 90)], [level(1, 80, 3, 4), level(1, 90, 4, 5)], [(79, 10), (80, 11), (90, 12)]),
        ([(1, 5, 100), (2, 7, 90)], [level(1, 80, 3, 5), level(2, 80, 6, 7)], [(79, 9), (80, 12)]),
        ([(1, None, 100)], [level(1, 80, 3, None)], [(79, 3), (80, None)]),
        ([(1, 4, 100)], [level(2, 80, None, 3), level(2, 85, 3, None)], [(79, 4), (80, 7), (85, 4)]),
    ],
)  # fmt: skip
def test_the_stock_of_all_warehouses_over_time(stock_rows: Any, changes: Any, expected: Any) -> None:
    rows: Any = [some(warehouse_id=number, available=available, loaded_at=at) for number, available, at in stock_rows]
    assert points(sku_tracks._total(rows, changes)) == expected


def test_the_lines_of_a_chart() -> None:
    listing: Any = some(id=1, cart="Shop", sku="A", target=5, confirmed=4, synced_at=50)
    other: Any = some(id=2, cart="Shop", sku="B", target=9, confirmed=8, synced_at=60)
    change: Any = some(listing_id=1, at=100, desired_before=1, desired=5, acked_before=2, acked=4)
    held: Any = [some(warehouse_id=1, available=5, loaded_at=100)]
    shown = {1: sku_tracks.Shown((Point(70, 9),), 110), 2: sku_tracks.Shown((), None)}
    lines = sku_tracks.tracks(held, [listing, other], [level(1, 80, 3, 5)], [change], shown)
    assert [(line.name, line.quantity, line.listing_id, line.until, points(line.points)) for line in lines] == [
        ("all warehouses", "available", None, None, [(79, 3), (80, 5)]),
        ("Shop: A target", "target", 1, None, [(99, 1), (100, 5)]),
        ("Shop: A confirmed", "confirmed", 1, None, [(99, 2), (100, 4)]),
        ("Shop: A in cart", "in cart", 1, 110, [(70, 9)]),
        ("Shop: B target", "target", 2, None, [(60, 9)]), ("Shop: B confirmed", "confirmed", 2, None, [(60, 8)]),
        ("Shop: B in cart", "in cart", 2, None, []),
    ]  # fmt: skip


# --- followed runs ---------------------------------------------------------------------------------------------------


def detail(state: RunState, phase: str = "", done: int = 0, logged: int = 0, stall: Any = None) -> Any:
    entries = tuple(some(n=n, text=f"line {n}", level="info", at=n) for n in range(1, logged + 1))
    return some(run=some(id=7, state=state, phase=phase, done=done, total=9, stall=stall), events=entries)


def told(found: Iterator[Any]) -> list[str]:
    return [f"{one.change.value} {one.text}".strip() for one in found]


def test_what_is_new_in_a_run_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(clock, "elapsed", lambda: now[0])
    seen = follow._ReportedSoFar()
    assert told(follow._changes(detail(RunState.RUNNING, "read", 1, 2), seen)) == [
        "state", "log line 1", "log line 2", "phase", "progress",
    ]  # fmt: skip
    assert told(follow._changes(detail(RunState.RUNNING, "read", 1, 3), seen)) == ["log line 3"]
    now[0] = 100.49
    assert told(follow._changes(detail(RunState.RUNNING, "read", 2, 3), seen)) == []
    now[0] = 100.5
    assert told(follow._changes(detail(RunState.RUNNING, "read", 2, 3), seen)) == ["progress"]
    assert not seen.ended
    assert told(follow._changes(detail(RunState.DONE, "read", 2, 3), seen)) == ["state", "ended"]
    assert seen.ended
    held = follow._ReportedSoFar()
    assert told(follow._changes(detail(RunState.HELD), held)) == ["progress", "state", "ended"]
    assert held.ended


def test_a_stall_is_told_once_and_again_when_it_comes_back() -> None:
    anybody: Any = None
    follower = follow.Follower(anybody, [7])
    follower._seen = {7: follow._ReportedSoFar()}
    stalled = some(state="gone", text="Nobody works on it.", advice="Start one.")
    heard = []
    for stall in (None, stalled, stalled, None, stalled, some(state="silent", text="Silent.", advice="Wait.")):
        follower.last = {7: detail(RunState.RUNNING, stall=stall)}
        heard.append(told(follower._stalled()))
    first = ["worker Nobody works on it. Start one."]
    assert heard == [[], first, [], [], first, ["worker Silent. Wait."]]


def test_a_worker_is_started_a_few_times_and_then_it_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(follow.workers, "service", lambda session: some(works=False))
    monkeypatch.setattr(follow, "ensure_worker", lambda session: started.append(1) or True)
    anybody: Any = None
    follower = follow.Follower(anybody, [7])
    follower.last = {7: detail(RunState.RUNNING)}
    for _ in range(3):
        assert told(follower._worker()) == ["worker No worker was running; another one was started and continues."]
    with pytest.raises(OperationError):
        list(follower._worker())
    assert len(started) == 3


def test_the_run_that_was_asked_for_once_more_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    again = [True]
    monkeypatch.setattr(follow, "find", lambda session, number: some(again=again[0], merchant_id=2))
    known = [some(id=number, kind=kind, cart_id=cart) for number, kind, cart in (
        (5, "push", 3), (8, "push", 4), (9, "pull", None), (11, "push", 3), (10, "push", 3),
    )]  # fmt: skip
    monkeypatch.setattr(follow.runs, "recent", lambda session, merchant, limit: known if merchant == 2 else [])
    anybody: Any = None

    def followed(number: int) -> set[int]:
        follower = follow.Follower(anybody, [7])
        follower._seen = {7: follow._ReportedSoFar()}
        follower.last = {number: some(run=some(kind="push", cart_id=3))}
        follower._follow_next(number)
        return set(follower._seen)

    assert followed(7) == {7, 10}
    assert followed(10) == {7}
    again[0] = False
    assert followed(7) == {7}


# --- what workers tell -----------------------------------------------------------------------------------------------


class Manager:
    """A service manager that writes down what it is told."""

    def __init__(self, address: str = "there", every: float | None = 0.01) -> None:
        self.address, self.every = address, every
        self.heard: list[tuple[str, ...]] = []

    def send(self, *words: str) -> None:
        self.heard.append(words)


@pytest.mark.parametrize(("every", "alive"), [(0.01, ("WATCHDOG=1",)), (None, ())])
async def test_a_service_manager_is_told_while_the_loop_turns(
    monkeypatch: pytest.MonkeyPatch, every: float | None, alive: tuple[str, ...]
) -> None:
    monkeypatch.setattr(serve, "STATUS_EVERY", 0.01)
    runner, manager = some(turns=0, underway=1), Manager(every=every)
    watching: Any = asyncio.create_task(serve._tell_manager(runner, manager))  # type: ignore[arg-type]
    await asyncio.sleep(0.08)
    assert manager.heard == []
    runner.turns = 1
    await asyncio.sleep(0.12)
    assert manager.heard == [("READY=1", *alive, "STATUS=1 run under way")]
    runner.turns, runner.underway = 5, 2
    await asyncio.sleep(0.08)
    assert manager.heard[1:] == [(*alive, "STATUS=2 runs under way")]
    watching.cancel()
    silent = Manager(address="")
    await serve._tell_manager(runner, silent)  # type: ignore[arg-type]
    assert silent.heard == []


def test_a_worker_that_was_just_taken_over_is_not_gone() -> None:
    for service_works, age, expected in (
        (True, 0, True),
        (True, 2, True),
        (True, 3, False),
        (True, -1, True),
        (True, -10, False),
        (False, 0, False),
    ):
        known: Any = some(service=some(works=service_works), now=NOW)
        run: Any = some(heartbeat_at=NOW - age, started_at=5)
        assert workers.Health._just_begun(known, run) is expected
        assert workers.Health._just_begun(known, some(heartbeat_at=None, started_at=NOW - age)) is expected


@pytest.mark.parametrize(
    ("heartbeat", "started", "stalls"),
    [
        (NOW - workers.NO_PROGRESS_AFTER, 5, True), (NOW - workers.NO_PROGRESS_AFTER + 1, 5, False),
        (None, NOW - workers.NO_PROGRESS_AFTER, True), (None, None, False),
        (NOW + 86_400, 5, True), (NOW + 3, 5, False), (None, NOW + 86_400, True), (NOW - 86_400, 5, True),
    ],
)  # fmt: skip
def test_a_run_without_progress_stalls(heartbeat: int | None, started: int | None, stalls: bool) -> None:
    found = workers.Health._no_progress(some(now=NOW), some(id=7, heartbeat_at=heartbeat, started_at=started))
    assert (found is not None) == stalls
    assert found is None or (found.state, found.since) == ("no_progress", _known(heartbeat or started))
    assert found is None or ("set back" in found.text) == (found.since is None)


def _known(since: int | None) -> int | None:
    return None if since is None or since > NOW + 5 else since


@pytest.mark.parametrize(
    ("works", "state", "words", "advice"),
    [
        (True, ServiceState.RUNNING, "Another one takes over in a moment.", "Nothing to do."),
        (False, ServiceState.NOT_RESPONDING, "The other one does not respond.", "mend it"),
        (False, ServiceState.NONE, "Nobody works on this run.", workers.GOES_ON),
    ],
)
def test_a_worker_that_is_gone(works: bool, state: ServiceState, words: str, advice: str) -> None:
    service = some(works=works, state=state, advice="mend it")
    found = workers.Health._gone(some(service=service), some(heartbeat_at=5))
    assert (found.state, found.since, found.text, found.advice) == ("gone", 5, f"Its worker is gone. {words}", advice)


# --- files, places, words --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("n", [0, 1, 3])
def test_an_export_is_a_new_file_of_its_owner(tmp_path: Path, form: str, n: int) -> None:
    path = tmp_path / "out"
    rows = [(f"A{number}", number) for number in range(n)]
    assert export.write(path, ("sku", "n"), rows, form) == n
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text(encoding="utf-8")
    found = list(csv.reader(text.splitlines()))[1:] if form == "csv" else [[*one.values()] for one in json.loads(text)]
    assert found == [[sku, str(number) if form == "csv" else number] for sku, number in rows]
    with pytest.raises(OperationError, match="exists already"):
        export.write(path, ("sku", "n"), rows, form)
    assert path.read_text(encoding="utf-8") == text


def test_half_an_export_is_not_left(tmp_path: Path) -> None:
    def rows() -> Iterator[tuple[str]]:
        yield ("A",)
        raise OSError(28, "No space left on device")

    with pytest.raises(OperationError, match="Nothing is left of it"):
        export.write(tmp_path / "out", ("sku",), rows(), "csv")
    with pytest.raises(OperationError, match="Choose another place"):
        export.write(tmp_path / "none" / "out", ("sku",), [], "csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("8080", "127.0.0.1:8080"),
        (" 0.0.0.0:80 ", "0.0.0.0:80"),
        ("[::1]:65535", "[::1]:65535"),
        ("0", "127.0.0.1:0"),
        ("65536", None),
        ("host:80", None),
        ("", None),
        ("1.2.3:80", None),
        (":80", None),
        ("-1", None),
    ],
)
def test_a_place_to_listen(text: str, place: str | None) -> None:
    if place is None:
        with pytest.raises(InvalidError):
            service_hooks.ListenAddress.parse(text)
    else:
        assert str(service_hooks.ListenAddress.parse(text)) == place
        assert service_hooks.ListenAddress.parse(text).is_loopback == (not place.startswith("0.0.0.0"))


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("store", "store"), ("cart:77", "cart:77"), ("run:5", "run:5"), ("plan:5", "plan:5"),
        ("cart:Acme Shop", "cart:{cart}"), ("merchant:Acme", "merchant:{merchant}"), ("merchant:9", "merchant:9"),
    ],
)  # fmt: skip
def test_the_subject_of_an_entry(acme: Shelf, text: str, subject: str) -> None:
    assert audit._subject(acme.session, text) == subject.format(cart=acme.cart, merchant=acme.merchant)


def test_what_is_no_subject(acme: Shelf) -> None:
    for text in ("shop", "cart:none such", "merchant:none such", "::"):
        with pytest.raises(OperationError):
            audit._subject(acme.session, text)


def test_actions_are_meant_as_a_whole_before_they_are_meant_by_their_beginning() -> None:
    known = ("cart.set", "cart.settings", "plan.apply")
    assert audit._actions(known, "cart.set") == ("cart.set",)
    assert audit._actions(known, " CART.S ") == ("cart.set", "cart.settings")
    with pytest.raises(OperationError, match="has no action"):
        audit._actions(known, "xyz")


@pytest.mark.parametrize(
    ("severity", "levels"),
    [("info", ("info", "warning", "error")), ("warning", ("warning", "error")), ("error", ("error",))],
)
def test_events_that_matter_as_much_and_more(severity: str, levels: tuple[str, ...]) -> None:
    assert events.Severity(severity).and_worse == levels


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (RunSize(), ""),
        (RunSize(levels=1, products=1), "1 product + 1 stock level"),
        (RunSize(levels=9, products=3), "3 products + 9 stock levels"),
        (RunSize(listings=4), "4 listings"),
        (RunSize(listings=4, not_listed=0), "4 listings"),
        (RunSize(listings=1, not_listed=2), "1 listing + 2 products not listed in the cart"),
    ],
)
def test_what_the_sum_of_a_run_counts(size: RunSize, words: str) -> None:
    assert size.text == words


def test_the_ways_out_of_a_hold() -> None:
    release = ('invsync release 7 --reason "..."', 'invsync discard 7 --reason "..."')
    assert ways_out_of(7, "My Shop") == (*release, "invsync plan 'My Shop'")
    assert ways_out_of(7, None) == ways_out_of(7, "") == release


def test_outcomes_that_reasons_do_not_explain_stand_for_themselves() -> None:
    counts = {"set": 5, "equal": 0, "failed": 3, "skipped": 4, "total": 12}
    reasons = [
        some(outcome="failed", reason="A", count=2, cause="c", advice="a", sample="s"),
        some(outcome="failed", reason="B", count=1, cause="c", advice="a", sample="s"),
        some(outcome="skipped", reason="C", count=3, cause="c", advice="a", sample="s"),
    ]
    found: Any = some(run=some(counts=some(as_dict=lambda: counts)), reasons=reasons)
    assert [tuple(vars_of(row))[:3] for row in ends(found)] == [
        ("set", None, 5), ("skipped", None, 4), ("failed", "A", 2), ("failed", "B", 1), ("skipped", "C", 3),
    ]  # fmt: skip


def vars_of(row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in row.__slots__)


@pytest.mark.parametrize(
    ("raw", "lines"),
    [
        (
            '{"a": 1, "b": {"c": "x", "d": [true, null]}}',
            [("a", "1"), ("b.c", "x"), ("b.d.1", "true"), ("b.d.2", "null")],
        ),
        ("[[5], {}]", [("1.1", "5"), ("2", "{}")]),
        ('{"a": []}', [("a", "[]")]),
        ('"é"', [("", "é")]),
        ("half {", [("", "half {")]),
    ],
)
def test_a_record_as_keys_and_values(raw: str, lines: list[tuple[str, str]]) -> None:
    assert evidence_text.record_lines(raw) == lines


@pytest.mark.parametrize(("n", "shown", "last"), [(200, 200, "199"), (201, 201, "1 more values")])
def test_a_long_record_is_cut(n: int, shown: int, last: str) -> None:
    lines = evidence_text.record_lines(json.dumps(list(range(n))))
    assert (len(lines), lines[-1][1]) == (shown, last)


@pytest.mark.parametrize(
    ("limit", "enabled", "products", "confirmed", "stale"),
    [
        (100, 1, 5, NOW - 101, True), (100, 1, 5, NOW - 100, False), (None, 1, 5, NOW - 101, False),
        (100, 0, 5, NOW - 101, False), (100, 1, 0, NOW - 101, False), (100, 1, 5, None, True),
    ],
)  # fmt: skip
def test_a_warehouse_with_levels_that_are_too_old(
    limit: int | None, enabled: int, products: int, confirmed: int | None, stale: bool
) -> None:
    row: Any = some(stale_after=limit, enabled=enabled, products=products, confirmed_at=confirmed)
    assert stock._stale(row, NOW) is stale


def test_what_a_preview_has_counted_is_added_up() -> None:
    start = preview.Preview(100, 1, 2, 3, 4, 5, 6)
    effect: Any = some(looked_at=10, to_zero=20, changed=30, lose_match=40, gain_match=50, last=60)
    assert preview._plus(start, effect) == preview.Preview(
        total=100, counted=11, to_zero=22, changed=33, lose_match=44, gain_match=55, last=60
    )


@pytest.mark.parametrize("today", [0, 1])
def test_the_period_of_runs_in_a_row(monkeypatch: pytest.MonkeyPatch, today: int) -> None:
    noon = int(time.mktime((2026, 3, 5, 12, 0, 0, 0, 0, -1)))
    monkeypatch.setattr(folding.clock, "seconds", lambda: noon + today * DAY)
    day = "2026-03-05 " if today else ""
    assert folding._period(noon, noon + 3900) == f"{day}12:00-13:05"
    assert folding._period(noon, noon + DAY) == "2026-03-05 12:00 to 2026-03-06 12:00"
