"""A form in words: what a field is for, what saving would change, what a preview counted. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from invsync_tui.operations.lists.list_views import Change, Conflict, FieldKind, Form, Preview
from invsync_tui.plain_text import counted, grouped
from invsync_tui.tui.text import formatting
from invsync_tui.tui.text.sanitize import clean, width_of, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Span, Tone, line
from invsync_tui.tui.widgets.form_draft import Draft
from invsync_tui.tui.widgets.form_rows import NONE, FormRenderContext, hung, label_room

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
        lines += [BLANK, *hung(f"You both changed: {', '.join(both)}.", "", Tone.WARN, ink)]
    yours = [clean(labels.get(name, name)) for name in mine]
    return [*lines, BLANK, *(line((row, Tone.FAINT)) for row in wrap(f"Your edits: {', '.join(yours)}.", ink.width))]


def preview_line(preview: Preview | None, *, dirty: bool, wrong: bool) -> Line:
    """What the draft would do to the cart's listings, as far as it was counted."""
    if preview is None:
        waiting = "not while a field is wrong" if wrong else "counting" if dirty else "nothing has been changed yet"
        return line((f"Preview: {waiting}", Tone.FAINT))
    parts: list[Span] = [("Preview  ", Tone.FAINT)]
    parts += _counted("go to 0", preview.to_zero, Tone.BAD)
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
    return line((f"counted {grouped(preview.counted)} of {grouped(preview.total)}", Tone.ACCENT))


def _counted(word: str, number: int, tone: Tone) -> list[Span]:
    number_tone = tone if number else Tone.FAINT
    return [(grouped(number), number_tone), (f" {word}", number_tone), (", ", Tone.FAINT)]
