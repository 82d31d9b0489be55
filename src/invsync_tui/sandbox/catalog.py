"""A made-up outdoor shop: products, codes and stock, the same for the same arguments. Whole units only.

Every product here is healthy under the rules of `faults`: it has SKU, UPC, ASIN and MPN, and its available stock is
either 0 in all warehouses or at least 3 in EAST. Faults are planted by `faults`, never here.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

DEFAULT = ""
"""Reference of the levels that name no warehouse."""
EAST = "wh-1"
PLACES = (
    (DEFAULT, "DEFAULT", "Default"),
    (EAST, "EAST", "East Demo Hall"),
    ("wh-2", "WEST", "West Demo Hall"),
    ("wh-3", "NORTH", "North Demo Hall"),
    ("wh-4", "SOUTH", "South Demo Hall"),
    ("wh-5", "HARBOUR", "Harbour Demo Hall"),
)
KINDS = (
    ("TENT", "Trail Tent"),
    ("PACK", "Summit Pack"),
    ("LAMP", "Camp Lamp"),
    ("BOOT", "Ridge Boot"),
    ("ROPE", "Wall Rope"),
    ("MUGS", "Steel Mug"),
    ("COAT", "Rain Coat"),
    ("POLE", "Trek Pole"),
    ("STOV", "Gas Stove"),
    ("BAGS", "Sleeping Bag"),
)
COLORS = ("Moss", "Slate", "Ember", "Sand", "Lake", "Fir")
SIZES = ("S", "M", "L", "XL")
BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
KIT_EVERY = 50
"""One product in so many is a kit."""
KIT_STOCK = 12
"""Units in EAST that a component has at least, so that a kit of it can always be built."""
EMPTY_SHARE = 0.06
"""Products that are sold out everywhere."""


@dataclass(frozen=True, slots=True)
class SandboxWarehouse:
    """A warehouse as the sandbox WMS knows it."""

    ref: str
    code: str
    name: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Product:
    """A product; aliases as (type, code), components as (product ref, units needed)."""

    ref: str
    sku: str
    name: str
    aliases: tuple[tuple[str, str], ...]
    components: tuple[tuple[str, int], ...] = ()
    active: bool = True
    counted: bool = True

    def code(self, kind: str) -> str:
        """Its code of a type, '' if it has none; type '' or SKU is the SKU."""
        if kind in ("", "SKU"):
            return self.sku
        return next((code for alias, code in self.aliases if alias == kind), "")


@dataclass(frozen=True, slots=True)
class Level:
    """Stock in one warehouse. `read_at` is fixed where given (seconds since 1970); None is the WMS's last reading."""

    available: int
    committed: int = 0
    incoming: int = 0
    read_at: int | None = None

    @property
    def on_hand(self) -> int:
        return self.available + self.committed


@dataclass(slots=True)
class Catalog:
    """Everything a WMS knows: `levels` by warehouse ref, then by product ref. An absent level was never reported."""

    places: tuple[SandboxWarehouse, ...]
    products: dict[str, Product]
    levels: dict[str, dict[str, Level]] = field(default_factory=dict)

    def available(self, ref: str, places: tuple[str, ...] = ()) -> int:
        """Units in some warehouses, in all for (); of a kit what can be built from the components' sums."""
        product = self.products[ref]
        if product.components:
            return min(self.available(part, places) // needed for part, needed in product.components)
        chosen = places or tuple(self.levels)
        return sum(level.available for p in chosen if (level := self.levels[p].get(ref)) is not None)


def check_digit(digits: str) -> str:
    """The twelfth digit of a UPC-A."""
    odd, even = sum(map(int, digits[0::2])), sum(map(int, digits[1::2]))
    return str(-(odd * 3 + even) % 10)


def upc(number: int) -> str:
    """A valid UPC-A of number system 4, which is set aside for use inside a shop: it names no real product."""
    digits = f"4{number:010d}"
    return digits + check_digit(digits)


def _base36(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, rest = divmod(number, 36)
        digits = BASE36[rest] + digits
    return digits


def _product(n: int, seed: int, components: tuple[tuple[str, int], ...], prefix: str) -> Product:
    kind, name = KINDS[n % len(KINDS)]
    color, size = COLORS[n // 7 % len(COLORS)], SIZES[n // 3 % len(SIZES)]
    aliases = (
        # 7919 is prime and no divisor of 10**10, so that numbers are spread and still unique.
        ("UPC", upc((n * 7919 + seed * 104_729) % 10**10)),
        ("ASIN", f"B0DEM{_base36(n, 5)}"),
        ("MPN", f"{kind[:2]}{n:05d}.{color[:2].upper()}{size}"),
    )
    kit = " Kit" if components else ""
    return Product(f"P{n:07d}", f"{prefix}-{kind}-{n:05d}", f"Demo {name} {color} {size}{kit}", aliases, components)


def _level(rng: random.Random, least: int) -> Level:
    available = least + int(rng.expovariate(1 / 25))
    committed = int(rng.random() * 6) if rng.random() < 0.3 else 0
    return Level(available, committed, 24 if rng.random() < 0.1 else 0)


def _stock(catalog: Catalog, ref: str, rng: random.Random) -> None:
    """EAST always has a level; the others may have none, as warehouses that never held a product."""
    empty = rng.random() < EMPTY_SHARE
    for place in catalog.places:
        if empty:
            catalog.levels[place.ref][ref] = Level(0)
        elif place.ref == EAST or rng.random() < 0.6:
            catalog.levels[place.ref][ref] = _level(rng, 3 if place.ref == EAST else 0)


def _components(catalog: Catalog, rng: random.Random, pool: list[str]) -> tuple[tuple[str, int], ...]:
    return tuple((ref, rng.randint(1, 3)) for ref in sorted(rng.sample(pool, min(len(pool), rng.randint(2, 3)))))


def generate(products: int = 5000, warehouses: int = 4, seed: int = 7, prefix: str = "DEMO") -> Catalog:
    """`products` products, the last of them kits, in `warehouses` warehouses of which Default and EAST are two."""
    if not 2 <= warehouses <= len(PLACES):
        raise ValueError(f"2 to {len(PLACES)} warehouses")
    rng = random.Random(seed)
    places = tuple(SandboxWarehouse(*place) for place in PLACES[:warehouses])
    catalog = Catalog(places, {}, {place.ref: {} for place in places})
    kits = products // KIT_EVERY
    for n in range(1, products - kits + 1):
        product = _product(n, seed, (), prefix)
        catalog.products[product.ref] = product
        _stock(catalog, product.ref, rng)
    _add_kits(catalog, rng, range(products - kits + 1, products + 1), seed, prefix)
    return catalog


def _add_kits(catalog: Catalog, rng: random.Random, numbers: range, seed: int, prefix: str) -> None:
    east = catalog.levels[EAST]
    pool = [ref for ref, level in east.items() if level.available >= KIT_STOCK][:500]
    for n in numbers:
        product = _product(n, seed, _components(catalog, rng, pool), prefix)
        catalog.products[product.ref] = product
