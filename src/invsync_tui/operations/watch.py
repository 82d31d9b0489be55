"""Notices that any process has changed the store, for microseconds a look."""

from __future__ import annotations

from invsync_tui.operations.errors import in_words
from invsync_tui.operations.session import Session


class Watch:
    """Ask `changed` as often as you like, from the session's thread."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._seen = -1

    def changed(self) -> bool:
        """Whether another connection has committed since the last call; True the first time."""
        with in_words():
            version = self._session.store.data_version()
        changed, self._seen = version != self._seen, version
        return changed
