"""`invsync undo`: plans to put back what a push replaced."""

from __future__ import annotations

import argparse

from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command, row_number
from invsync_tui.cli.text import clean

EXAMPLES = """\
example:
  invsync undo 31 --reason "pushed from the wrong warehouse"
  invsync plan --kept 13            look at it
  invsync apply 13 --reason "..."   send it; the cart is frozen with it

A listing that somebody changed since, here or in the cart, is left alone and reported."""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "undo", "plan to put back what a push replaced", EXAMPLES)
    parser.add_argument("number", metavar="RUN", type=row_number, help="number of the push")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, kept with the plan")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the plan."""
    from invsync_tui.operations.plans import undo
    from invsync_tui.operations.settings import values

    reason = values.reason(args.reason) if args.reason else ""
    with opened(args) as session:
        made = undo.undo(session, args.number, reason)
    output = Output(args)
    output.text(clean(made.message))
    output.document({"message": made.message, "plan": made.plan, "changed": made.changed, "unknown": made.unknown})
    return Exit.OK
