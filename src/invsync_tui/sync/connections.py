"""Makes the connector for a row of settings."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from invsync_tui.connectors import registry
from invsync_tui.connectors.auth.token_store import TokenStore, subject_of
from invsync_tui.connectors.base import Cart, Connection, Source
from invsync_tui.connectors.network.quotas import QuotaStore
from invsync_tui.connectors.shop_identity import shop_of
from invsync_tui.store import models
from invsync_tui.store.file import file_modes

OWNER_AND_GROUP = 0o660
"""Nobody else reads tokens, whatever the store's mode says."""


def source_connection(merchant: str, row: models.Source) -> Connection:
    """The connection record of a merchant's WMS."""
    options, secrets = json.loads(row.options), json.loads(row.secrets)
    return Connection(merchant, row.system, row.url, row.login, row.secret, options, row.deadline_ms / 1000, secrets)


def cart_connection(row: models.Cart, also_at: Iterable[str] = ()) -> Connection:
    """The connection record of a cart; `also_at` are the locations that its other rows set."""
    options, secrets, deadline = json.loads(row.options), json.loads(row.secrets), row.deadline_ms / 1000
    return Connection(
        row.name, row.system, row.url, row.login, row.secret, options, deadline, secrets, also_at=tuple(also_at)
    )


def connection_of(name: str, system: str, url: str, options: str) -> Connection:
    """As much of a connection as says where it leads."""
    return Connection(name, system, url, options=json.loads(options))


def source(merchant: str, row: models.Source, store: Path | None = None) -> Source:
    """The merchant's WMS, not yet opened; with the tokens that are kept beside the store where one is given."""
    connection = _limited(source_connection(merchant, row))
    return registry.source(connection if store is None else with_tokens(connection, store, source_key(row.merchant_id)))


def cart(row: models.Cart, store: Path | None = None, also_at: Iterable[str] = (), *, read_only: bool = False) -> Cart:
    """The cart, not yet opened; with the tokens that are kept beside the store where one is given."""
    connection = _limited(cart_connection(row, also_at))
    if store is not None:
        connection = with_tokens(connection, store, cart_key(row.of_cart or row.id), read_only=read_only)
    return registry.cart(connection)


def _limited(connection: Connection) -> Connection:
    """Runs on one shop with one login share its rate limits, whichever location they are for."""
    shop = shop_of(connection).key
    return replace(connection, limit_key="\n".join((shop, connection.login, connection.secret)))


def source_key(merchant_id: int) -> str:
    """What the tokens of a merchant's WMS are kept under."""
    return f"source-{merchant_id}"


def cart_key(cart_id: int | None) -> str:
    """What the tokens of a cart are kept under: its locations share those of the first."""
    return f"cart-{cart_id}"


def forget_tokens(store: Path, key: str) -> None:
    """Delete the tokens of a connection that was removed. What cannot be deleted is for a login that nobody uses."""
    file = _tokens_file(store, key)
    for path in (file, file.with_suffix(".lock")):
        with suppress(OSError):
            path.unlink()


def _tokens_file(store: Path, key: str) -> Path:
    base = file_modes.real(store)
    return base.with_name(f"{base.name}.tokens") / f"{key}.json"


def with_tokens(connection: Connection, store: Path, key: str, *, read_only: bool = False) -> Connection:
    """The connection with its tokens: in a folder of their own beside the store, which no backup and no bundle contains.
    Those who may use the store may use them, and nobody else."""
    mode = file_modes.beside(store) & OWNER_AND_GROUP
    tokens = TokenStore(
        _tokens_file(store, key),
        subject_of(connection.system, connection.url, connection.login, connection.secret),
        give=partial(file_modes.give, mode=mode, store=store),
        folder_mode=file_modes.folder_mode(mode) | stat.S_IRWXU,
        read_only=read_only,
        owned_as=store,
    )
    return replace(connection, tokens=tokens, quotas=_quotas(connection, store, mode, read_only=read_only))


def _quotas(connection: Connection, store: Path, mode: int, *, read_only: bool) -> QuotaStore:
    """Beside the tokens, for all connections that share their rate limits. Who may change nothing counts for itself."""
    if read_only:
        return QuotaStore()
    limited = connection.limit_key or _limited(connection).limit_key
    key = hashlib.sha256(limited.encode()).hexdigest()[:20]
    return QuotaStore(
        _tokens_file(store, f"quota-{key}"),
        give=partial(file_modes.give, mode=mode, store=store),
        folder_mode=file_modes.folder_mode(mode) | stat.S_IRWXU,
    )
