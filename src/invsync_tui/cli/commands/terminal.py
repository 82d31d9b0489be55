"""`invsync keys` and `completion`: keys of the control room, and completion for a shell."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from invsync_tui.cli import streams
from invsync_tui.cli.context import configuration
from invsync_tui.cli.output import Exit, Output, note
from invsync_tui.cli.parser import Subparsers, command

if TYPE_CHECKING:
    from invsync_tui.tui.keymap import Group

COMPLETION_EXAMPLES = """\
example:
  invsync completion bash > ~/.local/share/bash-completion/completions/invsync
  invsync completion zsh > "${fpath[1]}/_invsync\""""

SHELLS = ("bash", "zsh", "tcsh")
FILES = frozenset({"store", "config"})
"""Options that take a file."""


def add_completion(subparsers: Subparsers) -> None:
    """Add `invsync completion` with its arguments."""
    parser = command(subparsers, "completion", "print a completion script for a shell", COMPLETION_EXAMPLES)
    parser.add_argument("shell", choices=SHELLS, help="the shell")
    parser.set_defaults(run=run_completion)


def run_completion(args: argparse.Namespace) -> int:
    """Print the completion script of a shell."""
    import shtab

    from invsync_tui.cli.main import parser

    main = parser()
    _complete_files(main, shtab.FILE)
    script = shtab.complete(main, shell=args.shell)
    if not Output(args).json:
        streams.out().exact(script)
    Output(args).document({"shell": args.shell, "script": script})
    return Exit.OK


def _complete_files(parser: argparse.ArgumentParser, how: Mapping[str, object]) -> None:
    """Tell shtab which options take a file, in every command."""
    for action in parser._actions:
        if action.dest in FILES:
            action.complete = how  # type: ignore[attr-defined]
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                _complete_files(child, how)


KEYS_EXAMPLES = """\
example:
  invsync keys                     the sheet, to read or to print
  invsync keys run                 the keys of screens whose name has this in it
  invsync keys --ids               with the ids for other keys in the configuration:
                                     [keys]
                                     sync.start = "f5,S\""""


def add_keys(subparsers: Subparsers) -> None:
    """Add `invsync keys` with its arguments."""
    parser = command(subparsers, "keys", "print all keys of the control room", KEYS_EXAMPLES)
    parser.add_argument("screen", metavar="SCREEN", nargs="?", default="", help="a part of a screen's name")
    parser.add_argument("--ids", action="store_true", help="with the ids that [keys] in the configuration takes")
    parser.set_defaults(run=run_keys)


def run_keys(args: argparse.Namespace) -> int:
    """Print the sheet; what is wrong with [keys] is told beside it."""
    from invsync_tui.tui.keymap import accepted, sheet

    keymap, wrong = accepted(configuration(args).keys)
    groups = [group for group in sheet(keymap) if args.screen.casefold() in group.title.casefold()]
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
