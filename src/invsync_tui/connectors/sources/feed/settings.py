"""The options of a feed as one record, with what each stands for where nothing is given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from invsync_tui.connectors.base import Absent
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.connectors.sources.feed.about import ABOUT
from invsync_tui.connectors.sources.feed.quantities import QuantityFormat

QUANTITIES = ("available", "on_hand", "committed", "incoming")
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "auto": ""}
_WILD = re.compile(r"[*?\[]")
_ALIAS_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,19}")


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """What the options say. Columns are as they were typed: a name, or a number from 1 on; '' for not given."""

    file: str
    products_file: str
    which: str
    name_date: str
    complete: str
    last_line: str
    max_age: int
    """Seconds; 0 for no limit."""
    max_size: int
    """Bytes."""
    archive: str
    rejects: str
    format: str
    encoding: str
    delimiter: str
    """One character; '' to find out."""
    quotes: bool
    quantity: QuantityFormat
    header: bool
    skip_lines: int
    sheet: str
    columns: Mapping[str, str]
    """By what they are: sku, id, available, on_hand, committed, incoming, warehouse_column, name, pack_size."""
    aliases: Mapping[str, str]
    """Column by alias type."""
    warehouse: str
    blank_is_zero: bool
    absent: Absent
    covers: tuple[str, ...]
    """Beginnings of references; empty for all."""
    code_width: int
    given: frozenset[str] = field(default=frozenset())
    """Names of columns that were given rather than guessed."""
    decimal_given: bool = False

    def for_file(self, separator: str, *, mixed: bool) -> FeedSettings:
        """As it is for a file with this sign between its columns ('' in a workbook). A semicolon is written where the comma is
        the decimal sign, and there the point stands between thousands; and so it may where some quantities have a point before
        three digits and others none (`mixed`). Unless an option says it, 1.000 is not understood then."""
        if self.decimal_given or self.quantity.thousands or not (separator == ";" or mixed):
            return self
        return replace(self, quantity=replace(self.quantity, point_unsure=True))


def parse_aliases(text: str) -> dict[str, str]:
    """`EAN=Barcode, MPN=Part no` as columns by type; NotConfiguredError for anything else."""
    columns: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        kind, mark, column = (piece.strip() for piece in part.partition("="))
        if not mark or not column or not _ALIAS_TYPE.fullmatch(kind):
            raise NotConfiguredError(
                f"The option aliases has {part!r}.", advice="Give TYPE=column, such as EAN=Barcode, MPN=Part no."
            )
        columns[kind.upper()] = column
    return columns


def parse_covers(text: str) -> tuple[str, ...]:
    """`ACME-, BOLT-` as beginnings."""
    return tuple(filter(None, (piece.strip() for piece in text.split(","))))


def is_pattern(name: str) -> bool:
    """Whether a name of files stands for several."""
    return bool(_WILD.search(name))


def parse_settings(options: Mapping[str, str]) -> FeedSettings:
    """The options with their defaults; NotConfiguredError where two of them contradict each other."""
    text = {option.name: options.get(option.name, "").strip() or option.default for option in ABOUT.options}
    if text["decimal"] == text["thousands"]:
        raise NotConfiguredError(
            "The decimal sign and the thousands separator are the same.", advice="Change the option thousands."
        )
    if text["warehouse"] and text["warehouse_column"]:
        raise NotConfiguredError(
            "Both warehouse and warehouse_column are set.", advice="Clear one of them: --option warehouse="
        )
    if text["rejects"] and not text["rejects"].startswith(("/", "~")):
        raise NotConfiguredError(
            f"The option rejects is {text['rejects']!r}, not a whole path.", advice="Write the whole path, from / on."
        )
    if text["absent"] == Absent.UNCHANGED and text["which"] != "all" and is_pattern(text["file"]):
        raise NotConfiguredError(
            "With absent=unchanged each file counts, and which picks one.", advice="Set the option which=all."
        )
    names = ("sku", "id", *QUANTITIES, "warehouse_column", "name", "pack_size")
    return FeedSettings(
        file=text["file"], products_file=text["products_file"], which=text["which"],
        name_date=text["name_date"], complete=text["complete"],
        last_line=text["last_line"], max_age=int(text["max_age"]) * 3600, max_size=int(text["max_size"]) * 1_000_000,
        archive=text["archive"], rejects=text["rejects"], format=text["format"], encoding=text["encoding"],
        delimiter=_DELIMITERS[text["delimiter"]], quotes=text["quotes"] == "standard",
        quantity=QuantityFormat.named(text["decimal"], text["thousands"], text["unit"]), header=text["header"] == "yes",
        skip_lines=int(text["skip_lines"]), sheet=text["sheet"], columns={name: text[name] for name in names},
        aliases=parse_aliases(text["aliases"]), warehouse=text["warehouse"], blank_is_zero=text["blank"] == "zero",
        absent=Absent(text["absent"]), covers=parse_covers(text["covers"]), code_width=int(text["code_width"]),
        given=frozenset(name for name in names if text[name]), decimal_given=bool(options.get("decimal", "").strip()),
    )  # fmt: skip
