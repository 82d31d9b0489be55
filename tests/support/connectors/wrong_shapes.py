"""Answers with one value replaced by one of a wrong shape."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

OTHERS = [None, True, -1, 10**30, 1.5, "", "x" * 50, [], {}, [[]], {"a": None}, "\ud83d", float("1e308")]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        yield value, key
        yield from _places(inner)


def mutated(value: Any, dice: random.Random) -> Any:
    """A copy with one value replaced or taken away."""
    shapes = {"top": copy.deepcopy(value)}
    holder, key = dice.choice(list(_places(shapes)))
    if dice.random() < 0.3 and isinstance(holder, dict) and len(shapes) > 0 and holder is not shapes:
        del holder[key]
    else:
        holder[key] = copy.deepcopy(dice.choice(OTHERS))
    return shapes["top"]
