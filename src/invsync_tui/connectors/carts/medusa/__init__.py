"""Medusa 2 as a cart: stocked quantities of inventory items at one stock location, through the admin API.

What was seen on a real 2.21.2 and shapes this connector: a batch sets all its rows or none, and names the first bad one; the
SKU of an inventory item stays when its variant's is changed; levels of deleted locations stay, answer and can be set, and
levels can be created for deleted items and locations, so a push creates none; lists are paged by number only, and neither
`id[$gt]` nor an order by two fields is taken; nothing tells which levels have changed.

Options: `location` (id or name, required where there are several).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
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
    refuse_negative,
    run_check_steps,
    unreadable,
)
from invsync_tui.connectors.cart_locations import ChosenLocations, listed
from invsync_tui.connectors.carts.medusa import api, checks, fixes, listings
from invsync_tui.connectors.carts.medusa import orders as medusa_orders
from invsync_tui.connectors.carts.medusa.about import ABOUT
from invsync_tui.connectors.errors import ConnectorError, ContractError, RowsRejectedError
from invsync_tui.connectors.on_request import FixAnswer
from invsync_tui.connectors.values import name_of, reference, text
from invsync_tui.rules.outcomes import Reason

CAPABILITIES = CartCapabilities(
    quantity_basis=QuantityBasis.ON_HAND,
    max_batch=api.ROWS_MOST,
    row_errors=RowErrors.WHOLE_BATCH,
    doubt_policy=DoubtPolicy.READ_BACK,
    returns_quantity=True,
    has_locations=True,
    reads_locations=True,
    reports_orders=True,
    stable_pages=True,
    page_size=500,
    read_batch=100,
)
"""100 references are an address of 5 kB: many web servers take no more than 8."""
LISTED_MOST = 1000
"""Records of a page of anything but listings."""
ORDERS_OVERLAP = 60
"""Seconds further back, since an order is stamped before it is committed."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a read of the variants goes on: after `skip` records, the last of which was `last`."""

    skip: int = 0
    last: str = ""

    @classmethod
    def parse(cls, cursor: str | None) -> Position:
        """The position that a cursor stands for."""
        if cursor is None:
            return cls()
        skip, _, last = cursor.partition(":")
        return cls(int(skip), last)

    def __str__(self) -> str:
        return f"{self.skip}:{self.last}"


class MedusaCart:
    """The `Cart` protocol over Medusa's admin API."""

    about = ABOUT
    review = staticmethod(checks.review)
    SHOP_OPTIONS = ()
    VIEW_OPTIONS = ()
    API_PATH = api.PATH

    def __init__(self, connection: Connection) -> None:
        self.capabilities = CAPABILITIES
        self._connection = connection
        self._api = api.MedusaApi(connection)
        self._locations = ChosenLocations(connection)
        self._served: set[str] = set()
        """The ids of the variants that the present read has returned so far."""

    async def open(self) -> None:
        """Try the key and choose the location."""
        self._locations.choose(await self.locations())

    async def identity(self) -> Mapping[str, str]:
        """The store's id, which is made anew in each shop."""
        stores, _ = api.listed(await self._api.get(api.STORES, (("fields", "id"), ("order", "id"))), "stores")
        ids = [name for store in stores if (name := name_of(store)) != "?"]
        return {"store": " ".join(ids)} if ids else {}

    async def close(self) -> None:
        """End the HTTP connection."""
        await self._api.close()

    def budget(self) -> Budget | None:
        """Medusa reports no limits: what our own limiter allows."""
        return self._api.http.limiter.budget()

    async def clock_offset(self) -> float | None:
        """From the Date of its answers; opening the cart has some."""
        return self._api.http.clock.offset

    # --- connection test ---

    async def check(self) -> AsyncIterator[CheckStep]:
        """Address, key, locations, location, writing, shop; stops after the first step that is not ok."""
        steps: Sequence[tuple[str, Callable[[], Awaitable[str]]]] = (
            ("address", self._check_address),
            ("login", self._check_login),
            ("locations", self._check_locations),
            ("location", self._check_location),
            ("permission", self._check_permission),
            ("shop", self._check_shop),
        )
        async for step in run_check_steps(steps):
            yield step

    async def _check_address(self) -> str:
        await self._api.ping()
        return f"{self._api.http.connection.url} answers."

    async def _check_login(self) -> str:
        stores, _ = api.listed(await self._api.get(api.STORES, (("fields", "id,name"),)), "stores")
        names = [str(store.get("name") or store.get("id")) for store in stores if isinstance(store, Mapping)]
        return f"The API key is taken. Store: {', '.join(names) or 'none'}."

    async def _check_locations(self) -> str:
        return listed(await self.locations())

    async def _check_location(self) -> str:
        """The location, and whether any sales channel sells from it."""
        where = self._locations.summary(await self.locations())
        at = self._locations.own
        query = (("id", at.ref), ("fields", "id,sales_channels.name"))
        records, _ = api.listed(await self._api.get(api.LOCATIONS, query), "stock_locations")
        channels = records[0].get("sales_channels") if records and isinstance(records[0], Mapping) else None
        if isinstance(channels, list) and not channels:
            return f"{where} No sales channel sells from there: connect one in Medusa under Locations & Shipping."
        names = [str(channel.get("name")) for channel in channels or () if isinstance(channel, Mapping)]
        return f"{where} It sells for {', '.join(names)}." if names else where

    async def _check_permission(self) -> str:
        """A batch without rows changes nothing; orders are asked for one record."""
        await self._api.set_levels(b'{"update":[]}', ())
        await self._api.get(api.ORDERS, (("limit", "1"), ("fields", "id")))
        return "May set stock and read orders."

    async def _check_shop(self) -> str:
        """What makes the shop sell another number than is pushed."""
        records, _, total = await self._slice(Position())
        rows, _ = await self._listings(records)
        summary = checks.told_of_listings(rows, total, sum(map(listings.sells_below_zero, records)))
        return " ".join(part for part in (summary, stock_elsewhere.describe(rows)) if part)

    # --- locations ---

    async def locations(self) -> Sequence[CartLocation]:
        """The shop's stock locations."""
        records = await self._all(api.LOCATIONS, "stock_locations", (("fields", "id,name"),))
        try:
            return [CartLocation(reference(at["id"]), text(at["name"])) for at in records]
        except (KeyError, TypeError, ValueError) as error:
            raise ContractError(f"A location cannot be read: {error}.") from error

    def location_ref(self) -> str:
        """The location that stock is set at; '' before the cart is open."""
        return self._locations.ref

    # --- reading ---

    async def _all(self, path: str, field: str, query: api.Query) -> list[Any]:
        """All records of a short list, by id."""
        records: list[Any] = []
        while True:
            page = (*query, ("order", "id"), ("offset", str(len(records))), ("limit", str(LISTED_MOST)))
            page_records, total = api.listed(await self._api.get(path, page), field)
            records += page_records
            at_end = len(page_records) < LISTED_MOST if total is None else len(records) >= total
            if at_end or not page_records:
                return records

    async def listings_page(self, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
        """Variants by id, each once."""
        records, following, total = await self._slice(Position.parse(cursor))
        rows, rejected = await self._listings(records)
        return Page(rows, None if following is None else str(following), total, rejected)

    async def _listings(self, records: Sequence[Any]) -> tuple[list[ListingRow], list[tuple[str, str]]]:
        """Rows, and (name, why) of those that cannot be read."""
        ours = self._locations.ours()
        rows: list[ListingRow] = []
        rejected: list[tuple[str, str]] = []
        for variant in records:
            try:
                rows += [
                    listings.of_variant(variant, at, ours)._replace(location=word)
                    for word, at in self._locations.by_word()
                ]
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                rejected.append((_ref_of(variant), f"{type(error).__name__}: {error}"))
            if self._locations.others:
                await asyncio.sleep(0)  # with several hundred locations a page has very many listings
        return rows, rejected

    async def _slice(self, position: Position) -> tuple[list[Any], Position | None, int | None]:
        """The variants after a position that were not returned yet. The last one is asked for again: if it is not where it
        was, variants were deleted or added before it, and pages further back are read, up to one that is known."""
        size = self.capabilities.page_size
        if not position.last:
            self._served = set()
        skip = max(0, position.skip - 1)
        take = size + 1 if position.last else size
        records, total = await self._take(skip, take)
        if position.last and not (records and name_of(records[0]) == position.last):
            while skip > 0 and not any(name_of(record) in self._served for record in records):
                skip = max(0, skip - size)
                records, total = await self._take(skip, take)
        end = skip + len(records)
        more = len(records) >= take if total is None else end < total
        following = Position(end, name_of(records[-1])) if records and more else None
        fresh = [record for record in records if name_of(record) == "?" or name_of(record) not in self._served]
        self._served.update(name_of(record) for record in records)
        return fresh, following, total

    async def _take(self, skip: int, take: int) -> tuple[list[Any], int | None]:
        query = (("fields", listings.VARIANT_FIELDS), ("order", "id"), ("offset", str(skip)), ("limit", str(take)))
        return api.listed(await self._api.get(api.VARIANTS, query), "variants")

    async def read(self, refs: Sequence[str]) -> Sequence[ListingRow]:
        """The present state of some listings; those that are deleted or have become another are absent."""
        rows: list[ListingRow] = []
        for start in range(0, len(refs), CAPABILITIES.read_batch):
            rows += await self._read_some(refs[start : start + CAPABILITIES.read_batch])
        return rows

    async def _read_some(self, refs: Sequence[str]) -> list[ListingRow]:
        """Most listings are inventory items. What is none of them is a variant, or gone."""
        items = [ref for ref in refs if not ref.startswith("variant_")]
        rows = await self._read_list(api.ITEMS, "inventory_items", listings.ITEM_FIELDS, items, listings.of_item)
        known = {row.ref for row in rows}
        others = [ref for ref in refs if ref not in known]
        rows += await self._read_list(api.VARIANTS, "variants", listings.VARIANT_FIELDS, others, listings.of_variant)
        requested = set(refs)
        return [row for row in rows if row.ref in requested]

    async def _read_list(
        self,
        path: str,
        field: str,
        fields: str,
        refs: Sequence[str],
        row_of: Callable[[Mapping[str, Any], CartLocation, Collection[str]], ListingRow | None],
    ) -> list[ListingRow]:
        if not refs:
            return []
        query = (("fields", fields), ("limit", str(len(refs))), *(("id[]", ref) for ref in refs))
        records, _ = api.listed(await self._api.get(path, query), field)
        rows: list[ListingRow] = []
        for record in records:
            try:
                row = row_of(record, self._locations.own, self._locations.ours())
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                # Absent means deleted, so an unreadable row must not be left out.
                row = unreadable(name_of(record), f"{type(error).__name__}: {error}")
            if row is not None:
                rows.append(row)
        return rows

    # --- orders ---

    async def orders_since(self, since: int) -> Sequence[OrderLine]:
        """Lines of the orders changed after `since`: a draft may be made an order long after it was created."""
        after = datetime.fromtimestamp(max(0, since - ORDERS_OVERLAP), UTC).isoformat()
        query = (("fields", medusa_orders.FIELDS), ("updated_at[$gt]", after))
        records = await self._all(api.ORDERS, "orders", query)
        orders = list({name_of(order): order for order in records}.values())
        return medusa_orders.lines(orders, await self._reservations(medusa_orders.line_ids(orders)))

    async def _reservations(self, line_ids: Sequence[str]) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        by_line: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        step = CAPABILITIES.read_batch
        for start in range(0, len(line_ids), step):
            ids = tuple(("line_item_id[]", ref) for ref in line_ids[start : start + step])
            query = (("fields", medusa_orders.RESERVATION_FIELDS), *ids)
            for record in await self._all(api.RESERVATIONS, "reservations", query):
                if isinstance(record, Mapping) and isinstance(record.get("line_item_id"), str):
                    by_line[record["line_item_id"]].append(record)
        return by_line

    # --- on request ---

    async def unfixable(self, name: str, refs: Sequence[str]) -> Mapping[str, str]:
        """Listings without an inventory item cannot be stocked."""
        return fixes.without_item(refs) if name == fixes.STOCK else {}

    async def fix(self, name: str, refs: Sequence[str]) -> Sequence[FixAnswer]:
        """Manage inventory, or a level at our location; a request or a few for each listing."""
        make = fixes.track if name == fixes.TRACK else fixes.stock
        return await make(self._api, refs, self._locations.own.ref)

    # --- pushing ---

    def compose(self, batch_id: str, items: Sequence[PushItem]) -> bytes:
        """The body that sets these stocked quantities at our location."""
        refuse_negative(items)
        return api.compose_update([(item.ref, item.quantity) for item in items], self._locations.own.ref)

    async def send(self, batch_id: str, body: bytes) -> Sequence[RowAnswer]:
        """Send a composed body; each answer carries the quantity that Medusa now shows at the body's own location."""
        rows = api.composed_rows(body)
        try:
            answer = await self._api.set_levels(body, [ref for ref, _ in rows])
        except RowsRejectedError as error:
            if len(rows) == 1 and api.NOT_STOCKED in error.what:
                return [RowAnswer(rows[0][0], None, error.what, await self._why_not_stocked(rows[0][0]))]
            raise
        quantity_by_ref = quantities(answer)
        return [RowAnswer(ref, quantity_by_ref.get((ref, at))) for ref, at in rows]

    async def _why_not_stocked(self, ref: str) -> Reason:
        """Medusa says of a deleted item that it is not stocked, and would stock it when it is asked to."""
        with suppress(ConnectorError):
            if not await self.read([ref]):
                return Reason.NOT_IN_CART
        return Reason.NOT_STOCKED_AT_LOCATION


def quantities(answer: Mapping[str, Any]) -> Mapping[tuple[str, str], int]:
    """(item, location) -> stocked quantity, from the answer to a batch; without what cannot be read."""
    result: dict[tuple[str, str], int] = {}
    updated = answer.get("updated")
    for level in updated if isinstance(updated, list) else ():
        with suppress(AttributeError, KeyError, TypeError, ValueError):
            at = reference(level["inventory_item_id"]), reference(level["location_id"])
            result[at] = listings.units(level["stocked_quantity"])
    return result


def _ref_of(variant: object) -> str:
    """What a variant that cannot be read is called: its item's id, as a listing is, as far as it has one."""
    links = variant.get("inventory_items") if isinstance(variant, Mapping) else None
    first = links[0] if isinstance(links, list) and len(links) == 1 else None
    ref = name_of(first, "inventory_item_id")
    return ref if ref != "?" else name_of(variant)
