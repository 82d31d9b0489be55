"""Decides again on what a run knew, by the settings of then or by others: the code of the plan, on the rows that it had."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

from invsync_tui.connectors.base import QuantityBasis
from invsync_tui.rules import eligibility, quantity
from invsync_tui.rules.outcomes import Reason
from invsync_tui.rules.quantity import ChainRules, Decision
from invsync_tui.store import models
from invsync_tui.store.listings.listings import PlanRow
from invsync_tui.store.runs import decision_log
from invsync_tui.sync.decide import StockSnapshot, chain_rules, decide_row, listings_reason, standing_of
from invsync_tui.sync.plans.decision_log import DecisionChunk, settings_document
from invsync_tui.sync.settings import Settings, row_of


class Rules(NamedTuple):
    """The settings of a push as a plan takes them."""

    settings: Settings
    basis: QuantityBasis
    chain: ChainRules

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Rules:
        """Out of the document that a run kept."""
        merchant = document["merchant"]
        confirmed = document["source"]["confirmed_at"]
        settings = Settings(
            row_of(models.Merchant, {**merchant, "created_at": 0}),
            row_of(models.Source, {"merchant_id": merchant["id"], "system": "", "url": "", "confirmed_at": confirmed}),
            row_of(models.Cart, {**document["cart"], "system": "", "url": "", "created_at": 0}),
            frozenset(document["warehouses"]),
            {int(number): code for number, code in document["codes"].items()},
            {int(number): why for number, why in document.get("gone", {}).items()},
            bool(document.get("none_left")),
        )
        return cls.of_settings(settings, QuantityBasis(document["basis"]))

    @classmethod
    def of_settings(cls, settings: Settings, basis: QuantityBasis) -> Rules:
        """Out of settings as they are saved."""
        return cls(settings, basis, chain_rules(settings, basis))

    @property
    def document(self) -> dict[str, Any]:
        """As a run keeps them."""
        return settings_document(self.settings, self.basis)


def stock_of(chunk: DecisionChunk, rules: Rules) -> StockSnapshot:
    """What was known then, as a plan by these rules looks at it."""
    return StockSnapshot(*chunk.read, rules.settings)


def decide(chunk: DecisionChunk, rules: Rules, *, explain: bool = False) -> list[Decision]:
    """Decide on every listing of a chunk, at the moment of then."""
    stock = stock_of(chunk, rules)
    return [decide_row(row, stock, rules.settings, rules.chain, chunk.now, explain=explain) for row in chunk.rows]


class Explained(NamedTuple):
    """A listing of then: what was known, what follows of it step by step, and every cause why it did not show its stock."""

    row: PlanRow
    decision: Decision
    causes: tuple[Reason, ...]


def explain(chunk: DecisionChunk, listing_id: int, rules: Rules) -> Explained:
    """The arithmetic of one listing; what an operator wished is a cause of its own and does not hide it."""
    row = chunk.rows[chunk.ids.index(listing_id)]
    facts = stock_of(chunk, rules).facts(row, chunk.now)._replace(excluded=False, locked=False)
    known = row.product_id is not None
    decision = quantity.decide(facts, rules.chain) if known else decide(chunk, rules)[chunk.ids.index(listing_id)]
    causes = eligibility.causes(
        standing_of(row, rules.settings),
        merchant_on=rules.settings.merchant.inventory_sync,
        stock=decision.reason if known else None,
        last=listings_reason(row),
    )
    return Explained(row, decision, causes)


def chunk_of(cx: sqlite3.Connection, cart_id: int, listing_id: int, at: int) -> DecisionChunk | None:
    """The chunk of a listing's last decision up to a moment; None where none is kept."""
    for row in decision_log.that_may_have(cx, cart_id, listing_id, at):
        chunk = DecisionChunk(row)
        if listing_id in chunk.ids:
            return chunk
    return None
