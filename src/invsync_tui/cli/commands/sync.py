"""`invsync sync`: asks for a sync, and follows it where that is wanted."""

from __future__ import annotations

import argparse

from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.text import clean
from invsync_tui.cli.waiting import follow

EXAMPLES = """\
example:
  invsync sync Acme                         order it; a service or a worker of its own does it
  invsync sync Acme --cart "Acme Shop" --wait
  invsync sync Acme --wait --json           one JSON object per line, for scripts

exit codes with --wait: 0 all done and every sum holds; 1 failed or cancelled; 3 held, see invsync release"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "sync", "download a merchant's inventory and push it to its carts", EXAMPLES)
    parser.add_argument("merchant", metavar="MERCHANT", help="name or number")
    parser.add_argument("--cart", metavar="C", help="push to this cart only, by name or number")
    parser.add_argument("--full", action="store_true", help="read everything, not only what changed")
    parser.add_argument("--wait", action="store_true", help="follow it until it has ended")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask for the sync."""
    from invsync_tui.operations import names
    from invsync_tui.operations.runs import request as run_request

    output = Output(args)
    with opened(args) as session:
        merchant = names.merchant(session, args.merchant)
        cart = names.cart(session, args.cart, merchant.id).id if args.cart else None
        asked = run_request.request(session, merchant.id, cart, full=args.full)
        if args.wait:
            return follow(session, asked.runs, asked.message if asked.worker_started else "", output)
    output.text([clean(asked.message), f"Runs: {', '.join(map(str, asked.runs))}. Watch them: invsync runs RUN"])
    output.document({"runs": list(asked.runs), "worker_started": asked.worker_started, "message": asked.message})
    return Exit.OK
