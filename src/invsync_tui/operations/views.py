"""What the front ends are given: plain records, no database rows, no I/O, standard library only.

Times are epoch seconds. None is unknown or never, and is shown as such.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from invsync_tui.operations.lists.rows import Count
from invsync_tui.plain_text import counted
from invsync_tui.rules.outcomes import Counts, Reason
from invsync_tui.rules.safety_rules import TrippedRule
from invsync_tui.rules.worker_health import WorkerState


class RunKind(StrEnum):
    """A run is one pull (WMS to store), one push (store to one cart), or one look of the drift check at a cart."""

    PULL = "pull"
    PUSH = "push"
    RADAR = "radar"


class RunState(StrEnum):
    """Where a run stands. HELD waits for an operator; the last three are final."""

    REQUESTED = "requested"
    RUNNING = "running"
    CANCELLING = "cancelling"
    HELD = "held"
    CANCELLED = "cancelled"
    DONE = "done"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        return self in (RunState.CANCELLED, RunState.DONE, RunState.FAILED)


class Decision(StrEnum):
    """What an operator decided on a held run, where it is not simply released."""

    DISCARDED = "discarded"
    PARTLY_RELEASED = "partly_released"
    """Some groups were sent, listings of the others are still held."""


class PhaseState(StrEnum):
    """Where one phase of a run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class Action(StrEnum):
    """What an operator may order for a run, as far as its state and the operator's role allow."""

    START = "start"
    RESUME = "resume"
    CANCEL = "cancel"
    RELEASE = "release"
    DISCARD = "discard"


class ProblemKind(StrEnum):
    """What a problem is about, the most wrong first; what is none of the first three waits longest."""

    HELD = "held"
    FAILING = "failing"
    STALLED = "stalled"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something an operator should act on: what, and what to do by a command."""

    text: str
    advice: str
    urgent: bool = True
    key: str = ""
    """What to do in the control room instead, by a key; '' where there is none."""
    place: tuple[str, str, str] | None = None
    """Where the control room shows it: the kind of place, the name or number there, and the field or tab."""
    kind: ProblemKind = ProblemKind.OTHER


@dataclass(frozen=True, slots=True)
class Freeze:
    """A merchant or a cart to which nothing is sent, by an operator's decision."""

    subject: str
    """merchant or cart."""
    name: str
    since: int
    by: str
    why: str


class PastPush(NamedTuple):
    """A push that is over or held, and how many listings it updated."""

    state: RunState
    updated: int


NO_ROWS = Count(0, exact=True)


@dataclass(frozen=True, slots=True)
class MerchantRow:
    """One line of the merchants screen."""

    id: int
    name: str
    source: str
    """System of the WMS/OMS connection, such as `tryton`; '' where none is set up."""
    sync_on: bool
    """Synchronization With WMS - Inventory."""
    last_run_at: int | None
    """Last Inventory Run; None is shown as N/A."""
    status: str
    """Result of the last inventory download in words: success, running, failed: ..., or '' for never."""
    next_run_at: int | None
    """When the next inventory download starts; None also where there is a schedule and no service to keep it."""
    carts: int
    active_run: int | None
    """The run that is going on now for this merchant (pull first), if any."""
    latest_run: int | None
    held: int
    """Runs of this merchant that wait for an operator."""
    problems: tuple[Problem, ...] = ()
    frozen: tuple[Freeze, ...] = ()
    """What is frozen of it: itself, or some of its carts."""
    scheduled: bool = False
    """Inventory downloads have a schedule, whether or not a service is there to keep it."""
    not_due: str = ""
    """Why no time is given for the next run that has a schedule: `no service`; '' where one is given or none is due."""
    mismatches: Count | None = NO_ROWS
    """Listings of its carts that do not show their target; None where no cart's listings are known yet."""
    mismatched: tuple[str, ...] = ()
    """The carts that have such listings."""
    pushes: tuple[PastPush, ...] = ()
    """The last pushes to its carts, oldest first; () where they were not asked for."""


@dataclass(frozen=True, slots=True)
class CartRow:
    """A cart beneath its merchant on the merchants screen."""

    id: int
    merchant_id: int
    merchant: str
    name: str
    system: str
    upload_on: bool
    """Inventory Upload Service."""
    last_push_at: int | None
    status: str
    """How its last push went, in words; '' for never."""
    next_run_at: int | None
    """When its next push starts that has a schedule of its own."""
    not_due: str
    """As for a merchant."""
    active_run: int | None
    latest_run: int | None
    held: int
    """Pushes that wait for an operator."""
    mismatches: Count | None
    """None where its listings were never read."""
    pushes: tuple[PastPush, ...]
    """The last ones, oldest first."""
    problems: tuple[Problem, ...] = ()


class ServiceState(StrEnum):
    """Whether anybody executes what is requested and what is due."""

    RUNNING = "running"
    """A service: the schedule and requests."""
    DETACHED = "detached"
    """A worker that ends by itself when there is no more work; the schedule waits for a service."""
    NOT_RESPONDING = "not_responding"
    UNKNOWN = "unknown"
    """On another machine whose clock cannot be compared with this one."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class WorkerView:
    """One process that executes runs."""

    id: str
    kind: str
    """serve or detached."""
    pid: int
    host: str
    here: bool
    """On this machine."""
    started_at: int
    heartbeat_at: int
    state: WorkerState
    silent_for: int | None
    """Seconds since its last heartbeat; None where the clocks cannot be compared."""
    text: str
    """What is wrong with it, '' if nothing is."""
    advice: str


@dataclass(frozen=True, slots=True)
class ServiceView:
    """All workers of the store, and what that means for requests and schedules."""

    state: ServiceState
    text: str
    """`service running`, `no service`, `service not responding for 2 min`."""
    advice: str
    """What to do next; '' where nothing needs to be done."""
    workers: tuple[WorkerView, ...]
    log: str
    """The log file of the detached workers of this store; '' where there is none."""

    @property
    def works(self) -> bool:
        """Whether requests are executed."""
        return self.state in (ServiceState.RUNNING, ServiceState.DETACHED)

    @property
    def scheduled(self) -> bool:
        """What is due by schedule will be started."""
        return self.state is ServiceState.RUNNING

    @property
    def not_due(self) -> str:
        """Why what is due by schedule will not be started, in a word or two; '' if it will."""
        return {ServiceState.RUNNING: "", ServiceState.NOT_RESPONDING: "stalled", ServiceState.UNKNOWN: "unknown"}.get(
            self.state, "no service"
        )


NO_SERVICE = ServiceView(ServiceState.NONE, "no service", "Start one with: invsync serve", (), "")


@dataclass(frozen=True, slots=True)
class Stall:
    """Why a run that is under way is stalled."""

    state: str
    """gone, not_responding or unknown, of its worker; no_progress: its worker responds."""
    since: int | None
    text: str
    advice: str
    key: str = ""
    """What to do in the control room instead, by a key; '' where there is none."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """The health line on top."""

    running: int
    held: int
    failing: int
    """Connections whose last run failed."""
    stale: int
    """Warehouses whose last full download is older than the merchant's limit, or missing."""
    service_running: bool
    """A worker process is there and responds: requests are executed."""
    findings: int = 0
    """Causes that the doctor found within the last hour and had not found before."""
    stalled: int = 0
    """Of the running ones, those that stall: their worker is gone or does not respond, or nothing progresses."""
    service: ServiceView = NO_SERVICE


@dataclass(frozen=True, slots=True)
class Overview:
    """What the merchants screen shows: merchants with their health, and the sums over all of them."""

    merchants: tuple[MerchantRow, ...]
    pulse: Pulse


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run in a list. Progress is of its present phase."""

    id: int
    kind: RunKind
    merchant_id: int
    merchant: str
    cart_id: int | None
    cart: str | None
    state: RunState
    trigger: str
    """A name of `words.TRIGGERS`."""
    requested_by: str
    requested_at: int
    started_at: int | None
    ended_at: int | None
    phase: str
    done: int
    total: int | None
    counts: Counts
    error: str
    """What stopped it, or a notice of a run that did nothing; ''."""
    stall: Stall | None = None
    """Why a run that is under way is stalled; None if it does not, and for all others."""
    decision: Decision | None = None
    """Of a run that was held; None too where all of it was released."""

    @property
    def took(self) -> int | None:
        """Seconds from its start to its end; None without either, and where the clock was set back between them."""
        if self.started_at is None or self.ended_at is None or self.ended_at < self.started_at:
            return None
        return self.ended_at - self.started_at


@dataclass(frozen=True, slots=True)
class PhaseView:
    """One phase of a run with its progress; `total` None where nobody can know."""

    name: str
    state: PhaseState
    done: int
    total: int | None
    started_at: float | None
    ended_at: float | None
    took: float | None = None
    """Seconds that it had taken when its progress was written last; None unless it is under way."""


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """How many SKUs of a run share a reason, with a few of them."""

    reason: Reason
    outcome: str
    count: int
    cause: str
    advice: str
    sample: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EndRow:
    """How many SKUs of a run ended alike: with an outcome for a reason, or with an outcome that needs none."""

    outcome: str
    reason: str | None
    count: int
    cause: str
    advice: str
    sample: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that happened in a run. `level` is info, warning or error. `n` grows by one within the run."""

    n: int
    at: int
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class RateView:
    """The rate budget of the connection as last seen by the worker."""

    available: float
    limit: float
    per_second: float
    from_server: bool
    waited: float
    """Seconds of this run spent waiting for the budget."""


@dataclass(frozen=True, slots=True)
class HoldView:
    """Why a run is held: each tripped safety rule, and what would be sent."""

    rules: tuple[TrippedRule, ...]
    would_set: int
    would_zero: int
    groups: Mapping[str, int] = field(default_factory=dict)
    """How many listings each group has that can be released apart; empty ones are left out."""
    ways: tuple[str, ...] = ()
    """The commands that lead out of it."""


def ways_out_of(run_id: int, cart: str | None) -> tuple[str, ...]:
    """Look at what would be sent and apply exactly that, release it, or give it up."""
    plan = (f"invsync plan {shlex.quote(cart)}",) if cart else ()
    return (f'invsync release {run_id} --reason "..."', f'invsync discard {run_id} --reason "..."', *plan)


@dataclass(frozen=True, slots=True)
class RunSize:
    """What the SKUs of a run's sum are; None for what is not counted by its kind or not known any more.

    A download counts products, and stock levels: one for each product and warehouse. A push counts listings, and the
    products that its cart does not list.
    """

    levels: int | None = None
    products: int | None = None
    listings: int | None = None
    not_listed: int | None = None

    @property
    def text(self) -> str:
        """In words, such as "5,000 products + 14,144 stock levels"; '' where nothing is known."""
        if self.levels is not None and self.products is not None:
            return f"{counted(self.products, 'product')} + {counted(self.levels, 'stock level')}"
        if self.listings is None:
            return ""
        more = f" + {counted(self.not_listed, 'product')} not listed in the cart" if self.not_listed else ""
        return f"{counted(self.listings, 'listing')}{more}"


@dataclass(frozen=True, slots=True)
class RunDetail:
    """What the run screen shows."""

    run: RunRow
    phases: tuple[PhaseView, ...]
    per_second: float | None
    """Items per second of the present phase."""
    eta: int | None
    """Seconds left in the present phase."""
    reasons: tuple[ReasonRow, ...]
    rate: RateView | None
    events: tuple[EventRow, ...]
    """Newest last, at most 200."""
    hold: HoldView | None
    actions: frozenset[Action]
    worker_running: bool
    """The process that executes the run responds (always True for runs that are not under way)."""
    siblings: tuple[RunRow, ...] = field(default=())
    """The newest run of the pull and of each cart of the same merchant, this one included: what one can switch to."""
    counted: RunSize = field(default=RunSize())
    """What the total of its sum counts."""


END_TEXTS = {
    "set": "The cart got another quantity, and confirmed it.",
    "equal": "The cart shows the right quantity already.",
    "skipped": "Nothing was to be sent.",
    "failed": "The cart did not take the quantity.",
    "held": "Nothing was sent: a safety rule holds it for review.",
    "in_doubt": "It was sent, and the answer was lost: the next run finds out what became of it.",
    "submitted": "The cart took it and applies it later.",
}
"""What an outcome means, by its stored code."""


def ends(detail: RunDetail) -> tuple[EndRow, ...]:
    """Every outcome of a run: its reasons, and what is not explained by reasons as the outcome alone."""
    explained: dict[str, int] = {}
    for row in detail.reasons:
        explained[row.outcome] = explained.get(row.outcome, 0) + row.count
    by_outcome = [
        EndRow(outcome, None, number, END_TEXTS[outcome], "")
        for outcome, number in detail.run.counts.as_dict().items()
        if outcome != "total" and number and explained.get(outcome) != number
    ]
    by_reason = [
        EndRow(row.outcome, str(row.reason), row.count, row.cause, row.advice, row.sample) for row in detail.reasons
    ]
    return (*by_outcome, *by_reason)


@dataclass(frozen=True, slots=True)
class Requested:
    """The answer to an order for a sync."""

    runs: tuple[int, ...]
    worker_started: bool
    """No service was alive, so a detached worker was started; it survives this terminal."""
    message: str
