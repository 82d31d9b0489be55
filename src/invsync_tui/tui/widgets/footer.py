"""The footer: keys and words of the bindings that are active now. Never typed twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from textual.app import App
from textual.binding import ActiveBinding, Binding
from textual.keys import key_to_character
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from invsync_tui.tui.text.styled import BLANK, Line, Span, Tone, line
from invsync_tui.tui.widgets.diff_canvas import Canvas

SHORT_KEYS: Mapping[str, str] = {
    "enter": "Enter",
    "escape": "Esc",
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "home": "Home",
    "end": "End",
    "space": "Space",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
}
"""Plain words instead of Textual's symbols, which 7-bit terminals do not have."""


MODIFIERS = {"shift": "Shift", "alt": "Alt", "ctrl": "Ctrl"}
EVERYWHERE = "Everywhere"
COMMON = ("list.", "setup.")
"""How ids of bindings begin that all lists have, and those that are needed once in a while."""
TYPING = ("-prompting", "-editing")
"""Classes of a screen while letters are text."""
GAP = 2
"""Cells between two hints."""


class KeyHint(NamedTuple):
    """One action with all its keys."""

    keys: tuple[str, ...]
    label: str
    explanation: str
    shown: bool
    group: str
    general: bool = False
    """Whether every list has it."""
    common: bool = False
    """What every list can do: worth less room than what only this screen can."""
    enabled: bool = True
    """False where it does nothing with the row under the cursor: its place in the footer stays empty."""


def key_name(app: App[object], binding: Binding) -> str:
    """A key as an operator reads it."""
    if binding.key in SHORT_KEYS:
        return SHORT_KEYS[binding.key]
    modifier, _, key = binding.key.rpartition("+")
    if modifier in MODIFIERS and not binding.key_display:
        return f"{MODIFIERS[modifier]}+{SHORT_KEYS.get(key, key.upper() if len(key) == 1 else key.capitalize())}"
    return app.get_key_display(binding).replace("^", "Ctrl+")


def hints_of(app: App[object], active: Iterable[ActiveBinding], *, with_disabled: bool = False) -> list[KeyHint]:
    """Active bindings by action, in the order in which they were declared."""
    by_action: dict[tuple[object, str], list[ActiveBinding]] = {}
    for each in active:
        if (each.enabled or with_disabled) and each.binding.description:
            by_action.setdefault((each.node, each.binding.action), []).append(each)
    return [_hint(app, each) for each in by_action.values()]


def _hint(app: App[object], same: Sequence[ActiveBinding]) -> KeyHint:
    first = same[0].binding
    return KeyHint(
        keys=tuple(key_name(app, each.binding) for each in same),
        label=first.description,
        explanation=first.tooltip or first.description,
        shown=first.show,
        group=_group(same[0]),
        general=(first.id or "").startswith(COMMON),
        common=(first.id or "").startswith(COMMON),
        enabled=same[0].enabled,
    )


def _group(active: ActiveBinding) -> str:
    title = getattr(active.node, "BINDING_GROUP_TITLE", None)
    if title:
        return str(title)
    if isinstance(active.node, App):
        return EVERYWHERE
    return "This screen" if isinstance(active.node, Screen) else "Moving"


def _typed(focused: Widget, key: str) -> bool:
    """Whether a key is text to what has the focus."""
    name = SHORT_KEYS.get(key, "")
    return focused.check_consume_key(key, name if len(name) == 1 else key_to_character(key))


def _cells(hint: KeyHint) -> int:
    return len(hint.keys[0]) + 1 + len(hint.label) + GAP


def _spans(hint: KeyHint) -> tuple[Span, ...]:
    if not hint.enabled:
        return ((" " * _cells(hint), Tone.FAINT),)
    return (hint.keys[0], Tone.KEY), (f" {hint.label}{' ' * GAP}", Tone.FAINT)


class KeyFooter(Canvas, can_focus=False):
    """One row of keys; what does not fit is left out whole, and `?` lists everything.

    A key that does nothing with this row leaves its place empty: the others stand still while the cursor moves.
    """

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._rebound)

    def strip_at(self, y: int) -> Strip:
        width = self.size.width
        return self.strip_of(self._line(width) if y == 0 else BLANK, width)

    def _rebound(self, _: Screen[object]) -> None:
        self.repaint()

    def _line(self, width: int) -> Line:
        # What only this screen can do comes before what every list can.
        hints = sorted(self._hints(), key=lambda hint: hint.general)
        everywhere = [hint for hint in hints if hint.group == EVERYWHERE]
        # What works everywhere has its place first, so that the way to help and out is never what is left out.
        fitting, room = [], width + GAP - sum(map(_cells, everywhere))
        for hint in sorted(hints, key=lambda hint: hint.common):
            if hint.group != EVERYWHERE and _cells(hint) <= room:
                fitting.append(hint)
                room -= _cells(hint)
        return line(*(span for hint in (*fitting, *everywhere) for span in _spans(hint)))

    def _hints(self) -> Iterator[KeyHint]:
        active = list(self.screen.active_bindings.values())
        if any(self.screen.has_class(name) for name in TYPING):
            # Letters are text now; only the keys of what is typed into mean something.
            active = [each for each in active if each.node is self.screen.focused]
        elif focused := self.screen.focused:
            active = [each for each in active if each.node is focused or not _typed(focused, each.binding.key)]
        yield from (hint for hint in hints_of(self.app, active, with_disabled=True) if hint.shown)
