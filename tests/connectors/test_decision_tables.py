"""Decisions of connectors as tables, each whole: what an error says and advises, where a limit lies, what a row becomes."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from invsync_tui.connectors.base import LevelRow
from invsync_tui.connectors.carts import sandbox, woocommerce
from invsync_tui.connectors.carts.medusa import quantities
from invsync_tui.connectors.carts.woocommerce import api
from invsync_tui.connectors.errors import ConnectorError, ContractError
from invsync_tui.connectors.http import Response
from invsync_tui.connectors.network import response_body
from invsync_tui.connectors.sources.feed.file_order import Choice, Order
from invsync_tui.connectors.sources.feed.finding import FoundFiles
from invsync_tui.connectors.sources.feed.places import FeedFile
from invsync_tui.connectors.sources.sql import records

Words = tuple[str, ...]
"""The kind of an error, what happened, the advice, and for a write whose fate is not known that word."""
NOT_KNOWN = "may have been applied"


def told(error: ConnectorError) -> Words:
    doubt = (NOT_KNOWN,) if getattr(error, "may_have_applied", False) else ()
    return type(error).__name__, error.what, error.advice, *doubt


JSON = b'{"code": "%s", "message": "%s"}'
PAGE = b"\xef\xbb\xbf <html><title>Blocked &amp; logged</title></html>"
ANSWERS: list[tuple[int, bytes, bool, Words]] = [
    (200, b"", False, ()),
    (201, b"", True, ()),
    (
        202,
        b"",
        True,
        (
            "ContractError",
            "The shop answered 202:",
            "Check the address and the version of the system; if both are right, report it.",
        ),
    ),
    (
        500,
        JSON % (b"x", b"broken"),
        True,
        (
            "UnavailableError",
            "The shop answered 500: broken",
            "Nothing is lost; it is tried again in the next run.",
            NOT_KNOWN,
        ),
    ),
    (
        500,
        PAGE,
        False,
        (
            "UnavailableError",
            "The shop answered 500: Blocked &amp; logged",
            "Nothing is lost; it is tried again in the next run.",
        ),
    ),
    (501, PAGE, False, ("UnavailableError", "The shop answered 501: Blocked &amp; logged", api.FIREWALL_ADVICE)),
    (
        503,
        PAGE,
        True,
        ("UnavailableError", "The shop answered 503: Blocked &amp; logged", api.FIREWALL_ADVICE, NOT_KNOWN),
    ),
    (
        503,
        JSON % (b"x", b"busy"),
        False,
        ("UnavailableError", "The shop answered 503: busy", "Nothing is lost; it is tried again in the next run."),
    ),
    (
        499,
        JSON % (b"x", b"y"),
        False,
        (
            "ContractError",
            "The shop answered 499: y",
            "Check the address and the version of the system; if both are right, report it.",
        ),
    ),
    (
        403,
        PAGE,
        True,
        (
            "UnavailableError",
            "A web page came instead of the shop's answer (403): Blocked &amp; logged",
            api.FIREWALL_ADVICE,
        ),
    ),
    (
        406,
        PAGE,
        False,
        (
            "UnavailableError",
            "A web page came instead of the shop's answer (406): Blocked &amp; logged",
            api.FIREWALL_ADVICE,
        ),
    ),
    (
        404,
        PAGE,
        False,
        ("ContractError", "There is no REST API of WooCommerce at this address (404).", api.ADDRESS_ADVICE),
    ),
    (
        401,
        JSON % (b"woocommerce_rest_cannot_view", b"no permissions to view"),
        False,
        ("PermissionDeniedError", "The key may not do this (401): no permissions to view", api.ROLE_ADVICE),
    ),
    (
        401,
        JSON % (b"woocommerce_rest_cannot_view", b"no"),
        False,
        ("AuthError", "The shop did not accept the key (401): no", api.PAIR_ADVICE),
    ),
    (403, JSON % (b"x", b"no"), False, ("PermissionDeniedError", "The key may not do this (403): no", api.ROLE_ADVICE)),
    (
        404,
        JSON % (b"rest_no_route", b"no route"),
        False,
        ("ContractError", "There is no REST API of WooCommerce at this address (404).", api.ADDRESS_ADVICE),
    ),
    (
        404,
        b"",
        False,
        ("ContractError", "There is no REST API of WooCommerce at this address (404).", api.ADDRESS_ADVICE),
    ),
    (
        404,
        JSON % (b"woocommerce_rest_product_invalid_id", b"Invalid ID."),
        False,
        (
            "GoneError",
            "The shop answered 404: Invalid ID.",
            "Check the address and the version of the system; if both are right, report it.",
        ),
    ),
    (
        400,
        JSON % (b"woocommerce_rest_product_invalid_id", b"Invalid ID."),
        True,
        (
            "ContractError",
            "The shop answered 400: Invalid ID.",
            "Check the address and the version of the system; if both are right, report it.",
        ),
    ),
    (
        404,
        JSON % (b"other", b"z"),
        False,
        (
            "ContractError",
            "The shop answered 404: z",
            "Check the address and the version of the system; if both are right, report it.",
        ),
    ),
]


@pytest.mark.parametrize(("status", "body", "writes", "words"), ANSWERS)
def test_each_answer_of_woocommerce_ends_as_its_own_error(status: int, body: bytes, writes: bool, words: Words) -> None:
    try:
        api.judge_status(Response(status, {}, body, "shop"), writes=writes)
    except ConnectorError as error:
        assert told(error) == words
    else:
        assert words == ()


async def _in_pieces(body: bytes, size: int = 1 << 20) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


PACKED = {
    "": lambda body: body,
    "identity": lambda body: body,
    "gzip": lambda body: gzip.compress(body, 1),
    "x-gzip": lambda body: gzip.compress(body, 1) + b"\0\0",
    "deflate": lambda body: zlib.compress(body, 1),
}


@pytest.mark.parametrize("coding", PACKED)
async def test_a_body_may_have_as_many_bytes_as_the_limit_and_no_more(
    coding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response_body, "BODY_MOST", 100)
    for size, fits in ((99, True), (100, True), (101, False)):
        reading = response_body.read(_in_pieces(PACKED[coding](b"x" * size), 20), {"content-encoding": coding}, "shop")
        if fits:
            assert await reading == b"x" * size
        else:
            with pytest.raises(ContractError, match=r"The answer has more than 100 bytes\."):
                await reading


@pytest.mark.parametrize(("length", "refused"), [
    ("100", False), ("101", True), ("0000000000101", True), ("x", False), ("", False), ("99", False),
])  # fmt: skip
async def test_an_announced_length_is_refused_before_anything_is_read(
    length: str, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response_body, "BODY_MOST", 100)
    reading = response_body.read(_in_pieces(b"y"), {"content-length": length}, "shop")
    if refused:
        with pytest.raises(ContractError, match=f"The answer has {length} bytes, more than 100"):
            await reading
    else:
        assert await reading == b"y"


async def test_what_is_packed_otherwise_or_cut_short_is_refused() -> None:
    with pytest.raises(ContractError, match="is packed as 'br', which was not asked for"):
        await response_body.read(_in_pieces(b"y"), {"content-encoding": "br"}, "shop")
    with pytest.raises(ContractError, match="ends in the middle"):
        await response_body.read(_in_pieces(gzip.compress(b"y" * 100)[:-12]), {"content-encoding": "gzip"}, "shop")
    with pytest.raises(ContractError, match="cannot be unpacked"):
        await response_body.read(_in_pieces(b"no gzip"), {"content-encoding": "gzip"}, "shop")


@pytest.mark.parametrize(("value", "seconds"), [
    (0, 0.0), (1.5, 1.5), (sandbox.SECONDS_MOST - 1, float(sandbox.SECONDS_MOST - 1)), (sandbox.SECONDS_MOST, None),
    (-1, None), (True, None), ("5", None), (None, None),
])  # fmt: skip
def test_a_shop_says_for_how_many_seconds_it_waits(value: object, seconds: float | None) -> None:
    if seconds is None:
        with pytest.raises(ValueError, match="is no number of seconds"):
            sandbox._duration(value)
    else:
        assert sandbox._duration(value) == seconds


def test_products_of_woocommerce_that_have_variations() -> None:
    products: Sequence[Any] = [
        {"id": 1, "type": "variable", "sku": "V"},
        {"id": 2, "type": "variable-subscription", "sku": None},
        {"id": 3, "type": "simple", "sku": "S"},
        {"id": "x/y/z", "type": "variable", "sku": "B"},
        {"type": "variable"},
        {"id": 4},
        "no product",
        {"id": 5, "type": "variable", "sku": 7},
    ]
    assert list(woocommerce._parents(products)) == [("1", "V"), ("2", ""), ("5", "")]


def test_what_medusa_shows_after_a_batch_without_what_cannot_be_read() -> None:
    row = {"inventory_item_id": "i1", "location_id": "l1", "stocked_quantity": 5}
    answer = {
        "updated": [
            row,
            {**row, "location_id": "l2", "stocked_quantity": 2.5},
            {**row, "inventory_item_id": "i2", "stocked_quantity": None},
            {**row, "inventory_item_id": "i3", "stocked_quantity": "7"},
            {"inventory_item_id": "i4"},
            None,
            "x",
            {**row, "inventory_item_id": "i5", "stocked_quantity": 0},
        ]
    }
    assert quantities(answer) == {("i1", "l1"): 5, ("i1", "l2"): 2, ("i5", "l1"): 0}
    assert quantities({"updated": "x"}) == {} and quantities({}) == {}


def test_files_that_were_fetched_stay_what_they_were_found_as() -> None:
    a, b, list_of_products, old = (FeedFile(name, 1, 1) for name in ("a.csv", "b.csv", "products.csv", "old.csv"))
    choice = Choice([a, b], Order.TIME)
    with_products = FoundFiles((a, b), list_of_products, (a, b, old), choice)
    assert with_products.all == (list_of_products, a, b)
    fetched = [file._replace(size=9) for file in with_products.all]
    assert with_products.arrived(fetched) == FoundFiles(tuple(fetched[1:]), fetched[0], (a, b, old), choice)
    alone = FoundFiles((a, b), None, (a, old), choice)
    assert alone.all == (a, b)
    assert alone.arrived(fetched[1:]) == FoundFiles(tuple(fetched[1:]), None, (a, old), choice)


MOST = records.QUANTITY_MOST


@pytest.mark.parametrize(("values", "maybe", "expected"), [
    ([1, 2], False, [1, 2]), ([1, None], True, [1, None]), ([None, None], True, [None, None]), ([], True, []),
    ([MOST, -MOST], False, [MOST, -MOST]), ([MOST + 1, 0], False, ValueError), ([0, -MOST - 1], True, ValueError),
    ([2.5, 1], False, [2, 1]), ([2.5, None], True, [2, None]), ([1, None], False, ValueError),
    (["x"], True, ValueError), ([True, 1], False, ValueError),
])  # fmt: skip
def test_a_column_of_numbers(values: Sequence[Any], maybe: bool, expected: Any) -> None:
    if expected is ValueError:
        with pytest.raises(ValueError):
            records._numbers(values, maybe=maybe)
    else:
        assert records._numbers(values, maybe=maybe) == expected


@pytest.mark.parametrize(("names", "rows", "expected"), [
    (
        ("ref", "available", "warehouse"),
        [("a", 5, "E"), ("b", 2.5, None), ("a", -1, "W")],
        [
            LevelRow("a", "E", None, 5, None, None, None, {"ref": "a", "available": 5, "warehouse": "E"}, ""),
            LevelRow("b", "", None, 2, None, None, None, {"ref": "b", "available": 2.5, "warehouse": None}, "2.5"),
            LevelRow("a", "W", None, -1, None, None, None, {"ref": "a", "available": -1, "warehouse": "W"}, ""),
        ],
    ),
    (
        ("ref", "on_hand", "committed", "incoming"),
        [(7, 9, 4, None), (8, 9.5, 4, 3)],
        [
            LevelRow("7", "", 9, 5, 4, None, None, {"ref": 7, "on_hand": 9, "committed": 4, "incoming": None}, ""),
            LevelRow("8", "", 9, 5, 4, 3, None, {"ref": 8, "on_hand": 9.5, "committed": 4, "incoming": 3}, "5.5"),
        ],
    ),
])  # fmt: skip
def test_rows_of_a_query_become_levels_at_once_and_one_by_one(
    names: Sequence[str], rows: Sequence[tuple[Any, ...]], expected: Sequence[LevelRow]
) -> None:
    assert records._all_levels(names, "ref", [(*row, None) for row in rows]) == expected
    assert [records._level(names, "ref", row) for row in rows] == expected
