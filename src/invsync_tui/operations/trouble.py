"""Tells what an OperationError came from, for exit codes."""

from __future__ import annotations

from invsync_tui.operations.errors import OperationError


def is_store_trouble(error: OperationError) -> bool:
    """Whether the store itself was at fault: missing, foreign, newer, locked, full, damaged."""
    from invsync_tui.store.errors import StoreError

    return isinstance(error.__cause__, StoreError)
