"""Strict readers: an absurd value is refused by name, and does not cost its neighbours in the same answer."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest

from invsync_tui.connectors.http import Response
from invsync_tui.connectors.network.json_text import decoded
from invsync_tui.connectors.values import (
    NEEDED_MOST,
    QUANTITY_MOST,
    describe_value,
    maybe_seconds,
    maybe_whole,
    name_of,
    reference,
    seconds,
    text,
    whole,
    yes_or_no,
)

ABSURD_NUMBERS: list[Any] = [
    2**63, 2**63 - 1, -(2**63), 10**400, math.nan, math.inf, -math.inf, 5.9, "5", "", True, False, None, [5], {},
    QUANTITY_MOST + 1,
]  # fmt: skip


@pytest.mark.parametrize("value", ABSURD_NUMBERS, ids=lambda value: repr(value)[:24])
def test_an_absurd_quantity_is_refused_and_never_converted(value: Any) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        whole(value)
    assert len(str(refused.value)) < 150


@pytest.mark.parametrize(("value", "read"), [(5, 5), (5.0, 5), (0, 0), (-3, -3), (QUANTITY_MOST, QUANTITY_MOST)])
def test_a_whole_number_is_read_as_such(value: Any, read: int) -> None:
    assert whole(value) == read
    assert type(whole(value)) is int


def test_null_is_unknown_where_that_is_allowed_and_never_0() -> None:
    assert maybe_whole(None) is None


def test_a_time_before_1970_or_after_all_calendars_is_refused() -> None:
    for value in (-1, 10**15):
        with pytest.raises(ValueError, match="not between"):
            seconds(value)


def test_the_largest_quantities_and_kits_fit_the_stores_integers() -> None:
    assert QUANTITY_MOST * NEEDED_MOST < 2**63
    assert QUANTITY_MOST * 1_000_000 < 2**63


@pytest.mark.parametrize("value", [5, None, "a\udcffb", "x" * 20_000, ["a"]], ids=repr)
def test_what_is_no_readable_text_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        text(value)


def test_an_id_is_a_text_or_a_whole_number() -> None:
    assert (reference("a"), reference(7)) == ("a", "7")
    for value in (True, 7.5, "", " ", None):
        with pytest.raises(ValueError, match=r"."):
            reference(value)


@pytest.mark.parametrize(
    "absurd",
    [
        b"NaN",
        b"1e400",
        b"-1e400",
        b"Infinity",
        b"9" * 30,
        b"9" * 5000,
        b"5.9",
        b'5,"n":6',
        b'5,"n":5',
        b"true",
        b'"\xff"',
    ],
)
@pytest.mark.parametrize("gap", [b"", b" "], ids=["compact", "spaced"])
def test_one_absurd_value_leaves_the_rest_of_the_answer_readable(absurd: bytes, gap: bytes) -> None:
    # given
    body = b'{"rows":%s[{"id":"a","n":1},{"id":"b","n":%s},{"id":"c","n":3}]}' % (gap, absurd)
    # when
    rows = Response(200, {}, body, "shop GET /").json()["rows"]
    # then
    assert [row["id"] for row in rows] == ["a", "b", "c"]
    assert [whole(rows[0]["n"]), whole(rows[2]["n"])] == [1, 3]
    with pytest.raises(ValueError, match=r"."):
        whole(rows[1]["n"])


@pytest.mark.parametrize("code", [b"A\xffB", b"\\ud800", b'A","sku":"B'])
def test_a_damaged_text_is_told_from_a_good_one(code: bytes) -> None:
    rows = decoded(b'[{"sku":"ok"},{"sku":"%s"}]' % code)
    assert text(rows[0]["sku"]) == "ok"
    with pytest.raises(ValueError, match="is not a text"):
        text(rows[1]["sku"])


@pytest.mark.parametrize("value", [{"a": [1, {"b": "ä\U0001f600"}], "c": None}, ["x", 1.5, -0.0], "ü", 3])
@pytest.mark.parametrize("layout", [{"indent": 2}, {"separators": (",", ":"), "ensure_ascii": False}, {}])
def test_a_good_answer_is_read_as_any_reader_reads_it(value: Any, layout: dict[str, Any]) -> None:
    assert decoded(json.dumps(value, **layout).encode()) == value


@pytest.mark.parametrize("body", [b"", b"\xff", b"{", b"<html>", b'{"a":1}x', b"[" * 200_000])
def test_what_is_no_json_is_refused_as_such(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decoded(body)


# --- the limits themselves ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (5.9, "5.9"),
        ("5", "'5'"),
        ([5], "[5]"),
        (2**127, str(2**127)),
        (2**128, "a number of 129 bits"),
        ("x" * 38, "'" + "x" * 38 + "'"),
        ("x" * 39, "'" + "x" * 39 + "..."),
        ([0] * 14, "[" + "0, " * 13 + "..."),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_refused_value_is_repeated_in_its_own_words_and_never_at_length(value: Any, told: str) -> None:
    assert describe_value(value) == told


@pytest.mark.parametrize("value", [10**12, -(10**12), 0, 1e12])
def test_a_quantity_may_be_a_billion_thousands_either_way(value: Any) -> None:
    assert (whole(value), maybe_whole(value)) == (int(value), int(value))


@pytest.mark.parametrize("value", [10**12 + 1, -(10**12) - 1, 1e13])
def test_a_quantity_beyond_is_refused_with_its_bounds(value: Any) -> None:
    for read in (whole, maybe_whole):
        with pytest.raises(ValueError, match=r"is not between -1000000000000 and 1000000000000$"):
            read(value)
    assert NEEDED_MOST == 10**6


@pytest.mark.parametrize(("value", "fits"), [(2, False), (3, True), (7, True), (8, False)])
def test_bounds_that_are_given_count_themselves(value: int, *, fits: bool) -> None:
    for read in (whole, maybe_whole):
        if fits:
            assert read(value, 3, 7) == value
        else:
            with pytest.raises(ValueError, match=f"^{value} is not between 3 and 7$"):
                read(value, 3, 7)
    assert maybe_whole(None, 3, 7) is None


@pytest.mark.parametrize("value", ["5", True, False, None, 5.5, math.nan, math.inf, [5]])
def test_what_is_no_whole_number_is_told_as_that(value: Any) -> None:
    with pytest.raises(ValueError, match=r"is not a whole number$"):
        whole(value)


def test_times_go_from_1970_to_the_last_second_of_the_year_9999() -> None:
    last = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
    assert [seconds(value) for value in (0, last)] == [0, last]
    assert [maybe_seconds(value) for value in (None, 0, last)] == [None, 0, last]
    for read in (seconds, maybe_seconds):
        with pytest.raises(ValueError, match="is not between 0 and"):
            read(last + 1)
        with pytest.raises(ValueError, match="is not between 0 and"):
            read(-1)


def test_a_text_may_have_ten_thousand_characters() -> None:
    assert text("x" * 10_000) == "x" * 10_000
    with pytest.raises(ValueError, match=r"has 10001 characters, more than 10000$"):
        text("x" * 10_001)


@pytest.mark.parametrize("value", [True, False])
def test_a_boolean_is_read_as_such(*, value: bool) -> None:
    assert yes_or_no(value) is value


@pytest.mark.parametrize("value", [0, 1, "false", None, 0.0])
def test_nothing_else_is_taken_for_yes_or_no(value: Any) -> None:
    with pytest.raises(ValueError, match=r"is neither true nor false$"):
        yes_or_no(value)


@pytest.mark.parametrize(
    ("record", "name"),
    [({"id": "a"}, "a"), ({"id": 7}, "7"), ({"id": None}, "?"), ({}, "?"), (["id"], "?"), ({"id": " "}, "?")],
)
def test_a_record_that_cannot_be_read_is_named_by_its_id_as_far_as_it_has_one(record: Any, name: str) -> None:
    assert name_of(record) == name
    assert name_of({"code": "b"}, "code") == "b"
