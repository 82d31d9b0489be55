"""Options of a connector, which its declaration decides alone: as commands give them, K=V, and as forms have them, a field
for each. A name that it does not have, a value that it does not take, and one that is required and absent are refused."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from invsync_tui.connectors import registry
from invsync_tui.connectors.about import Option
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.operations.errors import InvalidError, as_operation_error
from invsync_tui.operations.lists.list_views import Choice, FieldKind
from invsync_tui.operations.settings import values
from invsync_tui.operations.settings.setting import Setting, Value
from invsync_tui.operations.settings.value_kinds import read_options

PREFIX = "option-"
"""In front of an option's name: what its field is called."""
ALL = "options"
"""The name and the column of all of them together."""


def merged(group: str, system: str, given: Iterable[str], present: Mapping[str, str] | None = None) -> dict[str, str]:
    """Options as KEY=VALUE on top of the present ones, for `system`; KEY= takes one away. InvalidError tells the first that
    is refused, or that is required and not there then."""
    given = list(given)
    options = values.options(given, present)
    set_now = {name: value for name, value in options.items() if any(text.startswith(f"{name}=") for text in given)}
    with as_operation_error():
        wrong = registry.wrong_option(group, system, set_now)
        absent = None if wrong else registry.missing_option(group, system, options)
    if absent is not None:
        wrong = f"{absent.name}: {absent.wrong('')} Give it as --option {absent.name}=VALUE."
    if wrong:
        raise InvalidError("--option", wrong)
    return options


def fields_of(group: str, system: str, whole: Setting, stored: str) -> tuple[Setting, ...]:
    """A field for each option that the connector declares, and for each that is stored and not declared.

    Only `whole` where the connector does not say what it takes, or is not installed.
    """
    try:
        declared = registry.options(group, system)
    except NotConfiguredError:
        declared = None
    if declared is None:
        return (whole,)
    names = {option.name for option in declared}
    foreign = [
        Option(name, f"not an option of {system}; empty takes it away") for name in parsed(stored) if name not in names
    ]
    return tuple(_field(option, whole) for option in (*declared, *foreign))


def choices_of(group: str, system: str) -> dict[str, tuple[Choice, ...]]:
    """By field, what may be chosen; the first choice is what holds where nothing is given."""
    try:
        declared = registry.options(group, system) or ()
    except NotConfiguredError:
        declared = ()
    return {f"{PREFIX}{option.name}": _choices(option) for option in declared if option.choices}


def _choices(option: Option) -> tuple[Choice, ...]:
    named = tuple(Choice(value, value) for value in option.choices)
    if option.required:
        return named
    return (Choice("", option.default or "none", "the default" if option.default else ""), *named)


def _field(option: Option, whole: Setting) -> Setting:
    kind = FieldKind.CHOICE if option.choices else FieldKind.TEXT
    value = Value(kind, partial(_read, option), partial(_show, option.name), "TEXT", {"type": "string"})
    name, optional = f"{PREFIX}{option.name}", not option.required
    return replace(whole, name=name, label=option.title, value=value, help=_help(option), optional=optional)


def _help(option: Option) -> str:
    """What it is, what may be given, and what holds without."""
    default = f" (default {option.default})" if option.default else ""
    required = " (required)" if option.required else ""
    return option.what + (f": {option.allowed}" if option.allowed else "") + default + required


def _read(option: Option, at: str, text: str) -> str:
    text = values.line(at, text)
    if wrong := option.wrong(text):
        raise InvalidError(at, wrong)
    return text


def _show(name: str, stored: Any) -> str:
    return parsed(stored).get(name, "")


def parsed(stored: Any) -> dict[str, str]:
    """Stored options by name."""
    options: dict[str, str] = json.loads(stored or "{}")
    return options


def is_option(setting: Setting) -> bool:
    """Whether a setting is one option of several in a column."""
    return setting.name.startswith(PREFIX)


def with_value(stored: Any, setting: Setting, text: str) -> str:
    """Stored options, or secrets by part, with another value of one; an empty one is taken away."""
    rest = parsed(stored) | {setting.name.partition("-")[2]: text}
    return json.dumps({name: value for name, value in rest.items() if value})


def apart(given: Mapping[str, str], stored: Any) -> dict[str, str]:
    """Values by field, with `options` as K=V, K=V given field by field: what it does not name is taken away."""
    if ALL not in given:
        return dict(given)
    named = parsed(read_options(ALL, given[ALL]))
    rest = {name: text for name, text in given.items() if name != ALL}
    return {**{f"{PREFIX}{name}": named.get(name, "") for name in (*parsed(stored), *named)}, **rest}
