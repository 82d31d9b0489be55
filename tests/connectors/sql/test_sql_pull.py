"""Downloads from databases into a store: complete ones, deltas, the examples of the manual, and what must decide nothing."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import ConnectorError, NotConfiguredError, UnavailableError
from invsync_tui.connectors.sources.sql import SqlSource
from invsync_tui.connectors.sources.sql.postgres import Postgres
from tests.support.connectors.sql_databases import TestDatabase, create
from tests.support.stores.merchant_store import Bench

MANUAL = Path(__file__).parents[3] / "docs/howto/connect-a-database.md"
LEVELS = """
SELECT p.sku, l.available FROM our_level l JOIN our_product p ON p.id = l.product_id ORDER BY p.sku, l.warehouse_id
"""


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> TestDatabase:
    """An empty table in each kind of database."""
    if request.param == "sqlite":
        return TestDatabase(tmp_path).prepare()
    server = request.getfixturevalue("mariadb_server" if request.param == "mariadb" else "postgres_server")
    create(server)
    return TestDatabase(tmp_path, server).prepare()


@pytest.fixture
def bench(database: TestDatabase, tmp_path: Path) -> Bench:
    """A store with a merchant on the database."""
    made = Bench.make(tmp_path)
    made.add_merchant(database.connection())
    return made


def levels(bench: Bench) -> list[tuple[object, ...]]:
    return [tuple(row) for row in bench.store.read(LEVELS)]


async def test_a_download_and_a_delta(database: TestDatabase, bench: Bench) -> None:
    database.put(("A", "EAST", 1, 1), ("A", "WEST", 2, 2), ("B", "EAST", 3, 3))
    run = await bench.pull()
    assert (run.state, levels(bench)) == ("done", [("A", 1), ("A", 2), ("B", 3)])
    now = "CURRENT_TIMESTAMP"
    database.execute(f"UPDATE stock SET available = 9, changed_at = {now} WHERE sku = 'B'")
    run = await bench.pull()
    assert (run.state, bench.counts(run)["set"], levels(bench)) == ("done", 1, [("A", 1), ("A", 2), ("B", 9)])
    # A row that changed without its time is seen by the next full download.
    database.execute("UPDATE stock SET available = 5 WHERE sku = 'A' AND warehouse = 'EAST'")
    assert ("A", 1) in levels(bench)
    await bench.pull(full=True)
    assert levels(bench) == [("A", 5), ("A", 2), ("B", 9)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE stock SET available = NULL WHERE sku = 'A'",
        "INSERT INTO stock (id, sku, warehouse, available) VALUES (99, 'A', 'EAST', 4)",
        "DELETE FROM stock WHERE sku = 'A'",
        "UPDATE stock SET available = 10000000000000 WHERE sku = 'A'",
    ],
)
async def test_what_cannot_be_read_keeps_its_last_number(database: TestDatabase, bench: Bench, change: str) -> None:
    database.put(("A", "EAST", 7, 7), ("B", "EAST", 3, 3))
    await bench.pull()
    database.execute(change, "UPDATE stock SET available = 4 WHERE sku = 'B'")
    run = await bench.pull(full=True)
    assert run.state == "done"
    assert levels(bench) == [("A", 7), ("B", 4)]
    assert bench.sums_hold()


async def test_a_table_that_is_empty_for_a_moment_takes_nothing_away(database: TestDatabase, bench: Bench) -> None:
    database.put(("A", "EAST", 7, 7))
    await bench.pull()
    database.execute("DELETE FROM stock")
    await bench.pull(full=True)
    assert levels(bench) == [("A", 7)]


async def test_the_examples_of_the_manual_are_read(postgres_server: object, tmp_path: Path) -> None:
    create(postgres_server)  # type: ignore[arg-type]
    database = TestDatabase(tmp_path, postgres_server).prepare()  # type: ignore[arg-type]
    database.execute(
        "DROP TABLE stock",
        "CREATE TABLE item (id INT PRIMARY KEY, code TEXT, title TEXT, active BOOL, barcode TEXT, maker_code TEXT)",
        "CREATE TABLE site (code TEXT PRIMARY KEY, title TEXT)",
        "CREATE TABLE stock (item_id INT, site_code TEXT, quantity NUMERIC, reserved NUMERIC, changed TIMESTAMP, "
        "sku TEXT, name TEXT, available INT, ean TEXT)",
        "INSERT INTO item VALUES (1, 'MUG', 'Mug', true, '4006381333931', 'M-1'), (2, NULL, 'Cup', true, 'E2', NULL)",
        "INSERT INTO site VALUES ('E', 'East')",
        "INSERT INTO stock VALUES (1, 'E', 5.5, 1, now() AT TIME ZONE 'Europe/Berlin', 'MUG', 'Mug', 4, NULL)",
        "INSERT INTO stock VALUES (1, 'E', 2, 0, now() AT TIME ZONE 'Europe/Berlin', 'MUG2', '', 2, 'E')",
    )
    short, complete = re.findall(r"```toml\n(.*?)```", MANUAL.read_text(), re.DOTALL)
    source = database.source(complete)
    steps = {step.name: step async for step in source.check()}
    assert all(step.ok for step in steps.values()), steps
    assert "1 in E: available 6" in steps["levels"].detail
    assert "MUG Mug EAN 4006381333931 MAKER M-1" in steps["products"].detail
    assert "1 level changed lately" in steps["changes"].detail
    await source.close()
    source = database.source(short)
    await source.open()
    (default,) = await source.warehouses()
    assert [row[:4] for row in (await source.levels_page(default, None)).rows] == [
        ("MUG", "", None, 4),
        ("MUG2", "", None, 2),
    ]
    await source.close()


# --- connecting ------------------------------------------------------------------------------------------------------


async def test_a_locked_file_is_unavailable(tmp_path: Path) -> None:
    database = TestDatabase(tmp_path).prepare()
    other = sqlite3.connect(tmp_path / "wms.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    source = SqlSource(database.connection(deadline=1))
    with pytest.raises(UnavailableError, match="locked"):
        await source.open()
    await source.close()
    other.close()


@pytest.mark.parametrize(("name", "words"), [("none.db", "no file"), ("password", "not a database")])
async def test_a_file_that_is_no_database_is_named(tmp_path: Path, name: str, words: str) -> None:
    known = TestDatabase(tmp_path).prepare().connection()
    (tmp_path / "password").write_text("something else than a database" * 100)
    source = SqlSource(Connection("wms", "sql", f"sqlite://{tmp_path}/{name}", "", "", known.options, 5))
    with pytest.raises(ConnectorError, match=words):
        await source.open()
    await source.close()


async def test_a_path_that_depends_on_the_folder_is_refused(tmp_path: Path) -> None:
    source = SqlSource(Connection("wms", "sql", f"sqlite://{tmp_path}/wms.db", options={"queries": "queries.toml"}))
    with pytest.raises(NotConfiguredError, match="other folders"):
        await source.open()


async def test_the_environment_leads_to_no_other_server(
    postgres_server: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(postgres_server)  # type: ignore[arg-type]
    database = TestDatabase(tmp_path, postgres_server).prepare()  # type: ignore[arg-type]
    database.put(("A", "EAST", 7, 7))
    other = {"PGHOSTADDR": "127.0.0.2", "PGHOST": "127.0.0.2", "PGPORT": "1", "PGUSER": "nobody", "PGDATABASE": "none",
             "PGOPTIONS": "-c search_path=nothing", "PGPASSWORD": "wrong"}  # fmt: skip
    for name, value in other.items():
        monkeypatch.setenv(name, value)
    source = database.source()
    await source.open()
    assert [row.ref for row in await source.warehouses()] == ["EAST"]
    await source.close()


@pytest.mark.parametrize(
    ("host", "tls", "mode"),
    [
        ("db.example.com", "verify", "verify-full"),
        ("db.example.com", "off", "prefer"),
        ("127.0.0.1", "verify", "prefer"),
    ],
)
def test_a_server_elsewhere_must_show_a_certificate(host: str, tls: str, mode: str) -> None:
    given = {"user": "", "password": "", "time_zone": "", "tls": tls, "ca_file": ""}
    assert Postgres(f"postgresql://{host}/wms", "wms", 5, given)._settings()["sslmode"] == mode
