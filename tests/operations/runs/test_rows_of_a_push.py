"""What a row that a push sent is told as: by its batch, by the listing, by its history; and its numbers in both bases."""

from __future__ import annotations

from itertools import product

import pytest

from invsync_tui.operations.runs import changes
from invsync_tui.operations.runs.changes import ChangeLine
from invsync_tui.store.listings.push_batches import Item
from invsync_tui.store.paging.sent_rows import SentRow

RUN = 7
ROW = SentRow(3, 1, "answered", Item(5, "L5", 8, 10, 6), "SKU", "Name", 4, "P4", RUN, "set", None, "", 8, False)


def test_what_became_of_a_row_in_every_state() -> None:
    told = set()
    for state, decided_by, outcome, acked, confirmed in product(
        ("intent", "in_doubt", "submitted", "answered"), (RUN, RUN + 1, None), ("set", "failed", "equal", None),
        (8, 9, None), (True, False),
    ):  # fmt: skip
        ours = decided_by == RUN
        if state in ("intent", "in_doubt"):
            expected = "in_doubt"
        elif state == "submitted":
            expected = "submitted"
        elif ours and outcome == "failed":
            expected = "failed"
        elif confirmed or (ours and outcome == "set" and acked == 8):
            expected = "set"
        else:
            expected = changes.SENT
        row = ROW._replace(state=state, decided_by=decided_by, outcome=outcome, acked=acked, confirmed=confirmed)
        assert changes._result(row, RUN) == expected, row
        told.add(expected)
    assert len(told) == 5


@pytest.mark.parametrize(("row", "result", "expected"), [
    (ROW, "set", ChangeLine(3, 1, 5, "L5", "SKU", "Name", 4, "P4", 4, 8, 4, 6, 10, "set", None, "")),
    (
        ROW._replace(item=Item(5, "L5", 8, 10, 1), sku="", name=None),
        "set", ChangeLine(3, 1, 5, "L5", "L5", "", 4, "P4", 0, 8, 8, 1, 10, "set", None, ""),
    ),
    (
        ROW._replace(item=Item(5, "L5", 8, 8, None)),
        "set", ChangeLine(3, 1, 5, "L5", "SKU", "Name", 4, "P4", None, 8, None, None, 8, "set", None, ""),
    ),
    (
        ROW._replace(reason="REJECTED_BY_CART", error="no"),
        "failed", ChangeLine(3, 1, 5, "L5", "SKU", "Name", 4, "P4", 4, 8, 4, 6, 10, "failed", "REJECTED_BY_CART", "no"),
    ),
    (
        ROW._replace(reason="REJECTED_BY_CART", error=None),
        "set", ChangeLine(3, 1, 5, "L5", "SKU", "Name", 4, "P4", 4, 8, 4, 6, 10, "set", None, ""),
    ),
    (
        ROW._replace(reason="REJECTED_BY_CART", error="no", decided_by=RUN + 1),
        "failed", ChangeLine(3, 1, 5, "L5", "SKU", "Name", 4, "P4", 4, 8, 4, 6, 10, "failed", None, ""),
    ),
])  # fmt: skip
def test_a_row_with_its_numbers(row: SentRow, result: str, expected: ChangeLine) -> None:
    assert changes._line(row, result, RUN) == expected
