"""Makes the package of a new connector: the connector, a server to check it against, and tests that pass at once."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from invsync_tui import __version__
from invsync_tui.operations.errors import InvalidError, OperationError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


class Scaffold(NamedTuple):
    """What was made, and what comes next, as commands."""

    folder: Path
    files: tuple[str, ...]
    next_steps: tuple[str, ...]


class _Parts(NamedTuple):
    """What the fake server of a kind has of its own."""

    first: str
    things: str
    data: str
    api: str


_SOURCE = _Parts(
    "",
    "products",
    """\
    def skus(self) -> Mapping[str, str]:
        return {ref: record["sku"] for ref, record in self.records.items()}

    def levels(self) -> Mapping[tuple[str, str], int]:
        return {(ref, place): stock for ref, record in self.records.items() for place, stock in record["stock"].items()}

    def add(self, sku: str) -> str:
        ref = f"P{len(self.records) + 1:04}"
        self.records[ref] = {"id": ref, "sku": sku, "name": f"Product {sku}", "stock": {"EAST": 5, "WEST": 7}}
        return ref

    def remove(self, product: str) -> None:
        del self.records[product]

    def set_level(self, product: str, warehouse: str, available: int) -> None:
        self.records[product]["stock"][warehouse] = available

    def set_odd(self, product: str, warehouse: str, value: object) -> None:
        self.records[product]["stock"][warehouse] = "@1e400" if value == float("inf") else value
""",
    """\
        records = list(self.records.values())
        match method, path:
            case "GET", "/warehouses":
                return {"rows": [{"id": code, "code": code, "name": f"Warehouse {code}"} for code in ("EAST", "WEST")]}
            case "GET", "/products":
                return self._page(records, query)
            case "GET", "/levels":
                place = query["warehouse"]
                rows = [{"product": row["id"], "warehouse": place, "available": row["stock"][place]} for row in records]
                return self._page(rows, query)
        return None
""",
)
_CART = _Parts(
    ", 5",
    "listings",
    """\
    def shown(self) -> Mapping[str, int | None]:
        return {ref: record["stock"] for ref, record in self.records.items()}

    def add(self, sku: str, quantity: int) -> str:
        ref = f"L{len(self.records) + 1:04}"
        self.records[ref] = {"id": ref, "sku": sku, "name": f"Listing {sku}", "stock": quantity}
        return ref

    def remove(self, listing: str) -> None:
        del self.records[listing]

    def set(self, listing: str, quantity: int) -> None:
        self.records[listing]["stock"] = quantity
""",
    """\
        records = list(self.records.values())
        match method, path:
            case "GET", "/listings":
                return self._page(records, query)
            case "POST", "/listings/read":
                rows = [self.records[ref] for ref in body["ids"] if ref in self.records]
                return {"rows": rows, "next": None, "total": len(rows)}
            case "POST", "/stock":
                return {"rows": [self._set(row) for row in body["rows"]]}
        return None

    def _set(self, row: Mapping[str, Any]) -> dict[str, Any]:
        if row["id"] not in self.records:
            return {"id": row["id"], "error": "There is no such listing."}
        self.records[row["id"]]["stock"] = row["stock"]
        return {"id": row["id"], "stock": row["stock"]}
""",
)
_PARTS = {"source": _SOURCE, "cart": _CART}

_PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "invsync-@name@"
version = "0.1.0"
description = "@Title@ for invsync"
requires-python = ">=3.11"
dependencies = ["invsync>=@version@"]

[project.entry-points."invsync.@kind@s"]
@name@ = "invsync_@name@.@kind@:@Class@@Kind@"

[project.entry-points."invsync.fakes"]
@name@-@page@ = "invsync_@name@.server:server"

[tool.hatch.build.targets.wheel]
packages = ["src/invsync_@name@"]

[tool.pytest.ini_options]
testpaths = ["tests"]
"""
_TESTS = """\
from invsync_tui.kit import @kind@_suite

from invsync_@name@.server import server
from invsync_@name@.@kind@ import @Class@@Kind@

Test@Class@ = @kind@_suite(@Class@@Kind@, server)
"""
_README = """\
# invsync-@name@

@Title@ for [invsync], as a @page@.

    pip install -e .
    python -m pytest
    invsync connections about @name@
    invsync connections verify @name@

What is left to do: `server.py` becomes what the vendor's documentation says, written by somebody who has not read the
connector; `@kind@.py` becomes a client of it; `about` says what to set up at the vendor, which permissions are needed, what
it cannot do, and where each fact comes from. A check that cannot apply gets a reason in `tests/test_suite.py`:
`@kind@_suite(..., exempt={8: "the system cannot tell what changed"})`.
"""


def make(name: str, kind: str, into: Path) -> Scaffold:
    """Make the folder `invsync-NAME` in `into`; refused where there is one already."""
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise InvalidError("NAME", f"{name!r} is not allowed; give lower-case letters, digits and _, a letter first.")
    folder = into / f"invsync-{name}"
    package = f"src/invsync_{name}"
    templates = files("invsync_tui.kit") / "templates"
    parts = _PARTS[kind]
    server = (templates / "server.py.txt").read_text("utf-8")
    for mark, text in (
        ("@first@", parts.first),
        ("@things@", parts.things),
        ("@data@\n", parts.data),
        ("@api@\n", parts.api),
    ):
        server = server.replace(mark, text)
    texts = {
        "pyproject.toml": _PYPROJECT,
        "README.md": _README,
        f"{package}/__init__.py": '"""@Title@ for invsync."""\n',
        f"{package}/{kind}.py": (templates / f"{kind}.py.txt").read_text("utf-8"),
        f"{package}/server.py": server,
        "tests/test_suite.py": _TESTS,
    }
    try:
        folder.mkdir(parents=True)
        for file, text in texts.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(_filled(text, name, kind), "utf-8")
    except FileExistsError as error:
        raise OperationError(
            f"{folder} is there already. Choose another name, or another folder with --into."
        ) from error
    except OSError as error:
        raise OperationError(
            f"{folder} cannot be made: {error.strerror}. Choose another folder with --into."
        ) from error
    steps = (f"cd {folder}", "pip install -e .", "python -m pytest", f"invsync connections verify {name}")
    return Scaffold(folder, tuple(texts), steps)


def _filled(text: str, name: str, kind: str) -> str:
    marks = {
        "@name@": name,
        "@NAME@": name.upper(),
        "@Title@": name.replace("_", " ").capitalize(),
        "@Class@": "".join(part.capitalize() for part in name.split("_")),
        "@kind@": kind,
        "@Kind@": kind.capitalize(),
        "@page@": "wms" if kind == "source" else "cart",
        "@version@": __version__,
    }
    for mark, value in marks.items():
        text = text.replace(mark, value)
    return text
