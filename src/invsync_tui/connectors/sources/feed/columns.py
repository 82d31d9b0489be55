"""Which column of a file is what: by the options, by usual names, or by number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.connectors.sources.feed.settings import QUANTITIES, FeedSettings

_HELD = ("committed", "reserved", "allocated")
_UNITS = ("qty", "quantity", "stock", "units")
USUAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "sku": ("sku", "item", "item number", "item no", "item code", "article number", "product code", "code", "artikelnummer"),
    "available": ("available", "available quantity", "quantity available", "qty available", "available qty", "free stock",
                  "quantity", "qty", "stock"),
    "on_hand": ("on hand", "onhand", "qty on hand", "quantity on hand", "on hand quantity", "physical stock"),
    "committed": (*_HELD, *(f"{unit} {word}" for word in _HELD for unit in _UNITS),
                  *(f"{word} {unit}" for word in _HELD for unit in _UNITS)),
    "incoming": ("incoming", "on order", "expected"),
    "warehouse_column": ("warehouse", "warehouse code", "location", "site"),
    "name": ("name", "product name", "description", "item name", "title"),
}  # fmt: skip
"""Names that a column is known by without an option, folded; equal after folding and not merely similar."""
EITHER = frozenset({"quantity", "qty", "stock"})
"""Those of `available` that are also written above what lies in the warehouse, reserved goods included."""
USUAL_ALIASES = ("ean", "upc", "gtin", "asin", "mpn", "isbn", "barcode")
COLUMNS_MOST = 2000


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Positions (from 0) of what a file has; None for what it has not."""

    sku: int | None
    id: int | None
    available: int | None
    on_hand: int | None
    committed: int | None
    incoming: int | None
    warehouse: int | None
    name: int | None
    pack_size: int | None
    aliases: tuple[tuple[str, int], ...]
    """(type, position)."""
    titles: tuple[str, ...]
    """Names of all columns; empty without a header."""

    @property
    def needed(self) -> int:
        """How many columns a row has at least: up to the last one that is used, but for names and other codes."""
        used = (self.sku, self.id, self.available, self.on_hand, self.committed, self.warehouse, self.pack_size)
        return max((at + 1 for at in used if at is not None), default=1)

    def described(self) -> str:
        """In words, for the preview."""
        places = [(word, getattr(self, word)) for word in ("sku", "id", *QUANTITIES, "warehouse", "name", "pack_size")]
        named = [f"{word} = {self.title(at)}" for word, at in places if at is not None]
        return ", ".join([*named, *(f"{kind} = {self.title(at)}" for kind, at in self.aliases)])

    def title(self, at: int) -> str:
        """What a column is called in a message."""
        return f"{self.titles[at]!r}" if at < len(self.titles) and self.titles[at] else f"column {at + 1}"


def folded(name: str) -> str:
    """A column's name without what differs between programs: case, spaces, underscores."""
    return " ".join(name.replace("_", " ").replace("\u00a0", " ").strip().casefold().split())


def map_columns(settings: FeedSettings, titles: Sequence[str], *, of_products: bool, file: str) -> ColumnMap:
    """The columns of a file whose header is `titles` (empty without one).

    NotConfiguredError where a named column is not there or is there twice, and where no code or no quantity is known.
    """
    finder = _Finder(settings, titles, file)
    elsewhere = of_products or bool(settings.products_file)
    places = {
        word: finder.find(word, optional=of_products or (elsewhere and word == "name")) for word in settings.columns
    }
    if settings.warehouse or of_products:
        places["warehouse_column"] = None
    columns = ColumnMap(
        sku=places["sku"], id=places["id"], available=places["available"], on_hand=places["on_hand"],
        committed=places["committed"], incoming=places["incoming"], warehouse=places["warehouse_column"],
        name=places["name"], pack_size=places["pack_size"], aliases=finder.aliases(optional=elsewhere), titles=tuple(titles),
    )  # fmt: skip
    if columns.sku is None and columns.id is None and not columns.aliases:
        raise finder.missing("a code", "sku")
    if columns.available is None and columns.on_hand is None and not of_products:
        raise finder.missing("a quantity", "available")
    if not of_products:
        finder.refuse_either(columns)
    return columns


class _Finder:
    def __init__(self, settings: FeedSettings, titles: Sequence[str], file: str) -> None:
        self._settings, self._titles, self._file = settings, [title.strip() for title in titles], file
        self._folded = [folded(title) for title in titles]
        named = ((word, settings.columns[word]) for word in (*QUANTITIES, "pack_size"))
        self._taken = {at for _, column in named if column for at in self._places(column) or self._numbered(column)}
        """Columns of numbers that an option names: none of them is guessed to be another one."""

    def find(self, word: str, *, optional: bool) -> int | None:
        column = self._settings.columns[word]
        place = self._named(column, word, optional=optional) if column else None
        return self._usual(USUAL_NAMES.get(word, ()), word) if place is None else place

    def refuse_either(self, columns: ColumnMap) -> None:
        """NotConfiguredError where a guessed column may be what is in the warehouse or what is for sale, and the file says
        how much of it is reserved: one of the two would sell that again."""
        at, held = columns.available, columns.committed
        if at is None or held is None or columns.on_hand is not None or self._settings.columns["available"]:
            return
        if self._folded[at] in EITHER:
            raise NotConfiguredError(
                f"{self._file}: {columns.title(at)} may be what is for sale or what is in the warehouse, of which "
                f"{columns.title(held)} is reserved.",
                advice=f"Say which it is: --option available={self._titles[at]} or --option on_hand={self._titles[at]}",
            )

    def aliases(self, *, optional: bool) -> tuple[tuple[str, int], ...]:
        places = {
            kind: self._named(name, "aliases", optional=optional) for kind, name in self._settings.aliases.items()
        }
        if not self._settings.aliases:
            places = {kind.upper(): self._usual((kind,), "aliases") for kind in USUAL_ALIASES}
        return tuple((kind, at) for kind, at in places.items() if at is not None)

    def _named(self, column: str, word: str, *, optional: bool) -> int | None:
        places = self._places(column)
        if len(places) > 1:
            numbers = " and ".join(str(at + 1) for at in places)
            raise NotConfiguredError(
                f"{self._file}: columns {numbers} are both called {column!r}.",
                advice=f"Give the column's number: --option {word}={places[0] + 1}",
            )
        if places:
            return places[0]
        if numbered := self._numbered(column):
            return numbered[0]
        if optional and self._titles:
            return None
        raise self.missing(f"a column {column!r}", word)

    def _places(self, name: str) -> list[int]:
        exact = [at for at, title in enumerate(self._titles) if title == name]
        return exact or [at for at, title in enumerate(self._folded) if title == folded(name)]

    def _numbered(self, column: str) -> list[int]:
        """The position of a column that is given by its number; [] for anything else."""
        most = len(self._titles) or COLUMNS_MOST
        given = column.isdecimal() and column.isascii() and len(column) < 6 and 1 <= int(column) <= most
        return [int(column) - 1] if given else []

    def _usual(self, names: Iterable[str], word: str) -> int | None:
        taken = self._taken if word in QUANTITIES else ()
        for name in names:
            places = [at for at, title in enumerate(self._folded) if title == name and at not in taken]
            if len(places) > 1:
                return self._named(name, word, optional=False)
            if places:
                return places[0]
        return None

    def missing(self, what: str, word: str) -> NotConfiguredError:
        """It has no such column."""
        if not self._titles:
            return NotConfiguredError(
                f"{self._file} is read without a header, and no option says which column is {what}.",
                advice=f"Give the column's number: --option {word}=1",
            )
        titles = ", ".join(repr(title) for title in self._titles[:20] if title) or "none"
        return NotConfiguredError(
            f"{self._file} has no column for {what}. Its columns: {titles}.", advice=f"Name it: --option {word}=NAME"
        )
