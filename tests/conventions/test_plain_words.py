"""Texts of the program and of all pages keep to the words of the glossary: rejected phrases stay out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "invsync_tui"
PAGES = (*(page for page in ROOT.glob("*.md") if page.name != "CHANGELOG.md"), *(ROOT / "docs").rglob("*.md"))
"""The changelog names what was renamed."""

REJECTED = {
    "what waits": "what is pending",
    r"anew": "again, or recalculated",
    r"cancell(?:ed|ing)": "canceled",
    r"catalogues?": "catalog",
    r"colou?rs?(?<!color)(?<!colors)": "color",
    r"told": "reported",
    r"look(?:s|ed|ing)? at again|look again|looked at": "checked",
    r"go(?:es|ing)? on(?! top)": "continues",
    "alive": "running",
    "sorrows|manners|radar|hearing": "a plain word",
    "thaw(?:s|ed)?": "unfreeze",
    "heal(?:s|ed)?": "correct",
    "nothing was ordered|(?:give|gave|an operator's) orders?": "change, action",
    "by a breaker|the breaker": "held for review",
    "comes close": "similar",
    "sells? out|sold out at": "to zero",
    "sign of life": "responding",
    "let go": "release, remove",
    "BREAKER_TRIPPED": "HELD_FOR_REVIEW",
    "taken as(?! they)|remote ids?": "matched as, cart listing ID",
    "mend(?:s|ed|ing)?": "fix, correct",
    r"read back(?! from)": "read from the cart",
    "go(?:es|ing)? to zero|sets? to zero": "go to 0",
    "complete (?:loads?|downloads?)": "full download",
    "fulfils?": "fulfills",
    "rivals?": "candidates",
    "sheets of text|follows by itself|lead somewhere": "a plain name",
    "after an order|an order of an operator|`message` of an order": "a change",
    "(?:is|was|are|were) thrown away|throw away": "discarded",
    "readings may be|longest wait|complete download": "the label of the setting",
    r"secret \(a reference\)|share in percent|how it is called": "the label of the setting",
    "a jump:|(?:more|percent that) jump|lost more percent|(?:more are|percent) set to 0": "the label of the limit",
    "0 to 0|missing since no|rate budget": "0 go to 0, Missing from WMS: no, API rate limit",
    "lines that have a text|keys of the screen you came from": "filter by text, keys for this screen",
    "every step went well|cancel the run": "all steps passed, stop run",
}
"""Regular expressions of words and phrases that no text has, with what is said instead."""

ALLOWED = {
    "orders/cancelled": "Shopify's name of a webhook topic",
    "`radar` in the store": "the glossary names stored codes",
    'run.state in ("running", "cancelling")': "a line of code that was changed to see whether a test fails",
    '"rivals"': "a deprecated field of a document",
}
"""Texts that have such a word all the same: the literal or line, or a part of it, with the reason."""

CODES = frozenset(
    {
        "cancelled",
        "cancelling",
        "radar",
        "radar set",
        "thaw",
        "heal",
        "look again",
        "told",
        "CANCELLED",
        "Cancelled",
        "BREAKER_TRIPPED",
        "rivals",
    }
)
"""Literals that are codes as a whole: states and actions as the store has them, states of carts, and groups of patterns.
`rules.words` and `operations.audit.audit_text` have what is shown in their place."""

SQL = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b|\bWHERE\b|\bstate IN \(|^[('][a-z', ]+[')]$|\?P<")
"""Queries and parts of them, and regular expressions."""


def _docstrings(tree: ast.Module) -> set[int]:
    """The ids of nodes that are docstrings, also those behind an attribute: nobody is shown them."""
    texts = set()
    for node in ast.walk(tree):
        for _, body in ast.iter_fields(node):
            for statement in body if isinstance(body, list) else ():
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    texts.add(id(statement.value))
    return texts


@cache
def _literals() -> tuple[tuple[str, str], ...]:
    """(file and line, text) of all string literals of the program."""
    rows = []
    for path in sorted(SOURCES.rglob("*.py")):
        tree = ast.parse(path.read_text())
        silent = _docstrings(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
                if node.value in CODES or SQL.match(node.value) or SQL.search(node.value):
                    continue
                rows.append((f"{path.relative_to(ROOT)}:{node.lineno}", node.value))
    return tuple(rows)


@cache
def _lines() -> tuple[tuple[str, str], ...]:
    """(file and line, text) of the written and the generated pages."""
    return tuple(
        (f"{path.relative_to(ROOT)}:{number}", line)
        for path in sorted((*PAGES, *(ROOT / "docs").rglob("*.1"), *SOURCES.rglob("*.json")))
        for number, line in enumerate(path.read_text().splitlines(), 1)
    )


def _with(phrase: str) -> Iterator[tuple[str, str]]:
    pattern = re.compile(rf"(?<![\w.-])(?:{phrase})(?![\w-])", re.IGNORECASE)
    return ((where, text) for where, text in (*_literals(), *_lines()) if pattern.search(text))


@pytest.mark.parametrize(("phrase", "instead"), REJECTED.items())
def test_no_text_has_a_rejected_phrase(phrase: str, instead: str) -> None:
    lines = [
        f"{where}: {text.strip()[:160]}"
        for where, text in _with(phrase)
        if not any(allowed in text for allowed in ALLOWED)
    ]
    assert not lines, f"say {instead}:\n" + "\n".join(lines)


@pytest.mark.parametrize("allowed", ALLOWED)
def test_what_is_allowed_is_still_there(allowed: str) -> None:
    assert any(allowed in text for phrase in REJECTED for _, text in _with(phrase)), f"{allowed!r} can go from ALLOWED"
