"""A clock that is ahead deletes no record by its age, whether it was set before or after this process began."""

from __future__ import annotations

import logging
import re
import time
from pathlib import Path
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.store import days_seen
from invsync_tui.store.retention import Limits
from invsync_tui.sync import maintenance
from invsync_tui.sync.deletion_time import ACTION, deletion_time
from tests.support.runs.sandbox_world import Town
from tests.support.stores.schedule_store import field

DAY = 86_400
NOW = 1_760_000_000
RECORDS = ("decision_record", "exchange", "level_history", "listing_history", "run_event")


def _records(our_town: Town) -> dict[str, int]:
    return {table: our_town.bench.one(f"SELECT count(*) FROM our_{table}") for table in RECORDS}


async def test_a_run_that_ends_while_the_clock_is_ahead_deletes_nothing(
    synced: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    our_town, before = synced, _records(synced)
    settings = our_town.bench.one("SELECT count(*) FROM our_run WHERE settings <> ''")
    assert before["decision_record"] and settings
    with our_town.bench.by_hand() as tx:
        tx.execute("UPDATE level SET available = available + 1")
        tx.execute("UPDATE listing SET pending = 1")
    # when
    monkeypatch.setattr(clock, "now", lambda: time.time() + 40 * DAY)
    await our_town.bench.push(our_town.cart_id)
    await our_town.bench.pull()
    # then
    after = _records(our_town)
    assert [table for table in RECORDS if after[table] < before[table]] == []
    assert our_town.bench.one("SELECT count(*) FROM our_run WHERE settings <> ''") >= settings
    audited = our_town.bench.store.read("SELECT after FROM audit WHERE action = ?", (ACTION,))
    assert len(audited) == 1 and re.search("stands (39|40) days after the last day", audited[0][0])


@pytest.mark.parametrize("ahead", [40, 3 * 365])
def test_a_service_that_starts_with_the_clock_ahead_keeps_everything_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, ahead: int
) -> None:
    # given: a store in use for weeks
    our_field, at = field(tmp_path, merchants=1, carts=1), [1000.0]
    with our_field.store.transaction() as tx:
        for day in range(20, -1, -1):
            deletion_time(tx, NOW - day * DAY)
        tx.execute("INSERT INTO audit (at, who, action, subject) VALUES (?, 'pat', 'sync', 'run:1')", (NOW,))
    monkeypatch.setattr(clock, "now", lambda: float(NOW + ahead * DAY))
    monkeypatch.setattr(clock, "elapsed", lambda: at[0])
    # when: three rounds
    upkeep = maintenance.Upkeep(our_field.store, Limits(audit=30))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            at[0] += 7200
            while upkeep.step():
                pass
    # then
    entries = our_field.store.read("SELECT who, action, after FROM audit ORDER BY id")
    assert [entry[:2] for entry in entries if entry[0] == "pat" or entry[1] == ACTION] == [
        ("pat", "sync"), ("invsync", ACTION)
    ]  # fmt: skip
    assert "If the clock is wrong, set it right" in entries[-1][2]
    assert len([record for record in caplog.records if "older by this clock alone" in record.getMessage()]) == 1


def _told(tx: Any) -> int:
    return int(tx.execute("SELECT count(*) FROM audit WHERE action = ?", (ACTION,)).fetchone()[0])


def test_a_clock_is_believed_after_days_of_work_by_it(tmp_path: Path) -> None:
    # given: three weeks of work, three months without
    with field(tmp_path, merchants=1, carts=1).store.transaction() as tx:
        for day in range(21):
            assert deletion_time(tx, NOW + day * DAY) == NOW + day * DAY
        assert _told(tx) == 0
        # when
        late = NOW + 111 * DAY
        held = [deletion_time(tx, late + day * DAY) for day in range(days_seen.NEEDED - 1)]
        # then
        assert max(held) <= NOW + (21 + days_seen.NEEDED + days_seen.PAUSE) * DAY
        assert _told(tx) == days_seen.NEEDED - 1
        again = late + days_seen.NEEDED * DAY
        assert deletion_time(tx, again) == again
        assert _told(tx) == days_seen.NEEDED - 1


def test_a_day_ahead_for_a_while_does_not_make_the_clock_believed_later(tmp_path: Path) -> None:
    # given
    with field(tmp_path, merchants=1, carts=1).store.transaction() as tx:
        for day in range(21):
            deletion_time(tx, NOW + day * DAY)
        # when: ahead for an hour, and right again
        for minute in range(60):
            assert deletion_time(tx, NOW + 1000 * DAY + minute * 60) < NOW + 31 * DAY
        # then
        assert deletion_time(tx, NOW + 21 * DAY) == NOW + 21 * DAY
        assert _told(tx) == 1


@pytest.mark.parametrize("pause", [1, 2, 3])
def test_a_long_weekend_is_no_clock_that_is_ahead(tmp_path: Path, pause: int) -> None:
    with field(tmp_path, merchants=1, carts=1).store.transaction() as tx:
        for day in range(10):
            deletion_time(tx, NOW + day * DAY)
        after = NOW + (9 + pause + 1) * DAY
        assert deletion_time(tx, after) == after
        assert _told(tx) == 0
