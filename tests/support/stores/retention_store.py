"""A run that has ended, written into a store as a worker leaves it."""

from __future__ import annotations

import sqlite3


def run_once(tx: sqlite3.Connection, at: int, kind: str = "push", state: str = "done") -> int:
    number = int(
        tx.execute(
            "INSERT INTO run (kind, key, merchant_id, state, trigger, requested_by, requested_at, ended_at) "
            "VALUES (?, 1, 1, ?, 'schedule', 'schedule', ?, ?)",
            (kind, state, at, at),
        ).lastrowid
        or 0
    )
    tx.executemany(
        "INSERT INTO run_event (run_id, n, at, level, text) VALUES (?, ?, ?, 'info', 'x')",
        [(number, 1, at), (number, 2, at)],
    )
    tx.execute(
        "INSERT INTO push_batch (id, cart_id, run_id, epoch, items, body, state, created_at, answer_by_ms, ended_at) "
        "VALUES (?, 1, ?, 1, '[]', zeroblob(2000), 'answered', ?, 0, ?)",
        (f"b{number}", number, at, at),
    )
    tx.execute(
        "INSERT INTO exchange (run_id, at_ms, took_ms, method, url, request, answer) "
        "VALUES (?, ?, 1, 'POST', 'u', zeroblob(500), zeroblob(500))",
        (number, at * 1000),
    )
    generation = tx.execute(
        "INSERT INTO pull_generation (merchant_id, run_id, kind, state, started_at, ended_at) "
        "VALUES (1, ?, 'delta', 'abandoned', ?, ?)",
        (number, at, at),
    ).lastrowid
    tx.execute(
        "INSERT INTO pull_page (generation_id, stage, n, rows, changed, seen) VALUES (?, 's', 1, 1, 1, zeroblob(300))",
        (generation,),
    )
    tx.execute("INSERT INTO audit (at, who, action, subject) VALUES (?, 'ann', 'sync', 'cart:1')", (at,))
    return number
