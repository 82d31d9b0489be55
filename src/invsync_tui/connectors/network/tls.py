"""The certificates that a connection trusts: the public authorities, and a private one where its option names it.

Loading them takes 40 ms of computing, so it happens once for each state of the files and off the event loop.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import stat
from functools import lru_cache
from typing import NamedTuple

from invsync_tui.connectors.addresses import expanded
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.connectors.registry import CA_FILE

CA_FILE_MOST = 4 * 1024 * 1024


async def context(connection: Connection) -> ssl.SSLContext:
    """What verifies the connection's server; NotConfiguredError where its `ca_file` cannot be read."""
    named = connection.options.get(CA_FILE, "").strip()
    try:
        return await asyncio.to_thread(_stamped, named)
    except (OSError, ssl.SSLError, ValueError) as error:
        why = (
            error.strerror
            if isinstance(error, OSError) and error.strerror and not isinstance(error, ssl.SSLError)
            else ""
        )
        place, advice = (
            (f"The option {CA_FILE} names {named}", f"Correct it: --option {CA_FILE}=PATH")
            if named
            else (f"SSL_CERT_FILE names {os.environ.get('SSL_CERT_FILE', '')}", "Correct it, or take it away.")
        )
        raise NotConfiguredError(
            f"{place}, which is no readable file of certificates in PEM{f': {why}' if why else ''}.",
            where=connection.name,
            advice=advice,
        ) from error


def _stamped(named: str) -> ssl.SSLContext:
    public = _public()
    if not named:
        return _loaded(public, None)
    path = expanded(named)
    status = path.stat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > CA_FILE_MOST:
        raise ValueError("not a file of certificates")
    return _loaded(public, _state(str(path)))


class _State(NamedTuple):
    """A file of certificates as it is now: one that is renewed is loaded again."""

    path: str
    changed: int
    inode: int


def _public() -> _State | None:
    """What the operator's environment names, else the system's own file; None where that has none, or a folder alone."""
    path = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
    return _state(path) if path else None


def _state(path: str) -> _State:
    status = os.stat(path)  # noqa: PTH116 - as the library takes it
    return _State(path, status.st_mtime_ns, status.st_ino)


@lru_cache(maxsize=64)
def _loaded(_public: _State | None, own: _State | None) -> ssl.SSLContext:
    tls_context = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or None)
    if not os.environ.get("SSL_CERT_FILE"):
        import certifi

        tls_context.load_verify_locations(cafile=certifi.where())
    if own is not None:
        tls_context.load_verify_locations(cafile=own.path)
    return tls_context
