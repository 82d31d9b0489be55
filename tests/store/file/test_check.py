"""Damage is noticed: bytes are flipped all over a store, and the check says so, or no more than a plain value differs."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from invsync_tui.operations.demo.demo import Scale, generate
from invsync_tui.operations.diagnosis import doctor
from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.session import Session
from invsync_tui.operations.storage import check_store
from invsync_tui.store.connection import VERSION, connect, silently
from invsync_tui.store.database import open_store
from invsync_tui.store.file import check
from tests.support.stores import old_stores

FLIPS = 30


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of two carts, as the generator makes it."""
    made = tmp_path_factory.mktemp("sound") / "store.db"
    generate(made, Scale(products=60, warehouses=2, carts=2, seed=7, at=1_764_000_000), lambda _: None)
    with closing(connect(made, "rw", "FULL")) as cx:
        cx.execute("INSERT INTO merchant (id, name, created_at) VALUES (2, 'South', 2)")
        cx.execute(
            "INSERT INTO product (id, merchant_id, ref, sku, sku_key, codes_text, name, sig, seq) "
            "VALUES (9999, 2, 'r', 'S', 'S', 'S', '', '', 1)"
        )
    return made


@pytest.fixture
def path(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sound, tmp_path / "store.db"))


def _data(path: Path) -> object:
    """All rows, None where they cannot be read."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as cx:
            cx.text_factory = bytes
            tables = [
                row[0].decode() for row in cx.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
            ]
            return {table: sorted(map(repr, cx.execute(f'SELECT * FROM "{table}"'))) for table in tables}
    except (sqlite3.Error, UnicodeDecodeError):
        return None


def test_flipped_bytes_are_noticed_or_change_no_more_than_one_plain_value(path: Path) -> None:
    # given
    whole = path.read_bytes()
    before = _data(path)
    assert isinstance(before, dict)
    assert not check_store(path, read_only=False, say=silently).problems
    chosen = random.Random(11)
    ends: Counter[str] = Counter()
    for _ in range(FLIPS):
        place = chosen.randrange(len(whole))
        content = bytearray(whole)
        content[place] ^= 1 << chosen.randrange(8)
        path.write_bytes(bytes(content))
        # when: never anything but an answer
        try:
            noticed = bool(check_store(path, read_only=True, say=silently).problems)
        except OperationError:
            noticed = True
        # then
        after = _data(path)
        if noticed or after == before:
            ends["noticed" if noticed else "equal"] += 1
            continue
        assert isinstance(after, dict), f"byte {place}: it cannot be read, and the check says nothing"
        assert after.keys() == before.keys()
        changed = [(table, row) for table in before for row in set(after[table]) - set(before[table])]
        rows_kept = {table: len(rows) for table, rows in after.items()} == {t: len(r) for t, r in before.items()}
        assert rows_kept and len(changed) == 1, (place, changed)
        ends["one value"] += 1
    # a value that no index, count or rule knows of looks as good as any other; such bytes are few
    assert ends["one value"] < FLIPS * 0.3, ends
    assert ends["noticed"] > 2, ends


BREAK = {
    "owner": "UPDATE listing SET product_id = 9999 WHERE id = 1",
    "count": "UPDATE census SET n = n + 1 WHERE subject = 'listings'",
    "codes": "UPDATE collision SET n = n + 1",
    "sum": "INSERT INTO run (kind, key, merchant_id, state, trigger, requested_by, requested_at, counts) "
    """VALUES ('push', 1, 1, 'done', 't', 't', 0, '{"total": 5, "set": 3, "equal": 1}')""",
    "text": "INSERT INTO run (kind, key, merchant_id, state, trigger, requested_by, requested_at, phases) "
    "VALUES ('push', 1, 1, 'done', 't', 't', 0, '[{')",
    "wait": "UPDATE listing SET inflight = 'nothing' WHERE id = 1",
    "acked": "UPDATE listing SET outcome = 'set', desired = 4, acked = 5, pending = 0 WHERE id = 1",
    "orphan": "INSERT INTO cart_warehouse (cart_id, warehouse_id) VALUES (1, 77)",
    "settings": "UPDATE cart SET options = '{' WHERE id = 1",
    "schema": "DROP INDEX listing_key",
    "search": "INSERT INTO product_fts (product_fts, rowid, codes_text) "
    "SELECT 'delete', id, codes_text FROM product WHERE id = 1",
}


@pytest.mark.parametrize("code", BREAK)
def test_each_rule_finds_what_breaks_it_and_nothing_else_does(path: Path, code: str) -> None:
    # given
    with closing(connect(path, "rw", "FULL")) as cx:
        cx.execute(BREAK[code])
    # when
    found = check_store(path, read_only=False, say=silently)
    # then
    assert [problem.code for problem in found.problems] == [code], found.problems
    assert "db restore" in found.advice


NOT_BY_THE_DOCTOR = ("schema", "search")
"""The doctor leaves these to `db check`, and says so: they take a while, or the right to write."""


@pytest.mark.parametrize("code", [None, *BREAK])
def test_the_doctor_notices_what_breaks_a_rule_and_ends_with_an_answer(
    path: Path, code: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: time enough to look at all of it
    monkeypatch.setattr(doctor, "STORE_SECONDS", 60)
    session = Session.open(path)
    if code is not None:
        with closing(connect(path, "rw", "FULL")) as cx:
            cx.execute(BREAK[code])
    # when
    checkup = doctor.doctor(session)
    # then
    (found,) = [check for check in checkup.checks if check.id == "store.sound"]
    assert found.verdict == ("pass" if code in (None, *NOT_BY_THE_DOCTOR) else "fail"), found
    assert "db check" in (found.fix or found.evidence)
    session.close()


def test_a_look_that_takes_too_long_says_that_it_was_cut(path: Path) -> None:
    store = open_store(path)
    with store.transaction() as tx:
        rows = [(number,) for number in range(30_000)]
        tx.executemany("INSERT INTO audit (at, who, action, subject) VALUES (?, 'a', 'b', 'c')", rows)
    with store.reading() as cx:
        assert check.within(cx, 0.0) == ([], False)
        assert check.within(cx, 60.0) == ([], True)
        assert cx.execute("SELECT count(*) FROM audit").fetchone()[0] >= 30_000, "nothing is interrupted afterwards"
    store.close()


def test_a_second_name_of_the_file_is_a_finding(path: Path) -> None:
    path.with_name("other.db").hardlink_to(path)
    (found,) = check_store(path, read_only=False, say=silently).problems
    assert found.code == "names"
    assert "-samefile" in found.sample


def test_a_check_that_may_only_read_upgrades_nothing(tmp_path: Path) -> None:
    path = old_stores.make(tmp_path / "old.db", VERSION - 1)
    before = path.read_bytes()
    try:
        check_store(path, read_only=True, say=silently)
    except OperationError as error:
        assert "upgrade" in str(error)
    assert path.read_bytes() == before
