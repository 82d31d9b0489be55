"""The words of a filter as it is typed: `about:word`, quotes keep blanks together. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

_WORD = re.compile(r'(?:(\w+):)?(?:"([^"]*)"?|(\S+))')


def filter_words(text: str) -> Iterator[tuple[str, str]]:
    """What each word is about, as it was typed, and the word; about is '' for a bare one."""
    for about, quoted, plain in _WORD.findall(text):
        yield about, quoted or plain
