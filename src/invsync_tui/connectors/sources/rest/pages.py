"""From one page of a listing to the next, by the style that the description names.

A cursor is text that says where the next page is; nothing else is remembered, so that an interrupted download goes on.
Page numbers and offsets end at the total or the number of pages that the system says, else at an empty page, never at one
that is shorter than asked for: many systems cap the size of a page without a word.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urljoin, urlsplit

import orjson

from invsync_tui.connectors.errors import ContractError
from invsync_tui.connectors.http import Response
from invsync_tui.connectors.network.not_json import SHOWN
from invsync_tui.connectors.sources.rest.checks import ROUND
from invsync_tui.connectors.sources.rest.layout import Listing, Paging
from invsync_tui.connectors.values import describe_value, whole

NO_CONTENT = 204
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
        query[paging.parameter] = str(_place(cursor, paging.first).number)
    elif paging.style == "cursor" and cursor is not None:
        query[paging.parameter] = cursor
    return f"{path}?{urlencode(query)}" if query else path


def records_of(listing: Listing, response: Response) -> tuple[list[Any], int | None]:
    """The records of an answer, and how many there are in all, where the system says so.

    None at all is an answer without content (204), and null in the place of the list: where the system says that there are 0,
    or where the description says with ? that the list may be missing. Else null is what a system has beside an error.
    """
    if response.status == NO_CONTENT:
        return [], None if listing.total is None else 0
    answer = response.json()
    try:
        rows = listing.rows.find(answer)
    except ValueError as error:
        raise ContractError(
            f"The answer for {listing.name} cannot be read: {error}.{_beginning(response)}", where=response.where
        ) from error
    total = _total(listing, response, answer)
    if rows is None and (listing.rows.may_miss or total == 0):
        return [], total
    if not isinstance(rows, list):
        place = ".".join(listing.rows.steps) or "the answer"
        raise ContractError(
            f"The answer for {listing.name} has no list at {place}, but {_kind(rows)}.{_beginning(response)}",
            where=response.where, advice="Correct list in the description, or look at what the system answers. A list that "
            "it leaves out where it has nothing needs a ? behind its path.",
        )  # fmt: skip
    return rows, total


def _beginning(response: Response) -> str:
    """How an answer of another shape begins: many systems say what is wrong with status 200."""
    return f" It begins: {str(response.excerpt)[:SHOWN]!r}."


def _total(listing: Listing, response: Response, answer: Any) -> int | None:
    if listing.total is None:
        return None
    try:
        total = listing.total.find(answer)
        return None if total is None else whole(total, 0)
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
    if paging.next is None or response.status == NO_CONTENT:
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


class _Place(NamedTuple):
    """Page number or offset, records before it, the mark of the page before it, and what its total is worth."""

    number: int
    before: int
    mark: str = ""
    note: str = ""


LOOK = "look"
"""The page before was the first one and full, and its total was reached: whether it is the total of all or the number of
records of a page shows on the next one (shopware/shopware#2313)."""
OWN = "own"
"""Totals are those of pages: they say nothing of the end."""


def _place(cursor: str | None, first: int) -> _Place:
    if cursor is None:
        return _Place(first, 0)
    number, count, mark, note, *_ = (*cursor.split(":", 3), "", "", "")
    if not (number.isdecimal() and count.isdecimal()):
        raise ContractError(f"{cursor!r} is not a cursor of this connector.")
    return _Place(int(number), int(count), mark, note)


def only_looks(listing: Listing, cursor: str | None) -> bool:
    """Whether a page is asked for behind what may well be the end, so that its refusal is that end."""
    return listing.paging.style in ("page", "offset") and _place(cursor, 0).note == LOOK


def fresh(listing: Listing, rows: list[Any], cursor: str | None) -> list[Any]:
    """The records of a page; none of a system without pages that is asked for what is behind its only one."""
    again = only_looks(listing, cursor) and rows and _mark(rows) == _place(cursor, 0).mark
    return [] if again else rows


def _mark(rows: list[Any]) -> str:
    return hashlib.blake2b(orjson.dumps(rows), digest_size=8).hexdigest()


def believed(listing: Listing, rows: list[Any], cursor: str | None, total: int | None) -> int | None:
    """The total of a page where it can be that of all records."""
    if listing.paging.style not in ("page", "offset") or total is None:
        return total
    place = _place(cursor, listing.paging.first)
    return None if place.note and (not rows or _is_own(place, rows, total)) else total


def _is_own(place: _Place, rows: list[Any], total: int) -> bool:
    """Whether a total is less than there were up to here: behind it there would be nothing."""
    return place.note == OWN or (place.before > 0 and total < place.before + len(rows))


def _next_number(
    listing: Listing, response: Response, rows: list[Any], cursor: str | None, total: int | None
) -> str | None:
    paging = listing.paging
    place = _place(cursor, paging.first)
    if not rows:
        return None
    count = place.before + len(rows)
    here = _mark(rows)
    if here == place.mark:
        raise ContractError(
            f"The system sends the same page of {listing.name} again for {paging.parameter}={place.number}.",
            where=response.where, advice="Check parameter and style of page in the description.",
        )  # fmt: skip
    note = _note(paging, place, rows, total)
    if not note and _is_last(paging, response, place.number, count, total):
        return None
    step = 1 if paging.style == "page" else len(rows)
    return f"{place.number + step}:{count}:{here}{note and ':' + note}"


def _note(paging: Paging, place: _Place, rows: list[Any], total: int | None) -> str:
    """What is to be remembered of the totals behind a page."""
    if total is None or paging.pages is not None:
        return place.note
    if place.note and _is_own(place, rows, total):
        return OWN
    full = len(rows) % ROUND == 0 or 0 < paging.limit <= len(rows)
    return LOOK if not place.before and full and total == len(rows) else ""


def _is_last(paging: Paging, response: Response, number: int, count: int, total: int | None) -> bool:
    if paging.pages is not None:
        try:
            pages = whole(paging.pages.find(response.json()), 0)
        except ValueError as error:
            raise ContractError(f"The number of pages cannot be read: {error}.", where=response.where) from error
        return number - paging.first + 1 >= pages
    return total is not None and count >= total
