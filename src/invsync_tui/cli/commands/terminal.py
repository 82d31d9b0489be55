"""`invsync keys` and `completion`: keys of the control room, and completion for a shell."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from invsync_tui.cli import completion, streams
from invsync_tui.cli.context import configuration
from invsync_tui.cli.output import Exit, Output, note
from invsync_tui.cli.parser import Subparsers, command

if TYPE_CHECKING:
    from invsync_tui.tui.keymap import Group

COMPLETION_EXAMPLES = """\
example:
  invsync completion bash > ~/.local/share/bash-completion/completions/invsync
  invsync completion zsh > "${fpath[1]}/_invsync"
  invsync completion fish > ~/.config/fish/completions/invsync.fish

bash, zsh and fish complete the names of merchants, carts and settings too."""

SHELLS = ("bash", "zsh", "fish", "tcsh")


def add_completion(subparsers: Subparsers) -> None:
    """Add `invsync completion` with its arguments."""
    parser = command(subparsers, "completion", "print a completion script for a shell", COMPLETION_EXAMPLES)
    parser.add_argument("shell", choices=SHELLS, help="the shell")
    parser.set_defaults(run=run_completion)


def run_completion(args: argparse.Namespace) -> int:
    """Print the completion script of a shell."""
    script = _tcsh() if args.shell == "tcsh" else completion.script(args.shell)
    if not Output(args).json:
        streams.out().exact(script)
    Output(args).document({"shell": args.shell, "script": script})
    return Exit.OK


def _tcsh() -> str:
    """A script of commands and options alone: tcsh has no functions that could ask for names."""
    import shtab

    from invsync_tui.cli.main import parser

    main = parser()
    for action in completion.file_options(main):
        action.complete = shtab.FILE  # type: ignore[attr-defined]
    return str(shtab.complete(main, shell="tcsh"))  # noqa: S604 - the name of the shell


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
