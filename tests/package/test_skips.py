"""What CI cannot run is an error there, and says why; on another machine it is skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes.skips import AS_OTHERS, AS_ROOT, KIT, WITHOUT

TESTS = f"""
import pytest

@pytest.mark.skipif(True, reason="zsh is not on this machine")
def test_a_program(): pass

def test_a_server(): pytest.skip("no server")

@pytest.mark.xfail(reason="known")
def test_known(): assert False

@pytest.mark.skipif(True, reason={AS_ROOT!r})
def test_root(): pass

@pytest.mark.skipif(True, reason={AS_OTHERS!r})
def test_others(): pass

def test_check_of_the_kit(): pytest.skip("it takes no orders")

test_check_of_the_kit.__module__ = {KIT!r}
"""


@pytest.mark.parametrize(
    ("ci", "without", "ends"),
    [
        ("1", "", "1 failed, 3 skipped, 1 xfailed, 1 error"),
        ("1", "fish zsh", "1 failed, 4 skipped, 1 xfailed"),
        ("1", "fish", "1 failed, 3 skipped, 1 xfailed, 1 error"),
        ("", "", "5 skipped, 1 xfailed"),
    ],
)
def test_what_is_skipped_fails_in_ci(tmp_path: Path, ci: str, without: str, ends: str) -> None:
    (tmp_path / "test_these.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-c", os.devnull, "-p", "tests.support.processes.skips"]
    environment = {**os.environ, "INVSYNC_CI": ci, WITHOUT: without}
    done = subprocess.run(
        [*command, str(tmp_path)], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.splitlines()[-1].startswith(ends), done.stdout
    assert ("zsh is not on this machine" in done.stdout) == ends.endswith("error")
