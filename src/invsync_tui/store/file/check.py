"""Whether a store is sound: the file's structure, and what the program itself keeps true in it.

Each check is a query for what must not be. A check that cannot be carried out is a finding too.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from typing import NamedTuple

MOST = 20
"""Lines of SQLite's own report that are kept."""


class Problem(NamedTuple):
    """Something that must not be: `n` rows, with a sample of at most three."""

    code: str
    text: str
    n: int
    sample: str = ""


class _Rule(NamedTuple):
    """`sql` selects one text for each row that breaks the rule."""

    code: str
    text: str
    sql: str


def _orphans(table: str, column: str, parent: str, key: str = "id", where: str = "1") -> _Rule:
    """Rows whose parent is missing. Those of a merchant or cart that was removed wait for their turn, see `removal`."""
    where += f" AND NOT EXISTS (SELECT 1 FROM counter AS r WHERE r.name = 'removed {parent} ' || t.{column})"
    return _Rule(
        "orphan",
        f"rows of {table} name a {parent} that does not exist",
        f"SELECT '{table} ' || t.{column} FROM {table} AS t WHERE {where} AND NOT EXISTS "
        f"(SELECT 1 FROM {parent} AS p WHERE p.{key} = t.{column})",
    )


_REFERENCES = (
    _orphans("source", "merchant_id", "merchant"),
    _orphans("warehouse", "merchant_id", "merchant"),
    _orphans("alias_type", "merchant_id", "merchant"),
    _orphans("product", "merchant_id", "merchant"),
    _orphans("cart", "merchant_id", "merchant"),
    _orphans("run", "merchant_id", "merchant"),
    _orphans("product_code", "product_id", "product"),
    _orphans("level", "product_id", "product"),
    _orphans("level", "warehouse_id", "warehouse"),
    _orphans("kit_component", "kit_id", "product"),
    _orphans("listing", "cart_id", "cart"),
    _orphans("listing", "product_id", "product", where="t.product_id IS NOT NULL"),
    _orphans("cart_warehouse", "cart_id", "cart"),
    _orphans("cart_warehouse", "warehouse_id", "warehouse"),
    _orphans("link", "cart_id", "cart"),
    _orphans("plan", "cart_id", "cart"),
    _orphans("push_batch", "cart_id", "cart"),
    _orphans("decision_record", "cart_id", "cart"),
    _orphans("pull_page", "generation_id", "pull_generation"),
    _orphans("run_event", "run_id", "run"),
)

_OWNERS = (
    _Rule(
        "owner",
        "listings are tied to a product of another merchant",
        "SELECT l.sku FROM listing AS l JOIN cart AS c ON c.id = l.cart_id JOIN product AS p ON p.id = l.product_id "
        "WHERE p.merchant_id <> c.merchant_id",
    ),
    _Rule(
        "owner",
        "stock levels tie a warehouse to a product of another merchant",
        "SELECT w.code || ' ' || p.sku FROM level AS l JOIN warehouse AS w ON w.id = l.warehouse_id "
        "JOIN product AS p ON p.id = l.product_id WHERE p.merchant_id <> w.merchant_id",
    ),
    _Rule(
        "owner",
        "codes belong to another merchant than their product",
        "SELECT c.code FROM product_code AS c JOIN product AS p ON p.id = c.product_id WHERE p.merchant_id <> c.merchant_id",
    ),
    _Rule(
        "owner",
        "carts use a warehouse of another merchant",
        "SELECT c.name FROM cart_warehouse AS u JOIN cart AS c ON c.id = u.cart_id "
        "JOIN warehouse AS w ON w.id = u.warehouse_id WHERE w.merchant_id <> c.merchant_id",
    ),
)

_COUNTED = (
    ("products", "merchant_id", "kinds", "product", "missing_since"),
    ("levels", "warehouse_id", "''", "level", "missing_since"),
    ("listings", "cart_id", "''", "listing", "gone_at"),
)


def _census(subject: str, owner: str, label: str, table: str, absent: str) -> _Rule:
    there = f"SELECT {owner}, {label}, count(*) FROM {table} WHERE {absent} IS NULL GROUP BY 1, 2"
    text = f"SELECT owner, label, n FROM census WHERE subject = '{subject}' AND n <> 0"
    return _Rule(
        "count",
        f"kept numbers of {subject} differ from the {subject} that are there",
        f"SELECT 'of ' || o FROM (SELECT DISTINCT o FROM (SELECT * FROM (SELECT {owner} AS o, {label}, count(*) FROM {table} "
        f"WHERE {absent} IS NULL GROUP BY 1, 2) EXCEPT {text}) "
        f"UNION SELECT DISTINCT owner FROM ({text} EXCEPT {there}))",
    )


_NUMBERS = tuple(_census(*row) for row in _COUNTED)

_CODES = (
    _Rule(
        "codes",
        "products whose kinds of codes differ from the codes that are there",
        "SELECT p.sku FROM product AS p WHERE p.kinds <> coalesce((SELECT group_concat(kind) FROM (SELECT DISTINCT kind "
        "FROM product_code AS c WHERE c.product_id = p.id ORDER BY kind)), '')",
    ),
    _Rule(
        "codes",
        "codes that the search text of their product does not have",
        "SELECT c.code FROM product_code AS c JOIN product AS p ON p.id = c.product_id "
        "WHERE instr(p.codes_text, c.key) = 0",
    ),
    _Rule(
        "codes",
        "kept numbers of products that share a code differ from the products that do",
        "WITH r AS (SELECT c.merchant_id, c.kind, c.key, c.code, count(*) AS n FROM product_code AS c JOIN product AS p "
        "ON p.id = c.product_id WHERE p.missing_since IS NULL GROUP BY 1, 2, 3, 4 HAVING count(*) > 1), "
        "k AS (SELECT merchant_id, kind, key, code, n FROM collision) "
        "SELECT code FROM (SELECT * FROM r EXCEPT SELECT * FROM k) UNION ALL SELECT code FROM "
        "(SELECT * FROM k EXCEPT SELECT * FROM r)",
    ),
)

_WORK = (
    _Rule(
        "sum",
        "finished runs whose outcomes do not add up to their total",
        "SELECT 'run ' || id FROM run WHERE state = 'done' AND json_valid(counts) AND json_extract(counts, '$.total') "
        "IS NOT NULL AND json_extract(counts, '$.total') <> (SELECT coalesce(sum(value), 0) FROM json_each(run.counts) "
        "WHERE key <> 'total')",
    ),
    _Rule(
        "text",
        "runs whose records cannot be read",
        "SELECT 'run ' || id FROM run WHERE NOT (json_valid(counts) AND json_valid(phases) AND json_valid(reasons) "
        "AND json_valid(trips) AND json_valid(released)) OR state NOT IN "
        "('requested', 'running', 'cancelling', 'held', 'done', 'cancelled', 'failed')",
    ),
    _Rule(
        "text",
        "batches whose records cannot be read",
        "SELECT 'batch ' || id FROM push_batch WHERE NOT json_valid(items) "
        "OR state NOT IN ('intent', 'submitted', 'answered', 'refused', 'in_doubt')",
    ),
    _Rule(
        "wait",
        "listings wait for the answer of a batch that is not open",
        "SELECT l.sku FROM listing AS l WHERE l.inflight IS NOT NULL AND l.gone_at IS NULL AND NOT EXISTS "
        "(SELECT 1 FROM push_batch AS b WHERE b.id = l.inflight AND b.state IN ('intent', 'in_doubt', 'submitted'))",
    ),
    _Rule(
        "acked",
        "listings count as settled though the cart accepted another quantity than the target",
        "SELECT sku FROM listing WHERE outcome = 'set' AND pending = 0 AND inflight IS NULL AND gone_at IS NULL "
        "AND acked IS NOT desired",
    ),
    _Rule(
        "settings",
        "connections whose options cannot be read",
        "SELECT 'cart ' || name FROM cart WHERE NOT json_valid(options) UNION ALL "
        "SELECT 'source ' || id FROM source WHERE NOT json_valid(options)",
    ),
    _Rule(
        "schema",
        "the two notes of the schema differ",
        "SELECT version_num FROM alembic_version WHERE CAST(version_num AS INTEGER) <> "
        "(SELECT user_version FROM pragma_user_version)",
    ),
)

RULES = (*_REFERENCES, *_OWNERS, *_NUMBERS, *_CODES, *_WORK)
INDEXES = ("product_fts", "product_name_fts")


def structure(cx: sqlite3.Connection, *, whole: bool) -> Iterator[Problem]:
    """SQLite's own check of the file; `whole` compares every index with its table too."""
    pragma = "integrity_check" if whole else "quick_check"
    try:
        lines = [str(row[0]) for row in cx.execute(f"PRAGMA {pragma}({MOST})")]
    except (sqlite3.Error, UnicodeDecodeError) as error:
        yield Problem("file", f"the file cannot be read to its end: {error}", 1)
        return
    problems = [line for line in lines if line != "ok"]
    if problems:
        yield Problem("file", "the file is damaged", len(problems), "; ".join(problems[:3]))


def rules(cx: sqlite3.Connection) -> Iterator[Problem]:
    """What the program keeps true."""
    for rule in RULES:
        try:
            n = 0
            sample: list[str] = []
            for (text,) in cx.execute(rule.sql):
                n += 1
                if len(sample) < 3:
                    sample.append(str(text))
        except (sqlite3.Error, UnicodeDecodeError) as error:
            yield Problem("unreadable", f"cannot check whether {rule.text}: {error}", 1)
            continue
        if n:
            yield Problem(rule.code, rule.text, n, ", ".join(sample))


def search_indexes(cx: sqlite3.Connection) -> Iterator[Problem]:
    """Whether the search finds what is there. Needs a connection that may write; it writes nothing."""
    for name in INDEXES:
        cx.execute("BEGIN IMMEDIATE")
        try:
            cx.execute(f"INSERT INTO {name} ({name}, rank) VALUES ('integrity-check', 1)")
        except (sqlite3.Error, UnicodeDecodeError) as error:
            yield Problem("search", f"the search index {name} differs from the products: {error}", 1)
        finally:
            if cx.in_transaction:
                cx.execute("ROLLBACK")


def within(cx: sqlite3.Connection, seconds: float) -> tuple[list[Problem], bool]:
    """What can be found in so long, and whether everything was looked at."""
    deadline = time.monotonic() + seconds
    cut = False

    def late() -> int:
        nonlocal cut
        cut = cut or time.monotonic() > deadline
        return int(cut)

    problems: list[Problem] = []
    cx.set_progress_handler(late, 10_000)
    try:
        for part in (structure(cx, whole=False), rules(cx)):
            for problem in part:
                if cut:  # what was interrupted says nothing about the store
                    return problems, False
                problems.append(problem)
    finally:
        cx.set_progress_handler(None, 0)
    return problems, not cut
