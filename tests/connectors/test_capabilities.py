"""What each connector declares that it can do before it has asked anything: runs are planned by these records alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from invsync_tui.connectors import registry
from invsync_tui.connectors.base import (
    Absent,
    BatchScope,
    CartCapabilities,
    Connection,
    DoubtPolicy,
    QuantityBasis,
    RowErrors,
    SourceCapabilities,
)

SOURCES: dict[tuple[str, str], SourceCapabilities] = {
    ("feed", ""): SourceCapabilities(delta=False, reports_reading_time=True, page_size=2000, refuses_older=True),
    ("feed", "absent= zero "): SourceCapabilities(
        reports_reading_time=True, page_size=2000, refuses_older=True, absent=Absent.ZERO
    ),
    ("feed", "absent=unchanged"): SourceCapabilities(page_size=2000, refuses_older=True, absent=Absent.UNCHANGED),
    ("feed", "absent=keep"): SourceCapabilities(reports_reading_time=True, page_size=2000, refuses_older=True),
    ("odoo", ""): SourceCapabilities(delta=True, page_size=1000),
    ("rest", ""): SourceCapabilities(delta=True, page_size=1000),
    ("sandbox", ""): SourceCapabilities(delta=True, reports_reading_time=True, page_size=1000),
    ("sandbox", "orders=on"): SourceCapabilities(
        delta=True, reports_reading_time=True, page_size=1000, knows_orders=True
    ),
    ("sql", ""): SourceCapabilities(delta=True, page_size=5000),
    ("tryton", ""): SourceCapabilities(delta=True, page_size=1000),
}
"""By system and option. What is not said here is False."""
SANDBOX = CartCapabilities(
    quantity_basis=QuantityBasis.AVAILABLE, max_batch=100, row_errors=RowErrors.PER_ROW,
    doubt_policy=DoubtPolicy.IDEMPOTENCY_KEY, returns_quantity=True, delta_read=True, has_locations=False,
    reads_locations=True, page_size=500, read_batch=500, reports_orders=False, stable_pages=True,
)  # fmt: skip
CARTS: dict[tuple[str, str], CartCapabilities] = {
    ("medusa", ""): CartCapabilities(
        quantity_basis=QuantityBasis.ON_HAND, max_batch=200, row_errors=RowErrors.WHOLE_BATCH,
        doubt_policy=DoubtPolicy.READ_BACK, returns_quantity=True, delta_read=False, has_locations=True,
        reads_locations=True, page_size=500, read_batch=100, reports_orders=True, stable_pages=True,
    ),
    ("sandbox", ""): SANDBOX,
    ("sandbox", "idempotency=off"): replace(SANDBOX, doubt_policy=DoubtPolicy.READ_BACK),
    ("sandbox", "orders=on"): replace(SANDBOX, reports_orders=True),
    ("sandbox", "returns_quantity=off"): replace(SANDBOX, returns_quantity=False),
    ("sandbox", "basis=on_hand"): replace(SANDBOX, quantity_basis=QuantityBasis.ON_HAND),
    ("sandbox", "max_batch=7"): replace(SANDBOX, max_batch=7),
    ("sandbox", "batch_scope=group"): replace(SANDBOX, batch_scope=BatchScope.GROUP),
    ("sandbox", "applies_within=2.5"): replace(SANDBOX, applies_within=2.5),
    ("shopify", ""): CartCapabilities(
        quantity_basis=QuantityBasis.AVAILABLE, max_batch=250, row_errors=RowErrors.WHOLE_BATCH,
        doubt_policy=DoubtPolicy.IDEMPOTENCY_KEY, key_kept=23 * 3600, returns_quantity=True, delta_read=False, has_locations=True,
        reads_locations=True, page_size=200, read_batch=100, reports_orders=True, stable_pages=True,
    ),
    ("vendure", ""): CartCapabilities(
        quantity_basis=QuantityBasis.ON_HAND, max_batch=50, row_errors=RowErrors.WHOLE_BATCH,
        doubt_policy=DoubtPolicy.READ_BACK, returns_quantity=True, delta_read=True, has_locations=True,
        reads_locations=True, page_size=200, read_batch=200, reports_orders=False, stable_pages=True,
    ),
    ("woocommerce", ""): CartCapabilities(
        quantity_basis=QuantityBasis.AVAILABLE, max_batch=100, row_errors=RowErrors.PER_ROW,
        doubt_policy=DoubtPolicy.READ_BACK, returns_quantity=True, delta_read=False, has_locations=False,
        reads_locations=False, page_size=100, read_batch=100, reports_orders=True, stable_pages=True,
        batch_scope=BatchScope.GROUP, kept_sample=10,
    ),
}  # fmt: skip


def capabilities(group: str, system: str, option: str) -> Any:
    name, _, text = option.partition("=")
    made: Any = registry.connector(group, system)
    options = {name: text} if name else {}
    return made(Connection("one", system, "http://127.0.0.1:9", "login", "", options)).capabilities


@pytest.mark.parametrize(("system", "option"), SOURCES)
def test_a_source_declares_this(system: str, option: str) -> None:
    assert capabilities(registry.SOURCES, system, option) == SOURCES[system, option]


@pytest.mark.parametrize(("system", "option"), CARTS)
def test_a_cart_declares_this(system: str, option: str) -> None:
    assert capabilities(registry.CARTS, system, option) == CARTS[system, option]


def test_every_system_is_in_these_tables() -> None:
    assert {system for system, _ in SOURCES} == set(registry.systems(registry.SOURCES))
    assert {system for system, _ in CARTS} == set(registry.systems(registry.CARTS))
