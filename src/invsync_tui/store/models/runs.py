"""Tables of the work itself: generations, batches, leases, runs and their events, schedule, audit, workers."""

from __future__ import annotations

from sqlalchemy import Index, LargeBinary, Text, text
from sqlmodel import Field

from invsync_tui.store.models.base import STRICT, STRICT_NO_ROWID, Big, Flag, Table


class PullGeneration(Table, table=True):
    """One complete or delta read of a source. Only a complete one that ended decides what is missing."""

    __tablename__ = "pull_generation"
    __table_args__ = (Index("pull_generation_merchant", "merchant_id", "id"), STRICT)
    id: int | None = Field(default=None, primary_key=True)
    merchant_id: int
    run_id: int
    kind: str = Field(sa_type=Text)
    """full or delta."""
    state: str = Field(sa_type=Text)
    """open, complete or abandoned."""
    mark: str = Field(default="", sa_type=Text)
    """The source's delta mark taken before the first page."""
    stage: str = Field(default="", sa_type=Text)
    """What the cursor belongs to: products, levels:<warehouse ref>, changes."""
    cursor: str | None = Field(default=None, sa_type=Text)
    """Where to continue within the stage; written in the transaction of the page before it."""
    products: int | None = None
    """Products seen, once the catalog was read to its end."""
    levels: int = Field(default=0)
    started_at: int = Field(sa_type=Big)
    ended_at: int | None = Field(default=None, sa_type=Big)


class PullPage(Table, table=True):
    """What one page of a generation contained, so that a resumed pull still knows what was seen."""

    __tablename__ = "pull_page"
    __table_args__ = (STRICT_NO_ROWID,)
    generation_id: int = Field(primary_key=True)
    stage: str = Field(primary_key=True, sa_type=Text)
    n: int = Field(primary_key=True)
    rows: int
    changed: int
    rejected: int = Field(default=0)
    seen: bytes = Field(sa_type=LargeBinary)
    """Product ids as compressed 64-bit integers."""


SUBMITTED = "state = 'submitted'"


class PushBatch(Table, table=True):
    """A write to a cart, recorded with its exact body before it is sent."""

    __tablename__ = "push_batch"
    __table_args__ = (
        Index("push_batch_open", "cart_id", "created_at", sqlite_where=text("state IN ('intent', 'in_doubt')")),
        Index("push_batch_run", "run_id", "created_at"),
        Index(
            "push_batch_submitted",
            "cart_id",
            "look_after",
            sqlite_where=text(SUBMITTED),
            postgresql_where=text(SUBMITTED),
        ),
        STRICT,
    )
    id: str = Field(primary_key=True, sa_type=Text)
    """Also the idempotency key."""
    cart_id: int
    run_id: int
    epoch: int = Field(sa_type=Big)
    items: str = Field(sa_type=Text)
    """JSON list of [listing id, ref, desired, target, shown before]."""
    body: bytes = Field(sa_type=LargeBinary)
    state: str = Field(sa_type=Text)
    """intent, submitted, answered, refused or in_doubt."""
    attempts: int = Field(default=0)
    created_at: int = Field(sa_type=Big)
    answer_by_ms: int = Field(sa_type=Big)
    """Epoch milliseconds after which the request cannot be on its way any more."""
    ended_at: int | None = Field(default=None, sa_type=Big)
    error: str = Field(default="", sa_type=Text)
    within_ms: int = Field(default=0)
    """Milliseconds from a request to `answer_by_ms`: nobody waits longer for it, whatever the clock says. 0: not known."""
    ticket: str = Field(default="", sa_type=Text)
    """Under what the cart keeps a batch that it applies later; '' for none."""
    waits_since: int | None = Field(default=None, sa_type=Big)
    """When the next two were noted: they count from it where the clock was set back since."""
    look_after: int | None = Field(default=None, sa_type=Big)
    """Before this nobody asks what became of the batch; None for at once."""
    give_up_at: int | None = Field(default=None, sa_type=Big)
    """When a submitted batch is resolved by reading the listings back."""


class Lease(Table, table=True):
    """Who may write for a key (pull:<merchant> or push:<cart>). A takeover raises the epoch."""

    __tablename__ = "lease"
    __table_args__ = (STRICT_NO_ROWID,)
    key: str = Field(primary_key=True, sa_type=Text)
    epoch: int = Field(sa_type=Big)
    holder: str = Field(sa_type=Text)
    until: int = Field(sa_type=Big)


class Run(Table, table=True):
    """One pull or push, from the request to its end."""

    __tablename__ = "run"
    __table_args__ = (
        Index("run_requested", "kind", "key", unique=True, sqlite_where=text("state = 'requested'")),
        Index(
            "run_active", "kind", "key", unique=True, sqlite_where=text("state IN ('running', 'cancelling', 'held')")
        ),
        Index("run_merchant", "merchant_id", "id"),
        Index("run_key", "kind", "key", "id"),
        STRICT,
    )
    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(sa_type=Text)
    key: int
    """Merchant id of a pull, cart id of a push."""
    merchant_id: int
    state: str = Field(sa_type=Text)
    trigger: str = Field(sa_type=Text)
    requested_by: str = Field(sa_type=Text)
    requested_at: int = Field(sa_type=Big)
    after_run: int | None = None
    """Starts only when that run has ended well."""
    not_before: int | None = Field(default=None, sa_type=Big)
    """When a requested run may start by itself, where the one before was ended by a rate limit; None for at once."""
    full: bool = Field(default=False, sa_type=Flag)
    """A complete read was asked for."""
    again: bool = Field(default=False, sa_type=Flag)
    """A request came while it was active: run once more afterwards."""
    cancel_requested: bool = Field(default=False, sa_type=Flag)
    epoch: int = Field(default=0, sa_type=Big)
    started_at: int | None = Field(default=None, sa_type=Big)
    ended_at: int | None = Field(default=None, sa_type=Big)
    heartbeat_at: int | None = Field(default=None, sa_type=Big)
    phase: str = Field(default="", sa_type=Text)
    done: int = Field(default=0, sa_type=Big)
    total: int | None = Field(default=None, sa_type=Big)
    phases: str = Field(default="[]", sa_type=Text)
    """JSON list of {name, state, done, total, started_at, ended_at}."""
    counts: str = Field(default="{}", sa_type=Text)
    """JSON object of outcome to count."""
    reasons: str = Field(default="{}", sa_type=Text)
    """JSON object of reason to count."""
    rate: str = Field(default="", sa_type=Text)
    """JSON of the connection's rate budget as last seen."""
    trips: str = Field(default="[]", sa_type=Text)
    """JSON list of the tripped safety rules of a held run: {breaker, measure, text}."""
    released: str = Field(default="{}", sa_type=Text)
    """JSON object of safety rule to the measure that an operator accepted."""
    plan_seq: int | None = Field(default=None, sa_type=Big)
    """The seq up to which the plan of this run looked."""
    error: str = Field(default="", sa_type=Text)
    rev: int = Field(default=0, sa_type=Big)
    plan_id: int | None = None
    """The plan that this push is bound to."""
    groups: str = Field(default="", sa_type=Text)
    """JSON list of the groups of a held run that an operator released; '' for all."""
    settings: str = Field(default="", sa_type=Text)
    """JSON of the settings that the run worked by."""
    then_push: bool = Field(default=False, sa_type=Flag)
    """A pull that is followed by a push of every cart of its merchant that is switched on."""
    after_again: bool = Field(default=False, sa_type=Flag)
    """It waits for the run that follows `after_run`, which is not there yet."""
    again_for: str = Field(default="[]", sa_type=Text)
    """JSON list of the requests that `again` stands for, by their conditions."""


class RunEvent(Table, table=True):
    """Something that happened in a run, in words."""

    __tablename__ = "run_event"
    __table_args__ = (Index("run_event_at", "at", "run_id", "n"), STRICT_NO_ROWID)
    run_id: int = Field(primary_key=True)
    n: int = Field(primary_key=True)
    at: int = Field(sa_type=Big)
    level: str = Field(sa_type=Text)
    text: str = Field(sa_type=Text)


class Schedule(Table, table=True):
    """When a pull or push is due by itself."""

    __tablename__ = "schedule"
    __table_args__ = (STRICT_NO_ROWID,)
    kind: str = Field(primary_key=True, sa_type=Text)
    key: int = Field(primary_key=True)
    every: int
    """Seconds."""
    jitter: int = Field(default=0)
    """Up to so many seconds are added, so that many merchants do not start at once."""
    next_at: int = Field(sa_type=Big)
    failures: int = Field(default=0)
    """Runs in a row that failed: the back-off of this key."""


class Audit(Table, table=True):
    """Who ordered or changed what, and why. Only ever appended to."""

    __tablename__ = "audit"
    __table_args__ = (Index("audit_subject", "subject", "id"), STRICT)
    id: int | None = Field(default=None, primary_key=True)
    at: int = Field(sa_type=Big)
    who: str = Field(sa_type=Text)
    action: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    """merchant:1, cart:3, run:17, ..."""
    before: str = Field(default="", sa_type=Text)
    after: str = Field(default="", sa_type=Text)
    reason: str = Field(default="", sa_type=Text)


class Worker(Table, table=True):
    """A process that executes requests; alive while its file lock is held, the row is for display."""

    __tablename__ = "worker"
    __table_args__ = (STRICT_NO_ROWID,)
    id: str = Field(primary_key=True, sa_type=Text)
    kind: str = Field(sa_type=Text)
    """serve or detached."""
    pid: int
    host: str = Field(sa_type=Text)
    started_at: int = Field(sa_type=Big)
    heartbeat_at: int = Field(sa_type=Big)
    boot: str = Field(default="", sa_type=Text)
    """The boot of its machine that `uptime` counts from."""
    uptime: int = Field(default=0, sa_type=Big)
    """Seconds since that boot at the last heartbeat."""


class Counter(Table, table=True):
    """Numbers that only grow: `seq` orders the write batches of the store; `merchant`, `cart` and `run` are the highest
    number of a removed row's table, see `store.numbers`. `in_cart` is the time up to which `listing_history` does not know what
    carts showed. `removed cart 3` marks what was removed at that time and has left
    rows behind, see `store.removal`."""

    __tablename__ = "counter"
    __table_args__ = (STRICT_NO_ROWID,)
    name: str = Field(primary_key=True, sa_type=Text)
    value: int = Field(sa_type=Big)


class DaySeen(Table, table=True):
    """A day on which work was done, by the clock of then."""

    __tablename__ = "day_seen"
    __table_args__ = (STRICT_NO_ROWID,)
    day: int = Field(primary_key=True)
    """Days since the epoch."""
