"""Runs migrations on an open connection, in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def one_transaction(connection: sqlite3.Connection) -> Iterator[Any]:
    """SQLAlchemy's view of a connection with one open write transaction, committed at the end and rolled back on an error.

    SQLAlchemy looks at a database when it connects first and rolls back then what it finds open, so the transaction begins
    after that; alembic finds it open and leaves it to us.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import StaticPool

    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool, pool_reset_on_return=None)
    try:
        with engine.connect() as bound:
            bound.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield bound
                bound.commit()
            finally:
                if connection.in_transaction:
                    connection.rollback()
    except DBAPIError as error:
        raise (error.orig if isinstance(error.orig, sqlite3.Error) else error) from error


def run_migrations(bound: Any, revision: str) -> None:
    """Run alembic up to a revision, or `head`, in the transaction that `bound` has open."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = bound
    command.upgrade(config, revision)
