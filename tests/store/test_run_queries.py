"""Queries of runs against plain Python over the same rows: several hundred runs whose kinds, keys, states and times collide."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from invsync_tui.store import audit, numbers
from invsync_tui.store.database import Store, open_store
from invsync_tui.store.diagnosis import metrics
from invsync_tui.store.paging import runs as run_pages
from invsync_tui.store.runs import newest, runs
from invsync_tui.store.runs.runs import RequestTimes, RunRow
from tests.support.stores.neighbors import move_in

Row = dict[str, Any]

MERCHANTS = (1, 2)
CARTS = {1: 2, 2: 1, 3: 1}
"""Merchant by cart: their numbers collide."""
GONE_CART = 9
KINDS = ("pull", "push", "radar")
NOW = 6
ENDED = ("done", "failed", "cancelled")
PHASES = ("read", "plan", "send")


def _keys(kind: str) -> Sequence[int]:
    return MERCHANTS if kind == "pull" else (*CARTS, GONE_CART)


def _population() -> list[Row]:
    """Runs that ended, and of some keys one that is requested and one that is active; by number."""
    dice = random.Random(11)
    rows: list[Row] = []

    def add(kind: str, key: int, state: str) -> None:
        ended = state in ENDED
        phases = [{"name": name, "state": dice.choice(["done", "failed"])} for name in PHASES if dice.random() < 0.7]
        rows.append(
            {
                "id": len(rows) + 1, "kind": kind, "key": key, "state": state, "trigger": dice.choice(["manual", "again"]),
                "merchant_id": key if kind == "pull" else CARTS.get(key, 1), "requested_by": dice.choice(["ann", "bob"]),
                "requested_at": dice.randrange(NOW + 2), "started_at": dice.choice([None, *range(NOW + 3)]),
                "ended_at": dice.randrange(1, NOW + 2) if ended or state == "held" else None,
                "counts": json.dumps(dice.choice([{}, {"held": 0}, {"held": 2}])),
                "reasons": json.dumps(dice.choice([{}, {"AUTH_FAILED": 1}, {"NOT_IN_CART": 1}])),
                "phases": json.dumps(phases), "full": dice.randrange(2), "cancel_requested": dice.randrange(2),
                "not_before": None, "plan_id": None, "after_run": None, "rev": dice.randrange(3),
            }
        )  # fmt: skip

    for _ in range(8):
        for kind in KINDS:
            for key, state in product(_keys(kind), ENDED):
                if dice.random() < 0.6:
                    add(kind, key, state)
    for kind in KINDS:
        for n, key in enumerate(_keys(kind)):
            add(kind, key, ("running", "held", "cancelling", "held")[(n + KINDS.index(kind)) % 4])
            add(kind, key, "requested")
    active = [row["id"] for row in rows if row["state"] in ("running", "held", "cancelling")]
    asked = [row for row in rows if row["state"] == "requested"]
    for n, row in enumerate(asked):
        row["not_before"] = (None, NOW - 1, NOW, NOW + 1, NOW + 9)[n % 5]
        row["plan_id"] = (None, None, 4)[n % 3]
        row["after_run"] = (None, *active)[n % (1 + len(active))]
        row["requested_at"] = (0, NOW + 5, NOW + 6)[n % 3]
    return rows


ROWS = _population()
SEEN = [row for row in ROWS if row["key"] != GONE_CART]
"""Runs that are shown: those of a cart that was removed are out of sight."""
LINES = [(kind, key) for kind in KINDS for key in _keys(kind)]
"""Kinds and keys, those of the cart that was removed too."""


@cache
def _filled() -> bytes:
    """The file of a store with these runs, made once."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        made = move_in(path, alone=True)
        with made.transaction() as tx:
            _fill(tx)
        made.checkpoint()
        made.close()
        return path.read_bytes()


def _fill(tx: sqlite3.Connection) -> None:
    for number in MERCHANTS:
        tx.execute("INSERT INTO merchant (id, name, created_at) VALUES (?, ?, 0)", (number, f"M{number}"))
    for number, merchant in CARTS.items():
        tx.execute(
            "INSERT INTO cart (id, merchant_id, name, system, url, created_at) VALUES (?, ?, ?, 'sandbox', 'u', 0)",
            (number, merchant, f"C{number}"),
        )
    for row in ROWS:
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        tx.execute(f"INSERT INTO run ({names}) VALUES ({marks})", tuple(row.values()))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "store.db"
    path.touch(0o600)
    path.write_bytes(_filled())
    made = open_store(path)
    yield made
    made.close()


@pytest.fixture
def cx(store: Store) -> Iterator[sqlite3.Connection]:
    with store.reading() as connection:
        yield connection


def ids(rows: Sequence[RunRow]) -> list[int]:
    return [row.id for row in rows]


def of(kind: str, key: int, *states: str) -> list[Row]:
    """The rows of a kind and key in some states, by number."""
    return [row for row in ROWS if (row["kind"], row["key"]) == (kind, key) and row["state"] in states]


def run_row(cx: sqlite3.Connection, number: int) -> RunRow:
    row = runs.get(cx, number)
    assert row is not None
    return row


def test_a_run_has_the_names_of_its_own_merchant_and_cart(cx: sqlite3.Connection) -> None:
    for row in ROWS:
        stored = runs.get(cx, row["id"])
        if row["key"] == GONE_CART:
            assert stored is None
            continue
        assert stored is not None
        cart = None if row["kind"] == "pull" else f"C{row['key']}"
        assert (stored.merchant, stored.cart) == (f"M{row['merchant_id']}", cart)
        assert {name: getattr(stored, name) for name in row} == row


@pytest.mark.parametrize("merchant", [None, *MERCHANTS])
def test_the_newest_runs_come_first_page_by_page(cx: sqlite3.Connection, merchant: int | None) -> None:
    expected = [row["id"] for row in SEEN[::-1] if merchant in (None, row["merchant_id"])]
    pages, before = [], None
    while page := runs.recent(cx, merchant, before, 7):
        assert len(page) <= 7
        pages += ids(page)
        before = page[-1].id
    assert pages == expected


@pytest.mark.parametrize("merchant", [None, *MERCHANTS])
def test_the_newest_run_of_each_line(cx: sqlite3.Connection, merchant: int | None) -> None:
    newest = {(row["merchant_id"], row["kind"], row["key"]): row["id"] for row in SEEN}
    expected = [newest[line] for line in sorted(newest) if merchant in (None, line[0])]
    assert ids(runs.newest_per_key(cx, merchant)) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_the_newest_run_that_ended_of_each_key(cx: sqlite3.Connection, kind: str) -> None:
    expected = {key: of(kind, key, "done", "failed")[-1]["id"] for key in _keys(kind) if key != GONE_CART}
    assert {key: row.id for key, row in runs.last_ended(cx, kind).items()} == expected


@pytest.mark.parametrize(("kind", "key"), LINES)
def test_failures_in_a_row(cx: sqlite3.Connection, kind: str, key: int) -> None:
    last_good = max((row["id"] for row in of(kind, key, "done")), default=0)
    failed = [row["ended_at"] for row in of(kind, key, "failed") if row["id"] > last_good]
    assert runs.failing_since(cx, kind, key) == (min(failed, default=0), len(failed))
    good = of(kind, key, "done")
    line = metrics.runs_of(cx, kind, key)
    assert line == (kind, key, good[-1]["ended_at"] if good else None, len(failed), len(of(kind, key, "held")))


def test_what_was_before_a_run(cx: sqlite3.Connection) -> None:
    for row in SEEN:
        run = run_row(cx, row["id"])
        earlier = [other for other in of(run.kind, run.key, *ENDED, "held") if other["id"] < run.id]
        ended = [other for other in earlier if other["state"] in ("done", "failed")]
        before = runs.ended_before(cx, run)
        assert (before and before.id) == (ended[-1]["id"] if ended else None)
        assert run_pages.before(cx, run) == (earlier[-1]["id"] if earlier else None)
        last_good = max((other["id"] for other in ended if other["state"] == "done"), default=0)
        failed = [other["ended_at"] for other in ended if other["state"] == "failed" and other["id"] > last_good]
        assert runs.failing_before(cx, run) == (min(failed, default=0), len(failed))


def _behind_held(row: Row) -> bool:
    return row["plan_id"] is None and any(
        ROWS[row["after_run"] - 1]["state"] == "held" for _ in range(bool(row["after_run"]))
    )


def test_runs_that_may_start(cx: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs.clock, "TOLERANCE", 5.0)
    expected = []
    for row in SEEN:
        later = row["not_before"] is not None and row["not_before"] > NOW and row["requested_at"] <= NOW + 5
        if row["state"] == "requested" and not _behind_held(row) and not later:
            expected.append(row["id"])
    assert ids(runs.requested(cx, NOW)) == expected
    asked = [row for row in SEEN if row["state"] == "requested"]
    assert 3 < len(expected) < len(asked)


def test_what_waits_for_a_held_run(store: Store) -> None:
    asked = [row for row in ROWS if row["state"] == "requested"]
    with store.transaction() as tx:
        for row in ROWS:
            waits = row in asked and _behind_held(row)
            assert runs.held_before(tx, row["id"]) == (row["after_run"] if waits else None)
        held = next(row["after_run"] for row in asked if _behind_held(row) and row in SEEN)
        runs.cancel_behind(tx, held, "given up", NOW)
        ended = tx.execute("SELECT id, state, error, ended_at FROM run WHERE error = 'given up' ORDER BY id").fetchall()
    behind = [row["id"] for row in asked if row["after_run"] == held and _behind_held(row)]
    assert ended == [(number, "cancelled", "given up", NOW) for number in behind]


def test_what_is_open(cx: sqlite3.Connection) -> None:
    for merchant in MERCHANTS:
        expected = [row["id"] for row in SEEN if row["merchant_id"] == merchant and row["state"] not in ENDED]
        assert ids(runs.active_of(cx, merchant)) == expected
    assert ids(runs.underway(cx)) == [row["id"] for row in SEEN if row["state"] in ("running", "cancelling")]
    assert metrics.waiting(cx) == len([row for row in ROWS if row["state"] == "requested"])
    for cart in CARTS:
        wanted = [(row["id"], row["rev"]) for row in of("push", cart, "requested") if row["full"]]
        assert runs.complete_reads_wanted(cx, cart) == wanted
    for row in ROWS:
        assert runs.cancel_requested(cx, row["id"]) is bool(row["cancel_requested"])
    assert runs.cancel_requested(cx, len(ROWS) + 1) is False


@pytest.mark.parametrize(("kind", "key"), LINES)
def test_when_the_last_good_run_began(cx: sqlite3.Connection, kind: str, key: int) -> None:
    good = [row for row in of(kind, key, "done") if row["started_at"] is not None]
    for now in range(NOW + 4):
        whole = [row["started_at"] for row in good if not json.loads(row["counts"]).get("held")]
        assert runs.last_good_start(cx, kind, key, now) == max((at for at in whole if at <= now), default=0)
        for phase in PHASES:
            began = [row["started_at"] for row in good if row["started_at"] > now and _went_well(row, phase)]
            assert runs.last_good_phase(cx, kind, key, phase, now) == (began[-1] if began else None)


def _went_well(row: Row, phase: str) -> bool:
    return {"name": phase, "state": "done"} in json.loads(row["phases"])


def test_whether_a_phase_of_another_run_serves_a_request(cx: sqlite3.Connection) -> None:
    answers = set()
    for keys, kind, phase in product(([1], [2], [1, 3], []), KINDS, PHASES):
        for made_at, earliest, now in product(range(0, NOW + 3, 2), (0, 3, NOW), (3, NOW, NOW + 2)):
            expected = any(
                row["kind"] == kind and row["key"] in keys and row["state"] == "done" and _went_well(row, phase)
                and row["started_at"] is not None and earliest <= row["started_at"] <= now
                and (row["started_at"] > made_at or row["started_at"] == made_at == row["requested_at"])
                for row in ROWS
            )  # fmt: skip
            assert runs.phase_serves(cx, kind, keys, phase, RequestTimes(made_at, earliest, now)) is expected
            answers.add(expected)
    assert answers == {True, False}


@pytest.mark.parametrize(("kind", "key"), LINES)
def test_a_refused_login_counts_until_the_connection_is_changed(store: Store, kind: str, key: int) -> None:
    ended = of(kind, key, "done", "failed")
    last = ended[-1] if ended else None
    refused = last is not None and last["state"] == "failed" and "AUTH_FAILED" in json.loads(last["reasons"])
    with store.transaction() as tx:
        assert runs.login_refused(tx, kind, key) is refused
        if last is None or not refused:
            return
        what = "merchant" if kind == "pull" else "cart"
        # others, earlier, and what leads nowhere else
        audit.record(tx, NOW, "ann", f"{what} login", f"{what}:{key + 100}")
        audit.record(tx, NOW, "ann", "cart login" if what == "merchant" else "merchant login", f"other:{key}")
        audit.record(tx, last["ended_at"] - 1, "ann", f"{what} login", f"{what}:{key}")
        audit.record(tx, NOW, "ann", f"{what} set", f"{what}:{key}", before='{"name": "x"}')
        audit.record(tx, NOW, "ann", f"{what} set", f"{what}:{key}")
        audit.record(tx, NOW, "ann", f"{what} frozen", f"{what}:{key}", before='{"url": "x"}')
        assert runs.login_refused(tx, kind, key) is True
        audit.record(tx, last["ended_at"], "ann", f"{what} set", f"{what}:{key}", before='{"secrets": "x"}')
        assert runs.login_refused(tx, kind, key) is False


def test_a_refused_login_is_among_the_runs() -> None:
    last = [of(kind, key, "done", "failed")[-1] for kind, key in LINES]
    assert any(row["state"] == "failed" and "AUTH_FAILED" in row["reasons"] for row in last)


@pytest.mark.parametrize(("action", "before", "changed"), [
    ("cart login", "", True), ("merchant login", "", True), ("cart set", '{"login": "x"}', True),
    ("merchant set", '{"options": "{}", "rev": 1}', True), ("cart set", '{"url": "x"}', True),
    ("cart set", '{"secret": "x"}', True), ("cart set", '{"name": "x"}', False), ("cart set", "", False),
    ("cart added", '{"url": "x"}', False),
])  # fmt: skip
def test_which_orders_change_a_connection(store: Store, action: str, before: str, changed: bool) -> None:
    with store.transaction() as tx:
        audit.record(tx, 5, "ann", action, "cart:3", before=before)
        assert audit.connection_changed(tx, "cart:3", 5) is changed
        assert audit.connection_changed(tx, "cart:3", 6) is False
        assert audit.connection_changed(tx, "cart:2", 5) is False


@pytest.mark.parametrize("merchants", [[], *([number] for number in MERCHANTS), list(MERCHANTS)])
def test_the_newest_runs_of_some_merchants_are_those_that_all_have(
    cx: sqlite3.Connection, merchants: list[int]
) -> None:
    everything = runs.newest_per_key(cx, None)
    assert newest.newest_of(cx, merchants) == [row for row in everything if row.merchant_id in merchants]


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_ended_run_of_some_keys_is_that_of_all(cx: sqlite3.Connection, kind: str) -> None:
    everything = runs.last_ended(cx, kind)
    for keys in ([], list(everything)[:1], list(everything)):
        assert newest.last_ended_of(cx, kind, keys) == {key: everything[key] for key in keys}


def test_what_is_open_or_fails_is_counted_over_everything(cx: sqlite3.Connection) -> None:
    everything = runs.newest_per_key(cx, None)
    active = {"running", "cancelling", "held"}
    assert ids(newest.under_way_or_held(cx)) == ids([row for row in everything if row.state in active])
    assert newest.failing(cx) == sum(row.state == "failed" for row in everything)
    stored = cx.execute("SELECT id FROM run WHERE state = 'held' ORDER BY id").fetchall()
    assert stored
    assert sorted(newest.held(cx)) == [row[0] for row in stored]
    assert numbers.newest_runs(cx, 3) == [row[0] for row in cx.execute("SELECT id FROM run ORDER BY id DESC LIMIT 3")]


def test_the_last_pushes_of_a_cart_are_those_that_are_not_under_way(cx: sqlite3.Connection) -> None:
    for key in _keys("push"):
        over = [row for row in ROWS if row["kind"] == "push" and row["key"] == key and row["state"] in OVER]
        assert [push.id for push in newest.last_pushes(cx, key, 2)] == [row["id"] for row in over[::-1][:2]]


OVER = ("held", "cancelled", "done", "failed")
