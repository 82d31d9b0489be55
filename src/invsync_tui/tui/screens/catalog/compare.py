"""Products side by side: a row for each thing in which they may differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from invsync_tui.plain_text import counted, grouped
from invsync_tui.tui.navigation.links import Link, LinkedLines
from invsync_tui.tui.screens.base.report_screen import ReportScreen
from invsync_tui.tui.text.sanitize import clean, fit, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Tone, line

if TYPE_CHECKING:
    from invsync_tui.operations.listings.identity import ComparedProduct
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext

NAME_WIDTH, LEAST_WIDTH, GAP = 10, 22, 2
NONE = ("none",)


def _codes(candidate: ComparedProduct) -> Sequence[str]:
    return [f"{kind} {code}" for kind, code in candidate.codes] or NONE


def _levels(candidate: ComparedProduct) -> Sequence[str]:
    return [f"{warehouse} {grouped(available)}" for warehouse, available in candidate.levels] or NONE


def _listings(candidate: ComparedProduct) -> Sequence[str]:
    return [f"{cart}: {code}" for cart, code in candidate.listings] or NONE


ASPECTS: tuple[tuple[str, Callable[[ComparedProduct], Sequence[str]]], ...] = (
    ("SKU", lambda candidate: [candidate.sku]),
    ("Name", lambda candidate: [candidate.name or "none"]),
    ("Codes", _codes),
    ("Available", _levels),
    ("Listings", _listings),
)


def write(candidates: Sequence[ComparedProduct], shared: str, width: int) -> LinkedLines:
    """As many products beside each other as there is room for, the others below; then a line that leads to each."""
    rows = LinkedLines()
    rows.put(
        [
            line(row)
            for row in wrap(
                clean(f"{counted(len(candidates), 'product has', 'products have')} {shared}. An alias must name one."),
                width,
            )
        ]
    )
    beside = max(1, (width - NAME_WIDTH) // (LEAST_WIDTH + GAP))
    for start in range(0, len(candidates), beside):
        rows.put([BLANK, *_table(candidates[start : start + beside], width)])
    rows.put([BLANK])
    for candidate in candidates:
        rows.put([line(clean(f"Open {candidate.sku}"))], Link("sku", candidate.sku))
    return rows


def _table(candidates: Sequence[ComparedProduct], width: int) -> list[Line]:
    room = max(LEAST_WIDTH, (width - NAME_WIDTH) // len(candidates) - GAP)
    return [row for name, tell in ASPECTS for row in _aspect(name, [tell(candidate) for candidate in candidates], room)]


def _aspect(name: str, columns: Sequence[Sequence[str]], room: int) -> list[Line]:
    """What each product has of one thing; what they do not have in common stands out."""
    common = set.intersection(*(set(column) for column in columns)) if len(columns) > 1 else set()
    cells = [[(row, text in common) for text in column for row in wrap(clean(text), room)] for column in columns]
    lines = []
    for number, row in enumerate(zip_longest(*cells, fillvalue=("", True))):
        spans = [(fit(text, room) + " " * GAP, Tone.FAINT if same else Tone.STRONG) for text, same in row]
        lines.append(line((fit(name if number == 0 else "", NAME_WIDTH), Tone.FAINT), *spans))
    return lines


class CompareScreen(ReportScreen[tuple["ComparedProduct", ...]]):
    """Enter on a line below the table opens that product."""

    def __init__(self, context: AppContext, shared: str, product_ids: Sequence[int]) -> None:
        self._shared = shared
        self._products = tuple(product_ids)
        super().__init__(context)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", "Aliases", self._shared, "Side by side"

    def question(self, session: Session) -> tuple[ComparedProduct, ...]:
        from invsync_tui.operations.listings import identity

        return identity.side_by_side(session, self._products)

    def verdict(self, answer: tuple[ComparedProduct, ...]) -> Line:
        return line((f"{counted(len(answer), 'product')}", Tone.WARN))

    def write(self, answer: tuple[ComparedProduct, ...], width: int) -> Sequence[Line]:
        return write(answer, self._shared, width)
