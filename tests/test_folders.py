"""Folders stay small enough to be read at a glance, and no test imports from another."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.repository.tree import ROOT, entries

MOST = 25
LARGER = {
    "src/invsync_tui/cli/schemas": "data: one JSON schema for each document that a command prints, found by the command's name",
}
"""Folders that hold more, and why."""


def _folders() -> Iterator[Path]:
    for top in (ROOT / "src" / "invsync_tui", ROOT / "tests"):
        yield from (path for path in (top, *top.rglob("*")) if path.is_dir() and path.name != "__pycache__")


def test_no_folder_of_program_and_tests_has_more_entries_than_are_read_at_a_glance() -> None:
    sizes = {str(folder.relative_to(ROOT)): len(entries(folder)) for folder in _folders()}
    assert len([name for name in sizes if name.startswith("src")]) > 30
    assert len([name for name in sizes if name.startswith("tests")]) > 30
    assert {name: size for name, size in sizes.items() if size > MOST and name not in LARGER} == {}
    assert [name for name in LARGER if sizes.get(name, 0) <= MOST] == []


def test_entries_are_files_and_folders_that_have_something_in_them(tmp_path: Path) -> None:
    for name in ("__init__.py", "a.py", "b/c.py", "b/d.py", "__pycache__/a.pyc", "left/__pycache__/x.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert entries(tmp_path) == ["a.py", "b"]


def test_the_features_that_the_architecture_page_names_have_a_folder_in_each_package() -> None:
    page = " ".join((ROOT / "docs" / "architecture.md").read_text("utf-8").split())
    (sentence,) = re.findall(r"have folders of the same names for the same features: ([^.]*)\.", page)
    packages = [ROOT / "src" / "invsync_tui" / name for name in ("store", "operations", "tui/screens")]
    shared = set.intersection(*({path.parent.name for path in package.glob("*/__init__.py")} for package in packages))
    assert set(re.findall(r"`(\w+)`", sentence)) == shared


TEST = re.compile(r"tests\.(.*\.)?(test_\w+|conftest)$")
"""A module of tests, or of fixtures."""
NO_TESTS = ("support", "benchmarks", "mutation", "generated.py", "take_screenshots.py")
"""Below tests/: helpers, and programs of their own."""
IN_TEXT = re.compile(r"^\s*(?:from|import) (tests[\w.]*)", re.MULTILINE)
"""Programs that tests start are written as text."""


def imported(source: str) -> list[str]:
    """The modules of `tests` that a source imports that hold tests or fixtures, also in programs that it has as text."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [node.module or "", *(f"{node.module}.{one.name}" for one in node.names)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += IN_TEXT.findall(node.value)
    return [name for name in found if TEST.match(name)]


def test_no_test_imports_from_another() -> None:
    paths = [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    assert len(paths) > 300
    found = {str(path.relative_to(ROOT)): imported(path.read_text("utf-8")) for path in paths}
    assert {path: names for path, names in found.items() if names} == {}


def test_helpers_lie_in_support_and_beside_tests_are_tests_alone() -> None:
    top = ROOT / "tests"
    paths = [path.relative_to(top) for path in top.rglob("*.py") if path.relative_to(top).parts[0] not in NO_TESTS]
    assert len(paths) > 300
    found = [
        str(path) for path in paths if not path.match("test_*.py") and path.name not in ("conftest.py", "__init__.py")
    ]
    assert found == []


def test_imports_from_tests_are_seen() -> None:
    program = 'CODE = """\nfrom tests.sync.test_d import D\n"""\n'
    source = "import tests.cli.test_a\nfrom tests import conftest\nfrom tests.cli.conftest import C\nfrom tests.t import test_e\n"
    assert sorted(imported(source + program)) == [
        "tests.cli.conftest",
        "tests.cli.test_a",
        "tests.conftest",
        "tests.sync.test_d",
        "tests.t.test_e",
    ]
    assert imported("from tests.support import shell\nfrom tests import support\nimport os\n") == []
