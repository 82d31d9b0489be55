"""What a run knew: packs the rows that a plan decided on together with what it decided, and reads them again.

`sync.plans.replay` decides on them anew. The rows are kept as the plan read them, before any setting was applied, so that other
settings can be tried on them: other warehouses too. Columns carry their names, so that a version that reads more still
reads these.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import orjson

from invsync_tui.connectors.base import QuantityBasis
from invsync_tui.rules.quantity import Decision
from invsync_tui.store.catalog.levels import KitPart, LevelView
from invsync_tui.store.listings.listings import PlanRow
from invsync_tui.store.listings.pending_orders import Pending
from invsync_tui.store.models import CartRules, SafetyRules
from invsync_tui.store.runs import decision_log
from invsync_tui.store.runs.decision_log import StoredChunk

if TYPE_CHECKING:
    from invsync_tui.sync.decide import StockSnapshot
    from invsync_tui.sync.settings import Settings

LEVEL = 1
"""Of the compression: a fifth of the size for a few milliseconds a thousand listings; more costs more than it saves."""
MERCHANT = ("id", "name", "inventory_sync", "stale_after", "frozen_at")
CART = (
    "id", "merchant_id", "name", *CartRules.model_fields, *SafetyRules.model_fields, "heal", "rules_rev", "frozen_at"
)  # fmt: skip
"""Settings by column that a plan works by."""


class RecordedDecision(NamedTuple):
    """A decision as it is recorded: the steps are found again by deciding again."""

    outcome: str
    reason: str | None
    desired: int | None
    target: int | None

    @classmethod
    def of(cls, decision: Decision) -> RecordedDecision:
        """What is kept of a decision."""
        reason = decision.reason.stored if decision.reason else None
        return cls(decision.outcome.value, reason, decision.desired, decision.target)


Row = TypeVar("Row", bound=tuple[Any, ...])
Read = tuple[dict[int, list[LevelView]], dict[int, list[KitPart]], dict[int, list[Pending]]]
"""Levels, kits and pending orders, all by product."""


# --- settings ----------------------------------------------------------------------------------------------------------


def settings_document(settings: Settings, basis: QuantityBasis) -> dict[str, Any]:
    """The settings of a push as JSON has them. No address and no secret is among them."""
    merchant, cart = settings.merchant, settings.cart
    return {
        "merchant": {name: getattr(merchant, name) for name in MERCHANT},
        "source": {"confirmed_at": settings.source.confirmed_at},
        "cart": {name: getattr(cart, name) for name in CART},
        "warehouses": sorted(settings.warehouse_ids),
        "codes": {str(number): code for number, code in settings.warehouse_codes.items()},
        "gone": {str(number): why for number, why in settings.gone.items()},
        "none_left": settings.none_left,
        "basis": basis.value,
    }


def plans_of(cx: sqlite3.Connection, run_id: int) -> list[dict[str, Any]]:
    """The settings of a run, one document for each time that it planned under others; [] where none are kept."""
    text = decision_log.settings_of(cx, run_id)
    return list(orjson.loads(text)["plans"]) if text else []


# --- keeping -----------------------------------------------------------------------------------------------------------


class Recorder:
    """Keeps what one run decides."""

    def __init__(self, cart_id: int, run_id: int, settings: Settings, basis: QuantityBasis) -> None:
        self._cart_id = cart_id
        self._run_id = run_id
        self._document = settings_document(settings, basis)
        self._plan = 0

    def begin(self, tx: sqlite3.Connection) -> None:
        """Note the settings of the run; a run that plans again after a hold may do so under others."""
        plans = plans_of(tx, self._run_id)
        if not plans or plans[-1] != self._document:
            plans.append(self._document)
            decision_log.record_settings(tx, self._run_id, orjson.dumps({"version": 1, "plans": plans}).decode())
        self._plan = len(plans) - 1

    def keep(
        self, tx: sqlite3.Connection, decided: Sequence[tuple[PlanRow, Decision]], stock: StockSnapshot, now: int
    ) -> None:
        """Keep one chunk with all that its `sync.decide.StockSnapshot` had."""
        if not decided:
            return
        rows = [row for row, _ in decided]
        levels, kits, ordered = stock.read
        body = {
            "plan": self._plan,
            "now": now,
            "rows": _columns(PlanRow._fields, rows),
            "levels": _columns(LevelView._fields, _flat(levels)),
            "kits": [(kit, list(map(tuple, parts))) for kit, parts in kits.items()],
            "orders": _columns(Pending._fields, _flat(ordered)),
            "made": {name: [getattr(decision, name) for _, decision in decided] for name in RecordedDecision._fields},
        }
        packed = zlib.compress(orjson.dumps(body), LEVEL)
        ids = [row.id for row in rows]
        decision_log.keep(tx, self._cart_id, StoredChunk(self._run_id, min(ids), max(ids), now, packed))


def _flat(by_product: Mapping[int, Sequence[Row]]) -> list[Row]:
    return [row for rows in by_product.values() for row in rows]


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, Sequence[Any]]:
    """Column by column: half the bytes of row by row, and packed by one call instead of one a row."""
    return dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}


# --- reading -----------------------------------------------------------------------------------------------------------


class DecisionChunk:
    """One chunk as it was kept."""

    def __init__(self, row: StoredChunk) -> None:
        self.run_id = row.run_id
        self.at = row.at
        self._body = orjson.loads(zlib.decompress(row.body))

    @property
    def plan(self) -> int:
        """Which of its run's settings it was decided by."""
        return int(self._body["plan"])

    @property
    def now(self) -> int:
        """The moment of the plan's clock."""
        return int(self._body["now"])

    @cached_property
    def ids(self) -> Sequence[int]:
        """The listings in it."""
        return list(self._body["rows"]["id"])

    @cached_property
    def rows(self) -> list[PlanRow]:
        """The listings as the plan read them."""
        # A column that was not read yet when this was kept is unknown.
        blank: dict[str, Any] = dict.fromkeys(PlanRow._fields)
        return [PlanRow(**(blank | row)) for row in _rows(self._body["rows"], PlanRow._fields)]

    @cached_property
    def decisions(self) -> list[RecordedDecision]:
        """What was decided on each of them."""
        return [RecordedDecision(**row) for row in _rows(self._body["made"], RecordedDecision._fields)]

    @cached_property
    def read(self) -> Read:
        """Levels, kits and pending orders of then."""
        kits = {kit: list(map(KitPart._make, parts)) for kit, parts in self._body["kits"]}
        views = (LevelView(**row) for row in _rows(self._body["levels"], LevelView._fields))
        orders = (Pending(**row) for row in _rows(self._body["orders"], Pending._fields))
        return _by_product(views), kits, _by_product(orders)


def _rows(columns: Mapping[str, Sequence[Any]], known: Iterable[str]) -> list[dict[str, Any]]:
    """Row by row; a column that this version does not know is left out."""
    names = [name for name in known if name in columns]
    return [dict(zip(names, values, strict=True)) for values in zip(*(columns[n] for n in names), strict=True)]


def _by_product(rows: Iterable[Any]) -> dict[int, list[Any]]:
    result: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        result[row.product_id].append(row)
    return result
