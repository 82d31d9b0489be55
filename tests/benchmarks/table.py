"""A figure with its budget, and the table of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A measured value and the most that it may be."""

    name: str
    value: float
    unit: str
    budget: float | None
    note: str = ""

    @property
    def ok(self) -> bool:
        return self.budget is None or self.value <= self.budget


def show(figures: Iterable[Figure]) -> bool:
    """Print the table; True if every figure is within its budget."""
    rows = list(figures)
    width = max(len(figure.name) for figure in rows)
    for figure in rows:
        verdict = "ok  " if figure.ok else "OVER"
        budget = f"<= {figure.budget:g}" if figure.budget is not None else "-"
        print(f"{verdict}  {figure.name:<{width}}  {figure.value:>10.2f} {figure.unit:<6} {budget:>8}   {figure.note}")
    return all(figure.ok for figure in rows)
