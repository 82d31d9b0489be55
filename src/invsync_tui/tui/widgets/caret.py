"""A line of text with a caret in it: the whole of editing a field, without a widget. Cursors that blink cost bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace

MOST = 1000
"""Characters in one field."""


@dataclass(frozen=True, slots=True)
class Caret:
    """`at` is in front of the character that it points at."""

    text: str
    at: int

    @classmethod
    def behind(cls, text: str) -> Caret:
        return cls(text, len(text))

    def typed(self, more: str) -> Caret:
        """With this inserted; what no terminal should get is left out."""
        more = "".join(char for char in more if char.isprintable())[: MOST - len(self.text)]
        return Caret(self.text[: self.at] + more + self.text[self.at :], self.at + len(more))

    def pressed(self, key: str) -> Caret | None:
        """After an editing key; None where the key edits nothing."""
        before, after = self.text[: self.at], self.text[self.at :]
        answers = {
            "backspace": Caret(before[:-1] + after, max(self.at - 1, 0)),
            "delete": Caret(before + after[1:], self.at),
            "ctrl+u": Caret(after, 0),
            "ctrl+k": Caret(before, self.at),
            "left": replace(self, at=max(self.at - 1, 0)),
            "right": replace(self, at=min(self.at + 1, len(self.text))),
            "home": replace(self, at=0),
            "ctrl+a": replace(self, at=0),
            "end": Caret.behind(self.text),
            "ctrl+e": Caret.behind(self.text),
        }
        return answers.get(key)
