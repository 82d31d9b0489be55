"""What pages for contributors, docstrings and comments call by name is there: "`NAME` in `path`", and `module.name`."""

from __future__ import annotations

import ast
import importlib
import io
import re
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.repository.tree import ROOT

PACKAGE = ROOT / "src" / "invsync_tui"
PAGES = sorted(
    [ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md", *(ROOT / "docs" / "howto").glob("add-*.md")]
)
DOTTED = re.compile(r"`((?:[A-Za-z_]\w*\.)+[A-Za-z_]\w*)(?:\(\w*\))?`")
IN_FILE = re.compile(r"((?:`\w+`(?:,?\s+(?:and|or)\s+|,\s+)?)+)(?:,?\s+(?:both|all))?\s+(?:in|of)\s+`([\w/.]+\.py)`")
FILES = frozenset({"json", "lock", "md", "py", "sql", "toml", "txt"})
ENTRY_POINTS = frozenset({"invsync.fakes", "invsync.sources", "invsync.carts"})


def names(tree: ast.AST) -> set[str]:
    """What is defined, assigned or taken as a parameter anywhere in a tree; of what it imports, what `__all__` passes on."""
    defined = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__":
            defined |= set(ast.literal_eval(node.value))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            defined.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            defined.add(node.attr)
        elif isinstance(node, ast.arg):
            defined.add(node.arg)
    return defined


@cache
def known() -> dict[str, set[str]]:
    """By the name of a module, a package or a class: what is in it, over all that have the name."""
    within: dict[str, set[str]] = defaultdict(set)
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        module = path.parent.name if path.name == "__init__.py" else path.stem
        within[module] |= names(tree)
        below = path.parent.parent if path.name == "__init__.py" else path.parent
        within[below.name].add(module)
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                within[node.name] |= names(node)
                if node.name.isalpha():
                    within[node.name.lower()] |= names(node)  # `run.again_for`: a column of the table of Run
    return within


def missing(dotted: str, beside: str = "") -> bool:
    """Whether a dotted name is of nothing in the program. `beside` is code whose variables it may speak of."""
    *path, last = dotted.split(".")
    if last in FILES or dotted in ENTRY_POINTS:
        return False
    first = path[0]
    if first in sys.stdlib_module_names and first not in known():
        return not hasattr(importlib.import_module(first), last)
    if all(name in known().get(owner, ()) for owner, name in zip(path, [*path[1:], last], strict=True)):
        return False
    return not (re.search(rf"\b{first}\b", beside) and re.search(rf"\b{last}\b", beside))


def texts(source: str) -> Iterator[tuple[bool, str]]:
    """The parts of a program: (whether it is a docstring or a comment, text)."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        words = token.type == tokenize.COMMENT or (token.type == tokenize.STRING and token.string.startswith('"""'))
        yield words, token.string


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_for_contributors_name_what_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    assert [name for name in DOTTED.findall(text) if missing(name)] == []
    named = [(name, path) for group, path in IN_FILE.findall(text) for name in re.findall(r"\w+", group)]
    lost = [(name, path) for name, path in named if name not in ("and", "or") and not defines(path, name)]
    assert lost == []


def defines(path: str, name: str) -> bool:
    """Whether a file of the repository or of the package defines a name."""
    found = next((folder / path for folder in (ROOT, PACKAGE) if (folder / path).is_file()), None)
    return found is not None and name in names(ast.parse(found.read_text("utf-8")))


def test_docstrings_and_comments_name_what_is_there() -> None:
    lost = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = list(texts(path.read_text("utf-8")))
        code = " ".join(text for words, text in parts if not words)
        spoken = [name for words, text in parts if words for name in DOTTED.findall(text)]
        lost += [f"{path.relative_to(PACKAGE)}: {name}" for name in spoken if missing(name, code)]
    assert lost == []


def test_a_name_that_is_not_there_is_seen() -> None:
    assert missing("units.quantity") and missing("units.quantity", "from invsync_tui.connectors import values")
    assert missing("store.checkup", "from invsync_tui.store import models") and not missing("diagnosis.checkup")
    assert not missing("values.quantity") and not missing("About.hooks") and not missing("run.again_for")
    assert missing("values.quantities") and missing("About.nothing")
    assert not missing("stats.pages", "def record(stats): use(stats.pages)")
    (group, path) = IN_FILE.findall("both: `VERSION` and\n`BUSY` in `src/invsync_tui/store/database.py` is")[0]
    assert "VERSION" in group and "BUSY" in group and not defines(path, "VERSION")
    assert defines("store/connection.py", "VERSION")
