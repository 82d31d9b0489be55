"""Webhooks of carts: the address of each, what to do at the vendor, and when one last came."""

from __future__ import annotations

import secrets
import shlex
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from invsync_tui import clock
from invsync_tui.operations.errors import InvalidError, OperationError, as_operation_error
from invsync_tui.operations.roles import Right
from invsync_tui.operations.session import Session
from invsync_tui.operations.time_text import ago
from invsync_tui.rules.merchant_checks import Check, Item, Section
from invsync_tui.store import hooks

if TYPE_CHECKING:
    from invsync_tui.connectors.about import About
    from invsync_tui.store.hooks import Address

TOKEN_BYTES = 24
"""Random bytes of an address: 192 bits."""
HOST = "https://HOST"
"""In the place of the public address where none is given."""
REFUSED_FOR = 86400
"""Seconds for which a wrong signature is a finding, unless a right one came after it."""


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The webhooks of a cart's connection. Times are epoch seconds, None for never."""

    cart_id: int
    name: str
    system: str
    path: str
    address: str
    """The path behind the public address; HOST stands in its place where that was not given."""
    topics: tuple[str, ...]
    setup: tuple[str, ...]
    """What to do there, step by step, with the address in it."""
    secret: str
    """The name of the secret part that they are signed with."""
    made_at: int
    heard_at: int | None
    refused_at: int | None
    fresh: bool
    """The address was made just now."""


def show(
    session: Session, called: str, merchant: str | None = None, *, base: str = "", renew: bool = False
) -> Webhooks:
    """The webhooks of a cart; its address is made where it has none, or with `renew` in the place of the one it has.

    `base` is the public address of the proxy in front, such as `https://hooks.example.com`.
    """
    from invsync_tui.connectors.hooks import secret_name
    from invsync_tui.operations.connections.connections import cart_target, connection_of

    target = cart_target(session, called, merchant)
    about = _about(target.setup.system)
    with as_operation_error(), session.store.reading() as cx:
        known = hooks.address(cx, target.id)
    fresh = known is None or renew
    made = (
        _save_address(session, target.id, target.name, renewed=known is not None) if known is None or renew else known
    )
    path = path_of(made)
    address = _base(base) + path
    declared = about.hooks
    assert declared is not None  # noqa: S101 (`_about` refuses others)
    return Webhooks(
        target.id,
        target.name,
        target.setup.system,
        path,
        address,
        declared.topics,
        tuple(step.replace("{address}", address) for step in declared.setup),
        secret_name(connection_of(target), about),
        made.made_at,
        made.heard_at,
        made.refused_at,
        fresh,
    )


def path_of(address: Address) -> str:
    """The path of an address, from the root of the server."""
    from invsync_tui.sync.hooks.receiver import PATH

    return PATH + address.token


def _about(system: str) -> About:
    """What the connector says of itself; OperationError for one without webhooks."""
    from invsync_tui.connectors import registry

    with as_operation_error():
        about = registry.about(registry.CARTS, system)
    if about is None or about.hooks is None:
        raise OperationError(
            f"{system} sends no webhooks that invsync can read. Sales are known with the next push by schedule."
        )
    return about


def _save_address(session: Session, cart_id: int, name: str, *, renewed: bool) -> Address:
    session.allow(Right.SETTINGS, f"{'renew' if renewed else 'make'} the webhook address of {name!r}")
    from invsync_tui.store import audit
    from invsync_tui.store.settings import read as settings_read

    now = clock.seconds()
    with as_operation_error(), session.store.transaction() as tx:
        owner = settings_read.connected_through(tx, cart_id)
        hooks.put_address(tx, owner, secrets.token_urlsafe(TOKEN_BYTES), now)
        audit.record(tx, now, session.operator, "cart webhook address", f"cart:{owner}")
        made = hooks.address(tx, cart_id)
    assert made is not None  # noqa: S101 (it was written just now)
    return made


def _base(text: str) -> str:
    if not text:
        return HOST
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise InvalidError("base", "give the public address of the TLS proxy, such as https://hooks.example.com.")
    return text.rstrip("/")


# --- when one last came ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LastWebhook:
    """When a webhook of a cart last came, in epoch seconds; None for never."""

    cart_id: int
    cart: str
    merchant: str
    heard_at: int | None
    refused_at: int | None


def heard(session: Session) -> list[LastWebhook]:
    """Of each cart with an address, when a webhook last came."""
    from invsync_tui.store.settings import read as settings_read

    with as_operation_error(), session.store.reading() as cx:
        known = {address.cart_id: address for address in hooks.addresses(cx)}
        carts = {row["id"]: row for row in settings_read.carts(cx)} if known else {}
    return [
        LastWebhook(number, carts[number]["name"], carts[number]["merchant"], address.heard_at, address.refused_at)
        for number, address in known.items()
        if number in carts
    ]


def checks(cx: sqlite3.Connection, cart_id: int, name: str, now: int) -> list[Check]:
    """For the doctor: when a webhook last came, and whether the last one had a wrong signature. [] without an address."""
    address = hooks.address(cx, cart_id)
    if address is None:
        return []
    item = Item("webhooks.heard", Section.SYSTEM, name)
    command = f"invsync connections hooks {shlex.quote(name)}"
    if _refused_lately(address, now):
        evidence = f"a wrong signature {ago(address.refused_at or now, now)}, {_last(address, now)}"
        cause = "Webhooks come with a signature that the secret kept here does not make, so they are refused."
        return [item.failed(evidence, cause, f"Compare the secret with the one at the vendor, see: {command}")]
    if address.heard_at is None:
        evidence = f"none since the address was made {ago(address.made_at, now)}"
        cause = "No webhook has come yet: sales are known with the next push by schedule."
        return [item.unknown(evidence, cause, f"Set them up there, and serve with --hooks: {command}")]
    return [item.passed(_last(address, now))]


def _refused_lately(address: Address, now: int) -> bool:
    at = address.refused_at
    return at is not None and at >= (address.heard_at or 0) and clock.within(at, REFUSED_FOR, now)


def _last(address: Address, now: int) -> str:
    return "none was accepted" if address.heard_at is None else f"last webhook {ago(address.heard_at, now)}"
