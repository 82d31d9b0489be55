"""Each kind of record goes one second after its limit and not before, and not while something names it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from invsync_tui.store.database import Store, open_store
from invsync_tui.store.retention import DAY, ROWS, RUNS_LEFT, Cursor, Limits, step
from tests.support.stores.neighbors import empty_store

NOW = 2_000_000_000
LIMITS = Limits(runs=5, batches=6, exchanges=7, generations=8, history=9, renames=10, audit=11)
RUN = (
    "INSERT INTO run (id, kind, key, merchant_id, state, trigger, requested_by, requested_at, ended_at) "
    "VALUES ({0}, 'push', {2}, 1, '{3}', 't', 'b', 1, {1})"
)
PULLED = (
    "INSERT INTO pull_generation (id, merchant_id, run_id, kind, state, started_at, ended_at) "
    "VALUES ({0}, {2}, 1, '{3}', '{4}', 1, {1})"
)
BATCH = (
    "INSERT INTO push_batch (id, cart_id, run_id, epoch, items, body, state, created_at, answer_by_ms, ended_at) "
    "VALUES ('{0}', 1, {2}, 1, '[]', x'', '{3}', {4}, 0, {1})"
)


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    (tmp_path / "store.db").write_bytes(empty_store())
    store: Store = open_store(tmp_path / "store.db")
    with store.transaction() as made:
        made.execute("PRAGMA defer_foreign_keys = ON")
        yield made
        made.rollback()
        made.execute("BEGIN")
    store.close()


def kept(tx: sqlite3.Connection, kind: str, table: str, column: str = "id", limits: Limits = LIMITS) -> list[object]:
    """What is left of a table after a whole round over a kind."""
    cursor: Cursor | None = ()
    while cursor is not None:
        _, cursor = step(tx, kind, limits, NOW, cursor)
    return [row[0] for row in tx.execute(f"SELECT {column} FROM {table} ORDER BY 1")]


def ages(days: int) -> dict[int, int]:
    """By number: older than so many days by a second, as old, and younger by a second."""
    return {1: NOW - days * DAY - 1, 2: NOW - days * DAY, 3: NOW - days * DAY + 1}


STATEMENTS = {
    "exchanges": (
        7, "exchange",
        "INSERT INTO exchange (id, run_id, at_ms, took_ms, method, url, request, answer) "
        "VALUES ({0}, 1, {1} * 1000, 1, 'GET', 'u', x'', x'')",
    ),
    "batches": (6, "push_batch", BATCH.format("{0}", "{1}", 1, "answered", 5)),
    "renames": (10, "listing_rename", "INSERT INTO listing_rename (listing_id, at, before, after) VALUES ({0}, {1}, 'a', 'b')"),
    "listings": (9, "listing_history", ""),
    "levels": (9, "level_history", ""),
    "generations": (8, "pull_generation", PULLED.format("{0}", "{1}", 1, "delta", "complete")),
}  # fmt: skip
NAMES = {"renames": "listing_id", "listings": "listing_id", "levels": "product_id"}


def fill(tx: sqlite3.Connection, kind: str, at: dict[int, int]) -> None:
    for number, seconds in at.items():
        statement = STATEMENTS[kind][2]
        if statement:
            tx.execute(statement.format(number, seconds))
            continue
        table = STATEMENTS[kind][1]
        given = {"listing_id": number, "product_id": number, "warehouse_id": 1, "at": seconds}
        columns = tx.execute(f"SELECT name, type, dflt_value, \"notnull\" FROM pragma_table_info('{table}')").fetchall()
        values = {name: given.get(name, "" if kind_ == "TEXT" else 0) for name, kind_, _, needed in columns if needed}
        tx.execute(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", [*values.values()]
        )


@pytest.mark.parametrize("kind", STATEMENTS)
def test_a_record_goes_one_second_after_its_limit(tx: sqlite3.Connection, kind: str) -> None:
    days, table, _ = STATEMENTS[kind]
    fill(tx, kind, ages(days))
    assert [str(one) for one in kept(tx, kind, table, NAMES.get(kind, "id"))] == ["2", "3"]


@pytest.mark.parametrize("kind", STATEMENTS)
def test_what_is_kept_for_ever_stays(tx: sqlite3.Connection, kind: str) -> None:
    fill(tx, kind, {1: 1, 2: 2})
    _, table, _ = STATEMENTS[kind]
    forever = Limits(runs=0, batches=0, exchanges=0, generations=0, history=0, renames=0, audit=0)
    assert len(kept(tx, kind, table, NAMES.get(kind, "id"), forever)) == 2


@pytest.mark.parametrize("kind", STATEMENTS)
def test_a_step_is_small_and_says_how_much_it_did(tx: sqlite3.Connection, kind: str) -> None:
    most = ROWS * 10 if kind in ("listings", "levels") else ROWS
    fill(tx, kind, dict.fromkeys(range(1, most + 2), 5))
    first, cursor = step(tx, kind, LIMITS, NOW, ())
    assert (first, cursor is None) == (most, False)
    assert cursor is not None
    assert step(tx, kind, LIMITS, NOW, cursor) == (1, None)


def test_an_entry_of_the_audit_goes_one_second_after_its_limit_and_leaves_one_that_says_so(
    tx: sqlite3.Connection,
) -> None:
    tx.execute("DELETE FROM audit")
    for at in ages(11).values():
        tx.execute("INSERT INTO audit (at, who, action, subject) VALUES (?, 'ann', 'a', 's')", (at,))
    older = NOW - 12 * DAY
    tx.execute("INSERT INTO audit (at, who, action, subject) VALUES (?, 'ann', 'a', 's')", (older,))
    kept(tx, "audit", "audit")
    oldest = ages(11)[1]
    assert tx.execute("SELECT at, who, action, subject, before, after, reason FROM audit ORDER BY id").fetchall() == [
        (ages(11)[2], "ann", "a", "s", "", "", ""),
        (ages(11)[3], "ann", "a", "s", "", "", ""),
        (
            NOW, "invsync", "audit.removed", "store", f"{older}..{oldest}", "",
            "2 entries older than 11 days, as [retention] in the configuration says",
        ),
    ]  # fmt: skip


def test_batches_that_may_still_be_applied_stay(tx: sqlite3.Connection) -> None:
    old = NOW - 100 * DAY
    for number, state in enumerate(("answered", "refused", "intent", "submitted", "in_doubt")):
        tx.execute(BATCH.format(f"b{number}", old, 1, state, old))
    tx.execute(BATCH.format("no end", "NULL", 1, "answered", old))
    tx.execute(BATCH.format("no end, new", "NULL", 1, "answered", NOW))
    assert kept(tx, "batches", "push_batch") == ["b2", "b3", "b4", "no end, new"]


def test_the_last_two_complete_downloads_of_each_merchant_stay(tx: sqlite3.Connection) -> None:
    ancient, old = NOW - 400 * DAY - 1, NOW - 399 * DAY
    rows = [
        (1, ancient, 1, "full", "complete"), (2, old, 1, "full", "complete"), (3, ancient, 1, "full", "abandoned"),
        (4, old, 1, "delta", "complete"), (5, ancient, 2, "full", "complete"), (6, ancient, 1, "full", "complete"),
        (7, ancient, 2, "full", "complete"), (8, ancient, 1, "full", "complete"), (9, ancient, 1, "full", "open"),
        (10, ancient, 1, "full", "complete"), (11, ancient, 2, "delta", "open"),
    ]  # fmt: skip
    for row in rows:
        tx.execute(PULLED.format(*row))
    assert kept(tx, "generations", "pull_generation") == [2, 5, 7, 8, 9, 10, 11]


def test_pages_of_a_download_that_is_under_way_stay(tx: sqlite3.Connection) -> None:
    for number, state in enumerate(("open", "complete", "abandoned"), 1):
        tx.execute(PULLED.format(number, "NULL", 1, "full", state))
        tx.execute(
            "INSERT INTO pull_page (generation_id, stage, n, rows, changed, seen) VALUES (?, 's', 1, 1, 1, x'')",
            (number,),
        )
    assert kept(tx, "pages", "pull_page", "generation_id") == [1]


NAMING = {
    "a listing": "listing",
    "a product that is not listed": "INSERT INTO unlisted (cart_id, product_id, reason, run_id) VALUES (1, 1, 'X', 1)",
    "a finding": "INSERT INTO finding (merchant_id, cart_id, cause, n, since, run_id) VALUES (1, 0, 'X', 1, 1, 1)",
    "a plan": (
        "INSERT INTO plan (cart_id, kind, of_run, made_at, made_by, reason, rules_rev, seq, n, trips, rows) "
        "VALUES (1, 'rules', 1, 1, 'b', '', 1, 1, 0, '[]', x'')"
    ),
    "a batch": BATCH.format("b", "NULL", 1, "in_doubt", 1),
    "a request": STATEMENTS["exchanges"][2].format(1, NOW),
}


@pytest.mark.parametrize("named", [*NAMING, ""])
def test_an_old_run_stays_while_something_names_it(tx: sqlite3.Connection, named: str) -> None:
    # given: two old runs, of which the first is named, and as many after them as stay anyway
    old = ages(5)[1]
    for number in range(1, RUNS_LEFT + 3):
        tx.execute(RUN.format(number, old, 1, "done"))
        tx.execute("INSERT INTO run_event (run_id, n, at, level, text) VALUES (?, 1, 1, 'info', 'x')", (number,))
    if named == "a listing":
        columns = tx.execute("SELECT name, type, \"notnull\", dflt_value FROM pragma_table_info('listing')").fetchall()
        needed = {
            name: "" if kind == "TEXT" else 1 for name, kind, not_null, default in columns if not_null and not default
        }
        needed["run_id"] = 1
        tx.execute(
            f"INSERT INTO listing ({', '.join(needed)}) VALUES ({', '.join('?' * len(needed))})", [*needed.values()]
        )
    elif named:
        tx.execute(NAMING[named])
    # when / then
    first = [1] if named else []
    assert kept(tx, "runs", "run") == [*first, *range(3, RUNS_LEFT + 3)]
    assert tx.execute("SELECT min(run_id) FROM run_event").fetchone() == (3,)


@pytest.mark.parametrize(("n", "goes"), [(1, True), (2, False), (3, False)])
def test_a_run_goes_one_second_after_its_limit(tx: sqlite3.Connection, n: int, goes: bool) -> None:
    tx.execute(RUN.format(1, ages(5)[n], 1, "failed"))
    for number in range(2, RUNS_LEFT + 2):
        tx.execute(RUN.format(number, NOW, 1, "done"))
    assert (1 not in kept(tx, "runs", "run")) == goes


@pytest.mark.parametrize(
    ("state", "key", "others", "goes"),
    [
        ("done", 1, RUNS_LEFT, True),
        ("cancelled", 1, RUNS_LEFT, True),
        ("held", 1, RUNS_LEFT, False),
        ("running", 1, RUNS_LEFT, False),
        ("requested", 1, RUNS_LEFT, False),
        ("done", 1, RUNS_LEFT - 1, False),
        ("done", 2, RUNS_LEFT, False),
    ],
)
def test_the_last_runs_of_a_cart_and_those_that_have_not_ended_stay(
    tx: sqlite3.Connection, state: str, key: int, others: int, goes: bool
) -> None:
    tx.execute(RUN.format(1, 5, key, state))
    for number in range(2, others + 2):
        tx.execute(RUN.format(number, 5, 1, "done"))
    tx.execute(RUN.format(99, 5, 3, "done"))
    assert (1 not in kept(tx, "runs", "run")) == goes


GONE = Limits(gone=30, batches=10, history=5)


def listed(tx: sqlite3.Connection, number: int, gone_at: int | None, **more: object) -> None:
    """A listing of cart 1, and a change of it."""
    values = {"id": number, "cart_id": 1, "ref": f"r{number}", "sku": "s", "key": "s", "seq": 1, "gone_at": gone_at}
    values |= {"observed_at": 1, **more}
    sql = f"INSERT INTO listing ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"
    tx.execute(sql, [*values.values()])
    tx.execute("INSERT INTO listing_rename (listing_id, at, before, after) VALUES (?, 1, 'a', 'b')", (number,))


def gone_round(tx: sqlite3.Connection, limits: Limits, now: int) -> int:
    """A whole round; how many rows went."""
    cursor: Cursor | None = ()
    removed = 0
    while cursor is not None:
        done, cursor = step(tx, "gone", limits, now, cursor)
        removed += done
    return removed


def test_a_year_of_listings_made_and_deleted_leaves_those_of_the_limit(tx: sqlite3.Connection) -> None:
    # given: each day 20 listings are made, and those of the day before are deleted
    sizes = []
    for day in range(365):
        now = NOW + day * DAY
        for number in range(20):
            listed(tx, day * 20 + number + 1, now + DAY)
        # when
        gone_round(tx, GONE, now)
        sizes.append(tx.execute("SELECT count(*) FROM listing").fetchone()[0])
    # then
    assert max(sizes) == sizes[-1] == sizes[100] == 20 * 32
    assert tx.execute("SELECT count(*) FROM listing_rename").fetchone()[0] == 20 * 32


def test_a_listing_that_is_gone_stays_while_somebody_needs_it(tx: sqlite3.Connection) -> None:
    old = NOW - 30 * DAY - 1
    listed(tx, 1, old)
    listed(tx, 2, NOW - 30 * DAY)
    listed(tx, 3, None)
    listed(tx, 4, old, override=5)
    listed(tx, 5, old, excluded=1)
    listed(tx, 6, old, locked=1)
    listed(tx, 7, old, inflight="b")
    listed(tx, 8, old)
    tx.execute(
        "INSERT INTO link (cart_id, ref, product_id, kind, made_at, made_by) VALUES (1, 'r8', 1, 'manual', 1, 'a')"
    )
    listed(tx, 9, old)  # the newest number would be given again
    assert gone_round(tx, Limits(gone=0), NOW) == 0
    assert gone_round(tx, Limits(gone=30, batches=31), NOW) == 0
    assert gone_round(tx, Limits(gone=30, history=31), NOW) == 0
    assert gone_round(tx, GONE, NOW) == 1
    assert [row[0] for row in tx.execute("SELECT id FROM listing ORDER BY id")] == [2, 3, 4, 5, 6, 7, 8, 9]


def test_listings_that_are_gone_go_in_steps_that_pass_over_what_stays(tx: sqlite3.Connection) -> None:
    for number in range(1, ROWS * 5 + 3):
        listed(tx, number, 5 if number > ROWS * 5 else None)
    assert step(tx, "gone", GONE, NOW, ()) == (0, (ROWS * 5,))
    assert step(tx, "gone", GONE, NOW, (ROWS * 5,)) == (1, None)
