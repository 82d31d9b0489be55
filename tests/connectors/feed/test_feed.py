"""The feed as a source: which file is read, when it is complete, how often, what the connection test shows."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from invsync_tui.connectors import registry
from invsync_tui.connectors.base import AliasRow, Connection, Page
from invsync_tui.connectors.checks import reviews
from invsync_tui.connectors.errors import NotConfiguredError, PermissionDeniedError, UnavailableError
from invsync_tui.connectors.sources.feed import FeedSource, disk, finding
from invsync_tui.rules.merchant_checks import Verdict
from tests.support.connectors.feed import HEAD, facts, names, read, refusal, source, stock, write
from tests.support.connectors.feed_files import bench_with, known
from tests.support.processes.skips import AS_OTHERS

# --- which file ------------------------------------------------------------------------------------------------------


async def test_the_newest_is_the_one_with_the_highest_number_in_its_name(tmp_path: Path) -> None:
    write(tmp_path / "stock_9.csv", HEAD + "A-1,9\n", age=10)
    write(tmp_path / "stock_10.csv", HEAD + "A-1,10\n", age=9000)
    assert await read(tmp_path, file="stock_*.csv") == {("", "A-1"): 10}
    assert await read(tmp_path, file="stock_*.csv", which="newest_by_time") == {("", "A-1"): 9}


async def test_all_files_are_read_as_one(tmp_path: Path) -> None:
    for name in ("EAST", "WEST"):
        write(tmp_path / f"{name}.csv", f"SKU,Warehouse,Available\nA-1,{name},5\n")
    assert await read(tmp_path, file="*.csv", which="all") == {("EAST", "A-1"): 5, ("WEST", "A-1"): 5}


async def test_a_product_in_two_files_with_different_stock_is_refused_with_both_places(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", HEAD + "A-1,5\nA-2,1\n")
    write(tmp_path / "b.csv", HEAD + "A-1,6\n")
    feed_source = source(tmp_path, file="*.csv", which="all")
    await feed_source.open()
    page = await feed_source.levels_page((await feed_source.warehouses())[0], None)
    await feed_source.close()
    assert list(page.rejected) == [("A-1", "line 2 and line 2 of b.csv give different quantities")]
    assert [row.product_ref for row in page.rows] == ["A-2"]


@pytest.mark.parametrize("name", ["../stock.csv", "a/b.csv", "..", "/etc/passwd"])
async def test_a_file_outside_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    assert isinstance(await refusal(tmp_path, file=name), NotConfiguredError)


async def test_a_folder_without_a_file_named_is_refused(tmp_path: Path) -> None:
    assert "no file is named" in (await refusal(tmp_path)).what


async def test_no_file_and_no_folder_are_two_things(tmp_path: Path) -> None:
    assert isinstance(await refusal(tmp_path, file="stock.csv"), UnavailableError)
    assert isinstance(await refusal(tmp_path / "x", file="stock.csv"), NotConfiguredError)


@pytest.mark.skipif(os.geteuid() == 0, reason=AS_OTHERS)
async def test_a_file_that_may_not_be_read_is_a_matter_of_permission(tmp_path: Path) -> None:
    write(tmp_path / "stock.csv", HEAD).chmod(0)
    assert isinstance(await refusal(tmp_path / "stock.csv"), PermissionDeniedError)


async def test_a_pipe_instead_of_a_file_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "stock.csv")
    async with asyncio.timeout(5):
        assert isinstance(await refusal(tmp_path, file="stock.csv"), UnavailableError)


async def test_an_address_may_be_a_path_a_file_address_or_have_spaces(tmp_path: Path) -> None:
    folder = tmp_path / "my feed"
    folder.mkdir()
    write(folder / "stock.csv", HEAD + "A-1,5\n")
    for address in (str(folder / "stock.csv"), f"file://{folder}/stock.csv".replace(" ", "%20")):
        feed_source = FeedSource(Connection("Demo", "feed", address, options={"complete": "any"}))
        await feed_source.open()
        assert await stock(feed_source) == {("", "A-1"): 5}
        await feed_source.close()


async def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "stock.csv", HEAD + "A-1,5\n" * 200_000)
    assert "more than 1 MB" in (await refusal(tmp_path / "stock.csv", max_size="1")).what


# --- complete, fresh -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("behind", [0, 600, -600, 86_400])
async def test_a_file_that_grows_is_not_read_whatever_clock_stamps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behind: int
) -> None:
    monkeypatch.setattr(finding, "SETTLE", 0.2)
    path = write(tmp_path / "stock.csv", HEAD + "A-1,5\n", age=behind)
    stamp = path.stat().st_mtime

    def grow() -> None:
        with path.open("a") as file:
            file.write("A-2,7\n")
        os.utime(path, (stamp, stamp))

    timer = threading.Timer(0.05, grow)
    timer.start()
    error = await refusal(path, complete="stable")
    timer.join()
    assert "still being written" in error.what
    assert await read(path, complete="stable") == {("", "A-1"): 5, ("", "A-2"): 7}


@pytest.mark.parametrize(
    ("kinds", "rests", "waits"),
    [(disk.LOCAL, 0.05, False), (disk.LOCAL, 60.0, True), (frozenset({"nfs4"}), 0.05, True)],
)
async def test_a_file_that_rests_on_a_disk_of_this_machine_is_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kinds: frozenset[str], rests: float, waits: bool
) -> None:
    looks = []
    look = disk.DiskPlace.look

    async def counted(place: disk.DiskPlace, file: object) -> object:
        looks.append(file)
        return await look(place, file)  # type: ignore[arg-type]

    monkeypatch.setattr(disk.DiskPlace, "look", counted)
    monkeypatch.setattr(finding, "SETTLE", 0.01)
    monkeypatch.setattr(disk, "LOCAL", kinds)
    monkeypatch.setattr(disk, "RESTS", rests)
    path = write(tmp_path / "stock.csv", HEAD + "A-1,5\n", age=86_400)
    await asyncio.sleep(0.1)
    assert await read(path, complete="stable") == {("", "A-1"): 5}
    assert len(looks) == 1 + waits  # the last one is behind the copy


def test_the_file_system_of_a_path_is_that_of_the_innermost_mount(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "25 1 8:1 / / rw shared:1 - ext4 /dev/a rw\n"
        f"26 25 0:44 / {tmp_path}/my\\040share rw - cifs //server/x rw\n"
        f"27 25 0:45 / {tmp_path}/over rw - xfs /dev/b rw\n"
        f"28 25 0:46 / {tmp_path}/over rw - nfs4 server:/x rw\n"
    )
    monkeypatch.setattr(disk, "MOUNTS", mounts)
    found = {name: disk._is_local(tmp_path / name) for name in ("a", "my share/a", "my sharead", "over/a/b")}
    assert found == {"a": True, "my share/a": False, "my sharead": True, "over/a/b": False}
    monkeypatch.setattr(disk, "MOUNTS", tmp_path / "none")
    assert not disk._is_local(tmp_path)


async def test_a_file_is_read_once_its_marker_is_there(tmp_path: Path) -> None:
    write(tmp_path / "stock_1.csv", HEAD + "A-1,1\n")
    write(tmp_path / "stock_2.csv", HEAD + "A-1,2\n")
    assert "marker" in (await refusal(tmp_path, file="stock_*", complete="marker")).what
    (tmp_path / "stock_1.csv.done").touch()
    assert await read(tmp_path, file="stock_*", complete="marker") == {("", "A-1"): 1}
    (tmp_path / "stock_2.csv.done").touch()
    assert await read(tmp_path, file="stock_*", complete="marker") == {("", "A-1"): 2}


async def test_a_file_that_is_too_old_is_not_read(tmp_path: Path) -> None:
    path = write(tmp_path / "stock.csv", HEAD + "A-1,5\n", age=7300)
    assert "2 hours ago" in (await refusal(path, max_age="2")).what
    assert await read(path, max_age="3") == {("", "A-1"): 5}


async def test_the_time_of_the_file_is_the_time_of_the_reading_but_never_ahead(tmp_path: Path) -> None:
    path = write(tmp_path / "stock.csv", HEAD + "A-1,5\n", age=7300)
    for age in (7300, -7300):
        moment = time.time() - age
        os.utime(path, (moment, moment))
        feed_source = source(path)
        await feed_source.open()
        row = (await feed_source.levels_page((await feed_source.warehouses())[0], None)).rows[0]
        await feed_source.close()
        assert row.read_at is not None and abs(row.read_at - (time.time() - max(0, age))) < 5


# --- products --------------------------------------------------------------------------------------------------------


async def test_a_file_of_products_gives_names_and_codes(tmp_path: Path) -> None:
    write(
        tmp_path / "products.csv", "SKU,Name,EAN,Part\nA-1,Mug,4006381333931,P1\nA-1,Mug,4006381333948,P1\nA-2,Cup,,\n"
    )
    write(tmp_path / "stock.csv", HEAD + "A-1,5\nA-9,1\n")
    feed_source = source(tmp_path, file="stock.csv", products_file="products.csv", aliases="EAN=EAN, MPN=Part")
    await feed_source.open()
    page = await feed_source.products_page(None)
    await feed_source.close()
    codes = (AliasRow("EAN", "4006381333931"), AliasRow("MPN", "P1"), AliasRow("EAN", "4006381333948"))
    assert [(row.ref, row.name, row.aliases) for row in page.rows] == [
        ("A-1", "Mug", codes), ("A-2", "Cup", ()), ("A-9", "", ()),
    ]  # fmt: skip


async def test_a_row_without_sku_goes_by_its_other_code(tmp_path: Path) -> None:
    write(tmp_path / "stock.csv", "SKU,EAN,Available\n,4006381333931,5\nA-1,,7\n")
    feed_source = source(tmp_path / "stock.csv")
    await feed_source.open()
    page = await feed_source.products_page(None)
    assert [(row.ref, row.sku) for row in page.rows] == [("EAN:4006381333931", None), ("A-1", "A-1")]
    assert await stock(feed_source) == {("", "EAN:4006381333931"): 5, ("", "A-1"): 7}
    await feed_source.close()


async def test_an_id_column_is_the_reference(tmp_path: Path) -> None:
    write(tmp_path / "stock.csv", "No,SKU,Available\n1,A-1,5\n2,A-1,7\n")
    feed_source = source(tmp_path / "stock.csv", id="No")
    await feed_source.open()
    assert [(row.ref, row.sku) for row in (await feed_source.products_page(None)).rows] == [("1", "A-1"), ("2", "A-1")]
    await feed_source.close()


# --- pages and files left behind ---------------------------------------------------------------------------------------


async def test_pages_go_on_behind_each_other_and_start_anew_with_another_file(tmp_path: Path) -> None:
    path = write(tmp_path / "stock.csv", HEAD + "".join(f"A-{n},{n}\n" for n in range(5)) + ",9\n,8\n,7\n")
    feed_source = source(path)
    feed_source.capabilities = replace(feed_source.capabilities, page_size=2)
    await feed_source.open()
    pages: list[Page[object]] = []
    cursor = None
    while len(pages) < 9:
        pages.append(await feed_source.products_page(cursor))  # type: ignore[arg-type]
        cursor = pages[-1].next_cursor
        if cursor is None:
            break
    assert [len(page.rows) for page in pages] == [2, 2, 1, 0]
    assert [ref for page in pages for ref, _ in page.rejected] == ["stock.csv:7", "stock.csv:8", "stock.csv:9"]
    behind = pages[0].next_cursor
    await feed_source.close()
    write(path, HEAD + "B-1,1\nB-2,2\n", age=60)
    await feed_source.open()
    assert [row.ref for row in (await feed_source.products_page(behind)).rows] == ["B-1", "B-2"]
    await feed_source.close()


async def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    path = write(tmp_path / "stock.csv", HEAD + "A-1,5\n")
    await read(path)
    await refusal(path, available="Free")
    async for _ in (checked := source(path)).check():
        pass
    await checked.close()
    assert list(scratch.iterdir()) == []


async def test_what_a_killed_process_left_behind_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    for owner in ("999999999", str(os.getppid()), "x"):
        (scratch / f"invsync-feed-{owner}-abc").mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    await read(write(tmp_path / "stock.csv", HEAD + "A-1,5\n"))
    assert names(scratch) == sorted([f"invsync-feed-{os.getppid()}-abc", "invsync-feed-x-abc"])


async def test_a_download_that_is_canceled_while_it_reads_ends_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = write(tmp_path / "stock.csv", HEAD + "".join(f"A-{n},{n}\n" for n in range(400_000)))
    feed_source = source(path)
    task = asyncio.ensure_future(feed_source.open())
    await asyncio.sleep(0.3)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await feed_source.close()
    assert time.monotonic() - began < 1.0
    assert names(tmp_path) == ["stock.csv"]


# --- archive and rejects -----------------------------------------------------------------------------------------------


async def test_a_file_that_was_read_goes_to_the_archive_and_is_read_from_there(tmp_path: Path) -> None:
    incoming = tmp_path / "in"
    incoming.mkdir()
    write(incoming / "stock_1.csv", HEAD + "A-1,1\n")
    write(incoming / "stock_2.csv", HEAD + "A-1,2\n")
    bench = bench_with(incoming, tmp_path, file="stock_*.csv", archive=str(tmp_path / "done"))
    assert (await bench.pull()).state == "done"
    assert list(incoming.iterdir()) == []
    assert sorted(path.name for path in (tmp_path / "done").iterdir()) == ["stock_1.csv", "stock_2.csv"]
    assert (await bench.pull(full=True)).state == "done"
    write(incoming / "stock_1.csv", HEAD + "A-1,100\n")  # sent again, late
    assert (await bench.pull(full=True)).state == "done"
    assert known(bench) == {("Default", "A-1"): 2}


async def test_rejected_rows_are_written_with_their_reasons(tmp_path: Path) -> None:
    path = write(tmp_path / "stock.csv", HEAD + "A-1,5\nA-2,x\n,3\n")
    folder = tmp_path / "rejects"
    await read(path, rejects=str(folder))
    lines = (folder / "stock.csv.rejects.csv").read_text().splitlines()
    assert lines[0] == "file,line,reason,row"
    assert lines[1].startswith("stock.csv,3,line 3: available 'x' is not a number,")
    assert len(lines) == 3
    write(path, HEAD + "A-1,5\n")
    await read(path, rejects=str(folder))
    assert list(folder.iterdir()) == []


# --- the connection test and the doctor ----------------------------------------------------------------------------------


async def test_the_connection_test_shows_what_was_understood(tmp_path: Path) -> None:
    path = write(tmp_path / "stock.csv", "SKU;Name;EAN;Qty;Site\nA-1;Mug;4006381333931;5;EAST\nA-2;Cup;;x;EAST\n")
    feed_source = source(path)
    steps = {step.name: step async for step in feed_source.check()}
    await feed_source.close()
    assert list(steps) == ["address", "file", "rows", "columns", "warehouses", "row 1"]
    assert all(step.ok for step in steps.values())
    assert "1 row understood, 1 rejected" in steps["rows"].detail and "'x' is not a number" in steps["rows"].detail
    assert "sku = 'SKU'" in steps["columns"].detail and "available = 'Qty'" in steps["columns"].detail
    assert "EAN = 'EAN'" in steps["columns"].detail and "semicolons" in steps["columns"].detail
    assert steps["row 1"].detail == "A-1 (Mug) in EAST: available 5, EAN 4006381333931"


async def test_the_connection_test_stops_where_something_is_wrong(tmp_path: Path) -> None:
    feed_source = source(write(tmp_path / "stock.csv", "Foo,Bar\nA-1,5\n"))
    steps = [step async for step in feed_source.check()]
    await feed_source.close()
    assert [(step.name, step.ok) for step in steps] == [("address", True), ("file", True), ("rows", False)]
    assert "Its columns: 'Foo', 'Bar'" in steps[-1].detail and "--option sku=NAME" in steps[-1].advice


def test_the_doctor_tells_an_old_file_rejected_rows_and_files_read_at_once() -> None:
    now = int(time.time())
    good = {
        review.id: review.verdict
        for review in reviews(facts({"rows": 5, "file_time": now - 60}, sku="A", available="B"))
    }
    assert {good[f"feed.{name}"] for name in ("columns", "age", "rows", "complete")} == {Verdict.PASS}
    bad = {
        review.id: review
        for review in reviews(facts({"rows": 5, "rejected": 2, "file_time": now - 200_000}, complete="any"))
    }
    assert {bad[f"feed.{name}"].verdict for name in ("age", "rows", "complete")} == {Verdict.FAIL}
    assert all(bad[f"feed.{name}"].fix for name in ("age", "rows", "complete"))


def test_the_feed_can_be_chosen() -> None:
    assert "feed" in registry.systems(registry.SOURCES)
    assert registry.wrong_address(registry.SOURCES, "feed", "/srv/feeds") == ""
    assert "'comma' is not" not in registry.wrong_option(registry.SOURCES, "feed", {"decimal": "comma"})
    assert "choose one of" in registry.wrong_option(registry.SOURCES, "feed", {"decimal": "dot"})


# --- files that come late, products that are absent ----------------------------------------------------------------------


@pytest.mark.parametrize("by_name", [False, True])
async def test_an_older_file_that_comes_late_is_refused_until_a_full_download_is_started(
    tmp_path: Path, *, by_name: bool
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    newer = write(folder / "stock_20261126.csv", HEAD + "A-1,5\n", age=600)
    bench = bench_with(folder, tmp_path, file="stock_*.csv", **({} if by_name else {"which": "newest_by_time"}))
    assert (await bench.pull()).state == "done"
    newer.unlink()
    write(folder / "stock_20261125.csv", "SKU,Warehouse,Available\nA-1,EAST,50\n", age=60 if by_name else 9000)
    run = await bench.pull()
    assert (run.state, known(bench)) == ("failed", {("Default", "A-1"): 5})
    times = (
        "(20261125) is older than what was read last (20261126)"
        if by_name
        else " UTC) is older than what was read last ("
    )
    assert times in run.error and "sync Demo --full" in run.error
    assert (await bench.pull(full=True)).state == "done"
    assert known(bench)[("EAST", "A-1")] == 50


async def test_a_product_that_is_no_longer_in_the_file_is_0_only_where_that_was_chosen(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    head = "SKU,Warehouse,Available\n"
    for absent, left in (("unknown", {}), ("zero", {("EAST", "A-2"): 0})):
        write(path, head + "A-1,EAST,5\nA-2,EAST,7\nA-2,WEST,3\nA-3,WEST,2\n", age=900)
        home = tmp_path / absent
        home.mkdir()
        bench = bench_with(path, home, absent=absent)
        assert (await bench.pull()).state == "done"
        write(path, head + "A-1,EAST,4\n,EAST,1\nA-3,WEST,2\n", age=600)  # a row that names no product: nothing is 0
        assert (await bench.pull()).state == "done"
        assert known(bench)[("EAST", "A-2")] == 7
        write(path, head + "A-1,EAST,4\nA-3,WEST,x\n", age=300)  # WEST has no level that can be read
        assert (await bench.pull()).state == "done"
        levels = known(bench)
        assert {place: units for place, units in levels.items() if place[1] == "A-2" and place[0] == "EAST"} == left
        assert levels[("WEST", "A-3")] == 2 and levels[("EAST", "A-1")] == 4
