"""The newest runs of some merchants and carts, each found by its key: what a page of merchants shows, however many runs
there are."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from invsync_tui.store import named_rows
from invsync_tui.store.runs.records import RunRow
from invsync_tui.store.runs.runs import RUN_COLUMNS, RUN_ORIGIN

_KEYS = (
    "SELECT 'pull' AS kind, j.value AS key FROM json_each(?1) AS j UNION ALL SELECT k.value, c.id FROM json_each(?1) AS j "
    'CROSS JOIN cart AS c ON c.merchant_id = j.value CROSS JOIN json_each(\'["push", "radar"]\') AS k'
)
"""The kinds and keys of the runs that merchants and their carts can have."""
_ACTIVE = "state IN ('running', 'cancelling', 'held')"
_UNDER_WAY = "('requested', 'running', 'cancelling')"


def newest_of(cx: sqlite3.Connection, merchants: Sequence[int]) -> list[RunRow]:
    """The newest run of each pull, push and drift check of some merchants, by merchant, kind and key."""
    newest = f"SELECT (SELECT max(id) FROM run WHERE kind = n.kind AND key = n.key) FROM ({_KEYS}) AS n"
    return _runs(cx, newest, json.dumps(list(merchants)))


def last_ended_of(cx: sqlite3.Connection, kind: str, keys: Sequence[int]) -> dict[int, RunRow]:
    """By key, the newest run of a kind that ended; of those of the keys that have one."""
    newest = (
        "SELECT (SELECT id FROM run WHERE kind = ?2 AND key = j.value AND state IN ('done', 'failed') "
        "ORDER BY id DESC LIMIT 1) FROM json_each(?1) AS j"
    )
    return {run.key: run for run in _runs(cx, newest, json.dumps(list(keys)), kind)}


def _runs(cx: sqlite3.Connection, numbers: str, *values: str) -> list[RunRow]:
    sql = f"SELECT {RUN_COLUMNS} FROM {RUN_ORIGIN} WHERE r.id IN ({numbers}) ORDER BY r.merchant_id, r.kind, r.key"
    return named_rows.filled(RunRow, cx.execute(sql, values))


class PushRow(NamedTuple):
    """A push that is over, or held. `counts` is a JSON object of outcome to count."""

    id: int
    state: str
    counts: str


def last_pushes(cx: sqlite3.Connection, cart_id: int, most: int) -> list[PushRow]:
    """The newest pushes of a cart that are not under way, newest first."""
    rows = cx.execute(
        f"SELECT id, state, counts FROM run WHERE kind = 'push' AND key = ? AND state NOT IN {_UNDER_WAY} "
        "ORDER BY id DESC LIMIT ?",
        (cart_id, most),
    )
    return named_rows.filled(PushRow, rows)


def under_way_or_held(cx: sqlite3.Connection) -> list[RunRow]:
    """Of all merchants, the runs that are running or held and have no newer one of their key."""
    numbers = (
        f"SELECT a.id FROM run AS a INDEXED BY run_active WHERE a.{_ACTIVE} "
        "AND NOT EXISTS (SELECT 1 FROM run AS b WHERE b.kind = a.kind AND b.key = a.key AND b.id > a.id)"
    )
    return _runs(cx, numbers)


def held(cx: sqlite3.Connection) -> list[int]:
    """Numbers of the runs of all that are held."""
    # The first condition is the index's own, which has to be said for it to be used.
    sql = f"SELECT id FROM run INDEXED BY run_active WHERE {_ACTIVE} AND state = 'held'"
    return [row[0] for row in cx.execute(sql)]


def failing(cx: sqlite3.Connection) -> int:
    """Pulls, pushes and drift checks of all merchants whose newest run failed."""
    states = " UNION ALL ".join(
        f"SELECT (SELECT state FROM run WHERE kind = '{kind}' AND key = t.id ORDER BY id DESC LIMIT 1) AS state FROM {table} AS t"
        for kind, table in (("pull", "merchant"), ("push", "cart"), ("radar", "cart"))
    )
    return int(cx.execute(f"SELECT count(*) FROM ({states}) WHERE state = 'failed'").fetchone()[0])
