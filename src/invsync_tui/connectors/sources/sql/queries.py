"""The queries of a connection: a TOML file, its single statements, and what their columns mean.

The file has a table `[levels]` and, where wanted, `[products]` and `[warehouses]`, each with a `query` whose columns are
named as in `COLUMNS`; of levels and products `key` names the column that pages are made by, and `changed` the one that
says when a row changed. A query is one SELECT: it is put into brackets and read as a table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from invsync_tui.connectors.description import Description
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.plain_text import did_you_mean

LEVELS, PRODUCTS, WAREHOUSES = "levels", "products", "warehouses"
ALIASES = ("ean", "upc", "gtin", "asin", "mpn", "isbn", "custom")
"""Columns with another code of the product. Any other kind is a column `alias_KIND`."""
NUMBERS = ("on_hand", "available", "committed", "incoming")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    LEVELS: ("id", "sku", "name", "warehouse", *NUMBERS, *ALIASES),
    PRODUCTS: ("id", "sku", "name", "active", *ALIASES),
    WAREHOUSES: ("warehouse", "name", "active"),
}
"""The columns that are read. `id` is the product's own where its SKU may be blank or doubled."""
ALIAS = "alias_"

_TOKEN = re.compile(
    r"""
    (?P<skip>\s+ | --[^\n]* | /\*.*?\*/)
  | (?P<text>'(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*` | \[[^\]]*\] | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
  | (?P<end>;)
  | (?P<word>\w+)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Query:
    """One query of the file. `key` and `changed` are '' where there are none."""

    name: str
    text: str
    key: str = ""
    changed: str = ""


@dataclass(frozen=True, slots=True)
class Queries:
    """What the file says. Without a query for products they are made from the levels'."""

    levels: Query
    products: Query | None
    warehouses: Query | None
    time_zone: str
    """What times without a zone are in; '' for the database's own."""


def understood(description: Description) -> Queries:
    """The queries of a file; NotConfiguredError with the line and what is allowed."""
    description.allow((LEVELS, PRODUCTS, WAREHOUSES, "time_zone"))
    levels = _query(description, LEVELS)
    products = _query(description, PRODUCTS) if PRODUCTS in description.tables else None
    warehouses = _query(description, WAREHOUSES) if WAREHOUSES in description.tables else None
    return Queries(levels, products, warehouses, description.text_at("time_zone", default=""))


def _query(description: Description, name: str) -> Query:
    paged = name != WAREHOUSES
    description.allow(("query", "key", "changed") if paged else ("query",), name)
    description.table(name)
    text = description.text_at(name, "query")
    try:
        statement = single(text)
    except ValueError as error:
        raise description.wrong(str(error), name, "query") from error
    if not paged:
        return Query(name, statement)
    return Query(name, statement, description.text_at(name, "key"), description.text_at(name, "changed", default=""))


def single(text: str) -> str:
    """The one SELECT of a text, without the semicolon at its end; ValueError for anything else.

    The database refuses a second statement itself; this says so before anything is sent.
    """
    first, end = "", None
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup if token.lastgroup != "tag" else "text"
        if kind == "skip":
            continue
        if end is not None:
            raise ValueError("it has more than one statement; give one SELECT.")
        if kind == "end":
            end = token.start()
        elif not first:
            first = token[0].upper()
    if first not in ("SELECT", "WITH", "VALUES"):
        raise ValueError("it is not a SELECT; a query begins with SELECT or WITH.")
    return text[:end].strip()


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a query has its columns: their names as the database gave them, in order, and the places of ours."""

    names: tuple[str, ...]
    places: Mapping[str, int]
    aliases: tuple[tuple[str, int], ...]
    """(kind in capitals, place)."""
    key: str = ""
    changed: str = ""

    def place(self, name: str) -> int | None:
        """The place of one of our columns; None where the query has none."""
        return self.places.get(name)

    def real(self, name: str) -> str:
        """What the database calls one of our columns."""
        return self.names[self.places[name]]

    @property
    def ignored(self) -> Sequence[str]:
        """Columns that mean nothing to us."""
        used = {*self.places.values(), *(place for _, place in self.aliases)}
        others = {self.key, self.changed}
        return [name for place, name in enumerate(self.names) if place not in used and name not in others]


def columns(query: Query, names: Sequence[str]) -> Columns:
    """What the columns of a query mean; NotConfiguredError where one is missing, doubled or not there."""
    by_name: dict[str, int] = {}
    for place, name in enumerate(names):
        if name.lower() in by_name:
            raise _not_right(query, f"has two columns called {name!r}", "Give each column a name of its own with AS.")
        by_name[name.lower()] = place
    known = {name: by_name[name] for name in COLUMNS[query.name] if name in by_name and name not in ALIASES}
    kinds = {name: name for name in ALIASES} | {n: n.removeprefix(ALIAS) for n in by_name if n.startswith(ALIAS)}
    aliases = () if query.name == WAREHOUSES else tuple((kinds[n].upper(), by_name[n]) for n in by_name if n in kinds)
    column_map = Columns(
        tuple(names),
        known,
        aliases,
        _declared(query, "key", query.key, by_name, names),
        _declared(query, "changed", query.changed, by_name, names),
    )
    _refuse_missing(query, column_map, names)
    return column_map


def _declared(query: Query, what: str, name: str, by_name: Mapping[str, int], names: Sequence[str]) -> str:
    if not name:
        return ""
    if name.lower() not in by_name:
        raise _not_right(
            query,
            f"has no column {name!r}, which is given as {what}",
            f"It has: {', '.join(names)}.{did_you_mean(name, list(names))}",
        )
    return names[by_name[name.lower()]]


def _refuse_missing(query: Query, column_map: Columns, names: Sequence[str]) -> None:
    has = f"It has: {', '.join(names)}. Name columns with AS."
    if query.name == WAREHOUSES:
        if "warehouse" not in column_map.places:
            raise _not_right(query, "has no column warehouse", has)
        return
    if not {"id", "sku"} & column_map.places.keys():
        raise _not_right(query, "has no column sku, nor id", has)
    if query.name == LEVELS and not {"available", "on_hand"} & column_map.places.keys():
        raise _not_right(query, "has no column available, nor on_hand", has)
    if query.name == LEVELS and "available" not in column_map.places and "committed" not in column_map.places:
        # Taking on hand for available is the operator's decision, and has to be written down.
        raise _not_right(query, "has on_hand without committed or available", f"Write on_hand AS available too. {has}")
    if query.name == PRODUCTS and "sku" not in column_map.places:
        raise _not_right(query, "has no column sku", has)


def _not_right(query: Query, what: str, advice: str) -> NotConfiguredError:
    return NotConfiguredError(f"The query {query.name} {what}.", advice=advice)
