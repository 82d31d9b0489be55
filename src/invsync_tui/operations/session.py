"""An operator at a store: who it is, what may be done, and the open store."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from pathlib import Path

from invsync_tui.operations.errors import RefusedError, in_words
from invsync_tui.store.opening import Store, create_store, open_store


def operator_name() -> str:
    """The system user; behind sudo, the one who called it."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


@dataclass(slots=True)
class Session:
    """Use it in the thread that opened it. All orders go through `writable`, so read-only is kept in one place."""

    store: Store
    operator: str
    read_only: bool

    @classmethod
    def open(cls, store_path: Path, *, read_only: bool = False) -> Session:
        """Open an existing store; OperationError says what is wrong with it and what to do."""
        with in_words():
            return cls(open_store(store_path, read_only=read_only), operator_name(), read_only)

    @classmethod
    def create(cls, store_path: Path) -> Session:
        """Open a store, making it if it does not exist."""
        with in_words():
            return cls(create_store(store_path), operator_name(), read_only=False)

    @property
    def path(self) -> Path:
        """Where the store is."""
        return self.store.path

    def writable(self, what: str) -> None:
        """Refuse an order in read-only mode."""
        if self.read_only:
            raise RefusedError(f"Refused to {what}: this session is read-only. Start it without --read-only.")

    def close(self) -> None:
        """Close the store."""
        self.store.close()
