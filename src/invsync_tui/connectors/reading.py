"""Reading listings of a cart by reference, as many at once as the cart takes."""

from __future__ import annotations

from collections.abc import Sequence

from invsync_tui.connectors.base import Cart, ListingRow


async def read_in_steps(cart: Cart, refs: Sequence[str]) -> list[ListingRow]:
    """What the cart has of these references, in steps of its `read_batch`. A ConnectorError ends it."""
    step = cart.capabilities.read_batch
    rows: list[ListingRow] = []
    for start in range(0, len(refs), step):
        rows += await cart.read(refs[start : start + step])
    return rows
