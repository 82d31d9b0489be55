"""The table of packages in `docs/architecture.md`: what each does, and what it may import by the contracts in pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tests.support.repository import made_parts
from tests.support.repository.reference_pages import cells, table

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "architecture.md"
PROGRAM = "invsync_tui"
PURPOSE = {
    "rules": "quantity chain, matching, safety rules, reasons. Pure functions of the standard library",
    "store": "the schema, its migrations, and every query",
    "connectors": "HTTP to a WMS or a cart, one class for each system",
    "sync": "pull, plan, push, verification: what a worker does with a run",
    "sandbox": "a small WMS and cart over real HTTP, for the demo, for examples and for tests",
    "kit": "the checks that every connector has to pass, also for connectors of others",
    "operations": "everything an operator can ask or start: one function each; permission and audit are here",
    "tui": "the control room",
    "cli": "the commands",
}
"""From the lowest."""


def allowed() -> dict[str, list[str]]:
    """By package, the packages that its modules may import, in the order of PURPOSE."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    rows = [[_name(module) for module in layer.split(" | ")] for layer in layers]
    below = {
        package: {p for row in rows[n + 1 :] for p in row} for n, packages in enumerate(rows) for package in packages
    }
    for contract in contracts:
        if contract["type"] == "forbidden":
            for module in contract["source_modules"]:
                if _name(module) in below:
                    below[_name(module)] -= {_name(name) for name in contract["forbidden_modules"]}
    return {package: [name for name in PURPOSE if name in below[package]] for package in PURPOSE}


def _name(module: str) -> str:
    """store for invsync_tui.store; what is no package of the program stays as it is."""
    return module.removeprefix(f"{PROGRAM}.")


def page() -> str:
    """docs/architecture.md with its table made again."""
    rows = [
        cells(f"`{package}/`", PURPOSE[package], ", ".join(f"`{name}/`" for name in names) or "nothing else")
        for package, names in allowed().items()
    ]
    return made_parts.page(
        PAGE, "the contracts in pyproject.toml", [*table("package", "what it does", "may import"), *rows]
    )
