"""Where a value ends that begins somewhere in a text: in quotes of any level of escapes, in brackets, or bare."""

from __future__ import annotations

import re

QUOTE = r"(?:\\{0,32}(?:[\"'`]|u002[27])|&(?:quot|apos|\#34|\#39|\#x27|\#x22);|%(?:25){0,3}2[27])"
_WORD = re.compile(r"[^\s&,;\"'(){}\[\]\\<>]++")
_SCHEME = re.compile(
    r"(?:bearer|basic|session|token|digest|negotiate|ntlm|apikey|hmac|aws4-hmac-sha256)\s{1,4}", re.IGNORECASE
)
_LINE = re.compile(r"(?:=\"[^\"\r\n<]{0,4096}\"|[^\r\n<\"'\\])++")
_WHOLE_LINE = re.compile(r"authori[sz]ation|cookie", re.IGNORECASE)


def quoted_end(text: str, start: int, opening: str) -> int:
    """Where a quoted value that begins at `start` ends: at the same quotes on the same level of escapes."""
    mark = opening[-1]
    if mark not in "\"'`" or opening.startswith(("&", "%")):
        end = text.find(opening, start)
        return len(text) if end < 0 else end
    level = len(opening) - 1
    at = text.find(mark, start)
    while at >= 0:
        slashes = at
        while slashes > start and text[slashes - 1] == "\\":
            slashes -= 1
        before = at - slashes
        if before % (level + 1) != level and before < level:
            return slashes  # the text around it ends here
        if before % (level + 1) == level and before // (level + 1) % 2 == 0:
            return at - level
        at = text.find(mark, at + 1)
    return len(text)


_BRACKETS = re.compile(r"[\[{]++|[\]}]|\"(?:[^\"\\]|\\.)*+(?:\"|\\?\Z)", re.DOTALL)


def container_end(text: str, start: int) -> int:
    """Where the record or list that begins at `start` ends; the end of the text where it does not."""
    depth = 0
    for match in _BRACKETS.finditer(text, start):
        if match[0][0] in "[{":
            depth += match.end() - match.start()
        elif match[0] in "]}":
            depth -= 1
            if depth == 0:
                return match.end()
    return len(text)


def open_end(text: str, start: int, name: str) -> int:
    """Where a value without quotes ends."""
    if start < len(text) and text[start] in "[{":
        return container_end(text, start)
    if _WHOLE_LINE.search(name):
        line = _LINE.match(text, start)
        return line.end() if line else start
    scheme = _SCHEME.match(text, start)
    word = _WORD.match(text, scheme.end() if scheme else start)
    return word.end() if word else start
