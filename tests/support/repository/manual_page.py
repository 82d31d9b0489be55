"""The manual page `docs/reference/invsync.1`, made from the program's own command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from invsync_tui.cli import main
from tests.support.repository import reference_pages

FILES = (
    ("$XDG_CONFIG_HOME/invsync/config.toml", "the configuration; INVSYNC_CONFIG names another one"),
    ("$XDG_DATA_HOME/invsync/store.db", "the store; INVSYNC_STORE names another one"),
)
EXITS = (
    ("0", "It went well."),
    ("1", "It failed, or status has findings."),
    ("2", "The command line, a value, the configuration or the store is at fault: nothing was done."),
    ("3", "A run is held for review."),
)


def escaped(text: str) -> str:
    """Text that roff prints as it is."""
    lines = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in lines)


def page() -> str:
    """The page for man(1)."""
    parser = reference_pages.command_line()
    lines = [
        '.\\" Made by python -m tests.generated; do not edit it here.',
        '.TH INVSYNC 1 "" invsync "User Commands"',
        ".SH NAME",
        escaped("invsync - " + (parser.description or "").splitlines()[0].rstrip(".")),
        ".SH SYNOPSIS",
        ".B invsync",
        escaped("[options] [COMMAND ...]"),
        ".SH DESCRIPTION",
        *escaped(parser.description or "").splitlines(),
        ".PP",
        escaped("The manual is read with: invsync docs"),
        ".SH OPTIONS",
        escaped("These stand before or after the command."),
        *_options(reference_pages._globals()),
        escaped("Without a command, for the control room:"),
        *_options(reference_pages._own(parser)),
        ".SH COMMANDS",
        *_commands(parser),
        ".SH EXIT STATUS",
        *_terms(EXITS),
        ".SH FILES",
        *_terms(FILES),
        ".SH EXAMPLES",
        *_block(main.EXAMPLES.partition("\n\n")[0].partition("\n")[2]),
    ]
    return "\n".join(lines) + "\n"


def _commands(parser: argparse.ArgumentParser) -> Iterator[str]:
    for summary, child in reference_pages.subcommands(parser).values():
        own = reference_pages._own(child)
        yield f".SS {escaped(reference_pages._usage(child, own))}"
        yield escaped(f"{summary[:1].upper()}{summary[1:]}.")
        yield from _options(own)
        if child.epilog and not reference_pages.subcommands(child):
            yield from _block(child.epilog.rstrip())
        yield from _commands(child)


def _options(actions: list[argparse.Action]) -> Iterator[str]:
    for action in actions:
        word = reference_pages._word(action)
        name = ", ".join(action.option_strings)
        yield ".TP"
        yield ".B " + escaped(f"{name} {word}".strip()) if word or name else ".B " + escaped(action.dest)
        yield escaped(" ".join((action.help or "").split()).replace("%%", "%") or "-")
    yield ".PP"


def _terms(terms: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for term, text in terms:
        yield from (".TP", f".B {escaped(term)}", escaped(text))


def _block(text: str) -> Iterator[str]:
    """Lines as they are."""
    yield from (".PP", ".nf", *escaped(text).split("\n"), ".fi")
