"""The sandbox servers as the checks of connectors want them, see `invsync_tui.kit.servers`."""

from __future__ import annotations

import itertools
import json
import os
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from invsync_tui.connectors.base import Connection
from invsync_tui.sandbox.in_thread import running
from invsync_tui.sandbox.shop import Mode

TOKEN = "sandbox-token-for-checks"  # noqa: S105 - of a server that lives as long as a check
VARIABLE = "INVSYNC_SANDBOX_CHECK_TOKEN"
SHOP = "main"
LATER = Mode(later=True, apply_after=-1)
GROUPED = Mode(one_group=True)


@dataclass(slots=True)
class _Server:
    url: str
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def secrets(self) -> tuple[str, ...]:
        """The token."""
        return (TOKEN,)

    def connection(self, url: str) -> Connection:
        """With the token from the environment."""
        return Connection("Sandbox", "sandbox", url, secret=f"env:{VARIABLE}", options=self._options())

    def _options(self) -> dict[str, str]:
        return {}

    def throttle_next(self) -> None:
        """The sandbox has no form of its own: a 429 with the seconds to wait."""
        self._control("faults", faults=[{"kind": "status", "status": 429, "times": 1, "path": ""}])

    def _control(self, path: str, **body: Any) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.url}/_control/{path}",
            data=json.dumps(body).encode(),
            headers={"authorization": f"Bearer {TOKEN}"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own server
            return json.load(answer)


class WmsServer(_Server):
    """The sandbox WMS as a `servers.SourceServer`."""

    def skus(self) -> Mapping[str, str]:
        return dict(self._control("dump")["products"])

    def levels(self) -> Mapping[tuple[str, str], int]:
        places = self._control("dump")["levels"]
        return {(ref, place): level[0] for place, levels in places.items() for ref, level in levels.items()}

    def add(self, sku: str) -> str:
        ref = f"K{next(self._numbers):07d}"
        self._control("product", ref=ref, sku=sku, name=sku)
        self._control("level", ref=ref, warehouse="EAST", available=5)
        return ref

    def remove(self, product: str) -> None:
        self._control("remove", refs=[product])

    def set_level(self, product: str, warehouse: str, available: int) -> None:
        self._control("level", ref=product, warehouse=warehouse, available=available)

    def set_odd(self, product: str, warehouse: str, value: object) -> None:
        text = "1e400" if value == float("inf") else json.dumps(value)
        self._control("odd", ref=product, warehouse=warehouse, text=text)


class ShopServer(_Server):
    """A shop of the sandbox cart as a `servers.CartServer`."""

    def _options(self) -> dict[str, str]:
        return {"shop": SHOP}

    def shown(self) -> Mapping[str, int | None]:
        return {listing["ref"]: listing["quantity"] for listing in self._control("dump")[SHOP]}

    def add(self, sku: str, quantity: int) -> str:
        ref = f"K{next(self._numbers):07d}"
        self._control("add", shop=SHOP, listing={"ref": ref, "sku": sku, "name": sku, "quantity": quantity})
        return ref

    def remove(self, listing: str) -> None:
        self._control("remove", shop=SHOP, refs=[listing])

    def set(self, listing: str, quantity: int) -> None:
        self._control("edit", shop=SHOP, ref=listing, quantity=quantity)

    def other_facts(self) -> Mapping[str, object]:
        return {
            listing["ref"]: {name: value for name, value in listing.items() if name not in ("quantity", "updated_at")}
            for listing in self._control("dump")[SHOP]
        }

    def ail(self, fix: str) -> str:
        """A listing whose stock is not counted."""
        ref = self.add(f"AILING-{fix}", 4)
        self._control("edit", shop=SHOP, ref=ref, tracked=False)
        return ref


class GroupedShopServer(ShopServer):
    """A shop that sets by one request only what belongs together: every third listing to the same."""

    def _options(self) -> dict[str, str]:
        return GROUPED.options(SHOP)

    def add(self, sku: str, quantity: int) -> str:
        ref = super().add(sku, quantity)
        self._control("edit", shop=SHOP, ref=ref, group="added")
        return ref


class LaterShopServer(ShopServer):
    """A shop that takes batches under a ticket and applies them when it is told to."""

    def _options(self) -> dict[str, str]:
        return LATER.options(SHOP)

    def apply_taken(self) -> None:
        """Apply what was taken."""
        self._control("apply", shop=SHOP)


@contextmanager
def wms() -> Iterator[WmsServer]:
    """A small WMS."""
    with _with_token(), running("wms", "--products=12", f"--token={TOKEN}") as url:
        yield WmsServer(url)


@contextmanager
def shop() -> Iterator[ShopServer]:
    """A small shop."""
    with _with_token(), running("cart", f"--shop={SHOP},places=Annex", "--products=12", f"--token={TOKEN}") as url:
        yield ShopServer(url)


@contextmanager
def shop_with_groups() -> Iterator[GroupedShopServer]:
    """A small shop whose listings belong to one of three things."""
    with (
        _with_token(),
        running("cart", f"--shop={SHOP},{GROUPED.write()}", "--products=12", f"--token={TOKEN}") as url,
    ):
        server = GroupedShopServer(url)
        for number, ref in enumerate(sorted(server.shown())):
            server._control("edit", shop=SHOP, ref=ref, group=f"G{number % 3}")
        yield server


@contextmanager
def shop_that_applies_later() -> Iterator[LaterShopServer]:
    """A small shop with tickets."""
    with (
        _with_token(),
        running("cart", f"--shop={SHOP},{LATER.write()}", "--products=12", f"--token={TOKEN}") as url,
    ):
        yield LaterShopServer(url)


@contextmanager
def _with_token() -> Iterator[None]:
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = TOKEN
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before
