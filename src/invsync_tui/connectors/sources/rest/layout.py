"""What the description of a REST system says: requests, pages, and where each field is in a record.

Paths into an answer are dotted (`stock.on_hand`, `codes.0`); '' is the answer itself. A path that ends in `?` may be
missing; any other that is missing makes its record unreadable, so that a misspelled name cannot look like no stock.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from invsync_tui.connectors.base import Absent
from invsync_tui.connectors.description import Description
from invsync_tui.connectors.sources.rest.about import MOST_REQUESTS, REQUESTS_PER_SECOND

STYLES = ("none", "page", "offset", "cursor", "link", "next")
AUTHS = ("none", "basic", "bearer", "header")
NUMBERS = ("number", "text")
MARKS = ("iso", "epoch")
ABSENT = (Absent.UNKNOWN.value, Absent.ZERO.value)
SINCE, WAREHOUSE = "{since}", "{warehouse}"
WAREHOUSES, PRODUCTS, LEVELS = "warehouses", "products", "levels"
CHANGES, CHANGED_PRODUCTS, MARK, ACCOUNT = "changes", "changed_products", "mark", "account"

FIELDS: Mapping[str, tuple[str, ...]] = {
    WAREHOUSES: ("ref", "code", "name", "active"),
    PRODUCTS: ("ref", "sku", "name", "active", "counted"),
    LEVELS: ("product", "warehouse", "on_hand", "available", "committed", "incoming", "read_at"),
}
REQUIRED: Mapping[str, tuple[str, ...]] = {
    WAREHOUSES: ("ref",),
    PRODUCTS: ("ref", "sku"),
    LEVELS: ("product", "available"),
}
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class RecordPath:
    """A path into a record."""

    steps: tuple[str, ...]
    may_miss: bool

    def find(self, record: Any) -> Any:
        """What is there; None where it may be missing, ValueError where it must not."""
        value = record
        for step in self.steps:
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            elif self.may_miss:
                return None
            else:
                raise ValueError(f"it has no field {'.'.join(self.steps)!r}")
        return value


@dataclass(frozen=True, slots=True)
class Paging:
    """How a listing is cut into pages. `parameter` carries the page, offset or cursor; `size` the limit, '' for none."""

    style: str = "none"
    parameter: str = ""
    size: str = ""
    limit: int = 0
    first: int = 1
    next: RecordPath | None = None
    """Where the next cursor or address is; None for the styles that have none."""
    pages: RecordPath | None = None
    """Where the number of pages is."""


@dataclass(frozen=True, slots=True)
class Records:
    """A list of records inside a record: codes or parts of a product, with the places of their two fields."""

    rows: RecordPath
    first: RecordPath
    second: RecordPath


@dataclass(frozen=True, slots=True)
class Listing:
    """Requests that answer with a list of records."""

    name: str
    path: str
    query: Mapping[str, str]
    rows: RecordPath
    total: RecordPath | None
    paging: Paging
    fields: Mapping[str, RecordPath]
    codes: Mapping[str, RecordPath] = field(default_factory=dict)
    """Of products: places of single codes by their kind."""
    code_list: Records | None = None
    """Of products: a list of codes with (type, code)."""
    parts: Records | None = None
    """Of products: a list of parts with (ref, needed)."""

    @property
    def by_warehouse(self) -> bool:
        """Whether one warehouse is asked for at a time."""
        return any(WAREHOUSE in text for text in (self.path, *self.query.values()))


@dataclass(frozen=True, slots=True)
class Value:
    """A request of which one value is read."""

    path: str
    place: RecordPath


@dataclass(frozen=True, slots=True)
class Layout:
    """All of a description."""

    auth: str
    header: str
    numbers: str
    per_second: int
    per_hour: int
    """0 for no such limit."""
    per_day: int
    mark_as: str
    warehouses: Listing | None
    products: Listing
    levels: Listing
    changes: Listing | None
    changed_products: Listing | None
    mark: Value | None
    account: Value | None
    absent: Absent = Absent.UNKNOWN
    """What it means that the levels lack a product."""


def understood(description: Description) -> Layout:
    """The layout of a description; NotConfiguredError with the line and what is allowed."""
    description.allow((
        "auth", "page", "numbers", "requests_per_second", "requests_per_hour", "requests_per_day",
        "mark_as", WAREHOUSES, PRODUCTS, LEVELS, CHANGES,
        CHANGED_PRODUCTS, MARK, ACCOUNT,
    ))  # fmt: skip
    description.allow(("kind", "name"), "auth")
    auth = description.choice_at("auth", "kind", choices=AUTHS, default="none")
    header = description.text_at("auth", "name") if auth == "header" else ""
    if header and (not _HEADER.fullmatch(header) or header.lower() in ("host", "content-length", "connection")):
        raise description.wrong("it is not the name of a header such as X-Api-Key.", "auth", "name")
    levels = _listing(description, LEVELS, LEVELS, ("warehouse",))
    products = _listing(description, PRODUCTS, PRODUCTS)
    layout = Layout(
        auth,
        header,
        description.choice_at("numbers", choices=NUMBERS, default="number"),
        description.number_at("requests_per_second", default=REQUESTS_PER_SECOND, least=1, most=100),
        description.number_at("requests_per_hour", default=0, least=0, most=MOST_REQUESTS),
        description.number_at("requests_per_day", default=0, least=0, most=MOST_REQUESTS),
        description.choice_at("mark_as", choices=MARKS, default="iso"),
        _listing(description, WAREHOUSES, WAREHOUSES) if WAREHOUSES in description.tables else None,
        products,
        levels,
        _listing(description, CHANGES, LEVELS, ("since",), like=levels) if CHANGES in description.tables else None,
        _listing(description, CHANGED_PRODUCTS, PRODUCTS, ("since",), like=products)
        if CHANGED_PRODUCTS in description.tables
        else None,
        _value(description, MARK),
        _value(description, ACCOUNT),
        Absent(description.choice_at(LEVELS, "absent", choices=ABSENT, default=Absent.UNKNOWN.value)),
    )
    _agree(description, layout)
    return layout


def _agree(description: Description, layout: Layout) -> None:
    """Refuse tables that do not fit together."""
    named = "warehouse" in layout.levels.fields
    if layout.warehouses is None and (named or layout.levels.by_warehouse):
        raise description.wrong("it is missing, and levels name a warehouse.", WAREHOUSES)
    if layout.warehouses is not None and not named and not layout.levels.by_warehouse:
        raise description.wrong("give {warehouse} in path or query, or the field warehouse.", LEVELS)
    for listing in filter(None, (layout.changes, layout.changed_products)):
        if not any(SINCE in text for text in (listing.path, *listing.query.values())):
            raise description.wrong(
                'it has no {since}; give it in path or query, such as query = { since = "{since}" }.', listing.name
            )
    if layout.changes is not None and layout.warehouses is not None and "warehouse" not in layout.changes.fields:
        raise description.wrong("changes come for all warehouses: give the field warehouse in levels.fields.", CHANGES)
    if layout.changed_products is not None and layout.changes is None:
        raise description.wrong("it needs a table [changes] too.", CHANGED_PRODUCTS)
    if layout.mark is not None and layout.changes is None:
        raise description.wrong("it needs a table [changes].", MARK)


def _listing(
    description: Description, name: str, kind: str, placeholders: Collection[str] = (), like: Listing | None = None
) -> Listing:
    """A table of requests. Where it is `like` another, what it does not say itself is as there."""
    codes = ("codes", "code_list", "parts") if kind == PRODUCTS else ()
    own = ("fields", *codes, *(("absent",) if name == LEVELS else ())) if like is None else ()
    description.allow(("path", "query", "list", "total", "page", *own), name)
    description.table(name)
    path = _path(description, placeholders, name, "path")
    query = _query(description, placeholders, name)
    rows = (
        _place(description, name, "list", default="")
        if like is None or "list" in description.table(name)
        else like.rows
    )
    total = _maybe_place(description, name, "total") or (like.total if like else None)
    paging = _paging(description, name) if like is None or "page" in description.table(name) else like.paging
    if like is not None:
        return Listing(name, path, query, rows, total, paging, like.fields, like.codes, like.code_list, like.parts)
    description.allow(FIELDS[kind], name, "fields")
    named_fields = description.table(name, "fields")
    for key in REQUIRED[kind]:
        if key not in named_fields:
            raise description.wrong(f"it is required. Allowed here: {', '.join(FIELDS[kind])}.", name, "fields", key)
    fields = {key: _place(description, name, "fields", key) for key in named_fields}
    return Listing(
        name, path, query, rows, total, paging, fields,
        {key.upper(): _place(description, name, "codes", key) for key in description.table(name, "codes", required=False)},
        _records(description, name, "code_list", "type", "code"),
        _records(description, name, "parts", "ref", "needed"),
    )  # fmt: skip


def _records(description: Description, name: str, table: str, first: str, second: str) -> Records | None:
    if table not in description.table(name):
        return None
    description.allow(("list", first, second), name, table)
    return Records(*(_place(description, name, table, key) for key in ("list", first, second)))


def _value(description: Description, name: str) -> Value | None:
    if name not in description.tables:
        return None
    description.allow(("path", "field"), name)
    return Value(_path(description, (), name, "path"), _place(description, name, "field"))


def _paging(description: Description, name: str) -> Paging:
    """The listing's own table `page`, else that of the whole description."""
    at = (name, "page") if "page" in description.table(name) else ("page",)
    description.allow(("style", "parameter", "size", "limit", "first", "next", "pages"), *at)
    style = description.choice_at(*at, "style", choices=STYLES, default="none")
    size = description.text_at(*at, "size", default="")
    if not size and "limit" in description.table(*at, required=False):
        raise description.wrong("it needs size, the name of the parameter that carries it.", *at, "limit")
    parameter = description.text_at(*at, "parameter") if style in ("page", "offset", "cursor") else ""
    limit = description.number_at(*at, "limit", default=0 if not size else -1, least=0 if not size else 1, most=10_000)
    follows = _place(description, *at, "next") if style in ("cursor", "next") else None
    first = description.number_at(*at, "first", default=0 if style == "offset" else 1, least=0, most=1)
    return Paging(style, parameter, size, limit, first, follows, _maybe_place(description, *at, "pages"))


def _path(description: Description, placeholders: Collection[str], *at: str) -> str:
    text = description.text_at(*at)
    if not text.startswith("/") or text.startswith("//") or "?" in text or "#" in text or not text.isprintable():
        raise description.wrong("it must begin with / and have no query; parameters belong into query.", *at)
    _refuse_others(description, text, placeholders, *at)
    return text


def _query(description: Description, placeholders: Collection[str], name: str) -> Mapping[str, str]:
    query = {}
    for key, value in description.table(name, "query", required=False).items():
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise description.wrong("it must be a text or a number.", name, "query", key)
        _refuse_others(description, str(value), placeholders, name, "query", key)
        query[key] = str(value)
    return query


def _refuse_others(description: Description, text: str, placeholders: Collection[str], *at: str) -> None:
    for word in _PLACEHOLDER.findall(text):
        if word not in placeholders:
            allowed = ", ".join(f"{{{name}}}" for name in placeholders) or "none"
            raise description.wrong(f"{{{word}}} is not known here. Allowed: {allowed}.", *at)


def _place(description: Description, *at: str, default: str | None = None) -> RecordPath:
    text = description.text_at(*at, default=default)
    steps = tuple(text.removesuffix("?").split(".")) if text.removesuffix("?") else ()
    if any(not step.strip() for step in steps):
        raise description.wrong("it is not a path such as stock.on_hand.", *at)
    return RecordPath(steps, text.endswith("?"))


def _maybe_place(description: Description, *at: str) -> RecordPath | None:
    return _place(description, *at) if at[-1] in description.table(*at[:-1], required=False) else None
