"""The Odoo source with versions and answers that the real server here does not have."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from invsync_tui.connectors import http
from invsync_tui.connectors.base import Connection, LevelRow, WarehouseRow
from invsync_tui.connectors.checks import Review, SourceFacts, WarehouseStock
from invsync_tui.connectors.errors import (
    AuthError,
    ConnectorError,
    ContractError,
    NotConfiguredError,
    PermissionDeniedError,
    UnavailableError,
)
from invsync_tui.connectors.sources.odoo import OdooSource, alias_type, rpc
from invsync_tui.connectors.sources.odoo.quantities import many_to_one, whole
from invsync_tui.rules.merchant_checks import Verdict
from tests.support.servers.http_stub import Answer, Request, Stub, as_json, stub_server
from tests.support.servers.odoo.fake import DATABASE, EAST, LOGIN, PASSWORD, WEST, OdooFake


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODOO_SECRET", PASSWORD)
    monkeypatch.setattr(http, "BACKOFF_MOST", 0.001)


def connection_to(server: Stub, **options: str) -> Connection:
    return Connection("wms", "odoo", server.url, LOGIN, "env:ODOO_SECRET", {"database": DATABASE, **options}, 5)


@asynccontextmanager
async def opened(fake: OdooFake, **options: str) -> AsyncIterator[OdooSource]:
    with stub_server() as server:
        server.answering = fake.answer
        source = OdooSource(connection_to(server, **options))
        try:
            await source.open()
            yield source
        finally:
            await source.close()


async def levels(source: OdooSource, warehouse: int) -> dict[str, LevelRow]:
    page = await source.levels_page(WarehouseRow(str(warehouse), "", ""), None)
    return {row.product_ref: row for row in page.rows}


def stocked(major: int, **more: Any) -> OdooFake:
    fake = OdooFake(major, **more)
    fake.add(1, "MUG", east=(20.0, 16.0), west=(7.0, 7.0))
    fake.add(2, "FLOUR", east=(2.75, 2.75))
    fake.add(3, "ENGRAVING", kind="service")
    return fake


@pytest.mark.parametrize("major", [14, 15, 16, 17, 18])
async def test_every_version_of_json_rpc_gives_each_warehouse_its_own_quantity(major: int) -> None:
    async with opened(stocked(major)) as source:
        east, west = await levels(source, EAST), await levels(source, WEST)
        products = (await source.products_page(None)).rows
    assert {ref: (row.on_hand, row.available) for ref, row in east.items()} == {"1": (20, 16), "2": (2, 2)}
    assert {ref: row.available for ref, row in west.items()} == {"1": 7, "2": 0}
    assert [(row.sku, row.counted) for row in products] == [("MUG", True), ("FLOUR", True), ("ENGRAVING", False)]


@pytest.mark.parametrize("major", [14, 18])
async def test_both_context_keys_are_in_every_question_about_a_warehouse(major: int) -> None:
    fake = stocked(major)
    async with opened(fake) as source:
        fake.calls.clear()
        await levels(source, WEST)
        await source.changed_page("2026-11-23T12:00:00", None)
    asked = [named["context"] for _, _, named in fake.calls if "free_qty" in named.get("fields", ())]
    assert len(asked) == 3  # the page, and the delta in two warehouses
    assert all(context["warehouse"] == context["warehouse_id"] for context in asked)
    assert {context["warehouse"] for context in asked} == {EAST, WEST}


async def test_a_server_that_heeds_neither_key_is_refused() -> None:
    with pytest.raises(NotConfiguredError, match="product 1 has 27 in warehouse 1 and 20 in its locations"):
        async with opened(stocked(16, ignores_warehouse=True)):
            pass


async def test_a_server_that_heeds_nothing_is_refused() -> None:
    with pytest.raises(NotConfiguredError, match="27 in each of 2 warehouses, and 20 by the records of warehouse 1"):
        async with opened(stocked(16, ignores_warehouse=True, ignores_location=True)):
            pass


async def test_two_warehouses_with_the_same_stock_are_no_reason_to_refuse() -> None:
    fake = OdooFake(17)
    fake.add(1, "MUG", east=(5.0, 5.0), west=(5.0, 5.0))
    async with opened(fake) as source:
        assert (await levels(source, WEST))["1"].available == 5


async def test_stock_that_moves_during_the_comparison_is_compared_again() -> None:
    fake = stocked(17)
    moved: list[int] = []

    def move(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        moved.append(1)
        if len(moved) == 1:
            fake.stock[1, EAST] = (18.0, 14.0)
        return rows

    fake.change = move
    async with opened(fake) as source:
        assert (await levels(source, EAST))["1"].on_hand == 18
    assert len(moved) > 4


@pytest.mark.parametrize("value", [None, False, True, "5", [], 1e300, 10**30])
async def test_a_quantity_that_is_no_number_is_told_and_costs_no_other(value: object) -> None:
    fake = stocked(17)
    async with opened(fake) as source:
        fake.change = lambda rows: [row | ({"free_qty": value} if row["id"] == 1 else {}) for row in rows]
        page = await source.levels_page(WarehouseRow("1", "", ""), None)
    assert [row.product_ref for row in page.rows] == ["2"]
    ((ref, why),) = page.rejected
    assert ref == "1" and "free_qty" in why


async def test_records_that_are_none_are_told_and_the_page_goes_on() -> None:
    fake = stocked(17)
    async with opened(fake) as source:
        fake.change = lambda rows: [{"id": 9}, "x", *rows]
        page = await source.products_page(None)
        assert [row.sku for row in page.rows] == ["MUG", "FLOUR", "ENGRAVING"]
        assert [ref for ref, _ in page.rejected] == ["9", "?"]


async def test_a_server_that_pages_in_circles_is_refused() -> None:
    fake = stocked(17)
    async with opened(fake) as source:
        source.capabilities = source.capabilities.__class__(delta=True, page_size=2)
        first = await source.products_page(None)
        fake.change = lambda rows: [{**fake.products[n], "id": n + 1} for n in range(2)]
        with pytest.raises(ContractError, match="not in the order of their ids"):
            await source.products_page(first.next_cursor)
    with pytest.raises(ContractError, match="not a cursor"):
        await source.products_page("next")


async def test_a_user_who_may_not_read_moves_has_no_delta_and_the_test_says_why() -> None:
    async with opened(stocked(17, denied={"stock.move"})) as source:
        assert await source.mark() == ""
        assert (await levels(source, EAST))["1"].available == 16
        steps = [step async for step in source.check()]
    assert (steps[-1].name, steps[-1].ok) == ("stock moves", False)
    assert "Inventory: User" in steps[-1].advice


async def test_a_user_who_may_not_read_system_parameters_has_an_identity_all_the_same() -> None:
    async with opened(stocked(17, denied={"ir.config_parameter"})) as source:
        identity = await source.identity()
    assert identity == {"database": DATABASE, "company": "1", "company created": "2026-01-02T03:04:05"}


async def test_a_refused_login_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODOO_SECRET", "another-password")
    fake = stocked(17)
    with stub_server() as server:
        server.answering = fake.answer
        source = OdooSource(connection_to(server))
        for _ in range(3):
            with pytest.raises(AuthError):
                await source.open()
        await source.close()
    assert fake.logins == 1


@pytest.mark.parametrize(
    ("version", "major", "protocol"),
    [
        ("saas~18.3", "18", "json-rpc"),
        ("17.0+e", "17", "json-rpc"),
        ("19.0", "19", "json-2"),
        ("saas~19.1", "19", "json-2"),
    ],
)
async def test_the_protocol_follows_the_version(version: str, major: str, protocol: str) -> None:
    info = [f"saas~{major}" if "saas" in version else int(major), 0, 0, "final", 0, "e"]
    with stub_server() as server:
        server.answering = lambda request: as_json({"version": version, "version_info": info})
        source = OdooSource(connection_to(server))
        found = await source._rpc.version()
        await source.close()
    assert (found.text, str(found.major), source._rpc.protocol) == (version, major, protocol)


async def test_an_odoo_that_is_too_old_or_too_old_for_the_option_is_refused() -> None:
    for major, options, words in ((13, {}, "This is Odoo 13.0"), (17, {"protocol": "json-2"}, "has no JSON-2")):
        with pytest.raises(NotConfiguredError, match=words):
            async with opened(stocked(major), **options):
                pass


async def test_a_database_without_inventory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.support.servers.odoo import fake as odoo_fake

    monkeypatch.setattr(odoo_fake, "PRODUCT_FIELDS", {"type"})
    with pytest.raises(NotConfiguredError, match="Inventory is not installed"):
        async with opened(stocked(17)):
            pass


def _error(name: str, message: str = "m", status: int = 200) -> Answer:
    data = {"name": name, "message": message, "debug": "Traceback: the-password-of-the-bot"}
    return as_json({"error": {"data": data}} if status == 200 else data, status)


@pytest.mark.parametrize(
    ("protocol", "answer", "expected"),
    [
        ("json-rpc", _error("odoo.exceptions.AccessError"), PermissionDeniedError),
        ("json-rpc", _error("odoo.exceptions.AccessDenied"), AuthError),
        ("json-rpc", _error("psycopg2.errors.SerializationFailure"), UnavailableError),
        ("json-rpc", _error("psycopg2.OperationalError", 'database "x" does not exist'), NotConfiguredError),
        ("json-rpc", _error("odoo.exceptions.UserError", "Object x doesn't exist"), ContractError),
        ("json-rpc", as_json({"error": "text"}), ContractError),
        ("json-rpc", as_json([1]), ContractError),
        ("json-rpc", Answer(502, b"<html>"), UnavailableError),
        ("json-rpc", Answer(401, b""), AuthError),
        ("json-rpc", Answer(403, b""), PermissionDeniedError),
        ("json-2", _error("odoo.exceptions.AccessError", status=403), PermissionDeniedError),
        ("json-2", _error("werkzeug.exceptions.Unauthorized", status=401), AuthError),
        ("json-2", _error("werkzeug.exceptions.NotFound", "the model 'x' does not exist", 404), ContractError),
        ("json-2", _error("builtins.ValueError", "Invalid field", 500), ContractError),
        ("json-2", _error("psycopg2.OperationalError", status=500), UnavailableError),
        ("json-2", _error("odoo.exceptions.CacheMiss", status=500), UnavailableError),
        ("json-2", _error("werkzeug.exceptions.UnprocessableEntity", status=422), ContractError),
        ("json-2", Answer(404, b"<h1>Not Found</h1><p>No database is selected"), UnavailableError),
        ("json-2", Answer(403, b"<html>"), PermissionDeniedError),
        ("json-2", Answer(418, b""), ContractError),
    ],
)
async def test_each_error_of_odoo_is_one_of_ours_without_its_traceback(
    protocol: str, answer: Answer, expected: type[ConnectorError]
) -> None:
    fake = stocked(17)
    with stub_server() as server:

        def reply(request: Request) -> Answer:
            if request.path == "/web/version":
                return as_json({"version": "19.0", "version_info": [19]})
            return fake.answer(request) if b'"common"' in request.body else answer

        server.answering = reply
        source = OdooSource(connection_to(server, protocol=protocol))
        with pytest.raises(ConnectorError) as raised:
            await source.open()
        await source.close()
    assert type(raised.value) is expected
    assert raised.value.advice and "Traceback" not in raised.value.text and PASSWORD not in raised.value.text


@pytest.mark.parametrize(
    ("barcode", "kind"),
    [("4006381333931", "EAN"), ("96385074", "EAN"), ("036000291452", "UPC"), ("10012345678902", "GTIN"),
     ("SHELF-7", "BARCODE"), ("12345", "BARCODE"), ("٠١٢٣٤٥٦٧٨٩٠١", "BARCODE")],
)  # fmt: skip
def test_a_barcode_is_known_by_its_length(barcode: str, kind: str) -> None:
    assert alias_type(barcode) == kind


@pytest.mark.parametrize(("quantity", "units"), [(2.75, 2), (16.9999999999, 17), (-0.5, -1), (0.0, 0)])
def test_rounding_down_is_not_fooled_by_floats(quantity: float, units: int) -> None:
    assert whole(quantity) == units


def test_a_reference_is_an_id_with_or_without_its_name() -> None:
    assert [many_to_one(value) for value in ([5, "x"], 5, False, None)] == [5, 5, None, None]
    for wrong in ([], [True, "x"], "5", -1, {}):
        with pytest.raises(ValueError, match="is not a reference"):
            many_to_one(wrong)


# --- the doctor ------------------------------------------------------------------------------------------------------


def facts(error: str = "", mark: str = "2026-11-23T12:00:00", stocked: bool = True, **options: str) -> SourceFacts:
    connection = Connection("wms", "odoo", "https://o.test", "bot", "env:X", {"database": "wms", **options})
    places = (WarehouseStock("WH", 5, stocked, starves=True),)
    return SourceFacts(connection, "Demo", error, loaded=not error, mark=mark, warehouses=places)


FAULTS: list[tuple[str, Callable[[], SourceFacts]]] = [
    ("odoo.database", lambda: facts(database="")),
    ("odoo.database", lambda: facts("wms: There is no database of that name.")),
    ("odoo.company", lambda: facts("The user is not allowed company 4: every quantity would be 0.")),
    ("odoo.quantities", lambda: facts("This Odoo ignores which warehouse is asked for: ...")),
    ("odoo.quantities", lambda: facts("The app Inventory is not installed in this database.")),
    ("odoo.zero", lambda: facts(stocked=False)),
    ("odoo.delta", lambda: facts(mark="")),
]


@pytest.mark.parametrize(("check", "made"), FAULTS)
def test_the_doctor_names_what_is_wrong_and_how_to_mend_it(check: str, made: Callable[[], SourceFacts]) -> None:
    found = {review.id: review for review in OdooSource.review(made())}
    assert found[check].verdict is Verdict.FAIL
    assert found[check].cause and found[check].fix


def test_the_doctor_has_nothing_to_say_of_a_good_connection() -> None:
    found: list[Review] = list(OdooSource.review(facts()))
    assert {review.verdict for review in found} == {Verdict.PASS}
    assert len(found) == 6


def test_an_answer_of_json_2_is_its_document() -> None:
    assert rpc.judge_json_2(http.Response(200, {}, b"[1, 2]", "wms")) == [1, 2]
    with pytest.raises(AuthError, match="refused the API key"):
        rpc.judge_json_2(http.Response(401, {}, b"[1, 2]", "wms"))


def test_the_doctor_says_when_json_rpc_ends() -> None:
    assert any("ends with Odoo 22" in review.evidence for review in OdooSource.review(facts(protocol="json-rpc")))
