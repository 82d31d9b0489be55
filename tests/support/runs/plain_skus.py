"""SKUs of the sandbox whose stock tests set by hand."""

from __future__ import annotations

from tests.support.runs.sandbox_world import Town


def plain(town: Town) -> list[str]:
    """SKUs with stock that are not kits."""
    kits = {row[0] for row in town.bench.store.read("SELECT sku FROM our_product WHERE is_kit <> 0")}
    return [sku for sku in town.in_stock() if sku not in kits]
