"""`invsync bundle`: a zip about a run or a SKU for whoever helps, with no secret in it."""

from __future__ import annotations

import argparse
from pathlib import Path

from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command

EXAMPLES = """\
example:
  invsync bundle 17                     a run: its phases, settings, batches, requests and answers
  invsync bundle DEMO-LAMP-00432        a SKU, alias or remote id: its arithmetic, checks and history
  invsync bundle 4711 --sku             a SKU that looks like the number of a run

Secrets are blacked out; look into it all the same before you give it away."""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "bundle", "write a support bundle about a run or a SKU", EXAMPLES)
    parser.add_argument("subject", metavar="RUN|SKU", help="number of a run, or a SKU")
    parser.add_argument("--sku", action="store_true", help="it is a SKU, even if it is a number")
    parser.add_argument("--output", metavar="FOLDER", type=Path, default=Path(), help="where to write it (here)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write it and say where it is."""
    from invsync_tui.operations.runs import support_bundle

    with opened(args) as session:
        if args.subject.isascii() and args.subject.isdigit() and len(args.subject) < 19 and not args.sku:
            path = support_bundle.of_run(session, int(args.subject), args.output)
        else:
            path = support_bundle.of_sku(session, args.subject, args.output)
    output = Output(args)
    output.text(f"{path}")
    output.document({"path": str(path), "bytes": path.stat().st_size})
    return Exit.OK
