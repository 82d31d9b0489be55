"""Words in the schemas of JSON documents are those that the program has: a new one is missing in none of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.operations.views import Action, Decision, PhaseState, RunState

SCHEMAS = Path(__file__).parents[2] / "src" / "invsync_tui" / "cli" / "schemas"
WORDS: tuple[type[StrEnum], ...] = (Action, RunState, Decision, PhaseState)


def enums(schema: Any) -> Iterator[set[str]]:
    if isinstance(schema, dict):
        if isinstance(schema.get("enum"), list):
            yield {word for word in schema["enum"] if isinstance(word, str)}
        for part in schema.values():
            yield from enums(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from enums(part)


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_a_list_of_words_is_complete(path: Path) -> None:
    lacking = []
    for words in enums(json.loads(path.read_text("utf-8"))):
        for kind in WORDS:
            all_of_it = {word.value for word in kind}
            # Three words in common, or all but one, and it is about this.
            if len(words & all_of_it) >= max(2, len(all_of_it) - 2) and not words - all_of_it and words != all_of_it:
                lacking.append((kind.__name__, sorted(all_of_it - words)))
    assert lacking == []
