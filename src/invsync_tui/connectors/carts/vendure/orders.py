"""Orders of a Vendure as lines, with the stock location that each takes its units from.

Vendure does not say of an order where its stock is allocated. Its variants say how much is allocated at each location:
what is not shipped yet lies where something is allocated, and where that is one location alone, or the orders at hand
explain all that is allocated, the numbers are certain. Otherwise a line has no location, and counts everywhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from invsync_tui.connectors.base import OrderLine
from invsync_tui.connectors.values import name_of, reference, seconds, text, whole


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line of an order: what is left of it after partial cancellations, and how much of that is not shipped."""

    order: str
    name: str
    variant: str
    units: int
    open: int
    taken_at: int
    allocated: Mapping[str, int]
    """By location, of the variant in all orders."""


def lines(orders: Sequence[Mapping[str, Any]]) -> list[OrderLine]:
    """The lines of some orders; an order that cannot be read is one line with the reason."""
    order_lines: list[OrderLine] = []
    by_variant: dict[str, list[OpenLine]] = defaultdict(list)
    for order in orders:
        try:
            read = _wanted(order)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            known = name_of(order)
            why = f"{type(error).__name__}: {error}"
            order_lines.append(OrderLine("" if known == "?" else known, "", 0, 0, error=why))
            continue
        for line in read:
            by_variant[line.variant].append(line)
    for group in by_variant.values():
        order_lines += _located(group)
    return order_lines


def _wanted(order: Mapping[str, Any]) -> list[OpenLine]:
    taken_at = seconds(int(datetime.fromisoformat(text(order["orderPlacedAt"])).timestamp()))
    ref, name = reference(order["id"]), text(order["code"])
    result = []
    for line in order["lines"]:
        units = whole(line["quantity"], 0)
        shipped = sum(whole(part["quantity"], 0) for part in line["fulfillmentLines"] or () if _stands(part))
        variant = line["productVariant"]
        allocated = {reference(at["stockLocationId"]): whole(at["stockAllocated"]) for at in variant["stockLevels"]}
        if units > 0:
            open_units = max(0, units - shipped)
            result.append(OpenLine(ref, name, reference(variant["id"]), units, open_units, taken_at, allocated))
    return result


def _stands(part: Mapping[str, Any]) -> bool:
    """Whether a fulfillment took its units out of what is allocated, and was not called off."""
    return bool(part["fulfillment"]["state"] != "Cancelled")


def _located(group: Sequence[OpenLine]) -> list[OrderLine]:
    """Lines of one variant with their location."""
    held = {at: units for at, units in group[-1].allocated.items() if units > 0}
    if len(held) == 1:
        only = next(iter(held))
        return [_line(line, line.units, only if line.open else "") for line in group]
    if held and sum(line.open for line in group) == sum(held.values()):
        return _shared_out(group, held)
    return [_line(line, line.units, "") for line in group]


def _shared_out(group: Sequence[OpenLine], held: dict[str, int]) -> list[OrderLine]:
    """All that is allocated is of these lines: whichever gets which part, each location's sum is right."""
    orders: list[OrderLine] = []
    for line in group:
        left = line.open
        if not left:
            orders.append(_line(line, line.units, ""))
            continue
        rest = line.units - line.open  # shipped, and most likely from the same place
        for at in sorted(held):
            part = min(left, held[at])
            if part:
                held[at] -= part
                left -= part
                orders.append(_line(line, part + rest, at))
                rest = 0
    return orders


def _line(line: OpenLine, units: int, location: str) -> OrderLine:
    return OrderLine(line.order, line.variant, units, line.taken_at, location, line.name)
