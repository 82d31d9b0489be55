"""Records are made by the names of their fields: columns of a query that were swapped would stay silent otherwise."""

from __future__ import annotations

import ast
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src" / "invsync_tui"
BY_PLACE = {
    "connectors/carts/woocommerce/__init__.py: pages.ListPosition(*inner)",  # a cursor of its own making, as JSON
    "connectors/carts/woocommerce/__init__.py: pages.ListPosition(*outer)",
    "sandbox/catalog.py: SandboxWarehouse(*place)",  # a literal table in the same module
    "sandbox/in_thread.py: SandboxThread(*arguments)",  # no record: arguments are handed on
    "store/listings/plans.py: Item(*values)",  # JSON that the store has made of the record, an array
    "store/runs/waiting_requests.py: Wish(*values)",
    "tui/screens/merchants/merchants.py: Link(*worst_link.place)",
}
"""Calls that are made of one sequence and nothing else, and why each may stay. `named_rows` makes those of rows."""


def _by_place() -> set[str]:
    """By module, calls of a class with one sequence for all arguments."""
    calls = set()
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _of_one_sequence(node):
                calls.add(f"{path.relative_to(SOURCES).as_posix()}: {ast.unparse(node)}")
    return calls


def _of_one_sequence(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if not name.lstrip("_")[:1].isupper() or len(call.args) != 1 or call.keywords:
        return False
    star = call.args[0]
    return isinstance(star, ast.Starred) and not isinstance(star.value, ast.Call | ast.GeneratorExp)


def test_no_record_is_filled_by_place() -> None:
    assert _by_place() == BY_PLACE
