"""`invsync init`: makes a store."""

from __future__ import annotations

import argparse

from invsync_tui.cli.context import configuration
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.text import clean

EXAMPLES = """\
example:
  invsync init                             in the data folder
  invsync --store /srv/invsync.db init     somewhere else; set INVSYNC_STORE for the other commands"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    command(subparsers, "init", "make a store; an existing one is left as it is", EXAMPLES).set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the store unless it exists."""
    from invsync_tui.operations.errors import RefusedError
    from invsync_tui.operations.session import Session

    found = configuration(args)
    existed = found.store.exists()
    if found.read_only and not existed:
        raise RefusedError("Refused to make a store: this session is read-only. Start it without --read-only.")
    session = Session.open(found.store, read_only=True) if existed else Session.create(found.store)
    session.close()
    path = str(found.store.absolute())
    output = Output(args)
    output.text(clean(f"There is a store already: {path}" if existed else f"Created the store {path}"))
    if not existed:
        output.text("Next: invsync merchants add NAME --source SYSTEM --url URL --secret env:NAME")
    output.document({"store": path, "created": not existed})
    return Exit.OK
