"""What a connector does when a person asks for it, and never by itself: fixes of listings in the shop, and previews.

`About.fixes` and `About.previews` declare them in words; the connector has the methods here. What a fix would do is found
out by reading the listings, and so is what it did: the shop's word alone is not believed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

from invsync_tui.connectors.about import Fix
from invsync_tui.connectors.base import ListingRow
from invsync_tui.connectors.errors import ConnectorError
from invsync_tui.connectors.reading import read_in_steps
from invsync_tui.rules.outcomes import REASONS, Reason

GONE = "the cart no longer has this listing"
STILL = "the cart took the change, and the listing is as it was"


class FixAnswer(NamedTuple):
    """What the shop said of one listing. `error` '' where it took the change."""

    ref: str
    error: str = ""
    now: str = ""
    """Its reference from now on, where the change gives it another one."""


@runtime_checkable
class Fixes(Protocol):
    """A cart with `About.fixes`."""

    async def fix(self, name: str, refs: Sequence[str]) -> Sequence[FixAnswer]:
        """Change these listings, which `plan` found to need it; one row for each, in any order. A ConnectorError says that
        nothing is known of those that are left. Doing it twice does no harm."""
        ...


@runtime_checkable
class RefusesFixes(Protocol):
    """A cart that knows beforehand which listings it cannot change."""

    async def unfixable(self, name: str, refs: Sequence[str]) -> Mapping[str, str]:
        """By reference, why the fix cannot be made; what is not in it can. Changes nothing."""
        ...


@runtime_checkable
class Previews(Protocol):
    """A connector with `About.previews`."""

    async def preview(self, name: str) -> Sequence[str]:
        """Lines for a person. Changes nothing, and `open` was not called: it looks as far as it can."""
        ...


@dataclass(frozen=True, slots=True)
class FixRow:
    """One listing before or after a fix: `why_not` '' where it can be made, or was made."""

    ref: str
    row: ListingRow | None
    """What the cart shows of it, before or after."""
    why_not: str = ""


def needs(row: ListingRow, reason: Reason) -> bool:
    """Whether a listing shows what the reason says."""
    if reason is Reason.CART_NOT_TRACKING:
        return row.tracked is False and row.skip in (None, reason)
    return row.skip == reason


def fix_called(fixes: Sequence[Fix], name: str) -> Fix | None:
    """The declared fix of that name."""
    return next((fix for fix in fixes if fix.name == name), None)


async def plan(cart: Any, fix: Fix, refs: Sequence[str]) -> list[FixRow]:
    """What the fix would do to each of some listings of an open cart, in their order. Changes nothing."""
    row_by_ref = await _read(cart, refs)
    rows = [_planned(fix, ref, row_by_ref.get(ref)) for ref in refs]
    doable = [row.ref for row in rows if not row.why_not]
    if not doable or not isinstance(cart, RefusesFixes):
        return rows
    refused = await cart.unfixable(fix.name, doable)
    return [FixRow(row.ref, row.row, row.why_not or refused.get(row.ref, "")) for row in rows]


def _planned(fix: Fix, ref: str, row: ListingRow | None) -> FixRow:
    if row is None:
        return FixRow(ref, None, GONE)
    if row.skip is Reason.BAD_ROW:
        return FixRow(ref, row, f"it cannot be read: {row.name}")
    if needs(row, fix.reason):
        return FixRow(ref, row)
    if row.skip is not None and row.skip is not fix.reason:
        return FixRow(ref, row, f"another reason comes first: {REASONS[row.skip].text}")
    return FixRow(ref, row, "it does not need it any more")


async def apply(cart: Any, fix: Fix, refs: Sequence[str]) -> tuple[list[FixRow], set[str]]:
    """Make the fix for those of some listings that need it. Each with what the cart shows afterwards, and the references
    that changed. A cart that fails on the way is told with each listing that is not as it should be."""
    planned = await plan(cart, fix, refs)
    doable = [row.ref for row in planned if not row.why_not]
    answers: dict[str, FixAnswer] = {}
    failure = ""
    try:
        answers = {answer.ref: answer for answer in (await cart.fix(fix.name, doable) if doable else ())}
    except ConnectorError as error:
        failure = str(error)
    now = {ref: (answers[ref].now if ref in answers else "") or ref for ref in doable}
    try:
        row_by_ref = await _read(cart, list(now.values()))
    except ConnectorError as error:
        failure = failure or f"not verified: {error}"
        row_by_ref = {}
    rows = {ref: _fix_row(fix, ref, answers.get(ref), row_by_ref.get(now[ref]), failure) for ref in doable}
    return [rows.get(row.ref, row) for row in planned], {ref for ref in doable if now[ref] != ref}


def _fix_row(fix: Fix, ref: str, answer: FixAnswer | None, row: ListingRow | None, failure: str) -> FixRow:
    """Judged by what the listing shows; what the cart said explains it where that is not enough."""
    if row is not None and not needs(row, fix.reason) and row.skip is not Reason.BAD_ROW:
        return FixRow(ref, row)
    error_text = answer.error if answer is not None else ""
    return FixRow(ref, row, error_text or failure or (GONE if row is None else STILL))


async def _read(cart: Any, refs: Sequence[str]) -> dict[str, ListingRow]:
    return {row.ref: row for row in await read_in_steps(cart, refs)}
