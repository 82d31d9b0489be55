"""A shop of each cart for the thread with faults: what a test arranges behind the connector's back, and the shop's own journal.

Vendure and Medusa are real servers, Shopify and WooCommerce strict fakes. A journal counts how often the shop itself took a
quantity for a listing: Vendure's stock movements, a trigger in Medusa's database, the fakes' own lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.rules.outcomes import Reason
from tests.support.runs.real_servers import cart_connection
from tests.support.servers.medusa.server import MedusaServer
from tests.support.servers.shopify.server import CLIENT, ShopifyServer, shopify_server
from tests.support.servers.vendure.server import VendureServer
from tests.support.servers.woocommerce.server import SECRET, WooServer, woocommerce_server

UNTOUCHED = 77
"""What every listing shows at each location before the first push."""


@dataclass
class Shop:
    """`places`: the locations that carts of ours set, the first one with the faults; ('',) where a shop has one stock."""

    folder: Path
    system: ClassVar[str]
    places: ClassVar[tuple[str, ...]] = ("East", "West")
    writes_by: ClassVar[bytes]
    """What a request that sets quantities has in it, and no other has."""
    renews_login: ClassVar[bool] = False
    """A login that ends in the middle of a run is renewed by it."""
    one_place: bool = False
    """Only the first location has stock."""
    refs: dict[str, str] = field(default_factory=dict)
    """By SKU, of the listings that were added."""

    @property
    def url(self) -> str:
        raise NotImplementedError

    def connection(self, url: str, place: str) -> Connection:
        raise NotImplementedError

    def add(self, skus: Sequence[str]) -> None:
        """Listings that show UNTOUCHED everywhere, or at the first location."""
        raise NotImplementedError

    def shown(self, place: str) -> dict[str, int | None]:
        """By SKU, what those listings show that are still there."""
        raise NotImplementedError

    def for_sale(self, sku: str) -> int:
        """What the shop itself sells of it at the first location."""
        units = self.shown(self.places[0])[sku]
        assert units is not None
        return units

    def journal(self) -> Counter[str]:
        """By SKU, how often a quantity was taken."""
        raise NotImplementedError

    def edit(self, sku: str, units: int) -> None:
        """Somebody else sets it at the first location."""
        raise NotImplementedError

    def order(self, sku: str, units: int) -> None:
        """A customer buys it there."""
        raise NotImplementedError

    def remove(self, sku: str) -> None:
        raise NotImplementedError

    def spoil(self, sku: str) -> Reason:
        """Make it a listing whose row is refused, or has no effect; why, as invsync says it."""
        raise NotImplementedError

    def throttle(self) -> bool:
        """Let the next two writes be too many, in the vendor's own form; False for a system that has none."""
        return False

    def end_login(self) -> None:
        raise NotImplementedError

    def restore_login(self) -> None:
        """What a person does then."""

    def violations(self) -> list[str]:
        """What a client should not have sent, as far as the server says."""
        return []


@dataclass
class VendureShop(Shop):
    """A real Vendure."""

    server: VendureServer = field(kw_only=True)
    system = "vendure"
    writes_by = b"SetStock"
    renews_login = True
    _before: Counter[str] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        return self.server.url

    def connection(self, url: str, place: str) -> Connection:
        return replace(cart_connection(self.server, self.folder, place), url=url)

    def add(self, skus: Sequence[str]) -> None:
        self.refs = dict(zip(skus, self.server.create_variants(skus, stock=UNTOUCHED, location="East"), strict=True))
        for ref in () if self.one_place else self.refs.values():
            self.server.set_stock(ref, UNTOUCHED, "West")
        self._before = self._movements()

    def shown(self, place: str) -> dict[str, int | None]:
        at = self.server.locations[place]
        quantities = {
            row["id"]: next(
                (level["stockOnHand"] for level in row["stockLevels"] if level["stockLocationId"] == at), None
            )
            for row in self.server.variants()
        }
        return {sku: quantities[ref] for sku, ref in self.refs.items() if ref in quantities}

    def for_sale(self, sku: str) -> int:
        at = self.server.locations["East"]
        (row,) = [row for row in self.server.variants() if row["id"] == self.refs[sku]]
        (level,) = [level for level in row["stockLevels"] if level["stockLocationId"] == at]
        return int(level["stockOnHand"] - level["stockAllocated"])

    def edit(self, sku: str, units: int) -> None:
        self.server.set_stock(self.refs[sku], units)

    def order(self, sku: str, units: int) -> None:
        self.server.place_order(self.refs[sku], units)

    def journal(self) -> Counter[str]:
        return self._movements() - self._before

    def _movements(self) -> Counter[str]:
        """By SKU. A write that changes nothing makes none."""
        document = (
            "query($i: ID!) { productVariant(id: $i) { stockMovements { items { ... on StockAdjustment { id } } } } }"
        )
        writes: Counter[str] = Counter()
        for sku, ref in self.refs.items():
            variant = self.server.ask(document, i=ref)["productVariant"]
            writes[sku] = sum("id" in item for item in variant["stockMovements"]["items"]) if variant else 0
        return writes

    def remove(self, sku: str) -> None:
        self.server.delete_variant(self.refs[sku])

    def spoil(self, sku: str) -> Reason:
        self.server.delete_variant(self.refs[sku])  # nothing else makes Vendure refuse a variant's row
        return Reason.NOT_IN_CART

    def end_login(self) -> None:
        self.server.end_sessions()


@dataclass
class MedusaShop(Shop):
    """A real Medusa, with a secret key of its own and a trigger that writes the journal."""

    server: MedusaServer = field(kw_only=True)
    system = "medusa"
    writes_by = b"/location-levels/batch"
    _key: str = ""

    @property
    def url(self) -> str:
        return self.server.url

    def _sql(self, *statements: str) -> list[tuple[object, ...]]:
        return self.server.postgres.execute(*statements, database=self.server.database)

    def connection(self, url: str, place: str) -> Connection:
        if not self._key:
            self.restore_login()
        return Connection("shop", "medusa", url, "", f"file:{self.folder / 'medusa-key'}", {"location": place}, 20.0)

    def restore_login(self) -> None:
        api_key = self.server.ask("POST", "/admin/api-keys", {"title": "thread", "type": "secret"})["api_key"]
        self._key = api_key["id"]
        secret = self.folder / "medusa-key"
        secret.touch(mode=0o600)
        secret.write_text(api_key["token"])

    def end_login(self) -> None:
        self.server.ask("POST", f"/admin/api-keys/{self._key}/revoke", {})

    def add(self, skus: Sequence[str]) -> None:
        self.server.forget_variants()
        self._sql("UPDATE inventory_item SET deleted_at = now() WHERE deleted_at IS NULL")
        self.refs = dict(zip(skus, self.server.add_all(skus, UNTOUCHED, "East"), strict=True))
        if not self.one_place:
            self.server.create_levels(list(self.refs.values()), UNTOUCHED, "West")
        self._sql(
            "CREATE TABLE IF NOT EXISTS taken (item text)",
            "TRUNCATE taken",
            "CREATE OR REPLACE FUNCTION take() RETURNS trigger AS $$ BEGIN INSERT INTO taken VALUES (NEW.inventory_item_id); "
            "RETURN NULL; END $$ LANGUAGE plpgsql",
            "DROP TRIGGER IF EXISTS taken ON inventory_level",
            "CREATE TRIGGER taken AFTER UPDATE OF stocked_quantity ON inventory_level FOR EACH ROW "
            "WHEN (NEW.deleted_at IS NULL) EXECUTE FUNCTION take()",
        )

    def shown(self, place: str) -> dict[str, int | None]:
        at = self.server.seed.locations[place]
        quantities: dict[str, int | None] = {}
        for variant in self.server.variants():
            (link,) = variant["inventory_items"]
            levels = {level["location_id"]: level["stocked_quantity"] for level in link["inventory"]["location_levels"]}
            quantities[link["inventory_item_id"]] = levels.get(at)
        return {sku: quantities[ref] for sku, ref in self.refs.items() if ref in quantities}

    def for_sale(self, sku: str) -> int:
        level = self.server.level(self.refs[sku])
        assert level is not None
        return int(level["available_quantity"])

    def edit(self, sku: str, units: int) -> None:
        self.server.set_stock(self.refs[sku], units)

    def order(self, sku: str, units: int) -> None:
        self.server.place_order({self.server.variants_of(self.refs[sku])[0]: units})

    def journal(self) -> Counter[str]:
        skus = {ref: sku for sku, ref in self.refs.items()}
        return Counter(skus[str(item)] for (item,) in self._sql("SELECT item FROM taken") if item in skus)

    def remove(self, sku: str) -> None:
        self.server.delete_variant(self.server.variants_of(self.refs[sku])[0])

    def spoil(self, sku: str) -> Reason:
        at = self.server.seed.locations["East"]
        self.server.set_stock(self.refs[sku], 0)
        self.server.ask("DELETE", f"/admin/inventory-items/{self.refs[sku]}/location-levels/{at}")
        return Reason.NOT_STOCKED_AT_LOCATION

    def end(self) -> None:
        """Leave the shared server as it was."""
        self._sql("DROP TRIGGER IF EXISTS taken ON inventory_level")
        self.server.forget_variants()


@dataclass
class ShopifyShop(Shop):
    """A strict fake of Shopify with two locations, and an app that asks for tokens."""

    server: ShopifyServer = field(kw_only=True)
    system = "shopify"
    writes_by = b"inventorySetQuantities"
    renews_login = True

    @property
    def url(self) -> str:
        return self.server.url

    def _at(self, place: str) -> str:
        return next(ref for ref, name in self.server.shop.locations.items() if name == place)

    def connection(self, url: str, place: str) -> Connection:
        self.server.login = CLIENT
        return replace(self.server.connection(url), options={"location": self._at(place)})

    def add(self, skus: Sequence[str]) -> None:
        shop = self.server.shop
        shop.locations[shop.main] = "East"
        west = shop.add_location("West")
        for sku in skus:
            self.refs[sku] = self.server.add(sku, UNTOUCHED)
            if not self.one_place:
                shop.items[self.refs[sku]].levels[west] = UNTOUCHED

    def shown(self, place: str) -> dict[str, int | None]:
        items = self.server.shop.items
        return {sku: items[ref].levels.get(self._at(place)) for sku, ref in self.refs.items() if ref in items}

    def edit(self, sku: str, units: int) -> None:
        self.server.set(self.refs[sku], units)

    def order(self, sku: str, units: int) -> None:
        self.server.shop.order({self.refs[sku]: units})

    def journal(self) -> Counter[str]:
        skus = {ref: sku for sku, ref in self.refs.items()}
        return Counter(skus[ref] for ref, _, _ in self.server.shop.taken)

    def remove(self, sku: str) -> None:
        self.server.remove(self.refs[sku])

    def spoil(self, sku: str) -> Reason:
        self.server.shop.items[self.refs[sku]].bundle = True
        return Reason.BUNDLE_PARENT

    def throttle(self) -> bool:
        self.server.throttle = 2
        return True

    def end_login(self) -> None:
        self.server.granted.append("shpat-of-somebody-else")  # one token is taken at a time, the last one

    def violations(self) -> list[str]:
        return self.server.violations


@dataclass
class WooShop(Shop):
    """A strict fake of WooCommerce: half of the listings are products, half variations of one product."""

    server: WooServer = field(kw_only=True)
    system = "woocommerce"
    places = ("",)
    writes_by = b"/batch"

    @property
    def url(self) -> str:
        return self.server.url

    def connection(self, url: str, place: str) -> Connection:
        return self.server.connection(url)

    def add(self, skus: Sequence[str]) -> None:
        parent = self.server.add_product("", None, kind="variable")
        half = len(skus) // 2
        self.refs = {sku: self.server.add_product(sku, UNTOUCHED) for sku in skus[:half]}
        self.refs |= {sku: self.server.add_variation(parent, sku, UNTOUCHED) for sku in skus[half:]}

    def shown(self, place: str) -> dict[str, int | None]:
        quantities = self.server.shown()
        return {sku: quantities[ref] for sku, ref in self.refs.items() if ref in quantities}

    def edit(self, sku: str, units: int) -> None:
        self.server.set(self.refs[sku], units)

    def order(self, sku: str, units: int) -> None:
        self.server.sell(self.refs[sku], units)

    def journal(self) -> Counter[str]:
        skus = {int(ref.rpartition("/")[2]): sku for sku, ref in self.refs.items()}
        return Counter(skus[number] for number, _ in self.server.shop.taken if number in skus)

    def remove(self, sku: str) -> None:
        self.server.remove(self.refs[sku])

    def spoil(self, sku: str) -> Reason:
        self.server.item(self.refs[sku]).manage = False
        return Reason.CART_NOT_TRACKING

    def end_login(self) -> None:
        self.server.secret = "cs_" + "0" * 40

    def restore_login(self) -> None:
        self.server.secret = SECRET

    def violations(self) -> list[str]:
        return self.server.violations


@contextmanager
def running(system: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """The shop of a system; a test that wants a real one imports its fixture."""
    if system == "vendure":
        yield VendureShop(folder, server=request.getfixturevalue("vendure_server"))
    elif system == "medusa":
        medusa = MedusaShop(folder, server=request.getfixturevalue("medusa_server"))
        yield medusa
        medusa.end()
    elif system == "shopify":
        with shopify_server(products=0) as fake:
            yield ShopifyShop(folder, server=fake)
    else:
        with woocommerce_server(products=0) as woo:
            yield WooShop(folder, server=woo)


SYSTEMS = [
    pytest.param("vendure", marks=[pytest.mark.real]),
    pytest.param("medusa", marks=[pytest.mark.real]),
    "shopify",
    "woocommerce",
]
