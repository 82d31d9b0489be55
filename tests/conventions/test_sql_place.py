"""SQL about the store stands in `store/` alone, so that another database behind it would be a matter of that package."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "invsync_tui"
HOLDS_SQL = {
    "store/": "the store itself",
    "connectors/sources/sql/": "asks a database of the merchant, in the words of that database",
    "connectors/sources/feed/staging.py": "sorts a download in a temporary database of its own",
}
"""Where SQL may stand, by folder or file, and why."""
RUNS_SQL = frozenset({"execute", "executemany", "executescript"})
"""Methods of a connection or cursor."""
STATEMENT = re.compile(
    r"\s*(?-i:(?=[A-Z]{2}|[a-z]{2}))(?:select\s.*\sfrom\s|select\s+\S+\(|insert\s+(?:or\s+\w+\s+)?into\s|replace\s+into\s|update\s+\S+\s+set\s"
    r"|delete\s+from\s|with\s+(?:recursive\s+)?\w+\s*(?:\([^)]*\)\s*)?as\s*\(|pragma\s+\w|explain\s+(?:query|select)"
    r"|(?:create|drop|alter)\s+(?:\w+\s+)?(?:table|index|trigger|view)\s|begin\s+(?:immediate|exclusive|deferred)\b)",
    re.IGNORECASE | re.DOTALL,
)
"""How a statement begins, in capitals or in small letters; a sentence begins with one capital."""
PART = re.compile(
    r"\s*(?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT \w+|VACUUM)\s*;?\s*\Z"
    r"|\b(?:(?:FROM|INTO|UPDATE) \w+ (?:AS|SET|WHERE|JOIN|VALUES)\b|WHERE \S+ (?:=|<|>|IN\b|IS\b|LIKE\b)"
    r"|(?:GROUP|ORDER) BY \w|JOIN \w+ (?:AS|ON)\b)"
    r"|\b(?:AND|OR|SET) \w+(?:\.\w+)? (?:= [?:]|IN \(|IS NOT NULL|IS NULL)"
)
"""What only a part of a statement looks like; in capitals, as they are written here."""


def sql_in(source: str) -> list[str]:
    """Every text of a module that is SQL or a part of it, and every call that runs one, each with its line."""
    tree = ast.parse(source)
    found = [
        f"{line}: {text.strip()[:60]!r}" for line, text in texts(tree) if STATEMENT.match(text) or PART.search(text)
    ]
    found += [
        f"{node.lineno}: .{node.func.attr}()"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in RUNS_SQL
    ]
    return found


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The literals of a module with their lines, f-strings as a whole; without docstrings."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            said.update(id(part) for part in node.values)
            yield (
                node.lineno,
                "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.lineno, node.value


def test_sql_stands_in_the_store_alone() -> None:
    modules = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}
    found = [
        f"{name}:{what}"
        for name, path in modules.items()
        if not name.startswith(tuple(HOLDS_SQL))
        for what in sql_in(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("place", HOLDS_SQL)
def test_every_exception_is_needed(place: str) -> None:
    paths = [PACKAGE / place] if place.endswith(".py") else list((PACKAGE / place).rglob("*.py"))
    assert any(sql_in(path.read_text(encoding="utf-8")) for path in paths)


@pytest.mark.parametrize(
    "source",
    [
        'rows = store.read("SELECT id FROM cart")',
        'sql = "select id\\nfrom cart"',
        'version = store.one("pragma user_version")',
        'sql = f"UPDATE {table} SET name = ?"',
        'sql = "update run set error = ?"',
        'sql = f"INSERT OR IGNORE INTO {table} VALUES (?)"',
        'sql = "delete from run"',
        'sql = "WITH a AS (SELECT 1) SELECT * FROM a"',
        'sql = "CREATE TEMP TABLE a (b)"',
        'sql = head + " WHERE id = ?"',
        'sql = head + f" ORDER BY {column}"',
        'condition = f"id = ? AND {column} IS NULL"',
        'begin = "BEGIN"',
        "tx.execute(sql)",
        "tx.executemany(sql, rows)",
        "self._cursor().executescript(text)",
    ],
)
def test_sql_is_seen(source: str) -> None:
    assert sql_in(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""Rows FROM cart WHERE id = 1."""',
        'text = "Select a cart from the list."',
        'text = "Update the cart, then set it on."',
        'text = "Delete it from the cart"',
        'word = "FROM"',
        "execute(run)",
    ],
)
def test_sentences_are_none(source: str) -> None:
    assert sql_in(source) == []


ROWS_IN = ("store/", "sync/", "operations/")
NO_ROW = frozenset({"match", "named", "words", "fields"})
"""Names whose numbered parts are no columns: groups of a regular expression, words and fields of a text."""


def by_number(source: str) -> list[str]:
    """Where a module takes the third or a later part of a named value by its number, or several parts at once."""
    return [
        f"{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id not in NO_ROW
        and isinstance(node.ctx, ast.Load)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, int)
        and node.slice.value >= 2
    ]


def wide_tuples(source: str) -> list[str]:
    """Public functions of a module whose result has tuples of three or more columns without names."""
    return [
        f"{node.lineno}: {node.name}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.returns is not None and any(map(is_wide, ast.walk(node.returns)))
    ]


def is_wide(node: ast.AST) -> bool:
    """Whether a part of an annotation is a tuple of three or more parts."""
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "tuple"
        and isinstance(node.slice, ast.Tuple)
        and len(node.slice.elts) > 2
    )


def test_columns_of_rows_are_read_by_name() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{what}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if str(path.relative_to(PACKAGE)).startswith(ROWS_IN) and "migrations" not in path.parts
        for what in by_number(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_the_store_answers_with_named_records() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{what}"
        for path in sorted((PACKAGE / "store").rglob("*.py"))
        for what in wide_tuples(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_numbers_and_wide_tuples_are_seen() -> None:
    assert by_number("name = row[2]") and not by_number("number = row[0]\nwhole = match[2]")
    assert wide_tuples("def f() -> list[tuple[int, str, int]]: ...")
    assert not wide_tuples("def f() -> dict[int, tuple[int, str]]: ...\ndef g() -> tuple[int, ...]: ...")
