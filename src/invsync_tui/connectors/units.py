"""Quantities with fractions as whole units: rounded down, so that half a kilogram is never sold as one."""

from __future__ import annotations

import math
from decimal import Decimal

from invsync_tui.connectors.values import QUANTITY_MOST, describe_value

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
