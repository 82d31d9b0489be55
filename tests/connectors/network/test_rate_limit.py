"""The rate limiter, on a clock of its own: no test waits."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field

import pytest

from invsync_tui.connectors.rate_limit import PAUSE_MOST, RateLimiter, long_waits_lifted


@dataclass
class Clock:
    """Goes on only when somebody sleeps."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def limiter(clock: Clock, capacity: float = 5, per_second: float = 2) -> RateLimiter:
    return RateLimiter(capacity, per_second, clock=clock, sleep=clock.sleep)


async def test_a_burst_passes_and_then_the_rate(clock: Clock) -> None:
    made = limiter(clock)
    assert [await made.take() for _ in range(5)] == [0.0] * 5
    started = clock.now
    for _ in range(20):
        await made.take()
    assert clock.now - started == pytest.approx(10)


async def test_in_the_long_run_no_more_than_the_rate_passes(clock: Clock) -> None:
    made = limiter(clock, 3, 10)
    for _ in range(1000):
        await made.take()
    assert clock.now - 1000 >= (1000 - 3) / 10 - 1e-6


async def test_what_costs_more_than_there_ever_is_passes_when_all_is_there(clock: Clock) -> None:
    made = limiter(clock)
    await made.take(50)
    await made.take()
    assert clock.now - 1000 == pytest.approx((50 - 5 + 1) / 2)


async def test_nothing_passes_during_a_pause_and_a_shorter_one_does_not_shorten_it(clock: Clock) -> None:
    made = limiter(clock)
    made.pause(30)
    made.pause(1)
    assert await made.take() == pytest.approx(30)


async def test_a_pause_earns_nothing(clock: Clock) -> None:
    made = limiter(clock)
    made.pause(100)
    started = clock.now
    for _ in range(3):
        await made.take()
    assert clock.now - started == pytest.approx(100 + 2 / 2)


@pytest.mark.parametrize("seconds", [math.nan, -5.0, 0.0])
async def test_a_senseless_pause_is_none(clock: Clock, seconds: float) -> None:
    made = limiter(clock)
    made.pause(seconds)
    assert await made.take() == 0


async def test_a_pause_is_capped(clock: Clock) -> None:
    made = limiter(clock)
    made.pause(math.inf)
    assert await made.take() == pytest.approx(PAUSE_MOST)


async def test_the_server_is_believed(clock: Clock) -> None:
    made = limiter(clock)
    made.observe(0, limit=40, per_second=4)
    assert await made.take() == pytest.approx(0.25)
    budget = made.budget()
    assert (budget.limit, budget.per_second, budget.from_server) == (40, 4, True)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
async def test_a_senseless_report_is_not_believed(clock: Clock, number: float) -> None:
    made = limiter(clock)
    made.observe(number, limit=number, per_second=number)
    assert await made.take() == 0


async def test_a_server_that_reports_less_than_nothing_does_not_stop_the_connection_for_ever(clock: Clock) -> None:
    made = limiter(clock)
    made.observe(-1e9, limit=-1e9, per_second=-1)
    assert await made.take() < 2000


async def test_first_come_first_served_and_one_that_gives_up_costs_nothing(clock: Clock) -> None:
    made = limiter(clock, 1, 1)
    await made.take()
    order: list[int] = []

    async def one(number: int) -> None:
        await made.take()
        order.append(number)

    tasks = [asyncio.create_task(one(n)) for n in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [0, 2, 3]
    assert clock.now - 1000 == pytest.approx(3, abs=1.01)


async def test_the_longest_pause_is_a_week(clock: Clock) -> None:
    made = limiter(clock)
    made.pause(1e9)
    assert await made.take() == pytest.approx(7 * 86400)


async def test_what_was_earned_before_a_report_is_not_added_to_it(clock: Clock) -> None:
    made = limiter(clock, 100, 2)
    clock.now += 10
    made.observe(3, limit=100)
    assert made.budget().available == pytest.approx(3)


async def test_what_was_earned_before_a_pause_is_not_added_after_it(clock: Clock) -> None:
    made = limiter(clock, 100, 2)
    made.observe(0, limit=100)
    clock.now += 10
    made.pause(5)
    clock.now += 5
    assert made.budget().available == pytest.approx(1)


# --- shared by the runs of a process ---


async def test_runs_on_one_connection_go_on_with_what_is_left(clock: Clock) -> None:
    first, second, other = limiter(clock), limiter(clock), limiter(clock)
    first.share("shop", 60)
    for _ in range(5):
        await first.take()
    second.share("shop", 60)
    other.share("another shop", 60)
    assert (first.wait_for(), second.wait_for(), other.wait_for()) == (0.5, 0.5, 0.0)
    await second.take()
    # then each says how long its own requests have waited
    assert (first.budget().waited, second.budget().waited) == (0.0, pytest.approx(0.5))


async def test_a_pause_is_for_all_runs_on_the_connection(clock: Clock) -> None:
    first, second = limiter(clock), limiter(clock)
    first.share("shop", 60)
    second.share("shop", 60)
    first.pause(3600)
    third = limiter(clock)
    third.share("shop", 60)
    assert (second.wait_for(), third.wait_for()) == (3600, 3600)
    # and when a person asks, a long one is lifted for all
    with long_waits_lifted(True):
        fourth = limiter(clock)
        fourth.share("shop", 60)
    assert (fourth.wait_for(), second.wait_for()) == (0, 0)
    # and a short one is not
    fourth.pause(30)
    with long_waits_lifted(True):
        fifth = limiter(clock)
        fifth.share("shop", 60)
    assert fifth.wait_for() == 30


async def test_another_declared_limit_is_another_allowance(clock: Clock) -> None:
    first, second = limiter(clock, 5, 2), limiter(clock, 50, 20)
    first.share("shop", 60)
    second.share("shop", 60)
    first.pause(30)
    assert second.wait_for() == 0


async def test_what_has_no_name_is_not_shared(clock: Clock) -> None:
    first, second = limiter(clock), limiter(clock)
    first.share("", 60)
    second.share("", 60)
    first.pause(30)
    assert second.wait_for() == 0


def test_each_event_loop_has_its_own(clock: Clock) -> None:
    async def left() -> float:
        made = limiter(clock)
        made.share("shop", 60)
        before = made.wait_for()
        made.pause(30)
        return before

    assert [asyncio.run(left()), asyncio.run(left())] == [0, 0]
