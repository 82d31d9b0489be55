"""`python -m tests.benchmarks`: every figure that the project promises, measured now, as one table.

Ratios are against a peer in the same run; absolute numbers depend on the machine and on what else it does.
"""

from __future__ import annotations

import sys

from tests.benchmarks import calls, pull, terminal
from tests.benchmarks.table import show


def main() -> int:
    """Print the table; 1 if a figure is over its budget."""
    return 0 if show([*pull.figures(), *calls.figures(), *terminal.figures()]) else 1


if __name__ == "__main__":
    sys.exit(main())
