"""Carts that set stock at locations of a shop, and their pushes."""

from __future__ import annotations

import json

from invsync_tui import clock
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest, RunRow
from tests.support.runs.shared_shop import EAST, WEST, Corner


def add(corner: Corner) -> None:
    """Both locations, not read yet."""
    connection = corner.carts.connection("a", 5.0, location="first")
    corner.east = corner.bench.add_cart(connection, name="Shop", warehouses=["EAST"])
    corner.west = corner.bench.add_cart(connection, name="Shop West", warehouses=["WEST"])
    options = json.dumps({**connection.options, "location": "West"})
    with corner.bench.by_hand() as cx:
        cx.execute("UPDATE cart SET of_cart = ?, options = ? WHERE id = ?", (corner.east, options, corner.west))


async def opened(corner: Corner) -> Corner:
    await corner.bench.work()
    add(corner)
    for cart in (corner.east, corner.west):
        assert (await push(corner, cart)).state == "done"
    assert corner.sellable() == (EAST, WEST)
    return corner


def request(corner: Corner, *carts: int, full: bool = False) -> list[int]:
    """Ask for pushes as of now, at once: who read the shop since then has read it for these."""
    now = clock.seconds()
    orders = [RunRequest("push", cart, corner.bench.merchant, "test", "tester", None, full) for cart in carts]
    with corner.bench.store.transaction() as tx:
        return [runs.request(tx, order, now).run_id for order in orders]


async def push(corner: Corner, cart: int, *, full: bool = False) -> RunRow:
    (run,) = request(corner, cart, full=full)
    await corner.bench.work()
    if corner.bench.run(run).state == "held":
        corner.bench.release(run)
        await corner.bench.work()
    return corner.bench.run(run)
