"""Webhooks: what a cart sends by itself when something changed there.

A webhook is never taken for a value. It says which listings, or that the orders, are to be read again; its signature says
that it is from the cart. A connector that takes them declares `About.hooks` and has a static method
`hook(headers, body) -> HookNews`, see `connectors.base.TakesHooks`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from invsync_tui.connectors.about import About, Hooks
from invsync_tui.connectors.base import Connection, HookNews
from invsync_tui.connectors.secrets import reference_of, resolve_part

REFS_MOST = 5000
"""References of one webhook that are looked at: a Shopify product has 2,048 variants at most."""
REF_CHARACTERS_MOST = 200
DELIVERY_CHARACTERS_MOST = 200


def signature(secret: str, body: bytes) -> str:
    """The HMAC-SHA256 of a body in base64, as Shopify and WooCommerce send it."""
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode("ascii")


def is_signed(hooks: Hooks, secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a body has the right signature in its header, compared in constant time. Without a secret nothing has."""
    try:
        given = base64.b64decode(headers.get(hooks.signature_header, ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return bool(secret) and hmac.compare_digest(given, hmac.digest(secret.encode(), body, "sha256"))


def delivery_of(hooks: Hooks, headers: Mapping[str, str]) -> str:
    """A digest of the id of a delivery, the same when it is repeated; '' where it has none."""
    given = headers.get(hooks.delivery_header, "")[:DELIVERY_CHARACTERS_MOST]
    return hashlib.sha256(given.encode("utf-8", "surrogateescape")).hexdigest()[:32] if given else ""


def secret_name(connection: Connection, about: About) -> str:
    """The name of the part that webhooks are signed with: the one for webhooks alone where it is given."""
    parts = about.secret_parts
    own = about.hooks.secret if about.hooks is not None else None
    if own is None or (about.hooks and about.hooks.or_secret and not reference_of(connection, parts, own.name)):
        return parts[0].name
    return own.name


async def secret_of(connection: Connection, about: About) -> str:
    """The secret that webhooks are signed with; NotConfiguredError where it cannot be had."""
    return await resolve_part(connection, about.secret_parts, secret_name(connection, about))


def document(body: bytes) -> Mapping[str, Any]:
    """A body as the JSON object that it has to be; ValueError for anything else.

    Read in one go, which takes milliseconds for the largest body: nothing but references is taken from it.
    """
    value = orjson.loads(body)
    if not isinstance(value, Mapping):
        raise ValueError("it is no JSON object")
    return value


def cleaned(news: HookNews) -> HookNews:
    """News with as many references, of such a length, as are looked at."""
    refs: Sequence[str] = [ref for ref in news.refs[:REFS_MOST] if 0 < len(ref) <= REF_CHARACTERS_MOST]
    return HookNews(tuple(dict.fromkeys(refs)), news.orders)
