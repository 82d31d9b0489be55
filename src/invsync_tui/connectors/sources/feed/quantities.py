"""Quantities as people and spreadsheets write them, read strictly: what could mean two numbers is refused."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from invsync_tui.connectors.values import QUANTITY_MOST, describe_value

_PLAIN_DIGITS = 12
"""Digits of a number that is surely below QUANTITY_MOST."""
_NOISE = Decimal("0.000001")
"""Spreadsheets and other programs keep numbers as floats: 16.999999999 is 17."""
_ONE_GROUP = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")
_SEPARATORS = {"comma": ",", "point": ".", "space": " ", "apostrophe": "'"}
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'", "\u2212": "-"})
"""What programs write for a space, an apostrophe and a minus between digits."""


_WHOLE = re.compile(r"[1-9][0-9]{0,11}")
_OTHER_FRACTION = re.compile(r"[0-9]*\.(?:[0-9]{1,2}|[0-9]{4,})")


def may_group(texts: Iterable[str]) -> bool:
    """Whether a point in some of these quantities may stand between thousands: others are whole numbers without one, and none has
    another number of digits behind it than three. What writes 5.000 for five does so for each."""
    whole = False
    for text in texts:
        if _OTHER_FRACTION.fullmatch(text):
            return False
        whole = whole or _WHOLE.fullmatch(text) is not None
    return whole


class BlankError(ValueError):
    """There is nothing in the field."""


@dataclass(frozen=True, slots=True)
class QuantityFormat:
    """How quantities are written. `decimal` is `.` or `,`; `thousands` '' for none; `unit` a word behind the number."""

    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    point_unsure: bool = False
    """A point before three digits may stand between thousands as well."""

    @classmethod
    def named(cls, decimal: str, thousands: str, unit: str) -> QuantityFormat:
        """By the words of the options."""
        return cls(_SEPARATORS[decimal], _SEPARATORS.get(thousands, ""), unit.strip())

    def whole(self, text: str) -> int:
        """Whole units in a quantity, rounded down. BlankError for nothing, ValueError for what is not one number."""
        number = self.exact(text)
        return number if isinstance(number, int) else math.floor(number + _NOISE)

    def exact(self, text: str) -> int | Decimal:
        """The quantity as it is written; errors as `whole`."""
        if len(text) <= _PLAIN_DIGITS and text.isdecimal() and text.isascii():
            return int(text)
        stripped = text.translate(_SPACES).strip()
        if not stripped:
            raise BlankError("is blank")
        if self.unit and stripped.lower().endswith(self.unit.lower()):
            stripped = stripped[: -len(self.unit)].strip()
        sign, digits = _signed(stripped)
        number = self._number(digits, text)
        if number > QUANTITY_MOST:
            raise ValueError(f"{describe_value(text)} is larger than any stock")
        return sign * number

    def _number(self, digits: str, text: str) -> Decimal:
        if self.point_unsure and _ONE_GROUP.fullmatch(digits):
            raise ValueError(
                f"{describe_value(text)} may be {digits.replace('.', '')} or {digits}: set the option decimal to point or comma"
            )
        whole, mark, part = digits.partition(self.decimal)
        if self.thousands and self.thousands in whole:
            if not re.fullmatch(rf"[0-9]{{1,3}}(?:{re.escape(self.thousands)}[0-9]{{3}})+", whole):
                raise ValueError(f"{describe_value(text)} is not a number with groups of three digits")
            whole = whole.replace(self.thousands, "")
        if not re.fullmatch(r"[0-9]{0,40}", whole) or not re.fullmatch(r"[0-9]{0,40}", part) or not whole + part:
            raise ValueError(f"{describe_value(text)} is not a number{self._hint(digits)}")
        return Decimal(f"{whole or 0}.{part or 0}" if mark else whole)

    def _hint(self, digits: str) -> str:
        if re.fullmatch(r"[0-9][0-9.,' ]*", digits):
            return "; see the options decimal and thousands"
        return ""


def _signed(text: str) -> tuple[int, str]:
    """The sign and the rest of `-5`, `5-`, `(5)` and `+5`."""
    if text.startswith("(") and text.endswith(")"):
        return -1, text[1:-1].strip()
    if text.startswith("-"):
        return -1, text[1:].strip()
    if text.endswith("-"):
        return -1, text[:-1].strip()
    return 1, text.removeprefix("+")


def whole_of_cell(value: object, style: QuantityFormat) -> int:
    """As `whole` for a cell of a workbook: a number as such, a text as in a CSV file."""
    number = exact_of_cell(value, style)
    return number if isinstance(number, int) else math.floor(number + _NOISE)


def exact_of_cell(value: object, style: QuantityFormat) -> int | Decimal:
    """As `exact` for a cell of a workbook."""
    if isinstance(value, bool):
        raise ValueError(f"{describe_value(value)} is not a number")
    if isinstance(value, int | float):
        if not math.isfinite(value):
            raise ValueError(f"{describe_value(value)} is not a number")
        if abs(value) > QUANTITY_MOST:
            raise ValueError(f"{describe_value(value)} is larger than any stock")
        return value if isinstance(value, int) else Decimal(repr(value))
    if value is None:
        raise BlankError("is blank")
    if not isinstance(value, str):
        raise ValueError(f"{describe_value(value)} is not a number")
    return style.exact(value)
