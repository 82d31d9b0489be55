"""Records of shops and kits of a WMS, and what each of them becomes: whole rows, one table for each kind of record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors.auth.token_store import Token, TokenStore
from invsync_tui.connectors.base import CartLocation, ComponentRow, ListingRow
from invsync_tui.connectors.carts.medusa import listings as medusa
from invsync_tui.connectors.carts.woocommerce import listings as woocommerce
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.connectors.sources.odoo.kits import Kits
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store.file import backups

HERE = CartLocation("l1", "East")
OURS = {"l1", "l4"}


def link(item: Any, needed: int = 1) -> dict[str, Any]:
    return {"inventory_item_id": "i1", "required_quantity": needed, "inventory": item}


def level(at: str, stocked: Any, reserved: Any = 0, **more: Any) -> dict[str, Any]:
    return {"location_id": at, "stocked_quantity": stocked, "reserved_quantity": reserved, **more}


def seller(number: str, sku: str | None, *needed: int) -> dict[str, Any]:
    """A variant as an item names it, with what it takes of each of its items."""
    return {"id": number, "sku": sku, "inventory_items": [{"required_quantity": n} for n in needed or (1,)]}


def item(*levels: Any, sku: str | None = "SKU", variants: Any = None) -> dict[str, Any]:
    return {"id": "i1", "sku": sku, "location_levels": list(levels), "variants": variants or [seller("v1", "SKU")]}


def variant(*links: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": "v1", "sku": "SKU", "title": "T", "product": {"title": "P"}, "manage_inventory": True,
        "allow_backorder": False, "barcode": None, "ean": "400", "upc": "9", "inventory_items": list(links), **more,
    }  # fmt: skip


GONE = level("l5", 90, stock_locations=[])
NOT_HERE = Reason.NOT_STOCKED_AT_LOCATION
BUNDLE = Reason.BUNDLE_PARENT
STOCKED = ListingRow("i1", "SKU", "P / T", True, 7, 2, barcode="400")
VARIANTS: dict[str, tuple[dict[str, Any], ListingRow]] = {
    "stock here": (variant(link(item(level("l1", 7, 2)))), STOCKED),
    "stock here and elsewhere, of which one location is ours and one is deleted": (
        variant(link(item(level("l2", 5, 1), level("l1", 7, 2), level("l3", 2.5, 1), level("l4", 50), GONE))),
        STOCKED._replace(elsewhere=7, elsewhere_allocated=2),
    ),
    "stock elsewhere alone": (
        variant(link(item(level("l2", 5)))),
        STOCKED._replace(quantity=None, allocated=0, skip=NOT_HERE, elsewhere=5),
    ),
    "stock nowhere": (
        variant(link(item())), STOCKED._replace(quantity=None, allocated=0, skip=NOT_HERE),
    ),
    "inventory is not managed": (
        variant(link(item(level("l1", 7))), manage_inventory=False, sku=None),
        ListingRow("v1", "", "P / T", False, barcode="400"),
    ),
    "no item": (variant(), ListingRow("v1", "SKU", "P / T", True, skip=NOT_HERE, barcode="400")),
    "a deleted item": (
        variant(link(None), barcode="123"), ListingRow("v1", "SKU", "P / T", True, skip=NOT_HERE, barcode="123"),
    ),
    "two of an item": (variant(link(item(), 2)), ListingRow("v1", "SKU", "P / T", True, skip=BUNDLE, barcode="400")),
    "two items": (variant(link(item()), link(item())), ListingRow("v1", "SKU", "P / T", True, skip=BUNDLE, barcode="400")),
    "another variant's item": (
        variant(link(item(level("l1", 7), variants=[seller("v1", "X"), seller("v2", "SKU")])), ean=None, upc=""),
        ListingRow("v1", "SKU", "P / T", True, skip=BUNDLE),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_of_medusa(name: str) -> None:
    record, expected = VARIANTS[name]
    assert medusa.of_variant(record, HERE, OURS) == expected


def test_a_location_of_medusa_that_is_deleted_is_said_to_be() -> None:
    with pytest.raises(NotConfiguredError, match=r"The location East \(l1\) no longer exists"):
        medusa.of_variant(variant(link(item(level("l1", 7, stock_locations=[])))), HERE, OURS)


@pytest.mark.parametrize(("variants", "expected"), [
    ([seller("v2", "A"), seller("v1", "B")], "v1"), ([seller("v2", "SKU"), seller("v1", "B")], "v2"),
    ([seller("v3", "SKU"), seller("v2", "SKU")], "v2"), ([seller("v1", "SKU", 2), seller("v2", "B")], "v2"),
    ([seller("v1", "SKU", 1, 1)], ""), ([seller("v1", None)], "v1"),
])  # fmt: skip
def test_the_variant_whose_stock_an_item_of_medusa_is(variants: Any, expected: str) -> None:
    assert medusa.seller_of(item(variants=variants)) == expected
    assert medusa.seller_of(item(sku=None, variants=[seller("v2", None), seller("v1", "x")])) == "v1"


@pytest.mark.parametrize(("managed", "backorder", "expected"), [
    (True, True, True), (True, False, False), (False, False, False), (False, True, False), (1, 1, False),
])  # fmt: skip
def test_what_medusa_sells_below_zero(managed: Any, backorder: Any, expected: bool) -> None:
    assert medusa.sells_below_zero({"manage_inventory": managed, "allow_backorder": backorder}) is expected
    assert medusa.sells_below_zero("x") is False


@pytest.mark.parametrize(("ref", "parts"), [
    ("12", ("12", "")), ("12:34", None), ("12/34", ("12", "34")), ("", None), ("x", None), ("12/", None), ("/3", None),
])  # fmt: skip
def test_a_reference_of_woocommerce(ref: str, parts: tuple[str, str] | None) -> None:
    assert woocommerce.parts_of(ref) == parts


@pytest.mark.parametrize(("kind", "managed", "sku", "expected"), [
    ("simple", False, "", True), ("variable", False, "", False), ("variable", False, "S", True),
    ("variable", True, "", True), ("variable-subscription", False, "", False), ("variable", "parent", "", True),
])  # fmt: skip
def test_what_woocommerce_lists(kind: str, managed: Any, sku: str, expected: bool) -> None:
    assert woocommerce.is_listing({"type": kind, "manage_stock": managed, "sku": sku}) is expected


# --- kits of Odoo ------------------------------------------------------------------------------------------------------

UNIT, DOZEN = [1, "Units"], [2, "Dozens"]


def product(number: int, *values: int, unit: Any = UNIT) -> dict[str, Any]:
    """A product of the template with ten times its number."""
    return {
        "id": number, "product_tmpl_id": [number * 10, "t"], "uom_id": unit,
        "product_template_attribute_value_ids": list(values),
    }  # fmt: skip


def bill(number: int, of: int, makes: Any = 1, variant: int | None = None, unit: Any = UNIT) -> dict[str, Any]:
    return {
        "id": number, "product_tmpl_id": [of * 10, "t"], "product_id": [variant, "v"] if variant else False,
        "product_qty": makes, "product_uom_id": unit,
    }  # fmt: skip


def part(number: int, amount: Any, *values: int, unit: Any = UNIT) -> dict[str, Any]:
    return {
        "product_id": [number, "p"], "product_qty": amount, "product_uom_id": unit,
        "bom_product_template_attribute_value_ids": list(values),
    }  # fmt: skip


def kits(bills: Mapping[int, list[Any]], lines: Mapping[int, list[Any]], **more: Any) -> Kits:
    """`bills` by product, `lines` by bill."""
    return Kits(
        bills={of * 10: list(rows) for of, rows in bills.items()}, lines=dict(lines),
        parts={n: product(n, unit=DOZEN if n == 9 else UNIT) for n in range(2, 10)},
        counted={n: n != 8 for n in range(1, 10)}, attributes={51: 5, 52: 5, 61: 6}, **more,
    )  # fmt: skip


KITS: dict[str, tuple[Kits, dict[str, Any], Any]] = {
    "no kit": (kits({}, {}), product(1), None),
    "two parts, and one that nobody counts": (
        kits({1: [bill(1, 1)]}, {1: [part(2, 1), part(3, 4.0), part(8, 1), part(4, 0)]}), product(1),
        (ComponentRow("2", 1), ComponentRow("3", 4)),
    ),
    "a bill that makes two": (kits({1: [bill(1, 1, 2)]}, {1: [part(2, 6)]}), product(1), (ComponentRow("2", 3),)),
    "the bill of a variant of its own": (
        kits({1: [bill(1, 1, variant=7), bill(2, 1, variant=1), bill(3, 1)]},
             {1: [part(2, 1)], 2: [part(3, 1)], 3: [part(4, 1)]}),
        product(1), (ComponentRow("3", 1),),
    ),
    "lines of other variants": (
        kits({1: [bill(1, 1)]}, {1: [part(2, 1, 51), part(3, 1, 52), part(4, 1, 51, 52), part(5, 1, 51, 61), part(6, 1, 61)]}),
        product(1, 51, 61), (ComponentRow("2", 1), ComponentRow("4", 1), ComponentRow("5", 1), ComponentRow("6", 1)),
    ),
    "a kit in a kit, with a part of both": (
        kits({1: [bill(1, 1)], 2: [bill(2, 2, 2)]}, {1: [part(2, 3), part(3, 1)], 2: [part(3, 4), part(4, 2)]}),
        product(1), (ComponentRow("3", 7), ComponentRow("4", 3)),
    ),
    "half a part": (kits({1: [bill(1, 1, 2)]}, {1: [part(2, 5)]}), product(1), "needs 2.5 units of the product 2; only whole"),
    "a bill that makes nothing": (kits({1: [bill(1, 1, 0)]}, {1: [part(2, 5)]}), product(1), "makes 0 units"),
    "less than nothing": (kits({1: [bill(1, 1)]}, {1: [part(2, -1)]}), product(1), "is not between 0 and"),
    "an amount in words": (kits({1: [bill(1, 1)]}, {1: [part(2, "1")]}), product(1), "is not between 0 and"),
    "a part in another unit": (kits({1: [bill(1, 1)]}, {1: [part(9, 1)]}), product(1), "the component 9 is in another unit"),
    "a bill in another unit": (kits({1: [bill(1, 1, unit=DOZEN)]}, {}), product(1), "of the kit is in another unit"),
    "a part that cannot be read": (kits({1: [bill(1, 1)]}, {1: [part(99, 1)]}), product(1), "component 99 cannot be read"),
    "a part whose bills were not read": (
        kits({1: [bill(1, 1)]}, {1: [part(2, 1)]}, unread={20}), product(1), "is more than 10 deep",
    ),
    "a kit in itself": (kits({2: [bill(1, 2)]}, {1: [part(2, 1)]}), product(2), "is more than 10 deep"),
}  # fmt: skip


@pytest.mark.parametrize("name", KITS)
def test_what_a_kit_of_odoo_needs(name: str) -> None:
    known, record, expected = KITS[name]
    if isinstance(expected, str):
        with pytest.raises(ValueError, match=expected):
            known.components(record)
    else:
        assert known.components(record) == expected


# --- files -------------------------------------------------------------------------------------------------------------


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def _token(folder: Path) -> None:
    store = TokenStore(folder / "tokens" / "cart-1.json", "subject")
    store.read()
    async with store.turn(1):
        await store.replace(Token("access-token", 1, 2))
    store.read()
    await store.forget()


async def _unreadable_token(folder: Path) -> None:
    (folder / "tokens" / "cart-1.json").mkdir(parents=True, exist_ok=True)
    with pytest.raises(NotConfiguredError):
        TokenStore(folder / "tokens" / "cart-1.json", "subject").read()


async def _folder(folder: Path) -> None:
    backups.sync_folder(folder)


@pytest.mark.parametrize("work", [_token, _unreadable_token, _folder])
async def test_no_file_stays_open(work: Callable[[Path], Any], tmp_path: Path) -> None:
    await work(tmp_path)
    before = descriptors()
    for _ in range(4):
        await work(tmp_path)
    assert descriptors() == before
