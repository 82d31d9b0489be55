"""Lets a store grow older without waiting: everything in it happened earlier."""

from __future__ import annotations

from tests.support.stores.merchant_store import Bench

TIMES = (
    ("level", ("loaded_at", "read_at", "missing_since")),
    ("level_history", ("at",)),
    ("listing", ("observed_at", "synced_at", "gone_at")),
    ("listing_history", ("at",)),
    ("decision_record", ("at",)),
    ("audit", ("at",)),
    ("run", ("requested_at", "started_at", "ended_at", "heartbeat_at")),
    ("run_event", ("at",)),
    ("pull_generation", ("started_at", "ended_at")),
    ("source", ("confirmed_at", "last_full_at")),
    ("warehouse", ("last_full_at", "vanished_at")),
    ("product", ("missing_since",)),
    ("cart", ("listed_at", "observed_at", "created_at")),
)


def grow_older(bench: Bench, seconds: int) -> None:
    """Move all that has happened so many seconds into the past; readings keep their distance to each other."""
    with bench.by_hand() as tx:
        tx.execute("DELETE FROM pull_page")
        for table, columns in TIMES:
            # Downwards: the keys of a history hold its times, and each step ends below where the next one is.
            moved = ", ".join(f"{column} = {column} - {seconds}" for column in columns)
            tx.execute(f"UPDATE {table} SET {moved}")
