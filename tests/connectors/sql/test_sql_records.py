"""Rows read a page at a time are what they are read one by one, whatever types a driver has."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from invsync_tui.connectors.sources.sql import records

LEVELS = ("sku", "warehouse", "on_hand", "available", "committed")
PRODUCTS = ("id", "sku", "name", "active", "ean", "old")
GOOD_LEVELS = [
    ("A", "EAST", 1, 1, None),
    (" b c ", None, None, -3, 0),
    (77, 5, Decimal("2.75"), Decimal("2.75"), Decimal("0.1")),
    (Decimal("123456789012345678"), "EAST", 2.5, 2.5, 0.5),
    (UUID(int=1), "", 1, 10**12, None),
    ("Ü", "EAST", 1, 0, 1),
]
BAD_LEVELS = [
    (None, "EAST", 1, 1, 0),
    ("  ", "EAST", 1, 1, 0),
    ("X", "EAST", 1, None, 0),
    ("X", "EAST", 1, "5", 0),
    ("X", "EAST", True, 1, 0),
    ("X", "EAST", 1, 10**12 + 1, 0),
    ("X", [1], 1, 1, 0),
    ("X", 1.5, 1, 1, 0),
    ("X", "EAST", 1, Decimal("NaN"), 0),
    ("X", "EAST", 1, float("inf"), 0),
    ("\udcff", "EAST", 1, 1, 0),
    ("X" * 10_001, "EAST", 1, 1, 0),
    (b"X", "EAST", 1, 1, 0),
    (1.5, "EAST", 1, 1, 0),
]


def keyed(*rows: tuple[object, ...]) -> list[tuple[object, ...]]:
    """Rows with a key behind them."""
    return [(*row, number) for number, row in enumerate(rows)]


@pytest.mark.parametrize("bad", BAD_LEVELS, ids=repr)
def test_a_bad_level_changes_no_other(bad: tuple[object, ...]) -> None:
    alone, none = records.levels(LEVELS, "sku", keyed(*GOOD_LEVELS), set())
    beside, rejected = records.levels(LEVELS, "sku", keyed(*GOOD_LEVELS, bad), set())
    assert none == []
    assert beside == alone
    assert len(rejected) == 1
    assert [row.available for row in alone] == [1, -3, 2, 2, 10**12, 0]
    assert [row.warehouse_ref for row in alone] == ["EAST", "", "5", "EAST", "", "EAST"]


@pytest.mark.parametrize("missing", ["on_hand", "committed"])
def test_what_is_available_cannot_be_worked_out_of_unknown_numbers(missing: str) -> None:
    names = ("sku", "on_hand", "committed")
    row = {"sku": "A", "on_hand": Decimal("7.5"), "committed": Decimal("2.25")}
    (level,), _ = records.levels(names, "sku", keyed(tuple(row.values())), set())
    assert (level.on_hand, level.available, level.committed) == (7, 5, 2)
    rows, rejected = records.levels(names, "sku", keyed(tuple((row | {missing: None}).values())), set())
    assert (rows, [ref for ref, _ in rejected]) == ([], ["A"])


@pytest.mark.parametrize("held", [-3, Decimal("-0.5"), -1.0])
def test_what_is_committed_below_0_makes_no_more_than_there_is(held: object) -> None:
    """medusajs/medusa#12401, vendurehq/vendure#1571: reservations that have fallen below 0."""
    rows, rejected = records.levels(("sku", "on_hand", "committed"), "sku", keyed(("A", 8, held), ("B", 8, 3)), set())
    assert [(row.product_ref, row.available) for row in rows] == [("B", 5)]
    assert [ref for ref, _ in rejected] == ["A"]
    assert "is below 0" in rejected[0][1]


GOOD_PRODUCTS = [
    (1, "A", "Mug", True, "4006381333931", None),
    (2, None, None, 1, None, " "),
    (3, " b ", "", 0, 4006381333931, "x"),
]


@pytest.mark.parametrize(
    "bad", [(None, "A", "", True, "", ""), (9, b"A", "", True, "", ""), (9, "A", 5, True, "", ""), (9, "A", "", None, "", ""),
            (9, "A", "", 2, "", ""), (9, "A", "", True, 1.5, "")], ids=repr,
)  # fmt: skip
def test_a_bad_product_changes_no_other(bad: tuple[object, ...]) -> None:
    alone, _ = records.products(PRODUCTS, "id", keyed(*GOOD_PRODUCTS), set())
    beside, rejected = records.products(PRODUCTS, "id", keyed(*GOOD_PRODUCTS, bad), set())
    assert beside == alone
    assert len(rejected) == 1
    assert [(row.ref, row.sku, row.active) for row in alone] == [
        ("1", "A", True),
        ("2", None, True),
        ("3", " b ", False),
    ]
    assert [[tuple(alias) for alias in row.aliases] for row in alone] == [
        [("EAN", "4006381333931")], [], [("EAN", "4006381333931"), ("OLD", "x")],
    ]  # fmt: skip


def test_a_product_without_other_codes_has_none() -> None:
    (product,), _ = records.products(("sku",), "sku", keyed(("A",)), set())
    assert (product.ref, product.sku, product.name, product.aliases, product.components) == ("A", "A", "", (), ())
    assert product.active and product.counted
