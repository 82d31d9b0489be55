"""What other settings would do to a cart's listings: the real matching and the real quantity chain, nothing written.

It goes through the listings in chunks for a short time per call, so that it can run beside a form that is being edited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from invsync_tui import clock
from invsync_tui.operations.errors import as_operation_error
from invsync_tui.operations.lists.list_views import Preview
from invsync_tui.operations.session import Session
from invsync_tui.store.paging import counts

if TYPE_CHECKING:
    from invsync_tui.sync.plans.what_if import Effect

BUDGET = 0.1
"""Seconds that one call takes at most, about."""
CHUNK = 250
"""Listings between two looks at the clock."""


def preview(
    session: Session, cart_id: int, columns: Mapping[str, Any], values: Mapping[str, Any], after: Preview | None
) -> Preview:
    """Go on where `after` ended. `columns` is what is saved of the cart, `values` what would replace it."""
    # It needs SQLModel, which costs half a second to import: a form that is only looked at does without.
    from invsync_tui.sync.plans import what_if

    until = clock.elapsed() + BUDGET
    with as_operation_error(), session.store.reading() as cx:
        total = counts.listings(cx, cart_id)
        plus = after or Preview(total, 0, 0, 0, 0, 0)
        wanted = what_if.wanted(cx, columns, values)
        while wanted is not None:
            effect = what_if.effect(cx, wanted, plus.last, CHUNK)
            plus = _plus(plus, effect)
            if effect.looked_at < CHUNK:
                return replace(plus, total=plus.counted)
            if clock.elapsed() >= until:
                break
    return replace(plus, total=max(total, plus.counted + 1))


def _plus(preview: Preview, effect: Effect) -> Preview:
    return Preview(
        total=preview.total,
        counted=preview.counted + effect.looked_at,
        to_zero=preview.to_zero + effect.to_zero,
        changed=preview.changed + effect.changed,
        lose_match=preview.lose_match + effect.lose_match,
        gain_match=preview.gain_match + effect.gain_match,
        last=effect.last,
    )
