"""The control room's connection to one store: opens a session, says who is at work and whether anything changed.

Used by one store thread (`store_thread`), because a SQLite session belongs to the thread that opened it. What `connect`
and `read_service` find out can be read from any thread.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session, Watch


class StoreConnection:
    """Not open before `connect`, which imports the heavy libraries: the first frame is painted without them."""

    def __init__(
        self, store: Path, *, read_only: bool = False, say: Callable[[str], None] = lambda _text: None
    ) -> None:
        self._store = store
        self._say = say
        self._session: Session | None = None
        self._watch: Watch | None = None
        self.read_only = read_only
        self.operator = ""
        """Who is at work; '' before `connect`."""
        self.role = ""
        """What the operator may do: viewer, operator, admin; '' before `connect`."""
        self.service = ""
        """Who executes requests, as last read: running, detached, not_responding, unknown, none; '' before that."""
        self.held_runs: frozenset[int] | None = None
        """Numbers of the runs that are held, as last read; None before that."""
        self.label = short_path(store)
        """The store, as an operator would name it."""

    def connect(self) -> None:
        """Open the store; OperationError says what is wrong with it."""
        from invsync_tui.operations.session import Session, Watch

        session = Session.open(self._store, read_only=self.read_only, say=self._say)
        # Nobody reads while this thread waits: a worker that does not come up is reported by a later reading.
        session.waits_for_worker = False
        self._session, self._watch = session, Watch(session)
        self.operator, self.role, self.read_only = session.operator, session.role.value, session.read_only

    def close(self) -> None:
        """Close the store, if it is open."""
        if self._session is not None:
            self._session.close()
            self._session = self._watch = None

    @property
    def session(self) -> Session:
        """The open session, for operations; OperationError before `connect`."""
        if self._session is None:
            from invsync_tui.operations.errors import OperationError

            raise OperationError("The store is not open yet.")
        return self._session

    def interrupt(self) -> None:
        """End what is being answered, from any thread."""
        if self._session is not None:
            self._session.interrupt()

    def changed(self) -> bool:
        """Whether any process committed since the last call; cheap."""
        return self._watch is not None and self._watch.changed()

    def read_service(self) -> None:
        """Read who executes requests into `service`, the held runs into `held_runs`, and the `role` as it is by now.

        OperationError: a worker that was started did not come up.
        """
        from invsync_tui.operations.errors import OperationError
        from invsync_tui.operations.runs import held, request
        from invsync_tui.operations.service import workers

        if failure := request.failed_worker(self.session):
            raise OperationError(failure)
        with suppress(OperationError):  # who may look goes on looking; a change says what is wrong
            self.role = self.session.read_rights().value
        self.service = str(workers.service(self.session).state)
        self.held_runs = held.waiting(self.session)

    def twin(self) -> StoreConnection:
        """Another connection to the same store, for another thread."""
        return StoreConnection(self._store, read_only=self.read_only)


def short_path(path: Path) -> str:
    """The path with the home folder as `~`."""
    try:
        home = Path.home()
    except RuntimeError:
        return str(path)
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
