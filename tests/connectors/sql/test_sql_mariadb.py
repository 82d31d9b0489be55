"""The source `sql` on a real MariaDB: how it compares texts, times with and without zones, types, and what it refuses."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from invsync_tui.connectors.base import LevelRow
from invsync_tui.connectors.errors import AuthError, NotConfiguredError, PermissionDeniedError, UnavailableError
from invsync_tui.connectors.sources import sql
from invsync_tui.connectors.sources.sql import SqlSource
from invsync_tui.connectors.sources.sql.mariadb import Mariadb
from tests.support.connectors.sql_databases import QUERIES, TestDatabase, create
from tests.support.servers.mariadb import OWNER, MariadbServer

COLLATIONS = ("utf8mb4_general_ci", "utf8mb4_bin", "utf8mb4_nopad_bin", "latin1_swedish_ci", "latin1_german2_ci")
ALIKE = [
    "ab",
    "AB",
    "Ab",
    "aB",
    "ab ",
    "ab  ",
    "äb",
    "Äb",
    "ÄB",
    "ß",
    "ss",
    "SS",
    "c",
    "C",
    "c\t",
    "100%",
    "a'b",
    "a\\b",
]
"""Texts of which one collation or another takes some for equal."""


@pytest.fixture
def database(mariadb_server: MariadbServer, tmp_path: Path) -> TestDatabase:
    """An empty table."""
    create(mariadb_server)
    return TestDatabase(tmp_path, mariadb_server).prepare()


async def levels(source: SqlSource) -> tuple[list[LevelRow], list[tuple[str, str]]]:
    """All pages of all warehouses."""
    rows: list[LevelRow] = []
    rejected: list[tuple[str, str]] = []
    for warehouse in await source.warehouses():
        cursor: str | None = None
        for _ in range(50):
            page = await source.levels_page(warehouse, cursor)
            rows += page.rows
            rejected += page.rejected
            if (cursor := page.next_cursor) is None:
                break
        else:
            raise AssertionError("the pages do not end")
    return rows, rejected


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "''")


@pytest.mark.parametrize("collation", COLLATIONS)
@pytest.mark.parametrize("page_size", [1, 3])
async def test_texts_that_a_collation_takes_for_equal_are_neither_lost_nor_doubled(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch, collation: str, page_size: int
) -> None:
    monkeypatch.setattr(sql, "PAGE_SIZE", page_size)
    charset = collation.split("_", maxsplit=1)[0]
    text = f"VARCHAR(40) CHARACTER SET {charset} COLLATE {collation}"
    database.execute("DROP TABLE stock", f"CREATE TABLE stock (sku {text}, warehouse {text}, n INT)")
    rows = [(sku, site) for sku in ALIKE for site in ("East", "EAST")]
    listed = ", ".join(f"('{escaped(sku)}', '{site}', {number})" for number, (sku, site) in enumerate(rows))
    database.execute(f"INSERT INTO stock VALUES {listed}")
    source = database.source("[levels]\nkey = 'sku'\nquery = 'SELECT sku, warehouse, n AS available FROM stock'")
    await source.open()
    try:
        read, rejected = await levels(source)
        assert rejected == []
        found = [(row.product_ref, row.warehouse_ref, row.available) for row in read]
        assert sorted(found) == sorted((sku, site, number) for number, (sku, site) in enumerate(rows))
        products, cursor = [], None
        for _ in range(50):
            page = await source.products_page(cursor)
            products += [row.sku for row in page.rows]
            if (cursor := page.next_cursor) is None:
                break
        assert sorted(filter(None, products)) == sorted(ALIKE)
    finally:
        await source.close()


@pytest.mark.parametrize("kind", ["BIGINT UNSIGNED", "DECIMAL(20)", "VARCHAR(20)"])
async def test_keys_of_twenty_digits_are_told_apart(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(sql, "PAGE_SIZE", 1)
    keys = [18446744073709551615 - number for number in range(5)] + [9, 10]
    database.execute("DROP TABLE stock", f"CREATE TABLE stock (id {kind}, n INT)")
    database.execute(f"INSERT INTO stock VALUES {', '.join(f'({key}, 1)' for key in keys)}")
    source = database.source("[levels]\nkey = 'id'\nquery = 'SELECT id AS sku, id, n AS available FROM stock'")
    await source.open()
    try:
        read, rejected = await levels(source)
        assert (sorted(row.product_ref for row in read), rejected) == (sorted(map(str, keys)), [])
    finally:
        await source.close()


async def test_types_are_read_as_what_they_are(database: TestDatabase) -> None:
    database.execute(
        "DROP TABLE stock",
        "CREATE TABLE stock (id BIGINT UNSIGNED, sku VARCHAR(9), active TINYINT(1), n DECIMAL(12, 4), d DOUBLE, b INT UNSIGNED)",
        "INSERT INTO stock VALUES (1, 'A', 1, 2.7500, 3.0, 4), (2, 'B', 0, -0.5, 2.5, 0)",
    )
    source = database.source("""
    [levels]
    query = "SELECT id, n AS available, d AS on_hand, b AS committed FROM stock"
    key = "id"
    [products]
    query = "SELECT id, sku, active FROM stock"
    key = "id"
    """)
    await source.open()
    try:
        read, rejected = await levels(source)
        assert ([row[:5] for row in read], rejected) == ([("1", "", 3, 2, 4), ("2", "", 2, -1, 0)], [])
        assert [(row.sku, row.active) for row in (await source.products_page(None)).rows] == [("A", True), ("B", False)]
    finally:
        await source.close()


@pytest.mark.parametrize("kind", ["DATETIME", "TIMESTAMP NULL", "BIGINT"])
@pytest.mark.parametrize("zone", ["", "Asia/Tokyo"])
async def test_a_time_is_that_of_its_zone(database: TestDatabase, kind: str, zone: str) -> None:
    database.put(("EARLY", "EAST", 1, 1), ("LATE", "EAST", 2, 2))
    database.execute("ALTER TABLE stock DROP changed_at", f"ALTER TABLE stock ADD changed_at {kind}")
    for sku, moment in (("EARLY", "2026-03-01 11:30"), ("LATE", "2026-03-01 12:30")):
        seconds = int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())
        local = f"'{moment}'" if kind != "DATETIME" or not zone else f"'{moment}' + INTERVAL 9 HOUR"
        value = seconds if kind == "BIGINT" else local
        if kind == "DATETIME" and not zone:
            value = f"convert_tz('{moment}', '+00:00', @@global.time_zone)"
        database.execute(f"UPDATE stock SET changed_at = {value} WHERE sku = '{sku}'")
    source = database.source((f'time_zone = "{zone}"\n' if zone else "") + QUERIES, overlap="0")
    await source.open()
    try:
        page = await source.changed_page("2026-03-01T12:00:00+00:00", None)
        assert [row.product_ref for row in page.rows] == ["LATE"]
    finally:
        await source.close()


async def test_what_changes_after_clocks_are_put_back_is_in_the_delta(database: TestDatabase) -> None:
    # Berlin, 2026-10-25: 03:00 summer time is 02:00 again. 00:50 in UTC is 02:50, and half an hour later it is 02:20.
    database.put(("LATE", "EAST", 2, 2))
    database.execute("ALTER TABLE stock MODIFY changed_at DATETIME", "UPDATE stock SET changed_at = '2026-10-25 02:20'")
    source = database.source('time_zone = "Europe/Berlin"\n' + QUERIES, overlap="0")
    await source.open()
    try:
        page = await source.changed_page("2026-10-25T00:50:00+00:00", None)
        assert [row.product_ref for row in page.rows] == ["LATE"]
        assert (await source.changed_page("2026-10-25T01:30:00+00:00", None)).rows == []
    finally:
        await source.close()


async def test_a_changed_column_of_texts_is_refused(database: TestDatabase) -> None:
    database.execute("ALTER TABLE stock MODIFY changed_at VARCHAR(40)")
    source = database.source()
    await source.open()
    try:
        with pytest.raises(NotConfiguredError, match="neither a time nor a number"):
            await source.changed_page("2026-10-25T00:50:00+00:00", None)
    finally:
        await source.close()


async def test_a_query_that_writes_is_refused(database: TestDatabase) -> None:
    database.put(("A", "EAST", 1, 1))
    database.execute(
        "CREATE FUNCTION spoil() RETURNS INT MODIFIES SQL DATA BEGIN UPDATE stock SET available = 9; RETURN 1; END"
    )
    query = '[levels]\nkey = "sku"\nquery = "SELECT sku, spoil() AS available FROM stock"'
    source = database.source(query, login=OWNER)
    with pytest.raises(NotConfiguredError, match="more than read"):
        await source.open()
        await levels(source)
    await source.close()
    assert database.rows("SELECT available FROM stock") == [(1,)]


@pytest.mark.parametrize("login", ["reader", OWNER])
async def test_the_test_says_what_the_login_could_write(database: TestDatabase, login: str) -> None:
    database.put(("A", "EAST", 7, 5))
    steps = {step.name: step async for step in database.source(login=login).check()}
    assert all(step.ok for step in steps.values()), steps
    assert ("may read only" in steps["rights"].detail) == (login == "reader")
    assert ("could write" in steps["rights"].detail) == (login == OWNER)
    assert "MariaDB 1" in steps["database"].detail
    assert "A in EAST: available 5" in steps["levels"].detail


async def test_a_table_that_could_be_written_is_named(database: TestDatabase) -> None:
    database.execute("GRANT UPDATE ON wms.stock TO reader@'%'")
    steps = {step.name: step async for step in database.source().check()}
    assert "could write in 1 place, such as wms.stock" in steps["rights"].detail


async def test_a_wrong_password_is_no_outage(database: TestDatabase) -> None:
    source = database.source()
    (database.folder / "password").write_text("wrong")
    with pytest.raises(AuthError, match="Access denied"):
        await source.open()
    await source.close()


async def test_a_table_that_may_not_be_read_is_named(database: TestDatabase) -> None:
    database.execute("REVOKE SELECT ON wms.* FROM reader@'%'", "CREATE TABLE other (id INT)",
                     "GRANT SELECT ON wms.other TO reader@'%'")  # fmt: skip
    source = database.source()
    with pytest.raises(PermissionDeniedError, match="stock"):
        await source.open()
    await source.close()


async def test_a_connection_that_was_ended_is_made_again(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "AGAIN", (0.01, 0.01))
    database.put(("A", "EAST", 1, 1))
    source = database.source()
    await source.open()
    ids = database.rows("SELECT id FROM information_schema.processlist WHERE user = 'reader'")
    database.execute(*(f"KILL {number}" for (number,) in ids))
    assert [row.product_ref for row in (await levels(source))[0]] == ["A"]
    await source.close()


async def test_a_stopped_statement_does_not_go_on_in_the_server(database: TestDatabase) -> None:
    source = SqlSource(database.connection(
        '[levels]\nkey = "sku"\nquery = "SELECT \'A\' AS sku, sleep(60) AS available"', deadline=1))  # fmt: skip
    with pytest.raises(UnavailableError, match="longer than 1 s"):
        await source.open()
        await levels(source)
    await source.close()
    until = time.monotonic() + 5
    while database.rows("SELECT 1 FROM information_schema.processlist WHERE user = 'reader' AND info LIKE '%sleep%'"):
        assert time.monotonic() < until
        time.sleep(0.05)  # noqa: ASYNC251


async def test_a_server_without_certificates_is_refused_elsewhere(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invsync_tui.connectors.sources.sql.mariadb.is_loopback", lambda _: False)
    source = database.source()
    with pytest.raises(NotConfiguredError, match="SSL"):
        await source.open()
    await source.close()


@pytest.mark.parametrize(
    ("host", "tls", "encrypted"),
    [("db.example.com", "verify", True), ("db.example.com", "off", False), ("127.0.0.1", "verify", False)],
)
def test_a_server_elsewhere_must_show_a_certificate(host: str, tls: str, encrypted: bool) -> None:
    given = {"user": "", "password": "", "time_zone": "", "tls": tls, "ca_file": ""}
    settings = Mariadb(f"mariadb://{host}/wms", "wms", 5, given)._settings(5)
    assert ("ssl" in settings, "ssl_disabled" in settings) == (encrypted, not encrypted)
