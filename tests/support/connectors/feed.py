"""Feeds of the tests: files that are written, and what is read of them."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.checks import SourceFacts
from invsync_tui.connectors.errors import ConnectorError
from invsync_tui.connectors.sources.feed import FeedSource

HEAD = "SKU,Available\n"


def source(where: Path, **options: str) -> FeedSource:
    return FeedSource(Connection("Demo", "feed", str(where), options={"complete": "any", **options}, deadline=10))


def write(path: Path, text: str, age: float = 3600.0) -> Path:
    """A file that was written `age` seconds ago."""
    path.write_text(text)
    moment = time.time() - age
    os.utime(path, (moment, moment))
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def stock(feed_source: FeedSource) -> Mapping[tuple[str, str], int]:
    """(warehouse, reference) -> available of an open source."""
    levels = {}
    for warehouse in await feed_source.warehouses():
        cursor = None
        while True:
            page = await feed_source.levels_page(warehouse, cursor)
            levels |= {(row.warehouse_ref, row.product_ref): row.available for row in page.rows}
            cursor = page.next_cursor
            if cursor is None:
                break
    return levels


async def read(where: Path, **options: str) -> Mapping[tuple[str, str], int]:
    feed_source = source(where, **options)
    try:
        await feed_source.open()
        return await stock(feed_source)
    finally:
        await feed_source.close()


async def refusal(where: Path, **options: str) -> ConnectorError:
    feed_source = source(where, **options)
    with pytest.raises(ConnectorError) as caught:
        await feed_source.open()
    await feed_source.close()
    return caught.value


def facts(notes: Mapping[str, int], **options: str) -> SourceFacts:
    return SourceFacts(Connection("Demo", "feed", "/srv/feed", options=options), "Demo", "", True, "", notes=notes)
