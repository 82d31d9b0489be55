"""The seam between connectors and everybody else: what a connector returns or raises is checked here, for all of them.

An answer of another shape than the connector reads ends as ContractError "the system answered something unexpected at
PATH", with the place in the JSON, and never as an error of ours. Texts from outside pass the gate. A connector whose own
methods are called directly, as in its tests, is not checked.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any

from invsync_tui.connectors.base import CheckStep, Page, RowAnswer
from invsync_tui.connectors.errors import ConnectorError, ContractError, shorten
from invsync_tui.connectors.network.call_log import Call, one_call

WRONG_SHAPE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, UnicodeError, ValueError)
"""What reading an answer of another shape raises."""
PATHS_LOOKED_AT = 200_000
"""Values of an answer that are looked through for the place of an error."""
PATH_MOST = 160


class Checked:
    """A connector, with each of its methods checked. Methods that connectors get later are covered as they come.

    With a `refusal` it answers with that instead of asking the other side.
    """

    def __init__(self, connector: Any, name: str, refusal: ConnectorError | None = None) -> None:
        self._connector = connector
        self._name = name
        self._refusal = refusal
        for method in dir(connector):
            # In the object's own dictionary, for those who ask whether it has a method without calling `__getattr__`.
            if not method.startswith("_") and callable(getattr(connector, method, None)):
                setattr(self, method, self._checked(method, getattr(connector, method)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connector, name)

    def _checked(self, name: str, member: Any) -> Any:
        if inspect.isasyncgenfunction(member):
            return _checked_steps(member if self._refusal is None else self._refused_test, self._name)
        if inspect.iscoroutinefunction(member):
            return _checked_call(member if self._refusal is None or name == "close" else self._refuse, self._name)
        return member

    async def _refuse(self, *_: Any, **__: Any) -> Any:
        if self._refusal is not None:
            raise self._refusal

    async def _refused_test(self) -> AsyncIterator[CheckStep]:
        if self._refusal is not None:
            yield CheckStep("options", ok=False, detail=self._refusal.what, advice=self._refusal.advice)


def _checked_call(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    async def call(*args: Any, **more: Any) -> Any:
        with one_call() as heard:
            try:
                return _clean(await method(*args, **more))
            except WRONG_SHAPE as error:
                if not heard.answers:
                    raise  # nothing was answered, so it is not about an answer
                raise await asyncio.to_thread(unexpected, error, heard, name) from error

    return call


def _checked_steps(method: Callable[..., Any], name: str) -> Callable[..., AsyncIterator[Any]]:
    """A connection test: whatever happens is a step of it, the last one."""

    async def steps(*args: Any, **more: Any) -> AsyncIterator[Any]:
        generator = method(*args, **more)
        try:
            while True:
                step = await _next_step(generator, name)
                if step is None:
                    return
                yield step
                if not step.ok:
                    return
        finally:
            await generator.aclose()

    return steps


async def _next_step(steps: Any, name: str) -> CheckStep | None:
    with one_call() as heard:
        try:
            step: CheckStep = await anext(steps)
        except StopAsyncIteration:
            return None
        except ConnectorError as error:
            return _failed(error)
        except WRONG_SHAPE as error:
            if not heard.answers:
                raise
            return _failed(await asyncio.to_thread(unexpected, error, heard, name))
    return replace(step, name=shorten(step.name), detail=shorten(step.detail), advice=shorten(step.advice))


def _failed(error: ConnectorError) -> CheckStep:
    return CheckStep("answer", ok=False, detail=error.what, advice=error.advice)


def _clean(value: Any) -> Any:
    """What a call returned, with its messages through the gate. Records are data and stay as they are."""
    if isinstance(value, Page) and value.rejected:
        return replace(value, rejected=tuple((ref, shorten(why)) for ref, why in value.rejected))
    if isinstance(value, list | tuple) and value and isinstance(value[0], RowAnswer):
        return [row._replace(error=shorten(row.error)) if row.error else row for row in value]
    return value


# --- the place of an error ---------------------------------------------------------------------------------------------


def unexpected(error: BaseException, heard: Call, name: str) -> ContractError:
    """The error of ours that an answer of another shape led to, as the connection's."""
    path, where = _place(error, heard)
    at = f" at {path}" if path else ""
    return ContractError(f"The system answered something unexpected{at} ({_error_text(error)}).", where=where or name)


def _error_text(error: BaseException) -> str:
    text = str(error) if not isinstance(error, KeyError) else f"{error.args[0] if error.args else '?'!s} is missing"
    return shorten(f"{type(error).__name__}: {text}"[:200])


def _place(error: BaseException, heard: Call) -> tuple[str, str]:
    """The path of the innermost part of an answer that was being read, and where that answer came from."""
    parts = _locals(error.__traceback__)
    best: tuple[int, list[str | int], str] | None = None
    left = PATHS_LOOKED_AT
    for document, where in reversed(heard.documents):
        path_found, looked = path_to_first(document, parts[: best[0]] if best else parts, left)
        left -= looked
        if path_found is not None:
            best = (*path_found, where)
    if best is not None:
        rank, path, where = best
        return _path_text([*path, *_missing(error, parts[rank])]), where
    return ("", heard.documents[-1][1]) if heard.documents else ("", "")


def _missing(error: BaseException, record: Any) -> Sequence[str | int]:
    """The field that a record lacks, unless a record inside it may be meant."""
    inner = record.values() if isinstance(record, dict) else record
    if any(isinstance(value, dict | list) for value in inner):
        return ()
    if isinstance(error, KeyError) and error.args and isinstance(error.args[0], str | int):
        return [error.args[0]]
    return ()


def _locals(trace: TracebackType | None) -> list[Any]:
    """Records and lists in the variables of the code that failed, the innermost first."""
    frames = []
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    values: list[Any] = []
    for frame in reversed(frames):
        values += [value for value in reversed(list(frame.f_locals.values())) if isinstance(value, dict | list)]
    return values[:100]


def path_to_first(document: Any, parts: Sequence[Any], most: int) -> tuple[tuple[int, list[str | int]] | None, int]:
    """Of records and lists the first that is in a JSON document: its number and the way to it; None where none is.

    All are looked for at once, in at most `most` values. Also returns how many were looked at.
    """
    if not isinstance(document, dict | list) or not parts:
        return None, 0
    ranks = {id(part): rank for rank, part in reversed(list(enumerate(parts)))}
    stack: list[Any] = [document]
    ways: dict[int, tuple[int, str | int]] = {}
    best, looked = len(parts), 0
    while stack and looked < most and best > 0:
        value = stack.pop()
        looked += 1
        best = min(best, ranks.get(id(value), best))
        inner = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, child in inner:
            if isinstance(child, dict | list):
                ways[id(child)] = (id(value), key)
                stack.append(child)
    return ((best, _way(ways, id(document), id(parts[best]))) if best < len(parts) else None), looked


def _way(ways: Mapping[int, tuple[int, str | int]], root: int, at: int) -> list[str | int]:
    path: list[str | int] = []
    while at != root and at in ways:
        at, key = ways[at]
        path.append(key)
    return path[::-1]


def _path_text(path: Sequence[str | int]) -> str:
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")
    return shorten(text[:PATH_MOST]) if text else "its top"
