"""A set of row numbers that takes a byte for each number up to its largest, where a set of Python takes a hundred for each
that is in it: numbers of rows follow one another, and a download holds several such sets of a million."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableSet, Sequence


class IdSet(MutableSet[int]):
    """Whole numbers from 0 on. They are iterated in ascending order."""

    __slots__ = ("_count", "_flags")

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self._flags = bytearray()
        self._count = 0
        self.update(ids)

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and 0 <= number < len(self._flags) and self._flags[number] == 1

    def __iter__(self) -> Iterator[int]:
        at = self._flags.find(1)
        while at >= 0:
            yield at
            at = self._flags.find(1, at + 1)

    def __len__(self) -> int:
        return self._count

    def add(self, value: int) -> None:
        """Put one in. ValueError below 0."""
        self.update((value,))

    def discard(self, value: int) -> None:
        """Take one out, if it is there."""
        if value in self:
            self._flags[value] = 0
            self._count -= 1

    def update(self, ids: Iterable[int]) -> None:
        """Put some in. ValueError for one below 0."""
        numbers = ids if isinstance(ids, Sequence) else list(ids)
        if not numbers:
            return
        if min(numbers) < 0:
            raise ValueError("a number of a row is not below 0")
        flags = self._flags
        if (short := max(numbers) + 1 - len(flags)) > 0:
            flags.extend(bytes(short))
        fresh = 0
        for number in numbers:
            if not flags[number]:
                flags[number] = 1
                fresh += 1
        self._count += fresh

    def among(self, ids: Iterable[int]) -> set[int]:
        """Those of `ids` that are in it."""
        flags, end = self._flags, len(self._flags)
        return {number for number in ids if number < end and flags[number]}

    def missing(self, ids: Iterable[int]) -> list[int]:
        """Those of `ids` that are not in it, in their order."""
        flags, end = self._flags, len(self._flags)
        return [number for number in ids if number >= end or not flags[number]]
