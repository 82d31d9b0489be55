"""What an operator has typed into a form and not saved yet. Pure: no store, no screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from invsync_tui.operations.lists.list_views import Conflict, Field, FieldKind, FieldProblem, Form

ON, OFF = "on", "off"


@dataclass(frozen=True, slots=True)
class Draft:
    """A form with edits on top. `edits` holds only what differs from the form."""

    form: Form
    edits: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    contested: frozenset[str] = frozenset()
    """Fields that another operator changed too; ours are on top."""

    @property
    def dirty(self) -> bool:
        return bool(self.edits)

    @property
    def first_problem(self) -> str | None:
        """The uppermost field that cannot be saved."""
        return next((each.name for each in self.form.fields if each.name in self.problems), None)

    def field_of(self, name: str) -> Field:
        return next(each for each in self.form.fields if each.name == name)

    def value(self, name: str) -> str:
        """As typed, else as saved."""
        return self.edits.get(name, self.field_of(name).value)

    def with_value(self, name: str, text: str) -> Draft:
        """The draft with this in the field; what is saved already is no edit."""
        edits = {key: value for key, value in self.edits.items() if key != name}
        if text != self.field_of(name).value:
            edits[name] = text
        return replace(self, edits=edits)

    def with_problems(self, problems: Sequence[FieldProblem]) -> Draft:
        return replace(self, problems={each.field: each.text for each in problems})

    def rebased(self, fresh: Form, conflict: Conflict | None = None) -> Draft:
        """The same edits on top of what is saved now."""
        known = {each.name: each.value for each in fresh.fields}
        edits = {name: text for name, text in self.edits.items() if name in known and known[name] != text}
        both = frozenset(conflict.both if conflict else self.contested)
        return Draft(fresh, edits, {}, both & edits.keys())


def toggled(present: str) -> str:
    """The other position of a switch."""
    return OFF if present == ON else ON


def neighbour(form_field: Field, present: str, by: int) -> str:
    """The choice before or behind the present one; the first or last stays."""
    values = [choice.value for choice in form_field.choices]
    if not values:
        return present
    place = values.index(present) + by if present in values else 0
    return values[max(0, min(place, len(values) - 1))]


TYPED = frozenset({FieldKind.TEXT, FieldKind.NUMBER, FieldKind.DURATION, FieldKind.SECRET_REF})
"""Kinds that are entered letter by letter."""
