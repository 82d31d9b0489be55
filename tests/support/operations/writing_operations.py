"""Finds by their source the operations that change something: they reach a transaction, a worker or a right."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import invsync_tui.operations as room

FOLDER = Path(room.__path__[0])
WRITES = ("transaction", "session", "allow")
"""Methods of a store or of a session that only whoever changes something calls."""


@dataclass
class Function:
    """A function or method of the room of operations."""

    module: str
    name: str
    public: bool
    given_session: bool
    direct: bool = False
    calls: set[tuple[str, str]] = field(default_factory=set)

    @property
    def called(self) -> str:
        return f"{self.module}.{self.name}"


def functions() -> dict[tuple[str, str], Function]:
    """All functions of the room, by module and name; methods as `Class.name`."""
    by_name = {}
    for path in sorted(FOLDER.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = dict(_imports(tree))
        for function in _functions(".".join(path.relative_to(FOLDER).with_suffix("").parts), tree, imported):
            by_name[(function.module, function.name)] = function
    return by_name


def _imports(tree: ast.AST) -> Iterator[tuple[str, tuple[str, str]]]:
    """By the name in this file: (module, function) of the room, the function '' for a whole module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "invsync_tui.operations":
            yield from ((alias.asname or alias.name, (alias.name, "")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("invsync_tui.operations."):
            module = (node.module or "").removeprefix("invsync_tui.operations.")
            for alias in node.names:
                whole = f"{module}.{alias.name}"
                there = FOLDER.joinpath(*whole.split(".")).with_suffix(".py").exists()
                yield alias.asname or alias.name, ((whole, "") if there else (module, alias.name))


def _functions(module: str, tree: ast.Module, imported: dict[str, tuple[str, str]]) -> Iterator[Function]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield _function(module, node, imported, "")
        elif isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield _function(module, part, imported, f"{node.name}.")


def _function(
    module: str, node: ast.FunctionDef | ast.AsyncFunctionDef, imported: dict[str, tuple[str, str]], prefix: str
) -> Function:
    given = any(
        "Session" in ast.unparse(argument.annotation) for argument in node.args.args if argument.annotation is not None
    )
    function = Function(
        module, prefix + node.name, not (prefix + node.name).startswith("_") and "._" not in prefix, given
    )
    for call in (inner for inner in ast.walk(node) if isinstance(inner, ast.Call)):
        if isinstance(call.func, ast.Attribute):
            base = ast.unparse(call.func.value)
            function.direct |= call.func.attr in WRITES and (base.endswith(("session", "store", "_session", "self")))
            module_of = imported.get(base)
            if module_of is not None and not module_of[1]:
                function.calls.add((module_of[0], call.func.attr))
            elif base == "self":
                function.calls.add((module, prefix + call.func.attr))
        elif isinstance(call.func, ast.Name):
            function.calls.add(imported.get(call.func.id, (module, call.func.id)))
    return function


def writers() -> set[str]:
    """Public functions that are given a session and change something, themselves or by what they call."""
    by_name = functions()
    writing = {key for key, function in by_name.items() if function.direct}
    while True:
        more = {key for key, function in by_name.items() if key not in writing and function.calls & writing}
        if not more:
            break
        writing |= more
    return {
        by_name[key].called
        for key in writing
        if by_name[key].public and by_name[key].given_session and key[0] != "session"
    }
