"""The fake session answers the operations that the control room calls, as they are called."""

from __future__ import annotations

import ast
import inspect
import time
from inspect import Parameter
from operator import attrgetter
from pathlib import Path

import pytest

from invsync_tui import tui
from tests.support.fakes.operations import OPERATIONS, connected, operation
from tests.support.fakes.settings import FakeTest
from tests.support.fakes.store import FakeStore

WITHOUT_SESSION = {"connections.connections:test"}
"""In the table though it is given no session."""
ROOT = "invsync_tui.operations"


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_can_be_asked_of_the_fake_as_of_a_store(name: str) -> None:
    """Parameters in the same order with the same names and kinds; the fake may leave out optional ones at the end."""
    asked = FakeTest() if name == "connections.connections:test" else FakeStore()
    _session, *real = inspect.signature(operation(name)).parameters.values()
    fake = list(inspect.signature(attrgetter(OPERATIONS[name])(asked)).parameters.values())
    assert [_call(one) for one in fake] == [_call(one) for one in real[: len(fake)]]
    assert all(one.default is not Parameter.empty for one in real[len(fake) :])


def _call(parameter: Parameter) -> tuple[str, str, bool]:
    return parameter.name, str(parameter.kind), parameter.default is Parameter.empty


def test_every_operation_of_the_control_room_is_in_the_table() -> None:
    called = {name for path in Path(tui.__path__[0]).rglob("*.py") for name in _called(ast.parse(path.read_text()))}
    assert called | WITHOUT_SESSION == set(OPERATIONS)


def _called(tree: ast.Module) -> set[str]:
    """Operations on a session that a module of the control room calls, as module:function."""
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(ROOT):
            for one in node.names:
                whole = f"{node.module}.{one.name}".removeprefix(f"{ROOT}.")
                modules[one.asname or one.name] = whole
    return {
        f"{modules[node.value.id]}:{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
        if _takes_session(modules[node.value.id], node.attr)
    }


def _takes_session(module: str, name: str) -> bool:
    try:
        found = operation(f"{module}:{name}")
    except (ImportError, AttributeError):
        return False
    return inspect.isfunction(found) and next(iter(inspect.signature(found).parameters), "") == "session"


def test_operations_are_themselves_again_when_no_fake_is_connected() -> None:
    for _ in range(100):  # the store's thread of a control room that was left may still be closing
        if not connected():
            break
        time.sleep(0.05)
    assert not connected(), "a test before this one left a control room open"
    real = operation("catalog.stock:warehouses")
    first, second = FakeStore(), FakeStore()
    for fake in (first, first, second):
        fake.connect()
    stand_in = operation("catalog.stock:warehouses")
    assert stand_in is not real
    assert [line.id for line in stand_in(first, 1)] == [1, 2, 3]
    with pytest.raises(AttributeError, match="store"):
        stand_in(object(), 1)
    first.close()
    second.close()
    assert operation("catalog.stock:warehouses") is stand_in
    first.close()
    assert operation("catalog.stock:warehouses") is real
