"""Makes a large demo store for measurements and for trying the control room at its full size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from invsync_tui.operations.errors import OperationError, in_words
from invsync_tui.operations.settings import values
from invsync_tui.store.demo.generate import Generated
from invsync_tui.store.demo.generate import generate as make
from invsync_tui.store.demo.generated_rows import Scale

__all__ = ["Generated", "Scale", "generate"]

PRODUCTS_MOST = 10_000_000


def generate(path: Path, scale: Scale, tell: Callable[[str], None]) -> Generated:
    """Make it at `path`; an existing file is left alone. `tell` hears of each step."""
    if path.exists():
        raise OperationError(f"{path}: there is a file already. Choose another name, or remove it.")
    values.whole("--products", str(scale.products), 1, PRODUCTS_MOST)
    values.whole("--warehouses", str(scale.warehouses), 1, 100)
    values.whole("--carts", str(scale.carts), 0, 50)
    with in_words():
        return make(path, scale, tell)
