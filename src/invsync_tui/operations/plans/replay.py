"""Recomputes an old push from what it knew, without the network: by the rules of then, or by today's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import Any

from invsync_tui.connectors import registry
from invsync_tui.operations.errors import NotFoundError, OperationError, as_operation_error
from invsync_tui.operations.runs.views import find
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import fields
from invsync_tui.rules.matching import normalize_key
from invsync_tui.rules.outcomes import Reason
from invsync_tui.rules.quantity import CHAIN, Decision, Step
from invsync_tui.store.catalog import lookup
from invsync_tui.store.listings import plans
from invsync_tui.store.listings.listings import PlanRow
from invsync_tui.store.runs import decision_log
from invsync_tui.sync import connections
from invsync_tui.sync.plans.decision_log import DecisionChunk, RecordedDecision, plans_of
from invsync_tui.sync.plans.replay import Rules, decide
from invsync_tui.sync.settings import load_settings

_SETTINGS = tuple(
    sorted(
        (setting for setting in (*fields.MERCHANT, *fields.CART) if setting.step or setting.bears_on),
        key=lambda setting: setting.name == fields.WAREHOUSES,
    )
)
"""Settings that a plan's decisions follow. The warehouses are the last that is named where several differ."""
SETTINGS_OF = {
    step: tuple(setting.column for setting in _SETTINGS if step in (setting.step, *setting.bears_on))
    for step in (*CHAIN, "switch")
} | {"basis": ("basis",)}
"""Which settings a step of the chain follows; `switch` is what comes before it."""


Recorded = RecordedDecision
"""A decision without its steps: outcome, reason, desired, target."""


class RulesOf(StrEnum):
    """By whose rules to decide again."""

    THEN = "then"
    TODAY = "today"


@dataclass(frozen=True, slots=True)
class Because:
    """The first step at which two decisions part, and the setting that makes it; None where no setting differs."""

    step: str
    setting: str | None
    then: Any
    today: Any


@dataclass(frozen=True, slots=True)
class ReplayLine:
    """A listing that comes out differently now. Quantities are sellable units, `target` in the cart's basis."""

    listing_id: int
    sku: str
    ref: str
    decided_at: int
    then: Recorded
    now: Recorded
    because: Because


@dataclass(frozen=True, slots=True)
class Replay:
    """An old run decided again. Each listing counts once, with the last decision that the run made on it."""

    run_id: int
    cart_id: int
    cart: str
    rules: RulesOf
    decided: int
    lines: tuple[ReplayLine, ...]
    """Those that differ, by listing."""
    settings: Mapping[str, tuple[Any, Any]]
    """Settings that differ: then, today."""

    @property
    def identical(self) -> bool:
        """Every decision came out as recorded."""
        return not self.lines


def replay(session: Session, run_id: int, rules: RulesOf = RulesOf.THEN, sku: str | None = None) -> Replay:
    """Decide again; `sku` narrows to a SKU, an alias or a cart listing ID. NotFoundError where nothing is kept of the run."""
    run = find(session, run_id)
    if run.kind != "push":
        raise OperationError(f"Run {run_id} is a pull: it decided nothing. Replay a push; see: invsync runs.")
    with as_operation_error(), session.store.reading() as cx:
        documents = plans_of(cx, run_id)
        if not documents:
            raise _not_kept(cx, run_id)
        then = [Rules.of(document) for document in documents]
        today = then[-1] if rules is RulesOf.THEN else _saved(cx, run.key)
        wanted = None if sku is None else _wanted(cx, run.key, sku)
        decided, lines = 0, []
        for chunk, places in _last_decisions(cx, run.key, run_id):
            mine = then[chunk.plan]
            for place, line in _compared(chunk, places, mine, mine if rules is RulesOf.THEN else today):
                if wanted is None or _is_wanted(chunk.rows[place], sku or "", wanted):
                    decided += 1
                    lines.extend([line] if line else [])
    if wanted is not None and not decided:
        raise NotFoundError(f"Run {run_id} decided nothing on {sku!r}. A listing that did not change is not planned.")
    sorted_lines = tuple(sorted(lines, key=lambda line: line.listing_id))
    return Replay(run_id, run.key, run.cart or "", rules, decided, sorted_lines, changed(then[-1], today))


def _not_kept(cx: sqlite3.Connection, run_id: int) -> OperationError:
    plan = plans.of_run(cx, run_id)
    if plan is not None and plan.kind != "rules":
        return OperationError(
            f"Run {run_id} sent plan {plan.id} ({plan.kind}), which no settings made: there is nothing to decide again."
        )
    days = decision_log.KEPT_SECONDS // 86400
    return NotFoundError(
        f"What run {run_id} knew is not kept. It is for {days} days and for the newest {decision_log.KEPT_RUNS} runs of a cart; "
        "see: invsync runs."
    )


def _saved(cx: sqlite3.Connection, cart_id: int) -> Rules:
    settings = load_settings(cx, cart_id)
    if settings is None:
        raise OperationError("The cart's merchant has no WMS connection any more, so there are no rules of today.")
    basis = registry.cart(connections.cart_connection(settings.cart)).capabilities.quantity_basis
    return Rules.of_settings(settings, basis)


def _wanted(cx: sqlite3.Connection, cart_id: int, sku: str) -> frozenset[int]:
    """Products that a word means by any of their codes."""
    return frozenset(code.product_id for code in lookup.codes(cx, normalize_key(sku)))


def _is_wanted(row: PlanRow, sku: str, products: frozenset[int]) -> bool:
    return row.product_id in products or normalize_key(row.sku) == normalize_key(sku) or row.ref == sku.strip()


def _last_decisions(cx: sqlite3.Connection, cart_id: int, run_id: int) -> Iterator[tuple[DecisionChunk, Sequence[int]]]:
    """Chunks of a run with the places in them that no later chunk decided again."""
    seen: set[int] = set()
    for recorded in decision_log.newest_first(cx, cart_id, run_id):
        chunk = DecisionChunk(recorded)
        places = [place for place, number in enumerate(chunk.ids) if number not in seen]
        seen.update(chunk.ids)
        yield chunk, places


def _compared(
    chunk: DecisionChunk, places: Sequence[int], then: Rules, today: Rules
) -> Iterator[tuple[int, ReplayLine | None]]:
    """Each place with its line where it comes out differently."""
    decisions = decide(chunk, today)
    differing = [
        place for place in places if _present(RecordedDecision.of(decisions[place])) != _present(chunk.decisions[place])
    ]
    explained = (decide(chunk, then, explain=True), decide(chunk, today, explain=True)) if differing else ([], [])
    parted = set(differing)
    for place in places:
        line = None
        if place in parted:
            row = chunk.rows[place]
            because = _because(explained[0][place], explained[1][place], changed(then, today))
            made = (
                _present(chunk.decisions[place]),
                _present(RecordedDecision.of(decisions[place])),
            )
            line = ReplayLine(row.id, row.sku, row.ref, chunk.at, *made, because)
        yield place, line


def _present(decision: RecordedDecision) -> RecordedDecision:
    """A decision with the present code of its reason."""
    return decision._replace(reason=str(Reason(decision.reason))) if decision.reason else decision


# --- because -----------------------------------------------------------------------------------------------------------


def changed(then: Rules, today: Rules) -> dict[str, tuple[Any, Any]]:
    """Settings of the chain that differ, by the name of their column: (then, today)."""
    before, after = _named(then), _named(today)
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}


def _named(rules: Rules) -> dict[str, Any]:
    settings = rules.settings
    codes = settings.warehouse_codes
    elsewhere = {
        fields.WAREHOUSES: sorted(codes.get(number, str(number)) for number in settings.warehouse_ids),
        "stale_after": settings.stale_after,
        "basis": rules.basis.value,
    }
    rows = {"merchant": settings.merchant, "cart": settings.cart}
    mine = [setting for setting in _SETTINGS if setting.column not in elsewhere]
    return {named.column: getattr(rows[named.table], named.column) for named in mine} | elsewhere


def _because(then: Decision, today: Decision, differ: Mapping[str, tuple[Any, Any]]) -> Because:
    step = _parting(then.steps, today.steps) if then.steps and today.steps else "switch"
    for name in SETTINGS_OF.get(step, ()):
        if name in differ:
            return Because(step, name, *differ[name])
    return Because(step, None, None, None)


def _parting(then: Sequence[Step], today: Sequence[Step]) -> str:
    """The first step, in the order of the chain, that one of two decisions has and the other has not like this."""
    for before, other in zip_longest(then, today):
        if before != other:
            names = [step.step for step in (before, other) if step is not None]
            return min(names, key=CHAIN.index)
    return "compare"
