"""The rooms of the house, and what may not be loaded on the way to the first frame."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import grimp
import pytest

from tests.support.repository import packages

ROOT = Path(__file__).parent.parent
HEAVY = ("sqlmodel", "sqlalchemy", "alembic", "httpx", "pydantic")


def loaded_after(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter has after a statement."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_no_room_reaches_into_one_that_it_may_not_know() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("module", ["invsync_tui.tui.app", "invsync_tui.tui.screens.merchants.merchants"])
def test_the_first_frame_needs_no_store_and_no_http(module: str) -> None:
    assert not loaded_after(f"import {module}") & set(HEAVY)


def test_the_rules_load_nothing_but_the_standard_library() -> None:
    found = loaded_after("import invsync_tui.rules.quantity, invsync_tui.rules.safety, invsync_tui.rules.matching")
    assert not found & {*HEAVY, "textual", "rich", "asyncio", "sqlite3"}


def test_commands_that_only_read_load_neither_textual_nor_sqlmodel() -> None:
    found = loaded_after(
        "import invsync_tui.cli.main, invsync_tui.operations.runs.runs, invsync_tui.operations.merchants.overview"
    )
    assert not found & {"textual", "rich", "sqlmodel", "alembic", "httpx"}


def test_a_package_imports_just_what_the_contracts_and_the_documentation_say() -> None:
    graph = grimp.build_graph("invsync_tui", cache_dir=None)
    folders = {path.name for path in (ROOT / "src" / "invsync_tui").iterdir() if (path / "__init__.py").exists()}
    assert folders == packages.PURPOSE.keys()
    imported: dict[str, set[str]] = {folder: set() for folder in folders}
    for module in graph.modules:
        here = module.split(".")[1] if "." in module else ""
        there = {name.split(".")[1] for name in graph.find_modules_directly_imported_by(module) if "." in name}
        if here in folders:
            imported[here] |= (there & folders) - {here}
        elif here != "__main__":
            assert not there & folders, f"{module} is beside the packages, and knows none"
    rules = {"rules"}  # may be of use anywhere; all the rest is needed, too
    assert {package: names - rules for package, names in imported.items()} == {
        package: set(names) - rules for package, names in packages.allowed().items()
    }


def test_no_module_imports_itself_by_a_detour() -> None:
    """Imports inside functions count; those for type checkers alone do not, since they load nothing."""
    graph = grimp.build_graph("invsync_tui", cache_dir=None, exclude_type_checking_imports=True)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert circles(imports) == []


def test_a_circle_is_seen() -> None:
    imports = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set(), "e": {"e"}}
    assert circles(imports) == [["b", "c"], ["e"]]


def circles(imports: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The groups of modules of which each leads to every other by imports."""
    reached = {module: _reached_from(module, imports) for module in imports}
    groups = {
        tuple(sorted({module} | {other for other in reached[module] if module in reached[other]}))
        for module in imports
        if module in reached[module]
    }
    return [list(group) for group in sorted(groups)]


def _reached_from(module: str, imports: Mapping[str, Iterable[str]]) -> set[str]:
    """Every module that importing one leads to."""
    seen: set[str] = set()
    ahead = list(imports[module])
    while ahead:
        if (name := ahead.pop()) not in seen:
            seen.add(name)
            ahead += imports.get(name, ())
    return seen
