"""A working day in the control room at 80x24, by keys alone, on a running service.

A hold at 9, an oversell complaint at 10, a wrong alias at 11, an outage of the WMS at 12, a new cart at 14, a rollback at
16. What the shops show is asked of the shops themselves.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from invsync_tui.sandbox.shop import Mode
from tests.support.processes.shell import Shell
from tests.support.servers.sandbox import TOKEN, CartHandle, WmsHandle, sandbox_cart, sandbox_wms
from tests.support.terminal.pty import Terminal

pytestmark = pytest.mark.slow

LAMP, BOOT = "DEMO-LAMP-00002", "DEMO-BOOT-00003"
NEW_CART = "Pop-up"


@dataclass
class Day:
    """The control room, and the world that it is about."""

    room: Terminal
    wms: WmsHandle
    shops: CartHandle
    secret: str

    def press(self, *keys: str) -> None:
        """Keys and texts in turn; one that begins with `~` is a text to wait for, with `!~` one to see the end of."""
        for key in keys:
            if key.startswith("~"):
                self.room.wait_for(key[1:], 30)
            elif key.startswith("!~"):
                self.room.wait_gone(key[2:], 30)
            else:
                self.room.send(key)

    def go_to(self, words: str, shows: str) -> None:
        """By `:`, from anywhere."""
        self.press(":", words, f"~:{words}", "enter", f"~{shows}")

    def decide(self, key: str, question: str, reason: str) -> None:
        """Answer a question with yes and a reason. The safe answer has the focus after the reason."""
        self.press(key, f"~{question}", reason, f"~{reason}", "tab", "tab", "enter", f"!~{question}")

    def sync(self, shows: str) -> None:
        """Sync the merchant now, from the list of merchants."""
        self.go_to("merchants", "Last Inventory Run")
        self.press("s", "~API rate limit" if shows.startswith(("✓", "▲")) else "~Inventory download", f"~{shows}")

    def stock(self, sku: str) -> int:
        """What all warehouses have of it, as the WMS says."""
        dump = self.wms.dump()
        (ref,) = [ref for ref, code in dump["products"].items() if code == sku]
        return sum(rows[ref][0] for rows in dump["levels"].values() if ref in rows)

    def shows(self, shop: str, sku: str) -> int | None:
        return self.shops.quantities(shop)[sku]

    def becomes(self, what: Callable[[], object], expected: object) -> None:
        """Wait for the world; the control room is read meanwhile."""
        until = time.monotonic() + 30
        while (found := what()) != expected:
            assert time.monotonic() < until, f"{found!r} for {expected!r}; the screen is:\n" + "\n".join(
                self.room.lines()
            )
            self.room.pump(0.2)


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    """A merchant with two carts, of which one pushes by the wrong alias; the service runs, nothing was synced yet."""
    modes = {name: Mode() for name in ("web", "outlet", "popup")}
    with sandbox_wms(30) as wms, sandbox_cart(30, shops=modes) as shops:
        secret = tmp_path / "token"
        secret.touch(mode=0o600)
        secret.write_text(TOKEN, "utf-8")
        store, login = str(tmp_path / "store.db"), ("--secret", f"file:{secret}")
        shell = Shell(tmp_path)
        for words in (
            ("init",),
            ("merchants", "add", "My Shop", "--source", "sandbox", "--url", wms.url, *login, "--sync", "on", "--every", "1d"),
            ("carts", "add", "My Shop", "Web", "--system", "sandbox", "--url", shops.url, *login, "--option", "shop=web",
             "--upload", "on", "--minimum", "0"),
            ("carts", "add", "My Shop", "Outlet", "--system", "sandbox", "--url", shops.url, *login, "--option",
             "shop=outlet", "--upload", "on", "--minimum", "0", "--alias", "UPC"),
        ):  # fmt: skip
            done = shell.run("--store", store, *words)
            assert done.code == 0, done
        command = [sys.executable, "-m", "invsync_tui", "--store", store]
        service = subprocess.Popen([*command, "serve"], stderr=subprocess.DEVNULL)
        try:
            with Terminal(command, environ={"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}) as room:
                yield Day(room, wms, shops, f"file:{secret}")
        finally:
            service.terminate()
            service.wait(30)


def test_a_working_day(day: Day) -> None:
    # 9:00 the first push of a cart is held. What would it send? It is released.
    day.press("~service running", "~1 held")
    day.go_to("run 2", "first push of this cart")
    day.press("enter", "~Would send", "escape", "~first push of this cart")
    day.decide("r", "Release all", "looked at it")
    day.press("~✓ done")
    day.becomes(lambda: day.shows("web", LAMP), day.stock(LAMP))
    # 10:00 a customer has bought what is not there: it was sold over the counter meanwhile, and only 2 are left.
    for code in ("", "EAST", "WEST", "NORTH"):
        day.wms.set_level(LAMP, code, 2 if code == "EAST" else 0)
    day.go_to(f"why {LAMP}", "matched as SKU")
    day.press("~Nothing is wrong")
    day.go_to("merchants", "Last Inventory Run")
    day.press("s", "~Requested")
    day.becomes(lambda: day.shows("web", LAMP), 2)
    day.go_to(f"why {LAMP}", "matched as SKU")
    day.press("~EAST: available 2", "b", "~the cart shows 2 ")
    # 11:00 nothing reaches the outlet: why? It pushes by the wrong alias; the setting is changed and saved.
    assert set(day.shops.quantities("outlet").values()) == {0}
    day.go_to("merchants", "Last Inventory Run")
    day.press("D", "~Check Merchant Settings", "~WRONG_ALIAS_TYPE")
    day.go_to("setup Outlet", "Push Inventory Using Alias")
    day.press("down", "down", "enter", "~SKU")
    day.press("home", "enter", "~was UPC", "s", "~Save these settings?", "tab", "enter", "!~Save these settings?")
    day.sync("▲ Outlet")
    day.press("]", "]", "~My Shop → Outlet")
    day.decide("r", "Release all", "the right alias now")
    day.becomes(lambda: day.shows("outlet", BOOT), day.stock(BOOT))
    day.press("~✓ Outlet")
    # 12:00 the WMS answers no more: the room says so, and the shops keep what they show.
    before = {shop: day.shops.quantities(shop) for shop in ("web", "outlet")}
    day.wms.faults({"kind": "status", "status": 503, "path": "/api"})
    day.sync("SOURCE_UNAVAILABLE")
    day.go_to("merchants", "1 failing")
    day.press("~Something went wrong on purpose")
    assert {shop: day.shops.quantities(shop) for shop in before} == before
    day.wms.faults()
    day.sync("✓ Outlet")
    day.go_to("merchants", "0 failing")
    # 14:00 a third cart: its form, the test of the connection, the first push held and released.
    day.go_to("carts", "My Shop › Carts")
    day.press("A", "~System of the new cart", "~Sandbox", "down", "enter", "~New: Sandbox")
    day.press("enter", NEW_CART, "enter", "down", "enter", day.shops.url, "enter", "down", "down")
    day.press(
        "enter", day.secret, "enter", "down", "down", "enter", "popup", "enter", "s", "~Connection test", "~s Save"
    )
    day.press("s", "~Pop-up is added")
    day.press("s")
    day.press("~Requested")
    day.press("~held")
    day.go_to("merchants", "1 held")
    day.press("~(push to Pop-up) was held", "enter", "~first push of this cart")
    day.decide("r", "Release all", "as planned")
    day.becomes(lambda: day.shows("popup", BOOT), day.stock(BOOT))
    # 16:00 the push of 11 was wrong after all: it is put back, as a plan that is looked at first.
    day.go_to("run 9", "My Shop → Outlet")
    day.decide("u", "Plan to put back what this push replaced?", "wrong shop")
    day.press("~28 to 0")
    day.decide("a", "Send exactly this plan: 28 listings?", "wrong shop")
    day.becomes(lambda: set(day.shops.quantities("outlet").values()), {0})
    # and the cart is frozen with it, so that no push undoes it
    day.go_to("carts", "My Shop › Carts")
    day.press("~frozen")
