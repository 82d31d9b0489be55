"""The token for a day that an app of Shopify gets is kept from run to run, beside the store and nowhere else."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.operations import storage
from invsync_tui.operations.runs import support_bundle
from tests.support.runs.sandbox_world import sandbox_wms
from tests.support.servers.shopify.server import CLIENT, ShopifyServer, shopify_server
from tests.support.stores.merchant_store import Bench

pytestmark = pytest.mark.real


async def pushed(bench: Bench, cart: int) -> None:
    run = await bench.push(cart, full=True)
    assert (run.state, run.error) == ("done", "")


async def test_runs_of_a_day_ask_for_one_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sandbox_wms(4) as wms, shopify_server(products=0) as server:
        server.login = CLIENT
        for sku in wms.dump()["products"].values():
            server.add(sku, 1)
        bench = Bench.make(tmp_path)
        bench.add_merchant(wms.connection())
        cart = bench.add_cart(server.connection(server.url))
        assert (await bench.pull()).state == "done"

        for _ in range(3):
            await pushed(bench, cart)
        assert server.granted == ["token-for-a-day-0"]

        # Shopify withdraws it, as when the app is installed anew: the run asks for another, and is not held up.
        server.granted.append("token-that-somebody-else-got")
        await pushed(bench, cart)
        assert server.granted[2:] == ["token-for-a-day-2"]

        # The day is over.
        later = clock.now() + 86400
        monkeypatch.setattr(clock, "now", lambda: later)
        await pushed(bench, cart)
        assert server.granted[3:] == ["token-for-a-day-3"]

        _is_nowhere_else(bench, server, tmp_path)
        assert server.violations == []


def _is_nowhere_else(bench: Bench, server: ShopifyServer, folder: Path) -> None:
    """A backup, a bundle and every other file have no token; the file that has one is for its owner alone."""
    session = bench.session()
    copy = Path(storage.backup(session, folder / "copy.db").path)
    with session.store.reading() as cx:
        run = cx.execute("SELECT max(id) FROM run WHERE kind = 'push'").fetchone()[0]
    bundle = support_bundle.of_run(session, run, folder)
    with zipfile.ZipFile(bundle) as opened:
        contents = {name: opened.read(name) for name in opened.namelist()}
    assert not any("tokens" in name for name in contents)
    contents |= {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    having = [name for name, content in contents.items() if server.granted[-1].encode() in content]
    assert len(having) == 1 and ".tokens/cart-" in having[0] and Path(having[0]).stat().st_mode & 0o077 == 0
    assert str(copy) in contents
