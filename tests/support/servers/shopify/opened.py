"""The Shopify connector, open on a fake shop."""

from __future__ import annotations

from dataclasses import replace

from invsync_tui.connectors.carts.shopify import ShopifyCart
from tests.support.servers.shopify.server import ShopifyServer


async def opened(server: ShopifyServer, **options: str) -> ShopifyCart:
    given = server.connection(server.url)
    opened_cart = ShopifyCart(replace(given, options={**given.options, **options}))
    await opened_cart.open()
    return opened_cart
