"""A connection that was tested or looked into is closed, however that ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import pytest

from invsync_tui.connectors import registry
from invsync_tui.connectors.about import About
from invsync_tui.connectors.base import CheckStep
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.connectors.errors import UnavailableError
from invsync_tui.operations.connections import connections
from invsync_tui.operations.settings import carts
from tests.support.connectors.made_connector import install
from tests.support.stores.products_store import Shelf


class Watched(SandboxCart):
    """A cart whose check goes as `course` says, and which notes what is done with it."""

    about = About("Watched")
    course = "well"
    done: list[str]

    async def check(self) -> AsyncIterator[CheckStep]:
        self.done.append("login")
        yield CheckStep("login", ok=self.course != "refused", detail="in", advice="Log in.")
        if self.course == "broken":
            raise UnavailableError("The shop is away.")
        self.done.append("reading")
        yield CheckStep("reading", ok=True, detail="read")

    async def close(self) -> None:
        self.done.append("closed")
        await super().close()


@pytest.fixture
def target(acme: Shelf, monkeypatch: pytest.MonkeyPatch) -> connections.Target:
    install(monkeypatch, registry.CARTS, "watched", Watched)
    monkeypatch.setattr(Watched, "done", [], raising=False)
    given = {"system": "watched", "url": "https://watched.example"}
    made = carts.add(acme.session, str(acme.merchant), "Watched", given)
    return connections.cart_target(acme.session, str(made.id))


async def tested(target: connections.Target, most: int = 9) -> Sequence[str]:
    """The names of the steps of a test; nobody listens after `most`."""
    names: list[str] = []
    async with aclosing(connections.test(target)) as steps:  # type: ignore[type-var]
        async for step in steps:
            names.append(step.name)
            if len(names) == most:
                break
    return names


async def test_it_is_closed_when_all_went_well(target: connections.Target) -> None:
    assert await tested(target) == ["login", "reading"]
    assert Watched.done == ["login", "reading", "closed"]


async def test_it_is_closed_after_a_step_that_failed(
    target: connections.Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Watched, "course", "refused")
    assert (await tested(target))[0] == "login"
    assert Watched.done[-1] == "closed"
    assert Watched.done.count("closed") == 1


async def test_it_is_closed_when_the_check_breaks(target: connections.Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watched, "course", "broken")
    assert (await tested(target))[0] == "login"
    assert Watched.done == ["login", "closed"]


async def test_it_is_closed_when_nobody_listens_any_more(target: connections.Target) -> None:
    assert await tested(target, most=1) == ["login"]
    assert Watched.done == ["login", "closed"]
