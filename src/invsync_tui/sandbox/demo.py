"""The demo's merchants and carts as an operator would have set them up. `operations` creates them from this record.

Not here: what is wrong with them on purpose (`faults`), and their data (`catalog`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from invsync_tui.sandbox.service import Pace
from invsync_tui.sandbox.shop import Mode

SYSTEM = "sandbox"
PRODUCTS = 5000
SEED = 7
MERCHANT = "Demo Outdoor"
PAUSED = "Demo Paused"
CART_A = "Demo Outdoor A"
CART_B = "Demo Outdoor B"
CART_C = "Demo Outdoor C"
CART_PAUSED = "Demo Paused A"
CUSTOMER_PAUSED = "demo-paused"
"""The WMS serves both merchants; this is the second one's `customer` option."""
CUTOFF_A = 3
STALE_AFTER_HOURS = 24

WMS_PACE = Pace(latency=0.06, jitter=0.02, burst=20, per_second=10)
MODES: Mapping[str, Mode] = {
    "outdoor-a": Mode(orders=True, latency=0.05, jitter=0.02, burst=40, per_second=20),
    "outdoor-b": Mode(
        basis="on_hand",
        row_errors="whole_batch",
        idempotency=False,
        returns_quantity=False,
        orders=True,
        max_batch=50,
        latency=0.08,
        jitter=0.04,
        burst=40,
        per_second=15,
    ),
    "outdoor-c": Mode(
        latency=0.05, burst=40, per_second=20, later=True, apply_after=60, look_after=90, give_up_after=900
    ),
    "paused-a": Mode(latency=0.05, burst=40, per_second=20),
}
"""By shop."""


@dataclass(frozen=True, slots=True)
class DemoCart:
    """A cart's Edit Setup. `alias_type` '' pushes by SKU; `warehouses` (codes) () is Combine All Locations."""

    name: str
    shop: str
    upload_on: bool = True
    alias_type: str = ""
    warehouses: tuple[str, ...] = ()
    cutoff_below: int = 0
    system: str = SYSTEM

    @property
    def options(self) -> dict[str, str]:
        """Connection options; URL and secret are known when the server runs."""
        return MODES[self.shop].options(self.shop)


@dataclass(frozen=True, slots=True)
class DemoMerchant:
    """A merchant's Edit Setup."""

    name: str
    sync_on: bool
    carts: tuple[DemoCart, ...]
    source_options: Mapping[str, str] = field(default_factory=dict)
    stale_after_hours: int = STALE_AFTER_HOURS
    system: str = SYSTEM


@dataclass(frozen=True, slots=True)
class DemoSetup:
    """All of the demo; `products` and `seed` are those with which both servers must be started."""

    merchants: tuple[DemoMerchant, ...]
    products: int = PRODUCTS
    seed: int = SEED

    def cart(self, name: str) -> DemoCart:
        """A cart by its name."""
        return next(cart for merchant in self.merchants for cart in merchant.carts if cart.name == name)

    def merchant_of(self, name: str) -> DemoMerchant:
        """The merchant of a cart."""
        return next(m for m in self.merchants if any(cart.name == name for cart in m.carts))


def setup() -> DemoSetup:
    """The merchants and carts of the demo."""
    outdoor = (
        DemoCart(CART_A, "outdoor-a", cutoff_below=CUTOFF_A),
        DemoCart(CART_B, "outdoor-b", alias_type="UPC", warehouses=("EAST",)),
        DemoCart(CART_C, "outdoor-c", upload_on=False),
    )
    paused = DemoMerchant(
        PAUSED, False, (DemoCart(CART_PAUSED, "paused-a"),), source_options={"customer": CUSTOMER_PAUSED}
    )
    return DemoSetup((DemoMerchant(MERCHANT, True, outdoor), paused))
