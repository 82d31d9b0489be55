"""What the total of a run's sum consists of, as far as it is still recorded."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from invsync_tui.store import named_rows

NOT_LISTED = ("NOT_IN_CART", "ALIAS_MISSING")
"""Reasons of products that a cart lists under none of their codes; some listings have them too."""


class Read(NamedTuple):
    """Products, and stock levels of them in all warehouses."""

    products: int
    levels: int


def read(cx: sqlite3.Connection, merchant_id: int, run_id: int) -> Read | None:
    """What a download read; None where it did not read the catalog to its end, or that is no longer kept."""
    rows = cx.execute(
        "SELECT products, levels FROM pull_generation WHERE merchant_id = ? AND run_id = ? ORDER BY id DESC LIMIT 1",
        (merchant_id, run_id),
    )
    read = named_rows.first(Read, rows)
    return None if read is None or None in read else read


def not_listed(cx: sqlite3.Connection, run_id: int, reasons: Mapping[str, int]) -> int | None:
    """Products of a push's total that its cart does not list; None where newer runs have decided on some of them.

    `reasons`: the run's own counts by reason, which are compared with what is recorded today.
    """
    counted = sum(int(reasons.get(reason, 0)) for reason in NOT_LISTED)
    if not counted:
        return 0
    marks = ", ".join("?" * len(NOT_LISTED))
    values = (run_id, *NOT_LISTED)
    (products,) = cx.execute(
        f"SELECT count(*) FROM unlisted WHERE run_id = ? AND reason IN ({marks})", values
    ).fetchone()
    if products == counted:
        return counted
    (listings,) = cx.execute(
        "SELECT count(*) FROM listing INDEXED BY listing_run WHERE run_id = ? "
        f"AND outcome IN ('skipped', 'failed') AND reason IN ({marks})",
        values,
    ).fetchone()
    return int(products) if products + listings == counted else None
