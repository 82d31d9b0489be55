"""`invsync release`: lets a held run go."""

from __future__ import annotations

import argparse

from invsync_tui.cli.commands.ordering import order
from invsync_tui.cli.parser import Subparsers, command, row_number

EXAMPLES = """\
example:
  invsync release 17 --reason "looked at it: the first push of this shop"
  invsync release 17 --group jump --group rest --reason "a truck came; the zeroes are wrong"

What it would send: invsync held 17. Listings of other groups stay held, and are planned again by the next run.
It is planned anew, and held again if that plan is worse than the one that was shown."""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "release", "let a held run go", EXAMPLES)
    parser.add_argument("number", metavar="RUN", type=row_number, help="number of the held run")
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why, for the audit")
    parser.add_argument(
        "--group", metavar="G", action="append", default=[], help="only zero, jump or rest; repeatable (default all)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Order it."""
    from invsync_tui.operations.runs import runs
    from invsync_tui.operations.settings import values

    reason = values.reason(args.reason)
    return order(args, lambda session: runs.release(session, args.number, reason, args.group))
