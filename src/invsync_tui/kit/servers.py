"""What the suite asks of the server that it checks a connector against: a fake that ships with it, or the real system.

The server's state is changed and read behind the connector's back. Methods that a server cannot offer raise
NotImplementedError with the reason; the checks that need them are skipped with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from invsync_tui.connectors.base import Connection


class Server(Protocol):
    """A running server of the other system that the checks work on."""

    url: str
    """http://HOST:PORT, where it listens."""

    def connection(self, url: str) -> Connection:
        """A connection with everything that is needed to log in, at another address that leads to it."""
        ...

    def secrets(self) -> tuple[str, ...]:
        """The secrets themselves that `connection` refers to: they may appear in no text."""
        ...

    # Only of a server that is not spoken to by HTTP, such as a database:
    # def between(self) -> proxy.Between
    #     What stands between a connector and it, and makes faults of the same kinds as `proxy.Proxy` does.
    #
    # Only of a server that can do it:
    # def throttle_next(self) -> None
    #     Answer the next request as the vendor answers too many of them.
    # def deny(self, permission: str) -> AbstractContextManager[None]
    #     Take a permission of `About.permissions` away from the login meanwhile.


class SourceServer(Server, Protocol):
    """A WMS. Products and warehouses are known by the references that its connector reports."""

    def skus(self) -> Mapping[str, str]:
        """By reference, the SKU of every product."""
        ...

    def levels(self) -> Mapping[tuple[str, str], int]:
        """By (product, warehouse), the available whole units of every level."""
        ...

    def add(self, sku: str) -> str:
        """Add a product with this SKU and at least one level; returns its reference."""
        ...

    def remove(self, product: str) -> None:
        """Delete a product."""
        ...

    def set_level(self, product: str, warehouse: str, available: int) -> None:
        """Change the stock."""
        ...

    def set_odd(self, product: str, warehouse: str, value: object) -> None:
        """Let it answer with this JSON value where the quantity belongs."""
        ...


class CartServer(Server, Protocol):
    """A shop at one location. Listings are known by the references that its connector reports."""

    def shown(self) -> Mapping[str, int | None]:
        """By reference, what every listing shows in the cart's own basis."""
        ...

    def add(self, sku: str, quantity: int) -> str:
        """Add a listing; returns its reference."""
        ...

    def remove(self, listing: str) -> None:
        """Delete a listing."""
        ...

    def set(self, listing: str, quantity: int) -> None:
        """Set the quantity of a listing in the shop, as somebody else would."""
        ...

    # Only of a cart whose connector has fixes, see `connectors.on_request`:
    # def ail(self, fix: str) -> str
    #     Add a listing that needs the fix of that name; returns its reference.
    #
    # Only of a cart that applies a batch later, see `connectors.base.Submitted`; it applies nothing by itself:
    # def apply_taken(self) -> None
    #     Apply now what was taken and is not applied yet.
    #
    # What else a cart's server can do; the checks that need it are skipped or look less closely without:
    # `compares`, True:
    #     The cart sets only what still shows the value that was read before.
    # def hindered(self) -> Mapping[str, Reason]
    #     Add one listing of each kind that cannot be set; why, by reference.
    # def other_facts(self) -> Mapping[str, object]
    #     All that the shop has of each listing beside its quantity: prices, policies, other locations.


SourceFake = Callable[[], AbstractContextManager[SourceServer]]
CartFake = Callable[[], AbstractContextManager[CartServer]]
