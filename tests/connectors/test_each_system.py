"""What every connector of ours has, as a table: a system that lacks a part fails here, unless it says why it needs none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from invsync_tui.connectors import registry
from invsync_tui.connectors.about import maker_of
from invsync_tui.connectors.base import Budget, CartCapabilities, Connection, SourceCapabilities
from invsync_tui.connectors.checks import CartFacts, SourceFacts
from invsync_tui.operations.connections import connector_example, connector_pages

PAGES = Path(__file__).parents[2] / "docs" / "reference" / "connectors"
OURS = [
    (kind, system)
    for kind, group in connector_pages.GROUPS.items()
    for system in registry.systems(group)
    if registry.connector(group, system).__module__.startswith("invsync_tui.")
]
NEEDED = {
    ("wms", "feed"), ("wms", "sql"), ("wms", "odoo"), ("wms", "rest"), ("wms", "tryton"), ("wms", "sandbox"),
    ("cart", "medusa"), ("cart", "shopify"), ("cart", "woocommerce"), ("cart", "vendure"), ("cart", "sandbox"),
}  # fmt: skip
WITHOUT_LIMIT = {"sql": "a database answers with as much as it is asked for", "feed": "it fetches one file"}
WITHOUT_PAGE = {"sandbox": "it is set up by the demo, or by its example"}
WITHOUT_REVIEW = {("wms", "sandbox"): "it is on this machine, and plain"}
FILES_OF_OURS = {"description", "queries"}
"""Steps about a file on this machine, which is right whether or not anybody answers."""
NOWHERE = {"feed": "/nowhere/stock.csv", "sql": "sqlite:////nowhere/stock.db"}


def _class(kind: str, system: str) -> type:
    return registry.connector(connector_pages.GROUPS[kind], system)


def _connection(system: str, url: str = "http://127.0.0.1:9") -> Connection:
    options = {"database": "x", "shop": "main", "location": "Main"}
    about = registry.about(registry.SOURCES if system in registry.systems(registry.SOURCES) else registry.CARTS, system)
    known = {option.name for option in about.options} if about else set()
    return Connection("It", system, url, "me", "", {name: text for name, text in options.items() if name in known}, 2)


def test_all_systems_are_there() -> None:
    assert set(OURS) == NEEDED


@pytest.mark.parametrize(("kind", "system"), OURS)
def test_it_says_what_it_can_do(kind: str, system: str) -> None:
    made = _class(kind, system)(_connection(system))
    assert isinstance(made.capabilities, SourceCapabilities if kind == "wms" else CartCapabilities)


@pytest.mark.parametrize(("kind", "system"), OURS)
def test_it_keeps_to_a_rate_limit(kind: str, system: str) -> None:
    budget = _class(kind, system)(_connection(system)).budget()
    if system in WITHOUT_LIMIT:
        assert budget is None
        return
    assert isinstance(budget, Budget)
    assert budget.limit > 0 and budget.per_second > 0


@pytest.mark.parametrize(("kind", "system"), OURS)
async def test_its_connection_test_says_nothing_good_of_a_system_that_nobody_answers_for(
    kind: str, system: str
) -> None:
    made = _class(kind, system)(_connection(system, NOWHERE.get(system, "http://127.0.0.1:9")))
    steps = [step async for step in made.check()]
    await made.close()
    assert [step.ok for step in steps] == [False], steps
    assert steps[-1].name and steps[-1].detail and steps[-1].advice, steps[-1]


@pytest.mark.parametrize(("kind", "system"), OURS)
async def test_nothing_is_right_where_nobody_answers(
    kind: str, system: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # given: all that the connector asks for, so that its connection test gets as far as the other system
    monkeypatch.setenv("INVSYNC_TEST_SECRET", "a-secret-of-this-test")
    about = registry.about(connector_pages.GROUPS[kind], system)
    assert about is not None
    options = {option.name: "main" for option in about.options if option.required}
    if (maker := maker_of(_class(kind, system))) is not None:
        options |= maker(tmp_path, ()).options
    parts = {part.name: "env:INVSYNC_TEST_SECRET" for part in about.secret_parts}
    made = _class(kind, system)(
        Connection(
            "It", system, NOWHERE.get(system, "http://127.0.0.1:9"), "me", "env:INVSYNC_TEST_SECRET", options, 2, parts
        )
    )
    # when
    steps = [step async for step in made.check() if step.name not in FILES_OF_OURS]
    await made.close()
    # then: no step is told as right, and the failing one is about the answer, not about a setting
    assert [step.ok for step in steps] == [False], steps
    assert re.search("No answer|not a folder|There is no file", steps[0].detail), steps


@pytest.mark.parametrize(("kind", "system"), OURS)
def test_the_doctor_has_checks_of_its_own_for_it(kind: str, system: str) -> None:
    review = getattr(_class(kind, system), "review", None)
    assert (review is None) is ((kind, system) in WITHOUT_REVIEW)
    if review is None:
        return
    url = "postgresql://db.example/stock" if system == "sql" else "https://x.example"
    facts = (
        SourceFacts(_connection(system, url), "Acme", "", False, "")
        if kind == "wms"
        else CartFacts(_connection(system, url), "Acme Shop", "", listed=False)
    )
    found = list(review(facts))
    assert found and all(one.id.startswith(f"{system}.") for one in found)
    assert len({one.id for one in found}) == len(found)


@pytest.mark.parametrize(("kind", "system"), OURS)
def test_it_has_a_page_and_a_set_up(kind: str, system: str) -> None:
    (page,) = [page for page in connector_pages.pages(system) if page.kind == kind]
    headings = {section.heading for section in page.sections}
    assert {"What to set up there", "In invsync", "Settings", "Sources"} <= headings
    if system in WITHOUT_PAGE:
        return
    assert headings >= {"How it is proved", "Known limits", "Permissions"} - (
        {"Permissions"} if system == "feed" else set()
    )
    assert (PAGES / f"{system}-{kind}.md").is_file()


@pytest.mark.parametrize(("kind", "system"), OURS)
def test_there_is_something_to_try_it_on_or_the_commands_for_ones_own(kind: str, system: str, tmp_path: Path) -> None:
    (made,) = [one for one in connector_example.make(system, tmp_path) if one.kind == kind]
    assert any(f"--source {system}" in line or f"--system {system}" in line for line in made.commands)
    on_this_machine = system in {"feed", "sql", "rest", "sandbox"}
    assert (maker_of(_class(kind, system)) is not None) is on_this_machine is bool(made.folder)
    assert all((Path(made.folder) / name).is_file() for name in made.files)


@pytest.mark.parametrize(("kind", "system"), OURS)
def test_its_page_goes_as_far_as_the_first_sync(kind: str, system: str) -> None:
    (page,) = [page for page in connector_pages.pages(system) if page.kind == kind]
    (section,) = [section for section in page.sections if section.heading == "In invsync"]
    told = "\n".join(section.lines)
    switch = "invsync merchants set MERCHANT --sync on" if kind == "wms" else "invsync carts set CART --upload on"
    assert switch in section.lines and "invsync sync MERCHANT --wait" in section.lines
    assert ("invsync release RUN" in told) is (kind == "cart")
    assert ("--secret file:PATH" in told) is ("install -m 600" in told) is (system != "feed")
