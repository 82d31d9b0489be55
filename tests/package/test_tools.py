"""`pipx install` and `uv tool install` of the wheel and of the sdist, each into an empty home."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from invsync_tui import __version__
from tests.support.processes.skips import needs
from tests.support.repository.distribution import built, needs_backend

TOOLS: Mapping[str, tuple[str, ...]] = {
    "pipx": ("pipx", "install", "--python", sys.executable),
    "uv": ("uv", "tool", "install", "--python", sys.executable),
}
NO_INDEX = re.compile(
    r"Could not find a version|No matching distribution|Failed to (fetch|download)|Connection|resolve host"
)
"""What is said where libraries cannot be had."""


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    folder = tmp_path_factory.mktemp("archives")
    return {kind: built(kind, Path(__file__).parents[2], folder) for kind in ("wheel", "sdist")}


def environment(home: Path) -> dict[str, str]:
    """Nothing of this checkout or of its user but how an index is reached."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("INVSYNC_", "PYTEST_", "XDG_", "PYTHON"))
    }
    # uv has certificates of its own, and knows an index of this machine by those of the system alone.
    kept |= dict.fromkeys(("UV_SYSTEM_CERTS", "UV_NATIVE_TLS"), "true")
    return {**kept, "HOME": str(home), "PATH": f"{home}/.local/bin:{os.environ['PATH']}"}


@needs_backend
@pytest.mark.slow
@pytest.mark.parametrize(
    ("tool", "kind"),
    [pytest.param("pipx", "sdist", marks=needs("pipx")), pytest.param("uv", "wheel", marks=needs("uv"))],
)
def test_a_tool_installs_a_program_that_runs(
    tool: str, kind: str, archives: Mapping[str, Path], tmp_path: Path
) -> None:
    """Each tool and each archive once: both tools have the wheel built that an sdist describes, and unpack the same wheel."""
    # given
    home = tmp_path / "home"
    home.mkdir()

    def run(*command: str, seconds: int = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=environment(home), cwd=home, capture_output=True, text=True, timeout=seconds, check=False
        )

    # when
    done = run(*TOOLS[tool], str(archives[kind]), seconds=600)
    if done.returncode and NO_INDEX.search(done.stdout + done.stderr):
        pytest.skip(f"{tool} finds no index with our libraries: {done.stderr[-300:]}")
    # then
    assert done.returncode == 0, done.stderr
    program = shutil.which("invsync", path=environment(home)["PATH"])
    assert program is not None and Path(program).is_relative_to(home)
    assert run("invsync", "--version").stdout == f"invsync {__version__}\n"
    synced = run("invsync", "demo", "--headless", "--products", "300")
    assert synced.returncode == 0 and "updated" in synced.stdout, synced.stdout + synced.stderr
    manual = run("invsync", "docs", "json", "--path").stdout.strip()
    assert Path(manual).is_relative_to(home) and Path(manual).is_file()
