"""`invsync cancel`: asks a run to stop."""

from __future__ import annotations

import argparse

from invsync_tui.cli.commands.ordering import order
from invsync_tui.cli.parser import Subparsers, command, row_number

EXAMPLES = """\
example:
  invsync cancel 17

It stops between two pages or batches; what was sent stays, what was not is planned again by the next run."""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "cancel", "stop a run that waits or runs", EXAMPLES)
    parser.add_argument("number", metavar="RUN", type=row_number, help="number of the run")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Order it."""
    from invsync_tui.operations.runs import runs

    return order(args, lambda session: runs.cancel(session, args.number))
