"""A set of row numbers does what a set of Python does with them, in a small part of its memory."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from invsync_tui.store.catalog.id_set import IdSet


def test_it_does_what_a_set_does() -> None:
    dice = random.Random(5)
    ours, plain = IdSet(), set()
    for _ in range(500):
        some = [dice.randrange(2000) for _ in range(dice.randrange(8))]
        match dice.randrange(3):
            case 0:
                ours.update(some)
                plain.update(some)
            case 1:
                ours.update(number for number in some)
                plain.update(some)
            case _:
                for number in some:
                    ours.discard(number)
                    plain.discard(number)
        asked = [dice.randrange(3000) for _ in range(20)]
        assert (len(ours), bool(ours)) == (len(plain), bool(plain))
        assert ours.among(asked) == plain & {*asked}
        assert ours.missing(asked) == [number for number in asked if number not in plain]
    assert list(ours) == sorted(plain)
    assert ours == plain
    assert -1 not in ours and "1" not in ours


def test_0_is_one_of_them_and_what_is_below_is_refused() -> None:
    ours = IdSet([0])
    assert 0 in ours and list(ours) == [0]
    ours.add(3)
    ours.discard(0)
    assert list(ours) == [3]
    with pytest.raises(ValueError, match="not below 0"):
        ours.add(-1)


def test_a_million_take_little() -> None:
    tracemalloc.start()
    ours = IdSet(range(1, 1_000_001))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(ours) == 1_000_000
    assert size < 2_500_000
