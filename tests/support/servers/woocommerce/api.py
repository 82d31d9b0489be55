"""The routes under wc/v3 that a stock connector needs, with their parameters, rights and answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

from tests.support.servers.woocommerce import rules
from tests.support.servers.woocommerce.rules import Note, WooError
from tests.support.servers.woocommerce.shop import TYPES, Item, Order, Shop

BATCH_LIMIT = 100
SETTINGS = {
    "woocommerce_manage_stock": "yes", "woocommerce_hold_stock_minutes": "60", "woocommerce_stock_format": "",
    "woocommerce_notify_no_stock_amount": "0",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """A request that WordPress has read. `query` without what logs in; `raw` as it came, for links to other pages."""

    method: str
    route: str
    query: Mapping[str, Any]
    raw: Mapping[str, Any]
    body: Any
    note: Note


@dataclass(frozen=True, slots=True)
class Rights:
    """What the user behind the key may do. Nobody: the key was not accepted, or never arrived."""

    known: bool = True
    view: bool = True
    edit: bool = True
    manage: bool = True

    def need(self, right: str, code: str, message: str) -> None:
        """Refuse: 401 for nobody, 403 for somebody."""
        if not self.known:
            raise WooError(401, code, message)
        if not getattr(self, right):
            raise WooError(403, code, message)

    def list(self) -> None:
        self.need("view", "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")

    def show(self) -> None:
        self.need("view", "woocommerce_rest_cannot_view", "Sorry, you cannot view this resource.")

    def change(self) -> None:
        self.need("edit", "woocommerce_rest_cannot_edit", "Sorry, you are not allowed to edit this resource.")

    def batch(self) -> None:
        message = "Sorry, you are not allowed to batch manipulate this resource."
        self.need("edit", "woocommerce_rest_cannot_batch", message)


@dataclass(frozen=True, slots=True)
class Found:
    """An answer's value and headers."""

    value: Any
    headers: Mapping[str, str]


@dataclass(slots=True)
class Api:
    """Answers calls. The fields that can be set make it behave like a shop with that fault."""

    shop: Shop
    ignores_dates_are_gmt: bool = False
    """Dates without an offset are the shop's local time whatever is asked (woocommerce#37809)."""
    forgets_variation_writes: bool = False
    """A variation is answered with the new quantity, and keeps the old one (woocommerce#36595)."""
    checks_parents: bool = True
    """Variations are asked for below a product that exists, and their own (woocommerce PR 48804, 2024). False: before that
    a GET looked at the variation's id alone, and a product that is gone had an empty list."""
    plain_permalinks: bool = False
    """Only /?rest_route=/wc/v3/... leads to the API; what would be below /wp-json is the theme's page "not found"."""
    default_per_page: int = 10
    version: str = "9.4.2"

    def answer(self, call: Call, rights: Rights) -> Found:
        for pattern, methods, handler in _ROUTES:
            match = re.fullmatch(pattern, call.route)
            if match and call.method in methods.split():
                numbers = [int(text) for text in match.groups() if text.isdigit()]
                names = [text for text in match.groups() if not text.isdigit()]
                return handler(self, call, rights, *numbers, *names)
        call.note(f"{call.method} {call.route} is not a route that this fake knows")
        raise rules.no_route()

    # --- lists -------------------------------------------------------------------------------------------------------

    def products(self, call: Call, rights: Rights) -> Found:
        query = rules.check_query(call.query, rules.products(frozenset({*TYPES, *self.shop.extra_types})), call.note)
        rights.list()
        # A search by SKU finds variations as well; nothing else in this list does.
        with_variations = bool(query.get("sku"))
        chosen = [item for item in self.shop.items.values() if with_variations or item.kind != "variation"]
        kinds = set(query.get("include_types") or filter(None, [query.get("type")]))
        without = set(query.get("exclude_types", ()))
        chosen = [item for item in chosen if (not kinds or item.kind in kinds) and item.kind not in without]
        return self._goods(call, query, chosen, of_product=True)

    def variations(self, call: Call, rights: Rights, parent: int) -> Found:
        query = rules.check_query(call.query, rules.VARIATIONS, call.note)
        rights.list()
        if self.checks_parents:
            self._item(parent)
        return self._goods(call, query, self.shop.children(parent), of_product=False)

    def _goods(self, call: Call, query: Mapping[str, Any], chosen: Iterable[Item], *, of_product: bool) -> Found:
        skus = [text.strip().lower() for text in query.get("sku", "").split(",") if text.strip()]
        statuses = query.get("include_status") or [query.get("status", "any")]
        without = query.get("exclude_status", [])
        parents, stock = query.get("parent"), query.get("stock_status")
        rows = [
            item for item in chosen
            if (not skus or item.sku.lower() in skus)
            and (item.status in statuses or ("any" in statuses and item.status != "trash"))
            and item.status not in without
            and (not parents or item.parent in parents)
            and item.parent not in query.get("parent_exclude", ())
            and (not stock or self.shop.status(item) == stock)
            and query.get("search", "").lower() in item.name.lower()
        ]  # fmt: skip
        page, headers = self._page(call, query, rows)
        return self._picked(call, [self.shop.view(item, of_product=of_product) for item in page], headers)

    def orders(self, call: Call, rights: Rights) -> Found:
        query = rules.check_query(call.query, rules.ORDERS, call.note)
        rights.list()
        statuses, product = query.get("status") or ["any"], query.get("product")
        rows = [
            order for order in self.shop.orders.values()
            if (order.status in statuses or ("any" in statuses and order.status != "trash"))
            and (not product or any(product in self._ids(number) for number, _ in order.lines))
        ]  # fmt: skip
        page, headers = self._page(call, query, rows)
        return self._picked(call, [self.shop.view_order(order) for order in page], headers)

    def _ids(self, number: int) -> tuple[int, ...]:
        item = self.shop.items.get(number)
        return (item.id, item.parent) if item else ()

    def _page(self, call: Call, query: Mapping[str, Any], rows: list[Any]) -> tuple[list[Any], dict[str, str]]:
        """The rows of this page, and the headers that speak of all pages."""
        zone = self.shop.zone if self.ignores_dates_are_gmt or not query.get("dates_are_gmt") else timezone(timedelta())
        rows = [row for row in rows if _in_time(row, query, zone)]
        if include := query.get("include"):
            rows = [row for row in rows if row.id in include]
        rows = [row for row in rows if row.id not in query.get("exclude", ())]
        order, by = query.get("order", "desc"), query.get("orderby", "date")
        if by == "include" and include:
            rows.sort(key=lambda row: include.index(row.id))
        else:
            rows.sort(key=_ORDERINGS.get(by, _ORDERINGS["date"]), reverse=order == "desc")
        size, number = query.get("per_page", self.default_per_page), query.get("page", 1)
        start = query.get("offset", (number - 1) * size)
        pages = -(-len(rows) // size)
        headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(pages)}
        links = {"prev": min(number - 1, pages) if number > 1 else 0, "next": number + 1 if number < pages else 0}
        # WordPress repeats the whole query in them, with the key if that was in the query.
        middle = f"/?rest_route={call.route}&" if self.plain_permalinks else f"/wp-json{call.route}?"
        url = f"{self.shop.site}{middle}"
        given = [
            f'<{url}{urlencode({**call.raw, "page": to}, doseq=True)}>; rel="{rel}"' for rel, to in links.items() if to
        ]
        if given:
            headers["Link"] = ", ".join(given)
        return rows[start : start + size], headers

    def _picked(self, call: Call, value: Any, headers: Mapping[str, str] | None = None) -> Found:
        fields = call.query.get("_fields")
        if fields:
            notes: list[str] = []
            rows = value if isinstance(value, list) else [value]
            rows = [rules.pick(row, fields, notes.append) for row in rows]
            for note in dict.fromkeys(notes):
                call.note(note)
            # An empty object is an empty array in PHP.
            rows = [row or [] for row in rows]
            value = rows if isinstance(value, list) else rows[0]
        return Found(value, headers or {})

    # --- single records ----------------------------------------------------------------------------------------------

    def product(self, call: Call, rights: Rights, number: int) -> Found:
        rules.check_query(call.query, rules.SINGLE, call.note)
        item = self._item(number)
        rights.show()
        return self._picked(call, self.shop.view(item, of_product=True))

    def variation(self, call: Call, rights: Rights, parent: int, number: int) -> Found:
        rules.check_query(call.query, rules.SINGLE, call.note)
        item = self._variation(parent, number, 404, any_parent=not self.checks_parents)
        rights.show()
        return self._picked(call, self.shop.view(item, of_product=False))

    def order(self, call: Call, rights: Rights, number: int) -> Found:
        rules.check_query(call.query, rules.SINGLE, call.note)
        order = self.shop.orders.get(number)
        if order is None:
            raise WooError(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
        rights.show()
        return self._picked(call, self.shop.view_order(order))

    def change_product(self, call: Call, rights: Rights, number: int) -> Found:
        rules.check_query(call.query, rules.SINGLE, call.note)
        fields = rules.check_body(_object(call), rules.PRODUCT_FIELDS, call.note)
        rights.change()
        return self._picked(call, self._write_product(number, fields))

    def change_variation(self, call: Call, rights: Rights, parent: int, number: int) -> Found:
        rules.check_query(call.query, rules.SINGLE, call.note)
        fields = rules.check_body(_object(call), rules.VARIATION_FIELDS, call.note)
        rights.change()
        return self._picked(call, self._write_variation(self._variation(parent, number, 400), fields))

    def create_product(self, call: Call, rights: Rights) -> Found:
        fields = rules.check_body(_object(call), rules.PRODUCT_FIELDS, call.note)
        rights.need("edit", "woocommerce_rest_cannot_create", "Sorry, you are not allowed to create resources.")
        return self._picked(call, self.shop.view(self.shop.create(fields), of_product=True))

    def _item(self, number: int, status: int = 404) -> Item:
        item = self.shop.items.get(number)
        if item is None:
            raise WooError(status, "woocommerce_rest_product_invalid_id", "Invalid ID.")
        return item

    def _variation(self, parent: int, number: int, status: int, *, any_parent: bool = False) -> Item:
        item = self.shop.items.get(number)
        if item is None or item.kind != "variation" or (item.parent != parent and not any_parent):
            raise WooError(status, "woocommerce_rest_product_variation_invalid_id", "Invalid ID.")
        return item

    def _write_product(self, number: int, fields: Mapping[str, Any]) -> dict[str, Any]:
        item = self._item(number, 400)
        if item.kind == "variation":
            message = (
                "To manipulate product variations you should use the /products/<product_id>/variations/<id> endpoint."
            )
            raise WooError(404, "woocommerce_rest_invalid_product_id", message)
        self.shop.write(item, fields)
        return self.shop.view(item, of_product=True)

    def _write_variation(self, item: Item, fields: Mapping[str, Any]) -> dict[str, Any]:
        before = item.quantity
        self.shop.write(item, fields)
        answer = self.shop.view(item, of_product=False)
        if self.forgets_variation_writes:
            item.quantity = before
            self.shop.derive(item)
        return answer

    # --- batches -----------------------------------------------------------------------------------------------------

    def batch_products(self, call: Call, rights: Rights) -> Found:
        def update(number: int, fields: Mapping[str, Any]) -> dict[str, Any]:
            return self._write_product(number, rules.coerced(fields, rules.PRODUCT_FIELDS, call.note))

        return self._batch(call, rights, update)

    def batch_variations(self, call: Call, rights: Rights, parent: int) -> Found:
        def update(number: int, fields: Mapping[str, Any]) -> dict[str, Any]:
            good = rules.coerced(fields, rules.VARIATION_FIELDS, call.note)
            item = self.shop.items.get(number)
            if item is None:
                raise WooError(400, "woocommerce_rest_product_variation_invalid_id", "Invalid ID.")
            if item.kind != "variation" or item.parent != parent:
                # Seen on 7.9.0: it is accepted, and the record belongs to this parent from then on.
                call.note(f"variations/batch of {parent} names {number}, which is not its variation")
                item.parent = parent
                self.shop.write(item, good)
                return self.shop.view(item, of_product=True)
            return self._write_variation(item, good)

        return self._batch(call, rights, update)

    def _batch(self, call: Call, rights: Rights, update: Callable[[int, Mapping[str, Any]], dict[str, Any]]) -> Found:
        rules.check_query(call.query, {"_fields": rules.Param("string")}, call.note)
        body = _object(call)
        for name in body.keys() - {"update"}:
            call.note(f"a batch with {name}: this fake changes only what is there")
        rights.batch()
        rows = body.get("update", [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            rules.refuse({"update": "update is not of type array."}, call.note)
        if len(rows) > BATCH_LIMIT:
            message = f"Unable to accept more than {BATCH_LIMIT} items for this request."
            call.note(message)
            raise WooError(413, "woocommerce_rest_request_entity_too_large", message)
        answers = [self._row(row, update, call.note) for row in rows]
        return self._picked(call, {"update": answers} if answers else [])

    def _row(self, row: dict[str, Any], update: Callable[..., dict[str, Any]], note: Note) -> dict[str, Any]:
        given = row.get("id")
        if not isinstance(given, int) or isinstance(given, bool):
            note(f"a row of a batch has {'no id' if given is None else 'an id that is not an integer'}")
        number = rules.php_int(given)
        try:
            return update(number, row)
        except WooError as error:
            return {"id": number, "error": error.body()}

    # --- the shop itself ---------------------------------------------------------------------------------------------

    def index(self, call: Call, rights: Rights) -> Found:
        """/wc/v3 says its routes to everybody."""
        return Found({"namespace": "wc/v3", "routes": {"/wc/v3/products": {"methods": ["GET", "POST"]}}}, {})

    def system_status(self, call: Call, rights: Rights) -> Found:
        rules.check_query(call.query, rules.SINGLE, call.note)
        rights.need("manage", "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        environment = {
            "home_url": self.shop.site, "site_url": self.shop.site, "version": self.version, "wp_version": "6.7.1",
            "wp_multisite": False, "wp_debug_mode": False, "language": "en_US", "server_info": "Apache/2.4.62",
            "php_version": "8.2.26", "php_max_execution_time": 30, "php_max_input_vars": 1000,
            "php_post_max_size": 8388608, "mysql_version": "10.11.19", "default_timezone": "UTC",
        }  # fmt: skip
        plugin = {"plugin": "woocommerce/woocommerce.php", "name": "WooCommerce", "version": self.version}
        settings = {
            "api_enabled": True, "force_ssl": False, "currency": "USD", "currency_symbol": "&#36;",
            "currency_position": "left", "thousand_separator": ",", "decimal_separator": ".", "number_of_decimals": 2,
            "geolocation_enabled": False, "taxonomies": {name: name for name in (*TYPES, *self.shop.extra_types)},
        }  # fmt: skip
        status = {
            "environment": environment, "database": {"wc_database_version": self.version, "database_prefix": "wp_"},
            "active_plugins": [plugin], "theme": {"name": "Storefront"}, "settings": settings,
            "security": {"secure_connection": True, "hide_errors": True}, "pages": [],
        }  # fmt: skip
        return self._picked(call, status)

    def setting(self, call: Call, rights: Rights, name: str) -> Found:
        rules.check_query(call.query, rules.SINGLE, call.note)
        rights.need("manage", "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        if name not in SETTINGS:
            raise WooError(404, "rest_setting_setting_invalid", "Invalid setting.")
        return self._picked(call, self._setting(name))

    def settings(self, call: Call, rights: Rights) -> Found:
        """All options of the group."""
        rules.check_query(call.query, rules.SINGLE, call.note)
        rights.need("manage", "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        return self._picked(call, [self._setting(name) for name in SETTINGS])

    def _setting(self, name: str) -> dict[str, Any]:
        value = SETTINGS[name]
        if name == "woocommerce_manage_stock":
            value = "yes" if self.shop.tracks_stock else "no"
        return {"id": name, "label": name, "type": "text", "value": value, "group_id": "products"}


def _object(call: Call) -> dict[str, Any]:
    """The body as an object; anything else has no parameters for WordPress."""
    if isinstance(call.body, dict):
        return call.body
    call.note("the body is not a JSON object")
    return {}


def _in_time(row: Item | Order, query: Mapping[str, Any], zone: timezone) -> bool:
    def limit(name: str) -> datetime | None:
        return rules.moment(query[name], zone) if name in query else None

    for prefix, moment in (("", row.created), ("modified_", row.modified)):
        after, before = limit(f"{prefix}after"), limit(f"{prefix}before")
        if (after and moment <= after) or (before and moment >= before):
            return False
    return True


_ORDERINGS: Mapping[str, Callable[[Any], Any]] = {
    "date": lambda row: (row.created, row.id),
    "modified": lambda row: (row.modified, row.id),
    "id": lambda row: row.id,
    "title": lambda row: (getattr(row, "name", ""), row.id),
    "slug": lambda row: (getattr(row, "name", ""), row.id),
    "popularity": lambda row: (getattr(row, "total_sales", 0), row.id),
}
_WRITES = "POST PUT PATCH"
_ROUTES: tuple[tuple[str, str, Callable[..., Found]], ...] = (
    (r"/wc/v3/?", "GET", Api.index),
    (r"/wc/v3/products", "GET", Api.products),
    (r"/wc/v3/products", "POST", Api.create_product),
    (r"/wc/v3/products/batch", _WRITES, Api.batch_products),
    (r"/wc/v3/products/(\d+)", "GET", Api.product),
    (r"/wc/v3/products/(\d+)", _WRITES, Api.change_product),
    (r"/wc/v3/products/(\d+)/variations", "GET", Api.variations),
    (r"/wc/v3/products/(\d+)/variations/batch", _WRITES, Api.batch_variations),
    (r"/wc/v3/products/(\d+)/variations/(\d+)", "GET", Api.variation),
    (r"/wc/v3/products/(\d+)/variations/(\d+)", _WRITES, Api.change_variation),
    (r"/wc/v3/orders", "GET", Api.orders),
    (r"/wc/v3/orders/(\d+)", "GET", Api.order),
    (r"/wc/v3/system_status", "GET", Api.system_status),
    (r"/wc/v3/settings/products", "GET", Api.settings),
    (r"/wc/v3/settings/products/(\w+)", "GET", Api.setting),
)
