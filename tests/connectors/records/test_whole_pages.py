"""A page that is read column by column gives what it gives record by record, whatever stands in one of its records."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from invsync_tui.connectors import values
from invsync_tui.connectors.base import LevelRow, ProductRow
from invsync_tui.connectors.http import Response
from invsync_tui.connectors.json_rest import page_of
from invsync_tui.connectors.sources import sandbox
from invsync_tui.connectors.values import QUANTITY_MOST, SECONDS_MOST, TEXT_MOST

LEVEL = {
    "ref": "p-1", "warehouse": "wh-1", "on_hand": 5, "available": 4, "committed": 1, "incoming": None, "read_at": 90,
}  # fmt: skip
PRODUCT: dict[str, Any] = {
    "ref": "p-1", "sku": "S-1", "name": "A name", "aliases": [{"type": "ean", "code": "4000"}, {"type": "Upc", "code": "1"}],
}  # fmt: skip
LONG, LOST = "x" * (TEXT_MOST + 1), "\udc80"
ODD = (
    None, True, False, 0, -1, 5.0, 5.5, 1e300, "", " ", "5", "é", "ß", LOST, LONG, [], {}, [1], {"a": 1},
    QUANTITY_MOST, QUANTITY_MOST + 1, -QUANTITY_MOST, -QUANTITY_MOST - 1, SECONDS_MOST, SECONDS_MOST + 1,
)  # fmt: skip
"""What may stand in any field."""
ALIASES = (
    [], None, {}, "", [{}], [{"type": "EAN"}], [{"type": "EAN", "code": 5}], [{"type": 5, "code": "5"}], [None],
    [{"type": "ß", "code": "é"}], [{"type": LOST, "code": "1"}], [{"type": "EAN", "code": LOST}], [{"type": [], "code": "1"}],
    [{"type": "ß" * TEXT_MOST, "code": "1"}], [{"type": "ean", "code": ""}],
)  # fmt: skip
COMPONENTS = (
    [], None, {}, "", 0, [{}], [{"ref": "p-2", "needed": 2}], [{"ref": "p-2", "needed": -1}], [{"ref": 5, "needed": 1}],
)  # fmt: skip


def response(name: str, records: list[Any]) -> Response:
    """An answer with these records, which need not be JSON."""
    answer = Response(200, {}, b"", "test GET /")
    answer._read = {name: records, "next": None, "total": len(records)}
    return answer


def both(name: str, records: list[Any], read: Any, read_all: Any) -> tuple[Any, Any]:
    return page_of(response(name, records), name, read, read_all), page_of(response(name, records), name, read)


def pages(record: dict[str, Any], field: str, odd: object) -> list[list[dict[str, Any]]]:
    """The odd record alone, and among others."""
    changed = {**record, field: odd}
    return [[changed], [{**record, "ref": "a"}, changed, {**record, "ref": "b"}]]


@pytest.mark.parametrize("field", LEVEL)
@pytest.mark.parametrize("odd", ODD, ids=lambda value: repr(value)[:20])
def test_a_page_of_levels_is_the_same_both_ways(field: str, odd: object) -> None:
    for records in pages(LEVEL, field, odd):
        columns, one_by_one = both("levels", records, sandbox._level, sandbox._levels)
        assert columns == one_by_one
        assert [list(map(type, row)) for row in columns.rows] == [list(map(type, row)) for row in one_by_one.rows]
        assert len(columns.rows) + len(columns.rejected) == len(records)


@pytest.mark.parametrize(
    ("field", "odd"),
    [
        *((field, odd) for field in ("ref", "sku", "name", "active", "counted") for odd in ODD),
        *(("aliases", odd) for odd in ALIASES),
        *(("components", odd) for odd in COMPONENTS),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_page_of_products_is_the_same_both_ways(field: str, odd: object) -> None:
    for records in pages(PRODUCT, field, odd):
        columns, one_by_one = both("products", records, sandbox._product, sandbox._products)
        assert columns == one_by_one
        assert [list(map(type, row)) for row in columns.rows] == [list(map(type, row)) for row in one_by_one.rows]


@pytest.mark.parametrize("field", LEVEL)
def test_a_level_without_a_field_is_named_and_costs_no_other(field: str) -> None:
    lacking = {name: value for name, value in LEVEL.items() if name != field}
    page, one_by_one = both("levels", [LEVEL, lacking], sandbox._level, sandbox._levels)
    assert page == one_by_one
    assert (len(page.rows), page.rejected) == (1, (("?" if field == "ref" else "p-1", f"KeyError: '{field}'"),))


def test_records_of_another_shape_are_named() -> None:
    page, one_by_one = both("levels", [LEVEL, [], "text", None], sandbox._level, sandbox._levels)
    assert page == one_by_one
    assert (len(page.rows), len(page.rejected)) == (1, 3)


def test_an_ordinary_page_is_read_without_a_call_for_each_record() -> None:
    def refuse(_: object) -> Any:
        raise AssertionError("one by one")

    records = orjson.loads(orjson.dumps([{**LEVEL, "ref": f"p-{n}"} for n in range(100)]))
    rows = page_of(response("levels", records), "levels", refuse, sandbox._levels).rows
    assert list(rows) == list(map(sandbox._level, records))
    assert {*map(type, rows)} == {LevelRow}
    products = [{**PRODUCT, "ref": f"é-{n}", "aliases": PRODUCT["aliases"][: n % 3]} for n in range(100)]
    made = page_of(response("products", products), "products", refuse, sandbox._products).rows
    assert list(made) == list(map(sandbox._product, products))
    assert {*map(type, made)} == {ProductRow}


def test_an_empty_page_has_no_rows() -> None:
    assert both("levels", [], sandbox._level, sandbox._levels)[0].rows == []
    assert both("products", [], sandbox._product, sandbox._products)[0].rows == []


def takes(read: Any, *arguments: object) -> bool:
    try:
        read(*arguments)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("odd", ODD, ids=lambda value: repr(value)[:20])
def test_a_column_is_never_taken_with_a_value_that_is_refused_alone(odd: object) -> None:
    for column in ([odd], [7, odd], [odd, 7]):
        assert values.are_whole(column) <= all(takes(values.whole, value) for value in column)
        assert values.are_whole(column, maybe=True) <= all(takes(values.maybe_whole, value) for value in column)
        assert values.are_whole(column, least=0) <= all(takes(values.whole, value, 0) for value in column)
    for column in ([odd], ["a", odd], [odd, "é"]):
        assert values.are_texts(column) <= all(takes(values.text, value) for value in column)
    for column in ([odd], [True, odd]):
        assert values.are_booleans(column) <= all(takes(values.yes_or_no, value) for value in column)


def test_columns_of_usual_values_are_taken() -> None:
    assert values.are_whole([0, -QUANTITY_MOST, QUANTITY_MOST])
    assert values.are_whole([None, 5, None], maybe=True)
    assert values.are_whole([None, None], maybe=True)
    assert not values.are_whole([None, 5])
    assert values.are_texts(["", "a", "é", "x" * TEXT_MOST])
    assert values.are_booleans([True, False])
    assert values.are_whole([])
    assert values.are_texts([])
    assert not values.are_texts(["\ud83d", "\ude00"])  # two halves in two values are no character
