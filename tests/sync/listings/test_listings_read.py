"""Reading a cart's listings: remade ones, deleted pages, and records that cannot be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors.base import ListingRow, Page
from invsync_tui.connectors.carts import sandbox as sandbox_carts
from invsync_tui.sync import chunked_writes
from invsync_tui.sync.listings.read_listings import ListingsReader
from invsync_tui.sync.runs.run_context import RunContext
from tests.support.runs.sandbox_world import SHOP, Town, town


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Town]:
    """A town whose cart is read by deltas with every push, and shows what the WMS has."""
    with town(tmp_path) as our_town:
        our_town.bench.set_cart(our_town.cart_id, observe_every=0)
        assert (await our_town.bench.pull()).state == "done"
        assert (await our_town.bench.push(our_town.cart_id)).state == "done"
        yield our_town


def _first(our_town: Town) -> dict[str, Any]:
    return min(our_town.cart.dump()[SHOP], key=lambda one: one["ref"])


def _add(our_town: Town, ref: str, sku: str, quantity: int = 0) -> None:
    our_town.cart.control(
        "add", {"shop": SHOP, "listing": {"ref": ref, "sku": sku, "name": "made again", "quantity": quantity}}
    )


async def test_a_listing_that_was_made_again_gets_its_number_with_the_next_push(watched: Town) -> None:
    # given
    old = _first(watched)
    watched.cart.control("remove", {"shop": SHOP, "refs": [old["ref"]]})
    _add(watched, "N1", old["sku"], 99)
    # when
    run = await watched.bench.push(watched.cart_id)
    # then
    assert run.state == "done"
    assert watched.cart.quantities(SHOP, "ref")["N1"] == old["quantity"]
    assert "DUPLICATE_IN_CART" not in watched.bench.reasons(run)


async def test_a_true_duplicate_stays_one_and_is_never_written(watched: Town) -> None:
    old = _first(watched)
    _add(watched, "N1", old["sku"], 99)
    run = await watched.bench.push(watched.cart_id)
    assert watched.cart.quantities(SHOP, "ref")["N1"] == 99
    assert watched.bench.reasons(run)["DUPLICATE_IN_CART"] == 2
    # and when one of them is deleted
    watched.cart.control("remove", {"shop": SHOP, "refs": [old["ref"]]})
    watched.cart.edit("N1", SHOP, name="the only one")
    await watched.bench.push(watched.cart_id)
    # then
    assert watched.cart.quantities(SHOP, "ref")["N1"] == old["quantity"]


async def test_listings_deleted_between_pages_hide_no_others_of_a_cart_that_counts_its_pages(
    watched: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a cart whose cursor is a number, and more than a page deleted after its first page was read
    alive = [f"L{n}" for n in range(40)]

    async def page(_: Any, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
        start = int(cursor or 0)
        if start == 10 and len(alive) == 40:
            del alive[:15]
        rows = [ListingRow(ref, f"S{ref}", quantity=1) for ref in alive[start : start + 10]]
        following = start + 10 if start + 10 < len(alive) else None
        return Page(rows, None if following is None else str(following), len(alive))

    capabilities = sandbox_carts._capabilities
    monkeypatch.setattr(sandbox_carts, "_capabilities", lambda options: _counting(capabilities(options)))
    monkeypatch.setattr(sandbox_carts.SandboxCart, "listings_page", page)
    # when
    run = await watched.bench.push(watched.cart_id, full=True)
    # then
    present = {row[0] for row in watched.bench.store.read("SELECT ref FROM our_listing WHERE gone_at IS NULL")}
    assert run.state == "done"
    assert present == set(alive)


@pytest.mark.parametrize("moves", [True, False])
async def test_listings_that_move_between_pages_leave_none_for_gone(
    watched: Town, monkeypatch: pytest.MonkeyPatch, moves: bool
) -> None:
    """shopware/shopware#7465, medusajs/medusa#12818, bb-Ricardo/netbox-sync#543: equal times in another order on each page, one
    listing twice and another not at all, and nobody says how many there are."""
    await watched.bench.push(watched.cart_id)
    rows = [ListingRow(row["ref"], row["sku"], quantity=row["quantity"]) for row in watched.cart.dump()[SHOP]]
    last = rows[-1].ref

    async def page(_: Any, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
        start = int(cursor or 0)
        listed = [rows[-1], *rows[:-1]] if moves and start else rows if moves else rows[:-1]
        following = start + 10 if start + 10 < len(listed) else None
        return Page(listed[start : start + 10], None if following is None else str(following))

    capabilities = sandbox_carts._capabilities
    monkeypatch.setattr(sandbox_carts, "_capabilities", lambda options: _counting(capabilities(options)))
    monkeypatch.setattr(sandbox_carts.SandboxCart, "listings_page", page)
    run = await watched.bench.push(watched.cart_id, full=True)
    gone = [row[0] for row in watched.bench.store.read("SELECT ref FROM our_listing WHERE gone_at IS NOT NULL")]
    assert (run.state, gone) == ("done", [] if moves else [last])
    assert any("came on two pages" in text for text in watched.bench.events(run.id)) == moves


def _counting(capabilities: Any) -> Any:
    from dataclasses import replace

    return replace(capabilities, stable_pages=False)


async def test_a_page_that_is_written_in_pieces_of_any_size_is_written_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given pages that are larger than a piece, and a pace that changes with every piece
    monkeypatch.setattr(chunked_writes, "FIRST", 3)
    with town(tmp_path, products=60) as our_town:
        # when
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        # then
        assert sorted(our_town.bench.listings(our_town.cart_id)) == sorted(our_town.shown())
        assert len(our_town.bench.listings(our_town.cart_id)) == 60


async def test_a_row_that_comes_twice_does_not_make_up_for_one_that_did_not_come(
    watched: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def page(_: Any, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
        return Page([ListingRow("A", "A"), ListingRow("B", "B"), ListingRow("A", "A")], None, 3)

    monkeypatch.setattr(sandbox_carts.SandboxCart, "listings_page", page)
    run = await watched.bench.push(watched.cart_id, full=True)
    assert run.state == "failed"
    assert "not complete" in run.error
    assert watched.bench.one("SELECT count(*) FROM our_listing WHERE gone_at IS NOT NULL") == 0


@pytest.mark.parametrize("total", [2**63, 2**63 - 1, -1, 1.5, "3", True, float("nan")], ids=repr)
async def test_an_absurd_total_stops_nothing(watched: Town, monkeypatch: pytest.MonkeyPatch, total: Any) -> None:
    read = sandbox_carts.SandboxCart.listings_page

    async def page(self: Any, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
        page = await read(self, cursor, since)
        return Page(page.rows, page.next_cursor, total, page.rejected)

    monkeypatch.setattr(sandbox_carts.SandboxCart, "listings_page", page)
    assert (await watched.bench.push(watched.cart_id, full=True)).state == "done"


@pytest.mark.parametrize("field", ["quantity", "allocated"])
@pytest.mark.parametrize("absurd", [2**63, 5.9, "7", True, 10**400], ids=lambda value: repr(value)[:12])
async def test_one_absurd_listing_ends_as_bad_row_and_the_others_go_on(watched: Town, field: str, absurd: Any) -> None:
    # given
    bad = _first(watched)
    other = max(watched.cart.dump()[SHOP], key=lambda one: one["ref"])
    watched.cart.edit(bad["ref"], SHOP, **{field: absurd})
    watched.cart.edit(other["ref"], SHOP, name="read all the same")
    # when
    run = await watched.bench.push(watched.cart_id)
    # then
    assert run.state == "done"
    assert watched.bench.listings(watched.cart_id)[bad["sku"]]["reason"] == "BAD_ROW"
    assert any(bad["ref"] in text for text in watched.bench.events(run.id))
    assert watched.bench.one("SELECT count(*) FROM our_listing WHERE name = 'read all the same'") == 1
    assert watched.bench.sums_hold()
    # and when it is put right in the cart
    watched.cart.edit(bad["ref"], SHOP, **{field: 0})
    await watched.bench.push(watched.cart_id)
    # then
    assert watched.bench.listings(watched.cart_id)[bad["sku"]]["reason"] != "BAD_ROW"


async def test_a_page_is_written_with_the_progress_in_one_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[int] = []
    within = False
    keep, transaction = ListingsReader._keep, RunContext.transaction

    async def kept(self: ListingsReader, *page: Any) -> None:
        nonlocal within
        pages.append(0)
        within = True
        await keep(self, *page)
        within = False

    def begun(self: RunContext) -> Any:
        if within:
            pages[-1] += 1
        return transaction(self)

    with town(tmp_path) as our_town:
        assert (await our_town.bench.pull()).state == "done"
        monkeypatch.setattr(ListingsReader, "_keep", kept)
        monkeypatch.setattr(RunContext, "transaction", begun)
        run = await our_town.bench.push(our_town.cart_id, release=False)
        assert set(pages) == {1}
        phases = {phase.name: phase for phase in our_town.bench.detail(run.id).phases}
        assert (phases["listings"].done, phases["listings"].total) == (40, 40)
