"""Archives of this repository, built without an index."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

needs_backend = pytest.mark.skipif(find_spec("hatchling") is None, reason="hatchling is not installed")


def built(kind: str, source: Path, folder: Path) -> Path:
    """A wheel or an sdist: the backend is called as a build tool calls it."""
    code = f"import sys; from hatchling.build import build_{kind} as build; print(build(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=source, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.splitlines()[-1]
