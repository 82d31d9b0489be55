"""Encoded rows in the order of their keys, served by keyset pages: what is removed meanwhile shifts nothing."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable


class Table:
    """Keys in order; `encode` is asked for a row's bytes when they are first served after a change."""

    def __init__(self, keys: Iterable[str], encode: Callable[[str], bytes]) -> None:
        self.keys = sorted(keys)
        self._encode = encode
        self._bytes: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self.keys)

    def __contains__(self, key: str) -> bool:
        at = bisect_left(self.keys, key)
        return at < len(self.keys) and self.keys[at] == key

    def row(self, key: str) -> bytes:
        """The bytes of one row."""
        encoded = self._bytes.get(key)
        if encoded is None:
            encoded = self._bytes[key] = self._encode(key)
        return encoded

    def touch(self, key: str) -> None:
        """The row is new or has changed."""
        self._bytes.pop(key, None)
        if key not in self:
            self.keys.insert(bisect_left(self.keys, key), key)

    def remove(self, key: str) -> None:
        """Remove a row by its key; a key that is not there is ignored."""
        if key in self:
            del self.keys[bisect_left(self.keys, key)]
        self._bytes.pop(key, None)

    def page(self, after: str, limit: int) -> tuple[list[str], str | None]:
        """The keys behind `after`, and the cursor of the next page; None after the last."""
        start = bisect_right(self.keys, after) if after else 0
        keys = self.keys[start : start + limit]
        return keys, (keys[-1] if start + limit < len(self.keys) else None)

    def number(self, after: str, limit: int) -> int:
        """Which page starts behind `after`, counted from 1."""
        return (bisect_right(self.keys, after) if after else 0) // limit + 1

    def before(self, after: str, limit: int) -> str:
        """The cursor of the page before the one that starts behind `after`."""
        start = bisect_right(self.keys, after) - limit if after else 0
        return self.keys[start - 1] if start > 0 else ""


def joined(name: str, rows: Iterable[bytes], next_cursor: str | None, total: int) -> bytes:
    """A page's JSON from rows that are encoded already."""
    cursor = b"null" if next_cursor is None else b'"%s"' % next_cursor.encode()
    return b'{"%s":[%s],"next":%s,"total":%d}' % (name.encode(), b",".join(rows), cursor, total)
