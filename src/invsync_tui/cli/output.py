"""Where a command's answer goes: text, one JSON document, or an error with its exit code."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from contextlib import suppress
from enum import IntEnum
from typing import Any

from invsync_tui.cli import streams
from invsync_tui.cli.parser import given
from invsync_tui.cli.text import clean, wrapped
from invsync_tui.operations.errors import InvalidError, NotFoundError, OperationError, RefusedError, is_store_trouble

DOCUMENT_VERSION = 4


class Exit(IntEnum):
    """What scripts can rely on."""

    OK = 0
    FAILED = 1
    """It failed, or `status` has findings."""
    USAGE = 2
    """The command line, a value, the configuration or the store is at fault: nothing was done."""
    HELD = 3
    """A run waits for an operator."""
    INTERRUPTED = 130


class Output:
    """The answer of one command."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.json = bool(given(args, "json"))
        self.quiet = bool(given(args, "quiet"))

    def text(self, lines: str | Iterable[str]) -> None:
        """Lines for a reader; nothing with --json or --quiet. A line break inside a line is a space, at its beginning a gap."""
        if self.json or self.quiet:
            return
        for line in [lines] if isinstance(lines, str) else lines:
            say(line)

    def prose(self, lines: Iterable[str]) -> None:
        """Sentences for a reader, as `say_prose` prints each; nothing with --json or --quiet."""
        if not self.json and not self.quiet:
            for line in lines:
                say_prose(line)

    def flush(self) -> None:
        """Let a pipe see what was written so far."""
        streams.out().flush()

    def document(self, values: Mapping[str, Any]) -> None:
        """The answer for a script; nothing without --json."""
        if self.json:
            print_document(values)


def say(line: str) -> None:
    """A line for a reader."""
    lstrip = line.lstrip("\n")
    streams.out().exact("\n" * (len(line) - len(lstrip)) + clean(lstrip) + "\n")


def say_prose(line: str) -> None:
    """A sentence for a reader, wrapped to the width of the terminal; as it is where there is none."""
    out = streams.out()
    text = line.lstrip("\n")
    first, *others = wrapped(clean(text), out.columns()) if out.isatty() else [text]
    for row in (line[: len(line) - len(text)] + first, *others):
        say(row)


def print_document(values: Mapping[str, Any]) -> None:
    """One line of JSON with the version of its form."""
    print_json({"version": DOCUMENT_VERSION, **values})


def print_json(values: Mapping[str, Any]) -> None:
    """One line of JSON. It is printable ASCII, so no name in it can command a terminal."""
    import json

    streams.out().exact(json.dumps(values).replace("\x7f", "\\u007f") + "\n")
    streams.out().flush()


def print_data(lines: Iterable[str]) -> None:
    """Lines for a program, with their ends: exact and in UTF-8 to a file or a pipe, cleaned where a terminal is the target."""
    stream = streams.out()
    if stream.isatty():
        for line in lines:
            stream.exact(clean(line.rstrip("\r\n")) + "\n")
    else:
        with suppress(AttributeError, ValueError):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        for line in lines:
            stream.exact(line)
    stream.flush()


def note(text: str) -> None:
    """A remark beside the answer."""
    streams.err().exact(f"invsync: {clean(text)}\n")
    streams.err().flush()


def rewritten(stream: streams.PlainStream, text: str) -> None:
    """A line of a terminal that is written over: back to its beginning, the text, and the rest of the line erased."""
    stream.exact(f"\r{clean(text)}\x1b[K")
    stream.flush()


def report(kind: str, text: str, *, as_json: bool) -> None:
    """An error: one line, and the document where one was asked for."""
    note(text)
    if as_json:
        print_document({"error": {"kind": kind, "message": text}})


def kind_of(error: OperationError) -> str:
    """invalid, not_found, refused, store, or failed."""
    kinds = ((InvalidError, "invalid"), (NotFoundError, "not_found"), (RefusedError, "refused"))
    for known, word in kinds:
        if isinstance(error, known):
            return word
    return "store" if is_store_trouble(error) else "failed"


def exit_of(kind: str) -> Exit:
    """Nothing was done, or it was tried and failed."""
    return Exit.FAILED if kind == "failed" else Exit.USAGE
