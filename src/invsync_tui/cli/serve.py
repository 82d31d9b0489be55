"""`invsync serve`: the service that runs syncs."""

from __future__ import annotations

import argparse
import logging
from dataclasses import asdict
from typing import TYPE_CHECKING

from invsync_tui.cli.opening import opened
from invsync_tui.cli.output import Exit, Output, note
from invsync_tui.cli.parser import Subparsers, command

if TYPE_CHECKING:
    from invsync_tui.operations.service import Serving

EXAMPLES = """\
example:
  invsync serve                    until SIGTERM or Ctrl-C: the schedule, and what operators ask for
  invsync serve --until-idle 10    until there was nothing to do for 10 seconds

Several may serve one store; they share the work. What one leaves unfinished, the next takes over."""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "serve", "run syncs: the schedule, and what operators ask for", EXAMPLES)
    parser.add_argument("--until-idle", metavar="SECONDS", type=_seconds, help="end after so long without work")
    parser.set_defaults(run=run)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; give seconds from 0 to 86400")
    return seconds


def run(args: argparse.Namespace) -> int:
    """Serve until told to end."""
    from invsync_tui.operations import service

    output = Output(args)
    _log(output)
    with opened(args) as session:
        service.serve(session, args.until_idle, lambda serving: _started(output, serving))
    return Exit.OK


def _log(output: Output) -> None:
    level = logging.WARNING if output.quiet else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # It would write a line for each request.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def _started(output: Output, serving: Serving) -> None:
    output.document({"serving": asdict(serving)})
    if output.json or output.quiet:
        return
    note(f"serving {serving.store} (process {serving.pid}).")
    if serving.others:
        note("another worker serves this store already; they share the work.")
