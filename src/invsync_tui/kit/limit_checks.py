"""What both kinds of connector are checked for at their limits: long waits, no answer at all, the end of an interface,
and a login that lacks one permission after the other."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from typing import Any

from invsync_tui.connectors.errors import ConnectorError, DeferredError, UnavailableError
from invsync_tui.connectors.network import api_notices
from invsync_tui.kit.checks import Check, Scene, everything, failed
from invsync_tui.kit.proxy import SUNSET, Fault

PATIENCE = 1.0
"""Seconds that a connection waits for an answer where none comes."""
PROMPT = 5.0
"""Seconds within which a wait that is longer than a run waits has to be given up."""
STEPS_MOST = 30
"""Requests of a connection test that are refused one by one."""


async def long_wait(scene: Scene) -> None:
    """A wait of an hour ends the run at once, with the time at which it goes on."""
    async with scene.opened() as connector:
        scene.let(Fault.LONG_WAIT)
        began = time.monotonic()
        error = await failed(everything(connector), "a wait of an hour")
    assert isinstance(error, DeferredError), f"a wait of an hour is {type(error).__name__}, not DeferredError"
    assert (error.retry_after or 0) >= 3000, f"it continues after {error.retry_after} s, an hour was asked for"
    assert time.monotonic() - began < PROMPT, "it waits for an hour"


async def no_answer(scene: Scene) -> None:
    """A server that takes a request and does not answer is given up at the deadline, and told as such."""
    if Fault.NO_ANSWER not in scene.proxy.faults:
        raise NotImplementedError(f"nothing stands for {Fault.NO_ANSWER} between it and its server")
    connector = scene.connector(replace(scene.connection(), deadline=PATIENCE))
    try:
        try:
            await connector.open()
        except UnavailableError:
            raise NotImplementedError(f"its server takes more than {PATIENCE:.0f} s for a login") from None
        scene.let(Fault.NO_ANSWER)
        began = time.monotonic()
        error = await failed(everything(connector), "no answer")
    finally:
        scene.proxy.clear()
        await connector.close()
    assert isinstance(error, UnavailableError), f"no answer is {type(error).__name__}, not UnavailableError"
    most = 10 * PATIENCE + PROMPT
    assert time.monotonic() - began < most, f"it waits for more than {most:.0f} s with a deadline of {PATIENCE:.0f} s"


async def version_ends(scene: Scene) -> None:
    """What answers say of the end of the interface reaches the doctor."""
    with api_notices.collect() as notices:
        scene.let(Fault.SUNSET)
        async with scene.opened() as connector:
            await everything(connector)
    assert notices.answers, "what its answers say of the interface is not read"
    assert notices.warns and notices.sunset_at == SUNSET, f"the end of the interface is not reported: {notices}"


async def permissions(scene: Scene) -> None:
    """Each request of the connection test that is refused for want of a permission stops it with an advice, or is told."""
    scene.possible(Fault.FORBIDDEN)
    if not hasattr(scene.proxy, "wanted"):
        raise NotImplementedError("nothing between it and its server can refuse a single request")
    scene.proxy.clear()
    good = await _steps(scene)
    assert good and all(step.ok for step in good), f"it fails with a good connection: {good}"
    requests = list(scene.proxy.requests)
    silent: list[tuple[str, str, str]] = []
    for number in range(min(len(requests), STEPS_MOST)):
        counter = itertools.count()
        scene.proxy.let(Fault.FORBIDDEN, wanted=lambda method, path, at=number, n=counter: next(n) == at)  # type: ignore[misc]
        bad = await _steps(scene)
        scene.proxy.clear()
        method, path = requests[number]
        what = f"request {number + 1} ({method} {path.partition('?')[0]}) is refused with 403"
        assert bad, f"the test says nothing when {what}"
        assert all(step.ok for step in bad[:-1]), f"it continues after a step that failed when {what}"
        if bad[-1].ok:
            assert len(bad) >= len(good), f"it stops early and says that all is well when {what}"
            if [step.detail for step in bad] == [step.detail for step in good]:
                silent.append((method, path, what))
        else:
            assert bad[-1].advice, f"it says nothing to do next when {what}"
    assert len(silent) < min(len(requests), STEPS_MOST), f"it passes without a word when {silent[0][2]}"
    await _not_needed(scene, silent, requests)
    deny = getattr(scene.server, "deny", None)
    if deny is not None:
        for permission in scene.connector.about.permissions:
            with deny(permission.name):
                bad = await _steps(scene)
            assert bad and not bad[-1].ok and bad[-1].advice, f"it passes without the permission {permission.name}"


async def _not_needed(scene: Scene, silent: list[tuple[str, str, str]], requests: list[tuple[str, str]]) -> None:
    """What the connection test passes over without a word is not needed for reading either, as far as addresses tell it."""
    names = [(method, path.partition("?")[0]) for method, path in requests]
    for method, path, what in silent:
        name = (method, path.partition("?")[0])
        if names.count(name) > 1:
            continue  # an interface with one address for everything
        scene.proxy.let(Fault.FORBIDDEN, wanted=lambda method, path, at=name: (method, path.partition("?")[0]) == at)  # type: ignore[misc]
        try:
            async with scene.opened() as connector:
                await everything(connector)
        except ConnectorError as error:
            raise AssertionError(f"it passes without a word when {what}") from error
        finally:
            scene.proxy.clear()


async def _steps(scene: Scene) -> list[Any]:
    connector = scene.connector(scene.connection())
    try:
        return [step async for step in connector.check()]
    except ConnectorError as error:
        raise AssertionError(f"the connection test raises {type(error).__name__}: {error}") from error
    finally:
        await connector.close()


CHECKS = (
    Check(22, "a wait of an hour ends the run with a time to continue", long_wait),
    Check(26, "the end of an interface's version is reported", version_ends),
    Check(48, "a server that does not answer is given up at the deadline", no_answer),
    Check(49, "each permission that is taken away stops the connection test, or is reported", permissions),
)
