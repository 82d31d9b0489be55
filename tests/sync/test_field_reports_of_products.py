"""What users of other sync systems reported of products: kits whose parts change, and codes that only look alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.runs.street import Street, street
from tests.support.runs.why_check import told


@pytest.fixture
async def sold(tmp_path: Path) -> AsyncIterator[Street]:
    """Two shops that show 10 of a kit's parts for each that it needs; one of them tells its orders."""
    with street(tmp_path) as our_street:
        await our_street.sync()
        yield our_street


def _kit(our_street: Street) -> tuple[str, str, list[tuple[str, str, int]]]:
    """A kit's reference and SKU, and its parts: reference, SKU, how many are needed."""
    rows: Sequence[Any] = our_street.bench.store.read(
        "SELECT k.ref, k.sku, p.ref, p.sku, c.needed FROM our_kit_component c JOIN product k ON k.id = c.kit_id "
        "JOIN product p ON p.id = c.component_id WHERE c.kit_id = (SELECT min(kit_id) FROM our_kit_component)"
    )
    return rows[0][0], rows[0][1], [(ref, sku, needed) for _, _, ref, sku, needed in rows]


async def _counted(our_street: Street, parts: list[tuple[str, str, int]]) -> None:
    for _, sku, needed in parts:
        our_street.count(needed * 10, sku=sku, after=0)
    await our_street.sync()


@pytest.mark.parametrize("full", [False, True])
async def test_a_kit_that_becomes_a_product_of_its_own_takes_nothing_off_its_former_parts(
    sold: Street, full: bool
) -> None:
    ref, kit, parts = _kit(sold)
    await _counted(sold, parts)
    # when it is stocked as it is from now on
    sold.wms.control("product", {"ref": ref, "components": []})
    sold.count(6, sku=kit, after=0)
    assert (await sold.bench.pull(full=full)).state == "done"
    await sold.push()
    assert sold.carts.quantities("b")[kit] == 6
    sold.sell(2, sku=kit)
    await sold.push()
    # then
    shown = sold.carts.quantities("b")
    assert [shown[kit], *(shown[sku] for _, sku, _ in parts)] == [4, *(needed * 10 for _, _, needed in parts)]


@pytest.mark.parametrize("full", [False, True])
async def test_a_part_that_is_taken_out_of_a_kit(sold: Street, full: bool) -> None:
    ref, kit, parts = _kit(sold)
    await _counted(sold, parts)
    gone, stays = parts[0], parts[1:]
    sold.wms.control("product", {"ref": ref, "components": [[at, needed] for at, _, needed in stays]})
    sold.count(0, sku=gone[1], after=0)
    assert (await sold.bench.pull(full=full)).state == "done"
    await sold.push()
    assert sold.carts.quantities("b")[kit] == 10


@pytest.mark.parametrize("lines", [(1, 1), (1, 2), (2, 1, 1)])
async def test_a_kit_that_names_a_part_on_several_lines_needs_their_sum(sold: Street, lines: tuple[int, ...]) -> None:
    ref, kit, parts = _kit(sold)
    part = parts[0]
    sold.wms.control("product", {"ref": ref, "components": [[part[0], needed] for needed in lines]})
    sold.count(12, sku=part[1], after=0)
    pulled = await sold.bench.pull()
    assert pulled.state == "done", pulled.error
    await sold.push()
    assert sold.carts.quantities("b")[kit] == 12 // sum(lines)


async def test_a_product_that_becomes_a_kit(sold: Street) -> None:
    _, _, parts = _kit(sold)
    dump = sold.wms.dump()["products"]
    other = next(ref for ref, sku in dump.items() if sku == sold.sku)
    await _counted(sold, parts)
    sold.wms.control("product", {"ref": other, "components": [[parts[0][0], parts[0][2]]]})
    assert (await sold.bench.pull()).state == "done"
    await sold.push()
    assert sold.shown("b") == 10
    sold.sell(3)
    await sold.push()
    shown = sold.carts.quantities("b")
    assert (shown[sold.sku], shown[parts[0][1]]) == (7, parts[0][2] * 7)


@pytest.mark.parametrize("full", [False, True])
async def test_a_kit_with_a_part_that_is_deactivated_keeps_its_number(sold: Street, full: bool) -> None:
    """Whatever levels the WMS goes on to report of the part."""
    _, kit, parts = _kit(sold)
    await _counted(sold, parts)
    (part, sku, needed) = parts[0]
    # when
    sold.wms.control("product", {"ref": part, "active": False})
    await sold.bench.pull(full=full)
    sold.count(needed * 4, sku=sku, after=0)
    await sold.bench.pull(full=full)
    await sold.push()
    # then
    assert sold.carts.quantities("b")[kit] == 10
    assert sold.bench.listings(sold.b)[kit]["reason"] == "NO_LEVEL"
    # and when it is active again, with the number that was known
    sold.wms.control("product", {"ref": part, "active": True})
    await sold.bench.pull(full=full)
    await sold.push()
    assert sold.carts.quantities("b")[kit] == 4


@pytest.mark.parametrize("full", [False, True])
async def test_a_part_that_nobody_counts_any_more_is_never_short(sold: Street, full: bool) -> None:
    _, kit, parts = _kit(sold)
    await _counted(sold, parts)
    assert len(parts) > 1
    (part, sku, needed) = parts[0]
    sold.count(needed, sku=sku, after=0)
    await sold.sync()
    assert sold.carts.quantities("b")[kit] == 1
    sold.wms.control("product", {"ref": part, "counted": False})
    await sold.bench.pull(full=full)
    await sold.push()
    assert sold.carts.quantities("b")[kit] == 10


async def test_a_kit_in_a_kit_is_named_as_what_keeps_the_outer_one(sold: Street) -> None:
    """OCA/product-pack#134 and others: a WMS that gives an inner kit a level of its own is believed, and without one the outer
    kit keeps its number and says why."""
    ref, kit, parts = _kit(sold)
    await _counted(sold, parts)
    outer = next(at for at, sku in sold.wms.dump()["products"].items() if sku == sold.sku)
    sold.wms.control("product", {"ref": outer, "components": [[ref, 2]]})
    assert (await sold.bench.pull()).state == "done"
    before = sold.shown("b")
    await sold.push()
    assert sold.shown("b") == before
    assert sold.bench.listings(sold.b)[sold.sku]["reason"] == "NO_LEVEL"
    listing = next(entry["ref"] for entry in sold.carts.dump()["b"] if entry["sku"] == sold.sku)
    steps = [step.because for step in told(sold.bench, sold.b, listing).steps]
    assert steps == [f"no level for the component {kit} (a kit itself)"]
    # when the WMS says how many of the inner one there are
    sold.count(7, sku=kit, after=0)
    assert (await sold.bench.pull()).state == "done"
    await sold.push()
    # then
    assert sold.shown("b") == 3


COPIED = {
    "direction marks, as copied from a window of Windows": ("\u202a{}\u202c", "{}"),
    "a wide space of a Japanese form": ("{}\u3000", "{}"),
    "one character for a letter with its accent, and two": ("{}-\u00dc", "{}-U\u0308"),
}


@pytest.mark.parametrize("name", COPIED)
@pytest.mark.parametrize("where", ["cart", "wms"])
async def test_codes_that_look_alike_to_everybody_are_one_code(sold: Street, name: str, where: str) -> None:
    in_cart, in_wms = COPIED[name] if where == "cart" else reversed(COPIED[name])
    product = next(ref for ref, sku in sold.wms.dump()["products"].items() if sku == sold.sku)
    listing = next(listing["ref"] for listing in sold.carts.dump()["b"] if listing["sku"] == sold.sku)
    sold.count(4, after=0)
    sold.carts.edit(listing, "b", sku=in_cart.format(sold.sku))
    sold.wms.control("product", {"ref": product, "sku": in_wms.format(sold.sku)})
    assert (await sold.bench.pull()).state == "done"
    # when
    assert (await sold.bench.push(sold.b, full=True)).state == "done"
    # then
    assert sold.carts.quantities("b", by="ref")[listing] == 4
