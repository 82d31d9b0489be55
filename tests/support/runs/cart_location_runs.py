"""Carts that set stock at locations of a shop, and their pushes."""

from __future__ import annotations

import json

from invsync_tui import clock
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest, RunRow
from tests.support.runs.shared_shop import EAST, WEST, Corner


def add(made: Corner) -> None:
    """Both locations, not read yet."""
    connection = made.carts.connection("a", 5.0, location="first")
    made.east = made.bench.add_cart(connection, name="Shop", warehouses=["EAST"])
    made.west = made.bench.add_cart(connection, name="Shop West", warehouses=["WEST"])
    options = json.dumps({**connection.options, "location": "West"})
    with made.bench.by_hand() as cx:
        cx.execute("UPDATE cart SET of_cart = ?, options = ? WHERE id = ?", (made.east, options, made.west))


async def opened(made: Corner) -> Corner:
    await made.bench.work()
    add(made)
    for cart in (made.east, made.west):
        assert (await push(made, cart)).state == "done"
    assert made.sellable() == (EAST, WEST)
    return made


def request(made: Corner, *carts: int, full: bool = False) -> list[int]:
    """Ask for pushes as of now, at once: who read the shop since then has read it for these."""
    now = clock.seconds()
    orders = [RunRequest("push", cart, made.bench.merchant, "test", "tester", None, full) for cart in carts]
    with made.bench.store.transaction() as tx:
        return [runs.request(tx, order, now).run_id for order in orders]


async def push(made: Corner, cart: int, *, full: bool = False) -> RunRow:
    (run,) = request(made, cart, full=full)
    await made.bench.work()
    if made.bench.run(run).state == "held":
        made.bench.release(run)
        await made.bench.work()
    return made.bench.run(run)
