"""The rows of a feed in a temporary SQLite file: checked as a whole, then read in pages, with little memory.

Pages go by row number, so they are in the order of the file. Of a product's rows for one warehouse a single one is left:
equal ones are one, and different ones cannot all be right, so the row that is left says so.
"""

from __future__ import annotations

import itertools
import operator
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

from invsync_tui.connectors.base import AliasRow, LevelRow, ProductRow

StagedRow = tuple[
    int, int, str, str, str | None, str, str, int | None, int | None, int | None, int | None, str | None, str
]
"""file, line, ref, warehouse, sku, name, aliases, on_hand, available, committed, incoming, why (None where readable),
fraction."""
StagedProduct = tuple[str, str | None, str, str]
"""ref, sku, name, aliases."""
LostRow = tuple[str, str]
"""(what it is called, why) of a row that names no product."""

_SCHEMA = """
PRAGMA page_size = 32768;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -16000;
PRAGMA temp_store = FILE;
CREATE TABLE line (n INTEGER PRIMARY KEY, file INTEGER, line INTEGER, ref TEXT, warehouse TEXT, sku TEXT, name TEXT,
  aliases TEXT, on_hand INTEGER, available INTEGER, committed INTEGER, incoming INTEGER, why TEXT,
  fraction TEXT NOT NULL DEFAULT '');
CREATE TABLE product (n INTEGER PRIMARY KEY, ref TEXT UNIQUE, sku TEXT, name TEXT, aliases TEXT);
CREATE TABLE lost (n INTEGER PRIMARY KEY, what TEXT, why TEXT, named INTEGER);
CREATE TABLE reject (n INTEGER PRIMARY KEY, file INTEGER, line INTEGER, why TEXT, fields TEXT);
"""
_ADD_ROW = (
    "INSERT INTO line (file, line, ref, warehouse, sku, name, aliases, on_hand, available, committed, incoming, why, "
    "fraction) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ADD_PRODUCT = (
    "INSERT INTO product (ref, sku, name, aliases) VALUES (?, ?, ?, ?) ON CONFLICT (ref) DO UPDATE SET "
    "aliases = trim(aliases || char(30) || excluded.aliases, char(30)) WHERE aliases IS NOT excluded.aliases"
)
_PRODUCTS_OF_ROWS = (
    "INSERT INTO product (ref, sku, name, aliases) SELECT ref, sku, name, aliases FROM line WHERE true ORDER BY n "
    "ON CONFLICT (ref) DO UPDATE SET aliases = trim(aliases || char(30) || excluded.aliases, char(30)) "
    "WHERE excluded.aliases <> '' AND instr(aliases, excluded.aliases) = 0"
)
_DOUBLED = "SELECT ref, warehouse FROM line GROUP BY ref, warehouse HAVING count(*) > 1"
_OF_DOUBLED = (
    "SELECT n, file, line, on_hand, available, committed, incoming, why FROM line "
    "WHERE ref = ? AND warehouse = ? ORDER BY n"
)
_LEVELS = (
    "SELECT r.n, r.ref, r.file, r.line, r.on_hand, r.available, r.committed, r.incoming, r.why, "
    "r.fraction FROM line AS r "
    "WHERE r.warehouse = ? AND r.n > ? ORDER BY r.n LIMIT ?"
)
_LEVELS_OF_ALL = (
    "SELECT p.n, p.ref, r.file, r.line, r.on_hand, r.available, r.committed, r.incoming, r.why, "
    "r.fraction FROM product AS p "
    "LEFT JOIN line AS r ON r.ref = p.ref AND r.warehouse = ? WHERE p.n > ? ORDER BY p.n LIMIT ?"
)
_UNNAMED = "SELECT count(*) FROM lost WHERE NOT named"
UNIT, RECORD = "\x1f", "\x1e"
"""Between a code and its kind, and between codes."""


def packed_aliases(codes: Iterable[tuple[str, str]]) -> str:
    """(type, code) pairs as one text; codes have no control characters."""
    return RECORD.join(f"{kind}{UNIT}{code}" for kind, code in codes)


def unpacked_aliases(text: str) -> tuple[AliasRow, ...]:
    """The reverse, each pair once."""
    if not text:
        return ()
    if RECORD not in text:
        return (_alias_row(text.split(UNIT, 1)),)
    return tuple([_alias_row(piece.split(UNIT, 1)) for piece in dict.fromkeys(text.split(RECORD))])


def _aliases_of(texts: Sequence[str]) -> Iterable[tuple[AliasRow, ...]]:
    """`unpacked_aliases` of each; at once where each has a single code, all of one type."""
    kind = texts[0].partition(UNIT)[0]
    begin = kind + UNIT
    if RECORD in "".join(texts) or not all(map(operator.methodcaller("startswith", begin), texts)):
        return map(unpacked_aliases, texts)
    at = len(begin)
    return zip(map(_alias_row, zip(repeat(kind), [text[at:] for text in texts], strict=False)), strict=True)


_alias_row = partial(tuple.__new__, AliasRow)
_product_row = partial(tuple.__new__, ProductRow)
_level_row = partial(tuple.__new__, LevelRow)


class Rows(NamedTuple):
    """Part of a page: records, (reference, why) of those that cannot be read, and the number behind which it goes on."""

    rows: Sequence[ProductRow | LevelRow]
    rejected: Sequence[tuple[str, str]]
    after: int | None


class Staging:
    """One temporary file of rows. All methods block: call them in a thread, one at a time (there is a lock)."""

    def __init__(self, path: Path) -> None:
        self._cx = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._cx.executescript(_SCHEMA)
        self._lock = threading.Lock()
        self._all_products = False
        self._last_ref: str | None = ""
        """Of the rows so far, whose references ascend, so that none can be there twice; None where they do not."""
        self.zero_where_absent = False
        self.covers: tuple[str, ...] = ()
        """Beginnings of the references that are 0 where they are absent; empty for all."""
        self.last_file_counts = False
        """Of rows for one product and warehouse in several files the last file's counts; else they have to be equal."""
        self.files: list[str] = []

    def close(self) -> None:
        """Give the file up; who made it deletes it."""
        with self._lock:
            self._cx.close()

    # --- writing -----------------------------------------------------------------------------------------------------

    def _note_order(self, refs: Sequence[str]) -> None:
        last = self._last_ref
        if last is not None and refs:
            # Programs mostly write files in this order; an index of all rows costs ten times as much as this look.
            ascending = last < refs[0] and all(map(operator.lt, refs, itertools.islice(refs, 1, None)))
            self._last_ref = refs[-1] if ascending else None

    def add_rows(self, rows: Sequence[StagedRow]) -> None:
        self._note_order([row[2] for row in rows])
        with self._lock:
            self._cx.execute("BEGIN")
            self._cx.executemany(_ADD_ROW, rows)
            self._cx.execute("COMMIT")

    def add_simple_rows(self, names: Sequence[str], rows: Iterable[Sequence[int | str]], refs: Sequence[str]) -> None:
        """Rows that have only the columns `names`: what is None takes the driver longer than what is not there."""
        self._note_order(refs)
        with self._lock:
            self._cx.execute("BEGIN")
            self._cx.executemany(
                f"INSERT INTO line ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",  # noqa: S608 (ours)
                rows,
            )
            self._cx.execute("COMMIT")

    def add_products(self, rows: Sequence[StagedProduct]) -> None:
        """Products with their codes; of one that comes again the codes are added."""
        with self._lock:
            self._cx.execute("BEGIN")
            self._cx.executemany(_ADD_PRODUCT, rows)
            self._cx.execute("COMMIT")

    def add_lost(self, what: str, why: str, *, named: bool = False) -> None:
        """A row that names no product, or with `named` another code of the product `what` that cannot be read."""
        with self._lock:
            self._cx.execute("INSERT INTO lost (what, why, named) VALUES (?, ?, ?)", (what, why, named))

    def add_reject(self, file: int, line: int, why: str, fields: str) -> None:
        """For the file of rejected rows."""
        with self._lock:
            self._cx.execute(
                "INSERT INTO reject (file, line, why, fields) VALUES (?, ?, ?, ?)", (file, line, why, fields)
            )

    def settle(self, *, all_products: bool, by_warehouse: bool) -> None:
        """Once all rows are in. `all_products`: the catalog is more than the rows of one warehouse."""
        with self._lock:
            if self._last_ref is None or self.zero_where_absent:
                self._cx.execute("CREATE INDEX line_key ON line (ref, warehouse)")
            if self._last_ref is None:
                for ref, warehouse in self._cx.execute(_DOUBLED).fetchall():
                    self._settle_doubled(ref, warehouse)
            if by_warehouse:
                self._cx.execute("CREATE INDEX line_warehouse ON line (warehouse)")
            self._all_products = all_products
            if all_products:
                self._cx.execute(_PRODUCTS_OF_ROWS)
            if self.zero_where_absent:  # a row that names no product may be of any
                self.zero_where_absent = all_products and not self._count(_UNNAMED)

    def _settle_doubled(self, ref: str, warehouse: str) -> None:
        rows = self._cx.execute(_OF_DOUBLED, (ref, warehouse)).fetchall()
        if self.last_file_counts:
            last = max(row[1] for row in rows)
            self._cx.executemany("DELETE FROM line WHERE n = ?", [(row[0],) for row in rows if row[1] != last])
            rows = [row for row in rows if row[1] == last]
        first, *others = rows
        if any(row[3:] != first[3:] or row[7] for row in rows):
            places = [self._place(row[1], row[2], first[1]) for row in rows[:5]]
            more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
            why = f"{' and '.join(places)}{more} give different quantities"
            self._cx.execute("UPDATE line SET why = ? WHERE n = ?", (why, first[0]))
            self._cx.executemany(
                "INSERT INTO reject (file, line, why, fields) VALUES (?, ?, ?, ?)",
                [(row[1], row[2], why, "") for row in rows if not row[7]],
            )
        self._cx.executemany("DELETE FROM line WHERE n = ?", [(row[0],) for row in others])

    def _place(self, file: int, line: int, same: int) -> str:
        return f"line {line}" if file == same else f"line {line} of {self.files[file]}"

    # --- reading -----------------------------------------------------------------------------------------------------

    def _count(self, sql: str) -> int:
        return int(self._cx.execute(sql).fetchone()[0])

    def counts(self) -> tuple[int, int]:
        """(rows that can be read, rows that cannot)."""
        with self._lock:
            rows, bad = self._cx.execute("SELECT count(*), count(why) FROM line").fetchone()
            return rows - bad, bad + self._count("SELECT count(*) FROM lost")

    def products(self, after: int, limit: int) -> Rows:
        """Products behind a row number."""
        table = "product" if self._all_products else "line"
        with self._lock:
            records = self._cx.execute(
                f"SELECT n, ref, sku, name, aliases FROM {table} WHERE n > ? ORDER BY n LIMIT ?",  # noqa: S608 (two constants)
                (after, limit),
            ).fetchall()
        if not records:
            return Rows((), (), None)
        _, refs, skus, names, aliases = zip(*records, strict=True)
        fields = zip(refs, skus, names, _aliases_of(aliases), repeat(()), repeat(True), repeat(True), strict=False)
        return Rows(list(map(_product_row, fields)), (), records[-1][0] if len(records) == limit else None)

    def lost(self, after: int, limit: int) -> Rows:
        """Rows that name no product."""
        with self._lock:
            records = self._cx.execute(
                "SELECT n, what, why FROM lost WHERE n > ? ORDER BY n LIMIT ?", (after, limit)
            ).fetchall()
        return Rows((), [(what, why) for _, what, why in records], records[-1][0] if len(records) == limit else None)

    def rows_reported(self) -> int:
        """Rows for a product and warehouse that the files have, readable or not."""
        with self._lock:
            return self._count("SELECT count(*) FROM line")

    def has_unnamed(self) -> bool:
        """Whether some row names no product."""
        with self._lock:
            return self._count(_UNNAMED) > 0

    def levels(self, warehouse: str, after: int, limit: int, read_at: int | None) -> Rows:
        """Levels of a warehouse behind a row number; with `zero_where_absent` one of each product."""
        sql = _LEVELS_OF_ALL if self.zero_where_absent else _LEVELS
        with self._lock:
            records = self._cx.execute(sql, (warehouse, after, limit)).fetchall()
        behind = records[-1][0] if len(records) == limit else None
        if records and (rows := self._simple_levels(records, warehouse, read_at)) is not None:
            return Rows(rows, (), behind)
        rows, rejected = [], []
        for _, ref, number, line, on_hand, available, committed, incoming, why, part in records:
            if why is not None:
                rejected.append((ref, why))
            elif line is None:
                if self.covers and not ref.startswith(self.covers):
                    continue
                rows.append(LevelRow(ref, warehouse, 0, 0, read_at=read_at, raw={"absent": "0"}))
            else:
                raw = {"file": self.files[number], "line": line}
                rows.append(LevelRow(ref, warehouse, on_hand, available, committed, incoming, read_at, raw, part))
        return Rows(rows, rejected, behind)

    def _simple_levels(
        self, records: Sequence[Sequence[Any]], warehouse: str, read_at: int | None
    ) -> list[LevelRow] | None:
        """Levels of records all of which can be read and stand in a file; None where one does not."""
        _, refs, files, lines, on_hand, available, committed, incoming, whys, parts = zip(*records, strict=True)
        if any(whys) or None in lines or {*files} != {files[0]}:
            return None
        name = self.files[files[0]]
        raw = [{"file": name, "line": line} for line in lines]
        quantities = on_hand, available, committed, incoming
        fields = zip(refs, repeat(warehouse), *quantities, repeat(read_at), raw, parts, strict=False)
        return list(map(_level_row, fields))

    def rejects(self) -> Iterator[tuple[str, int, str, str]]:
        """(file, line, why, fields as JSON) of all rejected rows."""
        with self._lock:
            for file, line, why, fields in self._cx.execute("SELECT file, line, why, fields FROM reject ORDER BY n"):
                yield self.files[file], line, why, fields
