"""A store that is used for years stays small, and forgets nothing that somebody still needs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from invsync_tui import config
from invsync_tui.config import ConfigError
from invsync_tui.store.connection import VERSION
from invsync_tui.store.database import Store, open_store
from invsync_tui.store.file import check
from invsync_tui.store.retention import DAY, KINDS, RUNS_LEFT, Limits, step
from invsync_tui.sync.maintenance import Upkeep
from tests.support.stores import old_stores
from tests.support.stores.retention_store import run_once

NOW = 2_000_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(old_stores.make(tmp_path / "store.db", VERSION))
    yield made
    made.close()


def keep_small(store: Store, limits: Limits, now: int) -> int:
    """One round over everything."""
    removed = 0
    for kind in KINDS:
        cursor: tuple[int, ...] | None = ()
        while cursor is not None:
            with store.transaction() as tx:
                done, cursor = step(tx, kind, limits, now, cursor)
            removed += done
    return removed


def test_two_years_of_runs_are_as_large_as_half_a_year(store: Store) -> None:
    # given: a run every two hours, and a round every five days
    sizes = {}
    for day in range(730):
        with store.transaction() as tx:
            for hour in range(0, 24, 2):
                run_once(tx, NOW + day * DAY + hour * 3600)
        if day % 5 == 4:
            keep_small(store, Limits(audit=180), NOW + (day + 1) * DAY)
        if day in (184, 729):
            sizes[day] = store.one("PRAGMA page_count")[0]
    # then: bounded, and nothing is out of order
    assert sizes[729] <= sizes[184] * 1.1
    assert store.one("SELECT count(*) FROM run")[0] <= 96 * 12
    assert store.one("SELECT count(*) FROM push_batch")[0] <= 36 * 12
    assert store.one("SELECT count(*) FROM pull_page")[0] == 0
    with store.reading() as cx:
        assert [rule for rule in check.rules(cx) if rule.code == "orphan"] == []


def test_what_somebody_needs_stays(store: Store) -> None:
    # given: all of it is ancient
    old = NOW - 5000 * DAY
    with store.transaction() as tx:
        tx.execute("DELETE FROM audit")
        named = run_once(tx, old)
        tx.execute("UPDATE listing SET run_id = ? WHERE id = 1", (named,))
        held = run_once(tx, old, "pull", "held")
        doubt = run_once(tx, old)
        tx.execute("UPDATE push_batch SET state = 'in_doubt' WHERE run_id = ?", (doubt,))
        last = [run_once(tx, old) for _ in range(RUNS_LEFT)]
        open_ = tx.execute(
            "INSERT INTO pull_generation (merchant_id, run_id, kind, state, started_at) VALUES (1, 1, 'full', 'open', ?)",
            (old,),
        ).lastrowid
        tx.execute("INSERT INTO pull_page VALUES (?, 's', 1, 1, 1, 0, x'')", (open_,))
        fulls = [
            tx.execute(
                "INSERT INTO pull_generation (merchant_id, run_id, kind, state, started_at, ended_at) "
                "VALUES (1, 1, 'full', 'complete', ?, ?)",
                (old, old),
            ).lastrowid
            for _ in range(4)
        ]
    # when
    keep_small(store, Limits(), NOW)
    keep_small(store, Limits(), NOW)
    # then
    assert [row[0] for row in store.read("SELECT id FROM run ORDER BY id")] == [named, held, doubt, *last]
    assert store.read("SELECT run_id FROM push_batch") == [(doubt,)]
    assert [row[0] for row in store.read("SELECT id FROM pull_generation")] == [open_, *fulls[-2:]]
    assert store.one("SELECT count(*) FROM pull_page") == (1,)


def test_the_audit_goes_last_and_never_silently(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    # given
    with store.transaction() as tx:
        tx.execute("DELETE FROM audit")
        rows = [(NOW - days * DAY,) for days in (900, 800, 731, 729, 1)]
        tx.executemany("INSERT INTO audit (at, who, action, subject) VALUES (?, 'ann', 'sync', 's')", rows)
    # when
    keep_small(store, Limits(), NOW)
    # then
    assert [row[0] for row in store.read("SELECT (?1 - at) / 86400 FROM audit WHERE who = 'ann'", (NOW,))] == [729, 1]
    who, action, before, reason = store.one("SELECT who, action, before, reason FROM audit ORDER BY id DESC LIMIT 1")
    assert (who, action) == ("invsync", "audit.removed")
    assert before == f"{NOW - 900 * DAY}..{NOW - 731 * DAY}"
    assert reason == "3 entries older than 730 days, as [retention] in the configuration says"
    assert "removed 3 entries" in caplog.text
    # and 0 keeps all of it for ever
    keep_small(store, Limits(audit=0), NOW + 5000 * DAY)
    assert store.one("SELECT count(*) FROM audit") == (3,)


def test_a_worker_goes_on_with_its_round_one_short_step_at_a_time_and_sweeps(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    at = 1000.0
    monkeypatch.setattr("invsync_tui.clock.elapsed", lambda: at)
    with store.transaction() as tx:
        for _ in range(900):
            run_once(tx, 1_000_000)
    left = store.path.with_name(f".{store.path.name}.{2**22 + 5}.new")
    left.write_bytes(b"half")
    upkeep = Upkeep(store, Limits())
    at += 59
    assert not upkeep.step()
    # when
    at += 2
    longest, steps = 0.0, 1
    begun = time.process_time()
    while upkeep.step():
        longest, begun = max(longest, time.process_time() - begun), time.process_time()
        steps += 1
    # then
    assert steps > len(KINDS)
    assert longest < 0.05
    assert store.one("SELECT count(*) FROM run") == (RUNS_LEFT,)
    assert not left.exists()
    assert not upkeep.step(), "not before an hour has passed"


def test_each_round_deletes_by_what_is_configured_by_then(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a service that was started when runs were kept for a short time
    at = 1000.0
    monkeypatch.setattr("invsync_tui.clock.elapsed", lambda: at)
    with store.transaction() as tx:
        for _ in range(60):
            run_once(tx, 1_000_000)
    configured: Limits | None = Limits(runs=0)
    upkeep = Upkeep(store, Limits(), lambda: configured)
    # when they are kept for ever by its first round
    at += 120
    while upkeep.step():
        pass
    assert store.one("SELECT count(*) FROM run") == (60,)
    # and nobody knows for how long by its second
    configured = None
    at += 7200
    assert not upkeep.step()
    assert store.one("SELECT count(*) FROM run") == (60,)
    # then only what is configured deletes
    configured = Limits()
    at += 7200
    while upkeep.step():
        pass
    assert store.one("SELECT count(*) FROM run") == (RUNS_LEFT,)


def test_a_clock_that_is_set_ahead_makes_no_record_old(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    now, at = float(NOW), 1000.0
    monkeypatch.setattr("invsync_tui.clock.now", lambda: now)
    monkeypatch.setattr("invsync_tui.clock.elapsed", lambda: at)
    upkeep = Upkeep(store, Limits())
    with store.transaction() as tx:
        tx.execute("DELETE FROM audit")
        for _ in range(60):
            run_once(tx, NOW)
    # when: five years ahead
    now += 1800 * DAY
    at += 120
    upkeep.finish()
    # then
    assert store.one("SELECT count(*) FROM run") == (60,)
    assert store.one("SELECT count(*) FROM audit") == (60,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("runs = 800", "audit must be kept longest, at least as long as runs"),
        ("runs = 0", "at least as long as runs"),
        ("audit = 10", "audit must be kept longest"),
        ("runs = -1", "runs must be a number of days"),
        ("runs = true", "runs must be a number of days"),
        ("runs = 'x'", "runs must be a number of days"),
        ("logs = 3", "unknown kind of records 'logs'"),
    ],
)
def test_a_mistake_in_the_retention_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "c.toml"
    path.write_text(f"[retention]\n{text}\n")
    with pytest.raises(ConfigError, match=said):
        config.load(config.Flags(config=str(path)), {})


def test_the_configuration_says_how_long_records_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("[retention]\nruns = 10\naudit = 0\n")
    assert Limits(**config.load(config.Flags(config=str(path)), {}).retention) == Limits(runs=10, audit=0)
    assert Limits(**config.RETENTION) == Limits()


def test_what_is_kept_for_ever_is_not_counted_as_removed(store: Store) -> None:
    with store.transaction() as tx:
        for at in range(5):
            run_once(tx, at)
    for_ever = Limits(0, 0, 0, 0, 0, 0, 0, 0)
    for kind in KINDS:
        if kind != "pages":
            with store.transaction() as tx:
                assert step(tx, kind, for_ever, NOW, ()) == (0, None)


@pytest.mark.parametrize("table", ["level_history", "listing_history"])
def test_old_changes_go_in_as_many_steps_as_they_need(
    store: Store, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    monkeypatch.setattr("invsync_tui.store.retention.ROWS", 2)
    old, young = NOW - 31 * DAY, NOW - 29 * DAY
    columns = "product_id, warehouse_id" if table == "level_history" else "listing_id"
    with store.transaction() as tx:
        names = [row[1] for row in tx.execute(f"PRAGMA table_info({table})")]
        keys = "?, 1" if table == "level_history" else "?"
        assert {"at", *columns.split(", ")} <= set(names)
        rows = [(number, at) for number in range(1, 46) for at in (old, young)]
        tx.executemany(f"INSERT INTO {table} ({columns}, at) VALUES ({keys}, ?)", rows)
    assert keep_small(store, Limits(), NOW) >= 45
    assert store.read(f"SELECT DISTINCT at FROM {table}") == [(young,)]
