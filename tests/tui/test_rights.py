"""Which keys change something and who is offered them, as a literal table. A new key fails here until it has a row."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from textual.binding import Binding

from invsync_tui.operations.roles import Role
from invsync_tui.tui import keymap
from invsync_tui.tui.app import control_room
from invsync_tui.tui.navigation import routes
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.screens.runs.run import RunScreen
from invsync_tui.tui.store_connection import StoreConnection
from tests.support.operations.rights import Scene, content
from tests.support.screens.control_room import QUICK, Driver
from tests.support.stores.products_store import Shelf, shelf

OPERATOR, ADMIN = "operator", "admin"
CHANGES = {
    "sync.start": OPERATOR,
    "cart.sync": OPERATOR,
    "cart.freeze": OPERATOR,
    "listing.select": OPERATOR,
    "listing.select-all": OPERATOR,
    "listing.select-down": OPERATOR,
    "listing.select-up": OPERATOR,
    "listing.override": OPERATOR,
    "listing.sync": OPERATOR,
    "listing.exclude": OPERATOR,
    "listing.lock": OPERATOR,
    "plan.apply": OPERATOR,
    "drift.correct": OPERATOR,
    "drift.correct-all": OPERATOR,
    "drift.verify": OPERATOR,
    "identity.accept": OPERATOR,
    "identity.accept-all": OPERATOR,
    "identity.unlink": OPERATOR,
    "run.start": OPERATOR,
    "run.resume": OPERATOR,
    "run.cancel": OPERATOR,
    "run.release": OPERATOR,
    "run.discard": OPERATOR,
    "run.undo": OPERATOR,
    "warehouses.enable": OPERATOR,
    "setup.add": ADMIN,
    "setup.rename": ADMIN,
    "setup.switch": ADMIN,
    "setup.remove": ADMIN,
    "connection.save": ADMIN,
    "fixes.make": ADMIN,
    "settings.save": ADMIN,
    "settings.revert": ADMIN,
    "settings.back": ADMIN,
}
LOOKS = {
    "add.about",
    "aliases.missing", "asking.cancel", "asking.down", "asking.next", "asking.previous", "asking.up", "back", "bundle",
    "cart.drift", "cart.identity", "cart.plan", "cart.runs", "cart.setup", "cart.test", "choose.cancel", "choose.mark",
    "choose.take",
    "command.after", "command.before",
    "confirm.cancel", "confirm.next", "confirm.previous", "connection.repeat", "diff.earlier", "drift.class",
    "fixes.again", "fixes.next",
    "form.accept", "form.choice-after", "form.choice-before", "form.down", "form.down-letter", "form.edit", "form.first",
    "form.give-up", "form.last", "form.page-down", "form.page-up", "form.up", "form.up-letter", "go-to", "held.group",
    "help", "help.back", "history.newer", "history.next", "history.older",
    "history.previous", "why.records", "report.copy", "themes.back", "themes.keep", "doctor.all", "doctor.fix",
    "kinds.next", "kinds.previous", "list.copy", "list.copy-cell", "list.export", "list.filter", "list.reverse", "list.sort",
    "list.sort-column", "listing.drift", "listing.identity", "listing.plan", "listing.why",
    "bookmark", "bookmark.remove", "filter.remove", "filter.save", "filters", "list.columns", "list.wide", "visits.back",
    "visits.forward",
    "merchant.aliases", "merchant.carts", "merchant.doctor", "merchant.runs", "merchant.setup", "merchant.test",
    "merchant.mismatches", "merchant.all_mismatches",
    "merchant.warehouses", "mouse", "palette", "text.down", "text.end", "text.lead", "text.page-down", "text.page-up",
    "text.top", "text.up", "part.next", "part.previous", "plan.again", "prompt.complete", "prompt.leave", "quit",
    "quit.anywhere",
    "runs.fold",
    "run.changes", "run.diff", "run.next", "run.plan", "run.previous", "run.reasons", "runs.diff", "search", "settings.test",
    "settings.what-if", "sku.down", "sku.history", "sku.up", "suspend", "table.down", "table.first", "table.last",
    "table.left", "table.open", "table.page-down", "table.page-up", "table.right", "table.up", "tabs.next",
    "tabs.previous", "warehouses.all", "why.read-back",
}  # fmt: skip


def test_every_key_has_a_row() -> None:
    assert set(keymap.ids()) == set(CHANGES) | LOOKS


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Shelf]:
    our_shelf = shelf(tmp_path)
    Scene(our_shelf)
    yield our_shelf
    our_shelf.bench.store.close()


@pytest.mark.parametrize("who", ["viewer", "read-only", "operator"])
async def test_nobody_is_offered_or_gets_what_the_table_refuses(
    acme: Shelf, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    role = Role.ADMIN if who == "read-only" else Role(who)
    monkeypatch.setattr("invsync_tui.operations.session.role_of", lambda *_: role)
    app = control_room(StoreConnection(acme.bench.store.path, read_only=who == "read-only"), QUICK)
    before = content(acme)
    offered: set[str] = set()
    async with app.run_test(size=(100, 30)) as pilot:
        driver = Driver(app, pilot)
        await driver.sees("Acme")
        context = app.context
        for make in (
            lambda: None,
            lambda: routes.screen(context, "carts", acme.merchant, "Acme"),
            lambda: routes.screen(context, "products", acme.cart, "Acme Shop", "Acme"),
            lambda: routes.screen(context, "drift", acme.cart, "Acme Shop", "Acme"),
            *(
                partial(RunScreen, context, number)
                for (number,) in acme.bench.store.read("SELECT id FROM our_run ORDER BY id")
            ),
            lambda: routes.screen(context, "setup", acme.cart, "Acme Shop", "Acme"),
        ):
            screen = make()
            if screen is not None:
                app.push_screen(screen)
            await pilot.pause(0.5)
            assert isinstance(app.screen, BaseScreen)
            offered |= {binding.id or "" for binding in _shown(app.screen)}
            if who != "operator":
                # when: each key that changes something is pressed all the same, and confirmed
                for binding in [one for one in _own(app.screen) if one.id in CHANGES]:
                    await driver.press(binding.key)
                    assert isinstance(app.screen, BaseScreen), f"{binding.id} asked a question"
    app.close_store()
    # then
    refused = set(CHANGES) if who != "operator" else {name for name, least in CHANGES.items() if least == ADMIN}
    assert offered & refused == set()
    if who == "operator":
        assert {"sync.start", "cart.sync", "cart.freeze", "listing.exclude", "run.release", "run.cancel"} <= offered
    else:
        assert content(acme) == before


def _own(screen: BaseScreen) -> list[Binding]:
    return [binding for owner in type(screen).__mro__ for binding in getattr(owner, "BINDINGS", ()) if binding.id]


def _shown(screen: BaseScreen) -> list[Binding]:
    """Those that the footer and the help offer."""
    return [active.binding for active in screen.active_bindings.values() if active.enabled]


async def test_an_open_control_room_offers_what_the_configuration_allows_now(
    acme: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a control room that an admin opened
    config = tmp_path / "roles.toml"
    config.write_text('[roles]\nadmin = ["ann"]\n')
    monkeypatch.setenv("INVSYNC_CONFIG", str(config))
    monkeypatch.setattr("invsync_tui.operations.session.system_user", lambda _: "ann")
    monkeypatch.setattr("invsync_tui.tui.store_thread.STALE_AFTER", 0.05)
    app = control_room(StoreConnection(acme.bench.store.path), QUICK)
    async with app.run_test(size=(120, 30)) as pilot:
        driver = Driver(app, pilot)
        await driver.until(lambda: "s Sync" in driver.lines()[-1])
        assert "viewer" not in driver.lines()[0]
        # when that is taken away, though nobody writes to the store
        config.write_text('[roles]\nadmin = ["bob", "eve"]\n')
        # then it says so, and no longer offers what would be refused
        await driver.sees("viewer")
        await driver.until(lambda: "Sync" not in driver.lines()[-1])
    app.close_store()
