"""Vendure (3.7) as a cart: stock on hand of variants at one stock location, through the admin API.

What was seen on a real server and shapes this connector: a batch is one transaction, so one bad row refuses it all;
stock sent to a variant that is not tracked is accepted and has no effect; SKUs may repeat; an order changes the
allocated stock without touching the variant's `updatedAt`, so a delta read asks for changed orders as well.

Options: `location` (id or name, required where there are several), `channel` (its token; default the default channel).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
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
from invsync_tui.connectors.carts.vendure import api, checks
from invsync_tui.connectors.carts.vendure import orders as vendure_orders
from invsync_tui.connectors.carts.vendure.about import ABOUT
from invsync_tui.connectors.errors import (
    ConnectorError,
    ContractError,
    NotConfiguredError,
    PermissionDeniedError,
    RowsRejectedError,
)
from invsync_tui.connectors.on_request import FixAnswer
from invsync_tui.connectors.values import name_of, reference, seconds, text, whole, yes_or_no
from invsync_tui.rules.outcomes import Reason

CAPABILITIES = CartCapabilities(
    quantity_basis=QuantityBasis.ON_HAND,
    max_batch=api.ROWS_MOST,
    row_errors=RowErrors.WHOLE_BATCH,
    doubt_policy=DoubtPolicy.READ_BACK,
    returns_quantity=True,
    delta_read=True,
    has_locations=True,
    reads_locations=True,
    stable_pages=True,
    page_size=200,
    read_batch=200,
)
STOCK_MOST = 2**31 - 1
"""`stockOnHand` is an Int, which has 32 bits (GraphQL specification, 3.5.1): a larger one is refused with its whole batch."""
DELTA_OVERLAP = 2
"""Seconds a delta read looks further back: SQLite stores whole seconds, and a row is stamped before it is committed."""
DEFAULT_CHANNEL = "__default_channel__"

READS_LISTINGS = frozenset({"ReadCatalog", "ReadProduct"})
READS_LOCATIONS = frozenset({"ReadCatalog", "ReadStockLocation"})
WRITES_STOCK = frozenset({"UpdateCatalog", "UpdateProduct"})
READS_ORDERS = frozenset({"ReadOrder"})
NEEDED = (READS_LISTINGS, READS_LOCATIONS, WRITES_STOCK)
"""Of each set one permission is enough."""

VARIANTS_PART = "variants"
ORDERS_PART = "orders"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a read of a list goes on: after `skip` rows, the last of which was `last`."""

    part: str = VARIANTS_PART
    skip: int = 0
    last: str = ""

    @classmethod
    def parse(cls, cursor: str | None) -> Position:
        """The position that a cursor stands for."""
        if cursor is None:
            return cls()
        part, skip, last = cursor.split(":", 2)
        return cls(part, int(skip), last)

    def __str__(self) -> str:
        return f"{self.part}:{self.skip}:{self.last}"


@dataclass(frozen=True, slots=True)
class Slice:
    """Records of a list from a position on, and where the next slice starts (None at the end)."""

    items: Sequence[Mapping[str, Any]]
    following: Position | None
    total: int | None
    data: Mapping[str, Any]


def epoch(value: object) -> int:
    """Epoch seconds of an ISO time; ValueError for what is none."""
    try:
        return seconds(int(datetime.fromisoformat(text(value)).timestamp()))
    except OverflowError as error:
        raise ValueError(f"{value!r} is not a time") from error


def _after(since: int) -> Mapping[str, str]:
    """A time filter, with overlap."""
    return {"after": datetime.fromtimestamp(max(0, since - DELTA_OVERLAP), UTC).isoformat()}


def changed_after(since: int) -> Mapping[str, Any]:
    """A list filter for records changed after `since`."""
    return {"updatedAt": _after(since)}


def orders_changed_after(since: int) -> Mapping[str, Any]:
    """A list filter for orders placed or modified after `since` and not cancelled; carts and drafts that are still being
    filled are none. A modification moves `updatedAt`, and leaves `orderPlacedAt` as it was."""
    placed = {"active": {"eq": False}, "orderPlacedAt": {"isNull": False}}
    return {"updatedAt": _after(since), **placed, "state": {"notEq": "Cancelled"}}


def listing(
    variant: Mapping[str, Any], location: str, shop: Mapping[str, Any], ours: Collection[str] = (), word: str = ""
) -> ListingRow:
    """A variant as a listing, with its stock at one location; without a level there the quantity is None.

    `shop` are the global settings, which variants inherit; `ours` are locations that are not elsewhere, `word` is what
    `ListingRow.location` calls this one.
    """
    levels = {reference(at["stockLocationId"]): at for at in variant["stockLevels"]}
    here = levels.get(location)
    levels = {at: level for at, level in levels.items() if at != location and at not in ours}
    tracking = text(variant["trackInventory"])
    tracked = yes_or_no(shop["trackInventory"]) if tracking == "INHERIT" else tracking == "TRUE"
    settings = shop if yes_or_no(variant["useGlobalOutOfStockThreshold"]) else variant
    return ListingRow(
        ref=reference(variant["id"]),
        sku=text(variant["sku"]),
        name=text(variant["name"]),
        tracked=tracked,
        quantity=None if here is None else whole(here["stockOnHand"]),
        cap=STOCK_MOST,
        allocated=0 if here is None else whole(here["stockAllocated"]),
        updated_at=epoch(variant["updatedAt"]),
        elsewhere=sum(whole(at["stockOnHand"]) for at in levels.values()) if levels else None,
        elsewhere_allocated=sum(whole(at["stockAllocated"]) for at in levels.values()),
        threshold=whole(settings["outOfStockThreshold"]) if tracked else 0,
        location=word,
    )


def listings_at(
    variant: Mapping[str, Any],
    locations: Sequence[tuple[str, CartLocation]],
    shop: Mapping[str, Any],
    ours: Collection[str],
) -> list[ListingRow]:
    """A variant as a listing at each of some locations of ours. They differ in their own stock alone."""
    (word, own), *others = locations
    row = listing(variant, own.ref, shop, ours, word)
    levels = {reference(at["stockLocationId"]): at for at in variant["stockLevels"]}
    rows = [row]
    for word, at in others:
        here = levels.get(at.ref)
        quantity = None if here is None else whole(here["stockOnHand"])
        allocated = 0 if here is None else whole(here["stockAllocated"])
        rows.append(row._replace(quantity=quantity, allocated=allocated, location=word))
    return rows


def channel_permissions(me: Mapping[str, Any], token: str) -> frozenset[str]:
    """What the login may do in our channel. A server with one channel ignores an unknown token: never rely on it."""
    channels = me["channels"]
    for channel in channels:
        if channel["token"] == token or (not token and channel["code"] == DEFAULT_CHANNEL):
            return frozenset(channel["permissions"])
    known = ", ".join(channel["code"] for channel in channels) or "none"
    raise NotConfiguredError(
        f"The login has no role in the {'channel of the option channel' if token else 'default channel'}. "
        f"It has roles in: {known}.",
        advice="Set the option channel to the token of one of these channels, or give the login a role.",
    )


class VendureCart:
    """The `Cart` protocol over Vendure's admin API."""

    about = ABOUT
    review = staticmethod(checks.review)
    SHOP_OPTIONS = ()
    VIEW_OPTIONS = ("channel",)
    API_PATH = api.PATH

    def __init__(self, connection: Connection) -> None:
        self.capabilities = CAPABILITIES
        self._connection = connection
        self._api = api.VendureApi(connection)
        self._locations = ChosenLocations(connection)
        self._served: dict[str, set[str]] = {}
        """By part, the ids that its read has returned so far."""

    async def open(self) -> None:
        """Log in and choose the location. Without the permission to read orders there is no complete delta read."""
        reads_orders = bool(await self._permissions() & READS_ORDERS)
        self.capabilities = replace(CAPABILITIES, delta_read=reads_orders, reports_orders=reads_orders)
        self._locations.choose(await self.locations())

    async def identity(self) -> Mapping[str, str]:
        """The channel by a digest of its token, which is made anew in each shop; {} where the login sees none."""
        token = self._api.http.connection.options.get("channel", "").strip()
        me = api.part_of(await self._api.query(api.ME), "me")
        for channel in me.get("channels") or ():
            if channel.get("token") == token or (not token and channel.get("code") == DEFAULT_CHANNEL):
                return {"channel": hashlib.blake2b(str(channel["token"]).encode(), digest_size=8).hexdigest()}
        return {}

    async def close(self) -> None:
        """End the HTTP connection; the session is left to expire, as a logout would end parallel sessions as well."""
        await self._api.close()

    def budget(self) -> Budget | None:
        """Vendure reports no limits: what our own limiter allows."""
        return self._api.http.limiter.budget()

    # --- connection test ---

    async def check(self) -> AsyncIterator[CheckStep]:
        """Address, login, permission, locations, location, shop; stops after the first step that is not ok."""
        steps: Sequence[tuple[str, Callable[[], Awaitable[str]]]] = (
            ("address", self._check_address),
            ("login", self._check_login),
            ("permission", self._check_permission),
            ("locations", self._check_locations),
            ("location", self._check_location),
            ("shop", self._check_shop),
        )
        async for step in run_check_steps(steps):
            yield step

    async def _check_address(self) -> str:
        await self._api.ping()
        return f"{self._api.http.connection.url}{api.PATH} answers."

    async def _check_login(self) -> str:
        await self._api.login()
        return f"{self._connection.login} is logged in."

    async def _check_permission(self) -> str:
        permissions = await self._permissions()
        missing = [" or ".join(sorted(either)) for either in NEEDED if not permissions & either]
        if missing:
            raise PermissionDeniedError(f"The login lacks: {', '.join(missing)}.")
        if not permissions & READS_ORDERS:
            return (
                "May read and set stock. Without ReadOrder every read is a complete one, and orders that the WMS does "
                "not know yet are not subtracted."
            )
        return "May read and set stock, and read orders."

    async def _check_locations(self) -> str:
        return listed(await self.locations())

    async def _check_location(self) -> str:
        return self._locations.summary(await self.locations())

    async def _check_shop(self) -> str:
        """What makes the shop sell another number than is pushed."""
        summary = checks.told_of_shop(api.part_of(await self._api.query(api.SETTINGS), "globalSettings"))
        page = await self.listings_page(None)
        return " ".join(part for part in (summary, stock_elsewhere.describe(page.rows)) if part)

    async def _permissions(self) -> frozenset[str]:
        me = api.part_of(await self._api.query(api.ME), "me")
        return channel_permissions(me, self._connection.options.get("channel", ""))

    # --- locations ---

    async def locations(self) -> Sequence[CartLocation]:
        """The stock locations of our channel."""
        cart_locations: list[CartLocation] = []
        while True:
            options = {"skip": len(cart_locations), "take": CAPABILITIES.page_size, "sort": {"id": "ASC"}}
            data = await self._api.query(api.LOCATIONS, {"options": options})
            items, total = api.listed(data, "stockLocations")
            try:
                cart_locations += [CartLocation(reference(at["id"]), text(at["name"])) for at in items]
            except (KeyError, TypeError, ValueError) as error:
                raise ContractError(f"A location cannot be read: {error}.") from error
            if len(items) < CAPABILITIES.page_size or (total is not None and len(cart_locations) >= total):
                return cart_locations

    # --- reading ---

    async def listings_page(self, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
        """Variants by id; with `since`, changed variants and then those of changed orders. A row may come twice."""
        position = Position.parse(cursor)
        if position.part == ORDERS_PART:
            return await self._ordered_page(position, since or 0)
        changed = None if since is None else changed_after(since)
        part = await self._slice(api.VARIANTS, "productVariants", position, changed)
        rows, rejected = await self._listings(part, self._locations.by_word())
        following = part.following
        if following is None and since is not None and self.capabilities.delta_read:
            following = Position(ORDERS_PART)
        total = part.total if since is None else None
        return Page(rows, None if following is None else str(following), total, rejected)

    async def clock_offset(self) -> float | None:
        """From the Date of its answers; opening the cart has some."""
        return self._api.http.clock.offset

    def location_ref(self) -> str:
        """The location that stock is set at; '' before the cart is open."""
        return self._locations.ref

    async def _ordered_page(self, position: Position, since: int) -> Page[ListingRow]:
        part = await self._slice(api.ORDERS, "orders", position, changed_after(since))
        refs: dict[str, None] = {}
        rejected: list[tuple[str, str]] = []
        for order in part.items:
            try:
                refs |= {reference(line["productVariant"]["id"]): None for line in order["lines"]}
            except (KeyError, TypeError, ValueError) as error:
                rejected.append((f"in order {name_of(order)}", f"{type(error).__name__}: {error}"))
        rows = await self._read_at(list(refs), self._locations.by_word())
        good = [row for row in rows if row.skip is not Reason.BAD_ROW]
        rejected += [(row.ref, row.name) for row in rows if row.skip is Reason.BAD_ROW]
        return Page(good, None if part.following is None else str(part.following), None, rejected)

    async def orders_since(self, since: int) -> Sequence[OrderLine]:
        """Lines of the orders placed or modified after `since`, each order once."""
        orders: dict[str, Mapping[str, Any]] = {}
        position: Position | None = Position(ORDERS_PART)
        while position is not None:
            part = await self._slice(api.ORDER_LINES, "orders", position, orders_changed_after(since))
            orders |= {name_of(order): order for order in part.items}
            position = part.following
        return vendure_orders.lines(list(orders.values()))

    async def _slice(
        self, document: str, field: str, position: Position, where: Mapping[str, Any] | None = None
    ) -> Slice:
        """The records after a position. The last known record is asked for again: if it is not where it was, records
        were deleted or added before it, and pages further back are read, up to one with a record that is known."""
        take = CAPABILITIES.page_size
        skip = max(0, position.skip - 1)
        if not position.last:
            self._served[position.part] = set()
        served = self._served.setdefault(position.part, set())
        part = await self._take(document, field, position.part, skip, where)
        if position.last:
            if part.items and name_of(part.items[0]) == position.last:
                part = replace(part, items=part.items[1:])
            else:
                while skip > 0 and not any(name_of(item) in served for item in part.items):
                    skip = max(0, skip - take)
                    part = await self._take(document, field, position.part, skip, where)
        served.update(name_of(item) for item in part.items)
        return part

    async def _take(self, document: str, field: str, part: str, skip: int, where: Mapping[str, Any] | None) -> Slice:
        take = CAPABILITIES.page_size
        options: dict[str, Any] = {"skip": skip, "take": take, "sort": {"id": "ASC"}}
        if where is not None:
            options["filter"] = where
        data = await self._api.query(document, {"options": options})
        items, total = api.listed(data, field)
        end = skip + len(items)
        more = len(items) >= take if total is None else end < total
        following = Position(part, end, name_of(items[-1])) if items and more else None
        return Slice(items, following, total, data)

    async def _listings(
        self, part: Slice, locations: Sequence[tuple[str, CartLocation]]
    ) -> tuple[list[ListingRow], list[tuple[str, str]]]:
        shop, ours = api.part_of(part.data, "globalSettings"), self._locations.ours()
        rows: list[ListingRow] = []
        rejected: list[tuple[str, str]] = []
        for variant in part.items:
            try:
                rows += listings_at(variant, locations, shop, ours)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                rejected.append((name_of(variant), f"{type(error).__name__}: {error}"))
            if len(locations) > 1:
                await asyncio.sleep(0)  # with several hundred locations a page has very many listings
        return rows, rejected

    async def read(self, refs: Sequence[str]) -> Sequence[ListingRow]:
        """The present state of some variants at our location; deleted ones are absent."""
        return await self._read_at(refs, self._locations.by_word()[:1])

    async def _read_at(self, refs: Sequence[str], locations: Sequence[tuple[str, CartLocation]]) -> list[ListingRow]:
        rows: list[ListingRow] = []
        for start in range(0, len(refs), CAPABILITIES.read_batch):
            rows += await self._read_some(refs[start : start + CAPABILITIES.read_batch], locations)
        return rows

    async def _read_some(
        self, refs: Sequence[str], locations: Sequence[tuple[str, CartLocation]]
    ) -> Sequence[ListingRow]:
        options = {"take": len(refs), "filter": {"id": {"in": list(refs)}}}
        data = await self._api.query(api.VARIANTS, {"options": options})
        items, _ = api.listed(data, "productVariants")
        rows, rejected = await self._listings(Slice(items, None, len(refs), data), locations)
        # Absent means deleted, so an unreadable row must not be left out.
        return [*rows, *(unreadable(ref, why) for ref, why in rejected)]

    # --- on request ---

    async def fix(self, name: str, refs: Sequence[str]) -> Sequence[FixAnswer]:
        """Let variants track their inventory, whatever the shop's global setting is; a request for each."""
        answers: list[FixAnswer] = []
        for ref in refs:
            try:
                await self._api.mutate(api.compose_track(ref), [ref])
                answers.append(FixAnswer(ref))
            except RowsRejectedError as error:
                answers.append(FixAnswer(ref, error.what))
        return answers

    # --- pushing ---

    def compose(self, batch_id: str, items: Sequence[PushItem]) -> bytes:
        """The mutation that sets these quantities at our location."""
        refuse_negative(items)
        return api.compose_update([(item.ref, item.quantity) for item in items], self._locations.own.ref)

    async def send(self, batch_id: str, body: bytes) -> Sequence[RowAnswer]:
        """Send a composed body; each answer carries the quantity that Vendure now shows at the body's own location."""
        rows = api.composed_rows(body)
        try:
            data = await self._api.mutate(body, [ref for ref, _ in rows])
        except api.StockLocationGoneError as error:
            await self._explain_lost_location({at for _, at in rows}, error)
            raise
        quantity_by_ref = quantities(data)
        return [RowAnswer(ref, quantity_by_ref.get((ref, at))) for ref, at in rows]

    async def _explain_lost_location(self, used: set[str], error: ConnectorError) -> None:
        """Splitting a batch cannot help when its location is gone: say so instead."""
        known = {at.ref for at in await self.locations()}
        if not used <= known:
            raise NotConfiguredError(
                f"The location {', '.join(sorted(used - known))} no longer exists in the cart.",
                where=error.where,
                advice="Choose another location in the cart's Edit Setup.",
            ) from error


def quantities(data: Mapping[str, Any]) -> Mapping[tuple[str, str], int]:
    """(variant, location) -> quantity on hand, from the answer to our mutation; without what cannot be read."""
    result: dict[tuple[str, str], int] = {}
    for variant in data.get("updateProductVariants") or ():
        for level in levels_of(variant):
            with suppress(KeyError, TypeError, ValueError):
                at = reference(variant["id"]), reference(level["stockLocationId"])
                result[at] = whole(level["stockOnHand"])
    return result


def levels_of(variant: object) -> Sequence[Any]:
    """The stock levels of a variant in an answer; () where it is none."""
    levels = variant.get("stockLevels") if isinstance(variant, Mapping) else None
    return levels if isinstance(levels, list) else ()
