"""A form in words: rows of fields, what saving would change, what a preview counted. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from invsync_tui.operations.lists.list_views import Change, Conflict, Field, FieldKind, Form, Preview
from invsync_tui.plain_text import counted
from invsync_tui.rules.words import ALL_LOCATIONS
from invsync_tui.tui.screens.settings.draft import ON, Draft
from invsync_tui.tui.text import formatting
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import clean, fit, width_of, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Span, Tone, cut, line
from invsync_tui.tui.text.typed_lists import picked

WIDEST_LABEL = 46
NARROWEST_VALUE = 12
NONE = "none"
"""CartRover's word for a list in which nothing is marked."""
MARKS = 2
"""Cells in front of a label: the mark of a change and a gap."""
HOW = {
    FieldKind.SWITCH: "Enter or Space switches.",
    FieldKind.TEXT: "Enter edits.",
    FieldKind.NUMBER: "Enter edits. A whole number.",
    FieldKind.DURATION: "Enter edits. A time such as 90s, 15m, 1h or 2d.",
    FieldKind.CHOICE: "Enter lists the choices; Left and Right step through them.",
    FieldKind.CHOICES: "Enter lists the choices; Space there picks one more.",
    FieldKind.SECRET_REF: "Enter edits. A reference (env:NAME, file:PATH, command:ARGV), never the secret itself.",
}
RULES_NOTE = "After this change the next push is held for review."


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


def rows(draft: Draft, ink: FormRenderContext) -> list[FormRow]:
    """Every field with its value under the heading of its section, and problems below the fields that have them."""
    room = label_room(draft.form, ink.width)
    form_rows: list[FormRow] = []
    section = ""
    for field in draft.form.fields:
        if field.section != section:
            section = field.section
            form_rows.append(FormRow(_heading(section, draft.form.sections.get(section, ""), ink), ""))
        form_rows.append(_head(draft, field, room, ink))
        form_rows += [FormRow(below, field.name) for below in _below(draft, field, room, ink)]
    return form_rows


def _heading(section: str, text: str, ink: FormRenderContext) -> Line:
    """A section's name and its help."""
    whole = line((section, Tone.ACCENT), "  ", (text, Tone.FAINT))
    return cut(whole, ink.width, ink.glyphs.more)


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
    shown = Line(tuple(value_spans(field, draft.value(field.name), field.name in draft.problems)))
    # Of something new nothing was before.
    replaced = field.name in draft.edits and draft.form.rev > 0
    was = line((f"  was {plain_value(field, field.value)}", Tone.FAINT)) if replaced else BLANK
    value = cut(shown, max(room - min(was.width, room // 2), NARROWEST_VALUE), ink.glyphs.more)
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
    return [(text, Tone.PLAIN)] if text else [(NONE, Tone.FAINT)]


def _note(field: Field, text: str) -> list[Span]:
    notes = [choice.note for choice in field.choices if choice.value == text and choice.note]
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
        lines += _hung(problem, indent, Tone.BAD, ink)
    if field.name in draft.contested:
        theirs = f"The other operator set it to {plain_value(field, field.value)}; saving puts yours on top."
        lines += _hung(theirs, indent, Tone.WARN, ink)
    return lines


def _hung(text: str, indent: str, tone: Tone, ink: FormRenderContext) -> list[Line]:
    wrapped = wrap(clean(text), max(ink.width - len(indent) - 2, 10))
    mark = ink.glyphs.warning
    return [line(indent, (mark if i == 0 else " ", tone), " ", (row, tone)) for i, row in enumerate(wrapped)]


def about(draft: Draft, name: str, ink: FormRenderContext) -> list[Line]:
    """What the selected field is for, and how it is entered; first its name where the row has no room for it."""
    field = draft.field_of(name)
    label = clean(field.label)
    cut_off = width_of(label) > label_room(draft.form, ink.width)
    lines = [line((row, Tone.STRONG)) for row in wrap(label, ink.width)] if cut_off else []
    lines += [line(row) for row in wrap(clean(field.help), ink.width)]
    return [*lines, *(line((row, Tone.FAINT)) for row in wrap(HOW[field.kind], ink.width))]


# --- before and after saving ---------------------------------------------------------------------------------------------


def change_lines(changes: Sequence[Change], ink: FormRenderContext) -> list[Line]:
    """One block per setting that changes: what it was, what it will be."""
    lines: list[Line] = []
    for change in changes:
        was, will = change.before or NONE, change.after or NONE
        short = f"{clean(was)} {ink.glyphs.arrow} {clean(will)}"
        lines.append(line((clean(change.label), Tone.STRONG)))
        lines += [line("  ", (row, Tone.PLAIN)) for row in wrap(short, ink.width - 2)]
    return lines


def review(changes: Sequence[Change], follows: str, ink: FormRenderContext) -> list[Line]:
    """What saving changes, and what follows."""
    consequences = [line((row, Tone.WARN)) for row in wrap(follows, ink.width)] if follows else []
    return [*change_lines(changes, ink), BLANK, *consequences]


def conflict(other_save: Conflict, form: Form, mine: Sequence[str], now: float, ink: FormRenderContext) -> list[Line]:
    """Who saved in between, what they changed, and what meets an edit of ours."""
    when = formatting.moment(other_save.at, now)
    who = f"{clean(other_save.who)} saved these settings {when}. Nothing of yours was saved or lost."
    labels = {field.name: field.label for field in form.fields}
    lines = [line(row) for row in wrap(who, ink.width)]
    lines += [BLANK, line(("They changed", Tone.FAINT)), *change_lines(other_save.theirs, ink)]
    both = [clean(labels.get(name, name)) for name in other_save.both]
    if both:
        lines += [BLANK, *_hung(f"You both changed: {', '.join(both)}.", "", Tone.WARN, ink)]
    yours = [clean(labels.get(name, name)) for name in mine]
    return [*lines, BLANK, *(line((row, Tone.FAINT)) for row in wrap(f"Your edits: {', '.join(yours)}.", ink.width))]


def preview_line(preview: Preview | None, *, dirty: bool, wrong: bool) -> Line:
    """What the draft would do to the cart's listings, as far as it was counted."""
    if preview is None:
        waiting = "not while a field is wrong" if wrong else "counting" if dirty else "nothing has been changed yet"
        return line((f"Preview: {waiting}", Tone.FAINT))
    parts: list[Span] = [("Preview  ", Tone.FAINT)]
    parts += _counted("go to zero", preview.to_zero, Tone.BAD)
    parts += _counted("change", preview.changed, Tone.ACCENT)
    parts += _counted("lose their match", preview.lose_match, Tone.WARN)
    if preview.gain_match:
        parts += _counted("gain one", preview.gain_match, Tone.GOOD)
    return line(*parts[:-1])


def preview_reach(preview: Preview | None) -> Line:
    """How much of the cart the preview has looked at."""
    if preview is None:
        return BLANK
    if preview.counted >= preview.total:
        return line((f"of {counted(preview.total, 'listing')}", Tone.FAINT))
    return line((f"counted {preview.counted} of {preview.total}", Tone.ACCENT))


def _counted(word: str, number: int, tone: Tone) -> list[Span]:
    shown = tone if number else Tone.FAINT
    return [(str(number), shown), (f" {word}", shown), (", ", Tone.FAINT)]
