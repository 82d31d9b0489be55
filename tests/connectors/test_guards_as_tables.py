"""Guards and early ends of the connectors: what each of them lets through, at its bounds."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.connectors import checks
from invsync_tui.connectors.auth.login_state import login_state
from invsync_tui.connectors.auth.oauth import pause
from invsync_tui.connectors.auth.token_store import Token
from invsync_tui.connectors.base import Connection, ListingRow
from invsync_tui.connectors.carts import medusa
from invsync_tui.connectors.carts.medusa import checks as medusa_checks
from invsync_tui.connectors.carts.shopify import api as shopify_api
from invsync_tui.connectors.carts.shopify import checks as shopify_checks
from invsync_tui.connectors.carts.woocommerce import checks as woo_checks
from invsync_tui.connectors.carts.woocommerce.pages import ListPosition, ListReader
from invsync_tui.connectors.checks import CartFacts, SourceFacts, WarehouseStock
from invsync_tui.connectors.errors import ConnectorError, NotConfiguredError
from invsync_tui.connectors.http import Response, Throttle
from invsync_tui.connectors.network import network_errors
from invsync_tui.connectors.network.api_notices import ApiNotices, collect, merged, note, note_version, stored
from invsync_tui.connectors.sources.feed import checks as feed_checks
from invsync_tui.connectors.sources.feed.file_order import Order, by_name, mark_of
from invsync_tui.connectors.sources.feed.places import FeedFile, matching
from invsync_tui.connectors.sources.feed.quantities import QuantityFormat, exact_of_cell, whole_of_cell
from invsync_tui.connectors.sources.feed.settings import parse_aliases
from invsync_tui.connectors.sources.feed.web import _judge as judge_web
from invsync_tui.connectors.sources.odoo import checks as odoo_checks
from invsync_tui.connectors.sources.tryton import rpc as tryton_rpc
from invsync_tui.rules.merchant_checks import Verdict
from invsync_tui.rules.outcomes import Reason

DAY = 86400
NOW = 1_800_000_000


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "seconds", lambda: NOW)
    monkeypatch.setattr(clock, "now", lambda: float(NOW))


def answer(status: int, body: bytes = b"", **headers: str) -> Response:
    return Response(status, headers, body, "demo")


# --- Shopify ---------------------------------------------------------------------------------------------------------


def _points(requested: Any, left: Any, rate: Any, code: str = "THROTTLED") -> bytes:
    status = {"currentlyAvailable": left, "restoreRate": rate}
    cost = {"requestedQueryCost": requested, "throttleStatus": status}
    return json.dumps(
        {"errors": [{"message": "x", "extensions": {"code": code}}], "extensions": {"cost": cost}}
    ).encode()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (429, b"", Throttle(None)),
        (200, _points(100, 50, 50.0), Throttle(1.0)),
        (200, _points(100, 100, 50), Throttle(0.0)),
        (200, _points(50, 100, 50), Throttle(0.0)),
        (200, _points(10**9, 0, 1), Throttle(shopify_api.THROTTLE_MOST)),
        (200, _points(None, 50, 50), Throttle(None)),
        (200, _points(100, None, 50), Throttle(None)),
        (200, _points(100, 50, 0), Throttle(None)),
        (200, _points(100, 50, -1), Throttle(None)),
        (200, _points(100, 50, None), Throttle(None)),
        (200, _points(True, 50, 50), Throttle(None)),
        (200, _points(100, 50, 50, "OTHER"), None),
        (200, _points(100, 50, 50, "THROTTLED not"), None),
        (500, _points(100, 50, 50), None),
        (200, b"THROTTLED", None),
        (200, b'{"errors": "THROTTLED"}', None),
        (200, b'{"errors": [{"extensions": {"code": "THROTTLED"}}], "extensions": {"cost": 1}}', Throttle(None)),
        (
            200,
            b'{"errors": [{"extensions": {"code": "THROTTLED"}}], "extensions": {"cost": {"throttleStatus": 1}}}',
            Throttle(None),
        ),
        (200, b'{"data": {"note": "THROTTLED"}}', None),
    ],
)
def test_what_shopify_means_by_too_many_points(status: int, body: bytes, expected: Throttle | None) -> None:
    assert shopify_api.throttled(answer(status, body)) == expected


def test_an_answer_of_shopify_that_is_large_is_no_refusal() -> None:
    body = _points(100, 50, 50)
    assert shopify_api.throttled(answer(200, body.ljust(64 * 1024))) == Throttle(1.0)
    assert shopify_api.throttled(answer(200, body.ljust(64 * 1024 + 1))) is None


def row(sku: str, **more: Any) -> ListingRow:
    return ListingRow(f"ref {sku}", sku, "title", **more)


def test_what_keeps_variants_from_being_set_is_counted() -> None:
    rows = [
        row("A"), row("B", tracked=False), row("C", tracked=False), row("", tracked=True),
        row("D", skip=Reason.NOT_STOCKED_AT_LOCATION), row("E", skip=Reason.BUNDLE_PARENT),
        row("F", skip=Reason.BUNDLE_PARENT), row("G", skip=Reason.BUNDLE_PARENT),
    ]  # fmt: skip
    told = "Of the first 8 variants, not tracked: 2; not stocked at the location: 1; bundles: 3; without a SKU: 1."
    assert shopify_checks.told_of_listings(rows, more=True) == told
    assert shopify_checks.told_of_listings(rows[:1], more=False) == "Of 1 variant, all can be set."


@pytest.mark.parametrize("tracking", [shopify_checks._tracking, medusa_checks._tracking, woo_checks._tracking])
@pytest.mark.parametrize(
    ("listings", "untracked", "verdict"),
    [
        (0, 0, Verdict.SKIPPED),
        (10, 0, Verdict.PASS),
        (10, 5, Verdict.PASS),
        (10, 6, Verdict.FAIL),
        (1, 1, Verdict.FAIL),
    ],
)
def test_most_variants_of_a_shop_must_be_tracked(
    tracking: Any, listings: int, untracked: int, verdict: Verdict
) -> None:
    facts = CartFacts(shop(), "Acme", "", True, listings=listings, untracked=untracked)
    review = tracking(facts)
    assert review.verdict is verdict
    assert (verdict is Verdict.SKIPPED) == (f"{untracked} of {listings}" not in review.evidence)
    assert bool(review.fix) == bool(review.cause) == (verdict is Verdict.FAIL)


def shop(**options: str) -> Connection:
    return Connection("Shop", "shopify", "https://a.test", "login", "env:X", options)


# --- WooCommerce -----------------------------------------------------------------------------------------------------


class _Shop:
    """A list of records that other people change; as `api.WooApi` reads it."""

    def __init__(self, ids: list[int], *, says_total: bool) -> None:
        self.ids, self.says_total = ids, says_total
        self.asked: list[tuple[int, int]] = []

    async def get(self, path: str, query: Any) -> Response:
        given = dict(query)
        take, skip = int(given["per_page"]), int(given["offset"])
        self.asked.append((skip, take))
        body = json.dumps([{"id": number} for number in self.ids[skip : skip + take]]).encode()
        return answer(200, body, **({"x-wp-total": str(len(self.ids))} if self.says_total else {}))


@pytest.mark.parametrize("says_total", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 10, 11])
async def test_a_list_of_woocommerce_is_read_once_and_to_its_end(says_total: bool, size: int) -> None:
    web = _Shop(list(range(1, 11)), says_total=says_total)
    reader, place, seen = ListReader(web, "products", ()), ListPosition(), []
    while place is not None:
        part = await reader.slice(place, size)
        seen += [record["id"] for record in part.records]
        place = part.following
        assert part.total == (10 if says_total else None)
        assert len(web.asked) <= 12
    assert seen == list(range(1, 11))


@pytest.mark.parametrize("gone", [{1}, {3}, {1, 2}, {2, 3, 4}, {1, 2, 3, 4}])
async def test_records_that_others_delete_meanwhile_hide_no_others(gone: set[int]) -> None:
    web = _Shop(list(range(1, 13)), says_total=True)
    reader = ListReader(web, "products", ())
    first = await reader.slice(ListPosition(), 4)
    assert first.following == ListPosition(4, "4")
    web.ids = [number for number in web.ids if number not in gone]
    seen, place = [record["id"] for record in first.records], first.following
    while place is not None:
        part = await reader.slice(place, 4)
        seen += [record["id"] for record in part.records]
        place = part.following
    assert seen == list(range(1, 13))


# --- Medusa, Tryton --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variant", "ref"),
    [
        ({"id": "v", "inventory_items": [{"inventory_item_id": "i"}]}, "i"),
        ({"id": "v", "inventory_items": [{"inventory_item_id": "i"}, {"inventory_item_id": "j"}]}, "v"),
        ({"id": "v", "inventory_items": []}, "v"),
        ({"id": "v", "inventory_items": "i"}, "v"),
        ({"id": "v", "inventory_items": [{}]}, "v"),
        ({"id": "v"}, "v"),
        ("v", "?"),
        (None, "?"),
    ],
)
def test_what_a_variant_of_medusa_is_called(variant: object, ref: str) -> None:
    assert medusa._ref_of(variant) == ref


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (["UserError", ["You are not allowed to read Move", "more"]], "PermissionDeniedError", "You are not allowed"),
        (["UserError", ["No stock", ""]], "ContractError", "Tryton refused the call: UserError: No stock"),
        (["Other", ["it is not allowed"]], "ContractError", "Tryton refused the call: Other: it is not allowed"),
        (
            ["LoginException", ["code", "of the phone"]],
            "AuthError",
            "asks for more than a password (code of the phone).",
        ),
        (["LoginException"], "AuthError", "The login asks for more than a password."),
        (["KeyError", "Traceback ..."], "ContractError", "Tryton refused the call: KeyError"),
        (["X", ["a", "b", "c"]], "ContractError", "Tryton refused the call: X: a b"),
        (["X", [None, "b"]], "ContractError", "Tryton refused the call: X: b"),
        ([], "ContractError", "Tryton refused the call: []"),
        ("plain", "ContractError", "Tryton refused the call: plain"),
    ],
)
def test_what_an_error_of_tryton_means(error: Any, kind: str, words: str) -> None:
    found = tryton_rpc.error_in(error, "demo")
    assert type(found).__name__ == kind
    assert words in found.what
    assert kind != "ContractError" or found.what == words


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, "AuthError"),
        (403, "PermissionDeniedError"),
        (404, "UnavailableError"),
        (500, "UnavailableError"),
        (503, "UnavailableError"),
        (499, "ContractError"),
        (204, "ContractError"),
    ],
)
def test_a_status_of_tryton_and_of_a_web_server(status: int, kind: str) -> None:
    for judge in (tryton_rpc.judge, lambda response: judge_web(response, "stock.csv")):
        with pytest.raises(ConnectorError) as raised:
            judge(answer(status))
        assert type(raised.value).__name__ == kind


@pytest.mark.parametrize(("status", "good"), [(200, True), (410, False)])
def test_a_file_on_a_web_server(status: int, good: bool) -> None:
    try:
        judge_web(answer(status), "stock.csv")
        assert good
    except ConnectorError as error:
        assert not good
        assert error.what == f"There is no stock.csv on the server ({status})."


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (FeedFile("a.csv", 12, NOW - 5400), "a.csv, 12 bytes, written 1.5 hours ago"),
        (FeedFile("a.csv", 0, NOW + 60), "a.csv, 0 bytes, written 0.0 hours ago"),
        (FeedFile("a.csv", None, None), "a.csv"),
        (FeedFile("a.csv", None, None, True), "a.csv (from the archive)"),
    ],
)
def test_a_file_is_told_in_words(file: FeedFile, words: str) -> None:
    assert file.described(NOW) == words


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("stock.csv", ["stock.csv"]),
        ("*.csv", ["stock.csv", "b.csv"]),
        ("*", ["stock.csv", "b.csv"]),
        ("[b]*", ["b.csv"]),
        ("?.csv", ["b.csv"]),
        ("x", []),
        (".hidden.csv", [".hidden.csv"]),
    ],
)
def test_the_files_that_a_pattern_names(pattern: str, found: list[str]) -> None:
    names = ["stock.csv", "b.csv", f"b.csv{feed_marker()}", ".hidden.csv"]
    assert matching(names, pattern) == found


def feed_marker() -> str:
    from invsync_tui.connectors.sources.feed.places import MARKER

    return MARKER


def test_numbers_in_names_compare_as_numbers() -> None:
    assert sorted(["s10.csv", "s9.csv", "s.csv", "sa.csv"], key=by_name) == ["s9.csv", "s10.csv", "s.csv", "sa.csv"]


@pytest.mark.parametrize(
    ("name", "order", "time", "mark"),
    [
        ("stock_2026_7.csv", Order.NAME, 5, "name:0000000000202600000000000007"),
        ("stock_2026_7.csv", Order.TIME, 5, "time:5"),
        ("stock_31-12-2026.csv", Order.DATE, 5, "date:20261231000000"),
        ("stock.csv", Order.TIME, 5, "time:5"),
        ("stock.csv", Order.TIME, None, ""),
    ],
)
def test_the_mark_of_a_file(name: str, order: Order, time: int | None, mark: str) -> None:
    assert mark_of([FeedFile(name, 1, time)], order, "DD-MM-YYYY") == mark


def test_the_mark_of_several_files_is_that_of_the_oldest() -> None:
    times = [FeedFile("a", 1, 7), FeedFile("b", 1, 5), FeedFile("c", 1, 6)]
    assert mark_of(times, Order.TIME) == "time:5"
    assert mark_of([*times, FeedFile("d", 1, None)], Order.TIME) == ""


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("EAN=Barcode, mpn = Part no", {"EAN": "Barcode", "MPN": "Part no"}),
        (" , ,", {}),
        ("EAN=a=b", {"EAN": "a=b"}),
        ("EAN", None),
        ("EAN=", None),
        ("=Barcode", None),
        ("E AN=Barcode", None),
    ],
)
def test_the_option_aliases(text: str, columns: dict[str, str] | None) -> None:
    if columns is None:
        with pytest.raises(NotConfiguredError):
            parse_aliases(text)
    else:
        assert parse_aliases(text) == columns


POINT = QuantityFormat.named("point", "none", "units")


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        (5, 5), (5.0, 5), (5.9, 5), (-5.1, -6), ("7", 7), ("-7", -7), ("7-", -7), ("(7)", -7), ("+7", 7), (0, 0),
        (0.1 + 0.2, 0), (2.9999999999999996, 3), (10**12, 10**12),
    ],
)  # fmt: skip
def test_a_cell_is_a_whole_number_of_units(value: object, whole: int) -> None:
    assert whole_of_cell(value, POINT) == whole


@pytest.mark.parametrize("value", [True, None, float("nan"), float("inf"), 10**12 + 1, b"7", "x", "", [1]])
def test_a_cell_that_is_no_quantity(value: object) -> None:
    with pytest.raises(ValueError):
        exact_of_cell(value, POINT)


# --- what an operator should look at ---------------------------------------------------------------------------------


def feed(mark: str = "", error: str = "", *, loaded: bool = True, **options: str) -> SourceFacts:
    return SourceFacts(Connection("Acme", "feed", "/srv", "", "", options), "Acme", error, loaded, mark)


def warehouses(*given: tuple[str, int, bool, bool]) -> SourceFacts:
    return replace(feed(), warehouses=tuple(WarehouseStock(*one) for one in given))


@pytest.mark.parametrize(
    ("options", "verdict", "words"),
    [
        ({"sku": "Item", "available": "Qty"}, Verdict.PASS, "named: sku=Item, available=Qty"),
        ({"sku": "Item", "on_hand": "Qty"}, Verdict.PASS, "named: sku=Item, on_hand=Qty"),
        ({"sku": "Item", "available": "A", "on_hand": "B"}, Verdict.PASS, "named: sku=Item, available=A, on_hand=B"),
    ],
)
def test_the_columns_of_a_feed_are_told(options: dict[str, str], verdict: Verdict, words: str) -> None:
    review = feed_checks._columns(feed(**options))
    assert (review.verdict, review.evidence) == (verdict, words)


@pytest.mark.parametrize("options", [{}, {"sku": "Item"}, {"available": "Qty"}, {"available": "A", "on_hand": "B"}])
def test_columns_of_a_feed_that_are_guessed_are_no_pass_by_name(options: dict[str, str]) -> None:
    assert not feed_checks._columns(feed(**options)).evidence.startswith("named")


@pytest.mark.parametrize(
    ("places", "verdict"),
    [
        ([("A", 5, True, True), ("B", 7, False, False)], Verdict.PASS),
        ([("A", 5, True, True), ("B", 7, False, True)], Verdict.FAIL),
        ([("A", 5, False, False)], Verdict.FAIL),
        ([("A", 5, False, False), ("B", 7, False, False)], Verdict.FAIL),
    ],
)
def test_a_warehouse_of_odoo_in_which_every_quantity_is_0(
    places: list[tuple[str, int, bool, bool]], verdict: Verdict
) -> None:
    review = odoo_checks._zeros(warehouses(*places))
    assert review.verdict is verdict
    for code, levels, stocked, _ in places:
        assert (f"{code} ({levels} levels)" in review.evidence) == (not stocked)


def test_warehouses_of_odoo_with_stock_and_without_levels() -> None:
    assert odoo_checks._zeros(warehouses(("A", 5, True, True), ("B", 0, False, True))).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("ends", "verdict", "words"),
    [
        (NOW + 3600, Verdict.FAIL, "It ends in 0 days."),
        (NOW + DAY, Verdict.FAIL, "It ends in 1 day."),
        (NOW + checks.WARN_DAYS * DAY, Verdict.FAIL, f"It ends in {checks.WARN_DAYS} days."),
        (NOW + checks.WARN_DAYS * DAY + DAY - 1, Verdict.FAIL, f"It ends in {checks.WARN_DAYS} days."),
        (NOW + (checks.WARN_DAYS + 1) * DAY, Verdict.PASS, ""),
        (NOW - 1, Verdict.FAIL, "It has ended, and may stop answering at any time."),
    ],
)
def test_the_end_of_an_interface_is_warned_of(ends: int, verdict: Verdict, words: str) -> None:
    review = checks._ending(ApiNotices(sunset_at=ends, where="GET /x"))
    assert (review.verdict, review.cause) == (verdict, words)
    assert review.evidence.endswith(" (GET /x)")


@pytest.mark.parametrize(
    ("at", "where", "words"),
    [
        (0, "", "the system calls the interface deprecated; it names no end"),
        (NOW, "", "the system calls the interface deprecated from 2027-01-15 on; it names no end"),
        (0, "GET /x", "the system calls the interface deprecated (GET /x); it names no end"),
    ],
)
def test_what_is_deprecated_without_an_end_is_only_said(at: int, where: str, words: str) -> None:
    review = checks._ending(ApiNotices(deprecated_at=at, where=where))
    assert (review.verdict, review.evidence) == (Verdict.PASS, words)


# --- what a system says of its interface -----------------------------------------------------------------------------


def test_notices_of_answers_are_collected_with_the_earliest_end() -> None:
    with collect() as notices:
        note({}, "GET /a")
        note({"sunset": "Fri, 15 Jan 2027 08:00:00 GMT"}, "GET /b")
        note({}, "GET /c")
        note({"sunset": "Sat, 16 Jan 2027 08:00:00 GMT", "deprecation": "true"}, "GET /d")
        note({"deprecation": "@5"}, "GET /e")
        note_version("2026-01")
        note_version("not a version\n")
    note({}, "GET /f")
    note_version("2027-01")
    assert notices == ApiNotices("2026-01", None, 1_800_000_000, "GET /b", 0, 5)
    with collect() as notices:
        note({"deprecation": "@5"}, "GET /a")
        note({"sunset": "Sat, 16 Jan 2027 08:00:00 GMT"}, "GET /b")
        note({"sunset": "Fri, 15 Jan 2027 08:00:00 GMT", "x-shopify-api-version": "2025-10"}, "GET /c")
    assert notices == ApiNotices("2025-10", None, 1_800_000_000, "GET /c", 0, 3)


@pytest.mark.parametrize(
    ("kept", "seen", "expected"),
    [
        ("", ApiNotices(), ""),
        ('{"version":"v0"}', ApiNotices(), '{"version":"v0"}'),
        ("", ApiNotices(answers=3), ""),
        ("", ApiNotices("v1", answers=1), {"version": "v1", "seen_at": NOW}),
        ({"version": "v0", "seen_at": NOW - DAY - 1}, ApiNotices(answers=1), {"version": "v0", "seen_at": NOW}),
        ({"version": "v0", "seen_at": NOW - 60}, ApiNotices("v1", answers=1), {"version": "v1", "seen_at": NOW - 60}),
        (
            {"version": "v0", "sunset_at": 9, "where": "w", "seen_at": NOW - 2 * DAY}, ApiNotices(answers=1),
            {"version": "v0", "sunset_at": 9, "where": "w", "seen_at": NOW - 2 * DAY},
        ),
        (
            {"version": "v0", "sunset_at": 9, "where": "w", "seen_at": NOW - 2 * DAY},
            ApiNotices(sunset_at=7, where="x", answers=1), {"version": "v0", "sunset_at": 7, "where": "x", "seen_at": NOW},
        ),
    ],
)  # fmt: skip
def test_what_is_kept_of_notices(kept: Any, seen: ApiNotices, expected: Any) -> None:
    known = json.dumps(kept) if isinstance(kept, dict) else kept
    made = merged(known, seen)
    if isinstance(expected, str):
        assert made == expected
    else:
        assert stored(made) == ApiNotices(**expected)


# --- logins ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "ends", "soon", "over"),
    [
        (NOW - 100 * DAY, NOW + 14 * DAY - 1, True, False),
        (NOW - 100 * DAY, NOW + 14 * DAY, False, False),
        (NOW - 3 * DAY, NOW + DAY - 1, True, False),
        (NOW - 3 * DAY, NOW + DAY, False, False),
        (NOW - DAY, NOW + 1, True, False),
        (NOW - DAY, NOW, False, True),
    ],
)
def test_a_login_is_warned_of_before_its_end(given: int, ends: int, soon: bool, over: bool) -> None:
    state = login_state(Token("x" * 20, given, expires_at=ends), NOW)
    assert (state.soon, state.over) == (soon, over)


async def test_a_pause_lasts_as_long_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("invsync_tui.connectors.auth.oauth.asyncio.sleep", sleep)
    await pause(7)
    assert slept == [7]


# --- the way to a server ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "environment", "route"),
    [
        ("https://a.test", {}, ("", "")),
        ("https://a.test", {"https_proxy": "http://p:1"}, ("http://p:1", "HTTPS_PROXY")),
        ("https://a.test", {"https_proxy": "p:1"}, ("http://p:1", "HTTPS_PROXY")),
        ("https://a.test", {"http_proxy": "http://p:1"}, ("", "")),
        ("http://a.test", {"http_proxy": "http://p:1"}, ("http://p:1", "HTTP_PROXY")),
        ("https://a.test", {"all_proxy": "socks5://p:1"}, ("socks5://p:1", "ALL_PROXY")),
        ("https://a.test", {"all_proxy": "http://q:2", "https_proxy": "http://p:1"}, ("http://p:1", "HTTPS_PROXY")),
        ("https://a.test", {"https_proxy": "http://p:1", "no_proxy": "a.test"}, ("", "")),
        ("https://a.test", {"https_proxy": "http://p:1", "no_proxy": "b.test"}, ("http://p:1", "HTTPS_PROXY")),
        ("https://10.1.2.3", {"https_proxy": "http://p:1", "no_proxy": "x, 10.9.0.0/8"}, ("", "")),
        ("https://11.1.2.3", {"https_proxy": "http://p:1", "no_proxy": "10.0.0.0/8"}, ("http://p:1", "HTTPS_PROXY")),
        ("https://127.0.0.1", {"https_proxy": "http://p:1"}, ("", "")),
        ("https://localhost", {"https_proxy": "http://p:1"}, ("", "")),
    ],
)
def test_the_way_to_an_address(
    url: str, environment: dict[str, str], route: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    found = network_errors.route_to(url, "demo")
    assert (found.url, found.proxy, found.variable) == (url, *route)


@pytest.mark.parametrize("url", ["a.test", "ftp://a.test", "https://", "https://a.test:x", "https://me:pw@a.test"])
def test_no_way_leads_to_what_is_no_address(url: str) -> None:
    with pytest.raises(NotConfiguredError):
        network_errors.route_to(url, "demo")


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://a.test/x", "a.test:443"), ("http://a.test", "a.test:80"), ("https://a.test:8443", "a.test:8443")],
)
def test_a_server_is_named_with_its_port(url: str, host: str) -> None:
    assert network_errors.Route(url).host == host
