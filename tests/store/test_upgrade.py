"""An upgrade is one transaction with one backup: whatever happens, the store is as before or as after."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from invsync_tui.store import connection, migrate, upgrade
from invsync_tui.store.connection import VERSION
from invsync_tui.store.database import create_store, open_store
from invsync_tui.store.errors import StoreBrokenError, StoreError, StoreFullError, StoreInUseError
from invsync_tui.store.file import backups, locks, temporary_files
from tests.support.stores import old_stores
from tests.support.stores.old_stores import dump

OLD = tuple(range(1, VERSION))
CUT_OFF = (1, 12, VERSION - 1)
"""Schemas from which an upgrade is cut off at each statement, or finds the disk full: from the first one it carries out every
statement of every migration; from one in the middle, whose file still grows; and from the last one, since a new migration may be
wrong by itself. From each other it carries out the end of what it does from the first, and that it does so in one transaction is
tested of all."""
LEFT_BETWEEN = (1, 2, 3)
"""Schemas of programs whose upgrade was not one transaction."""

LANDED = {
    "v0001_first_schema": "ff3a231d86ec4fe06a23d2d512e4f57bce30cb44278655e3dc8d4a5c89e9ef3c",
    "v0002_long_lists": "7b0c17070c1dc7d915f0344989fbdc733b066fdfce8f73d03a243c1e53589b89",
    "v0003_diagnosis": "c4e84fb021cf3f70800ed331973934aef2aa5b6e0ab3bd5e2811a514b4657099",
    "v0004_second_thoughts": "a614cdcd6ad7b3a0d581643df170e3bce5b91a328d4e6d81336cb81465aea1f7",
    "v0005_clocks_orders_identity": "21e7b4f8affdea74b1c785e91fe190674a35ead958781d05d038bb0a0d5db3d4",
    "v0006_units_per_listing": "9ee2495673b45951050ffffc40663ca829d77f63ff8f520de58a5afc2976c345",
    "v0007_runs_that_start_later": "48bfca1eb19a894179d0e3d64b84a6bbe688a5892432231cd37f4b7c32f7cb37",
    "v0008_cart_locations": "9c11cd30fbcabcb59a7b08f861ea983b5e18422d508385a01d86300fe2881a7f",
    "v0009_secrets_by_parts": "e5d454bd4577ec94c744531a9c7e26090a74ed5e6df31ea97953b475554d60b7",
    "v0010_submitted_batches": "8b4e96f089cc0d7216153df8f22a458eb8b0d51f5e9bc9012242a1c57ce70603",
    "v0011_notices_of_interfaces": "b697de698c0f740eaa5d540b5309c3de10f26af57be9763a4f2e814b2a3737d7",
    "v0012_matched_by_barcode": "53717d6ae08a22732a8704e5efe49485608df909dc0fd312deae902422899ce8",
    "v0013_listing_tabs": "cf10398da843ad92642ac32124b78def583a2114436d8c6ff5e0a177da3f9980",
    "v0014_webhooks": "683a00f7a117f9e733d34fe3eb30250c08fef853e5e8debc700f9fb23c9ce2ca",
    "v0015_caps_and_fractions": "ab20c43535591bbd163a7ba933631e9165d9ff21ac44e7a814f2407e83987c86",
    "v0016_batch_groups": "e0ceb616f4bc4ca090f7f09734602e3d358f80a84e6a030692af1e5a248c27f9",
    "v0017_batch_limits": "b0da475249b2358190a4102b560cabee4688c3cc6935882c600b8c9b4bc76989",
    "v0018_events_by_time": "9f3fbb5cd11f6fbffda6599bc01d08e44329c43e69e6290feb4b3755c5b88606",
    "v0019_days_seen": "b4b6bced33ffdab6a6fb63a494a36ab82bd4a984db6da5f4e50749c6e46d4ea9",
    "v0020_orders_known": "10ebcf268ed2650780dee9f2de7026b20145a7d87375455d57d0d9ab314ebe79",
    "v0021_prepared_listings": "f1b068963d8945e36653e05720ba7aa5d874c5ed1b8d1e9e626c0deba2f16e0d",
    "v0022_shared_codes": "5cf5695a0378e1ae5d92825d77882fe2bc20630be534342af85634fd1dbc441d",
    "v0023_in_cart_history": "0d77a3325db7aee6ea9f0d7ca8e47fe61604a7020430397f905f8bfd3278edac",
}
"""Of each migration the SHA-256 with which it was released. Stores in the field were made by these very statements."""


GROWS_NO_FILE = (4, 5, 6, 7, 8, 9, 10, 11, 15, 16, 19, 20, 21, 22)
"""Schemas from which an upgrade needs no page more than a small store has: it adds columns, or uses pages that it freed."""


def test_a_landed_migration_is_never_edited() -> None:
    folder = Path(upgrade.__file__).parent / "migrations" / "versions"
    found = {file.stem: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.glob("v*.py")}
    assert found == LANDED


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """One store of each earlier schema, never changed."""
    folder = tmp_path_factory.mktemp("old")
    return {version: old_stores.make(folder / f"{version}.db", version) for version in OLD}


@pytest.fixture(scope="module")
def upgraded(made: dict[int, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[str]]:
    """What each that is disturbed says after an upgrade that nothing disturbed."""
    dumps = {}
    for version in {*CUT_OFF, *LEFT_BETWEEN}:
        copy = shutil.copy(made[version], tmp_path_factory.mktemp("new") / "store.db")
        open_store(copy).close()
        dumps[version] = dump(copy)
    return dumps


def _fresh(made: dict[int, Path], version: int, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return Path(shutil.copy(made[version], folder / "store.db"))


@contextmanager
def at_each_statement(monkeypatch: pytest.MonkeyPatch, then: Callable[[int, str], None]) -> Iterator[None]:
    """Call `then` with the number and text of each statement of an upgrade before it is carried out."""
    count = 0

    def before(statement: str) -> None:
        nonlocal count
        count += 1
        then(count, statement)

    def traced(path: Path, mode: str, synchronous: str) -> sqlite3.Connection:
        cx = connection.connect(path, mode, synchronous)
        if mode == "rw":
            cx.set_trace_callback(before)
        return cx

    with monkeypatch.context() as patched:
        patched.setattr(upgrade, "connect", traced)
        yield


@pytest.mark.parametrize("version", OLD)
def test_an_upgrade_is_one_transaction_with_one_backup_and_says_so(
    made: dict[int, Path], version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    path = _fresh(made, version, tmp_path)
    before = dump(path)
    statements: list[str] = []
    told: list[str] = []
    # when
    with at_each_statement(monkeypatch, lambda _, statement: statements.append(statement.split()[0].upper())):
        open_store(path, say=told.append).close()
    # then
    assert [statement for statement in statements if statement in ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT")] == [
        "BEGIN",
        "COMMIT",
    ]
    (copy,) = backups.of_schema(path)
    assert copy.name.startswith(f"store.db.schema{version}-2")
    assert dump(copy) == before
    assert copy.stat().st_mode == path.stat().st_mode
    assert f"from schema {version} to {VERSION}" in told[-1]
    assert str(copy) in told[-1]
    # and the next one has nothing to do
    open_store(path, say=told.append).close()
    assert len(told) == 2
    assert len(backups.of_schema(path)) == 1


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
@pytest.mark.parametrize("version", CUT_OFF)
def test_killed_before_any_statement_the_store_is_as_before_or_as_after(
    made: dict[int, Path],
    upgraded: dict[int, list[str]],
    version: int,
    mode: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given: what a kill leaves is what is in the files at that moment
    path = _fresh(made, version, tmp_path)
    with closing(sqlite3.connect(path)) as cx:
        cx.execute(f"PRAGMA journal_mode={mode}")
    before = dump(path)
    after = upgraded[version]
    seen: dict[tuple[tuple[str, bytes], ...], Path] = {}

    def keep(number: int, _statement: str) -> None:
        files = {end: path.with_name(path.name + end) for end in ("", "-wal", "-journal")}
        content = {end: file.read_bytes() for end, file in files.items() if file.exists()}
        digest = tuple((end, hashlib.sha256(there).digest()) for end, there in content.items())
        if digest not in seen:
            seen[digest] = tmp_path / str(number) / "store.db"
            seen[digest].parent.mkdir()
            for end, there in content.items():
                seen[digest].with_name("store.db" + end).write_bytes(there)

    # when
    with at_each_statement(monkeypatch, keep):
        open_store(path).close()
    # then
    assert dump(path) == after
    for left in seen.values():
        assert dump(left) in (before, after), left


@pytest.mark.parametrize("version", CUT_OFF)
def test_a_killed_upgrade_is_done_by_the_next_one_without_another_backup(
    made: dict[int, Path], upgraded: dict[int, list[str]], version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    for turn, step in enumerate((3, 40, 10**6)):
        path = _fresh(made, version, tmp_path / str(turn))
        # when
        for _ in range(2):
            child = os.fork()
            if child == 0:
                _die_in_upgrade(path, step, monkeypatch)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        open_store(path).close()
        # then
        assert dump(path) == upgraded[version]
        assert len(backups.of_schema(path)) == 1
        assert [one.name for one in path.parent.iterdir() if one.name.endswith(".new")] == []


def _die_in_upgrade(path: Path, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(number: int, statement: str) -> None:
        if number == step or (step > 1000 and statement == "COMMIT"):
            os.kill(os.getpid(), signal.SIGKILL)

    with at_each_statement(monkeypatch, die):
        open_store(path)
    os._exit(1)


STEPS = {
    "copying": (backups, "copy_into", False),
    "verifying": (backups, "verify", False),
    "before its name": (backups, "_place", False),
    "after its name": (backups, "_place", True),
    "before sweeping": (temporary_files, "sweep", False),
    "after sweeping": (temporary_files, "sweep", True),
    "after the backup": (upgrade, "run_migrations", False),
    "before it is removed": (Path, "unlink", False),
}


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_of_the_backup_the_next_upgrade_has_one_backup_and_no_draft(
    made: dict[int, Path], upgraded: dict[int, list[str]], tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    path = _fresh(made, 1, tmp_path / "here")
    before = dump(path)
    # when
    child = os.fork()
    if child == 0:
        _die_at(path, STEPS[step], monkeypatch)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert dump(path) == before
    # and when it is opened again
    open_store(path).close()
    # then
    assert dump(path) == upgraded[1]
    (copy,) = backups.of_schema(path)
    assert dump(copy) == before
    assert [one.name for one in path.parent.iterdir() if ".new" in one.name] == []


def _die_at(path: Path, step: tuple[object, str, bool], monkeypatch: pytest.MonkeyPatch) -> None:
    place, name, after = step
    real = getattr(place, name)

    def die(*args: object, **named: object) -> object:
        # While a draft is made, files are removed too: the one that is meant is the backup of a failed upgrade.
        if name == "unlink" and not Path(str(args[0])).name.startswith("store.db.schema"):
            return real(*args, **named)
        if after:
            real(*args, **named)
        os.kill(os.getpid(), signal.SIGKILL)
        return None

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(place, name, die)
    if name == "unlink":
        monkeypatch.setattr(upgrade, "run_migrations", fail)
    try:
        open_store(path)
    finally:
        os._exit(1)


@pytest.mark.parametrize("version", CUT_OFF)
def test_a_disk_that_is_full_at_any_page_leaves_the_store_as_before(
    made: dict[int, Path], upgraded: dict[int, list[str]], version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    path = _fresh(made, version, tmp_path)
    before = dump(path)
    with closing(sqlite3.connect(path)) as cx:
        pages = cx.execute("PRAGMA page_count").fetchone()[0]
    fulls = 0
    for room in range(200):

        def small(path: Path, mode: str, synchronous: str, most: int = pages + room) -> sqlite3.Connection:
            cx = connection.connect(path, mode, synchronous)
            cx.execute(f"PRAGMA max_page_count={most}")
            return cx

        # when
        with monkeypatch.context() as patched:
            patched.setattr(upgrade, "connect", small)
            try:
                open_store(path).close()
                break
            except StoreFullError as error:
                assert "Nothing was changed" in str(error)
        # then
        fulls += 1
        assert dump(path) == before
        assert backups.of_schema(path) == []
    assert fulls or version in GROWS_NO_FILE
    assert dump(path) == upgraded[version]


def test_two_processes_that_open_an_old_store_at_once_both_succeed(made: dict[int, Path], tmp_path: Path) -> None:
    # given
    path = _fresh(made, 1, tmp_path)
    code = (
        "import sys; from pathlib import Path; from invsync_tui.store.database import open_store; "
        "s = open_store(Path(sys.argv[1])); print(s.one('PRAGMA user_version')[0], s.one('SELECT count(*) FROM product')[0])"
    )
    # when
    both = [subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) for _ in range(3)]
    said = [process.communicate(timeout=120)[0].decode().split() for process in both]
    # then
    assert said == [[str(VERSION), "60"]] * 3
    assert len(backups.of_schema(path)) == 1


def test_nobody_upgrades_beside_a_worker_of_an_earlier_program(made: dict[int, Path], tmp_path: Path) -> None:
    # given: it holds a lock called by its key alone
    path = _fresh(made, 4, tmp_path)
    before = path.read_bytes()
    locks.former_folder(path).mkdir()
    with (locks.former_folder(path) / "workers.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        # when, then
        with pytest.raises(StoreInUseError, match="a worker of an earlier program") as caught:
            open_store(path)
        assert "Nothing was changed" in caught.value.what
        assert "systemctl stop invsync" in caught.value.advice
        assert path.read_bytes() == before
        assert backups.of_schema(path) == []
    # and when it has ended
    open_store(path).close()
    assert len(backups.of_schema(path)) == 1


# --- stores that the earlier program left between two schemas


def _cut_short(path: Path, version: int, step: int) -> bool:
    """An upgrade by the earlier program, in which each statement committed alone, killed before a statement of its own.

    It backed the store up first. True if it came to its end.
    """
    shutil.copy(path, path.with_name(f"{path.name}.schema{version}-1764000000"))
    cx = connection.connect(path, "rw", "FULL")
    count = 0

    def count_one(_statement: str) -> None:
        nonlocal count
        count += 1

    cx.set_trace_callback(count_one)
    cx.set_authorizer(lambda *_: sqlite3.SQLITE_DENY if count >= step else sqlite3.SQLITE_OK)
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    engine = create_engine("sqlite://", creator=lambda: cx, poolclass=StaticPool, pool_reset_on_return=None)
    try:
        with engine.connect() as bound:
            migrate.run_migrations(bound, f"{version + 1:04}")
            bound.commit()
    except Exception as error:
        assert any(word in str(error) for word in ("not authorized", "prohibited", "denied")), error
        return False
    finally:
        cx.set_authorizer(None)
        if cx.in_transaction:
            cx.rollback()
        cx.close()
    return True


@pytest.mark.parametrize("version", LEFT_BETWEEN)
def test_a_store_that_was_left_between_two_schemas_is_repaired_or_its_backup_is_named(
    made: dict[int, Path], upgraded: dict[int, list[str]], version: int, tmp_path: Path
) -> None:
    refused = 0
    for step in range(6, 400, 2 if version == 3 else 5):
        # given
        path = _fresh(made, version, tmp_path / str(step))
        ended = _cut_short(path, version, step)
        copy = path.with_name(f"{path.name}.schema{version}-1764000000")
        left = dump(path)
        # when
        try:
            open_store(path).close()
        except StoreError as error:
            # then
            refused += 1
            assert isinstance(error, StoreBrokenError)
            assert "was cut short" in error.what
            assert f"invsync --store {path} db restore {copy}" in error.advice
            assert dump(path) == left
        else:
            assert sorted(dump(path)) == sorted(upgraded[version])
        if ended:
            break
    else:
        pytest.fail("the upgrade never came to its end")
    assert refused or version == 2


# --- what was left behind


def test_what_a_killed_init_left_is_swept_and_a_backup_is_not(tmp_path: Path) -> None:
    # given
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    left = [tmp_path / f".store.db.{int(gone.stdout)}.new{end}" for end in ("", "-wal", "-shm")]
    foreign = [tmp_path / ".other.db.12.new", tmp_path / "store.db.schema3-1764000000", tmp_path / ".store.db.1.new"]
    for path in (*left, *foreign):
        path.write_bytes(b"half a store")
    # when
    create_store(tmp_path / "store.db").close()
    # then: process 1 lives, so that one may still be made
    assert [path for path in left if path.exists()] == []
    assert [path for path in foreign if not path.exists()] == []


def test_a_store_with_all_parts_of_the_newest_schema_is_said_to_be_of_it(made: dict[int, Path], tmp_path: Path) -> None:
    # given one that an earlier program had upgraded but for the number, which it changed last
    path = _fresh(made, VERSION - 1, tmp_path)
    open_store(path).close()
    with closing(sqlite3.connect(path)) as cx:
        cx.execute(f"PRAGMA user_version = {VERSION - 1}")
    told: list[str] = []

    def say(text: str) -> None:
        told.append(text)
        assert len(told) <= 2, "it is upgraded again and again"

    # when
    open_store(path, say=say).close()
    # then
    with closing(sqlite3.connect(path)) as cx:
        assert cx.execute("PRAGMA user_version").fetchone() == (VERSION,)
    # and the next one has nothing to do
    told.clear()
    open_store(path, say=say).close()
    assert told == []
