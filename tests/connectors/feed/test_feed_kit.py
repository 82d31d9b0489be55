"""The feed passes the suite of the kit, as a file on a web server that is written anew with every request."""

from __future__ import annotations

import csv
import io
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate

import pytest

from invsync_tui.connectors import http
from invsync_tui.connectors.base import Connection, Page, ProductRow
from invsync_tui.connectors.sources.feed import FeedSource
from invsync_tui.kit import source_suite
from tests.support.servers.http_stub import Answer, Request, Stub, stub_server

LOGIN, PASSWORD = "bot", "the-password-of-the-feed"
WAREHOUSES = ("EAST", "WEST")


@dataclass
class WebFeed:
    """Products by SKU, which is their reference, and what stands in the file as their stock."""

    url: str
    stock: dict[tuple[str, str], int] = field(
        default_factory=lambda: {(f"KIT-{n}", site): n for n in range(7) for site in WAREHOUSES}
    )
    odd: dict[tuple[str, str], object] = field(default_factory=dict)

    def connection(self, url: str) -> Connection:
        return Connection("kit", "feed", f"{url}/out", LOGIN, "env:KIT_FEED_SECRET", {"file": "stock.csv"}, 5)

    def secrets(self) -> tuple[str, ...]:
        return (PASSWORD, b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode())

    def skus(self) -> Mapping[str, str]:
        return {sku: sku for sku, _ in self.stock}

    def levels(self) -> Mapping[tuple[str, str], int]:
        return dict(self.stock)

    def add(self, sku: str) -> str:
        self.stock[sku, "EAST"] = 1
        return sku

    def remove(self, product: str) -> None:
        for place in [place for place in self.stock if place[0] == product]:
            del self.stock[place]

    def set_level(self, product: str, warehouse: str, available: int) -> None:
        self.stock[product, warehouse] = available

    def set_odd(self, product: str, warehouse: str, value: object) -> None:
        self.odd = {(product, warehouse): value}

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Basic {self.secrets()[1]}":
            return Answer(401, b"who are you?")
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerow(["SKU", "Warehouse", "Available"])
        for (sku, site), units in self.stock.items():
            writer.writerow([sku, site, self.odd.get((sku, site), units)])
        return Answer(200, file.getvalue().encode(), {"Last-Modified": formatdate(usegmt=True)})


@contextmanager
def web_feed() -> Iterator[WebFeed]:
    stub: Stub
    with stub_server() as stub, pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "BACKOFF_MOST", 0.01)
        patch.setenv("KIT_FEED_SECRET", PASSWORD)
        feed = WebFeed(stub.url)
        stub.answering = feed.answer
        yield feed


class ReadAnew(FeedSource):
    """The suite breaks the server between two reads, and a feed asks it when it is opened: so each read opens it."""

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        if cursor is None:
            await self.close()
            await self.open()
        return await super().products_page(cursor)


TestFeed = source_suite(ReadAnew, web_feed)
