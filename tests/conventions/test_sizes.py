"""Functions fit on a screen. What a migration makes is written down at one go."""

from __future__ import annotations

import ast

from tests.support.repository.tree import ROOT

LINES_MOST = 40
LEFT_OUT = "src/invsync_tui/store/migrations/versions/"
"""Migrations that have landed are never edited."""


def long_functions(source: str) -> dict[str, int]:
    """By name, the lines of functions that have more than they should."""
    lines = {
        node.name: (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    return {name: count for name, count in lines.items() if count > LINES_MOST}


def test_no_function_of_the_program_is_longer_than_a_screen() -> None:
    paths = [str(path.relative_to(ROOT)) for path in (ROOT / "src").rglob("*.py")]
    assert len(paths) > 500
    found = {path: long_functions((ROOT / path).read_text("utf-8")) for path in paths if not path.startswith(LEFT_OUT)}
    assert {path: names for path, names in found.items() if names} == {}


def test_a_long_function_is_seen_wherever_it_is() -> None:
    body = "        pass\n" * LINES_MOST
    assert long_functions(f"class A:\n    async def f(self):\n{body}") == {"f": LINES_MOST + 1}
    assert long_functions(f"class A:\n    def f(self):\n{body[13:]}") == {}
