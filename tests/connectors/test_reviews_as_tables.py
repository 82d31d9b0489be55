"""What operators are told of Tryton and Odoo connections, by what is known of them."""

from __future__ import annotations

from typing import Any

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.checks import Review, SourceFacts, WarehouseStock
from invsync_tui.connectors.sources.odoo import checks as odoo
from invsync_tui.connectors.sources.tryton import checks as tryton
from invsync_tui.rules.merchant_checks import Verdict

PASS, FAIL, SKIPPED = Verdict.PASS, Verdict.FAIL, Verdict.SKIPPED
COMPANY = "the user has no current company in it"


def facts(
    *, error: str = "", loaded: bool = True, mark: str = "", notes: Any = None, places: Any = (), **options: str
) -> SourceFacts:
    connection = Connection("Acme", "tryton", "https://a.test", "me", "env:X", options)
    found = tuple(WarehouseStock(*place) for place in places)
    return SourceFacts(connection, "Acme Ltd", error, loaded, mark, found, notes or {})


def said(review: Review) -> tuple[str, Verdict, str, bool, bool]:
    return review.id, review.verdict, review.evidence, bool(review.cause), bool(review.fix)


CASES: list[tuple[Any, SourceFacts, tuple[str, Verdict, str]]] = [
    (tryton._database, facts(database=" prod "), ("tryton.database", PASS, "database prod")),
    (tryton._database, facts(database=" "), ("tryton.database", FAIL, "option database: none")),
    (tryton._company, facts(company="x1"), ("tryton.company", FAIL, "option company: x1")),
    (tryton._company, facts(company="3"), ("tryton.company", PASS, "read as company 3")),
    (tryton._company, facts(), ("tryton.company", PASS, "read as the user's current company")),
    (tryton._company, facts(loaded=False), ("tryton.company", SKIPPED, "no download has come that far")),
    (tryton._company, facts(error=COMPANY), ("tryton.company", FAIL, "the last run ended with it")),
    (tryton._company, facts(error="does not belong to company 3"), ("tryton.company", FAIL, "the last run ended with it")),
    (tryton._company, facts(error="another"), ("tryton.company", SKIPPED, "no download has come that far")),
    (tryton._zeros, facts(), ("tryton.zero", SKIPPED, "no levels yet")),
    (tryton._zeros, facts(places=[("A", 0, False, True)]), ("tryton.zero", SKIPPED, "no levels yet")),
    (tryton._zeros, facts(places=[("A", 4, True, True)]), ("tryton.zero", PASS, "every warehouse holds some stock")),
    (tryton._zeros, facts(places=[("A", 4, False, False)]), ("tryton.zero", FAIL, "every quantity is 0 in A (4 levels)")),
    (
        tryton._zeros, facts(places=[("A", 4, True, True), ("B", 2, False, False)]),
        ("tryton.zero", PASS, "every quantity is 0 in B (2 levels); carts sell from other warehouses"),
    ),
    (
        tryton._zeros, facts(places=[("A", 4, True, True), ("B", 2, False, True)]),
        ("tryton.zero", FAIL, "every quantity is 0 in B (2 levels)"),
    ),
    (tryton._delta, facts(loaded=False, mark="5"), ("tryton.delta", SKIPPED, "no full download has ended yet")),
    (tryton._delta, facts(mark="5"), ("tryton.delta", PASS, "downloads fetch changes since 5")),
    (tryton._delta, facts(), ("tryton.delta", FAIL, "no mark after a full download")),
    (tryton._waiting, facts(), ("tryton.waiting", SKIPPED, "not counted yet")),
    (
        tryton._waiting, facts(notes={"waiting_units": 5, "waiting_products": 2}, waiting_shipments="subtract"),
        ("tryton.waiting", PASS,
         "5 units of 2 products are in customer shipments that nothing is assigned to; they are not for sale"),
    ),
    (
        tryton._waiting, facts(notes={"waiting_units": 0}),
        ("tryton.waiting", PASS, "0 units of 0 products are in customer shipments that nothing is assigned to"),
    ),
    (
        tryton._waiting, facts(notes={"waiting_units": 5, "waiting_products": 2}, waiting_shipments="ignore"),
        ("tryton.waiting", PASS,
         "5 units of 2 products are in customer shipments that nothing is assigned to; they are still for sale, unless: "
         "invsync merchants set 'Acme Ltd' --option waiting_shipments=subtract"),
    ),
    (
        tryton._waiting, facts(notes={"waiting_units": 5}, waiting_shipments="x"),
        ("tryton.waiting", FAIL, "option waiting_shipments: x"),
    ),
    (odoo._database, facts(database=" prod "), ("odoo.database", PASS, "database prod")),
    (odoo._database, facts(), ("odoo.database", FAIL, "option database: none")),
    (odoo._database, facts(database="x", error=odoo.NO_DATABASE), ("odoo.database", FAIL, "the last run ended with it")),
    (odoo._company, facts(company="3"), ("odoo.company", PASS, "read as company 3")),
    (odoo._company, facts(), ("odoo.company", PASS, "read as the user's default company")),
    (odoo._company, facts(loaded=False), ("odoo.company", SKIPPED, "no download has come that far")),
    (odoo._company, facts(error=odoo.NOT_OF_COMPANY), ("odoo.company", FAIL, "the last run ended with it")),
    (odoo._zeros, facts(places=[("A", 0, False, True)]), ("odoo.zero", SKIPPED, "no levels yet")),
    (odoo._delta, facts(loaded=False, mark="5"), ("odoo.delta", SKIPPED, "no full download has ended yet")),
    (odoo._delta, facts(mark="5"), ("odoo.delta", PASS, "downloads fetch changes since 5")),
    (odoo._delta, facts(), ("odoo.delta", FAIL, "no mark after a full download")),
    (odoo._protocol, facts(), ("odoo.protocol", PASS, "option protocol: auto")),
    (odoo._protocol, facts(protocol="json-2"), ("odoo.protocol", PASS, "option protocol: json-2")),
    (odoo._protocol, facts(protocol="json-rpc"), ("odoo.protocol", PASS, f"option protocol: json-rpc; {odoo.JSON_RPC_ENDS}")),
]  # fmt: skip


@pytest.mark.parametrize(("check", "known", "expected"), CASES)
def test_an_operator_is_told(check: Any, known: SourceFacts, expected: tuple[str, Verdict, str]) -> None:
    assert said(check(known)) == (*expected, expected[1] is FAIL, expected[1] is FAIL)
