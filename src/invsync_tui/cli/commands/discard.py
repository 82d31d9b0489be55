"""`invsync discard`: gives a held run up."""

from __future__ import annotations

import argparse

from invsync_tui.cli.commands.ordering import order
from invsync_tui.cli.parser import Subparsers, command, row_number

EXAMPLES = """\
example:
  invsync discard 17 --reason "the WMS reported an empty warehouse"

Nothing is sent; its SKUs are planned again by the next run."""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "discard", "give a held run up", EXAMPLES)
    parser.add_argument("number", metavar="RUN", type=row_number, help="number of the held run")
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why, for the audit")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Order it."""
    from invsync_tui.operations.runs import runs
    from invsync_tui.operations.settings import values

    reason = values.reason(args.reason)
    return order(args, lambda session: runs.discard(session, args.number, reason))
