"""Rows of a query as levels and products. A row that cannot be read is named with the reason, and costs no other.

Quantities are floored, so that half a kilogram is never sold as one. NULL is unknown and never 0. A text is no quantity.
Two rows for one product in one warehouse are both refused: adding them up, or choosing one, would be a guess.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from itertools import repeat
from operator import itemgetter
from typing import Any
from uuid import UUID

from invsync_tui.connectors.base import DEFAULT_WAREHOUSE_REF, AliasRow, LevelRow, ProductRow
from invsync_tui.connectors.sources.sql.queries import NUMBERS
from invsync_tui.connectors.values import QUANTITY_MOST, TEXT_MOST, describe_value, fraction, quantity, text

SEVERAL = "several rows for it in one warehouse; add them up in the query (SUM, GROUP BY)"
Row = Sequence[Any]
Rejected = tuple[str, str]
_level_row = partial(tuple.__new__, LevelRow)
_product_row = partial(tuple.__new__, ProductRow)
_alias_row = partial(tuple.__new__, AliasRow)


def code(value: object) -> str:
    """The text of a code: a text that is not blank, a whole number or a UUID; ValueError for anything else."""
    if type(value) is str:
        if not value.strip():
            raise ValueError("it is blank")
        return text(value)
    if type(value) is int or isinstance(value, UUID):
        return str(value)
    if type(value) is Decimal and value.is_finite() and value == value.to_integral_value() and value.adjusted() < 40:
        return format(value, "f").partition(".")[0]
    raise ValueError(f"{describe_value(value)} is no code")


def named(value: object) -> str:
    """A code for a message; '?' where it is none."""
    try:
        return code(value)
    except ValueError:
        return "?"


def warehouse_ref(value: object) -> str:
    """What a warehouse is called; nothing, or blanks, is the warehouse without a name."""
    if value is None or (type(value) is str and not value.strip()):
        return DEFAULT_WAREHOUSE_REF
    return code(value)


def yes(value: object) -> bool:
    """A boolean, or 0 and 1 where the database has none; ValueError for anything else."""
    if type(value) is bool or (type(value) is int and value in (0, 1)):
        return bool(value)
    raise ValueError(f"active {describe_value(value)} is neither true nor false")


# --- levels ----------------------------------------------------------------------------------------------------------


_PAIR = itemgetter(0, 1)
"""Product and warehouse of a level."""


def levels(
    names: Sequence[str], ref: str, rows: Sequence[Row], doubled: Collection[str]
) -> tuple[list[LevelRow], list[Rejected]]:
    """Levels of rows, and (reference, why) of rows that cannot be read.

    A row has the columns `names` and then its key; `ref` is the one of them that names products. `doubled` are
    products that are known to have several rows in one warehouse, on whatever page.
    """
    try:
        result = _all_levels(names, ref, rows)
        rejected: list[Rejected] = []
    except (TypeError, ValueError):  # at least one row is not right: look at each
        result, rejected = _each(names, ref, rows, partial(_level, names, ref))
    # A row that is rejected counts too: the other row of its product is not the whole stock.
    several = (
        {pair[0] for pair, count in Counter(map(_PAIR, result)).items() if count > 1} if _repeat(result) else set()
    )
    several |= {*doubled} | {name for name, _ in rejected}
    if not several:
        return result, rejected
    known = dict(rejected)
    hidden = [row for row in result if row.product_ref in several]
    rejected += [(name, SEVERAL) for name in dict.fromkeys(row.product_ref for row in hidden) if name not in known]
    return [row for row in result if row.product_ref not in several], rejected


def _repeat(rows: Sequence[LevelRow]) -> bool:
    # Mostly no product repeats; the texts alone are compared in half the time.
    return len({row[0] for row in rows}) < len(rows) and len(set(map(_PAIR, rows))) < len(rows)


def _all_levels(names: Sequence[str], ref: str, rows: Sequence[Row]) -> list[LevelRow]:
    """All rows at once, column by column: a fifth of what it costs row by row. ValueError where any is not right."""
    if not rows:
        return []
    *columns, _ = zip(*rows, strict=True)
    none: Sequence[Any] = (None,) * len(rows)
    by_name = dict(zip(names, columns, strict=True))
    numbers = {name: _numbers(by_name[name], maybe=name != "available") for name in NUMBERS if name in by_name}
    refs = _codes(by_name[ref])
    sites = _each_once(by_name.get("warehouse", none), warehouse_ref)
    if "available" not in numbers:
        on_hand, committed = by_name["on_hand"], by_name["committed"]
        numbers["available"] = [_difference(here, held) for here, held in zip(on_hand, committed, strict=True)]
    raw = _raw(names, columns)
    fields = (numbers.get(name, none) for name in NUMBERS)
    return list(map(_level_row, zip(refs, sites, *fields, none, raw, _fractions(by_name, len(rows)), strict=True)))


def _fractions(by_name: Mapping[str, Sequence[Any]], count: int) -> Iterable[str]:
    """Of each row what is available where it is no whole number, else ''."""
    columns = [by_name["available"]] if "available" in by_name else [by_name["on_hand"], by_name["committed"]]
    if all(set(map(type, column)) <= {int} for column in columns):
        return repeat("", count)
    return [fraction(_available(values)) for values in zip(*columns, strict=True)]


def _available(values: Sequence[Any]) -> Any:
    """What is available, of (available) or (on hand, committed), before it is rounded."""
    if len(values) == 1:
        return values[0]
    on_hand, committed = values
    return float(on_hand) - float(committed) if float in (type(on_hand), type(committed)) else on_hand - committed


def _numbers(values: Sequence[Any], *, maybe: bool) -> Sequence[int | None]:
    kinds = set(map(type, values))
    present = values
    if maybe and type(None) in kinds:
        kinds.discard(type(None))
        present = [value for value in values if value is not None]
    if kinds <= {int}:
        if present and (min(present) < -QUANTITY_MOST or max(present) > QUANTITY_MOST):
            raise ValueError("a number is larger than any stock")
        return values
    if maybe:
        return [None if value is None else quantity(value) for value in values]
    return [quantity(value) for value in values]


def _codes(values: Sequence[Any]) -> Sequence[str]:
    kinds = set(map(type, values))
    if (
        kinds == {str}
        and all(map(str.strip, values))
        and max(map(len, values)) <= TEXT_MOST
        and "".join(values).isascii()
    ):
        return values
    if kinds == {int}:
        return list(map(str, values))
    return [code(value) for value in values]


def _each_once(values: Sequence[Any], read: Callable[[Any], str]) -> Sequence[str]:
    known = {value: read(value) for value in set(values)}
    return [known[value] for value in values]


def _raw(names: Sequence[str], columns: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    plain = [column if set(map(type, column)) <= _PLAIN else list(map(_plain, column)) for column in columns]
    return list(map(dict, map(zip, repeat(names), zip(*plain, strict=True))))  # a third of what a comprehension takes


_PLAIN = frozenset({str, int, float, bool, type(None)})


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if type(value) in _PLAIN:
        return value
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _difference(on_hand: Any, committed: Any) -> int:
    """On hand less committed, before either is rounded."""
    try:
        quantity(on_hand)
    except ValueError as error:
        raise ValueError(f"on_hand: {error}") from error
    try:
        below = quantity(committed) < 0
    except ValueError as error:
        raise ValueError(f"committed: {error}") from error
    if below:  # counted with the other sign, or out of joint: more would be for sale than there is
        raise ValueError(f"committed: {describe_value(committed)} is below 0, so what is for sale is not known")
    return quantity(_available((on_hand, committed)))


def _level(names: Sequence[str], ref: str, row: Row) -> LevelRow:
    """One level; ValueError with the column for what cannot be read."""
    values = dict(zip(names, row, strict=False))
    quantities: dict[str, int | None] = {}
    for name in NUMBERS:
        if name in values:
            try:
                value = values[name]
                quantities[name] = None if value is None and name != "available" else quantity(value)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
    available = quantities.get("available")
    if available is None:
        available = _difference(values["on_hand"], values["committed"])
    raw = {name: _plain(value) for name, value in values.items()}
    numbers = quantities.get("on_hand"), available, quantities.get("committed"), quantities.get("incoming")
    exact = (values["available"],) if "available" in values else (values["on_hand"], values["committed"])
    part = fraction(_available(exact))
    return LevelRow(code(values[ref]), warehouse_ref(values.get("warehouse")), *numbers, None, raw, part)


def _each(
    names: Sequence[str], ref: str, rows: Sequence[Row], read: Callable[[Row], Any]
) -> tuple[list[Any], list[Rejected]]:
    """Row by row."""
    result: list[Any] = []
    rejected: list[Rejected] = []
    for row in rows:
        try:
            result.append(read(row))
        except ValueError as error:
            rejected.append((_name(row, names.index(ref)), str(error)))
    return result, rejected


def _name(row: Row, place: int) -> str:
    """What a row that cannot be read is called: its product, else its key."""
    name = named(row[place])
    return name if name != "?" else named(row[-1])


# --- products --------------------------------------------------------------------------------------------------------

ONE_EACH = "several rows for one product; give one row each, or the product's own id as the column id"


def products(
    names: Sequence[str], ref: str, rows: Sequence[Row], doubled: Collection[str]
) -> tuple[list[ProductRow], list[Rejected]]:
    """Products of rows, as `levels`. Columns that are none of a product's own are codes of the kind that they are called."""
    aliases = [(name.upper(), place) for place, name in enumerate(names) if name not in _OF_PRODUCT]
    rejected: list[Rejected] = []
    try:
        result = _all_products(names, ref, aliases, rows)
    except (TypeError, ValueError):  # at least one row is not right: look at each
        result, rejected = _each(names, ref, rows, partial(_product, names, ref, aliases))
    counts = Counter(row.ref for row in result)
    several = {name for name, count in counts.items() if count > 1} | {*doubled}
    if several:
        rejected += [(name, ONE_EACH) for name in counts if name in several]
        result = [row for row in result if row.ref not in several]
    return result, rejected


_OF_PRODUCT = frozenset({"id", "sku", "name", "active"})


def _all_products(
    names: Sequence[str], ref: str, aliases: Sequence[tuple[str, int]], rows: Sequence[Row]
) -> list[ProductRow]:
    """All rows at once, column by column. ValueError where any is not right."""
    if not rows:
        return []
    columns = list(zip(*rows, strict=True))
    by_name = dict(zip(names, columns, strict=False))
    none: Sequence[Any] = (None,) * len(rows)
    refs = _codes(by_name[ref])
    skus = _maybe_codes(by_name.get("sku", none))
    titles = ["" if title is None else text(title) for title in by_name.get("name", none)]
    kinds = [_aliases(kind, _maybe_codes(columns[place])) for kind, place in aliases]
    others = (
        kinds[0] if len(kinds) == 1 else [sum(groups, ()) for groups in zip(*kinds, strict=True)] or [()] * len(rows)
    )
    active = list(map(yes, by_name["active"])) if "active" in by_name else (True,) * len(rows)
    fields = zip(refs, skus, titles, others, repeat(()), active, repeat(True), strict=False)
    return list(map(_product_row, fields))


def _aliases(kind: str, codes: Sequence[str | None]) -> list[tuple[AliasRow, ...]]:
    return [() if code_ is None else (_alias_row((kind, code_)),) for code_ in codes]


def _maybe_codes(values: Sequence[Any]) -> Sequence[str | None]:
    kinds = set(map(type, values))
    if kinds == {str}:
        blank = not all(map(str.strip, values))
        return list(map(_maybe_code, values)) if blank else _codes(values)
    return values if kinds == {type(None)} else list(map(_maybe_code, values))


def _product(names: Sequence[str], ref: str, aliases: Sequence[tuple[str, int]], row: Row) -> ProductRow:
    values = dict(zip(names, row, strict=False))
    others = [(kind, _maybe_code(row[place])) for kind, place in aliases]
    return ProductRow(
        code(values[ref]),
        _maybe_code(values.get("sku")),
        text(values["name"]) if values.get("name") is not None else "",
        tuple(AliasRow(kind, other) for kind, other in others if other is not None),
        active=yes(values["active"]) if "active" in values else True,
    )


def _maybe_code(value: object) -> str | None:
    """A code that may be blank."""
    return None if value is None or (type(value) is str and not value.strip()) else code(value)
