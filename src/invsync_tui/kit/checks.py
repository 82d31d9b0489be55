"""What both kinds of connector are checked for: faults on the way, secrets, foreign text, and what they say of themselves.

A check is a coroutine that gets a `Scene`. It raises AssertionError with what is wrong, or NotImplementedError with the
reason for which it does not apply. The numbers are those of the suite in docs/howto/add-a-connector.md.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from invsync_tui.connectors.about import About
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import MAX_TEXT, AuthError, ConnectorError, UnavailableError
from invsync_tui.kit.proxy import Between, Fault

DEADLINE = 5.0
"""Seconds for a request in the suite."""
_PART = re.compile(r"[a-z][a-z0-9_]{0,49}", re.ASCII)
"""The name of a secret, as `--secret NAME=REF` takes it."""
BROKEN = (
    Fault.UNAVAILABLE,
    Fault.HTML,
    Fault.NOTHING,
    Fault.LONG_ERROR,
    Fault.CLOSED,
    Fault.CUT_HEADERS,
    Fault.CUT_BODY,
)
"""What may come instead of an answer."""
LOGINS_MOST = 3
"""Requests that a refused login may cost, the look for a session included: more lock accounts out."""


@dataclass(slots=True)
class Scene:
    """A connector class, a server, and the proxy between them."""

    connector: Any
    server: Any
    proxy: Between

    def connection(self, url: str = "") -> Connection:
        """To the server, through the proxy; with `url` to that address instead."""
        connection: Connection = self.server.connection(url or self.proxy.url)
        return replace(connection, deadline=DEADLINE)

    def let(self, fault: Fault, *, times: int | None = None) -> None:
        """Let something go wrong with the next requests; NotImplementedError where nothing between can make it."""
        if fault not in self.proxy.faults:
            raise NotImplementedError(f"nothing stands for {fault} between it and its server")
        self.proxy.let(fault, times=times)

    def possible(self, *faults: Fault) -> Sequence[Fault]:
        """Those that can be made. NotImplementedError where there are none."""
        possible = [fault for fault in faults if fault in self.proxy.faults]
        if not possible:
            raise NotImplementedError("nothing can go wrong between it and its server")
        return possible

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Any]:
        """The connector, logged in."""
        made = self.connector(self.connection())
        try:
            await made.open()
            yield made
        finally:
            await made.close()


class Check(NamedTuple):
    """One check of the suite."""

    number: int
    title: str
    run: Callable[[Scene], Awaitable[None]]


async def failed(work: Awaitable[Any], what: str) -> ConnectorError:
    """The error that some work has to end with."""
    try:
        await work
    except ConnectorError as error:
        return error
    except Exception as error:
        raise AssertionError(f"{what} ends as {type(error).__name__}, not as a ConnectorError: {error}") from error
    raise AssertionError(f"{what} is taken for a good answer")


async def everything(connector: Any) -> list[Any]:
    """All rows of the connector's first list: products of a source, listings of a cart."""
    page_of = connector.products_page if hasattr(connector, "products_page") else connector.listings_page
    rows, cursor = [], None
    while True:
        page = await page_of(cursor)
        rows += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return rows


async def throttled(scene: Scene) -> None:
    """A 429 that says when to go on is waited for, and nothing is lost by it."""
    async with scene.opened() as connector:
        whole = await everything(connector)
        scene.let(Fault.THROTTLED, times=1)
        again = await everything(connector)
        assert [row.ref for row in again] == [row.ref for row in whole], "rows are missing after a 429"
        if (throttle_next := getattr(scene.server, "throttle_next", None)) is not None:
            scene.proxy.clear()
            throttle_next()
            try:
                again = await everything(connector)
            except ConnectorError as error:
                raise AssertionError(f"too many requests, in the vendor's own form: {error}") from error
            assert [row.ref for row in again] == [row.ref for row in whole], (
                "rows are missing after the vendor's own form"
            )


async def login_refused(scene: Scene) -> None:
    """A refused login is an AuthError and is not tried again and again."""
    scene.let(Fault.UNAUTHORIZED)
    made = scene.connector(scene.connection())
    try:
        error = await failed(_opened_and_read(made), "a refused login")
    finally:
        await made.close()
    assert isinstance(error, AuthError), f"a refused login is {type(error).__name__}, not AuthError"
    assert len(scene.proxy.requests) <= LOGINS_MOST, f"a refused login was tried {len(scene.proxy.requests)} times"


async def _opened_and_read(made: Any) -> None:
    await made.open()
    await everything(made)


async def broken_answers(scene: Scene) -> None:
    """Whatever comes instead of an answer ends as a ConnectorError with a bounded text, and the next read works."""
    async with scene.opened() as connector:
        whole = await everything(connector)
        for fault in scene.possible(*BROKEN):
            scene.proxy.let(fault)
            error = await failed(everything(connector), str(fault))
            assert len(error.what) <= MAX_TEXT, f"the error of {fault} quotes {len(error.what)} characters"
            assert error.advice, f"the error of {fault} says nothing to do next"
            scene.proxy.clear()
            assert [row.ref for row in await everything(connector)] == [row.ref for row in whole], (
                f"rows differ after {fault}"
            )


async def one_broken_answer(scene: Scene) -> None:
    """A read that fails once is asked for again."""
    async with scene.opened() as connector:
        whole = await everything(connector)
        for fault in scene.possible(Fault.UNAVAILABLE, Fault.CLOSED):
            scene.proxy.let(fault, times=1)
            assert [row.ref for row in await everything(connector)] == [row.ref for row in whole], (
                f"rows differ after {fault}"
            )


async def secrets_stay(scene: Scene) -> None:
    """What a server repeats of a request shows no secret in any error or step."""
    texts: list[str] = []
    async with scene.opened() as connector:
        scene.let(Fault.ECHO)
        texts.append(str(await failed(everything(connector), "an error page")))
    made = scene.connector(scene.connection())
    try:
        texts += [f"{step.name} {step.detail} {step.advice}" async for step in made.check()]
    finally:
        await made.close()
    for secret in scene.server.secrets():
        assert not any(secret in text for text in texts), "a secret is shown in an error"


async def credentials_stay(scene: Scene) -> None:
    """Nothing is sent to another host that an answer names."""
    async with scene.opened() as connector:
        scene.let(Fault.REDIRECT)
        await failed(everything(connector), "a redirect to another host")
    assert scene.proxy.elsewhere == [], "a request went to another host"


async def foreign_text_is_clean(scene: Scene) -> None:
    """No control character of an error text reaches a person."""
    async with scene.opened() as connector:
        scene.let(Fault.CONTROLS)
        error = await failed(everything(connector), "an error page")
    assert str(error).isprintable(), f"control characters in {str(error)!r}"


async def no_files(scene: Scene) -> None:
    """It writes no file into the folder that it is started in, or into the home folder."""
    before = os.environ.get("HOME"), Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        os.chdir(folder)
        try:
            async with scene.opened() as connector:
                await everything(connector)
            left = sorted(os.listdir(folder))  # noqa: PTH208 - nothing else runs meanwhile
        finally:
            os.chdir(before[1])
            if before[0] is None:
                os.environ.pop("HOME")
            else:
                os.environ["HOME"] = before[0]
    assert left == [], f"it wrote {left}"


async def connection_test(scene: Scene) -> None:
    """The connection test goes through all its steps, and stops at the first that fails with an advice."""
    steps = await _steps(scene)
    assert steps and all(step.ok for step in steps), f"it fails with a good connection: {steps}"
    for fault in scene.possible(Fault.UNAUTHORIZED, Fault.FORBIDDEN, Fault.CLOSED, Fault.HTML):
        scene.proxy.let(fault)
        bad = await _steps(scene)
        assert bad and not bad[-1].ok, f"it passes with {fault}"
        assert all(step.ok for step in bad[:-1]), f"it continues after a step that failed with {fault}"
        assert bad[-1].advice, f"it says nothing to do next about {fault}"
        scene.proxy.clear()


async def _steps(scene: Scene) -> list[Any]:
    made = scene.connector(scene.connection())
    try:
        return [step async for step in made.check()]
    finally:
        await made.close()


async def page_is_complete(scene: Scene) -> None:
    """It says what it is: title, versions, an address that is right, set-up, behavior, known limits or sources."""
    about = getattr(scene.connector, "about", None)
    assert isinstance(about, About), "it has no `about`"
    missing = [name for name in ("title", "versions", "setup", "behavior", "sources") if not getattr(about, name)]
    assert not missing, f"its `about` has no {', '.join(missing)}"
    assert about.wrong_address(about.example) == "", f"its example is no address of it: {about.example}"
    declared = {option.name for option in about.options}
    used_options = set(scene.server.connection(scene.proxy.url).options)
    assert used_options <= declared, f"options that are not declared: {sorted(used_options - declared)}"
    named = " ".join(option.what for option in about.options)
    assert all(option.what for option in about.options), f"an option says nothing of itself: {named}"
    parts = [part.name for part in about.secret_parts]
    wrong = [name for name in parts if not _PART.fullmatch(name) or parts.count(name) > 1 or name in declared]
    assert not wrong, f"secrets with names that cannot be given: {wrong}"
    assert all(part.help for part in about.secret_parts), "a secret says nothing of itself"
    if about.sign_in is not None:
        assert about.sign_in.ways, "its login in a browser has no way"
        assert about.sign_in.secret in ("", *parts), f"no secret is called {about.sign_in.secret!r}"


async def gone(scene: Scene) -> None:
    """A server that is not there is told as such."""
    made = scene.connector(scene.connection(scene.proxy.nobody))
    try:
        error = await failed(_opened_and_read(made), "a server that is not there")
    finally:
        await made.close()
    assert isinstance(error, UnavailableError), f"a server that is not there is {type(error).__name__}"


COMMON = (
    Check(21, "a 429 in the vendor's form is waited for", throttled),
    Check(23, "a refused login is reported and not repeated", login_refused),
    Check(24, "broken answers end as one clear error", broken_answers),
    Check(27, "no secret is in an error or a step", secrets_stay),
    Check(28, "credentials go to the connection's host only", credentials_stay),
    Check(29, "foreign text reaches no person with control characters", foreign_text_is_clean),
    Check(30, "no file is written outside its own folder", no_files),
    Check(31, "the connection test stops at the first bad step with an advice", connection_test),
    Check(32, "its page has everything that a person needs", page_is_complete),
    Check(46, "a read that fails once is asked for again", one_broken_answer),
    Check(47, "a server that is not there is reported", gone),
)
