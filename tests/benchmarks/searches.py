"""What operators type into the search, by class, and how an answer is timed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence

from invsync_tui.store.demo import generated_rows

SEED = 7
"""Of the generated store, and of what is asked of it."""
ASKED = 60


def timed(ask: Callable[[], object]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000


def p95(times: Sequence[float]) -> float:
    """The value that 95 % are not above."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def texts(dice: random.Random, products: int) -> Iterator[tuple[str, list[str]]]:
    """What is typed, by class."""
    skus = [generated_rows.sku(dice.randint(1, products), SEED) for _ in range(ASKED)]
    yield "1 character", [sku[dice.choice((0, 5, 6))] for sku in skus]
    yield "2 characters", [sku[5:7] for sku in skus]
    yield "prefix of 3 and more", [sku[: dice.randint(3, 12)] for sku in skus]
    yield "substring of 3", [sku[at : at + 3] for sku in skus for at in [dice.randint(5, 18)]]
    yield "substring of 5", [sku[at : at + 5] for sku in skus for at in [dice.randint(5, 18)]]
    yield "exact", skus
    yield "other case", [sku.lower() for sku in skus]
    yield "without dashes", [sku.replace("-", "") for sku in skus]
    yield "miss", ["".join(dice.choices("qzxjw79", k=6)) for _ in skus]
    yield (
        "words of a name",
        [f"{dice.choice(generated_rows.COLORS)} {dice.choice(generated_rows.THINGS)}" for _ in skus],
    )
    yield "hard", ["-", "0", "000", "0-0", "demo-", "-00", "demo", "tent-0", "a", "o-1"]
