"""`invsync` and `python -m invsync_tui`."""

from __future__ import annotations

import resource
import sys
from contextlib import suppress


def main() -> int:
    """Run the command line; returns the exit code."""
    from invsync_tui.cli.main import run

    _leave_no_core_file()
    return run(sys.argv[1:])


def _leave_no_core_file() -> None:
    """Secrets are in the memory of this process: what the system would write of it when it crashes is no place for them."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main())
