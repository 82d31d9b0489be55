"""A fake shop, and the connector open on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from invsync_tui.connectors.carts.shopify import ShopifyCart
from tests.support.servers.shopify.opened import opened
from tests.support.servers.shopify.server import ShopifyServer, shopify_server


@pytest.fixture
def server() -> Iterator[ShopifyServer]:
    with shopify_server() as running:
        yield running


@pytest.fixture
async def cart(server: ShopifyServer) -> AsyncIterator[ShopifyCart]:
    made = await opened(server)
    yield made
    await made.close()
