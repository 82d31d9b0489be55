"""What all tables share: named constraints, STRICT, and column types that both databases know."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, MetaData
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

metadata = MetaData(
    naming_convention={
        "ix": "%(column_0_N_label)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_unique",
        "pk": "%(table_name)s_pk",
    }
)

Big = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere; SQLite's STRICT tables know INTEGER only."""


class Flag(TypeDecorator[bool]):
    """A yes or no as 0 or 1: STRICT tables have no BOOLEAN."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> int | None:
        return None if value is None else int(bool(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> bool | None:
        return None if value is None else bool(value)


STRICT: dict[str, Any] = {"sqlite_strict": True}
STRICT_NO_ROWID: dict[str, Any] = {"sqlite_strict": True, "sqlite_with_rowid": False}


class Table(SQLModel):
    """Base of all tables: one metadata with named constraints, so that migrations can address them."""

    metadata = metadata
