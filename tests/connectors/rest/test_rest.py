"""The source `rest`: the sandbox WMS by the description in the manual, paging styles, and answers that are not right."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors import registry
from invsync_tui.connectors.base import LevelRow, Page, ProductRow, WarehouseRow
from invsync_tui.connectors.errors import AuthError, ContractError, NotConfiguredError, PermissionDeniedError
from invsync_tui.connectors.sources.rest import DEFAULT, RestSource
from tests.support.connectors.rest_example import connection, example
from tests.support.servers.http_stub import Answer, Request, Stub, as_json, stub_server
from tests.support.servers.sandbox import sandbox_wms
from tests.support.stores.merchant_store import Bench

PRODUCTS = """
[products]
path = "/items"
list = "data"
fields = { ref = "id", sku = "sku" }
"""
LEVELS = """
[levels]
path = "/stock"
list = "data"
fields = { product = "id", available = "qty" }
"""
PLAIN = PRODUCTS + LEVELS


@pytest.fixture
def stub() -> Iterator[Stub]:
    with stub_server() as made:
        yield made


@asynccontextmanager
async def opened(folder: Path, stub: Stub, text: str = PLAIN, **given: str) -> AsyncIterator[RestSource]:
    source = RestSource(connection(folder, stub.url, text, **given))
    try:
        await source.open()
        yield source
    finally:
        await source.close()


async def all_levels(source: RestSource, warehouse: WarehouseRow = DEFAULT) -> Page[LevelRow]:
    rows: list[LevelRow] = []
    rejected: list[tuple[str, str]] = []
    cursor = None
    for _ in range(20):
        page = await source.levels_page(warehouse, cursor)
        rows += page.rows
        rejected += page.rejected
        if (cursor := page.next_cursor) is None:
            return Page(rows, None, page.total, rejected)
    raise AssertionError("the pages do not end")


# --- the sandbox WMS by the description in the manual ----------------------------------------------------------------


def test_the_example_of_the_manual_is_short() -> None:
    assert len([line for line in example().splitlines() if line.strip()]) < 60


LEVELS_OF_STORE = """
SELECT p.sku, l.warehouse_id, l.on_hand, l.available, l.committed, l.incoming
FROM our_level l JOIN our_product p ON p.id = l.product_id ORDER BY p.id, l.warehouse_id
"""


async def test_the_sandbox_is_pulled_as_by_its_own_connector(tmp_path: Path) -> None:
    for system in ("sandbox", "rest"):
        (tmp_path / system).mkdir()
    with sandbox_wms(products=300, profile="demo") as wms:
        benches = [Bench.make(tmp_path / system) for system in ("sandbox", "rest")]
        benches[0].add_merchant(wms.connection())
        benches[1].add_merchant(connection(tmp_path, wms.url, example(), wms.secret))
        for bench in benches:
            run = await bench.pull()
            assert run.state == "done", bench.events(run.id)
        own, ours = ([tuple(row) for row in bench.store.read(LEVELS_OF_STORE)] for bench in benches)
        assert len(ours) > 800
        assert ours == own
        # a delta
        wms.set_level(next(row[0] for row in ours if row[0]), "EAST", 777)
        for bench in benches:
            run = await bench.pull()
            assert (run.state, bench.counts(run)["set"]) == ("done", 1)
        own, ours = ([tuple(row) for row in bench.store.read(LEVELS_OF_STORE)] for bench in benches)
        assert ours == own
        assert 777 in {row[3] for row in ours}
        for bench in benches:
            bench.store.close()


async def test_each_row_of_the_sandbox_is_that_of_its_own_connector(tmp_path: Path) -> None:
    with sandbox_wms(products=300, profile="demo") as wms:
        own, ours = (
            registry.source(wms.connection()),
            registry.source(
                connection(
                    tmp_path,
                    wms.url,
                    example().replace("limit = 1000", "limit = 50").replace("= 20", "= 100"),
                    wms.secret,
                )
            ),
        )
        for source in (own, ours):
            await source.open()
        warehouses = await own.warehouses()
        assert warehouses == await ours.warehouses()
        for warehouse in warehouses:
            assert await _rows(lambda c, w=warehouse: own.levels_page(w, c)) == await _rows(
                lambda c, w=warehouse: ours.levels_page(w, c)
            )
        assert await _rows(own.products_page) == await _rows(ours.products_page)
        for source in (own, ours):
            await source.close()


async def _rows(fetch: Callable[[str | None], Any]) -> list[Any]:
    rows, cursor = [], None
    for _ in range(200):
        page = await fetch(cursor)
        rows += page.rows
        if (cursor := page.next_cursor) is None:
            return rows
    raise AssertionError("the pages do not end")


async def test_the_test_shows_what_is_read(tmp_path: Path) -> None:
    with sandbox_wms(products=5) as wms:
        source = registry.source(connection(tmp_path, wms.url, example(), wms.secret))
        steps = {step.name: step async for step in source.check()}
        await source.close()
    assert all(step.ok for step in steps.values()), steps
    assert "available" in steps["levels"].detail
    assert "A delta works" in steps["changes"].detail


# --- paging ----------------------------------------------------------------------------------------------------------

RECORDS = [{"id": number, "qty": number * 10} for number in range(7)]


def paged(style: str, **more: str) -> str:
    given = "".join(f"{name} = {value!r}\n" for name, value in more.items())
    return PLAIN + f"[levels.page]\nstyle = '{style}'\n{given}"


def serving(stub: Stub, answer: Callable[[dict[str, str]], Answer]) -> None:
    """Answer each request by its parameters."""

    def answering(request: Request) -> Answer:
        _, _, query = request.path.partition("?")
        return answer(dict(pair.split("=", 1) for pair in query.split("&") if pair))

    stub.answering = answering


def at(start: int, most: int = 3) -> list[dict[str, int]]:
    return RECORDS[start : start + most]


def by_page(query: dict[str, str]) -> Answer:
    return as_json({"data": at((int(query["p"]) - 1) * 3), "pages": 3, "total": 7})


def by_offset(query: dict[str, str]) -> Answer:
    return as_json({"data": at(int(query["skip"]))})


def by_cursor(query: dict[str, str]) -> Answer:
    start = int(query.get("c", "0"))
    return as_json({"data": at(start), "meta": {"next": start + 3 if start + 3 < 7 else None}})


def by_link(query: dict[str, str]) -> Answer:
    start = int(query.get("s", "0"))
    link = f'</first>; rel="first", </stock?s={start + 3}>; rel="next"' if start + 3 < 7 else '</first>; rel="first"'
    return as_json({"data": at(start)}, Link=link)


def by_next(query: dict[str, str]) -> Answer:
    start = int(query.get("s", "0"))
    return as_json({"data": at(start), "next": f"?s={start + 3}" if start + 3 < 7 else ""})


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (paged("page", parameter="p"), by_page),
        (paged("page", parameter="p", pages="pages"), by_page),
        (paged("page", parameter="p", size="n") + "limit = 100\n", by_page),
        (paged("page", parameter="p").replace("[levels]", "[levels]\ntotal = 'total'"), by_page),
        (paged("offset", parameter="skip"), by_offset),
        (paged("cursor", parameter="c", next="meta.next"), by_cursor),
        (paged("link"), by_link),
        (paged("next", next="next"), by_next),
    ],
)
async def test_each_style_of_pages_is_read_to_its_end(tmp_path: Path, stub: Stub, text: str, answer: Any) -> None:
    serving(stub, answer)
    async with opened(tmp_path, stub, text) as source:
        page = await all_levels(source)
    assert [(row.product_ref, row.available) for row in page.rows] == [(str(n), n * 10) for n in range(7)]


async def test_a_page_that_comes_again_is_no_end(tmp_path: Path, stub: Stub) -> None:
    serving(stub, lambda query: as_json({"data": at(0)}))
    async with opened(tmp_path, stub, paged("page", parameter="p")) as source:
        with pytest.raises(ContractError, match="same page of levels again for p=2"):
            await all_levels(source)


async def test_a_total_that_is_not_reached_is_handed_on(tmp_path: Path, stub: Stub) -> None:
    serving(stub, lambda query: as_json({"data": at(int(query["skip"])), "total": 9}))
    text = paged("offset", parameter="skip").replace("[levels]", "[levels]\ntotal = 'total'")
    async with opened(tmp_path, stub, text) as source:
        page = await all_levels(source)
    assert (len(page.rows), page.total) == (7, 9)


TOTAL = PLAIN.replace("[levels]", "[levels]\ntotal = 'total'") + "[levels.page]\nstyle = 'STYLE'\nparameter = 'at'\n"


@pytest.mark.parametrize("style", ["page", "offset"])
@pytest.mark.parametrize(
    ("records", "cap", "wanted"),
    [(12, 5, 5), (10, 5, 5), (5, 5, 5), (4, 5, 5), (120, 50, 500), (100, 50, 500), (7, 3, 3)],
)
@pytest.mark.parametrize("behind", [200, 404])
@pytest.mark.parametrize("own", [True, False])
async def test_a_total_that_is_the_size_of_its_page_is_no_end(
    tmp_path: Path, stub: Stub, style: str, records: int, cap: int, wanted: int, behind: int, own: bool
) -> None:
    """shopware/shopware#2313: `total` is what the page has, unless one asks for more. Others have a total and no page behind."""
    every = [{"id": number, "qty": number} for number in range(records)]

    def answer(query: dict[str, str]) -> Answer:
        start = (int(query["at"]) - 1) * cap if style == "page" else int(query["at"])
        part = every[start : start + cap]
        if behind == 404 and start >= records and not own:
            return Answer(404, b"{}")
        return as_json({"data": part, "total": len(part) if own else records})

    serving(stub, answer)
    async with opened(tmp_path, stub, TOTAL.replace("STYLE", style) + f"size = 'n'\nlimit = {wanted}\n") as source:
        page = await all_levels(source)
    assert [row.available for row in page.rows] == list(range(records))
    assert page.total in ((None, records) if own else (records,) if records != cap else (None,))


async def test_a_system_without_pages_that_has_as_many_as_were_asked_for_is_read_once_more_at_most(
    tmp_path: Path, stub: Stub
) -> None:
    serving(stub, lambda query: as_json({"data": at(0), "total": 3}))
    async with opened(tmp_path, stub, TOTAL.replace("STYLE", "page") + "size = 'n'\nlimit = 3\n") as source:
        page = await all_levels(source)
    assert len(page.rows) == 3


NOTHING = [
    (Answer(204, b""), ""),
    (as_json({"data": None, "total": 0}), "total = 'total'"),
    (as_json({"data": None}), "?"),
    (as_json({}), "?"),
]


@pytest.mark.parametrize(("nothing", "declared"), NOTHING)
async def test_no_records_are_no_error_however_that_is_said(
    tmp_path: Path, stub: Stub, nothing: Answer, declared: str
) -> None:
    """mvanhorn/cli-printing-press#2656, flatcar/nebraska#1453, repowise-dev/repowise#2237: an empty list as null or as an
    answer without content, of which each look for changes failed."""
    changes = "[changes]\npath = '/moves'\nquery = { since = '{since}' }\n"
    text = PRODUCTS + (
        LEVELS.replace('"data"', '"data?"') if declared == "?" else LEVELS.replace("list", f"{declared}\nlist")
    )
    records = {"/items": [{"id": "P1", "sku": "S1"}], "/stock": [{"id": "P1", "qty": 4}]}
    stub.answering = lambda request: (
        as_json({"data": rows, "total": 1}) if (rows := records.get(request.path.partition("?")[0])) else nothing
    )
    bench = Bench.make(tmp_path)
    bench.add_merchant(connection(tmp_path, stub.url, text + changes))
    for full in (True, False):
        run = await bench.pull(full=full)
        assert run.state == "done", run.error
    assert stub.requests[-1].path.startswith("/moves")
    # and a warehouse of which nothing comes any more keeps what it had
    del records["/stock"]
    run = await bench.pull(full=True)
    assert (run.state, bench.one("SELECT available FROM our_level WHERE missing_since IS NULL")) == ("done", 4)
    assert any("reported 1 level before and none now" in text for text in bench.events(run.id))
    bench.store.close()


@pytest.mark.parametrize("path", ["/items", "/stock"])
async def test_records_that_move_while_pages_are_read_make_no_others_missing(
    tmp_path: Path, stub: Stub, path: str
) -> None:
    """airbytehq/airbyte#21500, LanternOps/breeze#3462, openlinker-project/openlinker#2656: what is changed meanwhile goes to
    another place of the list. It comes twice or not at all, and the number of records says nothing of it."""
    records = {name: [{"id": f"P{n}", "sku": f"S{n}", "qty": n} for n in range(7)] for name in ("/items", "/stock")}
    moving = False

    def answering(request: Request) -> Answer:
        nonlocal moving
        name, _, query = request.path.partition("?")
        start = int(query.partition("skip=")[2])
        answer = as_json({"data": records[name][start : start + 3]})
        if moving and name == path and start == 0:
            moving = False
            records[name].insert(0, records[name].pop())  # the last one was written, and the newest come first
        return answer

    stub.answering = answering
    bench = Bench.make(tmp_path)
    bench.add_merchant(connection(tmp_path, stub.url, SHIFTING))
    assert (await bench.pull()).state == "done"
    moving = True
    run = await bench.pull(full=True)
    missing = "SELECT count(*) FROM our_product p LEFT JOIN our_level l ON l.product_id = p.id WHERE {} IS NOT NULL"
    where = "p.missing_since" if path == "/items" else "l.missing_since"
    assert (run.state, bench.one(missing.format(where))) == ("done", 0)
    assert any("came on two pages" in text for text in bench.events(run.id))
    # and a read that nobody disturbs finds what is missing
    records[path].pop(0)
    assert (await bench.pull(full=True)).state == "done"
    assert bench.one(missing.format(where)) == 1
    bench.store.close()


SHIFTING = PRODUCTS + LEVELS + "[page]\nstyle = 'offset'\nparameter = 'skip'\n"


@pytest.mark.parametrize("path", ["/items", "/stock"])
async def test_records_that_are_deleted_while_pages_are_read_make_no_others_missing(
    tmp_path: Path, stub: Stub, path: str
) -> None:
    records = {name: [{"id": f"P{n}", "sku": f"S{n}", "qty": n} for n in range(7)] for name in ("/items", "/stock")}
    deleting = False

    def answering(request: Request) -> Answer:
        nonlocal deleting
        name, _, query = request.path.partition("?")
        start = int(query.partition("skip=")[2])
        answer = as_json({"data": records[name][start : start + 3], "total": len(records[name])})
        if deleting and name == path:
            deleting = False
            del records[name][0]  # each later record is a place further in front
        return answer

    stub.answering = answering
    bench = Bench.make(tmp_path)
    text = SHIFTING.replace('list = "data"', 'list = "data"\ntotal = "total"')
    bench.add_merchant(connection(tmp_path, stub.url, text))
    assert (await bench.pull()).state == "done"
    deleting = True
    run = await bench.pull(full=True)
    missing = "SELECT count(*) FROM our_product p LEFT JOIN our_level l ON l.product_id = p.id WHERE {} IS NOT NULL"
    where = "p.missing_since" if path == "/items" else "l.missing_since"
    assert (run.state, bench.one(missing.format(where))) == ("done", 0)
    assert "7 records" in str(bench.events(run.id)) and "6 at last" in str(bench.events(run.id))
    # and a read that nobody disturbs finds what is missing
    assert (await bench.pull(full=True)).state == "done"
    assert bench.one(missing.format(where)) == 1
    bench.store.close()


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
async def test_a_wms_that_lists_a_product_once_for_each_bin_is_not_believed(
    tmp_path: Path, stub: Stub, limit: int
) -> None:
    bins = [("P0", 1), ("P1", 3), ("P2", 5), ("P3", 5), ("P1", 7), ("P3", 5), ("P1", 9), ("P4", 2)]
    levels = [{"id": ref, "qty": units} for ref, units in bins]
    items = [{"id": f"P{n}", "sku": f"S{n}"} for n in range(5)]

    def answering(request: Request) -> Answer:
        name, _, query = request.path.partition("?")
        start = int(query.partition("skip=")[2])
        return as_json({"data": (items if name == "/items" else levels)[start : start + limit]})

    stub.answering = answering
    bench = Bench.make(tmp_path)
    bench.add_merchant(connection(tmp_path, stub.url, SHIFTING))
    for _ in range(2):
        run = await bench.pull(full=True)
        assert run.state == "done" and bench.sums_hold()
        sql = "SELECT p.sku, l.available FROM our_level l JOIN product p ON p.id = l.product_id WHERE l.missing_since IS NULL"
        # then no bin's number is taken for the stock, and a row that only comes twice is
        assert dict(bench.store.read(sql)) == {"S0": 1, "S2": 5, "S3": 5, "S4": 2}
        assert any("Record P1" in text and "several records" in text for text in bench.events(run.id))
    bench.store.close()


@pytest.mark.parametrize(
    "address", ["http://other.example.com/stock?s=3", "//other.example.com/x", "http://127.0.0.1:1/x"]
)
@pytest.mark.parametrize("style", ["next", "link"])
async def test_a_next_page_on_another_host_is_not_followed(
    tmp_path: Path, stub: Stub, style: str, address: str
) -> None:
    serving(stub, lambda query: as_json({"data": at(0), "next": address}, Link=f'<{address}>; rel="next"'))
    text = paged("next", next="next") if style == "next" else paged("link")
    async with opened(tmp_path, stub, text) as source:
        with pytest.raises(ContractError, match="another address"):
            await all_levels(source)
    assert len(stub.requests) == 1


async def test_a_lacking_word_on_the_next_page_is_no_end(tmp_path: Path, stub: Stub) -> None:
    serving(stub, lambda query: as_json({"data": at(0)}))
    async with opened(tmp_path, stub, paged("cursor", parameter="c", next="meta.next")) as source:
        with pytest.raises(ContractError, match="where the next page is"):
            await all_levels(source)


async def test_levels_of_all_warehouses_together_are_told_apart(tmp_path: Path, stub: Stub) -> None:
    text = PRODUCTS + LEVELS.replace('"qty" }', '"qty", warehouse = "wh" }')
    text += (
        "[levels.page]\nstyle = 'offset'\nparameter = 'skip'\n[warehouses]\npath = '/places'\nfields = { ref = 'n' }"
    )
    rows = [{"id": n, "qty": n, "wh": "A" if n < 5 else "B"} for n in range(7)]

    def answering(request: Request) -> Answer:
        if request.path == "/places":
            return as_json([{"n": "A"}, {"n": "B"}])
        start = int(request.path.partition("skip=")[2])
        return as_json({"data": rows[start : start + 2]})

    stub.answering = answering
    async with opened(tmp_path, stub, text) as source:
        found = [
            [row.product_ref for row in (await all_levels(source, place)).rows] for place in await source.warehouses()
        ]
    assert found == [["0", "1", "2", "3", "4"], ["5", "6"]]


# --- answers that are not right --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "available"),
    [(5, 5), (5.0, 5), (2.75, 2), (-0.5, -1), (0, 0), (None, None), ("5", None), ("", None), (True, None),
     ([], None), (10**13, None), (1e300, None)],
)  # fmt: skip
async def test_a_quantity_is_what_was_said_or_refused(
    tmp_path: Path, stub: Stub, value: Any, available: int | None
) -> None:
    serving(stub, lambda query: as_json({"data": [{"id": "A", "qty": value}, {"id": "B", "qty": 1}]}))
    async with opened(tmp_path, stub) as source:
        page = await all_levels(source)
    got = {row.product_ref: row.available for row in page.rows}
    assert got == ({"B": 1} if available is None else {"A": available, "B": 1})
    assert [ref for ref, _ in page.rejected] == (["A"] if available is None else [])


@pytest.mark.parametrize(
    ("value", "available"),
    [("5.000", 5), (" 7 ", 7), ("-2.5", -3), ("5,0", None), ("", None), ("NaN", None), ("1e400", None)],
)
async def test_quantities_in_quotes_where_the_description_says_so(
    tmp_path: Path, stub: Stub, value: str, available: int | None
) -> None:
    serving(stub, lambda query: as_json({"data": [{"id": "A", "qty": value}]}))
    async with opened(tmp_path, stub, 'numbers = "text"\n' + PLAIN) as source:
        page = await all_levels(source)
    assert [row.available for row in page.rows] == ([] if available is None else [available])


async def test_a_field_that_is_not_there_is_no_zero(tmp_path: Path, stub: Stub) -> None:
    serving(stub, lambda query: as_json({"data": [{"id": "A"}, {"qty": 5}, "text", {"id": "B", "qty": 2}]}))
    async with opened(tmp_path, stub) as source:
        page = await all_levels(source)
        steps = [step async for step in source.check()]
    assert [row.product_ref for row in page.rows] == ["B"]
    assert [ref for ref, _ in page.rejected] == ["A", "?", "?"]
    assert "no field 'qty'" in page.rejected[0][1]
    assert (steps[-1].name, steps[-1].ok) == ("products", False)


async def test_records_that_contradict_each_other_are_both_refused(tmp_path: Path, stub: Stub) -> None:
    rows = [{"id": "A", "qty": 1}, {"id": "A", "qty": 5}, {"id": "B", "qty": 2}, {"id": "B", "qty": 2}]
    serving(stub, lambda query: as_json({"data": rows}))
    async with opened(tmp_path, stub) as source:
        page = await all_levels(source)
    assert ({row.product_ref for row in page.rows}, [ref for ref, _ in page.rejected]) == ({"B"}, ["A"])


async def test_products_that_share_a_reference_hide_no_other(tmp_path: Path, stub: Stub) -> None:
    """Variants whose ref is said to be their product's id."""
    items = [("A", "A-S"), ("A", "A-M"), ("B", "B-1"), ("B", "B-1"), ("A", "A-S")]
    serving(stub, lambda query: as_json({"data": [{"id": ref, "sku": sku} for ref, sku in items]}))
    async with opened(tmp_path, stub) as source:
        page = await source.products_page(None)
    assert {(row.ref, row.sku) for row in page.rows} == {("B", "B-1")}
    assert [ref for ref, why in page.rejected if "own id as ref" in why] == ["A"]


@pytest.mark.parametrize(
    "body", ['{"data": {}}', '{"data": null}', '{"rows": []}', "[]", '"no"', "<html>", "", '{"data": [']
)
async def test_an_answer_of_another_shape_is_no_empty_listing(tmp_path: Path, stub: Stub, body: str) -> None:
    stub.answering = lambda request: Answer(200, body.encode())
    async with opened(tmp_path, stub) as source:
        with pytest.raises(ContractError):
            await source.levels_page(DEFAULT, None)
        with pytest.raises(ContractError):
            await source.products_page(None)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            '{"success_code": false, "message": "Invalid customer"}',
            '\'data\'. It begins: \'{"success_code": false, "message": ',
        ),
        (
            '{"data": {"error": "no licence"}}',
            'no list at data, but a record. It begins: \'{"data": {"error": "no licence',
        ),
        ("<!DOCTYPE html><title>Sign\nin</title>", "not JSON but a web page: 'Sign in'"),
        ("\n\ufeff<html>Down for maintenance", "not JSON but a web page: '<html>Down for maintenance'"),
        (" ", "not JSON: it is empty"),
        ("0 items", "not JSON: '0 items'"),
    ],
)
async def test_what_came_instead_of_records_is_said(tmp_path: Path, stub: Stub, body: str, words: str) -> None:
    """CartRover and Logiwa refuse with status 200; and a login page, a firewall or an empty body come with it, too."""
    stub.answering = lambda request: Answer(200, body.encode())
    async with opened(tmp_path, stub) as source:
        with pytest.raises(ContractError) as refused:
            await source.levels_page(DEFAULT, None)
    assert words in refused.value.what
    assert ("web page" in words) == ("login page" in refused.value.advice)


async def test_products_keep_blank_codes_and_have_all_their_others(tmp_path: Path, stub: Stub) -> None:
    text = (
        PLAIN + "[products.codes]\nean = 'codes.ean?'\n[products.code_list]\nlist = 'more?'\ntype = 't'\ncode = 'c'\n"
    )
    rows = [
        {"id": 1, "sku": None, "codes": {"ean": 4006381333931}, "more": [{"t": "mpn", "c": "M 1"}]},
        {"id": 2, "sku": "DUP"}, {"id": 3, "sku": "DUP"}, {"id": 4, "more": []}, {"id": 5, "sku": {}},
    ]  # fmt: skip
    serving(stub, lambda query: as_json({"data": rows}))
    async with opened(tmp_path, stub, text) as source:
        page = await source.products_page(None)
    assert [(row.ref, row.sku) for row in page.rows] == [("1", None), ("2", "DUP"), ("3", "DUP")]
    first: ProductRow = page.rows[0]
    assert [tuple(alias) for alias in first.aliases] == [("EAN", "4006381333931"), ("MPN", "M 1")]
    assert [ref for ref, _ in page.rejected] == ["4", "5"]


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthError), (403, PermissionDeniedError), (404, ContractError), (206, ContractError)]
)
async def test_a_refusal_is_told_by_its_status(tmp_path: Path, stub: Stub, status: int, kind: type[Exception]) -> None:
    stub.answering = lambda request: Answer(status, b"")
    async with opened(tmp_path, stub) as source:
        with pytest.raises(kind):
            await source.products_page(None)


# --- logins, deltas --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ("kind = 'bearer'", "authorization", "Bearer key-of-the-tests"),
        ("kind = 'basic'", "authorization", "Basic bWU6a2V5LW9mLXRoZS10ZXN0cw=="),
        ("kind = 'header'\nname = 'X-Api-Key'", "x-api-key", "key-of-the-tests"),
    ],
)
async def test_the_login_is_sent_as_described(
    tmp_path: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch, auth: str, header: str, value: str
) -> None:
    monkeypatch.setenv("REST_KEY", "key-of-the-tests")
    serving(stub, lambda query: as_json({"data": []}))
    async with opened(tmp_path, stub, f"[auth]\n{auth}\n{PLAIN}", secret="env:REST_KEY", login="me") as source:
        await source.products_page(None)
    assert stub.requests[-1].headers[header] == value


async def test_a_delta_by_the_servers_time_looks_back(tmp_path: Path, stub: Stub) -> None:
    serving(stub, lambda query: as_json({"data": [{"id": 1, "qty": 2, "sku": "A"}]}))
    text = 'mark_as = "epoch"\n' + PLAIN + "[changes]\npath = '/changed'\nquery = { after = '{since}' }\n"
    async with opened(tmp_path, stub, text, overlap="60") as source:
        assert source.capabilities.delta
        mark = await source.mark()
        page = await source.changed_page(mark, None)
    assert stub.requests[-1].path == f"/changed?after={int(mark) - 60}"
    assert [(row.product_ref, row.available) for row in page.rows] == [("1", 2)]


# --- descriptions that are not right ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LEVELS, r"products\] is missing"),
        (PLAIN + "[page]\nstyle = 'pages'", "line 12: page.style: 'pages' is not known; choose none, page, offset"),
        (PLAIN.replace("available", "avaliable"), "line 10: levels.fields.avaliable: .*available"),
        (PLAIN.replace('"/stock"', '"stock"'), "line 8: levels.path: it must begin with /"),
        (
            PLAIN.replace('"/stock"', '"/stock/{shop}"'),
            "line 8: levels.path: {shop} is not known here. Allowed: {warehouse}",
        ),
        (PLAIN.replace(', available = "qty"', ""), "line 10: levels.fields.available: it is required"),
        (PLAIN + "[auth]\nkind = 'oauth'", "line 12: auth.kind: .*basic, bearer or header"),
        (PLAIN + "[auth]\nkind = 'header'", "auth.name: it is required"),
        (PLAIN + "[changes]\npath = '/changed'", "line 11: changes: it has no {since}"),
        (PLAIN.replace('"/stock"', '"/{warehouse}"'), "warehouses: it is missing"),
        (PLAIN + "[levels.page]\nstyle = 'page'", "levels.page.parameter: it is required"),
        (PLAIN + "[page]\nlimit = 5", "line 12: page.limit: it needs size"),
        (PLAIN.replace('"qty"', '"a..b"'), "line 10: levels.fields.available: it is not a path"),
        ("[products]\npath = /items", "line 2: it is not TOML"),
    ],
)
async def test_a_wrong_description_is_refused_with_its_line_and_what_is_allowed(
    tmp_path: Path, stub: Stub, text: str, words: str
) -> None:
    with pytest.raises(NotConfiguredError, match=words):
        async with opened(tmp_path, stub, text):
            pass
    assert not stub.requests
