"""Queries from a file: one statement each, and what is wrong with a file by line."""

from __future__ import annotations

import pytest

from invsync_tui.connectors import description
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.connectors.sources.sql.queries import Query, columns, single, understood


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "SELECT 1;",
        "select 1 ; -- the end",
        "WITH a AS (SELECT 1) SELECT * FROM a /* ; */",
        "SELECT ';' AS a, \"b;c\" FROM t -- ; x",
        "SELECT $$;$$, $x$ ; $x$",
        "/* what */ SELECT 'it''s; fine'",
    ],
)
def test_one_select_is_taken_without_its_semicolon(text: str) -> None:
    assert single(text) == text.partition(" ; --")[0].removesuffix(";")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT 1; SELECT 2", "more than one"),
        ("SELECT ';'; DROP TABLE stock", "more than one"),
        ("SELECT 1;;SELECT 2", "more than one"),
        ("-- SELECT\nDELETE FROM stock", "not a SELECT"),
        ("INSERT INTO a SELECT 1", "not a SELECT"),
        ("", "not a SELECT"),
        (";", "not a SELECT"),
    ],
)
def test_anything_else_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        single(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[levels]\nquery = 'SELECT 1'", "line 1: levels.key: it is required"),
        ("[levels]\nkey = 'a'", "levels.query: it is required"),
        ("[levels]\nquery = 'SELECT 1'\n\nkey = 5", "line 4: levels.key: it must be a text"),
        ("[levels]\nquery = 'SELECT 1'\nkey = 'a'\nchangd = 'b'", "line 4: levels.changd: .*changed"),
        ("[levels]\nquery = 'SELECT 1; SELECT 2'\nkey = 'a'", "line 2: levels.query: .*more than one"),
        ("[level]\nquery = 'SELECT 1'", "line 1: level: .*levels"),
        ("levels = 3", "line 1: levels: it must be a table"),
        ("[levels]\nquery = 'SELECT", "its end"),
        ("[levels]\nquery = SELECT 1", "line 2: it is not TOML"),
        ("[levels]\nquery='SELECT 1'\nkey='a'\n[warehouses]\nquery='SELECT 1'\nkey='b'", "line 6: warehouses.key"),
        ("", "levels"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line_and_what_is_allowed(text: str, words: str) -> None:
    with pytest.raises(NotConfiguredError, match=words):
        understood(description.parse("queries.toml", text))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["sku", "available", "SKU"], "two columns called 'SKU'"),
        (["sku", "available"], "no column 'line'.*sku, available"),
        (["line", "available"], "no column sku"),
        (["line", "sku", "avaliable"], "no column available"),
        (["line", "sku", "on_hand"], "without committed"),
    ],
)
def test_a_query_that_lacks_a_column_is_refused_with_those_it_has(names: list[str], words: str) -> None:
    with pytest.raises(NotConfiguredError, match=words):
        columns(Query("levels", "SELECT", "line"), names)


def test_columns_are_found_in_any_case_and_others_are_named() -> None:
    found = columns(Query("levels", "SELECT", "LINE"), ["Line", "SKU", "Available", "alias_OLD", "EAN", "bin"])
    assert (found.key, found.real("sku"), found.ignored) == ("Line", "SKU", ["bin"])
    assert dict(found.aliases) == {"OLD": 3, "EAN": 4}
