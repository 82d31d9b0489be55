"""Whatever command the program names in a text is one that it understands: hints can be pasted."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import invsync_tui
from invsync_tui.cli.parser import UsageError
from tests.support.repository import reference_pages

PACKAGE = Path(invsync_tui.__file__).parent
VALUE = "7"
"""Stands for what is put in when the text is made: as a number it is a run, and a name as well as any."""
SAID = re.compile(r"(?<![\w/.:@-])invsync (?=[a-z])([^`\n]*)")
END = re.compile(
    r"\s{2,}|[.;,:)](?=\s|$)|\)[.;,]| \(|\)$| \||\\| > | && | (?:or|and|shows|lists|says|then|is|are|was|with its)\b"
)
PROSE = frozenset(["can", "ended", "calls", "finds", "for", "has", "on", "sends", "settings", "to", "under", "was"])
"""Where one of these follows, it is a sentence about the program."""


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of every literal that is not a docstring; what is put in later is `VALUE`."""
    inner: set[int] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            inner |= {id(statement.value) for statement in body if isinstance(statement, ast.Expr)}
        if isinstance(node, ast.JoinedStr):
            inner |= {id(part) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in inner:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, re.sub(r"\{\w*\}", VALUE, node.value)
        elif isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else VALUE for part in node.values)
            yield node.lineno, "".join(map(str, parts))


def commands(text: str) -> Iterator[list[str]]:
    """The words of every command that a text names, without the program's name, and with whatever prose follows it."""
    for match in SAID.finditer(text):
        line = match[1]
        words = END.split(re.sub(r'"[^"]*"', VALUE, line).replace(" [", " ").replace("]", ""), maxsplit=1)[0]
        try:
            yield shlex.split(words)
        except ValueError:
            yield words.replace('"', "").replace("'", "").split()


def parses(words: list[str]) -> bool:
    try:
        reference_pages.command_line().parse_args(words)
    except UsageError:
        return False
    except SystemExit:  # --help
        return True
    return True


def is_understood(words: list[str]) -> bool:
    """Whether some beginning of the words parses that has all options in it: what follows may be prose."""
    known = reference_pages.subcommands(reference_pages.command_line())
    if not words or words[0].removesuffix(VALUE) not in known:
        return False
    options = [at for at, word in enumerate(words) if word.startswith("-")]
    for end in range(len(words), max([0, *options]), -1):
        tried = [VALUE if word.isupper() and "-" not in word else word for word in words[:end]]
        unglued = [*tried[:-1], tried[-1].removesuffix(VALUE) or VALUE]  # what is put in may begin with a space
        if any(parses(line) for line in (tried, [*tried, VALUE], unglued)):
            return True
    return False


def named() -> Iterator[tuple[str, list[str]]]:
    """Every command that the program names: where, and its words."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for line, text in texts(ast.parse(path.read_text("utf-8"))):
            place = f"{path.relative_to(PACKAGE)}:{line}"
            yield from ((place, words) for words in commands(text) if words and words[0] not in PROSE)


def test_every_command_in_a_text_of_the_program_is_understood(capsys: pytest.CaptureFixture[str]) -> None:
    every = list(named())
    assert len(every) > 150
    assert [(place, shlex.join(words)) for place, words in every if not is_understood(words)] == []


@pytest.mark.parametrize(
    "text",
    [
        "See: invsync lits MERCHANT",
        "invsync carts set Shop --minimun 0",
        "invsync release 5 --reason-for TEXT",
        "invsync connections tst --cart Shop",
        "invsync carts --no-such",
    ],
)
def test_a_wrong_one_is_seen(text: str) -> None:
    assert [is_understood(words) for words in commands(text)] == [False]
