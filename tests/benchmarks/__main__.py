"""`python -m tests.benchmarks [--million]`: the figures that the project promises, measured now, as one table.

Ratios are against a peer in the same run; absolute numbers depend on the machine and on what else it does. `--million` adds
those on a generated store of a million products, which takes minutes to make once and 1.8 GB in the cache of the tests.
Over a real SSH connection: `python -m tests.benchmarks.ssh`.
"""

from __future__ import annotations

import argparse
import sys

from tests.benchmarks import calls, million, pull, terminal
from tests.benchmarks.table import show


def main() -> int:
    """Print the table; 1 if a figure is over its budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--million", action="store_true", help="also on a store of a million products")
    more = million.figures() if parser.parse_args().million else []
    return 0 if show([*pull.figures(), *calls.figures(), *terminal.figures(), *more]) else 1


if __name__ == "__main__":
    sys.exit(main())
