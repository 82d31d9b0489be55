"""The rows of a form: each field with its value, under the heading of its section, with what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from invsync_tui.operations.lists.list_views import Field, FieldKind, Form
from invsync_tui.rules.words import ALL_LOCATIONS
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import clean, fit, width_of, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Span, Tone, cut, line
from invsync_tui.tui.text.typed_lists import picked
from invsync_tui.tui.widgets.form_draft import OFF, ON, Draft

WIDEST_LABEL = 46
NARROWEST_VALUE = 12
NONE = "none"
"""CartRover's word for a list in which nothing is marked."""
MARKS = 2
"""Cells in front of a label: the mark of a change and a gap."""


@dataclass(frozen=True, slots=True)
class FormRow:
    """A line of the form, and the field it belongs to."""

    line: Line
    field: str
    label: int = 0
    """Cells of mark and label, which the cursor covers: a cursor across the row costs twice the bytes."""


@dataclass(frozen=True, slots=True)
class FormRenderContext:
    """What rows are written with."""

    width: int
    glyphs: Glyphs
    height: int = 0
    """Rows that there are."""


def rows(draft: Draft, ink: FormRenderContext) -> list[FormRow]:
    """Every field with its value under the heading of its section, and problems below the fields that have them. A section
    is set off by a rule, and by a blank row where all of them have the room for it."""
    room = label_room(draft.form, ink.width)
    sections = {field.section for field in draft.form.fields}
    airy = len(draft.form.fields) + 2 * len(sections) <= ink.height
    form_rows: list[FormRow] = []
    section = ""
    for field in draft.form.fields:
        if field.section != section:
            section = field.section
            form_rows += [FormRow(BLANK, "")] * (airy and bool(form_rows))
            form_rows.append(FormRow(_heading(section, draft.form.sections.get(section, ""), ink), ""))
        form_rows.append(_head(draft, field, room, ink))
        form_rows += [FormRow(below, field.name) for below in _below(draft, field, room, ink)]
    return form_rows


def _heading(section: str, text: str, ink: FormRenderContext) -> Line:
    """A section's name and its help, and a quiet rule up to the edge."""
    whole = line((section, Tone.ACCENT), "  ", (f"{text} " if text else "", Tone.FAINT))
    rule = ink.width - 1 - whole.width
    return cut(line(*whole.spans, (ink.glyphs.rule * rule, Tone.FAINT)), ink.width, ink.glyphs.more)


def label_room(form: Form, width: int) -> int:
    """Cells for labels; a narrow screen leaves at least some for values."""
    longest = max((width_of(clean(field.label)) for field in form.fields), default=0)
    return max(min(longest, WIDEST_LABEL, width - MARKS - NARROWEST_VALUE - 2), 8)


def _head(draft: Draft, field: Field, room: int, ink: FormRenderContext) -> FormRow:
    changed = field.name in draft.edits
    bad = field.name in draft.problems
    mark = (ink.glyphs.cross, Tone.BAD) if bad else ("*", Tone.ACCENT) if changed else (" ", Tone.PLAIN)
    label = (fit(clean(field.label), room, ink.glyphs.more), Tone.STRONG if changed else Tone.PLAIN)
    start = line(mark, " ", label, "  ")
    return FormRow(line(*start.spans, *_value(draft, field, ink.width - start.width, ink)), field.name, start.width - 1)


def _value(draft: Draft, field: Field, room: int, ink: FormRenderContext) -> list[Span]:
    """The value, and what it was where that differs and there is room to say it."""
    value_line = Line(tuple(value_spans(field, draft.value(field.name), field.name in draft.problems)))
    # Of something new nothing was before.
    replaced = field.name in draft.edits and draft.form.rev > 0
    was = line((f"  was {plain_value(field, field.value)}", Tone.FAINT)) if replaced else BLANK
    value = cut(value_line, max(room - min(was.width, room // 2), NARROWEST_VALUE), ink.glyphs.more)
    left = room - value.width
    return [*value.spans, *(cut(was, left, ink.glyphs.more).spans if left > 6 else ())]


def value_spans(field: Field, text: str, bad: bool) -> list[Span]:
    """A value as it looks when nobody edits it."""
    if bad:
        return [(plain_value(field, text), Tone.BAD)]
    if field.kind is FieldKind.SWITCH:
        return [("[x] on", Tone.GOOD)] if text == ON else [("[ ] off", Tone.FAINT)]
    if field.kind in (FieldKind.CHOICE, FieldKind.CHOICES):
        return [(plain_value(field, text), Tone.PLAIN), *_note(field, text)]
    return [(text, Tone.PLAIN), *_note(field, text)] if text else [(NONE, Tone.FAINT)]


def _note(field: Field, text: str) -> list[Span]:
    notes = [choice.note for choice in field.choices if choice.value == text and choice.note]
    if field.off_means and text.strip().lower() == OFF:
        notes.append(field.off_means)
    return [(f"  {notes[0]}", Tone.FAINT)] if notes else []


def plain_value(field: Field, text: str) -> str:
    """A value in the words of its choices."""
    labels = {choice.value: choice.label for choice in field.choices}
    if field.kind is FieldKind.CHOICES and text not in labels:
        return ", ".join(labels.get(value, value) for value in picked(text)) or ALL_LOCATIONS
    return labels.get(text, text) or NONE


def _below(draft: Draft, field: Field, room: int, ink: FormRenderContext) -> list[Line]:
    """What is wrong with a field, and that another operator changed it too."""
    indent = " " * min(room + MARKS + 2, ink.width // 3)
    lines: list[Line] = []
    if problem := draft.problems.get(field.name):
        lines += hung(problem, indent, Tone.BAD, ink)
    if field.name in draft.contested:
        theirs = f"The other operator set it to {plain_value(field, field.value)}; saving puts yours on top."
        lines += hung(theirs, indent, Tone.WARN, ink)
    return lines


def hung(text: str, indent: str, tone: Tone, ink: FormRenderContext) -> list[Line]:
    """A warning, wrapped behind its mark."""
    wrapped = wrap(clean(text), max(ink.width - len(indent) - 2, 10))
    mark = ink.glyphs.warning
    return [line(indent, (mark if i == 0 else " ", tone), " ", (row, tone)) for i, row in enumerate(wrapped)]
