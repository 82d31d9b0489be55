"""What it means that a product has no row in a file, over downloads and pushes: unknown, 0 or nothing, and for which products."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.connectors.feed import HEAD, names, refusal, write
from tests.support.connectors.feed_files import bench_with, known
from tests.support.servers.sandbox import sandbox_cart

SITES = "SKU,Warehouse,Available\n"
PRODUCTS = 40


# --- 0 ---------------------------------------------------------------------------------------------------------------


def stock_rows(skus: Sequence[str], line: str) -> str:
    return "".join(line.format(sku, sku) for sku in skus)


@pytest.mark.parametrize(
    ("options", "head", "line"),
    [
        ({}, HEAD, "{},5\n"),
        ({"products_file": "products.csv"}, HEAD, "{},5\n"),
        ({}, SITES, "{},EAST,5\n{},WEST,5\n"),
    ],
)
async def test_a_file_that_was_cut_off_is_held_by_the_rule_for_a_catalog_that_shrank(
    tmp_path: Path, options: dict[str, str], head: str, line: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    with sandbox_cart(PRODUCTS) as cart:
        skus = sorted(cart.quantities())
        write(folder / "products.csv", "SKU,Name\n" + "".join(f"{sku},Mug\n" for sku in skus))
        write(folder / "stock.csv", head + stock_rows(skus, line), age=900)
        bench = bench_with(folder, tmp_path, file="stock.csv", absent="zero", **options)
        await bench.pull()
        cart_id = bench.add_cart(cart.connection())
        assert (await bench.push(cart_id)).state == "done"
        with bench.by_hand() as tx:
            tx.execute("UPDATE run SET started_at = started_at - 10")
            tx.execute("UPDATE pull_generation SET ended_at = ended_at - 20")
        # when: 12 of 40 are gone, which is less than the limit of the rule for many zeros
        write(folder / "stock.csv", head + stock_rows(skus[:28], line), age=600)
        assert (await bench.pull()).state == "done"
        run = await bench.push(cart_id, release=False)
        # then
        assert run.state == "held" and {trip["breaker"] for trip in json.loads(run.trips)} == {"CATALOGUE_SHRUNK"}
        assert cart.quantities()[skus[-1]] != 0


async def test_a_file_that_lacks_a_few_rows_is_pushed_as_0(tmp_path: Path) -> None:
    with sandbox_cart(PRODUCTS) as cart:
        skus = sorted(cart.quantities())
        path = write(tmp_path / "stock.csv", HEAD + stock_rows(skus, "{},5\n"), age=900)
        bench = bench_with(path, tmp_path, absent="zero")
        await bench.pull()
        cart_id = bench.add_cart(cart.connection())
        await bench.push(cart_id)
        write(path, HEAD + stock_rows(skus[:38], "{},5\n"), age=300)
        await bench.pull()
        assert (await bench.push(cart_id, release=False)).state == "done"
        assert cart.quantities()[skus[-1]] == 0 and cart.quantities()[skus[30]] == 5


# --- nothing: files with changes alone ----------------------------------------------------------------------------------


async def test_files_with_changes_alone_leave_everything_else_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    bench = bench_with(folder, tmp_path, file="stock_*.csv", absent="unchanged", which="all", archive="read")
    write(folder / "stock_1.csv", SITES + "A-1,EAST,5\nA-2,EAST,7\nA-2,WEST,3\n", age=900)
    assert (await bench.pull()).state == "done"
    write(folder / "stock_2.csv", SITES + "A-1,EAST,6\n", age=600)
    write(folder / "stock_3.csv", SITES + "A-1,EAST,4\nA-3,EAST,1\n", age=500)
    write(folder / "stock_10.csv", SITES, age=400)
    run = await bench.pull()
    # then
    assert (run.state, run.error) == ("done", "")
    assert known(bench) == {("EAST", "A-1"): 4, ("EAST", "A-2"): 7, ("WEST", "A-2"): 3, ("EAST", "A-3"): 1}
    assert names(folder) == ["read"]
    assert (
        bench.store.read(
            f"SELECT count(*) FROM warehouse WHERE vanished_at IS NOT NULL AND merchant_id = {bench.merchant}"
        )[0][0]
        == 0
    )
    # and a file of before that comes late does not undo what came after it
    write(folder / "stock_4.csv", SITES + "A-1,EAST,99\n")
    run = await bench.pull()
    assert run.state == "failed" and "stock_4.csv came after a newer file was read" in run.error
    (folder / "stock_4.csv").unlink()
    run = await bench.pull()
    assert run.state == "failed" and "no new file" in run.error
    assert known(bench)[("EAST", "A-1")] == 4


async def test_a_row_that_cannot_be_read_in_the_last_file_hides_no_older_one_as_if_it_were_right(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    bench = bench_with(folder, tmp_path, file="*.csv", absent="unchanged", which="all")
    write(folder / "1.csv", HEAD + "A-1,5\nA-2,7\n", age=900)
    write(folder / "2.csv", HEAD + "A-1,6\n", age=800)
    write(folder / "3.csv", HEAD + "A-1,x\n", age=700)
    run = await bench.pull()
    assert (run.state, known(bench)) == ("done", {("Default", "A-2"): 7})


async def test_one_of_several_files_with_changes_is_refused(tmp_path: Path) -> None:
    assert "each file counts" in (await refusal(tmp_path, file="stock_*.csv", absent="unchanged")).what


# --- for which products ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("absent", "left"), [("zero", {"ACME-2": 0}), ("unknown", {})])
async def test_what_the_file_is_not_about_stays_as_it_is(tmp_path: Path, absent: str, left: dict[str, int]) -> None:
    path = write(tmp_path / "stock.csv", HEAD + "ACME-1,5\nACME-2,7\nBOLT-1,3\n", age=900)
    bench = bench_with(path, tmp_path, absent=absent, covers="ACME-, CUP-")
    await bench.pull()
    write(path, HEAD + "ACME-1,4\n", age=600)
    run = await bench.pull()
    assert run.state == "done"
    assert {sku: number for (_, sku), number in known(bench).items()} == {"ACME-1": 4, "BOLT-1": 3} | left
