"""The one cleaner: whatever a name, a code or an error from outside contains, a terminal gets letters and no command.

Everything that is printed for a person passes it, in the control room and on the command line. Standard library only.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

STAND_IN = "?"
"""Shown for a character that a terminal must not get, or cannot show."""
MAX_MARKS = 2
"""Combining marks in a row; more are a way to paint over other lines."""
UNENCODABLE = "invsync-plain"
"""How a stream writes what its encoding does not have: in ASCII, in as many columns."""

_BLANKS = frozenset("\t\n\v\f\r\x85\u2028\u2029")
_FLAG_A, _FLAG_Z = 0x1F1E6, 0x1F1FF
_DROPPED = (
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x180B, 0x180F),  # Mongolian selectors
    (0xFE00, 0xFE0F),  # variation selectors
    (0x1F3FB, 0x1F3FF),  # skin tones
    (0xE0000, 0xE0FFF),  # tags and more selectors
)
"""Terminals disagree about the width of what these make of their neighbours, and a disagreement shifts columns."""
_UNSEEN = ((0x115F, 0x11FF), (0x17B4, 0x17B5), (0x3164, 0x3164), (0xD7B0, 0xD7FF), (0xFFA0, 0xFFA0), (0x2800, 0x2800))
"""Letters without a shape of their own."""
_ASCII: Mapping[str, str] = {
    "…": "~", "→": ">", "←": "<", "–": "-", "—": "-", "‑": "-", "−": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "·": "-",
    "•": "*", "×": "x", "›": "/", "─": "-", "│": "|", "█": "#", "░": ".", "✓": "+", "✗": "x", "▲": "!", "▼": "v", "▶": ">",
    "○": "o", "⊘": "#", "\u00a0": " ",
}  # fmt: skip
"""What we write ourselves, for terminals that have ASCII alone."""


@lru_cache(maxsize=8192)
def clean(text: str, unseen: str = "") -> str:
    """The text without control characters, bidi overrides and joiners, safe for any terminal; line breaks are spaces.

    `unseen` stands for characters that only act on others: nothing where columns count, a mark where a code must not
    look like another one.
    """
    if text.isascii() and text.isprintable():
        return text
    parts: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text):
        marks = marks + 1 if _is_mark(char) else 0
        if marks <= MAX_MARKS:
            # A mark at the very beginning would change what stands in front of the text.
            parts.append(_escaped(char, unseen) if parts or not marks else STAND_IN)
    return "".join(parts)


def clean_lines(text: str) -> str:
    """The same for a text of several lines, which it keeps; what only acts on others is marked."""
    return "\n".join(clean(line, STAND_IN) for line in text.split("\n"))


def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Me")


def _escaped(char: str, unseen: str) -> str:
    """One character as it may be sent to a terminal."""
    if char in _BLANKS:
        return " "
    code = ord(char)
    if _FLAG_A <= code <= _FLAG_Z:
        return chr(ord("A") + code - _FLAG_A)
    if _within(code, _DROPPED):
        return ""
    category = unicodedata.category(char)
    if category == "Cf":
        return unseen
    return STAND_IN if category in ("Cc", "Cs", "Co", "Cn") or _within(code, _UNSEEN) else char


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code <= last for first, last in ranges)


def width(text: str) -> int:
    """Columns that a clean text takes in a terminal."""
    return len(text) if text.isascii() else sum(map(_cells, text))


@lru_cache(maxsize=4096)
def _cells(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Mc", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def is_utf8(locale: str) -> bool:
    """Whether a terminal of this locale shows more than ASCII; one that says nothing is taken for a present-day one."""
    name, _, codeset = locale.partition("@")[0].partition(".")
    written = (codeset or name).replace("-", "").casefold()
    return not locale or written == "utf8"


def locale_of(environ: Mapping[str, str]) -> str:
    """What decides about characters; '' where nothing does."""
    return environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""


def in_ascii(char: str) -> str:
    """A character in as many columns of ASCII."""
    return char if char.isascii() else _ASCII.get(char, STAND_IN * _cells(char))


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(in_ascii, error.object[error.start : error.end])), error.end


codecs.register_error(UNENCODABLE, _replaced)


def grouped(number: int) -> str:
    """A whole number with separators, as people read it: 5,003. Codes and the numbers of runs are none: they are names."""
    return f"{number:,}"


def counted(number: int, noun: str, many: str = "") -> str:
    """A number with its noun: "1 listing", "5,003 listings"; `many` is the plural where it is not `noun` + s."""
    return f"{grouped(number)} {noun if number == 1 else many or noun + 's'}"


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """Which of the known names a misspelled one may mean, as a sentence with a space before it; '' for none."""
    import difflib  # only for a mistake, and not on the way to the first frame

    near = difflib.get_close_matches(name.lower(), known, 1)
    return f" Did you mean {near[0]}?" if near else ""


def signed(number: int | None) -> str:
    """A difference with its sign and separators; `-` alone is unknown."""
    return "-" if number is None else f"{number:+,}" if number else "0"


def asked_by(by: str, trigger: str) -> str:
    """Who asked for a run, and on what occasion, which may be the same: "ada, manual", "schedule", "order at CART"."""
    return by if _is_occasion(by, trigger) else f"{by}, {trigger}"


def occasion(by: str, trigger: str) -> str:
    """On what occasion a run was asked for, and by whom: "manual by ada", "schedule", "order at CART"."""
    return (by or trigger) if not by or _is_occasion(by, trigger) else f"{trigger} by {by}"


def _is_occasion(by: str, trigger: str) -> bool:
    return by == trigger or by.startswith(f"{trigger} at ")
