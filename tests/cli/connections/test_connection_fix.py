"""`connections fix` and `connections preview`: what is shown, what is refused, what a script is given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes.shell import NOWHERE, Shell, check
from tests.support.processes.shell_sync import set_up
from tests.support.servers.sandbox import CartHandle, WmsHandle, sandbox_cart, sandbox_wms


@pytest.fixture
def servers() -> Iterator[tuple[WmsHandle, CartHandle]]:
    with sandbox_wms(4) as wms, sandbox_cart(4) as cart:
        yield wms, cart


def test_it_is_listed_shown_and_made(shell: Shell, servers: tuple[WmsHandle, CartHandle]) -> None:
    wms, cart = servers
    set_up(shell, wms, cart)
    sku = sorted(listing["sku"] for listing in cart.dump()["main"])[0]
    cart.edit(sku, tracked=False)
    shell.run("sync", "Acme", "--wait")  # held for review, as a first push is
    listed = shell.ok("connections", "fix", "Shop")
    assert "track: Counts the stock of the listing from now on. It shows 0 then." in listed.out
    assert "1 listing needs it (CART_NOT_TRACKING)" in listed.out
    shown = shell.ok("connections", "fix", "Shop", "track")
    assert f"{sku}: will be changed" in shown.out and "Nothing was changed." in shown.out
    assert "invsync connections fix Shop track --apply --reason TEXT" in shown.out
    assert not next(listing for listing in cart.dump()["main"] if listing["sku"] == sku)["tracked"]
    made = shell.run("connections", "fix", "Shop", "track", "--sku", sku, "--apply", "--reason", "new", "--json")
    assert made.code == 0, made
    check("connections", made.document)
    (line,) = made.document["fix"]["listings"]
    assert (line["sku"], line["why_not"], line["in_cart"]) == (sku, "", 0)
    assert made.document["fix"]["applied"] and len(made.document["fix"]["runs"]) == 1
    again = shell.run("connections", "fix", "Shop", "track", "--sku", sku, "--apply", "--reason", "new")
    assert (again.code == 1 and "does not need it any more" in again.out) or "under way" in again.err


def test_what_is_missing_or_unknown_is_said(acme: Shell) -> None:
    assert "--reason TEXT" in acme.run("connections", "fix", "Acme Shop", "track", "--apply").error
    assert "Did you mean track?" in acme.run("connections", "fix", "Acme Shop", "trakc").error
    check("connections", acme.run("connections", "fix", "Acme Shop", "--json").document)


def test_a_feed_shows_its_columns_before_it_is_downloaded(acme: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "feed"
    folder.mkdir()
    (folder / "stock.csv").write_text("sku;available\nMUG-1;4\nMUG-2;7\n")
    acme.ok("merchants", "add", "Feed", "--source", "feed", "--url", str(folder), "--option", "file=stock.csv")
    shown = acme.ok("connections", "preview", "Feed")
    assert "columns: Shows the file" in shown.out and "stock.csv" in shown.out and "MUG-1" in shown.out
    told = acme.run("connections", "preview", "Feed", "columns", "--json")
    check("connections", told.document)
    assert any("2 rows understood" in line for line in told.document["previews"][0]["lines"])
    assert "no preview 'rows'" in acme.run("connections", "preview", "Feed", "rows").error
    assert "nothing to look up" in acme.ok("connections", "preview", "Acme").out
    assert NOWHERE  # the other merchant was asked nothing
