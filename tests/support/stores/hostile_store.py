"""A store in which every text that others may set is hostile: names, codes, errors, logins, reasons that somebody typed.

It is that of the neighbors, which has a row of nearly every kind. What the program itself writes stays valid: words of an
enum, JSON, references of secrets; a command that cannot read those prints one line about a defect and nothing of the rest.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from invsync_tui.rules.matching import normalize_key
from invsync_tui.rules.outcomes import Reason
from tests.support.stores.neighbors import crowded_store

HOSTILE = "A\x1b]52;c;cm0gLXJm\x07\x1b[2J\x9b31m\x7f\u202e\u2066\u200b\u2028\rZ\nB"
"""The clipboard, the screen, a C1 command, text from right to left, a width of nothing, line breaks."""
VISIBLE = "]52;c;"
"""A piece of it that is harmless, and is left of it by whatever shows it."""
MERCHANT, CART, FURTHER_CART = HOSTILE + "5", HOSTILE + "3", HOSTILE + "4"
SKU = HOSTILE + "1"
RUN, HELD_RUN, PLAN = "2", "4", "1"
"""Numbers of the cart's finished push, its held one and its plan."""

OWN_WORDS = {
    "audit": {"action", "subject", "before", "after"},
    "cart": {"system", "url", "secret", "options", "heal", "inactive_products", "gone_accepted", "identity", "last_reason",
             "secrets", "notices"},
    "census": {"subject", "label"},
    "counter": {"name"},
    "finding": {"cause"},
    "lease": {"key"},
    "link": {"kind"},
    "listing": {"key", "skip", "match_reason", "inflight", "outcome", "reason"},
    "plan": {"kind", "trips"},
    "product": {"sku_key", "codes_text", "kinds"},
    "product_code": {"key"},
    "collision": {"key"},
    "pull_generation": {"kind", "state", "stage"},
    "pull_page": {"stage"},
    "push_batch": {"id", "items", "state"},
    "exchange": {"batch_id"},
    "run": {"kind", "state", "trigger", "phase", "phases", "counts", "reasons", "rate", "trips", "released", "groups",
            "settings", "again_for"},
    "run_event": {"level"},
    "schedule": {"kind"},
    "source": {"system", "url", "secret", "options", "identity", "notes", "last_reason", "secrets", "notices"},
    "source_record": {"body"},
    "unlisted": {"reason"},
    "warehouse": {"gone_why"},
    "worker": {"kind"},
}  # fmt: skip
"""Columns with words, JSON and keys that the program makes."""


def hostile_store(path: Path) -> None:
    """Put it at a path."""
    path.write_bytes(crowded_store())
    with sqlite3.connect(path) as cx:
        cx.execute("UPDATE run SET error = 'x', ended_at = started_at + 1 WHERE id IN (2, 3)")
        cx.execute("UPDATE cart SET last_reason = 'CART_UNAVAILABLE' WHERE id = 3")
        cx.execute(
            "UPDATE listing SET run_id = ?, outcome = 'held', reason = ?, desired = 0, target = 0, pending = 1 "
            "WHERE cart_id = 3 AND ref IN ('L0000010', 'L0000011', 'L0000012', 'L0000013')",
            (HELD_RUN, Reason.HELD_FOR_REVIEW.stored),
        )
        cx.execute(
            "UPDATE listing SET product_id = NULL, match_reason = 'NOT_IN_WMS' WHERE cart_id = 3 AND ref = 'L0000008'"
        )
        cx.execute("UPDATE run SET trips = json_set(trips, '$[0].text', ?) WHERE trips <> '[]'", (HOSTILE,))
        now = int(time.time())
        cx.execute(
            "INSERT INTO audit (at, who, action, subject, before, after, reason) "
            "VALUES (?, 'x', 'freeze', 'cart:3', '', 'frozen', 'x')",
            (now,),
        )
        for table, columns in free_text(cx).items():
            keyed_by_itself = (
                "WITHOUT ROWID" in cx.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
            )
            for column in columns:
                number = column if keyed_by_itself else "rowid"
                cx.execute(f"UPDATE {table} SET {column} = ? || {number}", (HOSTILE,))
        _codes(cx)


def _codes(cx: sqlite3.Connection) -> None:
    """Codes that find each other as those of a real store do, and one that two products have."""
    cx.create_function("key", 1, normalize_key)
    own, other = "(SELECT sku FROM product WHERE id = product_id)", "(product_id / 2) || 'c'"
    cx.execute(f"UPDATE product_code SET code = CASE kind WHEN 0 THEN {own} ELSE ? || {other} END", (HOSTILE,))
    cx.execute(f"UPDATE listing SET sku = {own} WHERE product_id IS NOT NULL")
    for table, key, text in (("product", "sku_key", "sku"), ("product_code", "key", "code"), ("listing", "key", "sku")):
        cx.execute(f"UPDATE {table} SET {key} = key({text})")
    cx.execute("UPDATE product SET codes_text = sku_key")
    for missing in (1, None):  # codes of several products are counted anew
        cx.execute("UPDATE product SET missing_since = ?", (missing,))


def free_text(cx: sqlite3.Connection) -> dict[str, list[str]]:
    """Columns by table that hold what others may set."""
    tables = cx.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%_fts%' AND name NOT LIKE 'sqlite%' "
        "AND name NOT IN ('alembic_version', 'meta')"
    ).fetchall()
    return {
        table: [
            column
            for _, column, kind, *_ in cx.execute(f"PRAGMA table_info({table})")
            if kind == "TEXT" and column not in OWN_WORDS.get(table, ())
        ]
        for (table,) in tables
    }
