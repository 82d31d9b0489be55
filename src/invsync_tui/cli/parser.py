"""The parts that all commands' argument parsers share."""

from __future__ import annotations

import argparse
import re
from argparse import _get_action_name
from typing import Any, NoReturn, TypeAlias

from invsync_tui.plain_text import did_you_mean

Subparsers: TypeAlias = "argparse._SubParsersAction[Parser]"


class UsageError(Exception):
    """The command line cannot be understood."""


class Parser(argparse.ArgumentParser):
    """Reports errors as one line instead of ending the process with a page of usage."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        # An abbreviation that works today is ambiguous as soon as an option is added.
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        suggestion = self._suggestion(message)
        if unknown := re.match(r"argument COMMAND: invalid choice: ('[^']*')", message):
            message = f"there is no command {unknown[1]}"  # forty names help nobody
        raise UsageError(f"{self.prog}: {message}.{suggestion} See: {self.prog} --help")

    def _suggestion(self, message: str) -> str:
        """What a misspelled command, option or word may mean, as a sentence with a space before it; '' for nothing.

        argparse says what is wrong in its message alone; one in other words gets no suggestion.
        """
        if option := re.match(r"unrecognized arguments: (--[\w-]+)", message):
            return did_you_mean(option[1], self.known_options())
        if choice := re.match(r"argument ([^:]+): invalid choice: '([^']*)'", message):
            action = next((a for a in self._actions if _get_action_name(a) == choice[1]), None)
            return did_you_mean(choice[2], [str(known) for known in (action.choices if action else None) or ()])
        return ""

    def known_options(self) -> list[str]:
        """The options that are shown, also of the commands below."""
        known = [
            flag
            for action in self._actions
            if action.help != argparse.SUPPRESS
            for flag in action.option_strings
            if flag.startswith("--")
        ]
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                known += [flag for child in action.choices.values() for flag in child.known_options()]
        return list(dict.fromkeys(known))


def command(subparsers: Subparsers, name: str, summary: str, examples: str) -> Parser:
    """The parser of a command or sub-command, with an example at the end of its help."""
    return subparsers.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", epilog=examples)


LARGEST = 2**63 - 1
"""Of the numbers that a store can hold."""


def row_number(text: str) -> int:
    """The number of a run or plan, as a value on the command line."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if 0 <= number <= LARGEST:
        return number
    raise argparse.ArgumentTypeError(f"{text!r} is not a number such as 42")


def add_moment(parser: argparse.ArgumentParser, flag: str, text: str) -> None:
    """An option that takes a moment."""
    # So that -2h is a value, as -2 is, and not an unknown option.
    parser._negative_number_matcher = re.compile(r"^-\s*\d+\s*[A-Za-z]*$")
    parser.add_argument(flag, metavar="TIME", help=text)


def add_globals(parser: argparse.ArgumentParser) -> None:
    """Options that may stand before or after the command. A command that defines one of them itself keeps its own."""
    for flags, options in _GLOBALS:
        if not any(flag in parser._option_string_actions for flag in flags):
            parser.add_argument(*flags, default=argparse.SUPPRESS, **options)


_GLOBALS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("--store",), {"metavar": "FILE", "help": "the store (else INVSYNC_STORE, the configuration, the data folder)"}),
    (("--config",), {"metavar": "FILE", "help": "the configuration (else INVSYNC_CONFIG, the configuration folder)"}),
    (("--read-only",), {"action": "store_true", "help": "refuse every change (INVSYNC_READ_ONLY=1)"}),
    (("--json",), {"action": "store_true", "help": "print one JSON document, see docs/json.md"}),
    (("--quiet",), {"action": "store_true", "help": "print errors only; the exit code tells the rest"}),
    (("--version",), {"action": "store_true", "help": "print the version"}),
)


def given(args: argparse.Namespace, name: str, default: Any = None) -> Any:
    """An option's value; those that were not given are absent."""
    return getattr(args, name, default)
