"""Compiled modules are kept between processes and runs."""

from __future__ import annotations

import os
import sys

LEFT_OUT = "INVSYNC_TEST_NO_BYTECODE"
"""Set by who changes modules under a running test run: two changes within a second have the same time stamp."""


def keep_bytecode() -> None:
    """Write `__pycache__` in this process and in those that it starts, also where the environment says not to.

    A container often sets PYTHONDONTWRITEBYTECODE. Each of the processes that the tests start then compiles the whole
    program again, and pytest rewrites all assertions again in each of its workers: a third of what the suite costs.
    """
    if LEFT_OUT in os.environ:
        return
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
