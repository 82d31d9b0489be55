"""Shopify as a cart: what is available of inventory items at one location, through the Admin GraphQL API.

Known from the official schemas of 2026-04 to 2026-10 and their documentation; no real shop was seen. What shapes this
connector: `inventorySetQuantities` sets only what still shows the number that was read (`changeFromQuantity`), takes an
idempotency key, and names bad rows by their place; an answer of status 200 may be a refusal; calls cost points.

Options: `location` (id or name, required where there are several), `version` (of the API).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from invsync_tui.connectors import stock_elsewhere
from invsync_tui.connectors.base import (
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
from invsync_tui.connectors.cart_locations import ChosenLocations, listed
from invsync_tui.connectors.carts.shopify import (
    api,
    batches,
    bulk,
    checks,
    fixes,
    hooks,
    limits,
    listings,
    orders,
    queries,
)
from invsync_tui.connectors.carts.shopify.about import ABOUT, NEEDED, READ_ORDERS, READ_PLACES
from invsync_tui.connectors.carts.shopify.limits import INPUT_MOST, PAGE_MOST
from invsync_tui.connectors.errors import ConnectorError, ContractError, NotConfiguredError, PermissionDeniedError
from invsync_tui.connectors.on_request import FixAnswer
from invsync_tui.connectors.values import name_of, reference, text, yes_or_no
from invsync_tui.rules.outcomes import Reason

KEY_HOURS = 24
"""For which Shopify does a mutation at most once under its key: https://shopify.dev/docs/api/usage/implementing-idempotency"""
CAPABILITIES = CartCapabilities(
    quantity_basis=QuantityBasis.AVAILABLE,
    max_batch=INPUT_MOST,
    row_errors=RowErrors.WHOLE_BATCH,
    doubt_policy=DoubtPolicy.IDEMPOTENCY_KEY,
    key_kept=KEY_HOURS * 3600 - 3600,
    returns_quantity=True,
    has_locations=True,
    reads_locations=True,
    reports_orders=True,
    stable_pages=True,
    page_size=PAGE_MOST,
    read_batch=100,
)
ROOM = 980
"""Points that the variants or items of one query may cost."""
ORDERS_OVERLAP = 60
"""Seconds further back, since an order is stamped before it can be found."""


def _full_ref(word: str) -> str:
    """A location's id also by its number alone."""
    return f"gid://shopify/Location/{word}" if word.isascii() and word.isdigit() else word


class ShopifyCart:
    """The `Cart` protocol over Shopify's Admin API."""

    about = ABOUT
    review = staticmethod(checks.review)
    hook = staticmethod(hooks.hook)
    SHOP_OPTIONS = ()
    VIEW_OPTIONS = ()
    API_PATH = api.PATH

    def __init__(self, connection: Connection) -> None:
        self.capabilities = CAPABILITIES
        self._connection = connection
        self._opened: api.ShopifyApi | None = None
        self._locations = ChosenLocations(connection, _full_ref)
        self._scopes: frozenset[str] = frozenset()
        self._bulk: bulk.Bulk | None = None

    @property
    def _api(self) -> api.ShopifyApi:
        """Made when it is needed: a wrong address is told by the first call, not by the constructor."""
        if self._opened is None:
            self._opened = api.ShopifyApi(self._connection)
        return self._opened

    async def open(self) -> None:
        """Try the token, see what it may do, choose the location."""
        self._note_scopes(await self._read_scopes())
        self._locations.choose(await self.locations())

    async def identity(self) -> Mapping[str, str]:
        """The shop's id, which stays when its name or domain is changed."""
        shop_id = name_of((await self._api.query(queries.SHOP)).get("shop"))
        return {"shop": shop_id} if shop_id != "?" else {}

    async def close(self) -> None:
        """End the HTTP connection; remove the file of a bulk operation."""
        if self._bulk is not None:
            self._bulk.close()
        if self._opened is not None:
            await self._opened.close()

    def budget(self) -> Budget | None:
        """In points, as Shopify reports them with each answer."""
        return self._api.http.limiter.budget()

    async def clock_offset(self) -> float | None:
        """From the Date of its answers; opening the cart has some."""
        return self._api.http.clock.offset

    # --- connection test ---

    async def check(self) -> AsyncIterator[CheckStep]:
        """Address and token, version, scopes, locations, location, shop; stops after the first step that is not ok."""
        steps: Sequence[tuple[str, Callable[[], Awaitable[str]]]] = (
            ("login", self._check_login),
            ("version", self._check_version),
            ("permission", self._check_permission),
            ("locations", self._check_locations),
            ("location", self._check_location),
            ("shop", self._check_shop),
        )
        async for step in run_check_steps(steps):
            yield step

    async def _check_login(self) -> str:
        shop = (await self._api.query(queries.SHOP)).get("shop")
        record = shop if isinstance(shop, Mapping) else {}
        return f"The access token is taken. Shop: {record.get('name')} ({record.get('myshopifyDomain')})."

    async def _check_version(self) -> str:
        """Which version answers; the request before has told."""
        requested, answered = self._api.version, self._api.answered_by
        if answered and answered != requested:
            retired = f"{requested} was asked for and {answered} answers: {requested} is retired."
            return f"{retired} Set the option version to {answered}."
        return f"Version {requested} answers." if answered else f"Version {requested} was asked for."

    async def _check_permission(self) -> str:
        scopes = await self._read_scopes()
        self._note_scopes(scopes)
        if READ_ORDERS not in scopes:
            return f"May read and set stock. Without {READ_ORDERS}, orders that the WMS does not know yet are not subtracted."
        return "May read and set stock, and read orders."

    async def _check_locations(self) -> str:
        return listed(await self.locations())

    async def _check_location(self) -> str:
        return self._locations.summary(await self.locations())

    async def _check_shop(self) -> str:
        """What keeps the first listings from being set, and what the shop sells besides."""
        page = await self._variants_page(None)
        summary = checks.told_of_listings(page.rows, more=page.next_cursor is not None)
        return " ".join(part for part in (summary, stock_elsewhere.describe(page.rows)) if part)

    async def _read_scopes(self) -> frozenset[str]:
        data = await self._api.query(queries.SCOPES)
        try:
            return frozenset(text(scope["handle"]) for scope in data["currentAppInstallation"]["accessScopes"])
        except listings.READING_ERRORS as error:
            raise ContractError(f"The app's scopes cannot be read: {error}.") from error

    def _note_scopes(self, scopes: frozenset[str]) -> None:
        """PermissionDeniedError for a missing one. A scope to write includes that to read."""
        self._scopes = scopes
        missing = [name for name in NEEDED if name not in scopes and name.replace("read_", "write_", 1) not in scopes]
        if missing:
            raise PermissionDeniedError(
                f"The app lacks the scope {', '.join(missing)}.",
                where=self._connection.name,
                advice="Tick it in the app's configuration under Admin API integration, and install the app again.",
            )
        self.capabilities = replace(self.capabilities, reports_orders=READ_ORDERS in scopes or "write_orders" in scopes)

    # --- locations ---

    async def locations(self) -> Sequence[CartLocation]:
        """The shop's active locations."""
        records = await self._all(queries.LOCATIONS, {}, "locations")
        try:
            return [CartLocation(reference(at["id"]), text(at["name"])) for at in records if yes_or_no(at["isActive"])]
        except listings.READING_ERRORS as error:
            raise ContractError(f"A location cannot be read: {error}.") from error

    def location_ref(self) -> str:
        """The location that stock is set at; '' before the cart is open."""
        return self._locations.ref

    # --- reading ---

    async def _page(
        self, document: queries.Document, variables: Mapping[str, Any], *way: str, cost: int = 0
    ) -> tuple[list[Any], str | None]:
        """The records of one page of the list behind some fields, and where the next page starts."""
        value: Any = await self._api.query(document, variables, cost)
        for name in way:
            value = value.get(name) if isinstance(value, Mapping) else None
        nodes = value.get("nodes") if isinstance(value, Mapping) else None
        info = value.get("pageInfo") if isinstance(value, Mapping) else None
        if not isinstance(nodes, list) or not isinstance(info, Mapping):
            raise ContractError(f"The answer has no {way[-1]}.", where=self._connection.name)
        try:
            following = text(info["endCursor"]) if yes_or_no(info["hasNextPage"]) else None
        except listings.READING_ERRORS as error:
            raise ContractError(f"The answer does not say whether there are more {way[-1]}: {error}.") from error
        if following is not None and following in (variables.get("after"), ""):
            raise ContractError(f"The pages of {way[-1]} do not continue.", where=self._connection.name)
        return nodes, following

    async def _all(self, document: queries.Document, variables: Mapping[str, Any], *way: str) -> list[Any]:
        records: list[Any] = []
        after: str | None = None
        while True:
            page, after = await self._page(document, {**variables, "after": after}, *way)
            records += page
            if after is None:
                return records

    async def listings_page(self, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
        """Variants by id, those of a large shop by a bulk operation: then the first page has no rows, see PreparingError."""
        if bulk.is_cursor(cursor):
            return await self._bulk_page(str(cursor))
        page = await self._variants_page(cursor)
        if cursor is None and page.next_cursor is not None and (started := await self._start_bulk()):
            return Page([], started)
        return page

    async def _start_bulk(self) -> str | None:
        """The cursor that stands for a bulk operation; None where the shop is small, or where none is to be run."""
        if self._connection.options.get("bulk", "").strip() == "off":
            return None
        variants = (await self._api.query(queries.COUNT, {"limit": limits.BULK_FROM})).get("productVariantsCount")
        count = variants.get("count") if isinstance(variants, Mapping) else 0
        return await self._bulk_reader().start() if isinstance(count, int) and count >= limits.BULK_FROM else None

    def _bulk_reader(self) -> bulk.Bulk:
        if self._bulk is None:
            at = self._at()
            refs = {listings.OWN: at.pop("location"), **at}
            self._bulk = bulk.Bulk(self._api, self._connection, refs)
        return self._bulk

    async def _bulk_page(self, cursor: str) -> Page[ListingRow]:
        """Where the bulk operation comes to nothing, the first page of all."""
        page = await self._bulk_reader().page(cursor)
        return await self._variants_page(None) if page is None else self._rows(*page)

    async def _variants_page(self, cursor: str | None) -> Page[ListingRow]:
        """Pages continue behind a variant, whatever is deleted in between."""
        document = queries.variants(len(self._locations.others))
        each = queries.VARIANT_COST + queries.LEVEL_COST * len(self._locations.others)
        first = max(1, min(self.capabilities.page_size, PAGE_MOST, ROOM // each))
        variables = {"first": first, "after": cursor, **self._at()}
        return self._rows(*await self._page(document, variables, "productVariants", cost=first * each))

    def _rows(self, records: Sequence[Any], following: str | None) -> Page[ListingRow]:
        """Records of variants as listings, and those that cannot be read."""
        levels = self._levels()
        rows: list[ListingRow] = []
        rejected: list[tuple[str, str]] = []
        for variant in records:
            try:
                rows += [self._row(variant, word, level) for word, level in levels.items()]
            except listings.READING_ERRORS as error:
                rejected.append((listings.ref_of(variant), f"{type(error).__name__}: {error}"))
        return Page(rows, following, None, rejected)

    def _row(self, variant: Mapping[str, Any], word: str, level: str) -> ListingRow:
        ours = tuple(self._levels().values())
        row = listings.of_variant(variant, level, ours, several=self._locations.elsewhere)
        return row._replace(location=word)

    def _levels(self) -> dict[str, str]:
        """By `ListingRow.location`, what an answer calls the level there."""
        further = {word: queries.level_at(number) for number, word in enumerate(self._locations.others)}
        return {"": listings.OWN, **further}

    def _at(self) -> dict[str, str]:
        """The variables of our locations."""
        others = self._locations.others.values()
        further = {queries.level_at(number): at.ref for number, at in enumerate(others)}
        return {"location": self._locations.own.ref, **further}

    async def read(self, refs: Sequence[str]) -> Sequence[ListingRow]:
        """The present state of some listings; those that no longer exist are absent."""
        rows: list[ListingRow] = []
        each = queries.ITEM_COST + queries.LEVEL_COST * len(self._locations.others)
        step = max(1, min(CAPABILITIES.read_batch, ROOM // each))
        for start in range(0, len(refs), step):
            part = refs[start : start + step]
            rows += await self._read_some(part, cost=len(part) * each)
        return rows

    async def _read_some(self, refs: Sequence[str], cost: int) -> list[ListingRow]:
        ours = tuple(self._levels().values())
        document = queries.items(len(self._locations.others))
        data = await self._api.query(document, {"ids": list(refs), **self._at()}, cost=cost)
        nodes = data.get("nodes")
        if not isinstance(nodes, list) or len(nodes) != len(refs):
            raise ContractError("The answer has not one record for each item.", where=self._connection.name)
        rows: list[ListingRow] = []
        for ref, item in zip(refs, nodes, strict=True):
            if item is None:
                continue
            try:
                row = listings.of_item(item, ours, several=self._locations.elsewhere)
                if row is not None and row.ref != ref:
                    raise ValueError("it is another item")
            except listings.READING_ERRORS as error:
                # Absent means deleted, so an unreadable row must not be left out.
                row = unreadable(ref, f"{type(error).__name__}: {error}")
            if row is not None:
                rows.append(row)
        return rows

    # --- orders ---

    async def orders_since(self, since: int) -> Sequence[OrderLine]:
        """Lines of the orders that Shopify took or changed after `since`: an order may be edited days after it was placed."""
        after = datetime.fromtimestamp(max(0, since - ORDERS_OVERLAP), UTC)
        query = f"updated_at:>='{after:%Y-%m-%dT%H:%M:%SZ}'"
        records = await self._all(queries.ORDERS, {"query": query}, "orders")
        unique_orders = list({name_of(order): order for order in records}.values())
        places = await self._places([name_of(order) for order in unique_orders])
        only = "" if self._locations.count > 1 else self._locations.own.ref
        order_lines: list[OrderLine] = []
        for order in unique_orders:
            lines = await self._lines(order)
            order_lines += orders.lines_of(order, lines, places, only)
        return order_lines

    async def _lines(self, order: Any) -> Sequence[Any]:
        """All lines of an order, the rest of a long one included."""
        try:
            lines, info = order["lineItems"]["nodes"], order["lineItems"]["pageInfo"]
            after = text(info["endCursor"]) if yes_or_no(info["hasNextPage"]) else None
            lines = list(lines)
        except listings.READING_ERRORS:
            return [None]  # a line that cannot be read: neither can its order
        while after is not None:
            variables = {"id": name_of(order), "after": after}
            more, after = await self._page(queries.ORDER_LINES, variables, "order", "lineItems")
            lines += more
        return lines

    async def _places(self, refs: Sequence[str]) -> orders.Places:
        """Where the orders' lines are assigned; {} where that need not be asked or may not be."""
        places: dict[str, list[tuple[str, int]]] = {}
        if self._locations.count < 2 or READ_PLACES not in self._scopes:
            return places
        known = [ref for ref in refs if ref != "?"]
        for start in range(0, len(known), queries.PLACES_ORDERS):
            ids = known[start : start + queries.PLACES_ORDERS]
            nodes = (await self._api.query(queries.PLACES, {"ids": ids})).get("nodes")
            for order in nodes if isinstance(nodes, list) else ():
                places |= orders.places_of(order) if isinstance(order, Mapping) else {}
        return places

    # --- on request ---

    async def unfixable(self, name: str, refs: Sequence[str]) -> Mapping[str, str]:
        """Items whose tracking is locked, and those that a fulfillment service stocks."""
        refused: dict[str, str] = {}
        for start in range(0, len(refs), fixes.ASKED_AT_ONCE):
            ids = list(refs[start : start + fixes.ASKED_AT_ONCE])
            data = await self._api.query(fixes.STATES, {"ids": ids}, cost=len(ids) * fixes.STATE_COST)
            nodes = data.get("nodes")
            states = fixes.by_ref(nodes if isinstance(nodes, list) else ())
            refused |= {ref: why for ref in ids if ref in states and (why := fixes.why_not(name, states[ref]))}
        return refused

    async def fix(self, name: str, refs: Sequence[str]) -> Sequence[FixAnswer]:
        """One request for each item."""
        answers: list[FixAnswer] = []
        for ref in refs:
            data, _ = await self._api.mutate(fixes.compose(name, ref, self._locations.own.ref))
            answers.append(fixes.judge(name, ref, data))
        return answers

    # --- pushing ---

    def compose(self, batch_id: str, items: Sequence[PushItem]) -> bytes:
        """The body that sets what is available at our location, with the batch's id as its idempotency key."""
        return batches.compose(batch_id, items, self._locations.own.ref)

    async def send(self, batch_id: str, body: bytes) -> Sequence[RowAnswer]:
        """Send a composed body; each answer carries the quantity that Shopify says the row has now."""
        rows = batches.rows_of(body)
        data, where = await self._api.mutate(body)
        try:
            answers, error = batches.judge(data, rows, where)
        except batches.LocationRefusedError as refused:
            await self._explain_location(rows, refused)
            if len(rows) > 1:
                raise
            return [await self._answer_of_refused(rows[0], batches.NO_LOCATION, refused.what)]
        if error is None:
            return answers
        (row,) = rows
        message = f"{error.code} {error.message}".strip()
        if error.code == batches.STALE:
            return [await self._answer_of_stale(row, message)]
        return [await self._answer_of_refused(row, error.code, message)]

    async def _explain_location(self, rows: Sequence[Mapping[str, Any]], refused: ConnectorError) -> None:
        """NotConfiguredError where it is not a row's fault: the location is gone, or no row is named."""
        known = {at.ref for at in await self.locations()}
        if not {row["locationId"] for row in rows} <= known or not getattr(refused, "refs", ()):
            raise NotConfiguredError(
                f"The location no longer exists in the cart: {refused.what}",
                where=refused.where,
                advice="Set the option location to one of the shop's locations, by id or name.",
            ) from refused

    async def _answer_of_refused(self, row: Mapping[str, Any], code: str, message: str) -> RowAnswer:
        """Why a row is refused is what the listing says of itself: codes change from version to version."""
        ref, by_code = row["inventoryItemId"], batches.REASONS.get(code)
        try:
            listing = next(iter(await self.read([ref])), None)
        except ConnectorError:
            return RowAnswer(ref, None, message, by_code)
        if listing is None:
            return RowAnswer(ref, None, message, Reason.NOT_IN_CART)
        return RowAnswer(ref, None, message, listing.skip or (None if by_code is Reason.NOT_IN_CART else by_code))

    async def _answer_of_stale(self, row: Mapping[str, Any], message: str) -> RowAnswer:
        """A row that shows another number than was read. It is read again and never set over what somebody wrote: where
        it shows our number already it is as it should be, else the next run decides with the number that it shows."""
        ref, before, quantity = row["inventoryItemId"], row["changeFromQuantity"], row["quantity"]
        try:
            shown = next((listing.quantity for listing in await self.read([ref])), None)
        except ConnectorError:
            shown = None
        if shown == quantity:
            return RowAnswer(ref, shown)
        now = "another number" if shown is None else str(shown)
        what = f"{message} It showed {before} when it was read and shows {now}: not set over it."
        return RowAnswer(ref, shown, what, batches.REASONS[batches.STALE])
