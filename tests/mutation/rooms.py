"""The rooms that faults are planted in, and the tests that may find them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

SOURCE = "src/invsync_tui"
ROOMS = ("rules", "store", "sync", "connectors", "operations", "tui")
TESTS = {
    "rules": (
        "rules",
        "sync",
        "operations",
        "acceptance/test_doctor_demo.py",
        "acceptance/test_doctor_planted.py",
        "acceptance/test_doctor_connector_checks.py",
    ),
    "store": (
        "store",
        "sync",
        "faults",
        "operations",
        "acceptance/test_doctor_demo.py",
        "acceptance/test_doctor_planted.py",
        "acceptance/test_doctor_connector_checks.py",
    ),
    "sync": ("sync", "faults", "operations"),
    "connectors": ("connectors", "sync", "sandbox", "test_docs.py", "test_kit_docs.py"),
    "operations": (
        "operations",
        "acceptance/test_doctor_demo.py",
        "acceptance/test_doctor_planted.py",
        "acceptance/test_doctor_connector_checks.py",
        "sync",
        "test_docs.py",
    ),
    "tui": ("tui",),
}
"""By room, the folders whose tests are asked. Those of the command line run in processes of their own: that costs too much."""
ALWAYS = "test_declared_values.py"
"""Tests that look at what a module declares and do not run its lines: no measure of lines finds them."""
NOT_ASKED = (
    "tests/tui/terminal/test_pty.py",
    "tests/tui/terminal/test_ssh.py",
    "tests/tui/terminal/test_settings_pty.py",
    "tests/tui/terminal/test_tour.py",
)
"""Tests that need a terminal of their own, minutes, or the size of a window."""
_NO_LOGIC = ("migrations",)


def modules(tree: Path, room: str) -> list[Path]:
    """The modules of a room, relative to the tree. Migrations are done once and are tested by their result."""
    found = sorted((tree / SOURCE / room).rglob("*.py"))
    return [path.relative_to(tree) for path in found if not any(part in _NO_LOGIC for part in path.parts)]


def test_files(tree: Path, folders: Iterable[str]) -> list[str]:
    """The files of tests that are asked, of some folders below tests/; a file may be named too."""
    found = []
    for folder in folders:
        place = tree / "tests" / folder
        found += [place] if place.is_file() else sorted(place.rglob("test_*.py"))
    names = [str(path.relative_to(tree)) for path in found]
    return [name for name in names if name not in NOT_ASKED]
