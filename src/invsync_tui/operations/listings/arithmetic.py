"""How the target of a listing is made, in one line: `59 = WEST 40 + EAST 20 - buffer 1`. The whole chain is `diagnosis.why`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from invsync_tui import clock
from invsync_tui.connectors import registry
from invsync_tui.operations.diagnosis.why_table import STEP_WORDS
from invsync_tui.operations.errors import as_operation_error
from invsync_tui.operations.session import Session
from invsync_tui.plain_text import grouped
from invsync_tui.rules.quantity import Step
from invsync_tui.sync import connections
from invsync_tui.sync.decide import traces
from invsync_tui.sync.settings import load_settings

NAMED_MOST = 5
"""Warehouses that are named; more are counted."""
BEYOND_THE_TARGET = frozenset({"basis", "compare", "skip", "elsewhere", "threshold"})
"""Steps that say what the cart or the shop makes of the target."""


class Target(NamedTuple):
    """What a listing should show by the stock and the settings of now, in sellable units, and what that is made of."""

    units: int
    text: str


def of_listings(session: Session, listings: Iterable[tuple[int, int]]) -> dict[int, Target]:
    """By number, of listings that are given as (cart, number); those whose target is not known are left out."""
    by_cart: defaultdict[int, list[int]] = defaultdict(list)
    for cart_id, number in listings:
        by_cart[cart_id].append(number)
    targets: dict[int, Target] = {}
    with as_operation_error(), session.store.reading() as cx:
        for cart_id, numbers in by_cart.items():
            settings = load_settings(cx, cart_id)
            if settings is None:
                continue
            basis = registry.cart(connections.cart_connection(settings.cart)).capabilities.quantity_basis
            for trace in traces(cx, numbers, settings, basis, clock.seconds()):
                if trace.desired is not None and (text := in_one_line(trace.steps)):
                    targets[trace.row.id] = Target(trace.desired, text)
    return targets


def in_one_line(steps: Sequence[Step]) -> str:
    """The sum of what the steps add and take; '' where one of them ends in something unknown."""
    chain = [step for step in steps if step.step not in BEYOND_THE_TARGET]
    last = chain[-1].after if chain else None
    if last is None:
        return ""
    terms = [*_stock(chain), *_others(chain)] or [("stock", 0)]
    written = "".join(f" {'-' if units < 0 else '+'} {name} {grouped(abs(units))}" for name, units in terms)
    return f"{grouped(last)} = {written.removeprefix(' + ').lstrip()}"


def _stock(chain: Sequence[Step]) -> list[tuple[str, int]]:
    """The warehouses that have any."""
    by_code: Mapping[str, int] = {
        step.because.partition(":")[0]: (step.after or 0) - (step.before or 0)
        for step in chain
        if step.step == "sum" and step.after != step.before
    }
    if len(by_code) > NAMED_MOST:
        return [(f"{len(by_code)} warehouses", sum(by_code.values()))]
    return [(code, units) for code, units in by_code.items() if units]


def _others(chain: Sequence[Step]) -> list[tuple[str, int]]:
    changes = ((step, (step.after or 0) - (step.before or 0)) for step in chain if step.step != "sum")
    return [(STEP_WORDS.get(step.step, step.step), units) for step, units in changes if units]
