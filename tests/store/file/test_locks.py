"""One store is one store for the locks, whatever it is called, and users who share it share its locks."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from invsync_tui.store.database import create_store, open_store
from invsync_tui.store.errors import StoreInUseError, StoreReadOnlyError
from invsync_tui.store.file import locks
from invsync_tui.sync.runs import leases


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    create_store(tmp_path / "data" / "store.db").close()
    return tmp_path / "data" / "store.db"


def _by_link(path: Path) -> Path:
    link = path.parent.parent / "link.db"
    link.symlink_to(path)
    return link


def _by_link_to_its_folder(path: Path) -> Path:
    link = path.parent.parent / "there"
    link.symlink_to(path.parent)
    return link / path.name


def _by_relative_path(path: Path) -> Path:
    return Path(os.path.relpath(path))


def _by_dots(path: Path) -> Path:
    return path.parent / ".." / path.parent.name / path.name


NAMES = (_by_link, _by_link_to_its_folder, _by_relative_path, _by_dots)


@pytest.mark.parametrize("named", NAMES)
def test_a_store_under_another_name_is_the_same_for_leases_and_workers(
    path: Path, named: Callable[[Path], Path]
) -> None:
    # given
    one, other = open_store(path), open_store(named(path))
    lease = leases.acquire(one, "push:1", "one")
    # when, then
    assert lease is not None
    assert leases.acquire(other, "push:1", "other") is None
    assert leases.holder_alive(other.path, "push:1")
    assert not leases.worker_alive(other.path)
    # and
    presence = leases.WorkerPresence(one.path)
    assert leases.worker_alive(other.path)
    presence.close()
    lease.release()
    one.close()
    other.close()


@pytest.fixture
def bound(path: Path) -> Iterator[Path]:
    """The store's folder, bound to a second place."""
    there = path.parent.parent / "bound"
    there.mkdir()
    done = subprocess.run(
        ["mount", "--bind", str(path.parent), str(there)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a folder cannot be bound here: {done.stderr.strip()}")
    yield there / path.name
    subprocess.run(["umount", "-l", str(there)], check=True)


def test_a_bound_folder_has_the_same_locks(path: Path, bound: Path) -> None:
    one, other = open_store(path), open_store(bound)
    lease = leases.acquire(one, "pull:1", "one")
    assert lease is not None
    assert leases.acquire(other, "pull:1", "other") is None
    lease.release()
    one.close()
    other.close()


def test_a_hard_link_is_refused_while_there_are_two_names(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: the log is called by the name, so two names would have two
    monkeypatch.setattr("invsync_tui.store.database.SECOND_NAME_MOST", 0.1)
    other = path.parent.parent / "other.db"
    other.hardlink_to(path)
    # when, then
    for name in (path, other):
        with pytest.raises(StoreInUseError, match="second name") as caught:
            open_store(name)
        assert f"-samefile {name}" in caught.value.advice
    # and when one of them is removed
    other.unlink()
    open_store(path).close()
    # and a killed init that had given the store its name already is no second name
    path.with_name(f".{path.name}.{2**22 + 5}.new").hardlink_to(path)
    open_store(path).close()
    assert [one.name for one in path.parent.glob(".*.new")] == []


def test_a_store_in_the_place_of_another_has_locks_of_its_own(path: Path) -> None:
    # given: a worker that still works on the store that was here before
    presence = leases.WorkerPresence(path)
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    # when
    copy.replace(path)
    # then
    assert not leases.worker_alive(path)
    presence.close()


@pytest.mark.parametrize(("store_mode", "lock_mode", "folder_mode"), [(0o600, 0o600, 0o700), (0o660, 0o660, 0o770)])
def test_locks_have_the_mode_of_their_store(path: Path, store_mode: int, lock_mode: int, folder_mode: int) -> None:
    # given: also where a program before left a private folder
    path.chmod(store_mode)
    locks.former_folder(path).mkdir(mode=0o700)
    # when
    os.close(locks.open_lock(path, "push:1"))
    # then
    place = locks.folder(path)
    assert stat.S_IMODE((place / "push-1.lock").stat().st_mode) == lock_mode
    assert stat.S_IMODE(place.stat().st_mode) == folder_mode
    assert stat.S_IMODE(place.parent.stat().st_mode) == folder_mode


def test_a_lock_that_cannot_be_opened_is_said_to_be_just_that(path: Path) -> None:
    # given: something stands where the lock belongs
    (locks.folder(path) / "push-1.lock").mkdir(parents=True)
    store = open_store(path)
    # when, then
    with pytest.raises(StoreReadOnlyError, match=r"its lock push-1 cannot be opened.*push-1\.lock"):
        leases.acquire(store, "push:1", "me")
    store.close()
