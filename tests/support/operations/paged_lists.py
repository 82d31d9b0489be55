"""Lists as operations give them: gone through page by page, and what each of them promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from invsync_tui.operations.lists.rows import Rows


def walked(rows: Rows[Any], step: int) -> list[Any]:
    """All lines, page by page from the first."""
    lines: list[Any] = []
    key = None
    while page := rows.after(key, step):
        lines += page
        key = rows.key(page[-1])
    return lines


def walked_back(rows: Rows[Any], step: int) -> list[Any]:
    """All lines, page by page from the last."""
    lines: list[Any] = []
    key = None
    while page := rows.before(key, step):
        lines = [*page, *lines]
        key = rows.key(page[0])
    return lines


def holds(rows: Rows[Any], expected: Sequence[Any], name: Callable[[Any], Any], step: int) -> None:
    """The promises of a list."""
    lines = walked(rows, step)
    assert [name(line) for line in lines] == list(expected)
    assert walked_back(rows, step) == lines
    assert rows.exact_count() == len(lines)
    count = rows.count()
    assert count.exact and count.n == len(lines)
    for at in {0, len(lines) // 2, len(lines) - 1} if lines else ():
        assert rows.position(rows.key(lines[at])) == at
