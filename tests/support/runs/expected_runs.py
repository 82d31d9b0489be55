"""Which runs should take place, by a plain calculation that shares nothing with the program but the words.

Everything is in seconds of true time. What is assumed:
* an entry of the schedule is due when the time of day says so, or when as much true time has passed as it had to wait;
* it then waits its period again: from when it was due, or from now where it came late; a period is doubled with each
  failure in a row, up to eightfold;
* one run per download, and one per cart whether it pushes or verifies; what is asked for meanwhile is one run more;
* a scheduled download is followed by a push of every cart that is on and has no period of its own; a push that is
  asked for with a download comes after it;
* a service that stops, or is killed, leaves its runs to the next, which begins them anew;
* what a refused login has ended is not asked for by the schedule, nor after a download, until a run that somebody asked
  for ended otherwise; its period goes on as after any failure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LATE = 60
Key = tuple[str, int]


@dataclass
class Entry:
    kind: str
    key: int
    every: int
    true_due: float
    wall_due: float
    failures: int = 0


@dataclass
class Run:
    kind: str
    key: int
    after: Run | None = None
    pushes: bool = False
    state: str = "waiting"
    began: float = 0.0
    ends: float = 0.0
    behind: list[tuple[Any, bool]] = field(default_factory=list)
    """(what it waits for, with pushes) of the runs that are to follow; ("next", run) is the run after one."""


@dataclass
class World:
    """`carts`: merchant by cart. `takes`: seconds of a run by kind. `fails`, `off` and `down`: (from, to) by key."""

    carts: Mapping[int, int]
    takes: Mapping[str, int]
    fails: Mapping[Key, tuple[float, float]]
    merchants_off: Mapping[int, tuple[float, float]]
    carts_off: Mapping[int, tuple[float, float]]
    down: Sequence[tuple[float, float]]
    ahead: Sequence[tuple[float, float]]
    """(from when, by how much) the clock is ahead."""
    syncs: Sequence[tuple[float, int, int | None]]
    """(when, merchant, cart or None for all) somebody asks for."""
    refused: Mapping[Key, tuple[float, float]] = field(default_factory=dict)
    """(from, to) by key: when the login is refused."""


def _inside(span: tuple[float, float] | None, t: float) -> bool:
    return span is not None and span[0] <= t < span[1]


class Calculation:
    """Goes through the time in small steps; `done` are (kind, key, when it began) of all runs, in order of their ends."""

    STEP = 5

    def __init__(self, world: World, entries: Sequence[tuple[str, int, int, int]]) -> None:
        self.world = world
        self.entries = [Entry(kind, key, every, first, first) for kind, key, every, first in sorted(entries)]
        self.by_period = {entry.key for entry in self.entries if entry.kind == "push"}
        self.waiting: list[Run] = []
        self.active: list[Run] = []
        self.done: list[tuple[str, int, float]] = []
        self.refused: set[Key] = set()
        self.was_down = False
        self.was_ahead = 0.0

    def until(self, end: float) -> list[tuple[str, int, float]]:
        t, syncs = 0.0, sorted(self.world.syncs)
        while t < end:
            while syncs and syncs[0][0] <= t:
                _, merchant, cart = syncs.pop(0)
                self._sync(merchant, cart)
            self._step(t)
            t += self.STEP
        return self.done

    def _step(self, t: float) -> None:
        w = self.world
        if any(_inside(span, t) for span in w.down):
            self.was_down = True
            return
        wall = t + next((by for since, by in reversed(w.ahead) if since <= t), 0.0)
        if self.was_down:
            self.was_down = False
            for run in self.active:
                run.ends = t + w.takes[run.kind]
            for entry in self.entries:  # all that a new process knows is the time of day
                entry.true_due = t + min(max(0.0, entry.wall_due - wall), self._period(entry))
        self._end(t, wall)
        for entry in self.entries:
            self._ask_if_due(entry, t, wall)
        self._put_right(t, wall)
        self._begin(t)

    def _period(self, entry: Entry) -> float:
        return entry.every * min(8, 2**entry.failures)

    def _on(self, entry: Entry, t: float) -> bool:
        merchant = entry.key if entry.kind == "pull" else self.world.carts[entry.key]
        off = _inside(self.world.merchants_off.get(merchant), t)
        return not off and (entry.kind == "pull" or self._cart_on(entry.key, t))

    def _cart_on(self, cart: int, t: float) -> bool:
        return not _inside(self.world.carts_off.get(cart), t)

    def _ask_if_due(self, entry: Entry, t: float, wall: float) -> None:
        if not self._on(entry, t) or (t < entry.true_due and wall < entry.wall_due):
            return
        if (entry.kind, entry.key) not in self.refused:
            self._ask(entry.kind, entry.key, None, entry.kind == "pull")
        on_time = 0 <= wall - entry.wall_due <= min(LATE, entry.every // 2)
        start = entry.wall_due if on_time else wall
        entry.wall_due = start + self._period(entry)
        entry.true_due = t + (entry.wall_due - wall)

    def _put_right(self, t: float, wall: float) -> None:
        for entry in self.entries:
            if (
                self._on(entry, t)
                and entry.wall_due > wall + self._period(entry)
                and entry.true_due - t < entry.wall_due - wall
            ):
                entry.wall_due = wall + (entry.true_due - t)

    def _find(self, runs: list[Run], kind: str, key: int) -> Run | None:
        return next((run for run in runs if (run.kind, run.key) == (kind, key)), None)

    def _sync(self, merchant: int, cart: int | None) -> None:
        running = self._find(self.active, "pull", merchant)
        pull = self._ask("pull", merchant, None, False)
        condition: Any = ("next", running) if running is not None and pull is running else pull
        for number, owner in self.world.carts.items():
            if owner == merchant and cart in (None, number):
                self._ask("push", number, condition, False)

    def _ask(self, kind: str, key: int, after: Any, pushes: bool) -> Run:
        after = None if isinstance(after, Run) and after.state == "done" else after
        waits = self._find(self.waiting, kind, key)
        if waits is not None and isinstance(waits.after, Run) and waits.after.state == "done":
            waits.after = None  # what it waits for has come
        runs = self._find(self.active, kind, key)
        if waits is not None:
            if waits.after is after or waits.after == after:
                waits.pushes = waits.pushes or pushes
            elif after is None:
                self._behind(waits, waits.after, waits.pushes)
                waits.after, waits.pushes = None, pushes
            else:
                self._behind(waits, after, pushes)
            return waits
        if runs is not None:
            self._behind(runs, after, pushes)
            return runs
        fresh = Run(kind, key, after, pushes)
        self.waiting.append(fresh)
        return fresh

    def _behind(self, run: Run, after: Any, pushes: bool) -> None:
        for n, (request, had) in enumerate(run.behind):
            if request is after or request == after:
                run.behind[n] = (request, had or pushes)
                return
        run.behind.append((after, pushes))

    def _begin(self, t: float) -> None:
        for run in list(self.waiting):
            if isinstance(run.after, Run) and run.after.state in ("waiting", "active"):
                continue
            if isinstance(run.after, tuple):
                continue  # its successor is not there yet
            if isinstance(run.after, Run) and run.after.state == "failed":
                self.waiting.remove(run)
                run.state = "cancelled"
                self._follow(run)
                continue
            lease = ("pull", run.key) if run.kind == "pull" else ("cart", run.key)
            taken = {("pull", active.key) if active.kind == "pull" else ("cart", active.key) for active in self.active}
            if lease in taken:
                continue
            self.waiting.remove(run)
            run.state, run.began, run.ends = "active", t, t + self.world.takes[run.kind]
            self.active.append(run)

    def _end(self, t: float, wall: float) -> None:
        for run in [active for active in self.active if active.ends <= t]:
            self.active.remove(run)
            refused = _inside(self.world.refused.get((run.kind, run.key)), t)
            failed = refused or _inside(self.world.fails.get((run.kind, run.key)), t)
            (self.refused.add if refused else self.refused.discard)((run.kind, run.key))
            run.state = "failed" if failed else "done"
            self.done.append((run.kind, run.key, run.began))
            self._count(run, failed, t, wall)
            self._follow(run)
            if run.pushes and not failed and not _inside(self.world.merchants_off.get(run.key), t):
                for cart, owner in self.world.carts.items():
                    wanted = cart not in self.by_period and ("push", cart) not in self.refused
                    if owner == run.key and self._cart_on(cart, t) and wanted:
                        self._ask("push", cart, None, False)

    def _count(self, run: Run, failed: bool, t: float, wall: float) -> None:
        for entry in self.entries:
            if (entry.kind, entry.key) != (run.kind, run.key):
                continue
            if failed:
                entry.failures += 1
            elif entry.failures:
                entry.failures = 0
                if entry.wall_due > wall + entry.every:
                    entry.wall_due = wall + entry.every
                    entry.true_due = t + entry.every

    def _follow(self, run: Run) -> None:
        first: Run | None = None
        for after, pushes in sorted(run.behind, key=lambda request: request[0] is not None):
            request = self._ask(run.kind, run.key, after, pushes)
            first = first or request
        if first is None:
            return
        for other in [*self.waiting, *self.active]:
            if other.after == ("next", run):
                other.after = first  # type: ignore[assignment]
            other.behind = [(first if after == ("next", run) else after, pushes) for after, pushes in other.behind]
