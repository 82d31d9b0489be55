"""`invsync completion`: prints a completion script for a shell."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from invsync_tui.cli import streams
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command

EXAMPLES = """\
example:
  invsync completion bash > ~/.local/share/bash-completion/completions/invsync
  invsync completion zsh > "${fpath[1]}/_invsync\""""

SHELLS = ("bash", "zsh", "tcsh")
FILES = frozenset({"store", "config"})
"""Options that take a file."""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "completion", "print a completion script for a shell", EXAMPLES)
    parser.add_argument("shell", choices=SHELLS, help="the shell")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
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
