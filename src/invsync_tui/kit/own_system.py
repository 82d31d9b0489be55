"""Checks of a connector against the system that somebody works with: reading only, and on request one listing of a cart.

They bear the numbers of the suite, see `checks`, and are those of it that need no fault and no second hand on the system. They
read a bounded part of it. Nothing is asked that could lock an account, and no quantity is ever set higher than it was.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from invsync_tui.connectors.base import ListingRow, Pending, PushItem, QuantityBasis, RowAnswer, Submitted
from invsync_tui.connectors.errors import ConnectorError
from invsync_tui.kit.source_checks import off_by_hours
from invsync_tui.plain_text import counted

ROWS = 1000
"""Rows of a list that are read."""
PAGES = 20
"""Pages of a list that are read at most, however few rows they have."""
SOME = 20
"""Listings that are read by their references."""
LATER = 120.0
"""Seconds that a cart which applies later is waited for."""


class Finding(NamedTuple):
    """How a check ended: passed, failed or skipped. `why` says what was seen, or what is wrong."""

    number: int
    title: str
    ended: str
    why: str


class OwnCheck(NamedTuple):
    """`run` gets the open connector and returns what it saw. AssertionError: wrong; NotImplementedError: does not apply."""

    number: int
    title: str
    run: Callable[[Any], Awaitable[str]]


async def _some(first: Callable[[str | None], Awaitable[Any]]) -> tuple[list[Any], list[tuple[str, str]], bool]:
    """(rows, rejected, whether that was all) of the first pages of a list."""
    rows: list[Any] = []
    rejected: list[tuple[str, str]] = []
    cursor = None
    for _ in range(PAGES):
        page = await first(cursor)
        rows += page.rows
        rejected += page.rejected
        cursor = page.next_cursor
        if cursor is None or len(rows) >= ROWS:
            break
    return rows, rejected, cursor is None


def _list_of(connector: Any) -> Callable[[str | None], Awaitable[Any]]:
    page_of: Callable[[str | None], Awaitable[Any]] = (
        connector.products_page if hasattr(connector, "products_page") else connector.listings_page
    )
    return page_of


def _keys(rows: Sequence[Any]) -> list[tuple[str, str]]:
    return [(getattr(row, "location", ""), row.ref) for row in rows]


async def pages(connector: Any) -> str:
    """Pages of two sizes give the same rows, and none twice."""
    whole = connector.capabilities
    rows, rejected, complete = await _some(_list_of(connector))
    keys = _keys(rows)
    assert len(set(keys)) == len(keys), "a record came twice"
    assert rows or complete, f"{PAGES} pages in a row have no row"
    size = max(1, min(whole.page_size, len(rows)) // 3)
    connector.capabilities = replace(whole, page_size=size)
    try:
        smaller, _, _ = await _some(_list_of(connector))
    finally:
        connector.capabilities = whole
    both = min(len(keys), len(smaller))
    differ = set(keys[:both]) ^ set(_keys(smaller)[:both])
    assert len(differ) <= both // 100, (
        f"{len(differ)} of {both} records differ with pages of {size}: {sorted(differ)[:3]}"
    )
    bad = (
        f"; {counted(len(rejected), 'record')} cannot be read, such as {rejected[0][0]}: {rejected[0][1]}"
        if rejected
        else ""
    )
    return f"{counted(len(rows), 'record')}{'' if complete else ' of more'}, with pages of {whole.page_size} and {size}{bad}"


async def level_warehouses(source: Any) -> str:
    """Every level is of the warehouse that was asked for, and of a product once."""
    sites = []
    for warehouse in [row for row in await source.warehouses() if row.active][:5]:
        rows, rejected, complete = await _some(partial(source.levels_page, warehouse))
        others = {row.warehouse_ref for row in rows} - {warehouse.ref}
        assert not others, f"levels of {warehouse.code} name {sorted(others)}"
        assert len({row.product_ref for row in rows}) == len(rows), f"a product came twice in {warehouse.code}"
        bad = f", {len(rejected)} unreadable" if rejected else ""
        sites.append(f"{warehouse.code}: {counted(len(rows), 'level')}{'' if complete else ' of more'}{bad}")
    assert sites, "it reports no warehouse that is active"
    return "; ".join(sites)


async def delta(source: Any) -> str:
    """A delta from now on can be read to its end."""
    if not source.capabilities.delta:
        raise NotImplementedError("it has no deltas")
    mark = await source.mark()
    assert mark, "it has deltas and gives no mark"
    rows, rejected, _ = await _some(lambda cursor: source.changed_page(mark, cursor))
    return f"{counted(len(rows) + len(rejected), 'level')} since {mark}"


async def reading_times(source: Any) -> str:
    """Reading times are in epoch seconds and not later than now."""
    if not source.capabilities.reports_reading_time:
        raise NotImplementedError("it gives no reading times")
    times: list[int] = []
    for warehouse in [row for row in await source.warehouses() if row.active][:1]:
        rows, _, _ = await _some(partial(source.levels_page, warehouse))
        times = [row.read_at for row in rows if row.read_at is not None]
    if not times:
        raise NotImplementedError("no level that was read has one")
    ahead = max(times) - time.time()
    assert ahead < 600, f"a reading is {ahead:.0f} seconds ahead of now{off_by_hours(ahead)}"
    assert min(times) > 946_684_800, f"a reading is dated {min(times)}, before the year 2000"
    return f"the newest is {max(0.0, -ahead):.0f} seconds old"


async def read_again(cart: Any) -> str:
    """Listings that are read by their references are those of the list; one that nobody has is left out."""
    rows, _, _ = await _some(cart.listings_page)
    some = [row for row in rows if not row.location][:SOME]
    if not some:
        raise NotImplementedError("it has no listing")
    again = {row.ref: row for row in await cart.read([row.ref for row in some])}
    lost = [row.ref for row in some if row.ref not in again]
    assert not lost, f"read leaves out {lost[:3]}, which the list has"
    codes = [row.ref for row in some if again[row.ref].sku != row.sku and again[row.ref].skip is None]
    assert not codes, f"read and the list give different codes for {codes[:3]}"
    moved = [row.ref for row in some if again[row.ref].quantity != row.quantity]
    assert len(moved) <= len(some) // 4, f"read and the list give different quantities for {len(moved)} of {len(some)}"
    return f"{counted(len(some), 'listing')}, {len(moved)} of them changed meanwhile"


async def bodies(cart: Any) -> str:
    """Equal items make equal bodies, and a quantity below zero none. Nothing is sent."""
    rows, _, _ = await _some(cart.listings_page)
    refs = [row.ref for row in rows if row.skip is None and not row.location][:2]
    if not refs:
        raise NotImplementedError("it has no listing that can be set")
    items = [PushItem(ref, 5, 1) for ref in refs[:1]]
    key = uuid.uuid4().hex
    assert cart.compose(key, items) == cart.compose(key, list(items)), "equal items make different bodies"
    try:
        cart.compose(key, [PushItem(refs[0], -1)])
    except (ValueError, ConnectorError):
        return "composed, not sent"
    raise AssertionError("a negative quantity is composed")


async def basis(cart: Any) -> str:
    """What is allocated is told by carts that subtract it, and is not by others."""
    rows, _, _ = await _some(cart.listings_page)
    held = sum(row.allocated for row in rows)
    assert all(row.allocated >= 0 for row in rows), "an allocation is below zero"
    if cart.capabilities.quantity_basis is QuantityBasis.AVAILABLE:
        assert held == 0, f"it stores what is available and reports {held} allocated"
    skipped = sum(row.skip is not None for row in rows)
    of_all = f"{skipped} of {counted(len(rows), 'listing')} cannot be set"
    return f"{cart.capabilities.quantity_basis.value}, {held} allocated, {of_all}"


SOURCE_CHECKS = (
    OwnCheck(1, "pages of two sizes give the same records", pages),
    OwnCheck(8, "a delta can be read from its mark", delta),
    OwnCheck(9, "reading times are epoch seconds of UTC", reading_times),
    OwnCheck(40, "every level names a warehouse that is reported", level_warehouses),
)
CART_CHECKS = (
    OwnCheck(1, "pages of two sizes give the same records", pages),
    OwnCheck(12, "bodies are pure, and negative ones are refused", bodies),
    OwnCheck(41, "allocations are reported where they are subtracted", basis),
    OwnCheck(45, "some listings are read as they are now", read_again),
)


async def reading(make: Callable[[], Any], secrets: Sequence[str]) -> AsyncIterator[Finding]:
    """The checks that only read, as each ends. `make` gives a new connector; `secrets` may appear in no text of it."""
    tested, texts = await _connection_test(make)
    yield tested
    if tested.ended != "passed":
        return
    connector = make()
    try:
        await connector.open()
        for check in SOURCE_CHECKS if hasattr(connector, "products_page") else CART_CHECKS:
            finding = await _run(check.number, check.title, lambda run=check.run: run(connector))  # type: ignore[misc]
            texts.append(finding.why)
            yield finding
    finally:
        await connector.close()
    leaked = any(secret and secret in text for secret in secrets for text in texts)
    yield Finding(27, "no secret is in an error or a step", "failed" if leaked else "passed",
                  "a secret is shown" if leaked else "")  # fmt: skip


async def _connection_test(make: Callable[[], Any]) -> tuple[Finding, list[str]]:
    connector = make()
    try:
        steps = [step async for step in connector.check()]
    finally:
        await connector.close()
    good = bool(steps) and all(step.ok for step in steps)
    why = (
        f"{counted(len(steps), 'step')}"
        if good
        else f"{steps[-1].name}: {steps[-1].detail} {steps[-1].advice}"
        if steps
        else "no step"
    )
    finding = Finding(31, "the connection test goes through all its steps", "passed" if good else "failed", why.strip())
    return finding, [f"{step.name} {step.detail} {step.advice}" for step in steps]


async def _run(number: int, title: str, work: Callable[[], Awaitable[str]]) -> Finding:
    try:
        return Finding(number, title, "passed", await work())
    except NotImplementedError as reason:
        return Finding(number, title, "skipped", str(reason))
    except AssertionError as wrong:
        return Finding(number, title, "failed", str(wrong).partition("\n")[0])
    except ConnectorError as error:
        return Finding(number, title, "failed", f"{error.what} {error.advice}".strip())


# --- one listing -------------------------------------------------------------------------------------------------------


class Trial(NamedTuple):
    """What became of the one listing that was written to, in the cart's own basis. `remaining`: what it shows now."""

    findings: tuple[Finding, ...]
    before: int | None
    wrote: int | None
    remaining: int | None


async def one_listing(cart: Any, ref: str) -> Trial:
    """Set a listing to one less than it shows, look, and put its quantity back. 0 is only set to 0 again.

    What was sold meanwhile is not sold again: then what it shows is raised by the one that was taken. The cart is open.
    """
    title = "an answer says what is shown, and the quantity is put back"
    row = await _listing(cart, ref)
    before = row.quantity if row is not None and row.skip is None else None
    if before is None:
        why = "there is no such listing" if row is None else f"it cannot be set: {row.skip or 'it shows no quantity'}"
        return Trial((Finding(13, title, "skipped", why),), None, None, row.quantity if row else None)
    others = await _others(cart, ref)
    wrote = max(0, before - 1)
    try:
        first = await _run(13, title, lambda: _set(cart, ref, wrote, before))
    finally:
        remaining = await _put_back(cart, ref, before, wrote)
    if remaining != before and first.ended == "passed":
        first = first._replace(ended="failed", why=f"it shows {remaining} and showed {before}: set it in the shop")
    elif wrote == before:
        first = first._replace(why=f"{first.why}; it showed 0, so that a change could not be seen")
    return Trial((first, await _untouched(cart, others)), before, wrote, remaining)


async def _listing(cart: Any, ref: str) -> ListingRow | None:
    rows: Sequence[ListingRow] = await cart.read([ref])
    return next((row for row in rows if row.ref == ref and not row.location), None)


async def _set(cart: Any, ref: str, quantity: int, before: int) -> str:
    answers = await _sent(cart, ref, quantity, before)
    answer = next((answer for answer in answers if answer.ref == ref), None)
    assert answer is not None, "the answer does not name the listing"
    assert answer.error is None and answer.reason is None, f"a good row is refused: {answer.error or answer.reason}"
    if cart.capabilities.returns_quantity:
        assert answer.quantity == quantity, f"the answer says {answer.quantity}, {quantity} was sent"
    row = await _listing(cart, ref)
    displayed = row.quantity if row else None
    assert displayed == quantity, f"it shows {displayed} after {quantity} was sent"
    return f"{before} was set to {quantity}, and back"


async def _sent(cart: Any, ref: str, quantity: int, before: int | None) -> Sequence[RowAnswer]:
    key = uuid.uuid4().hex
    answer = await cart.send(key, cart.compose(key, [PushItem(ref, quantity, before)]))
    if not isinstance(answer, Submitted):
        rows: Sequence[RowAnswer] = answer
        return rows
    end = time.monotonic() + LATER
    while time.monotonic() < end:
        rows = await cart.outcome(answer.ticket)
        if not isinstance(rows, Pending):
            return rows
        await asyncio.sleep(2.0)
    raise AssertionError(f"it did not say within {LATER:.0f} seconds what became of it")


async def _put_back(cart: Any, ref: str, before: int, wrote: int) -> int | None:
    """What it shows at the end; tried again where something went wrong on the way."""
    for _ in range(3):
        try:
            row = await _listing(cart, ref)
            displayed = row.quantity if row else None
            if displayed is None or before in {displayed, wrote}:
                return displayed
            await _sent(cart, ref, before if displayed == wrote else displayed + before - wrote, displayed)
            row = await _listing(cart, ref)
            return row.quantity if row else None
        except (ConnectorError, AssertionError):
            await asyncio.sleep(1.0)
    return None


async def _others(cart: Any, ref: str) -> dict[str, int | None]:
    rows, _, _ = await _some(cart.listings_page)
    refs = [row.ref for row in rows if row.ref != ref and not row.location][:SOME]
    return {row.ref: row.quantity for row in await cart.read(refs)} if refs else {}


async def _untouched(cart: Any, before: dict[str, int | None]) -> Finding:
    title = "what was not to be changed stays as it is"
    if not before:
        return Finding(20, title, "skipped", "it has no other listing")
    now = {row.ref: row.quantity for row in await cart.read(list(before))}
    changed = [ref for ref, quantity in before.items() if now.get(ref) != quantity]
    sold = len(changed) <= max(1, len(before) // 10)
    why = f"{counted(len(before), 'other listing')}, {len(changed)} of them changed meanwhile"
    return Finding(20, title, "passed" if sold else "failed", why)
