"""All variants by a bulk operation: what it reads is what pages read, and whatever goes wrong with it, nothing looks deleted."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from invsync_tui.connectors.base import Connection, ListingRow
from invsync_tui.connectors.carts.shopify import ShopifyCart, bulk, limits, queries
from invsync_tui.connectors.errors import PreparingError, UnavailableError
from tests.support.servers.http_stub import Answer
from tests.support.servers.sandbox import sandbox_wms
from tests.support.servers.shopify.schema import checked
from tests.support.servers.shopify.server import ShopifyServer, shopify_server
from tests.support.stores.merchant_store import Bench

VARIANTS = 260
"""More than a page of 200."""


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(limits, "BULK_FROM", 250)
    monkeypatch.setattr(bulk, "FIRST_LOOK", 0.01)
    monkeypatch.setattr(bulk, "LOOK_MOST", 0.02)
    monkeypatch.setattr(bulk, "PAGE", 100)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))


@pytest.fixture
def server() -> Iterator[ShopifyServer]:
    with shopify_server(VARIANTS) as made:
        yield made


async def read_all(cart: ShopifyCart, cursor: str | None = None) -> tuple[list[ListingRow], list[str | None]]:
    """Rows, and the cursors on the way."""
    rows, cursors = [], [cursor]
    while True:
        page = await cart.listings_page(cursor)
        assert not page.rejected
        rows += page.rows
        cursor = page.next_cursor
        cursors.append(cursor)
        if cursor is None:
            return rows, cursors


async def by_pages(cart: ShopifyCart) -> list[ListingRow]:
    rows, cursor = [], None
    while True:
        page = await cart._variants_page(cursor)
        rows += page.rows
        if (cursor := page.next_cursor) is None:
            return rows


@pytest.mark.parametrize("version", queries.VERSIONS)
@pytest.mark.parametrize("further", [0, 2])
def test_the_query_is_right_by_the_official_schema_of_every_version(version: str, further: int) -> None:
    levels = {"inventoryLevel": "gid://shopify/Location/1"}
    levels |= {queries.level_at(n): f"gid://shopify/Location/{n + 2}" for n in range(further)}
    for text in (queries.bulk_variants(levels), queries.RUN_BULK, queries.BULK.text, queries.COUNT.text):
        assert checked(version, text)[1] == (), text


async def test_it_reads_what_pages_read(cart: ShopifyCart, server: ShopifyServer) -> None:
    server.add("LATE", None)
    server.add("BUNDLE", 3, bundle=True)
    server.add("FREE", 3, tracked=False)
    server.bulk.running = 2
    rows, cursors = await read_all(cart)
    assert rows == await by_pages(cart)
    assert len(rows) == VARIANTS + 3
    assert len(server.bulk.operations) == server.bulk.fetched == 1
    assert all(bulk.is_cursor(cursor) for cursor in cursors[1:-1]) and len(cursors) == 5
    assert server.violations == []


async def test_locations_are_read_along(server: ShopifyServer) -> None:
    west = server.shop.add_location("West")
    for number, item in enumerate(server.shop.items.values()):
        item.levels[west] = number if number % 3 else None
    server.location = server.shop.main
    cart = ShopifyCart(replace(server.connection(server.url), also_at=("West",)))
    await cart.open()
    rows, _ = await read_all(cart)
    assert rows == await by_pages(cart)
    assert {row.location for row in rows} == {"", "West"} and len(rows) == 2 * VARIANTS
    assert len(server.bulk.operations) == 1
    await cart.close()
    assert server.violations == []


async def test_a_small_shop_is_read_by_pages_without_a_question_more(server: ShopifyServer) -> None:
    for ref in list(server.shop.items)[150:]:
        server.remove(ref)
    cart = ShopifyCart(server.connection(server.url))
    await cart.open()
    rows, _ = await read_all(cart)
    await cart.close()
    assert len(rows) == 150 and server.bulk.operations == {}


async def test_it_can_be_turned_off(server: ShopifyServer) -> None:
    cart = ShopifyCart(replace(server.connection(server.url), options={"bulk": "off"}))
    await cart.open()
    rows, _ = await read_all(cart)
    await cart.close()
    assert len(rows) == VARIANTS and server.bulk.operations == {}


def _half(content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join(lines[: len(lines) // 2])


FAULTS: dict[str, Callable[[ShopifyServer], object]] = {
    "another app's is running": lambda server: setattr(server.bulk, "refuse", "OPERATION_IN_PROGRESS"),
    "too many": lambda server: setattr(server.bulk, "refuse", "LIMIT_REACHED"),
    "failed": lambda server: setattr(server.bulk, "ends", "FAILED"),
    "canceled": lambda server: setattr(server.bulk, "ends", "CANCELED"),
    "expired": lambda server: setattr(server.bulk, "ends", "EXPIRED"),
    "the address of the file has expired": lambda server: setattr(server.bulk, "file_status", 403),
    "the file is gone": lambda server: setattr(server.bulk, "file_status", 404),
    "the file has half of it": lambda server: setattr(server.bulk, "cut", _half),
    "the file is cut in its last line": lambda server: setattr(server.bulk, "cut", lambda content: content[:-30]),
    "the file is empty": lambda server: setattr(server.bulk, "cut", lambda content: b""),
    "the file is elsewhere": lambda server: setattr(server.bulk, "files", "https://files.example.com"),
    "the file is at an address inside": lambda server: setattr(server.bulk, "files", "http://10.0.0.1"),
}


async def test_a_file_that_is_not_at_an_address_of_shopify_is_not_fetched(
    cart: ShopifyCart, server: ShopifyServer
) -> None:
    server.bulk.files = server.bulk.files.replace("127.0.0.1", "localhost")  # another name of where the file is
    rows, _ = await read_all(cart)
    assert (len(rows), server.bulk.fetched) == (VARIANTS, 0)


@pytest.mark.parametrize("url", [
    "https://storage.googleapis.com/x?Signature=y", "https://a.storage.googleapis.com/x", "https://cdn.shopify.com/x",
])  # fmt: skip
def test_where_shopify_keeps_files(url: str) -> None:
    reader = bulk.Bulk(None, Connection("It", "shopify", "https://my-shop.myshopify.com"), {})  # type: ignore[arg-type]
    assert reader._trusted(url)
    assert not reader._trusted(url.replace("https", "http"))
    assert not reader._trusted(url.replace(".com/", ".com.example.com/"))
    assert not reader._trusted(url.replace(".com/", ".com:8443/"))


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_goes_wrong_all_variants_are_read_by_pages(
    cart: ShopifyCart, server: ShopifyServer, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    FAULTS[fault](server)
    rows, cursors = await read_all(cart)
    assert rows == await by_pages(cart) and len(rows) == VARIANTS
    assert not bulk.is_cursor(cursors[-2])
    assert "variants are read by pages" in caplog.text
    assert "c2lnbmF0dXJl" not in caplog.text
    assert server.violations == []


async def test_a_denied_one_is_read_by_pages(cart: ShopifyCart, server: ShopifyServer) -> None:
    denied = {"errors": [{"message": "Access denied", "extensions": {"code": "ACCESS_DENIED"}}]}
    server.changed = lambda answer: denied if "bulkOperationRunQuery" in (answer.get("data") or {}) else answer
    rows, _ = await read_all(cart)
    assert len(rows) == VARIANTS and server.bulk.fetched == 0


async def test_ten_minutes_end_the_run_and_the_next_process_goes_on_with_the_same_one(
    server: ShopifyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BULK_WAIT", 0.03)
    server.bulk.running = 1000
    first = ShopifyCart(server.connection(server.url))
    await first.open()
    cursor = (await first.listings_page(None)).next_cursor
    for _ in range(3):
        with pytest.raises(PreparingError) as caught:
            await first.listings_page(cursor)
        assert caught.value.retry_after == bulk.AFTER and "preparing the list of variants" in caught.value.what
    await first.close()
    server.bulk.running = 0
    second = ShopifyCart(server.connection(server.url))
    await second.open()
    rows, _ = await read_all(second, cursor)
    await second.close()
    assert len(rows) == VARIANTS and len(server.bulk.operations) == 1


async def test_what_was_prepared_for_another_location_is_not_read(server: ShopifyServer) -> None:
    first = ShopifyCart(server.connection(server.url))
    await first.open()
    cursor = (await first.listings_page(None)).next_cursor
    await first.close()
    west = server.shop.add_location("West")
    server.location = west
    second = ShopifyCart(server.connection(server.url))
    await second.open()
    rows, _ = await read_all(second, cursor)
    await second.close()
    assert {row.quantity for row in rows} == {None} and server.bulk.fetched == 0


async def test_one_that_shopify_does_not_know_is_read_by_pages(cart: ShopifyCart, server: ShopifyServer) -> None:
    cursor = (await cart.listings_page(None)).next_cursor
    server.bulk.operations.clear()
    rows, _ = await read_all(cart, cursor)
    assert len(rows) == VARIANTS


async def test_no_answer_while_it_waits_keeps_it(cart: ShopifyCart, server: ShopifyServer) -> None:
    cursor = (await cart.listings_page(None)).next_cursor
    server.instead = [Answer(503, b"down")] * 4
    with pytest.raises(UnavailableError):
        await cart.listings_page(cursor)
    rows, _ = await read_all(cart, cursor)
    assert len(rows) == VARIANTS and len(server.bulk.operations) == 1


async def test_it_is_stopped_at_once_while_it_waits(
    cart: ShopifyCart, server: ShopifyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "FIRST_LOOK", 30.0)
    server.bulk.running = 1000
    cursor = (await cart.listings_page(None)).next_cursor
    waiting = asyncio.create_task(cart.listings_page(cursor))
    await asyncio.sleep(0.2)
    began = time.monotonic()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert time.monotonic() - began < 2


async def test_the_file_is_gone_when_the_cart_is_closed(server: ShopifyServer, tmp_path: Path) -> None:
    cart = ShopifyCart(server.connection(server.url))
    await cart.open()
    await read_all(cart)
    assert [path.name.startswith(f"invsync-shopify-{os.getpid()}-") for path in (tmp_path / "tmp").iterdir()] == [True]
    await cart.close()
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_a_push_waits_for_it_across_runs_and_sets_every_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BULK_WAIT", 0.03)
    with sandbox_wms(VARIANTS) as wms, shopify_server(0) as server:
        skus = sorted(wms.dump()["products"].values())
        refs = {sku: server.add(sku, 77) for sku in skus}
        bench = Bench.make(tmp_path)
        bench.add_merchant(wms.connection())
        cart = bench.add_cart(server.connection(server.url))
        assert (await bench.pull()).state == "done"
        server.bulk.running = 1000
        waiting = await bench.push(cart)
        assert waiting.state == "failed" and "preparing the list of variants" in waiting.error
        assert server.keys == {}
        server.bulk.running = 0
        done = await bench.push(cart)
        assert (done.state, done.error) == ("done", "")
        assert (len(server.bulk.operations), server.bulk.fetched) == (1, 1)
        assert len(bench.listings(cart)) == len(refs)
        assert sum(quantity != 77 for quantity in server.shown().values()) > 200
        # A later complete reading whose operation fails marks nothing as gone.
        server.bulk.ends = "FAILED"
        again = await bench.push(cart, full=True)
        assert (again.state, len(server.bulk.operations), server.bulk.fetched) == ("done", 2, 1)
        assert bench.one("SELECT count(*) FROM listing WHERE gone_at IS NOT NULL AND cart_id = ?", cart) == 0
        assert server.violations == []
        bench.store.close()
