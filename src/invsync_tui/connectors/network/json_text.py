"""The JSON of an answer, read so that one absurd value does not cost the others.

JSON as a grammar knows no NaN, no number beyond all bounds, no byte that is not UTF-8, and a key once. Servers send all
of these, in one record of a thousand. Such a value comes out as one that the strict readers (`numbers`, `texts`)
refuse, so that its record alone is left out, with its name.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson

DIGITS_MOST = 19
"""Of a number that is made an integer; a longer one is beyond 64 bits, whatever it is."""


class Damaged(str):
    """Stands for a value that cannot be trusted; its text says what came. `values.text` takes it for no text."""

    __slots__ = ()


def decoded(body: bytes) -> Any:
    """The value of a JSON text; ValueError where it is none at all.

    A key that comes twice makes its value `Damaged`, and so does a text with bytes that are not UTF-8.
    """
    try:
        value = orjson.loads(body)
        if orjson.dumps(value) == body:  # then no key came twice, and most servers write as it does
            return value
    except (ValueError, TypeError):
        return _checked(_with(_READ_ALL, body))
    return _with(_READ_KEYS, body)


def _with(read: Callable[[str], Any], body: bytes) -> Any:
    try:
        return read(body.decode("utf-8-sig", "surrogateescape"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A record of which nothing but a repeated key is feared."""
    record = dict(pairs)
    if len(record) == len(pairs):
        return record
    record.clear()
    for key, value in pairs:
        record[key] = Damaged(f"{record[key]} | {value} (the key came twice)") if key in record else value
    return record


def _record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return _once([(_checked(key), _checked(value)) for key, value in pairs])


def _checked(value: Any) -> Any:
    if type(value) is str:
        return value if value.isascii() else _readable(value)
    if type(value) is list:
        return [_checked(item) if type(item) in (str, list) else item for item in value]
    return value


def _readable(text: str) -> str:
    """A text as it is; one with lone surrogates, which stand for bytes that are not UTF-8, with marks in their place."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return Damaged(text.encode("utf-8", "replace").decode())
    return text


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= DIGITS_MOST else float(digits)


_READ_KEYS = json.JSONDecoder(object_pairs_hook=_once, parse_int=_integer).decode
_READ_ALL = json.JSONDecoder(object_pairs_hook=_record, parse_int=_integer).decode
