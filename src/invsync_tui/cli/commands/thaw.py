"""`invsync thaw`: lets the pushes of a frozen cart or merchant go on."""

from __future__ import annotations

import argparse

from invsync_tui.cli.commands import freeze
from invsync_tui.cli.context import opened
from invsync_tui.cli.parser import Subparsers, command

EXAMPLES = """\
example:
  invsync plan "Acme Shop"          what waits
  invsync thaw "Acme Shop" --reason "stocktaking is over"

The next push sends what waits, past the same safety rules as ever."""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "thaw", "let the pushes of a frozen cart or merchant go on", EXAMPLES)
    parser.add_argument("called", metavar="NAME", help="cart or merchant, by name or number")
    parser.add_argument("--merchant", metavar="M", help="where several have such a cart")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, for the audit")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Order it."""
    from invsync_tui.operations.plans import freeze as plans_freeze
    from invsync_tui.operations.settings import values

    reason = values.reason(args.reason) if args.reason else ""
    with opened(args) as session:
        table, found, _ = plans_freeze.subject(session, args.called, args.merchant)
        done = plans_freeze.thaw(session, table, found, reason)
    return freeze.answer(args, done)
