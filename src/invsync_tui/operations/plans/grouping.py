"""Which listings of a plan share a request, by what the cart's connector declares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from invsync_tui.operations.errors import as_operation_error
from invsync_tui.operations.session import Session
from invsync_tui.rules.batches import BatchRule, least_requests
from invsync_tui.store.listings import listings

CHUNK = 5000
NO_LIMIT = BatchRule(1 << 30)


def of_listings(session: Session, cart_id: int, ids: Sequence[int]) -> tuple[BatchRule, dict[int, str]]:
    """What the cart takes in one request, and the group of each listing where that matters."""
    from invsync_tui.connectors import registry
    from invsync_tui.sync import connections
    from invsync_tui.sync.pushes.sending_order import batch_rule
    from invsync_tui.sync.settings import load_settings

    groups: dict[int, str] = {}
    with as_operation_error(), session.store.reading() as cx:
        settings = load_settings(cx, cart_id)
        if settings is None:
            return NO_LIMIT, groups
        rule = batch_rule(registry.cart(connections.cart_connection(settings.cart)).capabilities)
        if rule.by_group:
            for start in range(0, len(ids), CHUNK):
                groups.update(listings.groups(cx, ids[start : start + CHUNK]))
    return rule, groups


def requests(session: Session, cart_id: int, ids: Sequence[int]) -> int:
    """The least number of requests that sets some listings."""
    rule, groups = of_listings(session, cart_id, ids)
    sizes = Counter(groups.get(number, "") for number in ids) if rule.by_group else {"": len(ids)}
    return least_requests(sizes.values(), rule)
