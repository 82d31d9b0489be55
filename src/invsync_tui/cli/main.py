"""`invsync`: reads the command line, runs one command, and turns errors into one line and an exit code."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from invsync_tui import __version__
from invsync_tui.cli import streams
from invsync_tui.cli.output import Exit, Output, note, print_document, report
from invsync_tui.cli.parser import Parser, UsageError, add_globals, given, row_number
from invsync_tui.config import ConfigError, file_to_write

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from invsync_tui.preferences import Bookmark

MODULES = {
    "demo": "demo",
    "init": "service",
    "serve": "service",
    "status": "status",
    "sync": "runs",
    "runs": "runs",
    "held": "holds",
    "release": "holds",
    "discard": "holds",
    "plan": "plans",
    "apply": "plans",
    "undo": "plans",
    "safe": "plans",
    "freeze": "freeze",
    "unfreeze": "freeze",
    "cancel": "runs",
    "merchants": "settings.merchants",
    "warehouses": "stock",
    "levels": "stock",
    "search": "search",
    "why": "why",
    "replay": "replay",
    "history": "sku",
    "audit": "audit",
    "events": "events",
    "doctor": "doctor",
    "bundle": "doctor",
    "sku": "sku",
    "carts": "settings.carts",
    "listings": "listings",
    "drift": "listings",
    "verify": "listings",
    "correct": "listings",
    "aliases": "stock",
    "identity": "identity",
    "compare": "search",
    "links": "identity",
    "link": "identity",
    "unlink": "identity",
    "settings": "settings.settings",
    "connections": "connections.connections",
    "info": "monitoring",
    "metrics": "monitoring",
    "db": "db",
    "bookmarks": "bookmarks",
    "keys": "terminal",
    "completion": "terminal",
    "docs": "manual",
    "dev": "demo",
}
"""In the order of the help: each command, and the module of cli.commands that has its `add_NAME`."""
COMMANDS = tuple(MODULES)
ALIASES = {"thaw": "unfreeze", "radar": "verify", "heal": "correct"}
"""Former names of commands: understood for one more release, and shown nowhere."""

COMPLETE = "complete"
"""What the scripts of `invsync completion` call. It is no command for a person, and shown nowhere."""

DESCRIPTION = """\
Keeps shopping carts showing the stock a warehouse really has.
Without a command it opens the control room, in a terminal of its own."""

EXAMPLES = """\
examples:
  invsync demo                     try it, with nothing but this machine
  invsync init                     make a store
  invsync merchants add --help     connect a WMS
  invsync sync Acme --wait         sync now and watch
  invsync status --json            for scripts
  invsync docs                     the manual

exit codes: 0 ok; 1 failed, or status has findings; 2 usage, value, configuration or store; 3 held"""


def parser(commands: Sequence[str] = COMMANDS) -> Parser:
    """The command line with all commands, or with those that are going to be needed."""
    main = Parser(prog="invsync", description=DESCRIPTION, epilog=EXAMPLES)
    add_globals(main)
    room = main.add_argument_group("control room")
    room.add_argument("--ascii", action="store_true", default=argparse.SUPPRESS, help="draw with ASCII characters only")
    room.add_argument("--mouse", choices=("on", "off"), default=argparse.SUPPRESS, help="else off over SSH")
    room.add_argument("--open-run", type=row_number, metavar="RUN", default=argparse.SUPPRESS, help="begin on this run")
    room.add_argument(
        "--open-bookmark",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help="begin on this bookmark; see: invsync bookmarks",
    )
    subparsers = main.add_subparsers(title="commands", metavar="COMMAND", dest="command", parser_class=Parser)
    for name in commands:
        getattr(import_module(f"invsync_tui.cli.commands.{MODULES[name]}"), f"add_{name}")(subparsers)
    _everywhere(main)
    return main


def _everywhere(parser: argparse.ArgumentParser) -> None:
    """The global options after the command too."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                add_globals(child)
                _everywhere(child)


def run(argv: Sequence[str]) -> int:
    """Run one command line; returns the exit code."""
    with streams.plain_streams():
        sys.excepthook = _show
        try:
            code = _completed(argv[1:]) if argv[:1] == [COMPLETE] else _guarded(argv)
            streams.out().flush()
        except BrokenPipeError:
            streams.nobody_reads()
            return Exit.OK
        except streams.UnwritableError as error:
            streams.nobody_reads()
            note(f"the answer could not be written to standard output: {error}. What was asked for may have been done.")
            return Exit.FAILED
        return code


def _completed(arguments: Sequence[str]) -> int:
    """Answer a shell that completes a line. By name, as the modules of commands: it reads the parsers that are made here."""
    code: int = import_module("invsync_tui.cli.completion").complete(arguments)
    return code


def _show(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    """A traceback, which may quote what came from outside."""
    import traceback

    streams.RemarkStream(sys.__stderr__).write("".join(traceback.format_exception(kind, error, at)))


_WITH_VALUE = frozenset({"--store", "--config", "--mouse", "--open-run", "--open-bookmark"})


def _needed(argv: Sequence[str]) -> Sequence[str]:
    """The command that is asked for, none for the control room; all where somebody needs help to choose.

    Each command is a module: to read forty of them for one would cost more than the first frame of the control room.
    """
    words = iter(argv)
    for word in words:
        if word in ("-h", "--help"):
            return COMMANDS
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return (word,) if word in COMMANDS else COMMANDS
    return ()


def _renamed(argv: Sequence[str]) -> list[str]:
    """The command line with the present name of its command."""
    words = list(argv)
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in _WITH_VALUE else 1
    if at < len(words):
        words[at] = ALIASES.get(words[at], words[at])
    return words


def _guarded(argv: Sequence[str]) -> int:
    words = _renamed(argv)
    try:
        return _dispatch(parser(_needed(words)).parse_args(words))
    except KeyboardInterrupt:
        note("interrupted.")
        return Exit.INTERRUPTED
    except (BrokenPipeError, streams.UnwritableError):
        raise
    except SystemExit as end:  # argparse after --help
        return end.code if isinstance(end.code, int) else Exit.USAGE
    except Exception as error:
        if os.environ.get("INVSYNC_DEBUG") == "1":
            raise
        return _failed(error, as_json="--json" in argv)


def _failed(error: Exception, *, as_json: bool) -> int:
    """Say it in one line; the exit code."""
    if isinstance(error, UsageError | ConfigError):
        kind = "usage" if isinstance(error, UsageError) else "config"
        report(kind, str(error).removeprefix("invsync: ").removeprefix("invsync "), as_json=as_json)
        return Exit.USAGE
    from invsync_tui.cli import output
    from invsync_tui.operations.errors import OperationError

    if isinstance(error, OperationError):
        kind = output.kind_of(error)
        report(kind, str(error), as_json=as_json)
        return output.exit_of(kind)
    what = f"{type(error).__name__}: {error}"
    text = f"this is a defect of invsync {__version__}: {what}. Report it with this line; INVSYNC_DEBUG=1 says where."
    report("defect", text, as_json=as_json)
    return Exit.FAILED


def _dispatch(args: argparse.Namespace) -> int:
    if given(args, "version"):
        return _version(args)
    if args.command is None:
        return _control_room(args)
    code: int = args.run(args)
    return code


def _version(args: argparse.Namespace) -> int:
    if given(args, "json"):
        print_document({"program": __version__})
    else:
        Output(args).text(f"invsync {__version__}")
    return Exit.OK


def _control_room(args: argparse.Namespace) -> int:
    from invsync_tui.cli.context import configuration
    from invsync_tui.tui.terminal import refusal

    if given(args, "json"):
        raise UsageError("invsync: --json needs a command, such as status. See: invsync --help")
    config = configuration(args)
    bookmark = _bookmark(args)
    refused = refusal(os.environ, is_terminal())
    if refused is not None:
        note(refused.removeprefix("invsync: "))
        return Exit.USAGE
    _must_exist(config.store)
    # Hundreds of classes are made for the first frame, and none of them is garbage.
    gc.disable()
    from invsync_tui.tui.app import run as run_tui

    messages: list[str] = []
    code = run_tui(
        config.store,
        read_only=config.read_only,
        ascii_only=config.ascii_only,
        mouse=config.mouse,
        theme=config.theme,
        keymap=config.keys,
        config_file=file_to_write(given(args, "config"), os.environ),
        open_run=given(args, "open_run"),
        bookmark=bookmark,
        say=messages.append,
    )
    for text in messages:  # the screen is given back by now
        note(text)
    return code


def _bookmark(args: argparse.Namespace) -> Bookmark | None:
    """What --open-bookmark names."""
    if not given(args, "open_bookmark"):
        return None
    from invsync_tui.cli.commands.bookmarks import load, named

    return named(load(args)[1], given(args, "open_bookmark"))


def is_terminal() -> bool:
    """Whether somebody sits in front of it."""
    return sys.stdin is not None and sys.stdin.isatty() and streams.out().isatty()


def _must_exist(store: Path) -> None:
    """Say it before the screen is taken."""
    if not store.exists():
        raise ConfigError(f"{store}: there is no store. Create one with: invsync init. Try one with: invsync demo.")
