"""What modules declare: constants, tables, defaults of fields, of columns and of parameters, as lines of text.

`tests/declared/ROOM.txt` lists them for a room, so that a limit, a page size, a capability or a default of a column
changes only together with a line that a reviewer sees. Texts for people and statements are left out: they have tests of
what they say and do.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import sqlalchemy
from pydantic.fields import FieldInfo
from sqlmodel import SQLModel

SOURCE = Path(__file__).parents[3] / "src"
PACKAGE = "invsync_tui"
ROOMS = ("rules", "store", "sync", "connectors", "operations")
_NOT_DECLARED = ("migrations", "__all__")
_CONTAINERS = ("WeakKeyDictionary", "WeakValueDictionary", "WeakSet", "OrderedDict", "defaultdict", "deque")
_TEXT_MOST = 32
_LINE_MOST = 120
Seen = dict[int, tuple[str, object]]
"""By identity, long values that were shown, with their names. A value is held, so that its identity stays its own."""
_DEEPEST = 8


class _Shown(str):
    """A text that is shown as it is."""


def text(room: str) -> str:
    """The file of a room."""
    return "".join(f"{line}\n" for line in lines(room))


def lines(room: str) -> list[str]:
    """`module:name = value` for everything that the modules of a room declare; migrations are done once."""
    declared: list[str] = []
    seen: Seen = {}
    for path in sorted((SOURCE / PACKAGE / room).rglob("*.py")):
        if "migrations" not in path.parts:
            declared += _module(path, seen)
    return declared


def _module(path: Path, seen: Seen) -> Iterator[str]:
    name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    module = importlib.import_module(name)
    short = name.removeprefix(f"{PACKAGE}.")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for name, value in _declared(tree.body, module):
        yield from _lines(f"{short}:{name}", value, seen)


def _declared(body: Iterable[ast.stmt], owner: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    """(name, value) of the statements of a module or a class."""
    for statement in body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            if statement.value is not None:
                yield from _assigned(statement, owner, prefix)
        elif isinstance(statement, ast.ClassDef):
            member = getattr(owner, statement.name)
            yield from _declared(statement.body, member, f"{prefix}{statement.name}.")
            if isinstance(member, type) and issubclass(member, SQLModel) and hasattr(member, "__table__"):
                yield from _columns(member)
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _parameters(getattr(owner, statement.name, None), f"{prefix}{statement.name}")


def _assigned(statement: ast.Assign | ast.AnnAssign, owner: object, prefix: str) -> Iterator[tuple[str, object]]:
    if statement.value is not None and _begins_empty(statement.value):
        return
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for name in [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]:
        if name not in _NOT_DECLARED:
            yield f"{prefix}{name}", _value(owner, name)


def _begins_empty(value: ast.expr) -> bool:
    """Whether a name begins as an empty container: what the program keeps in it is not declared, and other tests fill it."""
    if isinstance(value, ast.Dict | ast.List | ast.Set):
        return not ast.unparse(value).strip("[]{}")
    return isinstance(value, ast.Call) and ast.unparse(value.func).split(".")[-1] in _CONTAINERS and not value.keywords


def _lines(name: str, value: object, seen: Seen) -> Iterator[str]:
    """One line, or one for each part where that is long; none for what is empty, only a text or another name of a type.
    What is in `seen` is named only."""
    text = shown(value)
    if text in ("text", "None", "''", "()") or "Alias" in text:
        return
    members = _members(value) if len(text) > _LINE_MOST else None
    if members is None:
        yield f"{name} = {text}"
    elif id(value) in seen:
        yield f"{name} = {seen[id(value)][0]}"
    else:
        seen[id(value)] = name, value
        for n, (key, member) in enumerate(members):
            yield from _lines(f"{name}[{key or n}]", member, seen)


def _value(owner: object, name: str) -> object:
    """What a name of a module or a class is declared as; of a class, the default of its field."""
    fields = getattr(owner, "__dataclass_fields__", {})
    if name in fields:
        field = fields[name]
        return field.default if field.default is not dataclasses.MISSING else field.default_factory
    named = getattr(owner, "_field_defaults", {})
    models = getattr(owner, "model_fields", {})
    if isinstance(models, Mapping) and name in models:
        return models[name]
    return named[name] if name in named else getattr(owner, name, None)


def _columns(model: type[SQLModel]) -> Iterator[tuple[str, object]]:
    """The columns of a table, as the database gets them."""
    table: sqlalchemy.Table = model.__table__  # type: ignore[attr-defined]
    for column in table.columns:
        server = column.server_default
        default = str(server.arg) if isinstance(server, sqlalchemy.DefaultClause) else "-"
        null = "null" if column.nullable else "not null"
        key = " key" if column.primary_key else ""
        yield f"{model.__name__} column {column.name} {column.type!r} {null}{key} default", _Shown(default)
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        unique = " unique" if index.unique else ""
        yield (
            f"{model.__name__} index",
            _Shown(f"{', '.join(str(expression) for expression in index.expressions)}{unique}"),
        )


def _parameters(function: object, name: str) -> Iterator[tuple[str, object]]:
    """The parameters of a function that have a default."""
    if isinstance(function, property) or not callable(function):
        return
    for parameter in inspect.signature(inspect.unwrap(function)).parameters.values():
        if parameter.default is not inspect.Parameter.empty:
            yield f"{name}({parameter.name})", parameter.default


def shown(value: object, depth: int = 0) -> str:
    """A value as text that is the same in every process."""
    if depth > _DEEPEST:
        return "..."
    if isinstance(value, _Shown):
        return str(value)
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, str | bytes):
        words = value if isinstance(value, str) else value.decode("latin-1")
        return "text" if len(words) > _TEXT_MOST or re.search(r"\s", words) else repr(value)
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    return _compound(value, depth + 1)


def _compound(value: Any, depth: int) -> str:
    if isinstance(value, re.Pattern):
        return f"pattern {value.pattern!r}" + (f" {value.flags}" if value.flags != re.UNICODE else "")
    if isinstance(value, FieldInfo):
        return shown(value.get_default(call_default_factory=False), depth)
    if isinstance(value, frozenset | set):
        return "{" + ", ".join(sorted(shown(member, depth) for member in value)) + "}"
    members = _members(value)
    if members is not None:
        name = type(value).__name__ if _has_fields(value) else ""
        parts = (f"{key}: {shown(member, depth)}" if key else shown(member, depth) for key, member in members)
        return f"{name}({', '.join(parts)})"
    if isinstance(value, type) or inspect.isroutine(value):
        return str(getattr(value, "__qualname__", type(value).__name__)).replace("<lambda>", "function")
    return type(value).__name__


def _members(value: Any) -> list[tuple[str, object]] | None:
    """The parts of a value with their names, which are '' where there is only an order; None where it has no parts."""
    if isinstance(value, Mapping):
        return [(shown(key), member) for key, member in value.items()]
    if isinstance(value, tuple) and _has_fields(value):
        return [(name, getattr(value, name)) for name in value._fields]  # type: ignore[attr-defined]
    if isinstance(value, tuple | list):
        return [("", member) for member in value]
    return (
        [(each.name, getattr(value, each.name)) for each in dataclasses.fields(value)] if _has_fields(value) else None
    )


def _has_fields(value: object) -> bool:
    """Whether a value is a named tuple or a dataclass."""
    return not isinstance(value, type) and (hasattr(value, "_fields") or dataclasses.is_dataclass(value))
