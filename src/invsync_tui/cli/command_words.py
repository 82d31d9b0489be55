"""A command line that is being typed in bash, as words: quotes may be open, and a word may end in a backslash."""

from __future__ import annotations

import re
from dataclasses import dataclass

NOT_SAFE = re.compile(r"[^\w@%+:,./=-]")
"""Characters that bash would take for something else outside of quotes."""
BREAKS = re.compile(r".*[:=]", re.DOTALL)
"""bash completes what is behind the last of these signs, by its default COMP_WORDBREAKS."""
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


@dataclass(frozen=True, slots=True)
class TypedLine:
    """The words of a line without quotes, the program's name first; the last one is being typed, and may be empty."""

    words: tuple[str, ...]
    quote: str
    """The quote that is open in the last word; '' for none."""

    def as_typed(self, text: str) -> str:
        """The candidate as bash inserts it: what is typed before the last sign that separates words stays."""
        if self.quote:
            return text
        typed = BREAKS.match(self.words[-1])
        rest = text[typed.end() :] if typed is not None and text.startswith(typed.group()) else text
        return NOT_SAFE.sub(lambda match: "\\" + match.group(), rest)


def read_line(line: str) -> TypedLine:
    """Split a line as bash does, without expanding anything. Assignments before the program's name are left out."""
    words: list[str] = []
    word: str | None = None
    quote = ""
    signs = iter(line)
    for sign in signs:
        if quote:
            if sign == quote:
                quote = ""
            else:
                word = (word or "") + (next(signs, "") if sign == "\\" and quote == '"' else sign)
        elif sign in "'\"":
            quote, word = sign, word or ""
        elif sign == "\\":
            word = (word or "") + next(signs, "")
        elif sign.isspace():
            if word is not None:
                words.append(word)
            word = None
        else:
            word = (word or "") + sign
    words.append(word or "")
    while len(words) > 1 and ASSIGNMENT.match(words[0]):
        words.pop(0)
    return TypedLine(tuple(words), quote)
