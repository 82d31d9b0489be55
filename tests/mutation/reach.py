"""Which tests reach a line, and which of them are asked about a fault in it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.mutation.faults import Fault
from tests.mutation.rooms import ALWAYS


@dataclass
class Reach:
    """`lines` holds the tests by (path, line), `times` the seconds that each took, traced."""

    lines: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    times: dict[str, float] = field(default_factory=dict)

    def add(self, record: Mapping[str, Mapping[str, object]]) -> None:
        """What one traced run wrote down; tests that did not pass can find nothing."""
        passed = {test for test, good in record["passed"].items() if good}
        for test, seconds in record["times"].items():
            if test in passed:
                self.times[test] = float(str(seconds))
        for file, by_line in record["lines"].items():
            assert isinstance(by_line, Mapping)
            for line, tests in by_line.items():
                self.lines[file, int(line)] |= passed & set(tests)

    def of_lines(self, path: str, lines: Iterable[int]) -> set[str]:
        """The tests that reach any of some lines of a module."""
        return {test for line in lines for test in self.lines.get((path, line), ())}


class Mentions:
    """By name, the places where functions of the whole program mention it: how a constant's users are found."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._users: dict[str, set[tuple[str, int, int]]] = defaultdict(set)
        self._constants: dict[str, set[str]] = defaultdict(set)
        self._trees = {path: ast.parse(text) for path, text in texts.items()}
        for path, tree in self._trees.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    for name in _names(node.body):
                        self._users[name].add((path, node.body[0].lineno, node.end_lineno or node.lineno))
            for statement in tree.body:
                for made in _made(statement):
                    for name in _names([statement]):
                        self._constants[name].add(made)

    def lines(self, path: str, line: int) -> list[tuple[str, range]]:
        """The lines that run where the text of `line` counts: its function's, or those of the users of its constant."""
        inner = _innermost(self._trees[path], line)
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
            first, last = inner.body[0].lineno, inner.end_lineno or inner.lineno
            return [(path, range(line, line + 1))] if line >= first else [(path, range(first, last + 1))]
        names = set(_statement_names(self._trees[path], line))
        for _ in range(3):
            names |= {user for name in names for user in self._constants[name]}
        return [(where, range(first, last + 1)) for name in names for where, first, last in self._users[name]]


def _innermost(tree: ast.Module, line: int) -> ast.AST:
    """The innermost function or class around a line, or the module."""
    found: ast.AST = tree
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            if first <= line <= (node.end_lineno or node.lineno):
                found = node  # ast.walk goes from the outside inwards
    return found


def _statement_names(tree: ast.Module, line: int) -> list[str]:
    """The names that the statement around a line makes, in a class or in the module."""
    inner = _innermost(tree, line)
    body = inner.body if isinstance(inner, ast.ClassDef | ast.Module) else []
    return [
        name
        for statement in body
        if statement.lineno <= line <= (statement.end_lineno or statement.lineno)
        for name in _made(statement)
    ]


def _made(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    return []


def _names(body: Iterable[ast.stmt]) -> set[str]:
    found = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.keyword) and node.arg:
                found.add(node.arg)
    return found


def asked(fault: Fault, room: str, reach: Reach, mentions: Mentions, seconds: float) -> list[str]:
    """The tests that are asked about a fault, the room's own and the fastest first, as many as fit into `seconds`.

    A statement of several lines is reached at its first, so the lines before are looked at where the fault's own says
    nothing.
    """
    found: set[str] = set()
    for path, lines in mentions.lines(fault.path, fault.line):
        found |= reach.of_lines(path, lines)
        back = lines.start
        while len(lines) == 1 and not found and back > max(1, lines.start - 25):
            back -= 1
            found |= reach.of_lines(path, [back])
    own = f"tests/{room}/"
    ordered = sorted(found, key=lambda test: (not test.startswith(own), reach.times[test], test))
    declared = f"tests/{ALWAYS}"
    chosen = [test for test in reach.times if test.startswith(declared) and f"[{room}]" in test]
    spent = 0.0
    for test in ordered:
        if spent + reach.times[test] <= seconds:
            chosen.append(test)
            spent += reach.times[test]
    return chosen
