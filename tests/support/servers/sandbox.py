"""The sandbox servers for tests: `with sandbox_wms(products=50) as wms: ...`.

Real servers on loopback, each in a thread with a loop of its own: starting a process for each took longer than the tests.
tests/sandbox/test_process.py tries them as the processes that the demo starts.
"""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from invsync_tui.connectors.base import Connection
from invsync_tui.sandbox.demo import MODES
from invsync_tui.sandbox.in_thread import running
from invsync_tui.sandbox.shop import Mode

TOKEN = "demo-token-for-tests"
TOKEN_VARIABLE = "INVSYNC_SANDBOX_TOKEN"


@dataclass(slots=True)
class Handle:
    """A running server: where it is, how to log in, and its control door."""

    url: str
    token: str = TOKEN

    @property
    def secret(self) -> str:
        """A reference to the token, for `Connection.secret` and settings."""
        return f"env:{TOKEN_VARIABLE}"

    def control(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask the control door: a dict's fields are the order, None asks without any."""
        request = urllib.request.Request(
            f"{self.url}/_control/{path}",
            data=json.dumps(body or {}).encode(),
            headers={"authorization": f"Bearer {self.token}"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def faults(self, *faults: Mapping[str, Any]) -> None:
        """Switch these faults on, all others off."""
        self.control("faults", {"faults": list(faults)})

    def log(self) -> list[dict[str, Any]]:
        """Of a cart every row that took effect, in order; of a WMS the requests."""
        return list(self.control("log"))

    def requests(self) -> list[dict[str, Any]]:
        """Every request but those to the control door: t, method, path with query, status (None: still going on)."""
        return list(self.control("requests"))

    def dump(self) -> Any:
        """All state: of a cart {shop: [listing]}, of a WMS products and levels."""
        return self.control("dump")


@dataclass(slots=True)
class WmsHandle(Handle):
    """A running WMS."""

    def connection(self, **options: str) -> Connection:
        return Connection("Demo WMS", "sandbox", self.url, secret=self.secret, options=options)

    def set_level(self, sku: str, warehouse: str, available: int | None, **more: Any) -> None:
        """Set the stock of a SKU; `warehouse` by code. None: the WMS forgets that it had a level."""
        self.control("level", {"sku": sku, "warehouse": warehouse, "available": available, **more})


@dataclass(slots=True)
class CartHandle(Handle):
    """A running cart."""

    modes: Mapping[str, Mode] = field(default_factory=dict)

    def connection(self, shop: str = "main", deadline: float = 30.0, **options: str) -> Connection:
        known = self.modes.get(shop)
        given = {**(known.options(shop) if known else {"shop": shop}), **options}
        return Connection(f"Demo {shop}", "sandbox", self.url, secret=self.secret, options=given, deadline=deadline)

    def quantities(self, shop: str = "main", by: str = "sku") -> dict[str, int | None]:
        """What the shop shows, by `sku` or `ref`."""
        return {listing[by]: listing["quantity"] for listing in self.dump()[shop]}

    def edit(self, ref: str, shop: str = "main", **fields: Any) -> None:
        """Somebody else's edit of a listing, named by ref or code."""
        self.control("edit", {"shop": shop, "ref": ref, **fields})


@contextmanager
def _running(*arguments: str) -> Iterator[str]:
    before = os.environ.get(TOKEN_VARIABLE)
    os.environ[TOKEN_VARIABLE] = TOKEN
    try:
        with running(*arguments, f"--token={TOKEN}") as url:
            yield url
    finally:
        if before is None:
            os.environ.pop(TOKEN_VARIABLE, None)
        else:
            os.environ[TOKEN_VARIABLE] = before


@contextmanager
def sandbox_wms(
    products: int = 50,
    *,
    seed: int = 7,
    profile: str = "plain",
    warehouses: int = 4,
    latency: float = 0.0,
    jitter: float = 0.0,
    burst: float = 0.0,
    per_second: float = 0.0,
) -> Iterator[WmsHandle]:
    """A WMS; `burst` and `per_second` 0 is no rate limit."""
    numbers = {
        "products": products,
        "seed": seed,
        "warehouses": warehouses,
        "latency": latency,
        "jitter": jitter,
        "burst": burst,
        "per-second": per_second,
    }
    flags = [f"--{name}={value}" for name, value in numbers.items()]
    with _running("wms", f"--profile={profile}", *flags) as url:
        yield WmsHandle(url)


@contextmanager
def sandbox_cart(
    products: int = 50,
    *,
    seed: int = 7,
    profile: str = "plain",
    shops: Mapping[str, Mode] | None = None,
    log: Path | None = None,
) -> Iterator[CartHandle]:
    """A cart with the given shops (plain profile; default one shop `main`), all with every product at 0."""
    modes = dict(shops or {"main": Mode()})
    flags = [f"--shop={name},{mode.write()}" for name, mode in modes.items()]
    flags += [f"--log={log}"] if log else []
    flags += [f"--products={products}", f"--seed={seed}", f"--profile={profile}"]
    with _running("cart", *flags) as url:
        yield CartHandle(url, modes=MODES if profile == "demo" else modes)
