"""Completion in a shell: what may stand at the end of a command line, from the parsers and from the names in the store.

The scripts of `invsync completion` call `invsync complete SHELL WORDS`. It prints candidates, a line each, and never an
error: a shell in the middle of a line is no place for one. Values of secrets, addresses and logins are not offered.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from invsync_tui.cli import main as command_line
from invsync_tui.cli import streams
from invsync_tui.cli.command_words import read_line
from invsync_tui.cli.context import configuration
from invsync_tui.cli.text import clean
from invsync_tui.operations.stored_names import StoredNames, stored_names

FILES = ":files"
"""Printed in the place of candidates where the shell's own completion of files is better."""
MERCHANTS, CARTS, RUNS, SUBJECTS, SETTINGS, CART_SETTINGS, SYSTEMS, SOURCES, CART_SYSTEMS, ON_OFF = range(10)
KIND_OF: Mapping[str, int] = {
    "M": MERCHANTS, "MERCHANT": MERCHANTS, "C": CARTS, "CART": CARTS, "RUN": RUNS, "SUBJECT": SUBJECTS,
    "NAME=VALUE": SETTINGS, "SETTING=VALUE": CART_SETTINGS, "SYSTEM": SYSTEMS, "on|off": ON_OFF,
}  # fmt: skip
"""What an argument takes, by its name in the help."""
KIND_AT: Mapping[tuple[str, str], int] = {
    ("merchants", "called"): MERCHANTS, ("carts", "called"): CARTS, ("freeze", "called"): CARTS,
    ("unfreeze", "called"): CARTS, ("merchants", "--source"): SOURCES, ("carts", "--system"): CART_SYSTEMS,
    ("warehouses", "words"): MERCHANTS,
}  # fmt: skip
"""The same by command and argument, where the name in the help does not say it."""
FILE_NAMES = frozenset({"FILE", "FOLDER", "DIR", "STORE"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may stand at the end of the line, and what it is ('' where its name says so)."""

    text: str
    help: str = ""


def complete(arguments: Sequence[str]) -> int:
    """Print the candidates for `SHELL WORD...`, the last word being the one that is typed; for bash, `bash LINE`."""
    with suppress(Exception, SystemExit):
        shell, *words = arguments
        line = read_line(words[0]) if shell == "bash" else None
        typed = line.words if line is not None else tuple(words)
        printable = [candidate for candidate in candidates(typed[1:]) if clean(candidate.text) == candidate.text]
        if line is None:
            lines = [f"{candidate.text}\t{clean(candidate.help)}".rstrip("\t") for candidate in printable]
        else:
            lines = [line.as_typed(candidate.text) for candidate in printable]
        streams.out().exact("".join(f"{text}\n" for text in lines))
    return 0


def candidates(words: Sequence[str]) -> list[Candidate]:
    """What may stand in the place of the last word; the program's name is not among the words."""
    *before, typed = words
    try:
        place = LinePosition.of(before)
    except ValueError:
        return []
    offered = list(place.candidates(typed))
    exact = [candidate for candidate in offered if candidate.text.startswith(typed)]
    return exact or [candidate for candidate in offered if candidate.text.casefold().startswith(typed.casefold())]


@dataclass(slots=True)
class _Globals:
    """The options that say which store is meant, as far as they are typed already."""

    store: str | None = None
    config: str | None = None

    def namespace(self) -> argparse.Namespace:
        chosen = {name: value for name in ("store", "config") if (value := getattr(self, name)) is not None}
        return argparse.Namespace(**chosen)


class LinePosition:
    """Where the end of a command line is: below which command, and whose value is typed there."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser
        self.path: list[str] = []
        self.values: list[str] = []
        """Positional values of the present command."""
        self.pending: argparse.Action | None = None
        """The option whose value is typed."""
        self.used: set[str] = set()
        self.only_values = False
        """After `--`."""
        self.globals = _Globals()

    @classmethod
    def of(cls, words: Sequence[str]) -> LinePosition:
        """The place behind some words; ValueError where they are wrong."""
        renamed = command_line._renamed(words)
        needed = command_line._needed([word for word in renamed if word not in ("-h", "--help")])
        place = cls(command_line.parser(needed if len(needed) == 1 else ()))
        for word in renamed:
            place.take(word)
        return place

    def take(self, word: str) -> None:
        """Go on behind a word."""
        if self.pending is not None:
            self._remember(self.pending, word)
            self.pending = None
        elif word == "--" and not self.only_values:
            self.only_values = True
        elif word.startswith("-") and word != "-" and not self.only_values:
            self._option(word)
        elif (subparsers := self._subparsers()) is not None:
            if word not in subparsers.choices:
                raise ValueError(word)
            self.parser = subparsers.choices[word]
            self.path.append(word)
            self.values.clear()
        else:
            self.values.append(word)

    def _option(self, word: str) -> None:
        flag, equals, value = word.partition("=")
        action = self.parser._option_string_actions.get(flag)
        if action is None:
            raise ValueError(word)
        self.used.update(action.option_strings)
        if equals:
            self._remember(action, value)
        elif action.nargs != 0:
            self.pending = action

    def _remember(self, action: argparse.Action, value: str) -> None:
        if action.dest in ("store", "config"):
            setattr(self.globals, action.dest, value)

    def _subparsers(self) -> argparse._SubParsersAction[argparse.ArgumentParser] | None:
        """The sub-commands that may be named here; None where a value is next."""
        if self.values:
            return None
        return next((a for a in self.parser._actions if isinstance(a, argparse._SubParsersAction)), None)

    def _positional(self) -> argparse.Action | None:
        """The argument whose value is next; None where none is."""
        left = len(self.values)
        for action in self.parser._get_positional_actions():
            if isinstance(action, argparse._SubParsersAction):
                continue
            if action.nargs in ("*", "+", argparse.REMAINDER):
                return action
            if left == 0:
                return action
            left -= action.nargs if isinstance(action.nargs, int) else 1
        return None

    def candidates(self, typed: str) -> Iterator[Candidate]:
        """Everything that may stand here, whatever was typed of it; options where that begins with a dash."""
        if self.pending is not None:
            yield from self._of(self.pending)
        elif typed.startswith("-") and not self.only_values:
            yield from self._options()
        elif not self.path:
            yield from (Candidate(name) for name in command_line.COMMANDS)
        else:
            if (subparsers := self._subparsers()) is not None:
                helps = {choice.dest: choice.help or "" for choice in subparsers._choices_actions}
                yield from (Candidate(name, helps.get(name, "")) for name in subparsers.choices)
            if (action := self._positional()) is not None:
                yield from self._of(action)

    def _options(self) -> Iterator[Candidate]:
        for action in self.parser._actions:
            flag = next((text for text in action.option_strings if text.startswith("--")), None)
            again = isinstance(action, argparse._AppendAction) or flag not in self.used
            if flag is not None and action.help != argparse.SUPPRESS and again:
                yield Candidate(flag, action.help or "")

    def _of(self, action: argparse.Action) -> Iterator[Candidate]:
        """Values of an argument."""
        if action.choices is not None:
            yield from (Candidate(str(choice)) for choice in action.choices)
            return
        metavar = action.metavar if isinstance(action.metavar, str) else ""
        name = action.option_strings[0] if action.option_strings else action.dest
        kind = KIND_AT.get((self.path[0] if self.path else "", name), KIND_OF.get(metavar))
        if metavar in FILE_NAMES:
            yield Candidate(FILES)
        elif kind is not None:
            yield from (Candidate(text) for text in Values(self).of(kind))


@dataclass(frozen=True)
class Values:
    """Values of a kind, from the store and from what is installed."""

    place: LinePosition

    @cached_property
    def stored(self) -> StoredNames:
        return stored_names(configuration(self.place.globals.namespace()).store)

    def of(self, kind: int) -> Sequence[str]:
        """All values of a kind, in the order in which they are offered."""
        if kind == MERCHANTS:
            return self.stored.merchants
        if kind == CARTS:
            return self.stored.carts
        if kind == RUNS:
            return self.stored.runs
        if kind == SUBJECTS:
            return [f"merchant:{name}" for name in self.stored.merchants] + [
                f"cart:{name}" for name in self.stored.carts
            ]
        if kind == ON_OFF:
            return ("on", "off")
        return self._settings(kind) if kind in (SETTINGS, CART_SETTINGS) else _systems(kind)

    def _settings(self, kind: int) -> Sequence[str]:
        from invsync_tui.operations.settings import fields

        of_merchant = kind == SETTINGS and self.place.values[:1] and self.place.values[0].startswith("merchant:")
        return [f"{setting.name}=" for setting in (fields.MERCHANT if of_merchant else fields.CART)]


def _systems(kind: int) -> Sequence[str]:
    from invsync_tui.operations.info import connectors

    installed = connectors()
    sources = () if kind == CART_SYSTEMS else installed.wms
    carts = () if kind == SOURCES else installed.carts
    return sorted({*sources, *carts})


def script(shell: str) -> str:
    """The script of bash, zsh or fish."""
    from importlib import resources

    return (resources.files("invsync_tui.cli") / "shells" / f"invsync.{shell}").read_text("utf-8")


def file_options(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Options that take a file, in every command; for a shell whose script has no way to ask."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from file_options(child)
        elif action.metavar in FILE_NAMES:
            yield action
