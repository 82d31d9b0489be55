"""A sandbox server in a thread with a loop of its own, on a free port: for tests, and for the checks of connectors."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from invsync_tui.sandbox import __main__ as sandbox
from invsync_tui.sandbox.server import listen

PATIENCE = 10.0
"""Seconds that starting and ending it may take."""


class SandboxThread:
    """A server; everything that it does happens in its thread's loop."""

    def __init__(self, *arguments: str) -> None:
        self._service = sandbox.service(arguments)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._listening, port = asyncio.run_coroutine_threadsafe(listen(self._service.handle, 0), self._loop).result(
            PATIENCE
        )
        self.url = f"http://127.0.0.1:{port}"

    def close(self) -> None:
        """End it and every connection, as the end of a process does."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    async def _end(self) -> None:
        self._listening.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def running(*arguments: str) -> Iterator[str]:
    """The address of a server with these arguments of `python -m invsync_tui.sandbox`."""
    server = SandboxThread(*arguments)
    try:
        yield server.url
    finally:
        server.close()
