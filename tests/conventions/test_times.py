"""Times that people read are written in one module, `local_time`: in the reader's zone, never in another's.

A second way of writing them is how a screen came to show one line in local time and the next in UTC.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "invsync_tui"
LAYERS = ("tui", "cli", "operations", "sync", "rules")
"""What puts times into words. A store and a connector keep and exchange them."""
WRITES = frozenset({"strftime", "localtime", "gmtime", "ctime", "asctime", "isoformat", "fromtimestamp", "astimezone"})
OTHERS: Mapping[str, str] = {
    "cli/text.py": "documents have RFC 3339 in UTC",
    "operations/runs/support_bundle.py": "a file that others read",
    "operations/service/log.py": "a log is in UTC",
    "sync/catalog/source_marks.py": "the mark of a WMS, in the zone in which it is kept",
    "tui/crash_report.py": "the name of a file",
}
"""Modules that write times which are not shown to anybody, and what they write."""


def ways(text: str) -> Iterator[str]:
    """The lines of a module that write a time, as `line: name`."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and node.attr in WRITES:
            yield f"{node.lineno}: {node.attr}"
        if isinstance(node, ast.FormattedValue) and isinstance(node.format_spec, ast.JoinedStr):
            spec = "".join(str(part.value) for part in node.format_spec.values if isinstance(part, ast.Constant))
            if "%H" in spec or "%Y" in spec:
                yield f"{node.lineno}: a format of a time"


def modules() -> dict[str, str]:
    """Text of each module of LAYERS by its path."""
    return {
        path.relative_to(SOURCE).as_posix(): path.read_text(encoding="utf-8")
        for layer in LAYERS
        for path in sorted((SOURCE / layer).rglob("*.py"))
    }


def test_no_other_module_writes_a_time() -> None:
    found = {name: lines for name, text in modules().items() if name not in OTHERS and (lines := list(ways(text)))}
    assert found == {}


def test_those_that_may_are_there_and_do() -> None:
    known = modules()
    assert {name for name in OTHERS if list(ways(known[name]))} == set(OTHERS)


@pytest.mark.parametrize(
    "text", ["time.strftime('%H')", "datetime.fromtimestamp(1)", "f'{when:%H:%M}'", "at.isoformat()"]
)
def test_another_way_is_seen(text: str) -> None:
    assert list(ways(text))
