"""An operator at a store: who it is, what is allowed, the open store, and whether it changed."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from invsync_tui import clock, config
from invsync_tui.operations.errors import OperationError, RefusedError, as_operation_error
from invsync_tui.operations.roles import Right, Role, has, may_serve, needed, operator_name, role_of, system_user
from invsync_tui.store.connection import WRITE_ADVICE, Say, silently
from invsync_tui.store.database import Store, create_store, open_store


@dataclass(frozen=True, slots=True)
class StartingWorker:
    """A detached worker that was started a moment ago."""

    process: subprocess.Popen[bytes]
    until: float
    """Monotonic seconds by which it is to be at work."""
    failure: str
    """What to say if it is not."""

    def comes_up(self) -> bool:
        """Whether it may still come up."""
        return clock.elapsed() < self.until and self.process.poll() is None


class Configured(NamedTuple):
    """What the configuration file looked like; None where there was none."""

    stamp: tuple[str, int, int, int, int] | None


@dataclass(slots=True)
class Session:
    """Use it in the thread that opened it. All changes go through `allow`, so roles and read-only are kept in one place."""

    store: Store
    operator: str
    read_only: bool
    role: Role = Role.ADMIN
    may_serve: bool = False
    """Whether it may run the service whatever its role."""
    waits_for_worker: bool = True
    """Whether a change waits until the worker that it started is at work. A screen does not: `request.failed_worker`."""
    starting: StartingWorker | None = None
    configured: Configured | None = None
    """The configuration that the rights were read from; None where they were given to this session."""

    @classmethod
    def open(cls, store_path: Path, *, read_only: bool = False, say: Say = silently) -> Session:
        """Open an existing store; OperationError says what is wrong with it and what to do. `say` is told of an upgrade."""
        configured = Configured(config.stamp(os.environ))
        rights = _rights(store_path)
        with as_operation_error():
            store = open_store(store_path, read_only=read_only, say=say)
        # A store that this user may only read is looked at.
        looks = read_only or store.read_only
        return cls(store, operator_name(store_path), looks, *rights, configured=configured)

    @classmethod
    def create(cls, store_path: Path) -> Session:
        """Open a store, making it if it does not exist."""
        configured = Configured(config.stamp(os.environ))
        with as_operation_error():
            store = create_store(store_path)
        rights = _rights(store_path)
        return cls(store, operator_name(store_path), store.read_only, *rights, configured=configured)

    @property
    def path(self) -> Path:
        """Where the store is."""
        return self.store.path

    def read_rights(self) -> Role:
        """The role by the configuration as it is now, however long the session has been open.

        Costs microseconds where it was not written. OperationError where it cannot be read. One that is away gives nobody more
        rights: editors take it away for a moment.
        """
        if self.configured is None:
            return self.role
        now = Configured(config.stamp(os.environ))
        if now != self.configured and now.stamp is not None:
            self.role, self.may_serve = _rights(self.path)
            self.configured = now
        return self.role

    def may(self, right: Right) -> bool:
        """Whether an order of this kind would be carried out."""
        try:
            self.read_rights()
        except OperationError:
            return False
        return self._has(right)

    def _has(self, right: Right) -> bool:
        return not self.read_only and (has(self.role, right) or (right is Right.SERVE and self.may_serve))

    def allow(self, right: Right, what: str) -> None:
        """Refuse a change in read-only mode, or without the role for it."""
        if self.read_only and self.store.cannot_write:
            raise RefusedError(
                f"Refused to {what}: {self.operator} may look at the store {self.path}, not write it. {WRITE_ADVICE}"
            )
        if self.read_only:
            raise RefusedError(f"Refused to {what}: this session is read-only. Start it without --read-only.")
        self.read_rights()
        if not self._has(right):
            raise _without(self.operator, right, what, self.role)

    def interrupt(self) -> None:
        """End the question that is being answered, from any thread; the one who asked gets an error."""
        self.store.interrupt()

    def close(self) -> None:
        """Close the store; the session is of no use afterwards."""
        self.store.close()


def right_to(store_path: Path, right: Right, what: str) -> None:
    """Refuse an order that is carried out without a session, since the store cannot be opened or is to be replaced."""
    role, _ = _rights(store_path)
    if not has(role, right):
        raise _without(operator_name(store_path), right, what, role)


def _without(operator: str, right: Right, what: str, role: Role) -> RefusedError:
    also = " A service's own user is listed under service there." if right is Right.SERVE else ""
    return RefusedError(
        f"Refused to {what}: {operator} is {role.value}, this takes {needed(right).value}. "
        f"Roles are given under [roles] in the configuration.{also}"
    )


def _rights(store_path: Path) -> tuple[Role, bool]:
    """The role of this process's user, and whether it may run the service."""
    try:
        listed = config.load(config.Flags(), os.environ).roles
    except config.ConfigError as error:
        # A configuration that cannot be read may have said less: nobody gets rights from a mistake in it.
        raise OperationError(str(error)) from error
    user = system_user(store_path)
    return role_of(user, listed), may_serve(user, listed, store_path)


class Watch:
    """Ask `changed` as often as you like, from the session's thread."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._seen = -1

    def changed(self) -> bool:
        """Whether another connection has committed since the last call; True the first time."""
        with as_operation_error():
            version = self._session.store.data_version()
        changed, self._seen = version != self._seen, version
        return changed
