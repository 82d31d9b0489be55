"""The suite runs in random order, without second chances, and says how to have the same order again."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUITE = "import pytest\n\n@pytest.mark.parametrize('n', range(6))\ndef test_it(n):\n    pass\n"


def run(folder: Path, *arguments: str) -> str:
    """A run of a small suite of four files with the settings of this one."""
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), f"--rootdir={folder}"]
    command += ["-p", "tests.conftest", "-v", "-v", *arguments, str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True).stdout


def order(printed: str) -> list[str]:
    """The tests in the order in which they ended."""
    ended = [line for line in printed.splitlines() if "PASSED" in line]
    return [found[0] for line in ended if (found := re.search(r"test_\w+\.py::test_it\[\d\]", line))]


def test_files_and_tests_come_in_the_order_of_a_seed_that_is_printed(tmp_path: Path) -> None:
    for name in "abcd":
        (tmp_path / f"test_{name}.py").write_text(SUITE, encoding="utf-8")

    printed = run(tmp_path, "-n", "0")
    seed = re.search(r"--randomly-seed=(\d+)$", printed, re.MULTILINE)
    assert seed is not None
    again = run(tmp_path, "-n", "0", f"--randomly-seed={seed[1]}")
    # Two seeds of one length may give one order: the plugin sorts by checksums, and those of two names differ by the same
    # bits under both.
    others: list[list[str]] = []
    while len(others) < 4 and (not others or others[-1] == order(printed)):
        others.append(order(run(tmp_path, "-n", "0", f"--randomly-seed={int(seed[1]) // 3 + len(others)}")))

    assert len(order(printed)) == 24
    assert order(printed) != sorted(order(printed))
    assert order(again) == order(printed)
    assert others[-1] != order(printed)
    assert all(sorted(other) == sorted(order(printed)) for other in others)
    # Several processes share them out, each in this order, and lose none.
    assert sorted(order(run(tmp_path, "-n", "2", f"--randomly-seed={seed[1]}"))) == sorted(order(printed))


def test_no_test_gets_a_second_chance() -> None:
    """A test that needs one has a race in it, or the program has."""
    kept = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8") + (ROOT / "pyproject.toml").read_text(
        encoding="utf-8"
    )
    assert "rerunfailures" not in kept
    marked = [
        path.name for path in (ROOT / "tests").rglob("*.py") if "reruns" + "=" in path.read_text(encoding="utf-8")
    ]
    assert marked == []
