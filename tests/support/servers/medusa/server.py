"""A real Medusa on loopback with PostgreSQL, one for all tests of a process: its fixture is in the conftest of tests/connectors.

Each test makes variants of its own; one that needs a shop with no others begins with `forget_variants`.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors.base import Connection
from tests.support.servers.medusa import install as medusa_install
from tests.support.servers.medusa.seed import Seed, ask, basic
from tests.support.servers.postgres import PostgresServer

LEVELS = "/admin/inventory-items/location-levels/batch"
_STOCK = "id,sku,inventory_items.inventory_item_id,inventory_items.inventory.location_levels.*"


@dataclass(slots=True)
class MedusaServer:
    """A running shop, with what a test needs to arrange and to look at behind the connector's back."""

    url: str
    seed: Seed
    postgres: PostgresServer
    database: str
    _names: Iterator[int]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer to a request with the secret key."""
        return ask(self.url, basic(self.seed.key), method, path, body)

    def connection(self, secret: Path, **options: str) -> Connection:
        """A connection with the key in a file."""
        secret.touch(mode=0o600)
        secret.write_text(self.seed.key)
        return Connection("shop", "medusa", self.url, "", f"file:{secret}", options, deadline=20.0)

    def create_variants(self, skus: Sequence[str | None], **more: Any) -> list[Mapping[str, Any]]:
        """Variants of one new product, with their inventory items, in the order of the SKUs."""
        titles = [f"Variant {next(self._names)}" for _ in skus]
        variants = [
            {
                "title": title,
                "sku": sku,
                "manage_inventory": True,
                "options": {"kind": title},
                "prices": [{"currency_code": "eur", "amount": 10}],
                **more,
            }
            for title, sku in zip(titles, skus, strict=True)
        ]
        product = {
            "title": "Goods",
            "handle": uuid.uuid4().hex,
            "status": "published",
            "shipping_profile_id": self.seed.profile,
            "sales_channels": [{"id": self.seed.channel}],
            "options": [{"title": "kind", "values": titles}],
            "variants": variants,
        }
        product_made = self.ask("POST", "/admin/products?fields=id,variants.id,variants.title", {**product})["product"]
        ids = {variant["title"]: variant["id"] for variant in product_made["variants"]}
        return [self.variant(ids[title]) for title in titles]

    def variant(self, variant: str) -> Mapping[str, Any]:
        """A variant with its items and their levels."""
        variants = self.ask("GET", f"/admin/product-variants?id={variant}&fields={_STOCK},title,product_id")["variants"]
        return dict(variants[0])

    def add(self, sku: str | None, stock: int | None = 10, location: str = "East", **more: Any) -> str:
        """A variant with its stock at one location; the id of its inventory item."""
        return self.add_all([sku], stock, location, **more)[0]

    def add_all(
        self, skus: Sequence[str | None], stock: int | None = 10, location: str = "East", **more: Any
    ) -> list[str]:
        """Variants with stock at one location; the ids of their inventory items."""
        items = [item_of(variant) for variant in self.create_variants(skus, **more)]
        if stock is not None:
            self.create_levels(items, stock, location)
        return items

    def create_levels(self, items: Sequence[str], stock: float, location: str = "East") -> None:
        """Levels of items that have none at a location."""
        self.ask("POST", LEVELS, {"create": [self._level(item, stock, location) for item in items]})

    def set_stock(self, item: str, stock: float, location: str = "East") -> None:
        """Set the stocked quantity, as somebody else than the connector."""
        self.ask("POST", LEVELS, {"update": [self._level(item, stock, location)]})

    def _level(self, item: str, stock: float, location: str) -> Mapping[str, Any]:
        at = self.seed.locations.get(location, location)
        return {"inventory_item_id": item, "location_id": at, "stocked_quantity": stock}

    def level(self, item: str, location: str = "East") -> Mapping[str, Any] | None:
        """The level of an item at a location, None without one."""
        at = self.seed.locations.get(location, location)
        levels = self.ask("GET", f"/admin/inventory-items/{item}/location-levels?location_id={at}")["inventory_levels"]
        return dict(levels[0]) if levels else None

    def stock(self, item: str, location: str = "East") -> float | None:
        """The stocked quantity of an item at a location."""
        level = self.level(item, location)
        return None if level is None else level["stocked_quantity"]

    def variants_of(self, item: str) -> list[str]:
        """The ids of the variants that have an inventory item."""
        item_fields = self.ask("GET", f"/admin/inventory-items/{item}?fields=variants.id")["inventory_item"]
        return [variant["id"] for variant in item_fields["variants"]]

    def change_variant(self, variant: str, **values: Any) -> None:
        """Change a variant."""
        product = self.variant(variant)["product_id"]
        self.ask("POST", f"/admin/products/{product}/variants/{variant}", values)

    def delete_variant(self, variant: str) -> None:
        """Delete a variant; Medusa deletes its item as well."""
        product = self.variant(variant)["product_id"]
        self.ask("DELETE", f"/admin/products/{product}/variants/{variant}")

    def forget_variants(self) -> None:
        """Delete all variants there are, as Medusa marks them; by the interface it would take a second for each."""
        self.postgres.execute(
            "UPDATE product_variant SET deleted_at = now() WHERE deleted_at IS NULL", database=self.database
        )

    def give_up_codes(self, skus: Sequence[str]) -> None:
        """Delete the variants and items with these SKUs, so that they can be those of others."""
        texts = ", ".join(f"'{sku}'" for sku in skus)
        for table in ("product_variant", "inventory_item"):
            self.postgres.execute(
                f"UPDATE {table} SET deleted_at = now() WHERE deleted_at IS NULL AND sku IN ({texts})",
                database=self.database,
            )

    def reserve(self, item: str, quantity: int, location: str = "East") -> str:
        """Hold units back as an open order does; the reservation's id."""
        body = {"inventory_item_id": item, "location_id": self.seed.locations[location], "quantity": quantity}
        return str(self.ask("POST", "/admin/reservations", body)["reservation"]["id"])

    def create_location(self, name: str) -> str:
        """A further stock location, from which the shop's channel sells."""
        location = self.ask("POST", "/admin/stock-locations", {"name": name})["stock_location"]["id"]
        self.ask("POST", f"/admin/stock-locations/{location}/sales-channels", {"add": [self.seed.channel]})
        return str(location)

    def delete_location(self, location: str) -> None:
        """Delete a location by id; its levels stay."""
        self.ask("DELETE", f"/admin/stock-locations/{location}")

    def place_order(self, lines: Mapping[str, int]) -> Mapping[str, Any]:
        """An order of some variants (id to units), made of a draft."""
        items = [{"variant_id": variant, "quantity": quantity} for variant, quantity in lines.items()]
        body = {
            "email": "customer@example.com",
            "region_id": self.seed.region,
            "sales_channel_id": self.seed.channel,
            "items": items,
            "shipping_methods": [{"shipping_option_id": self.seed.shipping, "name": "Parcel", "amount": 1}],
            "shipping_address": {
                "country_code": "de",
                "first_name": "A",
                "last_name": "B",
                "address_1": "C",
                "city": "D",
            },
        }
        draft = self.ask("POST", "/admin/draft-orders", body)["draft_order"]["id"]
        return dict(self.ask("POST", f"/admin/draft-orders/{draft}/convert-to-order")["order"])

    def pack(self, order: str, variant: str, quantity: int, location: str = "East") -> None:
        """Pack units of one line of an order, which take their stock with them."""
        lines = self.ask("GET", f"/admin/orders/{order}?fields=items.id,items.variant_id")["order"]["items"]
        line = next(line["id"] for line in lines if line["variant_id"] == variant)
        body = {"items": [{"id": line, "quantity": quantity}], "location_id": self.seed.locations[location]}
        self.ask("POST", f"/admin/orders/{order}/fulfillments", body)

    def variants(self) -> list[Mapping[str, Any]]:
        """All variants with their items and levels."""
        rows: list[Mapping[str, Any]] = []
        while True:
            page = self.ask("GET", f"/admin/product-variants?order=id&limit=1000&offset={len(rows)}&fields={_STOCK}")
            rows += page["variants"]
            if len(rows) >= page["count"]:
                return rows


def item_of(variant: Mapping[str, Any]) -> str:
    """The id of the only inventory item of a variant; '' where it has none."""
    links = variant["inventory_items"]
    return str(links[0]["inventory_item_id"]) if links else ""


DATABASE = "medusa"


@pytest.fixture(scope="session")
def medusa_server(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MedusaServer]:
    """A shop on a copy of the seeded database; starting it takes longer than all that a file of tests asks of it."""
    shop = medusa_install.installed(postgres_server)
    folder = tmp_path_factory.mktemp("medusa")
    seed = medusa_install.template(shop, folder)
    postgres_server.execute(f"CREATE DATABASE {DATABASE} TEMPLATE {medusa_install.TEMPLATE}")
    with medusa_install.running(shop, folder, DATABASE) as url:
        yield MedusaServer(url, seed, postgres_server, DATABASE, itertools.count(1))
