"""What forms ask of the rest of the program. All but a connection's test runs on the reader thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from invsync_tui.operations.connections import Step, Target
    from invsync_tui.operations.list_views import Change, Conflict, FieldProblem, Form, Preview, Saved
    from invsync_tui.operations.session import Session

T = TypeVar("T")

MERCHANT, CART = "merchant", "cart"


def merchant_subject(number: int) -> str:
    return f"{MERCHANT}:{number}"


def cart_subject(number: int) -> str:
    return f"{CART}:{number}"


def subject_parts(subject: str) -> tuple[str, int]:
    """Kind and number of a subject such as cart:3."""
    kind, _, number = subject.partition(":")
    return kind, int(number)


class Call(Protocol):
    """Asks, and turns what operations expect to fail into the gateway's error."""

    def __call__(self, question: Callable[[], T], /) -> T: ...


class ConnectionTest(Protocol):
    """A test that may take as long as the network does; it belongs into a thread of its own."""

    @property
    def name(self) -> str:
        """Of the connection, with its system and address."""

    def run(self, tell: Callable[[Step], None]) -> None:
        """Take the steps and tell each as it ends. What `tell` raises breaks the test off."""


class FormsGateway(Protocol):
    """The questions and orders of forms."""

    def form(self, subject: str) -> Form: ...
    def check(self, subject: str, values: Mapping[str, str]) -> tuple[FieldProblem, ...]: ...
    def changes(self, subject: str, values: Mapping[str, str]) -> tuple[Change, ...]: ...
    def preview(self, cart_id: int, values: Mapping[str, str], after: Preview | None) -> Preview: ...
    def save(self, subject: str, rev: int, values: Mapping[str, str]) -> Saved | Conflict: ...
    def connection_test(self, subject: str) -> ConnectionTest: ...


class FormsOperations:
    """The same by `invsync_tui.operations`. `session` gives the open session, `call` turns expected failures into words."""

    def __init__(self, session: Callable[[], Session], call: Call) -> None:
        self._session = session
        self._call = call

    def form(self, subject: str) -> Form:
        from invsync_tui.operations.settings import forms

        return self._call(lambda: forms.form(self._session(), subject))

    def check(self, subject: str, values: Mapping[str, str]) -> tuple[FieldProblem, ...]:
        from invsync_tui.operations.settings import forms

        return self._call(lambda: forms.check(self._session(), subject, values))

    def changes(self, subject: str, values: Mapping[str, str]) -> tuple[Change, ...]:
        from invsync_tui.operations.settings import forms

        return self._call(lambda: forms.diff(self._session(), subject, values))

    def preview(self, cart_id: int, values: Mapping[str, str], after: Preview | None) -> Preview:
        from invsync_tui.operations.settings import forms

        return self._call(lambda: forms.preview(self._session(), cart_id, values, after))

    def save(self, subject: str, rev: int, values: Mapping[str, str]) -> Saved | Conflict:
        from invsync_tui.operations.settings import forms

        return self._call(lambda: forms.save(self._session(), subject, rev, values))

    def connection_test(self, subject: str) -> ConnectionTest:
        from invsync_tui.operations import connections

        kind, number = subject_parts(subject)
        target = connections.cart_target if kind == CART else connections.source_target
        return TargetTest(self._call(lambda: target(self._session(), str(number))), self._call)


class TargetTest:
    """A test of a connection as operations know it."""

    def __init__(self, target: Target, call: Call) -> None:
        self._target = target
        self._call = call
        setup = target.setup
        self.name = f"{target.name}: {setup.system}, {setup.url}"

    def run(self, tell: Callable[[Step], None]) -> None:
        self._call(lambda: asyncio.run(self._walk(tell)))

    async def _walk(self, tell: Callable[[Step], None]) -> None:
        from invsync_tui.operations import connections

        async for step in connections.test(self._target):
            tell(step)
