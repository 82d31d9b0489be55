"""`invsync runs`: the newest runs, or everything about one."""

from __future__ import annotations

import argparse

from invsync_tui.cli import records
from invsync_tui.cli.opening import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.run_text import detail_lines, listed

EXAMPLES = """\
example:
  invsync runs --merchant Acme --limit 10
  invsync runs 17                          its phases, its sum, why SKUs were not set, and what happened"""
LIMIT, LIMIT_MOST = 20, 1000


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "runs", "list runs, newest first, or show one", EXAMPLES)
    parser.add_argument("number", metavar="RUN", nargs="?", type=int, help="show this run")
    parser.add_argument("--merchant", metavar="M", help="only runs of this merchant, by name or number")
    parser.add_argument("--limit", metavar="N", type=_limit, default=LIMIT, help=f"how many (default {LIMIT})")
    parser.add_argument("--before", metavar="RUN", type=int, help="the page before this run")
    parser.set_defaults(run=run)


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LIMIT_MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; give a whole number from 1 to {LIMIT_MOST}")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Print one run, or a page of them."""
    return _list(args) if args.number is None else _show(args)


def _show(args: argparse.Namespace) -> int:
    from invsync_tui.operations import runs

    with opened(args) as session:
        detail = runs.detail(session, args.number)
    output = Output(args)
    output.text(detail_lines(detail))
    output.document({"run": records.run_detail(detail)})
    return Exit.OK


def _list(args: argparse.Namespace) -> int:
    from invsync_tui.operations import names, runs

    with opened(args) as session:
        merchant = names.merchant(session, args.merchant).id if args.merchant else None
        # One more than asked for tells whether there is another page.
        found = runs.recent(session, merchant, limit=args.limit + 1, before=args.before)
    page, more = found[: args.limit], len(found) > args.limit
    output = Output(args)
    output.text(listed(page))
    if more:
        output.text(f"\nOlder ones: invsync runs --before {page[-1].id}")
    output.document({"runs": [records.run(row) for row in page], "next_before": page[-1].id if more else None})
    return Exit.OK
