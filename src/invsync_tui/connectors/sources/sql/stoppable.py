"""Calls that block, each in a thread, with a deadline, and stopped when their caller is."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

from invsync_tui.connectors.errors import UnavailableError

Result = TypeVar("Result")
STOPS_WITHIN = 3.0
"""Seconds in which a call has ended after it was told to stop; then its thread is left behind."""
STOPS_AT_CANCEL_WITHIN = 0.5
"""The same where somebody waits for the end: a connection that is still being made cannot be stopped at all."""


class AbandonedError(UnavailableError):
    """A call did not end even when it was told to: what it uses must not be used again."""


async def stoppable(
    work: Callable[[], Result],
    stop: Callable[[], None],
    deadline: float,
    where: str,
    abandon: Callable[[], None] = lambda: None,
) -> Result:
    """The result of `work`, within `deadline` seconds; `stop` makes it end early and may block a little.

    `abandon` is called when the thread is left behind: what it uses must not be used again. UnavailableError
    past the deadline. The thread does not keep the process from ending.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            _tell(loop, done, None, error)
        else:
            _tell(loop, done, result, None)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="database", daemon=True).start()
    try:
        async with asyncio.timeout(deadline):
            return await asyncio.shield(done)
    except TimeoutError:
        if not await _stopped(done, stop, STOPS_WITHIN):
            abandon()
            raise AbandonedError("The database does not answer.", where=where) from None
        raise UnavailableError(f"The database did not answer within {deadline:g} s.", where=where) from None
    except asyncio.CancelledError:
        if not await asyncio.shield(asyncio.ensure_future(_stopped(done, stop, STOPS_AT_CANCEL_WITHIN))):
            abandon()
        raise


def _tell(
    loop: asyncio.AbstractEventLoop, done: asyncio.Future[Result], result: Result | None, error: BaseException | None
) -> None:
    def settle() -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
            done.exception()  # nobody may be waiting any more
        else:
            done.set_result(result)  # type: ignore[arg-type]

    with contextlib.suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(settle)


async def _stopped(done: asyncio.Future[Result], stop: Callable[[], None], seconds: float) -> bool:
    """Whether the call ended within some seconds of being told to."""

    def quietly() -> None:
        with contextlib.suppress(Exception):
            stop()

    threading.Thread(target=quietly, name="stop", daemon=True).start()
    await asyncio.wait({done}, timeout=seconds)
    return done.done()
