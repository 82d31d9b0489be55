"""Where a command's answer goes: text, or one JSON document with a version, or nothing; errors on stderr in one line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any

from invsync_tui.cli.parser import given
from invsync_tui.cli.plain import clean

DOCUMENT_VERSION = 1


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
        """Lines for a reader; nothing with --json or --quiet."""
        if not self.json and not self.quiet:
            sys.stdout.writelines(f"{line}\n" for line in ([lines] if isinstance(lines, str) else lines))

    def flush(self) -> None:
        """Let a pipe see what was written so far."""
        sys.stdout.flush()

    def document(self, values: Mapping[str, Any]) -> None:
        """The answer for a script; nothing without --json."""
        if self.json:
            print_document(values)


def print_document(values: Mapping[str, Any]) -> None:
    """One line of JSON. It is ASCII, so no name in it can command a terminal."""
    sys.stdout.write(json.dumps({"version": DOCUMENT_VERSION, **values}) + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """A remark beside the answer."""
    sys.stderr.write(f"invsync: {clean(text)}\n")
    sys.stderr.flush()


def report(kind: str, text: str, *, as_json: bool) -> None:
    """An error: one line, and the document where one was asked for."""
    note(text)
    if as_json:
        print_document({"error": {"kind": kind, "message": text}})
