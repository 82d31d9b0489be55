"""Statements that look at one machine, one code or one cart among others that are alike."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from invsync_tui.rules.outcomes import Reason
from invsync_tui.store.diagnosis import checkup
from invsync_tui.store.file import temporary_files
from invsync_tui.store.listings import matching, pending_orders
from invsync_tui.store.listings.order_rows import Terms
from invsync_tui.store.paging import stock
from invsync_tui.store.runs import runs, waiting_requests, workers
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.store.settings import read
from tests.support.stores.small_writes import AT, listed, prepared

BEAT = workers.Beat(now=AT, boot="boot", uptime=50)


def test_a_worker_takes_the_place_of_whoever_had_its_number_on_its_machine(tmp_path: Path) -> None:
    world = prepared(tmp_path, ())
    with world.acme.bench.store.transaction() as tx:
        tx.execute("DELETE FROM worker")
        for name, pid, host, at in (
            ("same", 7, "here", AT - 10), ("there", 7, "there", AT - 10), ("other", 8, "here", AT - 10),
            ("old", 9, "here", AT - workers.FORGET_AFTER - 1), ("nearly old", 10, "here", AT - workers.FORGET_AFTER),
        ):  # fmt: skip
            tx.execute(
                "INSERT INTO worker (id, kind, pid, host, started_at, heartbeat_at, boot, uptime) "
                "VALUES (?, 'serve', ?, ?, ?, ?, 'b', 1)",
                (name, pid, host, at, at),
            )
        workers.register(tx, "new", "detached", 7, "here", BEAT)
        known = {row.id: row for row in workers.listed(tx)}
        assert set(known) == {"there", "other", "nearly old", "new"}
        assert tuple(known["new"]) == ("new", "detached", 7, "here", AT, AT, "boot", 50)
        assert list(known) == ["nearly old", "other", "there", "new"]
        assert workers.beat(tx, "other", workers.Beat(now=AT + 5, boot="c", uptime=60))
        assert not workers.beat(tx, "gone", BEAT)
        beaten = {row.id: (row.heartbeat_at, row.boot, row.uptime) for row in workers.listed(tx)}
        assert (beaten["other"], beaten["there"]) == ((AT + 5, "c", 60), (AT - 10, "b", 1))
        workers.remove(tx, "other")
        assert {row.id for row in workers.listed(tx)} == {"there", "nearly old", "new"}
        tx.execute("DELETE FROM worker")
    world.acme.bench.store.close()


def test_products_under_a_code_and_those_that_a_listing_with_it_is_linked_to(tmp_path: Path) -> None:
    world = prepared(
        tmp_path,
        (
            "INSERT INTO link VALUES (:c, 'L-SKU-A', :B, 'manual', 5, 'bob'), (:c, 'L-SKU-C', :D, 'manual', 5, 'bob'), "
            "(:d, 'L-SKU-A', :K, 'manual', 5, 'bob')",
            "UPDATE product SET sku = '' WHERE id = :B",
        ),
    )  # fmt: skip

    def found(key: str) -> list[tuple[str, str]]:
        with world.acme.bench.store.reading() as cx:
            return [(row.sku, row.code) for row in checkup.by_key(cx, world.merchant, key)]

    assert found("sku-a") == [("SKU-A", "SKU-A"), ("B", "SKU-A"), ("SKU-K", "SKU-A")]
    assert found("sku-c") == [("SKU-C", "SKU-C"), ("SKU-D", "SKU-C")]
    assert found("sku-x") == []
    with world.acme.bench.store.transaction() as tx:
        tx.execute(listed("gone_at = 5", "A"), {"c": world.first})
        tx.execute("UPDATE product SET missing_since = 5 WHERE id = ?", (world.ids["K"],))
    assert found("sku-a") == [("SKU-A", "SKU-A")]
    with world.acme.bench.store.reading() as cx:
        assert checkup.skus(cx, [world.shown["B"], world.shown["A"]]) == ["SKU-A", "SKU-B"]
        owners = {row[0] for row in checkup.owners_listing(cx, "sku-a")}
        assert owners == {world.merchant}
    world.acme.bench.store.close()


@pytest.mark.parametrize("asked", [False, True])
def test_a_cart_is_looked_at_again_from_a_time_on_unless_a_run_is_asked_for(tmp_path: Path, asked: bool) -> None:
    world = prepared(tmp_path, ())
    with world.acme.bench.store.transaction() as tx:
        number = runs.request(tx, RunRequest("push", world.first, world.merchant, "schedule", "bob"), 10).run_id
        runs.request(tx, RunRequest("push", world.second, world.merchant, "schedule", "bob"), 10)
        run = runs.get(tx, number)
        assert run is not None
        if not asked:
            runs.start(tx, number, 1, 11)
            runs.finish(tx, number, "done", "", 12)
        made = runs.look_again_at(tx, run, 500, 20)
        if asked:
            assert made is None
        else:
            later = runs.get(tx, made or 0)
            assert later is not None and later.id != number
            assert (later.not_before, later.trigger, later.key, later.state, later.requested_by) == (
                500, waiting_requests.LOOK, world.first, "requested", "bob",
            )  # fmt: skip
    world.acme.bench.store.close()


@pytest.mark.parametrize("when", ["new", "asked"])
def test_a_run_from_a_time_on_leaves_one_that_is_asked_for_as_it_is(tmp_path: Path, when: str) -> None:
    world = prepared(tmp_path, ())
    with world.acme.bench.store.transaction() as tx:
        order = RunRequest("push", world.first, world.merchant, "schedule", "bob")
        if when == "asked":
            runs.request(tx, order, 5)
        result = runs.request_from(tx, order, 500, 20)
        run = runs.get(tx, result.run_id)
        assert run is not None
        assert (result.fresh, run.not_before) == ((True, 500) if when == "new" else (False, None))
    world.acme.bench.store.close()


def test_the_owner_of_a_warehouse_and_its_readings(tmp_path: Path) -> None:
    world = prepared(tmp_path, ())
    with world.acme.bench.store.reading() as cx:
        assert (stock.owner(cx, world.acme.east), stock.owner(cx, 99_999)) == (world.merchant, None)
        readings = stock.readings(cx, [world.ids["A"], world.ids["B"]])
        assert {
            product: sorted((one.warehouse_id, one.available) for one in found) for product, found in readings.items()
        } == {
            world.ids["A"]: [(world.acme.default, 10)],
            world.ids["B"]: sorted([(world.acme.default, 10), (world.acme.east, 20)]),
        }
        assert read.connected_through(cx, world.first) == world.first
    world.acme.bench.store.close()


def test_a_draft_is_abandoned_once_its_maker_is_gone_and_nobody_holds_it(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    ended = subprocess.Popen(["true"])
    ended.wait()
    lives, gone = 1, ended.pid
    names = {
        f".store.db.{gone}.new": True, f".store.db.{gone}.new-wal": True, f".store.db.copy.{gone}.new": True,
        f".store.db.{lives}.new": False, f".other.db.{gone}.new": False, f".store.dbx.{gone}.new": False,
        f"store.db.{gone}.new": False, "store.db": False, f".store.db.{gone}.newer": False,
    }  # fmt: skip
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    assert {path.name for path in temporary_files.abandoned(store)} == {name for name, left in names.items() if left}
    with temporary_files.draft(store, 0o640) as mine:
        held = mine.rename(tmp_path / f".store.db.{gone}.new")
        assert temporary_files._is_locked(held)
        assert held not in temporary_files.abandoned(store)
        assert tmp_path / f".store.db.{gone}.new-wal" not in temporary_files.abandoned(store)
    removed = temporary_files.sweep(store)
    assert {path.name for path in removed} == {name for name, left in names.items() if left}
    assert {path.name for path in tmp_path.iterdir()} == {name for name, left in names.items() if not left}
    assert temporary_files.abandoned(tmp_path / "none" / "store.db") == []


def test_what_has_another_name_is_the_store_and_not_held(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    assert temporary_files._is_locked(tmp_path / "none")
    assert not temporary_files._is_locked(tmp_path / "a")
    os.link(tmp_path / "a", tmp_path / "b")
    assert not temporary_files._is_locked(tmp_path / "a")


def test_a_process_lives_unless_there_is_none() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert not temporary_files._lives(gone.pid)
    # a number that no process can have is left alone, as whatever cannot be judged
    assert all(temporary_files._lives(pid) for pid in (os.getpid(), 1, 2**40))


def test_a_process_of_somebody_else_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(temporary_files.os, "kill", refuse)
    assert temporary_files._lives(5)


def test_whether_a_product_has_a_code_of_the_kind_that_a_cart_pushes_by(tmp_path: Path) -> None:
    world = prepared(
        tmp_path,
        (
            "INSERT INTO alias_type (id, merchant_id, name) VALUES (90, :m, 'UPC'), (91, :m, 'EAN')",
            "INSERT INTO product_code (merchant_id, key, kind, product_id, code) VALUES "
            "(:m, 'u1', 90, :B, 'U1'), (:m, 'u2', 90, :C, 'U2'), (:m, 'e2', 91, :C, 'E2')",
            listed("sku = 'U1', key = 'u1'", "A"),
            listed("sku = 'U2', key = 'u2'", "B"),
        ),
    )  # fmt: skip
    with world.acme.bench.store.reading() as cx:
        found = matching.look_up(cx, world.merchant, world.first, 91, [world.shown["A"], world.shown["B"]])
    world.acme.bench.store.close()
    assert {one.id: one.now for one in found} == {
        world.shown["A"]: (None, Reason.ALIAS_MISSING.stored),
        world.shown["B"]: (None, Reason.WRONG_ALIAS_TYPE.stored),
    }


@pytest.mark.parametrize("gone", ["enabled = 0", "vanished_at = 5"])
def test_a_warehouse_that_does_not_count_says_nothing_of_when_a_product_was_read(tmp_path: Path, gone: str) -> None:
    world = prepared(tmp_path, ())
    product = world.ids["A"]
    terms = Terms(AT, AT - 1000, 900, False, 7 * 86400)
    with world.acme.bench.store.transaction() as tx:
        tx.execute("DELETE FROM level WHERE product_id = ?", (product,))
        rows = tx.execute("SELECT id FROM warehouse WHERE merchant_id = ? ORDER BY id", (world.merchant,)).fetchall()
        (old, *_), (new, *_) = rows[:2]
        for place, read_at in ((old, AT - 900), (new, AT - 100)):
            tx.execute(
                "INSERT INTO level (warehouse_id, product_id, on_hand, available, read_at, loaded_at, missing_since, seq) "
                "VALUES (?, ?, 5, 5, ?, ?, NULL, 1)",
                (place, product, read_at, AT - 50),
            )
        assert pending_orders._readings(tx, [product], terms) == {product: AT - 900}
        tx.execute(f"UPDATE warehouse SET {gone} WHERE id = ?", (old,))
        assert pending_orders._readings(tx, [product], terms) == {product: AT - 100}
    world.acme.bench.store.close()
