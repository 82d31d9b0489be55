"""The state of a WooCommerce shop and what it does with stock: products, variations, orders.

Behaviour: https://woocommerce.github.io/woocommerce-rest-api-docs/ and what a real WooCommerce 7.9.0 did (silent losses of an
untracked quantity, coerced rows of a batch, a wrong id under a parent); of `date_modified` and orders: woocommerce#17841, #40060
and #34798.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tests.support.servers.woocommerce.rules import ORDER_STATUSES, WooError

TYPES = ("simple", "grouped", "external", "variable")
REDUCING = ("processing", "on-hold", "completed")
"""Statuses of an order that have taken its units out of the stock."""


@dataclass(slots=True)
class Item:
    """A product or a variation."""

    id: int
    kind: str
    sku: str
    name: str
    created: datetime
    modified: datetime
    parent: int = 0
    status: str = "publish"
    manage: bool = False
    quantity: int | None = None
    stock_status: str = "instock"
    backorders: str = "no"
    total_sales: int = 0
    odd: dict[str, Any] = field(default_factory=dict)
    """What it answers with instead, by field."""


@dataclass(slots=True)
class Order:
    """An order; `lines` are (item, quantity)."""

    id: int
    status: str
    created: datetime
    modified: datetime
    lines: list[tuple[int, int]]
    """(id of the product or variation, quantity)."""
    odd: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Shop:
    """Everything that is in the shop's database."""

    items: dict[int, Item] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    offset: timedelta = timedelta(hours=-5)
    """Of the shop's own time zone from UTC."""
    shift: timedelta = timedelta()
    """How far the server's clock is ahead of the real one."""
    site: str = ""
    tracks_stock: bool = True
    """The setting "Enable stock management" of the whole shop."""
    extra_types: tuple[str, ...] = ()
    """Types of products that an extension adds."""
    taken: list[tuple[int, int]] = field(default_factory=list)
    """(id, quantity) of every write that a product or variation took, oldest first."""
    last: int = 100
    _families: dict[int, list[int]] = field(default_factory=dict)
    """By parent, the ids of all variations that it ever had."""

    @property
    def zone(self) -> timezone:
        return timezone(self.offset)

    def now(self) -> datetime:
        return (datetime.now(UTC) + self.shift).replace(microsecond=0)

    def next_id(self) -> int:
        self.last += 1
        return self.last

    def put(self, sku: str, quantity: int | None, *, kind: str = "simple", parent: int = 0, **more: Any) -> Item:
        """Straight into the database, where a doubled SKU may be. `quantity` None: its stock is not managed."""
        now, number = self.now(), self.next_id()
        if kind not in (*TYPES, "variation"):
            self.extra_types = tuple({*self.extra_types, kind})
        fields = {"name": f"Product {number}", "manage": quantity is not None, "quantity": quantity, **more}
        item = Item(number, kind, sku, created=now, modified=now, parent=parent, **fields)
        self.items[number] = item
        self._families.setdefault(parent, []).append(number)
        self.derive(item)
        return item

    def children(self, parent: int) -> list[Item]:
        family = (self.items.get(number) for number in self._families.get(parent, ()))
        return [item for item in family if item and item.kind == "variation"]

    # --- stock -------------------------------------------------------------------------------------------------------

    def holder(self, item: Item) -> Item | None:
        """Whose stock it is: its own, the parent's that is shared, or nobody's."""
        if not self.tracks_stock:
            return None
        if item.manage:
            return item
        parent = self.items.get(item.parent) if item.kind == "variation" else None
        return parent if parent and parent.manage else None

    def quantity(self, item: Item) -> int | None:
        holder = self.holder(item)
        return holder.quantity if holder else None

    def derive(self, item: Item) -> None:
        """The stock status follows the quantity wherever stock is managed."""
        if item.manage and self.tracks_stock:
            if item.quantity is not None and item.quantity > 0:
                item.stock_status = "instock"
            else:
                item.stock_status = "outofstock" if item.backorders == "no" else "onbackorder"

    def status(self, item: Item) -> str:
        holder = self.holder(item)
        if holder is None and item.kind == "variable" and (children := self.children(item.id)):
            statuses = {self.status(child) for child in children}
            return next(name for name in ("instock", "onbackorder", "outofstock") if name in statuses)
        return holder.stock_status if holder else item.stock_status

    # --- writes ------------------------------------------------------------------------------------------------------

    def write(self, item: Item, fields: Mapping[str, Any]) -> None:
        """Fields in their types. Every write moves `date_modified`, also one that changes nothing."""
        if fields.get("sku"):
            self._refuse_doubled(fields["sku"], item.id)
        item.sku, item.name = fields.get("sku", item.sku), fields.get("name", item.name)
        item.status, item.kind = fields.get("status", item.status), fields.get("type", item.kind)
        if item.kind not in ("external", "grouped") and self.tracks_stock:
            self._write_stock(item, fields)
        item.modified = self.now()

    def _write_stock(self, item: Item, fields: Mapping[str, Any]) -> None:
        item.backorders = fields.get("backorders", item.backorders)
        if "manage_stock" in fields:
            item.manage = fields["manage_stock"] not in (False, None, "parent", "", 0, "0")
            item.quantity = item.quantity if item.manage else None
        if item.manage:
            item.quantity = fields.get("stock_quantity", item.quantity)
            self.derive(item)
            if item.quantity is not None and "stock_quantity" in fields:
                self.taken.append((item.id, item.quantity))
        elif self.holder(item) is None:
            # A quantity of what is not managed is lost without a word.
            item.stock_status = fields.get("stock_status", item.stock_status)

    def _refuse_doubled(self, sku: str, but: int) -> None:
        for other in self.items.values():
            if other.id != but and other.status != "trash" and other.sku.lower() == sku.lower():
                raise WooError(
                    400,
                    "product_invalid_sku",
                    "Invalid or duplicated SKU.",
                    resource_id=other.id,
                    unique_sku=f"{sku}-1",
                )

    def create(self, fields: Mapping[str, Any], parent: int = 0) -> Item:
        if fields.get("sku"):
            self._refuse_doubled(fields["sku"], 0)
        kind = "variation" if parent else fields.get("type", "simple")
        item = self.put(fields.get("sku", ""), None, kind=kind, parent=parent)
        self.write(item, fields)
        return item

    # --- orders ------------------------------------------------------------------------------------------------------

    def sell(self, lines: Iterable[tuple[int, int]], status: str = "processing") -> Order:
        """An order of the shop's own checkout. It changes stock and moves no product's `date_modified`."""
        assert status in ORDER_STATUSES
        now = self.now()
        order = Order(self.next_id(), status, now, now, list(lines))
        self.orders[order.id] = order
        if status in REDUCING:
            self._move(order.lines, -1)
        return order

    def turn(self, order: Order, status: str) -> None:
        """Another status: what a cancelled order held comes back."""
        before, after = order.status in REDUCING, status in REDUCING
        if before != after:
            self._move(order.lines, 1 if before else -1)
        order.status, order.modified = status, self.now()

    def change_lines(self, order: Order, lines: Iterable[tuple[int, int]]) -> None:
        """Other items in an order: its `date_modified` stays where it was."""
        if order.status in REDUCING:
            self._move(order.lines, 1)
        order.lines = list(lines)
        if order.status in REDUCING:
            self._move(order.lines, -1)

    def look_at(self, order: Order) -> None:
        """Somebody opens the order in the administration: with the order tables of WooCommerce 8 its date moves."""
        order.modified = self.now()

    def _move(self, lines: Iterable[tuple[int, int]], sign: int) -> None:
        for number, units in lines:
            item = self.items[number]
            item.total_sales -= sign * units
            holder = self.holder(item)
            if holder and holder.quantity is not None:
                holder.quantity += sign * units
                self.derive(holder)

    # --- answers -----------------------------------------------------------------------------------------------------

    def _dates(self, created: datetime, modified: datetime) -> dict[str, str]:
        totals = {}
        for name, moment in (("date_created", created), ("date_modified", modified)):
            totals[name] = moment.astimezone(self.zone).strftime("%Y-%m-%dT%H:%M:%S")
            totals[f"{name}_gmt"] = moment.strftime("%Y-%m-%dT%H:%M:%S")
        return totals

    def view(self, item: Item, *, of_product: bool) -> dict[str, Any]:
        """A record as the list of products, or that of variations, answers with it."""
        holder = self.holder(item)
        status = self.status(item)
        allowed = (holder or item).backorders
        parent = self.items.get(item.parent) if item.kind == "variation" else None
        # A variation without a SKU of its own shows its parent's (woocommerce#17249).
        sku = item.sku or (parent.sku if parent else "")
        quantity = self.quantity(item)
        common = {
            "id": item.id, **self._dates(item.created, item.modified), "description": "",
            "permalink": f"{self.site}/?p={item.id}", "sku": sku, "price": "10.00", "regular_price": "10.00",
            "sale_price": "", "date_on_sale_from": None, "date_on_sale_from_gmt": None, "date_on_sale_to": None,
            "date_on_sale_to_gmt": None, "on_sale": False, "status": item.status, "purchasable": True,
            "virtual": False, "downloadable": False, "downloads": [], "download_limit": -1, "download_expiry": -1,
            "tax_status": "taxable", "tax_class": "", "manage_stock": holder is item, "stock_quantity": quantity,
            "stock_status": status, "backorders": allowed, "backorders_allowed": allowed != "no",
            "backordered": status == "onbackorder", "low_stock_amount": None, "weight": "",
            "dimensions": {"length": "", "width": "", "height": ""}, "shipping_class": "", "shipping_class_id": 0,
            "attributes": [], "menu_order": 0, "meta_data": [],
        }  # fmt: skip
        if item.kind == "variation" and holder and holder is not item:
            common["manage_stock"] = "parent"
        above = f"{self.site}/wp-json/wc/v3/products"
        if of_product:
            common |= self._only_product(item)
        else:
            common |= {"image": None, "parent_id": item.parent}
            above += f"/{item.parent}/variations"
        common["_links"] = {"self": [{"href": f"{above}/{item.id}"}], "collection": [{"href": above}]}
        return {**common, **item.odd}

    def _only_product(self, item: Item) -> dict[str, Any]:
        quantities = {
            "name": item.name, "slug": f"product-{item.id}", "type": item.kind, "featured": False,
            "catalog_visibility": "visible", "short_description": "", "price_html": "", "total_sales": item.total_sales,
            "external_url": "", "button_text": "", "sold_individually": False, "shipping_required": True,
            "shipping_taxable": True, "reviews_allowed": True, "average_rating": "0.00", "rating_count": 0,
            "related_ids": [], "upsell_ids": [], "cross_sell_ids": [], "parent_id": item.parent, "purchase_note": "",
            "categories": [], "tags": [], "images": [], "default_attributes": [], "grouped_products": [],
            "variations": [child.id for child in self.children(item.id)],
        }  # fmt: skip
        if item.kind == "bundle":
            quantities |= {"bundled_items": [], "bundle_stock_status": self.status(item), "bundle_stock_quantity": ""}
        return quantities

    def view_order(self, order: Order) -> dict[str, Any]:
        lines = []
        for place, (number, units) in enumerate(order.lines, 1):
            item = self.items.get(number)
            ids = (item.parent, item.id) if item and item.kind == "variation" else (item.id if item else 0, 0)
            lines.append({
                "id": order.id * 100 + place, "name": item.name if item else "Deleted", "product_id": ids[0],
                "variation_id": ids[1], "quantity": units, "tax_class": "", "subtotal": "10.00", "subtotal_tax": "0.00",
                "total": "10.00", "total_tax": "0.00", "taxes": [], "meta_data": [], "sku": item.sku if item else "",
                "price": 10,
            })  # fmt: skip
        above = f"{self.site}/wp-json/wc/v3/orders"
        return {
            "id": order.id, "parent_id": 0, "number": str(order.id), "order_key": f"wc_order_{order.id}",
            "created_via": "checkout", "version": "9.4.2", "status": order.status, "currency": "USD",
            **self._dates(order.created, order.modified), "total": "10.00", "customer_id": 0, "billing": {},
            "shipping": {}, "payment_method": "bacs", "date_paid": None, "date_paid_gmt": None,
            "date_completed": None, "date_completed_gmt": None, "meta_data": [],
            "line_items": lines, "tax_lines": [], "shipping_lines": [], "fee_lines": [], "coupon_lines": [],
            "refunds": [], "_links": {"self": [{"href": f"{above}/{order.id}"}], "collection": [{"href": above}]},
            **order.odd,
        }  # fmt: skip
