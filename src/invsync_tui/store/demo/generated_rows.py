"""The rows of a generated store: pure arithmetic over the product's number, so that each table can be streamed by itself."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

MERCHANT = 1
SEQ = 1
NOWHERE = "http://127.0.0.1:9"
EAN, UPC, ASIN = 1, 2, 3
ALIAS_TYPES = ((EAN, MERCHANT, "EAN"), (UPC, MERCHANT, "UPC"), (ASIN, MERCHANT, "ASIN"))
KINDS = ("TENT", "PACK", "LAMP", "BOOT", "ROPE", "MUGS", "COAT", "POLE", "STOV", "BAGS")
THINGS = ("Tent", "Pack", "Lamp", "Boot", "Rope", "Mug", "Coat", "Pole", "Stove", "Bag")
COLORS = ("Moss", "Slate", "Ember", "Sand", "Lake", "Fir", "Café", "Blüte")
SIZES = ("S", "M", "L", "XL")
PLACES = ("Default", "EAST", "WEST", "NORTH", "SOUTH", "HARBOUR", "QUAY", "HILL")
OLD_RUNS = 400
KIT_EVERY = 500
DAY = 86400

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much, from which seed, and as of when (epoch seconds)."""

    products: int
    warehouses: int
    carts: int
    seed: int
    at: int


class Stock(NamedTuple):
    """Units by product, filled by `levels`: of all warehouses, and of the first two."""

    everywhere: array[int]
    near: array[int]


def mixed(number: int, salt: int) -> int:
    """32 well mixed bits of a number."""
    value = (number * 0x9E3779B1 + salt * 0x85EBCA77) & 0xFFFFFFFF
    value = ((value ^ (value >> 15)) * 0x2C1B3C6D) & 0xFFFFFFFF
    value = ((value ^ (value >> 12)) * 0x297A2D39) & 0xFFFFFFFF
    return value ^ (value >> 15)


def sku(number: int, seed: int) -> str:
    """The SKU of a product; those of one kind are spread over the whole list."""
    bits = mixed(number, seed)
    return f"DEMO-{bits % 1_000_000:06d}-{KINDS[number % 10]}-{number:07d}"


def upc(number: int, seed: int) -> str | None:
    """Its UPC: one in fifty has none, one in fifty carries that of its neighbour."""
    bits = mixed(number, seed + 1) % 50
    if bits == 0:
        return None
    return f"4{number - 1 if bits == 1 and number > 1 else number:011d}"


def _ean(number: int, seed: int) -> str | None:
    return f"20{number:011d}" if mixed(number, seed + 2) % 100 < 40 else None


def _asin(number: int, seed: int) -> str | None:
    return f"B0DM{number:06X}" if mixed(number, seed + 3) % 100 < 10 else None


def _held(number: int, seed: int) -> list[tuple[int, str]]:
    kind_codes = (
        (0, sku(number, seed)),
        (EAN, _ean(number, seed)),
        (UPC, upc(number, seed)),
        (ASIN, _asin(number, seed)),
    )
    return [(kind, code) for kind, code in kind_codes if code is not None]


def is_kit(number: int, scale: Scale) -> bool:
    """One in so many is a kit of the two that follow it."""
    return number % KIT_EVERY == 0 and number + 2 <= scale.products


PRODUCT_COLUMNS = ("id", "merchant_id", "ref", "sku", "sku_key", "name", "codes_text", "kinds", "is_kit", "sig", "seq")


def products(scale: Scale) -> Iterator[Row]:
    """Products in the order of their numbers."""
    for number in range(1, scale.products + 1):
        held = _held(number, scale.seed)
        own = held[0][1]
        bits = mixed(number, scale.seed + 4)
        name = f"Demo {COLORS[bits % 8]} {THINGS[number % 10]} {SIZES[bits // 8 % 4]} no. {number}"
        text = "\n".join(code.lower() for _, code in held)
        kinds = ",".join(str(kind) for kind, _ in held)
        kit = int(is_kit(number, scale))
        yield number, MERCHANT, f"p{number}", own, own.lower(), name, text, kinds, kit, f"{number:x}", SEQ


def codes(scale: Scale) -> Iterator[Row]:
    """(key, kind, product, code)."""
    for number in range(1, scale.products + 1):
        for kind, code in _held(number, scale.seed):
            yield code.lower(), kind, number, code


def kits(scale: Scale) -> Iterator[Row]:
    """Rows (kit, component, units needed) of the kits in a generated store."""
    for number in range(KIT_EVERY, scale.products - 1, KIT_EVERY):
        yield number, number + 1, 1
        yield number, number + 2, 2


LEVEL_COLUMNS = (
    "warehouse_id",
    "product_id",
    "on_hand",
    "available",
    "committed",
    "incoming",
    "read_at",
    "loaded_at",
    "seq",
)


def levels(scale: Scale, stock: Stock) -> Iterator[Row]:
    """Levels by warehouse; one in fifty was read three days ago, the last warehouse has a tenth of the products."""
    for place in range(1, scale.warehouses + 1):
        sparse = place == scale.warehouses and place > 2
        for number in range(1, scale.products + 1):
            bits = mixed(number, scale.seed + 10 * place)
            if sparse and bits % 10:
                continue
            available = 0 if bits % 16 == 0 else bits // 16 % 200
            stock.everywhere[number] += available
            stock.near[number] += available if place <= 2 else 0
            read_at = scale.at - 3 * DAY if bits // 7 % 50 == 0 else scale.at - 60 - bits % 3000
            committed = bits // 3200 % 5
            yield place, number, available + committed, available, committed, 0, read_at, read_at, SEQ


def warehouses(scale: Scale) -> Iterator[Row]:
    """(id, merchant, ref, code, name, last full download)."""
    for place in range(1, scale.warehouses + 1):
        code = PLACES[place - 1] if place <= len(PLACES) else f"HALL-{place}"
        yield place, MERCHANT, "" if place == 1 else f"wh-{place}", code, f"{code.title()} Demo Hall", scale.at


CART_COLUMNS = (
    "id", "merchant_id", "name", "system", "url", "upload_enabled", "combine_all", "push_kind", "cutoff_below",
    "pushed_rules_rev", "matched_rev", "watermark", "match_mark", "listed_at", "observed_at", "created_at", "options",
)  # fmt: skip


def carts(scale: Scale) -> Iterator[Row]:
    """The second cart pushes UPCs of the first two warehouses, the third has a minimum of 5; the others combine all."""
    for cart in range(1, scale.carts + 1):
        kind, minimum = (UPC if cart == 2 else 0), (5 if cart == 3 else 0)
        head = (cart, MERCHANT, f"Demo Shop {cart}", "sandbox", NOWHERE, 1, int(cart != 2), kind, minimum)
        yield *head, 1, 1, SEQ, SEQ, scale.at, scale.at, scale.at, f'{{"shop": "shop-{cart}"}}'


def chosen(scale: Scale) -> Iterator[Row]:
    """(cart, warehouse) of the second cart."""
    if scale.carts > 1:
        yield from ((2, place) for place in range(1, min(2, scale.warehouses) + 1))


def last_push(scale: Scale, cart: int) -> int:
    """The number of a cart's last push."""
    return OLD_RUNS + 1 + cart


def _is_listed(number: int, cart: int, scale: Scale) -> bool:
    return mixed(number, scale.seed + 100 + cart) % 50 != 0


def unlisted(scale: Scale) -> Iterator[Row]:
    """(cart, product, reason, run) of what carts lack: one in fifty."""
    for cart in range(1, scale.carts + 1):
        for number in range(1, scale.products + 1):
            if not _is_listed(number, cart, scale):
                lacks = cart == 2 and upc(number, scale.seed) is None
                yield cart, number, "ALIAS_MISSING" if lacks else "NOT_IN_CART", last_push(scale, cart)


LISTING_COLUMNS = (
    "cart_id", "ref", "sku", "key", "name", "tracked", "observed", "observed_at", "seq", "product_id", "match_reason", "excluded",
    "locked", "desired", "target", "acked", "shown", "synced_at", "pending", "run_id", "outcome", "reason", "error",
)  # fmt: skip


def listings(scale: Scale, stock: Stock, shared: frozenset[str]) -> Iterator[Row]:
    """Listings of every cart by product, and one in a hundred that the WMS does not know."""
    for cart in range(1, scale.carts + 1):
        for number in range(1, scale.products + 1):
            if _is_listed(number, cart, scale):
                yield _listing(scale, cart, number, stock, shared)


def _listing(scale: Scale, cart: int, number: int, stock: Stock, shared: frozenset[str]) -> Row:
    bits = mixed(number, scale.seed + 200 + cart)
    own = sku(number, scale.seed)
    code = (upc(number, scale.seed) if cart == 2 else own) or own
    match = _match(cart, code, own, shared)
    if bits % 100 == 0:
        code, match = f"OLD-{number:07d}", "NOT_IN_WMS"
    head = (cart, f"L{number}", code, code.lower(), f"Demo {THINGS[number % 10]} {number}", 1)
    run = last_push(scale, cart)
    if match is not None:
        return *head, 0, scale.at, SEQ, None, match, 0, 0, None, None, None, None, None, 0, run, "skipped", match, ""
    quantity = _quantity(scale, cart, number, stock)
    return *head, *_pushed(scale, quantity, number, bits), *_ended(scale, quantity, bits, run)


def _match(cart: int, code: str, own: str, shared: frozenset[str]) -> str | None:
    if cart == 2 and code == own:
        return "ALIAS_MISSING"
    return "AMBIGUOUS_ALIAS" if cart == 2 and code in shared else None


def _quantity(scale: Scale, cart: int, number: int, stock: Stock) -> int:
    units = stock.near if cart == 2 else stock.everywhere
    quantity = min(units[number + 1], units[number + 2] // 2) if is_kit(number, scale) else units[number]
    return 0 if cart == 3 and quantity < 5 else quantity


def _pushed(scale: Scale, quantity: int, number: int, bits: int) -> Row:
    """observed to locked: one in two hundred was changed in the cart since."""
    observed = max(0, quantity - 1) if bits % 200 == 1 else quantity
    return observed, scale.at, SEQ, number, None, int(bits % 1000 == 2), int(bits % 1000 == 3)


def _ended(scale: Scale, quantity: int, bits: int, run: int) -> Row:
    """desired to error: one in fifty was never synced, one in five hundred failed."""
    synced = scale.at - bits % DAY
    if bits % 1000 in (2, 3):
        reason = "EXCLUDED" if bits % 1000 == 2 else "LOCKED"
        return None, None, quantity, quantity, synced, 0, run, "skipped", reason, ""
    if bits % 500 == 4:
        text = "The demo shop refused this row."
        return quantity, quantity, None, None, synced, 1, run, "failed", "REJECTED_BY_CART", text
    if bits % 50 == 5:
        return None, None, None, None, None, 1, run, "skipped", "WMS_STALE", ""
    ended = ("set", None) if bits % 20 == 6 else ("equal", "UNCHANGED")
    return quantity, quantity, quantity, quantity, synced, 0, run, *ended, ""


HISTORY_COLUMNS = ("product_id", "warehouse_id", "at", "before", "after")


def history(scale: Scale) -> Iterator[Row]:
    """Twenty changes in the first warehouse for one product in a hundred."""
    for number in range(100, scale.products + 1, 100):
        for step in range(20):
            at = scale.at - (20 - step) * 3600
            yield number, 1, at, mixed(number + step, 7) % 90, mixed(number + step + 1, 7) % 90


RUN_COLUMNS = (
    "id", "kind", "key", "merchant_id", "state", "trigger", "requested_by", "requested_at", "started_at", "ended_at", "counts",
    "reasons", "error",
)  # fmt: skip


def runs(scale: Scale) -> Iterator[Row]:
    """Old runs in turn, some of them failed; then the last pull and a push of each cart."""
    for number in range(1, OLD_RUNS + 1):
        cart = number % (scale.carts + 1)
        kind, key = ("push", cart) if cart else ("pull", MERCHANT)
        state, error = ("failed", "The system did not answer.") if number % 41 == 0 else ("done", "")
        at = scale.at - (OLD_RUNS + 5 - number) * 900
        yield number, kind, key, MERCHANT, state, "schedule", "schedule", at, at, at + 60, "{}", "{}", error
    at = scale.at - 600
    yield OLD_RUNS + 1, "pull", MERCHANT, MERCHANT, "done", "manual", "demo", at, at, at + 300, "{}", "{}", ""
    for cart in range(1, scale.carts + 1):
        row = (last_push(scale, cart), "push", cart, MERCHANT, "done", "after pull", "demo")
        yield *row, at + 300, at + 300, at + 500, "{}", "{}", ""
