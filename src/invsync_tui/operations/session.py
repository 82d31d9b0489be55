"""An operator at a store: who it is, what may be done, and the open store."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from pathlib import Path

from invsync_tui import config
from invsync_tui.operations.errors import OperationError, RefusedError, in_words
from invsync_tui.operations.roles import Right, Role, has, needed, role_of, system_user
from invsync_tui.store.opening import Say, Store, create_store, open_store, silently


def operator_name() -> str:
    """The system user; behind sudo, the one who called it; the number of a user that has no name."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


@dataclass(slots=True)
class Session:
    """Use it in the thread that opened it. All orders go through `allow`, so roles and read-only are kept in one place."""

    store: Store
    operator: str
    read_only: bool
    role: Role = Role.ADMIN

    @classmethod
    def open(cls, store_path: Path, *, read_only: bool = False, say: Say = silently) -> Session:
        """Open an existing store; OperationError says what is wrong with it and what to do. `say` is told of an upgrade."""
        role = _role(store_path)
        with in_words():
            return cls(open_store(store_path, read_only=read_only, say=say), operator_name(), read_only, role)

    @classmethod
    def create(cls, store_path: Path) -> Session:
        """Open a store, making it if it does not exist."""
        with in_words():
            store = create_store(store_path)
        return cls(store, operator_name(), read_only=False, role=_role(store_path))

    @property
    def path(self) -> Path:
        """Where the store is."""
        return self.store.path

    def may(self, right: Right) -> bool:
        """Whether an order of this kind would be carried out."""
        return not self.read_only and has(self.role, right)

    def allow(self, right: Right, what: str) -> None:
        """Refuse an order in read-only mode, or without the role for it."""
        if self.read_only:
            raise RefusedError(f"Refused to {what}: this session is read-only. Start it without --read-only.")
        if not has(self.role, right):
            raise RefusedError(
                f"Refused to {what}: {self.operator} is {self.role.value}, this takes {needed(right).value}. "
                "Roles are given under [roles] in the configuration."
            )

    def close(self) -> None:
        """Close the store."""
        self.store.close()


def _role(store_path: Path) -> Role:
    try:
        listed = config.load(config.Flags(), os.environ).roles
    except config.ConfigError as error:
        # A configuration that cannot be read may have said less: nobody gets rights from a mistake in it.
        raise OperationError(str(error)) from error
    return role_of(system_user(store_path), listed)
