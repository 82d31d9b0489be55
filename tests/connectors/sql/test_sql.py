"""The source `sql` against SQLite, a real PostgreSQL and a real MariaDB: pages, deltas, what it refuses, and wrong rows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from invsync_tui.connectors import registry
from invsync_tui.connectors.base import LevelRow, Page, ProductRow, WarehouseRow
from invsync_tui.connectors.errors import (
    AuthError,
    ConnectorError,
    NotConfiguredError,
    PermissionDeniedError,
    UnavailableError,
)
from invsync_tui.connectors.sources import sql
from invsync_tui.connectors.sources.sql import SqlSource
from tests.support.connectors.sql_databases import QUERIES, TestDatabase, create

DEFAULT = WarehouseRow("", "Default", "Default")


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> TestDatabase:
    """An empty table in each kind of database."""
    if request.param == "sqlite":
        return TestDatabase(tmp_path).prepare()
    server = request.getfixturevalue("mariadb_server" if request.param == "mariadb" else "postgres_server")
    create(server)
    return TestDatabase(tmp_path, server).prepare()


@pytest.fixture
def postgres(request: pytest.FixtureRequest, tmp_path: Path) -> TestDatabase:
    """An empty table in PostgreSQL."""
    server = request.getfixturevalue("postgres_server")
    create(server)
    return TestDatabase(tmp_path, server).prepare()


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of four rows."""
    monkeypatch.setattr(sql, "PAGE_SIZE", 4)


@asynccontextmanager
async def opened(database: TestDatabase, queries: str = QUERIES, **given: str) -> AsyncIterator[SqlSource]:
    source = database.source(queries, **given)
    try:
        await source.open()
        yield source
    finally:
        await source.close()


async def all_levels(source: SqlSource, warehouse: str = "EAST") -> Page[LevelRow]:
    """All pages of a warehouse as one."""
    (row,) = [row for row in await source.warehouses() if row.ref == warehouse]
    rows: list[LevelRow] = []
    rejected: list[tuple[str, str]] = []
    cursor = None
    for _ in range(50):
        page = await source.levels_page(row, cursor)
        rows += page.rows
        rejected += page.rejected
        cursor = page.next_cursor
        if cursor is None:
            return Page(rows, None, rejected=rejected)
    raise AssertionError("the pages do not end")


async def all_products(source: SqlSource) -> list[ProductRow]:
    rows: list[ProductRow] = []
    cursor = None
    for _ in range(50):
        page = await source.products_page(cursor)
        assert not page.rejected
        rows += page.rows
        if (cursor := page.next_cursor) is None:
            return rows
    raise AssertionError("the pages do not end")


# --- reading ---------------------------------------------------------------------------------------------------------


async def test_levels_come_by_warehouse(database: TestDatabase) -> None:
    database.put(("MUG", "EAST", 7, 5), ("MUG", "WEST", 2, 2), ("CUP", "EAST", 0, -1), ("LID", None, 4, 4))
    async with opened(database) as source:
        assert {row.ref for row in await source.warehouses()} == {"", "EAST", "WEST"}
        east = (await all_levels(source)).rows
        assert [(row.product_ref, row.on_hand, row.available) for row in east] == [("CUP", 0, -1), ("MUG", 7, 5)]
        assert east[1].raw is not None
        assert east[1].raw["sku"] == "MUG"
        assert [row.product_ref for row in (await source.levels_page(DEFAULT, None)).rows] == ["LID"]


async def test_each_row_comes_once_over_many_pages(database: TestDatabase, small_pages: None) -> None:
    skus = [f"{letter}{number}" for letter in "aAbB" for number in range(5)]
    database.put(*((sku, "EAST", 1, number) for number, sku in enumerate(skus)))
    async with opened(database) as source:
        assert {row.product_ref: row.available for row in (await all_levels(source)).rows} == {
            sku: number for number, sku in enumerate(skus)
        }
        assert sorted(row.sku or "" for row in await all_products(source)) == sorted(skus)


async def test_a_key_that_ignores_case_skips_no_row(tmp_path: Path, small_pages: None) -> None:
    database = TestDatabase(tmp_path).prepare()
    database.execute(
        "DROP TABLE stock", "CREATE TABLE stock (sku TEXT COLLATE NOCASE, warehouse TEXT COLLATE NOCASE, n INT)"
    )
    for sku in ("ab", "AB", "Ab", "aB", "c", "C"):
        database.execute(f"INSERT INTO stock VALUES ('{sku}', 'EAST', 1)")
    queries = "[levels]\nkey = 'sku'\nquery = 'SELECT sku, warehouse, n AS available FROM stock'"
    async with opened(database, queries) as source:
        page = await all_levels(source)
        assert (sorted(row.product_ref for row in page.rows), page.rejected) == (["AB", "Ab", "C", "aB", "ab", "c"], [])
        assert len(await all_products(source)) == 6


@pytest.mark.parametrize("key", ["line", "sku"])
async def test_rows_that_come_in_between_are_not_doubled(database: TestDatabase, small_pages: None, key: str) -> None:
    database.put(*((f"S{number}", "EAST", 1, 1) for number in range(4, 9)))
    line = "id" if key == "line" else "ean"
    queries = f"[levels]\nkey = '{key}'\nquery = 'SELECT {line} AS line, sku, warehouse, available FROM stock'"
    async with opened(database, queries) as source:
        (east,) = await source.warehouses()
        first = await source.levels_page(east, None)
        database.execute("INSERT INTO stock (id, sku, warehouse, available) VALUES (0, 'S1', 'EAST', 9)")
        second = await source.levels_page(east, first.next_cursor)
        assert len({row.product_ref for row in (*first.rows, *second.rows)}) == 5
        assert len(first.rows) + len(second.rows) == 5


async def test_products_have_their_codes_once(database: TestDatabase) -> None:
    database.put(("MUG", "EAST", 1, 1), ("MUG", "WEST", 1, 1), (" C 1", "EAST", 1, 1))
    database.execute("UPDATE stock SET ean = '4006381333931' WHERE sku = 'MUG'")
    async with opened(database) as source:
        by_sku = {row.sku: row for row in await all_products(source)}
        assert set(by_sku) == {"MUG", " C 1"}
        assert [tuple(alias) for alias in by_sku["MUG"].aliases] == [("EAN", "4006381333931")]
        assert by_sku["MUG"].name == "Name of MUG"
        assert {row.product_ref for row in (await all_levels(source)).rows} == {"MUG", " C 1"}


async def test_products_and_warehouses_of_their_own_queries(database: TestDatabase) -> None:
    queries = """
    [levels]
    query = "SELECT id, warehouse, on_hand, committed FROM stock -- the end"
    key = "id"
    [products]
    query = "SELECT id, sku, 1 AS active, ean, 'X' || sku AS alias_old FROM stock;"
    key = "id"
    [warehouses]
    query = "SELECT 'NEW' AS warehouse, 'New one' AS name UNION ALL SELECT 'EAST', 'East'"
    """
    if database.kind == "mariadb":
        queries = queries.replace("'X' || sku", "concat('X', sku)")
    database.put(("MUG", "EAST", 7, 0), ("MUG", "EAST", 3, 0), ("", "EAST", 2, 0))
    database.execute("UPDATE stock SET committed = 2", "UPDATE stock SET sku = NULL WHERE id = 3")
    async with opened(database, queries) as source:
        assert [(row.ref, row.name) for row in await source.warehouses()] == [("EAST", "East"), ("NEW", "New one")]
        products = await all_products(source)
        assert [(row.ref, row.sku) for row in products] == [("1", "MUG"), ("2", "MUG"), ("3", None)]
        assert [tuple(alias) for alias in products[0].aliases] == [("OLD", "XMUG")]
        levels = (await all_levels(source)).rows
        assert [(row.product_ref, row.available, row.on_hand) for row in levels] == [
            ("1", 5, 7),
            ("2", 1, 3),
            ("3", 0, 2),
        ]


async def test_an_empty_table_is_an_empty_answer(database: TestDatabase) -> None:
    async with opened(database) as source:
        assert await source.warehouses() == []
        assert await source.products_page(None) == Page([], None, rejected=[])
        steps = [step async for step in database.source().check()]
        assert not steps[-1].ok
        assert "no warehouse" in steps[-1].detail


# --- rows that are not right -----------------------------------------------------------------------------------------


async def test_fractions_are_rounded_down(database: TestDatabase) -> None:
    database.put(("A", "EAST", 2.75, 2.75), ("B", "EAST", -0.5, -0.5), ("C", "EAST", 3.0, 3.0))
    async with opened(database) as source:
        levels = {row.product_ref: (row.on_hand, row.available) for row in (await all_levels(source)).rows}
        assert levels == {"A": (2, 2), "B": (-1, -1), "C": (3, 3)}


async def test_a_row_without_a_quantity_costs_itself_alone(database: TestDatabase) -> None:
    database.put(("A", "EAST", 1, None), ("B", "EAST", None, 2), ("C", "EAST", 1, 10**13), (None, "EAST", 1, 1))
    async with opened(database) as source:
        page = await all_levels(source)
        assert [(row.product_ref, row.on_hand, row.available) for row in page.rows] == [("B", None, 2)]
        why = dict(page.rejected)
        assert set(why) == {"A", "C", "?"}
        assert "null" in why["A"]
        assert "larger" in why["C"]
        assert "1 row of" in why["?"]


@pytest.mark.parametrize("value", ["'five'", "''", "'5'", "x'05'", "9e99", "1e999"])
async def test_what_is_no_quantity_is_refused_on_sqlite(tmp_path: Path, value: str) -> None:
    database = TestDatabase(tmp_path).prepare()
    database.put(("A", "EAST", 1, 1), ("B", "EAST", 1, 1))
    database.execute(f"UPDATE stock SET available = {value} WHERE sku = 'A'")
    async with opened(database) as source:
        page = await all_levels(source)
        assert ([row.product_ref for row in page.rows], [ref for ref, _ in page.rejected]) == (["B"], ["A"])


@pytest.mark.parametrize("value", ["'NaN'", "'Infinity'", "1e131000"])
async def test_what_is_no_quantity_is_refused_on_postgresql(postgres: TestDatabase, value: str) -> None:
    postgres.put(("A", "EAST", 1, 1), ("B", "EAST", 1, 1))
    postgres.execute(f"UPDATE stock SET available = {value} WHERE sku = 'A'")
    async with opened(postgres) as source:
        page = await all_levels(source)
        assert ([row.product_ref for row in page.rows], [ref for ref, _ in page.rejected]) == (["B"], ["A"])


async def test_a_column_of_texts_is_no_quantity(postgres: TestDatabase) -> None:
    postgres.execute("DROP TABLE stock")
    postgres.prepare("TEXT").put(("A", "EAST", "1", "five"))
    async with opened(postgres) as source:
        page = await all_levels(source)
        assert (page.rows, [ref for ref, _ in page.rejected]) == ([], ["A"])


async def test_a_text_that_is_not_utf8_costs_its_row(tmp_path: Path) -> None:
    database = TestDatabase(tmp_path).prepare()
    database.put(("A", "EAST", 1, 1), ("B", "EAST", 1, 1))
    database.execute("UPDATE stock SET sku = CAST(x'41FF' AS TEXT) WHERE sku = 'A'")
    async with opened(database) as source:
        page = await all_levels(source)
        assert ([row.product_ref for row in page.rows], len(page.rejected)) == (["B"], 1)


@pytest.mark.parametrize("key", ["sku", "line"])
async def test_two_rows_for_one_product_are_both_refused(database: TestDatabase, small_pages: None, key: str) -> None:
    rows = [("A", "EAST", 1, 1), *((f"B{n}", "EAST", 1, 1) for n in range(6)), ("A", "EAST", 5, 5), ("A", "WEST", 2, 2)]
    database.put(*rows)
    queries = QUERIES.replace('key = "sku"', f'key = "{key}"').replace("SELECT sku", "SELECT id AS line, sku")
    async with opened(database, queries) as source:
        page = await all_levels(source)
        assert len(page.rows) == 6
        assert {ref for ref, _ in page.rejected} == {"A"}
        assert "GROUP BY" in page.rejected[0][1]
        assert [row.available for row in (await all_levels(source, "WEST")).rows] == [2]


@pytest.mark.parametrize("place", range(7))
async def test_rows_of_one_key_meet_wherever_a_page_ends(database: TestDatabase, small_pages: None, place: int) -> None:
    rows = [(f"S{number}", "EAST", 1, 1) for number in range(7)]
    database.put(*rows, (f"S{place}", "EAST", 9, 9))
    async with opened(database) as source:
        page = await all_levels(source)
        assert [row.product_ref for row in page.rows] == [f"S{number}" for number in range(7) if number != place]
        assert [ref for ref, _ in page.rejected] == [f"S{place}"]


async def test_a_key_that_tells_no_rows_apart_is_refused(database: TestDatabase, small_pages: None) -> None:
    database.put(*((f"A{number}", "EAST", 1, 1) for number in range(5)))
    async with opened(database, QUERIES.replace('key = "sku"', 'key = "warehouse"')) as source:
        with pytest.raises(NotConfiguredError, match="same key 'EAST'"):
            await all_levels(source)


# --- deltas ----------------------------------------------------------------------------------------------------------


async def test_a_delta_has_what_changed_since_the_mark(database: TestDatabase) -> None:
    database.put(("OLD", "EAST", 1, 1), ("NEW", "EAST", 2, 2), ("NEW", "WEST", 3, 3), ("NEVER", "EAST", 4, 4))
    async with opened(database, overlap="60") as source:
        mark = await source.mark()
        for sku, moment in (("OLD", "2020-01-01 00:00:00+00:00"), ("NEW", mark)):
            database.execute(f"UPDATE stock SET changed_at = '{database.moment(moment)}' WHERE sku = '{sku}'")
        page = await source.changed_page(mark, None)
        assert [(row.product_ref, row.warehouse_ref) for row in page.rows] == [("NEW", "EAST"), ("NEW", "WEST")]
        assert [row.sku for row in (await source.changed_products_page(mark, None)).rows] == ["NEW"]


async def test_a_time_zone_in_a_row_counts(database: TestDatabase) -> None:
    database.put(("EARLY", "EAST", 1, 1), ("LATE", "EAST", 2, 2))
    # 11:30 and 12:30 in UTC.
    for sku, moment in (("EARLY", "2026-03-01T13:30:00+02:00"), ("LATE", "2026-03-01T07:30:00-05:00")):
        database.execute(f"UPDATE stock SET changed_at = '{database.moment(moment)}' WHERE sku = '{sku}'")
    async with opened(database, overlap="0") as source:
        page = await source.changed_page("2026-03-01T12:00:00+00:00", None)
        assert [row.product_ref for row in page.rows] == ["LATE"]


async def test_times_without_a_zone_are_in_the_files(postgres: TestDatabase) -> None:
    postgres.put(("EARLY", "EAST", 1, 1), ("LATE", "EAST", 2, 2))
    postgres.execute("ALTER TABLE stock ALTER changed_at TYPE TIMESTAMP")
    # 11:30 and 12:30 in UTC.
    for sku, moment in (("EARLY", "2026-03-01 20:30:00"), ("LATE", "2026-03-01 21:30:00")):
        postgres.execute(f"UPDATE stock SET changed_at = '{moment}' WHERE sku = '{sku}'")
    async with opened(postgres, 'time_zone = "Asia/Tokyo"\n' + QUERIES, overlap="0") as source:
        page = await source.changed_page("2026-03-01T12:00:00+00:00", None)
        assert [row.product_ref for row in page.rows] == ["LATE"]


async def test_a_changed_row_of_a_doubled_product_is_refused(database: TestDatabase) -> None:
    database.put(("A", "EAST", 1, 1), ("A", "EAST", 5, 5))
    async with opened(database) as source:
        mark = await source.mark()
        database.execute(f"UPDATE stock SET changed_at = '{database.moment(mark)}' WHERE id = 1")
        page = await source.changed_page(mark, None)
        assert (page.rows, [ref for ref, _ in page.rejected]) == ([], ["A"])


async def test_without_a_changed_column_there_is_no_delta(database: TestDatabase) -> None:
    async with opened(database, QUERIES.replace('changed = "changed_at"', "")) as source:
        assert not source.capabilities.delta
        assert await source.mark() == ""


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "WITH gone AS (DELETE FROM stock RETURNING sku) SELECT sku, 'EAST' AS warehouse, 1 AS available FROM gone",
        "SELECT sku, setval('numbers', 7) AS available FROM stock",
        "SELECT sku, set_config('transaction_read_only', 'off', false) AS available, "
        "setval('numbers', 7) AS on_hand FROM stock",
    ],
)
async def test_a_query_that_writes_is_refused_by_postgresql(postgres: TestDatabase, query: str) -> None:
    postgres.put(("A", "EAST", 1, 1))
    postgres.execute("CREATE SEQUENCE numbers")
    with pytest.raises(NotConfiguredError):
        async with opened(postgres, f'[levels]\nkey = "sku"\nquery = """{query}"""', login="owner") as source:
            await source.levels_page(DEFAULT, None)
    assert postgres.server is not None
    assert postgres.server.execute("SELECT count(*) FROM stock", database="wms") == [(1,)]
    assert postgres.server.execute("SELECT is_called FROM numbers", database="wms") == [(False,)]


@pytest.mark.parametrize("login", ["reader", "owner"])
async def test_the_test_says_what_the_login_could_write(postgres: TestDatabase, login: str) -> None:
    postgres.put(("A", "EAST", 7, 5))
    steps = {step.name: step async for step in postgres.source(login=login).check()}
    assert all(step.ok for step in steps.values()), steps
    assert ("may read only" in steps["rights"].detail) == (login == "reader")
    assert ("superuser" in steps["rights"].detail) == (login == "owner")
    assert "A in EAST: available 5" in steps["levels"].detail


async def test_the_test_names_a_table_that_could_be_written(postgres: TestDatabase) -> None:
    postgres.execute("GRANT UPDATE ON stock TO reader")
    steps = {step.name: step async for step in postgres.source().check()}
    assert "could write 1 table, such as public.stock" in steps["rights"].detail


async def test_a_wrong_password_is_no_outage(postgres: TestDatabase) -> None:
    source = postgres.source()
    (postgres.folder / "password").write_text("wrong")
    with pytest.raises(AuthError, match="password authentication failed"):
        await source.open()
    await source.close()


async def test_a_table_that_may_not_be_read_is_named(postgres: TestDatabase) -> None:
    postgres.execute("REVOKE SELECT ON stock FROM reader")
    with pytest.raises(PermissionDeniedError, match="stock"):
        async with opened(postgres):
            pass


async def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    source = TestDatabase(tmp_path, None).source()
    source = SqlSource(type(source._connection)("wms", "sql", "postgresql://127.0.0.1:1/wms", "me", "",
                                                source._connection.options, 5))  # fmt: skip
    with pytest.raises(UnavailableError, match="refused"):
        await source.open()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT sku, available FROM stoc", "stoc"),
        ("SELECT sku FROM stock", "available"),
        ("SELECT name, available FROM stock", "no column 'sku'"),
        ("SELECT sku, on_hand FROM stock", "without committed"),
        ("SELECT sku, available FROM stock; DELETE FROM stock", "more than one statement"),
        ("DELETE FROM stock", "not a SELECT"),
    ],
)
async def test_a_wrong_query_is_refused_with_words(database: TestDatabase, query: str, words: str) -> None:
    with pytest.raises(NotConfiguredError, match=words):
        async with opened(database, f'[levels]\nkey = "sku"\nquery = """{query}"""'):
            pass


async def test_a_sign_of_percent_in_a_query_is_itself(database: TestDatabase) -> None:
    database.put(("100%", "EAST", 1, 1), ("B", "EAST", 1, 1))
    query = "SELECT sku, warehouse, available, 5 % 3 AS rest FROM stock WHERE sku LIKE '%0%'"
    async with opened(database, f'[levels]\nkey = "sku"\nquery = """{query}"""') as source:
        assert [row.product_ref for row in (await all_levels(source)).rows] == ["100%"]


# --- time ------------------------------------------------------------------------------------------------------------

SLOW = {
    "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000000000) "
    "SELECT 'A' AS sku, 1 AS available, max(x) AS on_hand FROM n",
    "postgresql": "SELECT 'A' AS sku, 1 AS available, 1 AS on_hand FROM pg_sleep(60) OFFSET 0",
    "mariadb": "SELECT 'A' AS sku, 1 AS available, sleep(60) AS on_hand",
}


def slow(database: TestDatabase) -> str:
    return f'[levels]\nkey = "sku"\nquery = """{SLOW[database.kind]}"""'


async def test_a_slow_query_is_stopped_at_the_deadline(database: TestDatabase) -> None:
    source = SqlSource(database.connection(slow(database), deadline=1))
    started = time.monotonic()
    with pytest.raises(UnavailableError, match="longer than 1 s"):
        await source.open()
        await source.levels_page(DEFAULT, None)
    assert time.monotonic() - started < 5
    await source.close()


async def test_a_slow_query_is_cancelled_and_the_loop_goes_on(database: TestDatabase) -> None:
    source = SqlSource(database.connection(slow(database), deadline=30))

    async def read() -> None:
        await source.open()
        await source.levels_page(DEFAULT, None)

    reading = asyncio.ensure_future(read())
    worst, until = 0.0, time.monotonic() + 1
    while time.monotonic() < until:
        before = time.monotonic()
        await asyncio.sleep(0.01)
        worst = max(worst, time.monotonic() - before)
    assert not reading.done()
    reading.cancel()
    started = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert time.monotonic() - started < 2
    assert worst < 0.5
    await source.close()


async def test_the_connector_is_found_and_refuses_without_its_file(tmp_path: Path) -> None:
    connection = TestDatabase(tmp_path).prepare().connection()
    found = registry.source(connection)
    await found.open()
    assert await found.warehouses() == []
    await found.close()
    (tmp_path / "queries.toml").unlink()
    with pytest.raises(ConnectorError, match="cannot be read"):
        await found.open()
