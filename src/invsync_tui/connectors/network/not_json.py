"""What came in the place of JSON, in words: nothing at all, a web page, or something else."""

from __future__ import annotations

import re

_TITLE = re.compile(r"<title[^>]{0,80}>([^<]{1,120})", re.IGNORECASE)
SHOWN = 120
"""Characters of an answer that are repeated."""
PAGE_ADVICE = (
    "A login page, a firewall, a proxy or a host's page for maintenance answers so with a good status. Open the address in a "
    "browser, and check the connection's address and login."
)


def explained(excerpt: str) -> tuple[str, str]:
    """(what, advice) of an answer that is no JSON, by its beginning without secrets."""
    text = excerpt.lstrip("\ufeff \t\r\n")
    if not text:
        return "The answer is not JSON: it is empty.", ""
    if not text.startswith("<"):
        return f"The answer is not JSON: {excerpt[:SHOWN]!r}.", ""
    title = _TITLE.search(text)
    page = " ".join(title[1].split()) if title else text[:SHOWN]
    return f"The answer is not JSON but a web page: {page!r}.", PAGE_ADVICE
