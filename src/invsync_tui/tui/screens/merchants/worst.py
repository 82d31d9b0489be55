"""What is most wrong with a merchant or a cart, and where that is shown: what Enter opens."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from invsync_tui.operations.views import CartRow, MerchantRow, ProblemKind


class Opens(Enum):
    """What is opened that is neither a run nor a place of a problem."""

    MISMATCHES = auto()
    PRODUCTS = auto()


class WorstLink(NamedTuple):
    """A run by its number, the place of a problem, or one of the lists of listings."""

    run: int | None = None
    place: tuple[str, str, str] | None = None
    opens: Opens = Opens.PRODUCTS


def worst(line: MerchantRow | CartRow) -> WorstLink:
    """A held run, a failing connection, a stalled run; what is under way; mismatches; what else is wrong and has a place; of
    a merchant its newest run, of a cart its products."""
    for kind in (ProblemKind.HELD, ProblemKind.FAILING, ProblemKind.STALLED):
        for problem in line.problems:
            if problem.kind is kind and problem.place is not None:
                return WorstLink(place=problem.place)
    if line.active_run is not None:
        return WorstLink(run=line.active_run)
    if line.mismatches is not None and line.mismatches.n:
        return WorstLink(opens=Opens.MISMATCHES)
    if (place := next((problem.place for problem in line.problems if problem.place), None)) is not None:
        return WorstLink(place=place)
    return WorstLink() if isinstance(line, CartRow) else WorstLink(run=line.latest_run)
