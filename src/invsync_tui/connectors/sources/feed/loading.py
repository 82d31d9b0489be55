"""From the rows of a file to staged rows: codes, warehouses and quantities, each row for itself."""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from invsync_tui.connectors.errors import ContractError, UnavailableError
from invsync_tui.connectors.sources.feed.about import DIGITS_MOST
from invsync_tui.connectors.sources.feed.columns import ColumnMap
from invsync_tui.connectors.sources.feed.quantities import BlankError, exact_of_cell, whole_of_cell
from invsync_tui.connectors.sources.feed.settings import FeedSettings
from invsync_tui.connectors.sources.feed.simple_rows import PART, simple_rows
from invsync_tui.connectors.sources.feed.staging import StagedProduct, StagedRow, Staging, packed_aliases
from invsync_tui.connectors.sources.feed.text_rows import RawRow, has_lost_bytes, wrong_bytes
from invsync_tui.connectors.values import QUANTITY_MOST, TEXT_MOST, describe_value, fraction, quantity
from invsync_tui.rules.matching import trimmed

BATCH = 5000
WAREHOUSES_MOST = 1000
CODE_MOST = 500
"""Characters of a code or a warehouse's name."""
_EXPONENT = re.compile(r"[0-9]+(?:[.,][0-9]+)?E\+[0-9]{2,}", re.IGNORECASE)
"""A long code as a spreadsheet writes it after taking it for a number."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FORMULA = re.compile(r'="(.*)"')
"""How programs keep a spreadsheet from taking a code for a number."""
_PLAIN_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]{0,99}").fullmatch
"""A code that needs no second look: nothing around it, and no exponent."""
_PLAIN_NUMBER = re.compile(r"[0-9]{1,12}").fullmatch
_AROUND = " \t\r\n\u00a0\u202f\u200b\ufeff"
"""White space around a code. What else nobody sees is left out when codes are compared."""
PREVIEW = 3


@dataclass(slots=True)
class Loaded:
    """What reading the files found."""

    warehouses: dict[str, None] = field(default_factory=dict)
    """Names in the order of their first row."""
    preview: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    """What was found of each file, in words."""
    repaired: int = 0
    """Names with bytes that could not be decoded."""
    blank_rows: int = 0


PlainRow = tuple[str, str, str, int, int | None, int | None, int | None]
"""SKU, name, aliases, available, on hand, committed, incoming."""


class RowError(ValueError):
    """Why a row cannot be read."""


class RowReader:
    """Reads rows of one file. `cell` is (line, position) -> what a message calls the place."""

    def __init__(
        self, settings: FeedSettings, columns: ColumnMap, encoding: str, place: Callable[[int, int | None], str]
    ) -> None:
        self._settings, self.columns, self._encoding, self._place = settings, columns, encoding, place
        self._plain_codes = not settings.code_width
        self._width = len(columns.titles)
        self._needed = columns.needed
        self._sku_at, self._available_at, self._name_at = columns.sku or 0, columns.available or 0, columns.name
        self._other_quantities = (columns.on_hand, columns.committed, columns.incoming)
        known = columns.sku is not None and columns.available is not None and self._width > 0
        # Whether a row of such columns may need no second look, see `plain`.
        self.simple = known and self._plain_codes and columns.id is None and columns.pack_size is None
        self.repaired = 0
        self.fraction = ""
        """What the last row has available in its own digits, where that is no whole number."""
        self.bad_codes: list[str] = []
        """Why other codes of the last row cannot be read: they cost nothing but themselves."""

    def plain(self, fields: Sequence[Any]) -> PlainRow | None:
        """A row in which everything is as simple as it can be, which most rows are; None for any other row."""
        if not self.simple or len(fields) != self._width:
            return None
        try:
            sku, available = fields[self._sku_at], fields[self._available_at]
            if not (_PLAIN_CODE(sku) and _PLAIN_NUMBER(available)):
                return None
            name = "" if self._name_at is None else fields[self._name_at]
            others = [None if at is None else fields[at] for at in self._other_quantities]
            codes = [(kind, fields[at]) for kind, at in self.columns.aliases]
            if not (
                name.isprintable()
                and all(number is None or _PLAIN_NUMBER(number) for number in others)
                and all(_PLAIN_CODE(code) for _, code in codes)
            ):
                return None
        except (TypeError, AttributeError):  # a cell of a workbook that is no text
            return None
        on_hand, committed, incoming = (None if number is None else int(number) for number in others)
        return sku, name.strip(), packed_aliases(codes), int(available), on_hand, committed, incoming

    # --- codes and names ---------------------------------------------------------------------------------------------

    def code(self, fields: Sequence[object], at: int, line: int) -> str:
        """A code without the spaces around it; RowError where it is not the one that was written there."""
        value = fields[at] if at < len(fields) else ""
        if isinstance(value, str):
            if value.isalnum() and value.isascii() and len(value) <= CODE_MOST:
                return value
            return self._text_code(value, at, line)
        if value is None:
            return ""
        if isinstance(value, float) and value.is_integer():
            digits = f"{value:.0f}"
            raise RowError(
                f"{self._place(line, at)}: the code {digits} is a number of more than {DIGITS_MOST} digits, which the "
                "spreadsheet has rounded; format the column as text"
            )
        raise RowError(
            f"{self._place(line, at)}: the code {describe_value(value)} is not text; format the column as text"
        )

    def _text_code(self, value: str, at: int, line: int) -> str:
        code = value.strip(_AROUND)
        if formula := _FORMULA.fullmatch(code):
            code = formula[1].strip(_AROUND)
        if _EXPONENT.fullmatch(code):
            raise RowError(
                f"{self._place(line, at)}: the code {describe_value(code)} was rounded by a spreadsheet; format the column "
                "as text"
            )
        return self._clean(code, at, line)

    def _clean(self, text: str, at: int, line: int) -> str:
        if len(text) > CODE_MOST:
            raise RowError(f"{self._place(line, at)}: {describe_value(text)} has more than {CODE_MOST} characters")
        if has_lost_bytes(text):
            raise RowError(f"{self._place(line, at)}: {wrong_bytes(text, self._encoding)}")
        if not text.isprintable() and _CONTROL.search(text):
            raise RowError(f"{self._place(line, at)}: {describe_value(text)} has control characters")
        return text

    def sku(self, fields: Sequence[object], line: int) -> str:
        """The SKU, '' for none."""
        if self.columns.sku is None:
            return ""
        code = self.code(fields, self.columns.sku, line)
        if self._plain_codes or not (code.isdecimal() and code.isascii()):
            return code
        return code.zfill(self._settings.code_width)

    def aliases(self, fields: Sequence[object], line: int) -> str:
        """The product's other codes, packed into one text."""
        if not self.columns.aliases:
            return ""
        codes = []
        for kind, at in self.columns.aliases:
            try:
                code = self.code(fields, at, line)
            except RowError as error:
                self.bad_codes.append(str(error))
                continue
            if code:
                codes.append((kind, code))
        return packed_aliases(codes)

    def name(self, fields: Sequence[object]) -> str:
        """The product's name on one line; what could not be decoded of it is a replacement character."""
        at = self.columns.name
        if at is None or at >= len(fields) or fields[at] is None:
            return ""
        text = str(fields[at])
        if text.isprintable():
            return text.strip()[:TEXT_MOST]
        if has_lost_bytes(text):
            self.repaired += 1
            text = "".join("\ufffd" if "\udc80" <= char <= "\udcff" else char for char in text)
        return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:TEXT_MOST]

    def identity(self, fields: Sequence[object], line: int) -> tuple[str, str | None, str]:
        """(reference, SKU or None, aliases); RowError where there is no code at all."""
        self.bad_codes.clear()
        sku = self.sku(fields, line)
        aliases = self.aliases(fields, line)
        ref = self.code(fields, self.columns.id, line) if self.columns.id is not None else sku
        ref = ref or aliases.partition("\x1e")[0].replace("\x1f", ":")
        if not ref:
            raise RowError(self.bad_codes[0] if self.bad_codes else f"{self._place(line, None)}: it has no code")
        return ref, sku or None, aliases

    # --- quantities --------------------------------------------------------------------------------------------------

    def _quantity(self, fields: Sequence[object], at: int | None, line: int, word: str) -> int | None:
        """None for a column that is not there or blank."""
        if at is None:
            return None
        value = fields[at] if at < len(fields) else ""
        try:
            return whole_of_cell(value, self._settings.quantity)
        except BlankError:
            return 0 if self._settings.blank_is_zero else None
        except ValueError as error:
            why = "the text has bytes that cannot be decoded" if has_lost_bytes(str(value)) else str(error)
            raise RowError(f"{self._place(line, at)}: {word.replace('_', ' ')} {why}") from None

    def _available(self, fields: Sequence[object]) -> int | Decimal:
        """What is for sale before it is rounded, of cells that `_quantity` could read; 0 for those that are blank."""
        columns = self.columns
        if columns.available is not None:
            return self._exact(fields, columns.available)
        return self._exact(fields, columns.on_hand) - self._exact(fields, columns.committed)

    def _exact(self, fields: Sequence[object], at: int | None) -> int | Decimal:
        """The quantity of a cell that `_quantity` could read, before it is rounded; 0 without one."""
        try:
            value = fields[at] if at is not None and at < len(fields) else ""
            return exact_of_cell(value, self._settings.quantity)
        except BlankError:
            return 0

    def quantities(self, fields: Sequence[object], line: int) -> tuple[int | None, int, int | None, int | None]:
        """on hand, available, committed, incoming; RowError where what is for sale is not known."""
        columns = self.columns
        available = self._quantity(fields, columns.available, line, "available")
        on_hand = self._quantity(fields, columns.on_hand, line, "on_hand")
        committed = self._quantity(fields, columns.committed, line, "committed")
        incoming = self._quantity(fields, columns.incoming, line, "incoming")
        if columns.available is None and committed is not None and committed < 0:
            raise RowError(
                f"{self._place(line, columns.committed)}: committed is below 0, so what is for sale is not known"
            )
        exact = self._available(fields)
        if columns.available is None and on_hand is not None and (columns.committed is None or committed is not None):
            available = quantity(exact)
        if available is None:
            word = "available" if columns.available is not None else "on hand" if on_hand is None else "committed"
            raise RowError(f"{self._place(line, None)}: {word} is blank, so what is for sale is not known")
        self.fraction = fraction(exact)
        if columns.pack_size is None:
            return on_hand, available, committed, incoming
        units = self._quantity(fields, columns.pack_size, line, "pack_size")
        if not units or units < 0:
            raise RowError(f"{self._place(line, columns.pack_size)}: the pack size is not a number above 0")
        # Rounded once, at the end: 2.5 packs of 12 are 30 units.
        self.fraction = fraction(exact * units)
        try:
            return (
                None if on_hand is None else quantity(self._exact(fields, columns.on_hand) * units),
                quantity(exact * units),
                None if committed is None else quantity(self._exact(fields, columns.committed) * units),
                None if incoming is None else quantity(self._exact(fields, columns.incoming) * units),
            )
        except ValueError as error:
            raise RowError(f"{self._place(line, None)}: in units {error}") from None

    def check_width(self, fields: Sequence[object], line: int) -> None:
        """RowError for a row with too few columns."""
        if len(fields) < self._needed:
            raise RowError(f"{self._place(line, None)}: it has {len(fields)} columns, {self._needed} are needed")

    def check_surplus(self, fields: Sequence[object], line: int) -> None:
        """RowError for a row with more columns than the header has: nobody knows which of them is which."""
        width = self._width
        if width and len(fields) > width and any(str(value).strip() for value in fields[width:] if value is not None):
            raise RowError(
                f"{self._place(line, None)}: it has {len(fields)} columns and the header {width}; a separator in a text "
                "has to be in quotes"
            )


class Loader:
    """Puts the rows of files into a staging."""

    def __init__(self, settings: FeedSettings, staging: Staging, stop: threading.Event) -> None:
        self._settings, self._staging, self._stop = settings, staging, stop
        self.loaded = Loaded()

    def levels(self, rows: Iterable[RawRow], reader: RowReader, file: str) -> int:
        """All rows of a stock file; returns how many. UnavailableError where the file is not complete."""
        number = len(self._staging.files)
        self._staging.files.append(file)
        count = 0
        if self._settings.last_line:
            rows = self._until_last(rows, self._settings.last_line, file)
        rows = iter(rows)
        while part := list(itertools.islice(rows, PART)):
            self._go_on()
            count += len(part)
            self._add(part, reader, number)
        self.loaded.repaired += reader.repaired
        return count

    def _go_on(self) -> None:
        """UnavailableError when the reading is to stop."""
        if self._stop.is_set():
            raise UnavailableError("The reading was stopped.")

    def _until_last(self, rows: Iterable[RawRow], mark: str, file: str) -> Iterable[RawRow]:
        """The rows before the last one, which begins with `mark`."""
        rows = iter(rows)
        for row in rows:
            first = next((str(value).strip() for value in row[1] if value not in (None, "")), "")
            if first.startswith(mark):
                break
            yield row
        else:
            raise UnavailableError(
                f"{file} has no last line that begins with {mark!r}: it is not complete.",
                advice="It is read once it is complete; if such a line is not expected, clear the option last_line.",
            )
        if next(rows, None) is not None:
            raise ContractError(f"{file} has rows behind the line that begins with {mark!r}.")

    def _add(self, rows: Sequence[RawRow], reader: RowReader, file: int) -> None:
        """Stage a part of a stock file."""
        if reader.simple and len(self.loaded.preview) >= PREVIEW:
            simple = simple_rows(rows, reader.columns, file, self.loaded.warehouses, self._settings.warehouse)
            if simple is not None:
                self._staging.add_simple_rows(*simple)
                return
        self._staging.add_rows([row for row in (self._level(*raw, reader, file) for raw in rows) if row is not None])

    def _level(self, line: int, fields: Sequence[object], why: str, reader: RowReader, file: int) -> StagedRow | None:
        """A line of a stock file, or None where it names no product; `why` it cannot be read, '' where it can."""
        if not why and (plain := self._plain_level(line, fields, reader, file)) is not None:
            return plain
        ref, sku, aliases = "", None, ""
        # Without a column for it the warehouse is known whatever the row has.
        placed = self._warehouse(fields, line, reader) if reader.columns.warehouse is None else None
        try:
            if why:
                raise RowError(why if why.startswith("lines") else f"line {line}: {why}")
            reader.check_surplus(fields, line)
            ref, sku, aliases = reader.identity(fields, line)
            reader.check_width(fields, line)
            warehouse = placed = self._warehouse(fields, line, reader)
            on_hand, available, committed, incoming = reader.quantities(fields, line)
            if not -QUANTITY_MOST <= available <= QUANTITY_MOST:
                raise RowError(f"line {line}: available is larger than any stock")
        except RowError as error:
            if not ref and _is_blank(fields) and not why:
                self.loaded.blank_rows += 1
                return None
            self._reject(file, line, fields, error, named=bool(ref) and placed is not None)
            if not ref or placed is None:
                return None
            name = reader.name(fields)
            return (file, line, ref, placed, sku, name, aliases, None, None, None, None, str(error), "")
        self._note_bad_codes(reader, ref, file, line, fields)
        name = reader.name(fields)
        if len(self.loaded.preview) < PREVIEW:
            preview_row = _preview(ref, warehouse or "Default", name, on_hand, available, committed, incoming, aliases)
            self.loaded.preview.append(preview_row)
        quantities = (on_hand, available, committed, incoming)
        return (file, line, ref, warehouse, sku, name, aliases, *quantities, None, reader.fraction)

    def _plain_level(self, line: int, fields: Sequence[object], reader: RowReader, file: int) -> StagedRow | None:
        """A line in which nothing is to be looked at closely, once the preview is full and its warehouse is known."""
        if len(self.loaded.preview) < PREVIEW or (plain := reader.plain(fields)) is None:
            return None
        at = reader.columns.warehouse
        place = self._settings.warehouse if at is None else str(fields[at])
        if place not in self.loaded.warehouses:
            return None
        code, name, aliases, available, on_hand, committed, incoming = plain
        return (file, line, code, place, code, name, aliases, on_hand, available, committed, incoming, None, "")

    def _reject(self, file: int, line: int, fields: Sequence[object], error: RowError, *, named: bool) -> None:
        """Keep a line that cannot be read, and that a product may be in it where it does not name one with its warehouse."""
        self._staging.add_reject(file, line, str(error), json.dumps([str(value) for value in fields]))
        if not named:
            self._staging.add_lost(f"{self._staging.files[file]}:{line}", str(error))

    def _note_bad_codes(self, reader: RowReader, ref: str, file: int, line: int, fields: Sequence[object]) -> None:
        for why in reader.bad_codes:
            self._staging.add_reject(file, line, why, json.dumps([str(value) for value in fields]))
            self._staging.add_lost(ref, why, named=True)

    def _warehouse(self, fields: Sequence[object], line: int, reader: RowReader) -> str:
        at = reader.columns.warehouse
        name = self._settings.warehouse if at is None else reader.code(fields, at, line)
        if name not in self.loaded.warehouses:
            if len(self.loaded.warehouses) >= WAREHOUSES_MOST:
                title = "" if at is None else reader.columns.title(at)
                raise ContractError(
                    f"{title} names more than {WAREHOUSES_MOST} warehouses: it seems to be another column.",
                    advice="Name the right one: --option warehouse_column=NAME",
                )
            self.loaded.warehouses[name] = None
        return name

    def products(self, rows: Iterable[RawRow], reader: RowReader, file: str) -> int:
        """All rows of a products file; returns how many."""
        number = len(self._staging.files)
        self._staging.files.append(file)
        batch: list[StagedProduct] = []
        count = 0
        for line, fields, why in rows:
            try:
                if why:
                    raise RowError(why if why.startswith("lines") else f"line {line}: {why}")
                reader.check_surplus(fields, line)
                ref, sku, aliases = reader.identity(fields, line)
            except RowError as error:
                if not _is_blank(fields) or why:
                    self._staging.add_reject(number, line, str(error), json.dumps([str(value) for value in fields]))
                    self._staging.add_lost(f"{file}:{line}", str(error))
                continue
            count += 1
            self._note_bad_codes(reader, ref, number, line, fields)
            batch.append((ref, sku, reader.name(fields), aliases))
            if len(batch) >= BATCH:
                self._go_on()
                self._staging.add_products(batch)
                batch = []
        self._staging.add_products(batch)
        self.loaded.repaired += reader.repaired
        return count


def _is_blank(fields: Sequence[object]) -> bool:
    return not any(value is not None and trimmed(str(value)) for value in fields)


def _preview(
    ref: str, warehouse: str, name: str, on_hand: int | None, available: int, committed: int | None,
    incoming: int | None, aliases: str,
) -> str:  # fmt: skip
    numbers = {"available": available, "on hand": on_hand, "committed": committed, "incoming": incoming}
    parts = [f"{word} {number}" for word, number in numbers.items() if number is not None]
    codes = aliases.replace("\x1f", " ").split("\x1e") if aliases else []
    return f"{ref} ({name or 'no name'}) in {warehouse}: {', '.join([*parts, *codes])}"
