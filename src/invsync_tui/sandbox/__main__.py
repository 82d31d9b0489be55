"""`python -m invsync_tui.sandbox wms|cart`: one server process, ready when it prints a line of JSON on stdout.

It ends on SIGTERM, and when its stdin ends: a parent that dies never leaves it behind.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from invsync_tui.sandbox.cart import Cart, Log
from invsync_tui.sandbox.catalog import Catalog, generate
from invsync_tui.sandbox.demo import WMS_PACE
from invsync_tui.sandbox.server import listen
from invsync_tui.sandbox.service import Pace, Service
from invsync_tui.sandbox.shop import Listing, Mode, Shop
from invsync_tui.sandbox.wms import Wms


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m invsync_tui.sandbox", description="A sandbox WMS or cart.")
    parser.add_argument("server", choices=("wms", "cart"))
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=os.environ.get("INVSYNC_SANDBOX_TOKEN", "demo-token"))
    parser.add_argument("--products", type=int, default=5000)
    parser.add_argument("--warehouses", type=int, default=4)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--profile", choices=("demo", "plain"), default="plain")
    parser.add_argument("--latency", type=float, default=0.0, help="WMS: seconds per request")
    parser.add_argument("--jitter", type=float, default=0.0, help="WMS: most seconds of a random wait")
    parser.add_argument("--burst", type=float, default=0.0, help="WMS: requests at once")
    parser.add_argument("--per-second", type=float, default=0.0, help="WMS: requests per second; 0 is no limit")
    parser.add_argument(
        "--shop", action="append", default=[], metavar="NAME[,KEY=VALUE...]", help="cart, plain: a shop"
    )
    parser.add_argument(
        "--hook", action="append", default=[], metavar="SHOP=URL", help="cart: where a shop's webhooks go"
    )
    parser.add_argument("--log", type=Path, help="cart: file to which every applied row is added")
    return parser


def plain_shop(name: str, mode: Mode, catalog: Catalog) -> Shop:
    """A shop that lists every product with quantity 0."""
    listings = {
        ref.replace("P", "L", 1): Listing(ref.replace("P", "L", 1), product.code(mode.code), product.name)
        for ref, product in catalog.products.items()
    }
    return Shop(name, mode, listings)


def _customers(arguments: argparse.Namespace) -> dict[str, Catalog]:
    if arguments.profile == "plain":
        return {"": generate(arguments.products, arguments.warehouses, arguments.seed)}
    from invsync_tui.sandbox.data_faults import customers

    return customers(arguments.products, arguments.seed)


def _shops(arguments: argparse.Namespace) -> dict[str, Shop]:
    if arguments.profile == "demo":
        from invsync_tui.sandbox.data_faults import shops

        return shops(arguments.products, arguments.seed)
    catalog = generate(arguments.products, arguments.warehouses, arguments.seed)
    named = (shop.partition(",") for shop in arguments.shop or ["main"])
    return {name: plain_shop(name, Mode.read(mode), catalog) for name, _, mode in named}


def _service(arguments: argparse.Namespace) -> Service:
    if arguments.server == "cart":
        cart = Cart(arguments.token, _shops(arguments), Log(arguments.log))
        cart.outbox.addresses.update(tuple(hook.split("=", 1)) for hook in arguments.hook)
        return cart
    pace = Pace(arguments.latency, arguments.jitter, arguments.burst, arguments.per_second)
    if arguments.profile == "demo" and pace == Pace():
        pace = WMS_PACE
    return Wms(arguments.token, pace, _customers(arguments))


def _until_stdin_ends(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    """Read the raw descriptor: a thread inside a buffered read would block the interpreter's exit."""
    while os.read(0, 4096):
        pass
    with suppress(RuntimeError):  # the loop has ended already, by a signal
        loop.call_soon_threadsafe(ended.set)


async def _serve(service: Service, port: int) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server, port = await listen(service.handle, port)
    sys.stdout.write(json.dumps({"ready": True, "url": f"http://127.0.0.1:{port}"}) + "\n")
    sys.stdout.flush()
    threading.Thread(target=_until_stdin_ends, args=(loop, ended), daemon=True).start()
    await ended.wait()
    server.close()


def service(arguments: Sequence[str]) -> Service:
    """What a process with these arguments serves, to be served by somebody else."""
    return _service(_arguments().parse_args(arguments))


def main() -> int:
    """Serve until told to end."""
    arguments = _arguments().parse_args()
    asyncio.run(_serve(_service(arguments), arguments.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
