"""From one page of a listing to the next, by the style that the description names.

A cursor is text that says where the next page is; nothing else is remembered, so that an interrupted download goes on.
Page numbers and offsets end at the total or the number of pages that the system says, else at an empty page, never at one
that is shorter than asked for: many systems cap the size of a page without a word.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

import orjson

from invsync_tui.connectors.errors import ContractError
from invsync_tui.connectors.http import Response
from invsync_tui.connectors.sources.rest.layout import Listing, Paging
from invsync_tui.connectors.values import describe_value, whole

CURSOR_MOST = 4096
"""Characters of a cursor or an address."""
_LINK = re.compile(r"<([^>]*)>\s*((?:;\s*[\w*!-]+\s*=\s*(?:\"[^\"]*\"|[^;,\s]*)\s*)*)")
_NEXT = re.compile(r";\s*rel\s*=\s*\"?(?:[^\"]*\s)?next(?:\s[^\"]*)?\"?\s*(?:;|$)", re.IGNORECASE)


def target(listing: Listing, cursor: str | None, placeholders: Mapping[str, str]) -> str:
    """Path and query of a page. `placeholders` has their values by name."""
    paging = listing.paging
    if cursor is not None and paging.style in ("link", "next"):
        return cursor
    path, query = listing.path, dict(listing.query)
    for name, value in placeholders.items():
        word = f"{{{name}}}"
        path = path.replace(word, quote(value, safe=""))
        query = {key: text.replace(word, value) for key, text in query.items()}
    if paging.size:
        query[paging.size] = str(paging.limit)
    if paging.style in ("page", "offset"):
        query[paging.parameter] = str(_number(cursor, paging.first)[0])
    elif paging.style == "cursor" and cursor is not None:
        query[paging.parameter] = cursor
    return f"{path}?{urlencode(query)}" if query else path


def records_of(listing: Listing, response: Response) -> tuple[list[Any], int | None]:
    """The records of an answer, and how many there are in all, where the system says so."""
    answer = response.json()
    try:
        rows = listing.rows.find(answer)
    except ValueError as error:
        raise ContractError(f"The answer for {listing.name} cannot be read: {error}.", where=response.where) from error
    if not isinstance(rows, list):
        place = ".".join(listing.rows.steps) or "the answer"
        raise ContractError(
            f"The answer for {listing.name} has no list at {place}, but {_kind(rows)}.",
            where=response.where, advice="Correct list in the description, or look at what the system answers.",
        )  # fmt: skip
    if listing.total is None:
        return rows, None
    try:
        total = listing.total.find(answer)
        return rows, None if total is None else whole(total, 0)
    except ValueError as error:
        raise ContractError(f"The total of {listing.name} cannot be read: {error}.", where=response.where) from error


def _kind(value: object) -> str:
    return {dict: "a record", type(None): "null"}.get(type(value), describe_value(value))


def next_cursor(
    listing: Listing, response: Response, rows: list[Any], cursor: str | None, total: int | None, page_url: str
) -> str | None:
    """Where the next page is; None for the last one. `page_url` is the absolute address of this page."""
    paging = listing.paging
    if paging.style in ("page", "offset"):
        return _next_number(listing, response, rows, cursor, total)
    if paging.style == "link":
        return _same_host(_linked(response.headers.get("link", "")), page_url, response)
    if paging.next is None:
        return None
    try:
        following = paging.next.find(response.json())
    except ValueError as error:
        raise ContractError(
            f"The answer for {listing.name} does not say where the next page is: {error}.", where=response.where,
            advice="Where the last page leaves it out, write ? behind the path of next.",
        ) from error  # fmt: skip
    if following is None or following in ("", False):
        return None
    if type(following) not in (str, int) or len(str(following)) > CURSOR_MOST:
        raise ContractError(f"The next page {describe_value(following)} is no text.", where=response.where)
    return str(following) if paging.style == "cursor" else _same_host(str(following), page_url, response)


def _linked(header: str) -> str:
    """The address with rel=next of a Link header (RFC 8288); '' where there is none."""
    return next((link[1] for link in _LINK.finditer(header[:CURSOR_MOST]) if _NEXT.search(link[2])), "")


def _same_host(address: str, page_url: str, response: Response) -> str | None:
    """Path and query of the next page. It is followed on the connection's own host only: the login goes along."""
    if not address:
        return None
    try:
        next_url = urlsplit(urljoin(page_url, address))
        here = urlsplit(page_url)
        same = (next_url.scheme, next_url.hostname, next_url.port) == (here.scheme, here.hostname, here.port)
    except ValueError:
        same = False
    if not same or next_url.username is not None:
        raise ContractError(
            "The next page is said to be at another address: it was not followed.", where=response.where,
            advice="If the system calls itself by another name, set that as the connection's address.",
        )  # fmt: skip
    if len(address) > CURSOR_MOST:
        raise ContractError("The address of the next page is too long.", where=response.where)
    return next_url.geturl()


def _number(cursor: str | None, first: int) -> tuple[int, int, str]:
    """Page number or offset, records before it, and the mark of the page before it."""
    if cursor is None:
        return first, 0, ""
    number, _, rest = cursor.partition(":")
    count, _, mark = rest.partition(":")
    if not (number.isdecimal() and count.isdecimal()):
        raise ContractError(f"{cursor!r} is not a cursor of this connector.")
    return int(number), int(count), mark


def _next_number(
    listing: Listing, response: Response, rows: list[Any], cursor: str | None, total: int | None
) -> str | None:
    paging = listing.paging
    number, before, mark = _number(cursor, paging.first)
    if not rows:
        return None
    count = before + len(rows)
    here = hashlib.blake2b(orjson.dumps(rows), digest_size=8).hexdigest()
    if here == mark:
        raise ContractError(
            f"The system sends the same page of {listing.name} again for {paging.parameter}={number}.",
            where=response.where, advice="Check parameter and style of page in the description.",
        )  # fmt: skip
    if _is_last(paging, response, number, count, total):
        return None
    step = 1 if paging.style == "page" else len(rows)
    return f"{number + step}:{count}:{here}"


def _is_last(paging: Paging, response: Response, number: int, count: int, total: int | None) -> bool:
    if paging.pages is not None:
        try:
            pages = whole(paging.pages.find(response.json()), 0)
        except ValueError as error:
            raise ContractError(f"The number of pages cannot be read: {error}.", where=response.where) from error
        return number - paging.first + 1 >= pages
    return total is not None and count >= total
