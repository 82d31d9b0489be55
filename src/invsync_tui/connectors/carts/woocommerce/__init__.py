"""WooCommerce (6 and later) as a cart: stock quantities of products and variations, through the REST API v3.

What shapes this connector, by the documentation and by what was seen on 7.9: stock has no locations; a quantity for a record
that manages no stock is answered with 200 and has no effect; variations are listed and set by their product, one request
each; rows of a batch are answered one by one; a sale does not change a product's `date_modified`, so there is no read of what
has changed; a wrong pair of product and variation is accepted and moves the variation, so only pairs that were read are sent.

Options: `auth` (header or query).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from invsync_tui.connectors.base import (
    BatchScope,
    Budget,
    CartCapabilities,
    CartLocation,
    CheckStep,
    Connection,
    DoubtPolicy,
    ListingRow,
    OrderLine,
    Page,
    PushItem,
    QuantityBasis,
    RowAnswer,
    RowErrors,
    run_check_steps,
    unreadable,
)
from invsync_tui.connectors.carts.woocommerce import api, batches, checks, fixes, hooks, listings, pages
from invsync_tui.connectors.carts.woocommerce import orders as woo_orders
from invsync_tui.connectors.carts.woocommerce.about import ABOUT
from invsync_tui.connectors.errors import (
    AuthError,
    ContractError,
    DeferredError,
    NotConfiguredError,
    PermissionDeniedError,
    RowsRejectedError,
    ThrottledError,
    UnavailableError,
)
from invsync_tui.connectors.on_request import FixAnswer
from invsync_tui.connectors.values import name_of, text
from invsync_tui.rules.outcomes import Reason

KEPT_SAMPLE = 10
"""Listings of different batches that are read again at the end of a push: woocommerce#36595 and #35555 tell of variations that
are answered with the new stock and keep the old one."""
CAPABILITIES = CartCapabilities(
    quantity_basis=QuantityBasis.AVAILABLE,
    max_batch=batches.ROWS_MOST,
    batch_scope=BatchScope.GROUP,
    row_errors=RowErrors.PER_ROW,
    doubt_policy=DoubtPolicy.READ_BACK,
    returns_quantity=True,
    reports_orders=True,
    stable_pages=True,
    page_size=pages.PER_PAGE_MOST,
    read_batch=100,
    kept_sample=KEPT_SAMPLE,
)
REQUESTS_OF_A_PAGE = 20
"""Products whose variations are read for one page of listings."""
ATTEMPTS = 3
"""Times that a request within a batch is sent while the shop says that there are too many."""
ORDERS_BACK = 26 * 3600
"""Seconds further back, since times may be taken as the shop's local time."""
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)
FIRST = pages.ListPosition()


@dataclass(frozen=True, slots=True)
class Position:
    """Where a read of the listings goes on: the variations of `parents` (id, SKU), the first from `inner` on, and then the
    products from `outer` on; None at their end."""

    outer: pages.ListPosition | None = FIRST
    parents: tuple[tuple[str, str], ...] = ()
    inner: pages.ListPosition = FIRST

    @classmethod
    def parse(cls, cursor: str | None) -> Position:
        """The position that a cursor stands for."""
        if cursor is None:
            return cls()
        outer, parents, inner = json.loads(cursor)
        return cls(
            None if outer is None else pages.ListPosition(*outer),
            tuple((ref, sku) for ref, sku in parents),
            pages.ListPosition(*inner),
        )

    def __str__(self) -> str:
        return json.dumps([self.outer, self.parents, self.inner], separators=(",", ":"))

    @property
    def cursor(self) -> str | None:
        """None at the end."""
        return None if self.outer is None and not self.parents else str(self)


class WooCommerceCart:
    """The `Cart` protocol over WooCommerce's REST API."""

    about = ABOUT
    review = staticmethod(checks.review)
    hook = staticmethod(hooks.hook)
    secret_names = ("consumer_key", "consumer_secret")
    SHOP_OPTIONS = ()
    VIEW_OPTIONS = ()
    API_PATH = api.PATH

    def __init__(self, connection: Connection) -> None:
        self.capabilities = CAPABILITIES
        self._connection = connection
        self._api = api.WooApi(connection)
        self._threshold = 0
        self._variable = 0
        """Variable products that the shop has at least."""
        self._parents = 0
        """Those that the present read has met."""
        self._products: pages.ListReader | None = None
        self._variations: dict[str, pages.ListReader] = {}
        """By product, of the one whose variations are being read."""

    async def open(self) -> None:
        """Try the key, and see what the shop has: variable products, settings of stock, orders that may be read."""
        variable = await self._count(api.PRODUCTS, ("type", "variable"))
        self._variable = 1 if variable is None else variable
        settings = await self._settings()
        self._threshold = checks.threshold_of(settings)
        self.capabilities = replace(self.capabilities, reports_orders=await self._reads_orders())

    async def _count(self, path: str, *query: tuple[str, str]) -> int | None:
        _, total = await pages.records(self._api, path, (*query, ("per_page", "1"), ("_fields", "id")))
        return total

    async def _settings(self) -> Mapping[str, str]:
        """The shop's settings of products by id; {} where the key may not read them."""
        try:
            records, _ = await pages.records(self._api, api.SETTINGS, (("_fields", "id,value"),))
        except (ContractError, PermissionDeniedError):
            return {}
        return {
            record["id"]: record["value"]
            for record in records
            if isinstance(record, Mapping)
            and isinstance(record.get("id"), str)
            and isinstance(record.get("value"), str)
        }

    async def _reads_orders(self) -> bool:
        try:
            await self._count(api.ORDERS)
        except PermissionDeniedError:
            return False
        return True

    async def identity(self) -> Mapping[str, str]:
        """The shop's own address, as WordPress tells it to everybody; {} where it hides that."""
        response = await self._api.index()
        if response.status != 200:
            return {}
        with suppress(ContractError, *UNREADABLE):
            return {"store": text(api.document(response)["home"]).rstrip("/")}
        return {}

    async def close(self) -> None:
        """End the HTTP connection."""
        await self._api.close()

    def budget(self) -> Budget | None:
        """WooCommerce reports no limits: what our own limiter allows."""
        return self._api.http.limiter.budget()

    async def clock_offset(self) -> float | None:
        """From the Date of its answers; opening the cart has some."""
        return self._api.http.clock.offset

    async def locations(self) -> Sequence[CartLocation]:
        """None: a product has one stock."""
        return []

    # --- connection test ---

    async def check(self) -> AsyncIterator[CheckStep]:
        """Address, key, writing, orders, shop; stops after the first step that is not ok."""
        steps: Sequence[tuple[str, Callable[[], Awaitable[str]]]] = (
            ("address", self._check_address),
            ("login", self._check_login),
            ("permission", self._check_permission),
            ("orders", self._check_orders),
            ("shop", self._check_shop),
        )
        async for step in run_check_steps(steps):
            yield step

    async def _check_address(self) -> str:
        """That WordPress answers with its REST API and has WooCommerce. Some shops hide this index from visitors."""
        api.refuse_plain_http(self._connection)
        url = self._api.http.connection.url
        response = await self._api.index()
        if response.status in (401, 403) and api.error_of(response)[0]:
            return f"{url} answers; it hides the index of its REST API from visitors."
        if response.status == 404 and not api.error_of(response)[0]:
            await self._refuse_plain_permalinks()
        api.judge_status(response, writes=False)
        names = api.document(response).get("namespaces")
        if isinstance(names, list) and api.NAMESPACE not in names:
            raise ContractError(
                "WordPress answers, but WooCommerce with its REST API v3 is not there.",
                where=response.where,
                advice="Activate the plugin WooCommerce in WordPress, or give the address of the shop.",
            )
        return f"{url} answers."

    async def _refuse_plain_permalinks(self) -> None:
        """With plain permalinks there is an index, and WooCommerce takes no keys."""
        response = await self._api.index(api.PLAIN_ROOT)
        with suppress(ContractError):
            if response.status == 200 and isinstance(response.json(), Mapping):
                raise NotConfiguredError(
                    "The shop has plain permalinks, with which WooCommerce takes no keys.",
                    where=self._connection.name,
                    advice="Choose any other permalinks in WordPress under Settings, Permalinks.",
                )

    async def _check_login(self) -> str:
        try:
            total = await self._count(api.PRODUCTS)
        except AuthError as error:
            if await self._api.drops_header():
                raise AuthError(
                    "The key is right, and the web server does not hand on the Authorization header to WordPress.",
                    where=error.where,
                    advice=api.DROPPED_ADVICE,
                ) from error
            raise
        return "The key is accepted." if total is None else f"The key is accepted. Products: {total}."

    async def _check_permission(self) -> str:
        """A batch without rows changes nothing."""
        with suppress(RowsRejectedError):  # refused for having no rows, so not for want of a permission
            await self._api.update(api.BATCH, b'{"update":[]}')
        return "May set stock."

    async def _check_orders(self) -> str:
        if await self._reads_orders():
            return "May read orders."
        return "May not read orders: those that the WMS does not know yet are not subtracted."

    async def _check_shop(self) -> str:
        """What keeps numbers from having an effect, or makes the shop sell another number."""
        settings = await self._settings()
        self._threshold = checks.threshold_of(settings)
        page = await self.listings_page(None)
        return " ".join((checks.told_of_shop(settings), checks.told_of_listings(page)))

    # --- reading ---

    async def listings_page(self, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
        """Products by id, and after each page of them the variations of those that have some."""
        position = Position.parse(cursor)
        if position.parents:
            return await self._variations_page(position)
        if cursor is None or self._products is None:
            self._variations.clear()
            self._parents = 0
            self._products = pages.ListReader(self._api, api.PRODUCTS, (("_fields", listings.PRODUCT_FIELDS),))
        records, following, total = await self._products.slice(position.outer or FIRST, self.capabilities.page_size)
        rows, rejected = _read_each(records, self._of_product, name_of)
        parents = tuple(_parents(records))
        self._parents += len(parents)
        self._variable = max(self._variable, self._parents)
        # What is announced are products; with variations among the listings it is not their number.
        return Page(rows, Position(following, parents).cursor, None if self._variable else total, rejected)

    def _of_product(self, product: Mapping[str, Any]) -> ListingRow | None:
        return listings.of_product(product, self._threshold) if listings.is_listing(product) else None

    async def _variations_page(self, position: Position) -> Page[ListingRow]:
        """Variations of a few products, up to a page of them."""
        rows: list[ListingRow] = []
        rejected: list[tuple[str, str]] = []
        for _ in range(REQUESTS_OF_A_PAGE):
            parent, sku = position.parents[0]
            variations, following = await self._variations_of(parent, position.inner)
            good, bad = _read_variations(variations, parent, sku, self._threshold)
            rows += good
            rejected += bad
            if following is not None:
                position = replace(position, inner=following)
            else:
                self._variations.clear()
                position = Position(position.outer, position.parents[1:])
            if not position.parents or len(rows) + len(rejected) >= self.capabilities.page_size:
                break
        return Page(rows, position.cursor, None, rejected)

    async def _variations_of(
        self, parent: str, place: pages.ListPosition
    ) -> tuple[list[Any], pages.ListPosition | None]:
        """Variations of a product, from a place on; none of one that was deleted meanwhile."""
        query = (("_fields", listings.VARIATION_FIELDS),)
        reader = self._variations.setdefault(parent, pages.ListReader(self._api, _variations_path(parent), query))
        try:
            variations, following, _ = await reader.slice(place, self.capabilities.page_size)
        except api.GoneError:
            return [], None
        return variations, following

    async def read(self, refs: Sequence[str]) -> Sequence[ListingRow]:
        """The present state of some listings; those that are deleted are absent."""
        pairs = [parts for ref in refs if (parts := listings.parts_of(ref)) is not None]
        requested = set(refs)
        products = await self._included(api.PRODUCTS, listings.PRODUCT_FIELDS, [product for product, _ in pairs])
        good, bad = _read_each(products, self._of_product, name_of)
        # Absent means deleted, so a record that cannot be read must not be left out.
        rows = [row for row in (*good, *(unreadable(ref, why) for ref, why in bad)) if row.ref in requested]
        skus = {name_of(at): at.get("sku") for at in products if isinstance(at, Mapping)}
        by_parent: dict[str, list[str]] = {}
        for product, variation in pairs:
            if variation and product in skus:
                by_parent.setdefault(product, []).append(variation)
        for parent, numbers in by_parent.items():
            sku = str(skus[parent] or "")
            variations = await self._included(_variations_path(parent), listings.VARIATION_FIELDS, numbers)
            good, bad = _read_variations(variations, parent, sku, self._threshold)
            rows += [row for row in (*good, *(unreadable(ref, why) for ref, why in bad)) if row.ref in requested]
        return rows

    async def _included(self, path: str, fields: str, numbers: Iterable[str]) -> list[Any]:
        """The records with these ids; none of a product that is deleted."""
        ids = list(dict.fromkeys(numbers))
        included: list[Any] = []
        for start in range(0, len(ids), pages.PER_PAGE_MOST):
            some = ids[start : start + pages.PER_PAGE_MOST]
            query = (("include", ",".join(some)), ("per_page", str(pages.PER_PAGE_MOST)), ("_fields", fields))
            with suppress(api.GoneError):
                records, _ = await pages.records(self._api, path, query)
                included += [record for record in records if name_of(record) in some]
        return included

    # --- orders ---

    async def orders_since(self, since: int) -> Sequence[OrderLine]:
        """Lines of the orders placed, paid or changed after `since`: a bank transfer may arrive days after its order."""
        after = datetime.fromtimestamp(max(0, since - ORDERS_BACK), UTC).strftime("%Y-%m-%dT%H:%M:%S")
        by_id: dict[str, Any] = {}
        unnamed: list[Any] = []
        for name in ("after", "modified_after"):
            query = ((name, after), ("dates_are_gmt", "true"), ("_fields", woo_orders.FIELDS))
            async for order in pages.ListReader(self._api, api.ORDERS, query).all():
                if (number := name_of(order)) == "?":
                    unnamed.append(order)
                by_id[number] = order
        by_id.pop("?", None)
        orders = [*by_id.values(), *unnamed]
        shared = await self._shared(woo_orders.variations_of(orders))
        return woo_orders.lines(orders, shared)

    async def _shared(self, variations: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of some variations whose stock is their product's: only products with stock of their own are looked into."""
        products = await self._included(api.PRODUCTS, "id,manage_stock", sorted({parent for parent, _ in variations}))
        keepers = [name_of(at) for at in products if isinstance(at, Mapping) and at.get("manage_stock") is True]
        shared: set[tuple[str, str]] = set()
        for parent in keepers:
            numbers = sorted(number for at, number in variations if at == parent)
            records = await self._included(_variations_path(parent), "id,manage_stock", numbers)
            shared |= {(parent, name_of(at)) for at in records if at.get("manage_stock") == listings.PARENT}
        return shared

    # --- on request ---

    async def unfixable(self, name: str, refs: Sequence[str]) -> Mapping[str, str]:
        """Variations that share their product's stock, and external products."""
        by_parent: dict[str, list[str]] = {}
        for product, variation in filter(None, map(listings.parts_of, refs)):
            by_parent.setdefault(product if variation else "", []).append(variation or product)
        refused: dict[str, str] = {}
        for parent, numbers in by_parent.items():
            path = _variations_path(parent) if parent else api.PRODUCTS
            fields = fixes.FIELDS if not parent else fixes.VARIATION_FIELDS
            refused |= fixes.refused(parent, await self._included(path, fields, numbers), variations=bool(parent))
        return refused

    async def fix(self, name: str, refs: Sequence[str]) -> Sequence[FixAnswer]:
        """Manage stock, with 0: one request for products, and one for the variations of each product."""
        answers: list[FixAnswer] = []
        for request in fixes.requests(refs):
            try:
                answers += fixes.answers(request, await self._api.update(request.path, request.body))
            except RowsRejectedError as error:
                answers += [FixAnswer(ref, error.what) for ref in request.refs.values()]
        return answers

    # --- pushing ---

    def compose(self, batch_id: str, items: Sequence[PushItem]) -> bytes:
        """The body that sets these quantities: one request for products, or for the variations of one product."""
        return batches.compose(items)

    async def send(self, batch_id: str, body: bytes) -> Sequence[RowAnswer]:
        """Send the requests of a composed body, one after the other. Once one of them is answered, an error of a later one
        says that some of the batch was applied, which the read-back finds out; a request that is refused for its rows
        refuses the batch, and the halves of it set the same quantities again."""
        answers: list[RowAnswer] = []
        for number, request in enumerate(batches.requests_of(body)):
            try:
                answers += await self._send_one(request, attempts=ATTEMPTS if number else 1)
            except RowsRejectedError:
                raise
            except (AuthError, ContractError, PermissionDeniedError, ThrottledError, UnavailableError) as error:
                if not number:
                    raise
                raise UnavailableError(
                    error.what, where=error.where, advice=error.advice, may_have_applied=True
                ) from error
        return answers

    async def _send_one(self, request: batches.Request, attempts: int) -> list[RowAnswer]:
        try:
            return batches.answers(request, await self._api.update(request.path, request.body))
        except api.ProductGoneError as error:
            return [RowAnswer(ref, None, error.what, Reason.NOT_IN_CART) for ref in request.refs.values()]
        except RowsRejectedError as error:
            if len(request.refs) > 1:
                raise
            return [RowAnswer(ref, None, error.what) for ref in request.refs.values()]
        except DeferredError:
            raise
        except ThrottledError:  # nothing was done, and the limiter holds the pause
            if attempts <= 1:
                raise
            return await self._send_one(request, attempts - 1)


def _variations_path(parent: str) -> str:
    return f"{api.PRODUCTS}/{parent}/variations"


def _parents(products: Sequence[Any]) -> Iterable[tuple[str, str]]:
    """(id, SKU) of the products that have variations."""
    for product in products:
        with suppress(*UNREADABLE):
            if listings.is_variable(product) and listings.parts_of(name_of(product)):
                sku = product.get("sku")
                yield name_of(product), sku if isinstance(sku, str) else ""


def _read_each(
    records: Sequence[Any], row_of: Callable[[Mapping[str, Any]], ListingRow | None], ref_of: Callable[[object], str]
) -> tuple[list[ListingRow], list[tuple[str, str]]]:
    """Records as listings, and those that cannot be read with the reason."""
    rows: list[ListingRow] = []
    rejected: list[tuple[str, str]] = []
    for record in records:
        try:
            row = row_of(record)
            if row is not None:
                rows.append(row)
        except UNREADABLE as error:
            rejected.append((ref_of(record), f"{type(error).__name__}: {error}"))
    return rows, rejected


def _read_variations(
    records: Sequence[Any], parent: str, sku: str, threshold: int
) -> tuple[list[ListingRow], list[tuple[str, str]]]:
    def ref_of(record: object) -> str:
        number = name_of(record)
        return number if number == "?" else f"{parent}/{number}"

    return _read_each(records, lambda record: listings.of_variation(record, parent, sku, threshold), ref_of)
