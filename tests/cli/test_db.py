"""`db check`, `db backup` and `db restore` in processes of their own, and what is said of an upgrade."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from invsync_tui.store.connection import VERSION
from tests.support.processes.shell import Shell, check
from tests.support.stores import old_stores


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path)
    made.ok("init")
    return made


def test_a_store_is_checked_backed_up_and_restored(shell: Shell) -> None:
    # given
    shell.ok("merchants", "add", "North", "--source", "sandbox", "--url", "http://127.0.0.1:9", "--secret", "env:X")
    copy = shell.home / "backup of monday"
    # when, then
    made = shell.json("db", "backup", str(copy))["backup"]
    assert (made["path"], made["bytes"]) == (str(copy), copy.stat().st_size)
    assert shell.json("db", "check")["check"]["ok"] is True
    # and when the merchant is lost
    with closing(sqlite3.connect(shell.store)) as cx, cx:
        cx.execute("DELETE FROM merchant")
    done = shell.json("db", "restore", str(copy))["restored"]
    # then
    assert [one["name"] for one in shell.json("merchants")["merchants"]] == ["North"]
    with closing(sqlite3.connect(done["former"])) as cx:
        assert cx.execute("SELECT count(*) FROM merchant").fetchone() == (0,)
    assert "Restored" in shell.ok("db", "restore", str(copy)).out


def test_what_is_wrong_is_told_with_its_exit_code_and_the_command_that_mends_it(shell: Shell) -> None:
    # given
    copy = shell.home / "copy"
    shell.ok("db", "backup", str(copy))
    with closing(sqlite3.connect(shell.store)) as cx, cx:
        cx.execute("INSERT INTO cart (merchant_id, name, system, url, created_at) VALUES (77, 'Lost', 's', 'u', 0)")
    # when
    answer = shell.run("db", "check", "--json")
    # then
    check("db", answer.document)
    assert answer.code == 1
    assert [(one["code"], one["n"]) for one in answer.document["check"]["problems"]] == [("orphan", 1)]
    text = shell.run("db", "check")
    assert text.code == 1
    assert "Rows of cart name a merchant that does not exist: 1 (cart 77)" in text.out
    assert f"invsync --store {shell.store} db restore" in text.out
    # and
    again = shell.run("db", "backup", str(copy))
    assert again.code == 2
    assert "of this name already" in again.error
    assert shell.run("--read-only", "db", "restore", str(copy)).code == 2
    assert shell.run("db", "restore", str(shell.home / "nothing")).code == 2


@pytest.mark.parametrize("damage", [slice(0, 64), slice(100, 400), slice(4096, 40960)])
def test_a_damaged_store_is_a_finding_and_no_traceback(shell: Shell, damage: slice) -> None:
    # given
    content = bytearray(shell.store.read_bytes())
    content[damage] = b"\xa5" * len(content[damage])
    shell.store.write_bytes(bytes(content))
    # when
    answer = shell.run("db", "check")
    # then
    assert answer.code == 1, answer
    assert "db restore" in answer.out
    assert "Traceback" not in answer.err


def test_an_upgrade_and_its_backup_are_said_on_stderr(tmp_path: Path) -> None:
    # given
    shell = Shell(tmp_path)
    old_stores.make(shell.store, 3)
    assert shell.run("--read-only", "status").code == 2
    # when
    answer = shell.run("status", "--json")
    # then
    check("status", answer.document)
    (copy,) = tmp_path.glob("store.db.schema3-*")
    assert f"upgraded from schema 3 to {VERSION}. The backup of before is {copy}" in answer.err
    # and that copy can be put back
    assert shell.json("db", "restore", str(copy))["restored"]["schema"] == 3


def test_a_folder_keeps_its_newest_backups_and_whatever_else_is_in_it(shell: Shell) -> None:
    # given
    folder = shell.home / "copies"
    folder.mkdir()
    older = [folder / f"store-2026010{day}T023000Z.db" for day in (1, 2, 3)]
    others = [folder / "store.db", folder / "store-monday.db", folder / "other-20260101T023000Z.db"]
    for path in (*older, *others):
        path.write_text("precious")
    # when
    made = shell.json("db", "backup", str(folder), "--keep", "2")["backup"]
    # then
    assert made["removed"] == [str(older[0]), str(older[1])]
    assert sorted(folder.iterdir()) == sorted([*others, older[2], Path(made["path"])])
    assert shell.json("db", "restore", made["path"])["restored"]["backup"] == made["path"]


def test_old_backups_stay_where_no_new_one_could_be_made_and_nothing_may_be_removed(shell: Shell) -> None:
    folder = shell.home / "copies"
    folder.mkdir()
    older = folder / "store-20260101T023000Z.db"
    older.write_text("precious")
    assert "--keep" in shell.run("db", "backup", str(folder), "--keep", "0").error
    assert "--keep needs a folder" in shell.run("db", "backup", str(folder / "new"), "--keep", "1").error
    assert shell.run("--read-only", "db", "backup", str(folder), "--keep", "1").code == 2
    shell.store.write_bytes(b"\xa5" * 8192)
    assert shell.run("db", "backup", str(folder), "--keep", "1").code == 2
    assert [path.name for path in folder.iterdir()] == [older.name]
