"""`invsync apply`: sends exactly a plan that was shown."""

from __future__ import annotations

import argparse

from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command, row_number
from invsync_tui.cli.text import clean
from invsync_tui.cli.waiting import follow

EXAMPLES = """\
example:
  invsync plan "Acme Shop"
  invsync apply 12 --reason "first push: looked through it" --wait

If anything changed since the plan was made, the push is held, says what differs, and sends nothing.
A plan that shows tripped safety rules, an undo and a safe level need a reason; applying it accepts what was shown.

exit codes with --wait: 0 done; 1 failed or cancelled; 3 held, since something changed"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "apply", "send exactly the plan that was shown", EXAMPLES)
    parser.add_argument("plan", metavar="PLAN", type=row_number, help="its number")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, for the audit")
    parser.add_argument(
        "--no-freeze", action="store_true", help="an undo or safe level: let the next push by the settings set it again"
    )
    parser.add_argument("--wait", action="store_true", help="follow its run until it has ended")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Order it."""
    from invsync_tui.operations.plans import plans
    from invsync_tui.operations.settings import values

    output = Output(args)
    reason = values.reason(args.reason) if args.reason else ""
    with opened(args) as session:
        done = plans.apply(session, args.plan, reason, freeze=not args.no_freeze)
        if args.wait:
            return follow(session, [done.run], done.message, output)
    output.text([clean(done.message), f"Watch it: invsync runs {done.run}"])
    output.document(
        {
            "message": done.message,
            "plan": args.plan,
            "run": done.run,
            "frozen": done.frozen,
            "worker_started": done.worker_started,
        }
    )
    return Exit.OK
