"""The certificates that a connection trusts: the public authorities, and a private one where its option names it.

Loading them takes 40 ms of computing, so it happens once per process and off the event loop.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import stat
from functools import lru_cache

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
        raise NotConfiguredError(
            f"The option {CA_FILE} names {named}, which is no readable file of certificates in PEM{f': {why}' if why else ''}.",
            where=connection.name,
            advice=f"Correct it: --option {CA_FILE}=PATH",
        ) from error


def _stamped(named: str) -> ssl.SSLContext:
    if not named:
        return _loaded("", 0, 0)
    path = expanded(named)
    status = path.stat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > CA_FILE_MOST:
        raise ValueError("not a file of certificates")
    return _loaded(str(path), status.st_mtime_ns, status.st_ino)


@lru_cache(maxsize=64)
def _loaded(path: str, changed: int, inode: int) -> ssl.SSLContext:
    tls_context = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or None)
    if not os.environ.get("SSL_CERT_FILE"):
        import certifi

        tls_context.load_verify_locations(cafile=certifi.where())
    if path:
        tls_context.load_verify_locations(cafile=path)
    return tls_context
