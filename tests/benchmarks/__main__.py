"""`python -m tests.benchmarks [--connectors] [--million]`: the figures that the project promises, measured now, as one table.

Ratios are against a peer in the same run; absolute numbers depend on the machine and on what else it does. `--connectors` adds
what feeds, SQL and each connector cost: a quarter of an hour, with real servers where they can be had. `--million` adds the
figures on a generated store of a million products, which takes minutes to make once and 1.8 GB in the cache of the tests.
Over a real SSH connection: `python -m tests.benchmarks.ssh`.
"""

from __future__ import annotations

import argparse
import sys

from tests.benchmarks import calls, connectors, feed, million, pull, sql, terminal
from tests.benchmarks.table import show


def main() -> int:
    """Print the table; 1 if a figure is over its budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--million", action="store_true", help="also on a store of a million products")
    parser.add_argument("--connectors", action="store_true", help="also what feeds, SQL and each connector cost")
    asked = parser.parse_args()
    more = million.figures() if asked.million else []
    costs = [*feed.figures(), *sql.figures(), *connectors.figures(())] if asked.connectors else []
    return 0 if show([*pull.figures(), *calls.figures(), *terminal.figures(), *costs, *more]) else 1


if __name__ == "__main__":
    sys.exit(main())
