"""Runs the suite of a connector against its server, check by check, each against a fresh server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Any, NamedTuple

from invsync_tui.kit import cart_checks, source_checks
from invsync_tui.kit.checks import Check, Scene
from invsync_tui.kit.proxy import Between, Proxy

Fake = Callable[[], AbstractContextManager[Any]]


class Ended(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Result(NamedTuple):
    """How a check ended, and why where it did not pass."""

    check: Check
    ended: Ended
    why: str = ""


def checks_of(connector: type) -> tuple[Check, ...]:
    """The checks that apply to a connector: those of a source or those of a cart."""
    return source_checks.CHECKS if hasattr(connector, "products_page") else cart_checks.CHECKS


def run_check(check: Check, connector: type, fake: Fake) -> None:
    """Run one check against a fresh server; AssertionError or NotImplementedError as it raises them."""
    if not __debug__:
        raise RuntimeError("The checks are assertions, which python -O takes away: run it without.")
    with fake() as server:
        asyncio.run(_run(check, connector, server))


async def _run(check: Check, connector: type, server: Any) -> None:
    proxy: Between = server.between() if hasattr(server, "between") else Proxy(server.url)
    await proxy.start()
    try:
        await check.run(Scene(connector, server, proxy))
    finally:
        await proxy.stop()


def run_all(connector: type, fake: Fake) -> Iterator[Result]:
    """Each check of the suite as it ends."""
    for check in checks_of(connector):
        try:
            run_check(check, connector, fake)
        except NotImplementedError as reason:
            yield Result(check, Ended.SKIPPED, str(reason))
        except Exception as error:
            what = str(error).partition("\n")[0]
            yield Result(
                check, Ended.FAILED, what if isinstance(error, AssertionError) else f"{type(error).__name__}: {what}"
            )
        else:
            yield Result(check, Ended.PASSED)
