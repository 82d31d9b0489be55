"""Whole numbers and texts from outside, read strictly: nothing is rounded, converted or guessed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

QUANTITY_MOST = 10**12
"""Units, either way. More than any stock there is, and small enough that a million of them add up within the 64 bits of
the store's integers."""
NEEDED_MOST = 10**6
"""Units of a part in a kit: times QUANTITY_MOST it still fits."""
SECONDS_MOST = 253_402_300_799
"""Epoch seconds of the last second of the year 9999: what dates can be made of."""
SHOWN = 40
"""Characters of a refused value that are repeated."""


def whole(value: object, least: int = -QUANTITY_MOST, most: int = QUANTITY_MOST) -> int:
    """A whole number between `least` and `most`; ValueError for anything else.

    5 and 5.0 are the same number in JSON, so both are taken. A fraction, NaN, an infinity, a text, a boolean, null and
    a number out of bounds are not.
    """
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise ValueError(f"{describe_value(value)} is not a whole number")
    if not least <= value <= most:
        raise ValueError(f"{describe_value(value)} is not between {least} and {most}")
    return value


def maybe_whole(value: object, least: int = -QUANTITY_MOST, most: int = QUANTITY_MOST) -> int | None:
    """As `whole`; None for null."""
    return None if value is None else whole(value, least, most)


def seconds(value: object) -> int:
    """Epoch seconds, whole and after 1970; ValueError for anything else."""
    return whole(value, 0, SECONDS_MOST)


def maybe_seconds(value: object) -> int | None:
    """As `seconds`; None for null."""
    return None if value is None else seconds(value)


def describe_value(value: object) -> str:
    """A refused value for a message, however long it is."""
    message = repr(str(value)) if isinstance(value, str) else _plain(value)
    return message if len(message) <= SHOWN else f"{message[:SHOWN]}..."


def _plain(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and value.bit_length() > 128:
        return f"a number of {value.bit_length()} bits"
    return repr(value)


TEXT_MOST = 10_000
"""Characters of a code or a name."""


def text(value: object) -> str:
    """A text as such; ValueError for anything else, for one with bytes that are not UTF-8, and for one of a novel's size."""
    if type(value) is not str:
        raise ValueError(f"{describe_value(value)} is not a text")
    if len(value) > TEXT_MOST:
        raise ValueError(f"{describe_value(value)} has {len(value)} characters, more than {TEXT_MOST}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{describe_value(value)} has characters that do not exist") from None
    return value


# --- a column of a page at once ------------------------------------------------------------------------------------------
# A page of a thousand records is checked in a few calls. These never say yes to what the functions above refuse; they may
# say no to what those take (5.0), and then each value is looked at for itself.


def are_whole(
    values: Sequence[object], *, maybe: bool = False, least: int = -QUANTITY_MOST, most: int = QUANTITY_MOST
) -> bool:
    """Whether each is an integer between `least` and `most`, or with `maybe` None."""
    kinds = {*map(type, values)}
    if maybe and type(None) in kinds:
        kinds.discard(type(None))
        values = [value for value in values if value is not None]
    if not kinds <= {int}:
        return False
    return not values or (least <= min(values) and max(values) <= most)  # type: ignore[type-var, operator]


def are_texts(values: Sequence[object]) -> bool:
    """Whether `text` takes each as it is."""
    if {*map(type, values)} != {str}:
        return not values
    texts: Sequence[str] = values  # type: ignore[assignment]
    joined = "".join(texts)
    if len(joined) > TEXT_MOST and max(map(len, texts)) > TEXT_MOST:
        return False
    if not joined.isascii():
        try:
            joined.encode()
        except UnicodeEncodeError:
            return False
    return True


def are_booleans(values: Sequence[object]) -> bool:
    """Whether each is true or false."""
    return {*map(type, values)} <= {bool}


# --- references ----------------------------------------------------------------------------------------------------------


def reference(value: object) -> str:
    """The id of a record, a text that is not blank or a whole number; ValueError for anything else."""
    if type(value) is int:
        return str(value)
    ref = text(value)
    if not ref.strip():
        raise ValueError("the id is blank")
    return ref


def yes_or_no(value: object) -> bool:
    """A boolean as such; ValueError for anything else: 0, "false" and null are not no."""
    if type(value) is not bool:
        raise ValueError(f"{describe_value(value)} is neither true nor false")
    return value


def name_of(record: object, key: str = "id") -> str:
    """What a record that cannot be read is called in a message: its id as far as it has one, else '?'."""
    try:
        return reference(record[key]) if isinstance(record, dict) else "?"
    except (KeyError, ValueError):
        return "?"


NOISE = Decimal("0.000001")
"""A binary fraction, or 12 times a twelfth, may be a little below the whole number that was meant."""
FLOAT_NOISE = float(NOISE)


def fraction(value: object) -> str:
    """The value in digits where it is no whole number, such as `2.5`; '' for a whole one. For what `quantity` takes."""
    if type(value) is float:
        value = Decimal(repr(value))
    if not isinstance(value, Decimal) or abs(value - round(value)) <= NOISE:
        return ""
    return f"{value:.6f}".rstrip("0")


def quantity(value: object) -> int:
    """Whole units, rounded down; ValueError for what is no number or larger than any stock."""
    if type(value) is float and math.isfinite(value):
        value = math.floor(value + FLOAT_NOISE) if abs(value) <= QUANTITY_MOST else int(value)
    elif type(value) is Decimal and value.is_finite():
        # Its digits first: the whole number of 1E+999999 would fill the memory.
        value = math.floor(value + NOISE) if value.adjusted() < 20 else 10**20
    if type(value) is not int:
        raise ValueError(f"{describe_value(value)} is not a number")
    if abs(value) > QUANTITY_MOST:
        raise ValueError(f"{describe_value(value)} is larger than any stock")
    return value
