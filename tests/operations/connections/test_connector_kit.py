"""A new connector's package passes the whole suite at once, and a connector with a server is verified by a command."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from invsync_tui.kit.running import run_all
from invsync_tui.operations.connections import connector_checks, connector_scaffold
from invsync_tui.operations.errors import InvalidError, NotFoundError, OperationError
from tests.support.runs.sandbox_world import hurry

CONNECTOR_MOST = 150
"""Lines of a connector to begin with."""


@pytest.mark.parametrize(("kind", "exempt"), [("source", [8, 9, 39]), ("cart", [42, 43, 17, 18, *range(33, 40)])])
def test_a_new_package_passes_the_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, exempt: list[int]
) -> None:
    hurry(monkeypatch)
    name = f"acme_{kind}"
    made = connector_scaffold.make(name, kind, tmp_path)
    assert all((made.folder / file).is_file() for file in made.files)
    source = made.folder / "src"
    monkeypatch.syspath_prepend(source)
    connector = getattr(
        importlib.import_module(f"invsync_{name}.{kind}"), f"Acme{kind.capitalize()}{kind.capitalize()}"
    )
    server = importlib.import_module(f"invsync_{name}.server").server
    results = list(run_all(connector, server))
    assert [(result.check.number, result.why) for result in results if result.ended == "failed"] == []
    assert [result.check.number for result in results if result.ended == "skipped"] == exempt
    lines = (source / f"invsync_{name}" / f"{kind}.py").read_text("utf-8").splitlines()
    assert len(lines) < CONNECTOR_MOST
    assert not any("@" in line and line.strip()[:1] != "@" and "@staticmethod" not in line for line in lines)
    for module in [module for module in sys.modules if module.startswith(f"invsync_{name}")]:
        del sys.modules[module]


@pytest.mark.parametrize("name", ["Acme", "1acme", "a-b", "", "class", "x" * 40, "../up"])
def test_a_name_that_is_no_package_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidError):
        connector_scaffold.make(name, "source", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    made = connector_scaffold.make("acme", "cart", tmp_path)
    (made.folder / "README.md").write_text("mine", "utf-8")
    with pytest.raises(OperationError, match="is there already"):
        connector_scaffold.make("acme", "cart", tmp_path)
    assert (made.folder / "README.md").read_text("utf-8") == "mine"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(OperationError, match="cannot be made"):
        connector_scaffold.make("acme", "cart", tmp_path / "file")


def test_the_connectors_of_a_system_are_verified_each_against_its_server(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)
    results = list(connector_checks.verify("sandbox"))
    assert {result.kind for result in results} == {"wms", "cart"}
    assert {result.ended for result in results} <= {"passed", "skipped"}
    assert len(results) > 30


def test_a_connector_without_a_server_says_how_it_is_checked() -> None:
    with pytest.raises(NotFoundError, match="tryton-wms"):
        next(connector_checks.verify("tryton"))
