"""A WMS that reports 2.5 units: whole units are sold, never more than there are, and the fraction is shown."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.sources.rest.layout import Listing, Paging, RecordPath
from invsync_tui.connectors.sources.rest.rows import level
from invsync_tui.connectors.sources.sql.records import levels
from invsync_tui.connectors.values import fraction, quantity
from invsync_tui.operations.diagnosis.doctor import doctor
from invsync_tui.operations.diagnosis.why import why
from tests.support.servers.sandbox import sandbox_cart
from tests.support.stores.merchant_store import Bench


@pytest.mark.parametrize(
    ("value", "units", "digits"),
    [
        (2.5, 2, "2.5"),
        (Decimal("2.50"), 2, "2.5"),
        (-0.5, -1, "-0.5"),
        (Decimal("-2.25"), -3, "-2.25"),
        (0.999, 0, "0.999"),
        (3.0, 3, ""),
        (16.999999999, 17, ""),
        (7, 7, ""),
        (Decimal("4.000"), 4, ""),
        (0.1 + 0.2, 0, "0.3"),
    ],
)
def test_a_fraction_is_rounded_down_and_keeps_its_digits(value: object, units: int, digits: str) -> None:
    assert (quantity(value), fraction(value)) == (units, digits)


@given(st.decimals(-1000, 1000, places=3))
def test_no_more_is_for_sale_than_there_is(value: Decimal) -> None:
    assert quantity(value) == math.floor(value)
    assert bool(fraction(value)) == (value != int(value))


class Feed:
    """A file with stock, as a source."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "stock.csv"

    def write(self, *rows: str, header: str = "sku,warehouse,available") -> None:
        self.file.write_text("\n".join([header, *rows]) + "\n")

    def connection(self) -> Connection:
        return Connection("Feed", "feed", self.file.as_uri(), options={})


async def test_why_the_doctor_and_the_run_name_product_warehouse_and_value(tmp_path: Path) -> None:
    with sandbox_cart(3) as carts:
        # given
        codes = sorted(carts.quantities("main"))
        feed = Feed(tmp_path)
        feed.write(f"{codes[0]},EAST,2.5", f"{codes[0]},WEST,-0.5", f"{codes[1]},EAST,4.0", f"{codes[2]},EAST,9")
        bench = Bench.make(tmp_path, alone=True)
        bench.add_merchant(feed.connection())
        # when
        pull = await bench.pull()
        cart = bench.add_cart(carts.connection())
        await bench.push(cart)
        # then: 2 in one warehouse, one less than nothing in the other
        assert carts.quantities("main")[codes[0]] == 1
        (listing,) = why(bench.session(), codes[0]).listings
        assert [step.because for step in listing.steps if step.step == "sum"] == [
            "EAST: available 2, rounded down from 2.5",
            "WEST: available -1, rounded down from -0.5",
        ]
        events = [row[0] for row in bench.store.read("SELECT text FROM run_event WHERE run_id = ?", (pull.id,))]
        assert f"2 levels are fractions and rounded down: {codes[0]} in EAST: 2.5, {codes[0]} in WEST: -0.5." in events
        (check,) = [check for check in doctor(bench.session()).checks if check.id == "merchant.fractions"]
        assert check.verdict == "fail"
        assert f"{codes[0]} in EAST: 2.5, counted as 2, {codes[0]} in WEST: -0.5, counted as -1" in check.evidence
        # and once the WMS counts whole units, nothing is said any more
        feed.write(f"{codes[0]},EAST,3", f"{codes[0]},WEST,0", f"{codes[1]},EAST,4.0", f"{codes[2]},EAST,9")
        await bench.pull(full=True)
        await bench.push(cart)
        assert carts.quantities("main")[codes[0]] == 3
        assert not [check for check in doctor(bench.session()).checks if check.id == "merchant.fractions"]
        (listing,) = why(bench.session(), codes[0]).listings
        assert "rounded" not in " ".join(step.because for step in listing.steps)


async def test_what_is_committed_is_subtracted_before_rounding(tmp_path: Path) -> None:
    """5 on hand and 2.5 committed are 2 for sale; each rounded for itself would be 3."""
    with sandbox_cart(3) as carts:
        code = sorted(carts.quantities("main"))[0]
        feed = Feed(tmp_path)
        feed.write(f"{code},5,2.5", header="sku,on_hand,committed")
        bench = Bench.make(tmp_path, alone=True)
        bench.add_merchant(feed.connection())
        await bench.pull()
        sql = "SELECT v.available, f.reported FROM level AS v JOIN level_fraction AS f USING (warehouse_id, product_id)"
        assert bench.store.read(sql) == [(2, "2.5")]


@pytest.mark.parametrize(
    ("names", "row"),
    [
        (("sku", "available"), ("A", 2.5, 1)),
        (("sku", "available"), ("A", Decimal("2.5"), 1)),
        (("sku", "on_hand", "committed"), ("A", 5.25, 2.75, 1)),
        (("sku", "on_hand", "committed"), ("A", Decimal("5"), Decimal("2.5"), 1)),
    ],
)
def test_a_query_that_gives_fractions_says_so(names: tuple[str, ...], row: tuple[object, ...]) -> None:
    whole_row = ("B", *(4 for _ in names[1:]), 2)
    rows, rejected = levels(names, "sku", [row, whole_row], ())
    assert rejected == []
    assert [(row.product_ref, row.available, row.fraction) for row in rows] == [
        ("A", 2, "2.5"),
        ("B", rows[1].available, ""),
    ]
    # and row by row, as where another row cannot be read
    rows, rejected = levels(names, "sku", [row, ("C", *("x" for _ in names[1:]), 3)], ())
    assert [(level.available, level.fraction) for level in rows] == [(2, "2.5")]
    assert [name for name, _ in rejected] == ["C"]


@pytest.mark.parametrize(("numbers", "value"), [("number", 2.5), ("text", "2.50")])
def test_a_rest_system_that_gives_fractions_says_so(numbers: str, value: object) -> None:
    place = {name: RecordPath((name,), may_miss=False) for name in ("product", "available")}
    row = level(
        Listing("levels", "/levels", {}, RecordPath((), may_miss=False), None, Paging(), place),
        numbers,
        "EAST",
        {"product": "P", "available": value},
    )
    assert (row.available, row.fraction) == (2, "2.5")
