"""The route table: every screen is in it, can be imported by it, and is opened with what its class takes."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import grimp
import pytest

from invsync_tui import tui
from invsync_tui.operations import merchants
from invsync_tui.tui.navigation.routes import BY_LINK, BY_NAME, ROUTES, Route, Takes, screen_class
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.screens.diagnosis.finding_links import LISTS

TUI = Path(str(tui.__file__)).parent


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_route_leads_to_a_screen(route: Route) -> None:
    assert issubclass(screen_class(route.name), BaseScreen)
    takes = list(inspect.signature(screen_class(route.name)).parameters)[1:]
    expected = {Takes.MERCHANT: ["merchant_id", "merchant"], Takes.CART: ["cart_id", "cart", "merchant"]}
    assert takes[: len(expected.get(route.takes, []))] == expected.get(route.takes, [])  # type: ignore[arg-type]


def test_every_kind_of_link_that_is_made_has_one_screen() -> None:
    made = {
        node.args[0].value
        for path in sorted(TUI.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Link"
        if node.args and isinstance(node.args[0], ast.Constant)
    }
    made |= {*LISTS.values(), "merchant"}  # a finding's list, and the settings that a command sets
    theme = {"theme"}  # followed by its own screen
    assert made - theme == set(BY_LINK)
    assert len(BY_LINK) == len([route for route in ROUTES if route.link])


def test_every_place_of_a_problem_has_a_screen() -> None:
    places = {
        node.value.elts[0].value
        for path in sorted(Path(str(merchants.__file__)).parent.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "place" and isinstance(node.value, ast.Tuple)
        if isinstance(node.value.elts[0], ast.Constant)
    }
    assert len(places) > 2
    assert places <= set(BY_LINK)


def _opened() -> list[tuple[Path, ast.Call]]:
    """Every `go_to("name", ...)` and `screen(context, "name", ...)` of the program."""
    return [
        (path, node)
        for path in sorted(TUI.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "go_to"
        if node.args and isinstance(node.args[0], ast.Constant)
    ]


def test_every_screen_is_opened_with_what_its_class_takes() -> None:
    calls = [(path, call) for path, call in _opened() if call.args[0].value in BY_NAME]  # type: ignore[attr-defined]
    assert len(calls) > 25
    for path, call in calls:
        name = call.args[0].value  # type: ignore[attr-defined]
        what, more = [None] * (len(call.args) - 1), {str(each.arg): None for each in call.keywords}
        try:
            inspect.signature(screen_class(name)).bind(None, *what, **more)
        except TypeError as error:
            pytest.fail(f"{path.name}:{call.lineno}: {name}: {error}")


def test_no_name_of_a_screen_is_misspelled() -> None:
    forms = {"minimum"}  # FormView.go_to takes a field
    names = {call.args[0].value for path, call in _opened() if path.parent.name != "widgets"}  # type: ignore[attr-defined]
    assert names - forms <= set(BY_NAME)


def test_no_screen_imports_another_one() -> None:
    """Base classes, texts and fields are shared; a screen is opened by its name."""
    graph = grimp.build_graph("invsync_tui", exclude_type_checking_imports=True)
    opened = {f"invsync_tui.tui.{route.module}" for route in ROUTES}
    for module in sorted(opened):
        assert graph.find_modules_directly_imported_by(module) & opened == set()
    assert graph.find_modules_directly_imported_by("invsync_tui.tui.navigation.routes") & opened == set()


def test_no_feature_imports_from_another() -> None:
    """What several features need is in `screens/base/`, `text/` or `widgets/`, and that knows no feature."""
    graph = grimp.build_graph("invsync_tui", exclude_type_checking_imports=True)
    screens = "invsync_tui.tui.screens."
    features = {
        module: module.removeprefix(screens).partition(".")[0] for module in graph.modules if module.startswith(screens)
    }
    assert len(set(features.values())) > 8
    found = [
        (module, target)
        for module, feature in features.items()
        for target in graph.find_modules_directly_imported_by(module)
        if features.get(target, feature) not in (feature, "base")
    ]
    assert found == []
