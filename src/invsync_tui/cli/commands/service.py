"""`invsync init` and `serve`: makes a store, and runs the service."""

from __future__ import annotations

import argparse
import logging
import os
import signal
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from invsync_tui.cli.context import configuration, note_disk, opened
from invsync_tui.cli.output import Exit, Output, note
from invsync_tui.cli.parser import Subparsers, UsageError, command
from invsync_tui.cli.text import clean

if TYPE_CHECKING:
    from invsync_tui.operations.service.serve import Serving

INIT_EXAMPLES = """\
example:
  invsync init                             in the data folder
  invsync --store /srv/invsync.db init     somewhere else; set INVSYNC_STORE for the other commands"""


def add_init(subparsers: Subparsers) -> None:
    """Add `invsync init` with its arguments."""
    command(subparsers, "init", "make a store; an existing one is left as it is", INIT_EXAMPLES).set_defaults(
        run=run_init
    )


def run_init(args: argparse.Namespace) -> int:
    """Make the store unless it exists."""
    from invsync_tui.operations.errors import RefusedError
    from invsync_tui.operations.session import Session

    config = configuration(args)
    existed = config.store.exists()
    if config.read_only and not existed:
        raise RefusedError("Refused to make a store: this session is read-only. Start it without --read-only.")
    session = Session.open(config.store, read_only=True) if existed else Session.create(config.store)
    session.close()
    note_disk(config.store)
    path = str(config.store.absolute())
    output = Output(args)
    output.text(clean(f"There is a store already: {path}" if existed else f"Created the store {path}"))
    if not existed:
        output.text("Next: invsync merchants add NAME --source SYSTEM --url URL --secret env:NAME")
    output.document({"store": path, "created": not existed})
    return Exit.OK


SERVE_EXAMPLES = """\
example:
  invsync serve                    until SIGTERM or Ctrl-C: the schedule, and what operators ask for
  invsync serve --until-idle 10    until there was nothing to do for 10 seconds
  invsync serve --metrics 9464     also answer Prometheus on http://127.0.0.1:9464/metrics, see docs/howto/monitor.md
  invsync serve --hooks 8788       also take webhooks of carts, on this machine, behind a proxy with TLS

Several may serve one store; they share the work. What one leaves unfinished, the next takes over.
SIGTERM: runs stop between two batches, then it ends; a second one ends it at once. SIGHUP: opens its log file again."""


def add_serve(subparsers: Subparsers) -> None:
    """Add `invsync serve` with its arguments."""
    parser = command(subparsers, "serve", "run syncs: the schedule, and what operators ask for", SERVE_EXAMPLES)
    parser.add_argument("--until-idle", metavar="SECONDS", type=_seconds, help="end after so long without work")
    parser.add_argument(
        "--hooks",
        metavar="ADDRESS:PORT",
        help="take webhooks of carts there; PORT alone: on this machine, for a TLS proxy",
    )
    parser.add_argument(
        "--metrics",
        metavar="ADDRESS:PORT",
        help="answer a monitor there: /metrics and /health; PORT alone: on this machine",
    )
    parser.add_argument("--log-format", choices=("text", "json"), default="text", help="a line for each record")
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), help="info, with --quiet warning")
    parser.add_argument(
        "--log-file", metavar="FILE", type=Path, help="in the place of stderr; put aside at 5 MB, 3 kept"
    )
    parser.set_defaults(run=run_serve)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; give seconds from 0 to 86400")
    return seconds


def run_serve(args: argparse.Namespace) -> int:
    """Serve until told to end."""
    from invsync_tui.operations.errors import InvalidError
    from invsync_tui.operations.service import serve
    from invsync_tui.operations.service.hooks import ListenAddress
    from invsync_tui.operations.service.systemd import Notifier, starting

    try:
        hooks = ListenAddress.parse(args.hooks) if args.hooks else None
        metrics = ListenAddress.parse(args.metrics, "--metrics") if args.metrics else None
    except InvalidError as error:
        raise UsageError(f"invsync serve: {error}") from error
    # A terminal that closes while the store is being opened ends nothing; later on the service itself takes care of it.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    output = Output(args)
    _log(args, output)
    with ExitStack() as stack:
        with starting(Notifier.of(os.environ, os.getpid())):  # an older store is upgraded now
            session = stack.enter_context(opened(args))
        serve.serve(session, args.until_idle, lambda serving: _started(output, serving), hooks, metrics)
    return Exit.OK


def _log(args: argparse.Namespace, output: Output) -> None:
    from invsync_tui.operations.service.log import LogFormat, start

    level = args.log_level or ("warning" if output.quiet else "info")
    try:
        start(LogFormat(args.log_format), logging.getLevelNamesMapping()[level.upper()], args.log_file)
    except OSError as error:
        raise UsageError(f"invsync serve: the log {args.log_file} cannot be written: {error.strerror}") from error


def _started(output: Output, serving: Serving) -> None:
    output.document({"serving": asdict(serving)})
    if output.json or output.quiet:
        return
    note(f"serving {serving.store} (process {serving.pid}).")
    if serving.hooks:
        note(f"listening for webhooks on http://{serving.hooks}; put a proxy with TLS in front of it.")
    if serving.metrics:
        note(f"answering a monitor on http://{serving.metrics}/metrics.")
    if serving.others:
        note("another worker serves this store already; they share the work.")
