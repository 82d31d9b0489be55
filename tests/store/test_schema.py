"""The schema: migrations make exactly the tables, and the tables refuse what must never be in them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from invsync_tui.store.database import Store, create_store
from invsync_tui.store.models import metadata


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return create_store(tmp_path / "store.db")


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection")
def test_the_migrations_make_the_tables(store: Store) -> None:
    # given
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{store.path}")

    def ours(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
        return not (kind == "table" and ("_fts" in str(name) or name == "alembic_version"))

    # when
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_object": ours}
        found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    engine.dispose()
    # then
    assert found == []


def test_every_table_is_strict(store: Store) -> None:
    rows = store.read("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
    ours = {name: strict for name, strict in rows if name in metadata.tables}
    assert set(ours) == set(metadata.tables)
    assert set(ours.values()) == {1}


@pytest.mark.parametrize("quantity", ["many", "", "1.5", 1.5])
def test_a_text_never_lands_in_a_quantity(store: Store, quantity: object) -> None:
    with pytest.raises(sqlite3.IntegrityError), store.transaction() as tx:
        tx.execute(
            "INSERT INTO level (warehouse_id, product_id, available, loaded_at, seq) VALUES (1, 1, ?, 0, 0)",
            (quantity,),
        )


@pytest.mark.parametrize(
    "values", [("share_percent", 101), ("share_percent", -1), ("cutoff_below", -1), ("buffer", -1)]
)
def test_settings_that_make_no_sense_are_refused(store: Store, values: tuple[str, int]) -> None:
    name, value = values
    sql = f"INSERT INTO cart (merchant_id, name, system, url, created_at, {name}) VALUES (1, 'c', 's', 'u', 0, ?)"
    with pytest.raises(sqlite3.IntegrityError), store.transaction() as tx:
        tx.execute(sql, (value,))


def test_one_requested_and_one_active_run_per_key(store: Store) -> None:
    sql = (
        "INSERT INTO run (kind, key, merchant_id, state, trigger, requested_by, requested_at) "
        "VALUES ('push', 1, 1, ?, 'test', 'tester', 0)"
    )
    with store.transaction() as tx:
        tx.execute(sql, ("requested",))
        tx.execute(sql, ("running",))
    for state in ("requested", "running", "cancelling", "held"):
        with pytest.raises(sqlite3.IntegrityError), store.transaction() as tx:
            tx.execute(sql, (state,))
