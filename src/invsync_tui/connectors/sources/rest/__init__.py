"""An in-house REST system as a source, by a description in TOML: see `layout` for what it can say.

Everything goes through `connectors.http`: its rate limit, its deadlines, and the connection's own host alone. Nothing but
GET is sent. `pages` finds the next page, `rows` reads the records.

The mark of a delta is a value that the system is asked for, or else its own now by the Date header of its answers, as
ISO 8601 or epoch seconds; a time is set back by the overlap when it is used.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from invsync_tui import clock
from invsync_tui.connectors import description, secrets
from invsync_tui.connectors.base import (
    DEFAULT_WAREHOUSE_REF,
    Budget,
    CheckStep,
    Connection,
    LevelRow,
    Page,
    ProductRow,
    SourceCapabilities,
    WarehouseRow,
    run_check_steps,
)
from invsync_tui.connectors.errors import (
    AuthError,
    ContractError,
    NotConfiguredError,
    PermissionDeniedError,
    UnavailableError,
)
from invsync_tui.connectors.http import HttpConnection, Response
from invsync_tui.connectors.network.quotas import DAY, HOUR, NamedLimit
from invsync_tui.connectors.rate_limit import RateLimiter
from invsync_tui.connectors.sources.rest import checks, layout, pages, rows
from invsync_tui.connectors.sources.rest.about import ABOUT, OVERLAP
from invsync_tui.connectors.sources.rest.example import example
from invsync_tui.connectors.sources.rest.layout import Layout, Listing, Value
from invsync_tui.connectors.values import reference
from invsync_tui.plain_text import counted

Result = TypeVar("Result")
IN_THREAD = 1000
"""Records of a page above which it is read in a thread."""
WAREHOUSE_PAGES = 100
SHOWN = 3
"""Records that the connection test shows."""
BARREN_MOST = 200
"""Pages of other warehouses that one call reads over."""
DEFAULT = WarehouseRow(DEFAULT_WAREHOUSE_REF, "Default", "Default")


class RestSource:
    """A system that is read by its description."""

    capabilities: SourceCapabilities
    about = ABOUT
    review = staticmethod(checks.review)
    example = staticmethod(example)

    def __init__(self, connection: Connection) -> None:
        self.capabilities = SourceCapabilities(delta=True)
        self._connection = connection
        self._http = HttpConnection(connection, RateLimiter(5, 5))
        self._layout: Layout | None = None
        self._counts: dict[str, int] = {}
        """What `notes` gives."""

    async def open(self) -> None:
        """Read the description and the secret; a first request shows whether the login is right."""
        await self._describe()
        await self.warehouses()

    async def _describe(self) -> Layout:
        api_layout = layout.understood(
            await description.read("description", self._connection.options.get("description", ""))
        )
        self._layout = api_layout
        self._counts = {}
        self.capabilities = SourceCapabilities(
            delta=api_layout.changes is not None, reports_reading_time="read_at" in api_layout.levels.fields,
            page_size=api_layout.levels.paging.limit or 1000, absent=api_layout.absent,
        )  # fmt: skip
        self._http.limit_by(RateLimiter(api_layout.per_second, api_layout.per_second))
        declared = (("requests per hour", api_layout.per_hour, HOUR), ("requests per day", api_layout.per_day, DAY))
        self._http.limit_also(*(NamedLimit(name, most, seconds) for name, most, seconds in declared if most))
        self._http.headers.pop("authorization", None)
        self._http.headers["accept"] = "application/json"
        self._http.headers.update(await self._login(api_layout))
        return api_layout

    async def _login(self, api_layout: Layout) -> dict[str, str]:
        if api_layout.auth == "none":
            return {}
        secret = await secrets.resolve(self._connection.secret)
        if not secret:
            raise NotConfiguredError(
                f"The connection has no secret, and the description says auth {api_layout.auth}.",
                where=self._connection.name,
            )
        if not secret.isascii() and api_layout.auth != "basic":
            raise NotConfiguredError("The key has characters that a header cannot carry.", where=self._connection.name)
        if api_layout.auth == "basic":
            pair = base64.b64encode(f"{self._connection.login}:{secret}".encode()).decode()
            self._http.remember(pair)
            return {"authorization": f"Basic {pair}"}
        return (
            {"authorization": f"Bearer {secret}"}
            if api_layout.auth == "bearer"
            else {api_layout.header.lower(): secret}
        )

    async def close(self) -> None:
        await self._http.close()

    def budget(self) -> Budget | None:
        """The limit of the description."""
        return self._http.limiter.budget()

    @property
    def _read_layout(self) -> Layout:
        if self._layout is None:
            raise NotConfiguredError("The connection is not open.", where=self._connection.name)
        return self._layout

    # --- requests ----------------------------------------------------------------------------------------------------

    async def _get(self, path: str) -> Response:
        """A good answer, with or without content; otherwise the error that its status stands for."""
        response = await self._http.read("GET", path)
        status, where = response.status, response.where
        if status in (200, pages.NO_CONTENT):
            return response
        reason = f"{status}: {response.excerpt[:200]}"
        if status == 401:
            raise AuthError(f"The login was refused ({reason}).", where=where)
        if status == 403:
            raise PermissionDeniedError(f"The login may not read this ({reason}).", where=where)
        if status >= 500:
            raise UnavailableError(reason, where=where)
        raise ContractError(reason, where=where, advice="Check the path and the query in the description.")

    async def _listed(
        self, listing: Listing, cursor: str | None, placeholders: Mapping[str, str]
    ) -> tuple[list[Any], str | None, int | None]:
        """Records of one page, where the next one is, and how many there are in all."""
        path = pages.target(listing, cursor, placeholders)
        try:
            response = await self._get(path)
        except ContractError:
            if pages.only_looks(listing, cursor):
                return [], None, None
            raise
        records, total = pages.records_of(listing, response)
        records = pages.fresh(listing, records, cursor)
        if listing.paging.style == "none" and total is None:
            self._note(checks.AT_ONCE[listing.name], len(records))
        address = path if "://" in path else f"{self._connection.url.rstrip('/')}{path}"
        following = pages.next_cursor(listing, response, records, cursor, total, address)
        return records, following, pages.believed(listing, records, cursor, total)

    def _note(self, name: str, count: int) -> None:
        self._counts[name] = max(count, self._counts.get(name, 0))

    def _note_read(self, read: int, rejected: int) -> None:
        for name, count in ((checks.RECORDS, read + rejected), (checks.REJECTED, rejected)):
            self._counts[name] = self._counts.get(name, 0) + count

    async def notes(self) -> Mapping[str, int]:
        """How many records were read and rejected since it was opened, and the most that came in one answer without pages."""
        return dict(self._counts)

    async def _value(self, value: Value) -> str:
        response = await self._get(value.path)
        try:
            return reference(value.place.find(response.json()))
        except ValueError as error:
            raise ContractError(f"{value.path}: {error}.", where=response.where) from error

    # --- reading -----------------------------------------------------------------------------------------------------

    async def identity(self) -> Mapping[str, str]:
        """The account, where the description says how to ask for it."""
        account = self._read_layout.account
        return {} if account is None else {"account": await self._value(account)}

    async def clock_offset(self) -> float | None:
        """By the Date headers of its answers."""
        return self._http.clock.offset

    async def mark(self) -> str:
        """What the system says, else its own now. Asked for before anything is read."""
        api_layout = self._read_layout
        if api_layout.changes is None:
            return ""
        if api_layout.mark is not None:
            return await self._value(api_layout.mark)
        if self._http.clock.offset is None:
            await self.warehouses() if api_layout.warehouses else await self.products_page(None)
        if self._http.clock.offset is None:
            raise ContractError(
                "The system's answers have no Date header, so its clock is not known.", where=self._connection.name,
                advice="Add a table [mark] with path and field to the description.",
            )  # fmt: skip
        now = datetime.fromtimestamp(int(clock.seconds() + self._http.clock.offset), UTC)
        return now.isoformat() if api_layout.mark_as == "iso" else str(int(now.timestamp()))

    def _since(self, mark: str) -> Mapping[str, str]:
        """The mark as it is sent: a time of our own making less the overlap."""
        api_layout = self._read_layout
        if api_layout.mark is not None:
            return {"since": mark}
        overlap = int(self._connection.options.get("overlap", "").strip() or OVERLAP)
        try:
            if api_layout.mark_as == "epoch":
                return {"since": str(max(0, int(mark) - overlap))}
            return {"since": (datetime.fromisoformat(mark) - timedelta(seconds=overlap)).isoformat()}
        except (ValueError, OverflowError) as error:
            raise ContractError(f"{mark!r} is not a mark of this connector.", where=self._connection.name) from error

    async def warehouses(self) -> Sequence[WarehouseRow]:
        """All warehouses; Default alone where the description has none."""
        listing = self._read_layout.warehouses
        if listing is None:
            return [DEFAULT]
        warehouses: list[WarehouseRow] = []
        cursor: str | None = None
        for _ in range(WAREHOUSE_PAGES):
            records, cursor, _ = await self._listed(listing, cursor, {})
            named, rejected = rows.read_each(records, listing.fields["ref"], partial(rows.warehouse, listing))
            if rejected:
                ref, why = rejected[0]
                raise ContractError(f"The warehouse {ref} cannot be read: {why}.", where=self._connection.name)
            warehouses += named
            if cursor is None:
                return list({row.ref: row for row in warehouses}.values())
        raise ContractError(f"The warehouses do not end after {WAREHOUSE_PAGES} pages.", where=self._connection.name)

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        return await self._products(self._read_layout.products, cursor, {})

    async def changed_products_page(self, since: str, cursor: str | None) -> Page[ProductRow]:
        """By the table changed_products; nothing where there is none."""
        listing = self._read_layout.changed_products
        return Page([], None) if listing is None else await self._products(listing, cursor, self._since(since))

    async def _products(
        self, listing: Listing, cursor: str | None, placeholders: Mapping[str, str]
    ) -> Page[ProductRow]:
        records, following, total = await self._listed(listing, cursor, placeholders)
        read_product = partial(rows.product, listing)

        def read() -> tuple[list[ProductRow], list[rows.Rejected]]:
            parsed, rejected = rows.read_each(records, listing.fields["ref"], read_product)
            distinct, doubled = rows.products_without_doubles(parsed)
            return distinct, [*rejected, *doubled]

        products, rejected = await _threaded(read, len(records))
        self._note_read(len(products), len(rejected))
        return Page(products, following, total, rejected)

    async def levels_page(self, warehouse: WarehouseRow, cursor: str | None) -> Page[LevelRow]:
        """Levels of one warehouse. Where the system lists all together, those of the others are read over."""
        listing = self._read_layout.levels
        if self._read_layout.warehouses is None:
            return await self._levels(listing, cursor, {}, None)
        if listing.by_warehouse:
            return await self._levels(listing, cursor, {"warehouse": warehouse.ref}, warehouse.ref)
        for _ in range(BARREN_MOST):
            page = await self._levels(listing, cursor, {}, None)
            here = [row for row in page.rows if row.warehouse_ref == warehouse.ref]
            cursor = page.next_cursor
            if here or page.rejected or cursor is None:
                return Page(here, cursor, rejected=page.rejected)
        raise ContractError(
            f"{BARREN_MOST} pages of levels have none of the warehouse {warehouse.code}.", where=self._connection.name,
            advice="Ask for one warehouse at a time, with {warehouse} in path or query of levels.",
        )  # fmt: skip

    async def changed_page(self, since: str, cursor: str | None) -> Page[LevelRow]:
        """Levels that the system says have changed."""
        listing = self._read_layout.changes
        if listing is None:
            raise NotConfiguredError("The description has no table [changes].", where=self._connection.name)
        return await self._levels(listing, cursor, self._since(since), None)

    async def _levels(
        self, listing: Listing, cursor: str | None, placeholders: Mapping[str, str], warehouse_ref: str | None
    ) -> Page[LevelRow]:
        records, following, total = await self._listed(listing, cursor, placeholders)
        read_level = partial(rows.level, listing, self._read_layout.numbers, warehouse_ref)

        def read() -> tuple[list[LevelRow], list[rows.Rejected]]:
            parsed, rejected = rows.read_each(records, listing.fields["product"], read_level)
            distinct, doubled = rows.without_doubles(parsed)
            return distinct, [*rejected, *doubled]

        levels, rejected = await _threaded(read, len(records))
        self._note_read(len(levels), len(rejected))
        return Page(levels, following, total, rejected)

    # --- the connection test -----------------------------------------------------------------------------------------

    async def check(self) -> AsyncIterator[CheckStep]:
        """The description, the login with the warehouses, first products and levels, and the delta."""
        steps: list[tuple[str, Callable[[], Awaitable[str]]]] = [
            ("description", self._check_description),
            ("warehouses", self._check_warehouses),
            ("products", self._check_products),
            ("levels", self._check_levels),
            ("changes", self._check_changes),
        ]
        async for step in run_check_steps(steps):
            yield step

    async def _check_description(self) -> str:
        api_layout = await self._describe()
        text = f"Read; the login is sent as {api_layout.auth}, at most {api_layout.per_second} requests per second."
        spent = await asyncio.to_thread(self._http.quotas.texts)
        return " ".join([text, *(f"{line}." for line in spent)])

    async def _check_warehouses(self) -> str:
        names = [row.code for row in await self.warehouses() if row.active]
        if not names:
            raise NotConfiguredError("The system names no active warehouse.")
        return f"{len(names)} seen: {', '.join(names[:20])}."

    async def _check_products(self) -> str:
        page = await self.products_page(None)
        examples = [
            " ".join([row.sku or "no SKU", row.name, *(f"{a.alias_type} {a.code}" for a in row.aliases)])
            for row in page.rows[:SHOWN]
        ]
        return _first(page, examples)

    async def _check_levels(self) -> str:
        summary = "none"
        for warehouse in [row for row in await self.warehouses() if row.active]:
            page = await self.levels_page(warehouse, None)
            examples = [
                f"{row.product_ref} in {warehouse.code}: available {row.available}" for row in page.rows[:SHOWN]
            ]
            summary = _first(page, examples)
            if page.rows:
                break
        return summary

    async def _check_changes(self) -> str:
        if self._read_layout.changes is None:
            return "The description has no table [changes]: every download reads everything."
        page = await self.changed_page(await self.mark(), None)
        return f"A delta works; {counted(len(page.rows), 'level')} changed lately."


async def _threaded(read: Callable[[], Result], records: int) -> Result:
    """Read a large page in a thread, since others must not wait for it."""
    return await asyncio.to_thread(read) if records > IN_THREAD else read()


def _first(page: Page[Any], shown: Sequence[str]) -> str:
    """The first records in words. NotConfiguredError where not one can be read: then the description is wrong."""
    wrong = "".join(f" Cannot be read: {ref}: {why}." for ref, why in page.rejected[:SHOWN])
    if page.rejected and not page.rows:
        raise NotConfiguredError(f"No record can be read.{wrong}", advice="Correct the fields in the description.")
    return f"The first records: {'; '.join(shown) or 'none'}.{wrong}"
