"""Names of the code say what they hold: nouns in the place of "one", "found", "told". The numbers may only fall."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SOURCES = TESTS.parent / "src" / "invsync_tui"
SAY_NOTHING = frozenset({"one", "found", "kept", "told", "said", "meant"})
SAY_LITTLE = frozenset({"shown", "made", "left", "asked"})
MOST = ((SAY_NOTHING, 0), (SAY_LITTLE, 129))
"""How many parameters and variables may have such a name. Where there are fewer, lower the number."""
FUNCTIONS_MOST = ((SAY_NOTHING, 1), (SAY_LITTLE, 3))
IN_TESTS_MOST = ((SAY_NOTHING, 726), (SAY_LITTLE, 382))
"""The same of the tests without their helpers."""
IN_HELPERS_MOST = ((SAY_NOTHING, 0), (SAY_LITTLE, 21))


@cache
def _bound(folder: Path, but: Path | None = None) -> Counter[str]:
    """By name, how many parameters and assigned variables there are in a folder, `but` for another one within it."""
    names: Counter[str] = Counter()
    for path in folder.rglob("*.py"):
        if but in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names[node.id] += 1
            elif isinstance(node, ast.arg):
                names[node.arg] += 1
    return names


@cache
def _functions() -> Counter[str]:
    """By name without a leading underscore, how many functions there are."""
    return Counter(
        node.name.lstrip("_")
        for path in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@pytest.mark.parametrize(("words", "most"), MOST, ids=["say-nothing", "say-little"])
def test_variables_say_what_they_hold(words: frozenset[str], most: int) -> None:
    counts = {word: _bound(SOURCES)[word] for word in sorted(words)}
    assert sum(counts.values()) <= most, f"name what they hold: {counts}"


@pytest.mark.parametrize(("words", "most"), IN_TESTS_MOST, ids=["say-nothing", "say-little"])
def test_variables_of_tests_say_what_they_hold(words: frozenset[str], most: int) -> None:
    counts = {word: _bound(TESTS, TESTS / "support")[word] for word in sorted(words)}
    assert sum(counts.values()) <= most, f"name what they hold: {counts}"


@pytest.mark.parametrize(("words", "most"), IN_HELPERS_MOST, ids=["say-nothing", "say-little"])
def test_variables_of_helpers_say_what_they_hold(words: frozenset[str], most: int) -> None:
    counts = {word: _bound(TESTS / "support")[word] for word in sorted(words)}
    assert sum(counts.values()) <= most, f"name what they hold: {counts}"


@pytest.mark.parametrize(("words", "most"), FUNCTIONS_MOST, ids=["say-nothing", "say-little"])
def test_functions_say_what_they_do(words: frozenset[str], most: int) -> None:
    counts = {word: _functions()[word] for word in sorted(words) if _functions()[word]}
    assert sum(counts.values()) <= most, f"name what they do or return: {counts}"
