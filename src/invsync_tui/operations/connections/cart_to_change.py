"""A cart that is opened to change something in the shop beside a push: only the one that pushes go to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from invsync_tui.connectors.base import Cart
from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.session import Session
from invsync_tui.sync import connections, source_identity
from invsync_tui.sync.settings import Settings


@asynccontextmanager
async def cart_to_change(session: Session, settings: Settings) -> AsyncIterator[Cart]:
    """The open cart, closed behind it. OperationError where its login reaches another shop than the one that is known."""
    cart = connections.cart(settings.cart, session.store.path, settings.locations)
    try:
        await cart.open()
        trip = await source_identity.trip_of_cart(cart, settings.cart.identity)
        if trip is not None:
            raise OperationError(
                f"Nothing was changed: {trip.text}. A push of the cart is held for the same; release it first."
            )
        yield cart
    finally:
        await cart.close()
