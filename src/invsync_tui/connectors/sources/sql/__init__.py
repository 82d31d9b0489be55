"""An SQL database as a source: PostgreSQL by psycopg, MariaDB and MySQL by PyMySQL, SQLite by the standard
library.

The operator's queries are in a TOML file, see `queries`; each is one SELECT, read page by page by a declared key in a
read-only transaction with a time limit, see `databases` and `statements`. Rows become levels and products in `records`.
The drivers are used directly and not through SQLAlchemy, which the store alone imports: `databases` says why.

A full download reads the products, then the levels of one warehouse after the other. A delta reads the levels whose
declared column `changed` is after the mark less the overlap; the mark is the database's own now.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from invsync_tui.connectors import description, secrets
from invsync_tui.connectors.addresses import expanded, is_loopback
from invsync_tui.connectors.base import (
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
from invsync_tui.connectors.checks import Review, SourceFacts
from invsync_tui.connectors.errors import ContractError, NotConfiguredError, UnavailableError
from invsync_tui.connectors.sources.sql import queries, records
from invsync_tui.connectors.sources.sql.about import ABOUT, AGAIN, MARIADB, OVERLAP, PAGE_SIZE
from invsync_tui.connectors.sources.sql.databases import GRANT, Database, Sqlite
from invsync_tui.connectors.sources.sql.example import example
from invsync_tui.connectors.sources.sql.mariadb import Mariadb
from invsync_tui.connectors.sources.sql.postgres import Postgres
from invsync_tui.connectors.sources.sql.queries import LEVELS, PRODUCTS, WAREHOUSES, Queries, Query
from invsync_tui.connectors.sources.sql.statements import Table, cursor_of, cut, key_of
from invsync_tui.connectors.sources.sql.stoppable import AbandonedError, stoppable
from invsync_tui.plain_text import counted
from invsync_tui.rules.merchant_checks import Verdict

Result = TypeVar("Result")
WAREHOUSES_MOST = 1000
DOUBLED_MOST = 1000
"""Products with several rows that are named; more are a wrong query."""
SHOWN = 3
"""Rows that the connection test shows."""
WAREHOUSES_SHOWN = 5
OF_LEVELS = ("id", "sku", "warehouse", *queries.NUMBERS)
OF_PRODUCTS = ("id", "sku", "name", "active")
BEHIND = 5.0
"""Seconds after the database's own time limit until we give up ourselves."""
WRITABLE = "writable_tables"


class SqlSource:
    """A database that is read by queries."""

    capabilities: SourceCapabilities
    about = ABOUT

    def __init__(self, connection: Connection) -> None:
        self.capabilities = SourceCapabilities(delta=True, page_size=PAGE_SIZE)
        self._connection = connection
        self._turn = asyncio.Lock()
        self._database: Database | None = None
        self._queries: Queries | None = None
        self._tables: dict[str, Table] = {}
        self._raw_warehouses: dict[str, set[Any]] = {}
        self._doubled: dict[str, set[str]] = {}

    # --- opening and closing -----------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Read the file, connect, and refuse queries that lack a column."""
        await self._read_file()
        await self._connect()
        await self._look_at_columns()

    async def close(self) -> None:
        """Close the connection, after a statement that still runs."""
        async with self._turn:
            database, self._database = self._database, None
        if database is not None:
            await stoppable(database.close, lambda: None, self._connection.deadline, self._connection.name)

    def budget(self) -> Budget | None:
        """A database has none."""
        return None

    async def _read_file(self) -> Queries:
        query_file = await description.read("queries", self._connection.options.get("queries", ""))
        file_queries = queries.understood(query_file)
        if file_queries.time_zone and not all(c.isalnum() or c in "_/+-" for c in file_queries.time_zone):
            raise query_file.wrong("it is not a time zone; give one such as Europe/Berlin.", "time_zone")
        if file_queries.time_zone not in ("", "UTC") and self._scheme == "sqlite":
            raise query_file.wrong("times in SQLite are in UTC, or name their offset: leave it out.", "time_zone")
        self._queries = file_queries
        self.capabilities = SourceCapabilities(delta=bool(file_queries.levels.changed), page_size=PAGE_SIZE)
        return file_queries

    @property
    def _scheme(self) -> str:
        return urlsplit(self._connection.url).scheme

    async def _connect(self) -> str:
        options, where = self._connection.options, self._connection.name
        if self._scheme == "sqlite":
            database: Database = Sqlite(self._connection.url, where, self._connection.deadline)
        else:
            ca_file = options.get("ca_file", "").strip()
            parameters = {
                "user": self._connection.login,
                "password": await secrets.resolve(self._connection.secret),
                "time_zone": self._read_queries.time_zone,
                "tls": options.get("tls", "").strip() or "verify",
                "ca_file": str(expanded(ca_file)) if ca_file else "",
            }
            kind = Mariadb if self._scheme in MARIADB else Postgres
            database = kind(self._connection.url, where, self._connection.deadline, parameters)
        self._database = database
        return await self._run(database.connect)

    @property
    def _read_queries(self) -> Queries:
        if self._queries is None:
            raise NotConfiguredError("The connection is not open.", where=self._connection.name)
        return self._queries

    @property
    def _open(self) -> Database:
        if self._database is None:
            raise UnavailableError("The connection is not open.", where=self._connection.name)
        return self._database

    async def _run(self, work: Callable[[], Result]) -> Result:
        """One thing at a time, in a thread. Where the connection is lost meanwhile, it is made anew and `work` done again."""
        async with self._turn:
            database, now = self._open, asyncio.get_running_loop().time
            until, pauses = now() + self._connection.deadline, iter(AGAIN)
            while True:
                try:
                    if not database.connected and work != database.connect:
                        await self._in_thread(database, database.connect)
                    return await self._in_thread(database, work)
                except UnavailableError as error:
                    pause = next(pauses, None)
                    if (
                        isinstance(error, AbandonedError)
                        or database.connected
                        or pause is None
                        or now() + pause > until
                    ):
                        raise
                await asyncio.sleep(pause)

    async def _in_thread(self, database: Database, work: Callable[[], Result]) -> Result:
        def abandon() -> None:
            self._database = None  # a thread of ours still uses it

        seconds = self._connection.deadline + BEHIND
        return await stoppable(work, database.interrupt, seconds, self._connection.name, abandon)

    async def _select(self, name: str, statement: str, *values: object) -> list[Sequence[Any]]:
        database = self._open
        return (await self._run(lambda: database.select(name, statement, values)))[1]

    async def _look_at_columns(self) -> None:
        file_queries = self._read_queries
        self._tables, self._doubled = {}, {}
        for query in filter(None, (file_queries.levels, file_queries.products, file_queries.warehouses)):
            await self._look_at(query)
        levels, products = self._tables[LEVELS].columns, self._tables.get(PRODUCTS)
        if products is None and "sku" not in levels.places:
            raise NotConfiguredError(
                "The query levels has no column sku, and there is no query for products.",
                where=self._connection.name, advice="Add the SKU to levels, or a table [products].",
            )  # fmt: skip
        if self._ref not in levels.places or (products is not None and self._ref not in products.columns.places):
            raise NotConfiguredError(
                "The queries levels and products have no column in common that names a product.",
                where=self._connection.name, advice="Give both the column id, or both the column sku.",
            )  # fmt: skip

    async def _look_at(self, query: Query) -> None:
        database = self._open
        names = await self._run(lambda: database.columns(query.name, query.text))
        columns = queries.columns(query, names)
        ours = {LEVELS: OF_LEVELS, PRODUCTS: OF_PRODUCTS, WAREHOUSES: queries.COLUMNS[WAREHOUSES]}[query.name]
        self._tables[query.name] = Table(query, columns, database, tuple(n for n in ours if n in columns.places))

    @property
    def _ref(self) -> str:
        """Our column that names products in both queries."""
        tables = [self._tables[name].columns.places for name in (LEVELS, PRODUCTS) if name in self._tables]
        return "id" if all("id" in places for places in tables) else "sku"

    # --- reading -----------------------------------------------------------------------------------------------------

    async def identity(self) -> Mapping[str, str]:
        """The database's name, or that of the file."""
        return {"database": self._open.identity}

    async def mark(self) -> str:
        """The database's own now, in UTC."""
        if not self.capabilities.delta:
            return ""
        return (await self._run(self._open.now)).isoformat()

    async def warehouses(self) -> Sequence[WarehouseRow]:
        """Those that the levels name, with what the query for warehouses says of them, and its others."""
        levels = self._tables[LEVELS]
        raw: list[Any] = [None]
        if "warehouse" in levels.columns.places:
            limit = self._open.value
            statement = f"SELECT DISTINCT {levels.exact('warehouse')} FROM {levels.source} LIMIT {limit}"  # noqa: S608
            raw = [row[0] for row in await self._select(LEVELS, statement, WAREHOUSES_MOST + 1)]
        if len(raw) > WAREHOUSES_MOST:
            raise NotConfiguredError(
                f"The query levels names more than {WAREHOUSES_MOST} warehouses.",
                where=self._connection.name, advice="Name the warehouse, not the bin, AS warehouse.",
            )  # fmt: skip
        self._raw_warehouses = {}
        for value in raw:
            self._raw_warehouses.setdefault(self._warehouse(value), set()).add(value)
        named = {ref: WarehouseRow(ref, ref or "Default", ref or "Default") for ref in sorted(self._raw_warehouses)}
        return list((named | await self._described()).values())

    def _warehouse(self, value: object) -> str:
        try:
            return records.warehouse_ref(value)
        except ValueError as error:
            raise NotConfiguredError(
                f"A warehouse cannot be read: {error}.", where=self._connection.name, advice="Give its code as a text."
            ) from error

    async def _described(self) -> dict[str, WarehouseRow]:
        """By reference, what the query for warehouses says."""
        table = self._tables.get(WAREHOUSES)
        if table is None:
            return {}
        limit = self._open.value
        statement = f"SELECT {', '.join(map(table.column, table.names))} FROM {table.source} LIMIT {limit}"  # noqa: S608
        warehouses = {}
        for row in await self._select(WAREHOUSES, statement, WAREHOUSES_MOST):
            values = dict(zip(table.names, row, strict=True))
            ref = self._warehouse(values["warehouse"])
            try:
                active = records.yes(values["active"]) if "active" in values else True
            except ValueError as error:
                raise ContractError(f"The warehouse {ref} cannot be read: {error}.") from error
            warehouses[ref] = WarehouseRow(ref, ref or "Default", str(values.get("name") or ref or "Default"), active)
        return warehouses

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        """By the query for products; without one, each product of the levels once."""
        if PRODUCTS in self._tables:
            return await self._own_products(cursor, [], [])
        return await self._products_of_levels(cursor, [], [])

    async def _own_products(self, cursor: str | None, conditions: list[str], values: list[object]) -> Page[ProductRow]:
        table, ref = self._with_aliases(PRODUCTS), self._ref
        doubled = await self._several("products", table, (), conditions, values, changed=bool(conditions))
        return await self._page(
            table, cursor, conditions, values, lambda rows: records.products(table.names, ref, rows, doubled)
        )

    def _with_aliases(self, name: str) -> Table:
        """The table with the columns of products that are read, codes among them under the names of their kinds."""
        table = self._tables[name]
        source_columns = table.columns
        kinds = {kind.lower(): place for kind, place in source_columns.aliases if kind.lower() not in OF_PRODUCTS}
        columns = queries.Columns(
            source_columns.names, {**source_columns.places, **kinds}, (), source_columns.key, source_columns.changed
        )
        names = (*(n for n in OF_PRODUCTS if n in source_columns.places), *kinds)
        return Table(table.query, columns, table.database, names)

    async def _products_of_levels(
        self, cursor: str | None, conditions: list[str], values: list[object]
    ) -> Page[ProductRow]:
        table, ref = self._with_aliases(LEVELS), self._ref
        if cursor is not None:
            conditions = [*conditions, f"{table.exact(ref)} > {self._open.value}"]
            values = [*values, key_of(cursor)]
        size = self.capabilities.page_size
        rows = await self._select(LEVELS, table.products(ref, conditions), *values, size)
        next_cursor = cursor_of(rows[-1][-1]) if len(rows) == size else None
        products, rejected = records.products(table.names, ref, rows, ())
        return Page(products, next_cursor, rejected=rejected)

    async def levels_page(self, warehouse: WarehouseRow, cursor: str | None) -> Page[LevelRow]:
        """Levels of one warehouse by the key."""
        table, ref = self._tables[LEVELS], self._ref
        conditions, values = self._in_warehouse(table, warehouse.ref)
        stage = f"levels:{warehouse.ref}"
        doubled = await self._several(stage, table, (), conditions, values)
        return await self._page(
            table, cursor, conditions, values, lambda rows: records.levels(table.names, ref, rows, doubled)
        )

    def _in_warehouse(self, table: Table, ref: str) -> tuple[list[str], list[object]]:
        if "warehouse" not in table.columns.places:
            return [], []
        column = table.exact("warehouse")
        raw = self._raw_warehouses.get(ref, {ref})
        values = [value for value in raw if value is not None]
        parts = [f"{column} = {self._open.value}" for _ in values] + [f"{column} IS NULL" for _ in raw - set(values)]
        return [f"({' OR '.join(parts)})"], values

    async def _several(
        self, stage: str, table: Table, by: Sequence[str], conditions: list[str], values: list[object],
        *, changed: bool = False,
    ) -> set[str]:  # fmt: skip
        """Products that have several rows. Where the key names the product they meet on one page anyway, unless only what
        `changed` is read: then the other row of a product would be left out."""
        ref = self._ref
        if table.columns.key == table.columns.real(ref) and not changed:
            return set()
        stage = f"changed {stage}" if changed else stage
        if stage not in self._doubled:
            within = [table.of_products(ref, conditions)] if changed else conditions
            rows = await self._select(table.query.name, table.doubled(ref, by, within), *values, DOUBLED_MOST + 1)
            if len(rows) > DOUBLED_MOST:
                raise NotConfiguredError(
                    f"The query {table.query.name} has several rows for more than {DOUBLED_MOST} products.",
                    where=self._connection.name, advice=f"It must not: {records.SEVERAL}.",
                )  # fmt: skip
            self._doubled[stage] = {records.named(row[0]) for row in rows}
        return self._doubled[stage]

    async def _page(
        self,
        table: Table,
        cursor: str | None,
        conditions: list[str],
        values: list[object],
        read: Callable[[Sequence[Sequence[Any]]], tuple[list[Any], list[records.Rejected]]],
    ) -> Page[Any]:
        """One page. Rows without a key come on no page, so the first one says how many there are."""
        database, name = self._open, table.query.name
        lost: list[records.Rejected] = []
        if cursor is None:
            ((count,),) = await self._select(name, table.without_key(conditions), *values, 1)
            lost = [("?", f"{counted(count, 'row')} of the query {name} without {table.query.key}")] if count else []
        else:
            conditions, values = [*conditions, table.after()], [*values, key_of(cursor)]
        statement = table.page(conditions)
        limit = self.capabilities.page_size + 1  # the row behind the page shows where its last key ends

        def work() -> Page[Any]:
            _, rows = database.select(name, statement, (*values, limit))
            page_rows, next_cursor = cut(rows, limit, name)
            parsed, rejected = read(page_rows)
            return Page(parsed, next_cursor, rejected=[*lost, *rejected])

        return await self._run(work)

    # --- deltas ------------------------------------------------------------------------------------------------------

    async def changed_page(self, since: str, cursor: str | None) -> Page[LevelRow]:
        """Levels in all warehouses whose column `changed` is after the mark less the overlap."""
        table, ref = self._tables[LEVELS], self._ref
        conditions, values = await self._changed(table, self._moment(since))
        by = ("warehouse",) if "warehouse" in table.columns.places else ()
        doubled = await self._several(LEVELS, table, by, conditions, values, changed=True)
        return await self._page(
            table, cursor, conditions, values, lambda rows: records.levels(table.names, ref, rows, doubled)
        )

    async def changed_products_page(self, since: str, cursor: str | None) -> Page[ProductRow]:
        """Products whose own query, or without one whose levels, say that they changed."""
        moment = self._moment(since)
        table = self._tables.get(PRODUCTS)
        if table is None:
            return await self._products_of_levels(cursor, *await self._changed(self._tables[LEVELS], moment))
        if not table.columns.changed:
            return Page([], None)
        return await self._own_products(cursor, *await self._changed(table, moment))

    async def _changed(self, table: Table, moment: datetime) -> tuple[list[str], list[object]]:
        database = self._open
        query, column = table.query.text, table.columns.changed
        condition, values = await self._run(lambda: database.changed_since(query, column, moment))
        return [condition], values

    def _moment(self, since: str) -> datetime:
        overlap = int(self._connection.options.get("overlap", "").strip() or OVERLAP)
        try:
            moment = datetime.fromisoformat(since)
            if moment.tzinfo is None:
                raise ValueError("it has no zone")
            return moment - timedelta(seconds=overlap)
        except (ValueError, OverflowError) as error:
            raise ContractError(f"{since!r} is not a mark of this connector.", where=self._connection.name) from error

    # --- checks ------------------------------------------------------------------------------------------------------

    async def check(self) -> AsyncIterator[CheckStep]:
        """The file, the database, what the login could write, warehouses, columns and first rows, the changed column."""
        steps: list[tuple[str, Callable[[], Awaitable[str]]]] = [
            ("queries", self._check_file),
            ("database", self._connect),
            ("rights", self._check_rights),
            ("columns", self._check_columns),
            ("warehouses", self._check_warehouses),
            ("products", self._check_products),
            ("levels", self._check_levels),
            ("changes", self._check_changes),
        ]
        async for step in run_check_steps(steps):
            yield step

    async def _check_file(self) -> str:
        file_queries = await self._read_file()
        named = [query.name for query in (file_queries.levels, file_queries.products, file_queries.warehouses) if query]
        return f"The file has queries for {', '.join(named)}."

    async def _check_rights(self) -> str:
        count, sentence = await self._run(self._open.could_write)
        return f"{sentence} {GRANT}" if count and self._scheme != "sqlite" else sentence

    async def _check_columns(self) -> str:
        await self._look_at_columns()
        return " ".join(self._columns_of(table) for table in self._tables.values())

    def _columns_of(self, table: Table) -> str:
        columns = table.columns
        aliases = [columns.names[place] for _, place in columns.aliases]
        ignored = f"; not used: {', '.join(columns.ignored)}" if columns.ignored else ""
        return f"{table.query.name}: {', '.join([*columns.places, *aliases])}{ignored}."

    async def _check_warehouses(self) -> str:
        names = [row.code for row in await self.warehouses() if row.active]
        if not names:
            raise NotConfiguredError("There is no warehouse.", advice="Check that the query levels has rows.")
        return f"{len(names)} seen: {', '.join(names[:20])}."

    async def _check_products(self) -> str:
        page = await self.products_page(None)
        rows = [
            f"{row.sku} {row.name} {' '.join(f'{a.alias_type} {a.code}' for a in row.aliases)}" for row in page.rows
        ]
        return self._first(page, [" ".join(row.split()) for row in rows[:SHOWN]])

    async def _check_levels(self) -> str:
        examples: list[str] = []
        rejected: list[records.Rejected] = []
        for warehouse in (await self.warehouses())[:WAREHOUSES_SHOWN]:
            page = await self.levels_page(warehouse, None)
            examples += [
                f"{row.product_ref} in {warehouse.code}: available {row.available}" for row in page.rows[:SHOWN]
            ]
            rejected += page.rejected
        return self._first(Page([], None, rejected=rejected), examples)

    def _first(self, page: Page[Any], rows: Sequence[str]) -> str:
        wrong = "".join(f" Cannot be read: {ref}: {why}." for ref, why in page.rejected[:SHOWN])
        return f"The first rows: {'; '.join(rows) or 'none'}.{wrong}"

    async def _check_changes(self) -> str:
        table = self._tables[LEVELS]
        if not table.columns.changed:
            return "No changed column is declared: every download reads everything."
        page = await self.changed_page(await self.mark(), None)
        return f"A delta works; {counted(len(page.rows), 'level')} changed lately."

    async def notes(self) -> Mapping[str, int]:
        """How many tables the login could write."""
        return {WRITABLE: (await self._run(self._open.could_write))[0]}

    example = staticmethod(example)

    @staticmethod
    def review(facts: SourceFacts) -> Iterable[Review]:
        """Whether the password travels in the clear, and what the login could write."""
        parts = urlsplit(facts.connection.url)
        if parts.scheme == "sqlite":
            return
        if facts.connection.options.get("tls", "").strip() == "off" and not is_loopback(parts.hostname or ""):
            yield Review(
                "sql.tls", Verdict.FAIL, f"tls=off to {parts.hostname}", "All stock travels in the clear.",
                facts.set("--option tls=verify"),
            )  # fmt: skip
        else:
            yield Review("sql.tls", Verdict.PASS, "the server's certificate is verified, or it is this machine")
        count = facts.notes.get(WRITABLE)
        if count is not None:
            yield (
                Review(
                    "sql.rights",
                    Verdict.FAIL,
                    f"it could write {counted(count, 'table')}",
                    "The login may do more than read.",
                    GRANT,
                )
                if count
                else Review("sql.rights", Verdict.PASS, "the login may read only")
            )
