"""Enables and disables a warehouse: whether its stock counts for the carts that sync with it."""

from __future__ import annotations

import json
import shlex

from invsync_tui import clock
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.operations.errors import NotFoundError, OperationError, as_operation_error
from invsync_tui.operations.roles import Right
from invsync_tui.operations.session import Session
from invsync_tui.store import audit
from invsync_tui.store.catalog import sync_marks
from invsync_tui.store.catalog.sync_marks import StoredWarehouse


def set_enabled(session: Session, merchant_id: int, word: str, *, enabled: bool, reason: str = "") -> str:
    """Enable or disable a warehouse by its code, id in the WMS or number (#N); what was done, in a sentence.

    RefusedError for who may not, NotFoundError for an unknown one, OperationError where nothing would change. The next
    push of each cart that syncs with it is held for review, as after any change of rules.
    """
    verb = "enable" if enabled else "disable"
    session.allow(Right.DECIDE, f"{verb} a warehouse")
    now = clock.seconds()
    with as_operation_error(), session.store.transaction() as tx:
        site = _find(sync_marks.warehouses(tx, merchant_id), word)
        if bool(site.enabled) is enabled:
            raise OperationError(f"The warehouse {site.code} is {verb}d already: nothing was changed.")
        carts = sync_marks.set_enabled(tx, site, merchant_id, enabled=enabled)
        before, after = (json.dumps({"enabled": value}) for value in (not enabled, enabled))
        subject = f"warehouse:{site.id}"
        audit.record(
            tx, now, session.operator, f"warehouse {verb}", subject, before=before, after=after, reason=redacted(reason)
        )
    return _change_text(site, carts, enabled=enabled)


def _find(known: list[StoredWarehouse], word: str) -> StoredWarehouse:
    """By code, else by the id that the WMS gives it; #N is our number."""
    for matches in (
        [site for site in known if f"#{site.id}" == word],
        [site for site in known if site.code == word],
        [site for site in known if site.ref == word],
    ):
        if len(matches) > 1:
            ids = ", ".join(f"'#{site.id}'" for site in matches)
            raise OperationError(f"Several warehouses are called {word!r}: give one of the numbers {ids}.")
        if matches:
            return matches[0]
    codes = ", ".join(shlex.quote(site.code) for site in known) or "none"
    raise NotFoundError(f"There is no warehouse {word!r}. Known: {codes}.")


def _change_text(site: StoredWarehouse, carts: list[str], *, enabled: bool) -> str:
    done = f"The warehouse {site.code} is {'enabled: its stock counts' if enabled else 'disabled: its stock does not count'}."
    if not carts:
        return f"{done} No cart syncs with it."
    return f"{done} The next push of {', '.join(carts)} is held for review."
