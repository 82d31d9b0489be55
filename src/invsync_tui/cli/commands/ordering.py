"""The orders for one run: say what became of it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from invsync_tui.cli import json_records
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.text import clean

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session


def order(args: argparse.Namespace, give: Callable[[Session], str]) -> int:
    """Give the order for the run `args.number`, print the answer."""
    from invsync_tui.operations.runs import runs

    with opened(args) as session:
        message = give(session)
        row = runs.view(runs.find(session, args.number))
    output = Output(args)
    output.text(clean(message))
    output.document({"message": message, "run": json_records.run(row)})
    return Exit.OK
