"""Folders stay small enough to be read at a glance: what is too much for one is split by feature."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.support.tree import ROOT, entries

MOST = 25
LARGER = {
    "src/invsync_tui/cli/schemas": "data: one JSON schema for each document that a command prints, found by the command's name",
}
"""Folders of the program that hold more, and why."""


def _folders() -> Iterator[Path]:
    top = ROOT / "src" / "invsync_tui"
    yield from (path for path in (top, *top.rglob("*")) if path.is_dir() and path.name != "__pycache__")


def test_no_folder_of_the_program_has_more_entries_than_are_read_at_a_glance() -> None:
    sizes = {str(folder.relative_to(ROOT)): len(entries(folder)) for folder in _folders()}
    assert len(sizes) > 30
    assert {name: size for name, size in sizes.items() if size > MOST and name not in LARGER} == {}
    assert [name for name in LARGER if sizes.get(name, 0) <= MOST] == []


def test_entries_are_files_and_folders_that_have_something_in_them(tmp_path: Path) -> None:
    for name in ("__init__.py", "a.py", "b/c.py", "b/d.py", "__pycache__/a.pyc", "left/__pycache__/x.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert entries(tmp_path) == ["a.py", "b"]
