"""`invsync keys`: every key of the control room, screen by screen, as the configuration has them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from invsync_tui.cli.context import configuration
from invsync_tui.cli.output import Exit, Output, note
from invsync_tui.cli.parser import Subparsers, command

if TYPE_CHECKING:
    from invsync_tui.tui.keymap import Group

EXAMPLES = """\
example:
  invsync keys                     the sheet, to read or to print
  invsync keys run                 the keys of screens whose name has this in it
  invsync keys --ids               with the ids for other keys in the configuration:
                                     [keys]
                                     sync.start = "f5,S\""""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "keys", "print all keys of the control room", EXAMPLES)
    parser.add_argument("screen", metavar="SCREEN", nargs="?", default="", help="a part of a screen's name")
    parser.add_argument("--ids", action="store_true", help="with the ids that [keys] in the configuration takes")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the sheet; what is wrong with [keys] is told beside it."""
    from invsync_tui.tui.keymap import accepted, sheet

    kept, wrong = accepted(configuration(args).keys)
    groups = [group for group in sheet(kept) if args.screen.casefold() in group.title.casefold()]
    output = Output(args)
    for problem in wrong:
        note(problem)
    output.text(_lines(groups, with_ids=args.ids))
    output.document({"groups": [asdict(group) for group in groups], "problems": list(wrong)})
    return Exit.OK


def _lines(groups: Sequence[Group], *, with_ids: bool) -> Iterator[str]:
    """Titles, and below them keys and what they do."""
    for number, group in enumerate(groups):
        if number:
            yield ""
        yield group.title
        for entry in group.entries:
            keys = ", ".join(entry.keys)
            ident = f"{entry.id:<24} " if with_ids else ""
            yield f"  {keys:<18} {ident}{entry.explanation}"
