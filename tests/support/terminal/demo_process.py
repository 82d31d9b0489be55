"""The control room over a fake store as a process in a pseudo-terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from tests.support.terminal.pty import Terminal

DEMO = (sys.executable, "-m", "tests.support.fakes.demo_app")


class Demo(Terminal):
    """It is forked: what is tested comes after its start, and most of what it takes is the start."""

    forks = True


def started(*options: str, size: tuple[int, int] = (80, 24), environ: Mapping[str, str] | None = None) -> Terminal:
    return Demo([*DEMO, *options], *size, environ)
