"""The secrets of a connection by parts: as they are typed, a field for each that the connector declares, and as stored.

The first part is the setting `secret`; the others are `secret-NAME`, kept together in a column as a JSON object. All are
references. What is typed in the place of a reference may be the secret itself, and is in no message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from invsync_tui.operations.errors import InvalidError
from invsync_tui.operations.settings import values

if TYPE_CHECKING:
    from invsync_tui.connectors.about import SecretPart
    from invsync_tui.operations.settings.setting import Setting

FIRST = "secret"
"""The setting of the first part."""
PREFIX = "secret-"
"""In front of the name of a further part: what its field is called."""
COLUMN = "secrets"
_NAMED = re.compile(r"([a-z][a-z0-9_]{0,49})=(.*)", re.ASCII | re.DOTALL)
"""A name and a reference. A reference alone is never taken for it: `:` follows its first word."""


def is_part(name: str) -> bool:
    """Whether a setting is a further part."""
    return name.startswith(PREFIX)


def without(given: Iterable[str]) -> list[str]:
    """The names of settings that are no further parts."""
    return [name for name in given if not is_part(name)]


def given(texts: Iterable[str]) -> dict[str, str]:
    """By setting, what was given as `REF` for the first part and as `NAME=REF` for a named one."""
    result: dict[str, str] = {}
    for text in texts:
        named = _NAMED.fullmatch(text)
        name, reference = (f"{PREFIX}{named[1]}", named[2]) if named else (FIRST, text)
        if name in result:
            raise InvalidError("--secret", "the same secret is given twice.")
        result[name] = reference
    return result


def columns(
    group: str, system: str, settings: Mapping[str, str], present: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Column to value for the parts among the settings that were given, on top of those that are stored. A part may be
    called by its name also where it is the first. InvalidError for one that the connector does not have."""
    from invsync_tui.connectors import registry

    named = {name.removeprefix(PREFIX): text for name, text in settings.items() if is_part(name)}
    if not named:
        return {}
    parts = registry.secret_parts(group, system)
    stored = dict(present or {})
    known = {*(part.name for part in parts), *stored}
    if not named.keys() <= known:
        listed = ", ".join(f"{part.name} ({part.help})" for part in parts)
        raise InvalidError("--secret", f"give a reference, or NAME=REFERENCE with one of these names: {listed}.")
    result: dict[str, Any] = {}
    if parts[0].name in named:
        if FIRST in settings:
            raise InvalidError("--secret", "the same secret is given twice.")
        result[FIRST] = values.secret("--secret", named.pop(parts[0].name))
    if named:
        read = {name: values.secret("--secret", text) for name, text in named.items()}
        result[COLUMN] = json.dumps({name: text for name, text in (stored | read).items() if text})
    return result


def refuse_missing(group: str, system: str, new: Mapping[str, Any]) -> None:
    """InvalidError for the first required part that the columns of a new connection lack."""
    from invsync_tui.connectors import registry

    parts = registry.secret_parts(group, system)
    others = _parsed(new.get(COLUMN) or "")
    for place, part in enumerate(parts):
        if part.required and not (others.get(part.name) if place else new.get(FIRST)):
            given_as = "REFERENCE" if len(parts) == 1 else f"{part.name}=REFERENCE"
            raise InvalidError("--secret", f"{part.name}: {part.help}: it is needed. Give it as --secret {given_as}.")


def fields_of(group: str, system: str, first: Setting, stored: str) -> list[Setting]:
    """A field for each part that the connector declares, and for each that is stored and not declared."""
    from invsync_tui.connectors import registry
    from invsync_tui.connectors.about import SecretPart

    parts = registry.secret_parts(group, system)
    references = _parsed(stored)
    names = {part.name for part in parts}
    gone = f"not a secret of {system}; empty takes it away"
    foreign = [SecretPart(name, name, gone, required=False) for name in references if name not in names]
    if len(parts) == 1 and not foreign:
        return [first]
    shown = replace(first, label=_label(parts[0]), help=_help(parts[0]))
    return [shown, *(_field(part, first) for part in (*parts[1:], *foreign))]


def _field(part: SecretPart, first: Setting) -> Setting:
    value = replace(first.value, show=partial(_show, part.name))
    return replace(first, name=f"{PREFIX}{part.name}", column=COLUMN, label=_label(part), help=_help(part), value=value)


def _label(part: SecretPart) -> str:
    return f"{part.label} reference"


def _help(part: SecretPart) -> str:
    return f"{part.help}: env:NAME, file:PATH or command:ARGV" + (" (required)" if part.required else "")


def _parsed(stored: Any) -> dict[str, str]:
    references: dict[str, str] = json.loads(stored or "{}")
    return references


def _show(name: str, stored: Any) -> str:
    return _parsed(stored).get(name, "")
