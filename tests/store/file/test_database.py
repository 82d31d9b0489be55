"""Opening: light, private, and clear about whatever is wrong with the file, which is left byte for byte as it was."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from invsync_tui.store import connection, database
from invsync_tui.store.database import Store, create_store, open_store
from invsync_tui.store.errors import (
    StoreBrokenError,
    StoreBusyError,
    StoreError,
    StoreForeignError,
    StoreMissingError,
    StoreNewerError,
    StoreReadOnlyError,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good store, closed."""
    create_store(tmp_path / "store.db").close()
    return tmp_path / "store.db"


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def refuses(path: Path, kind: type[StoreError], text: str, *, read_only: bool = False) -> None:
    """The store is refused with an error of a kind that says what and what to do, and no byte changes."""
    before = files(path.parent)
    with pytest.raises(kind, match=text) as caught:
        open_store(path, read_only=read_only)
    assert caught.value.advice
    assert str(path) in str(caught.value)
    assert files(path.parent).get(path.name) == before.get(path.name)


def test_opening_imports_no_heavy_library(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from invsync_tui.store.database import open_store; "
        "s = open_store(Path(sys.argv[1])); s.read('SELECT 1'); s.data_version(); "
        "print([m for m in ('sqlalchemy', 'sqlmodel', 'alembic', 'pydantic', 'httpx', 'textual') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_store_is_private_and_so_is_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "store.db"
    create_store(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["store.db"]


def test_creating_never_overwrites(path: Path) -> None:
    with sqlite3.connect(path) as cx:
        cx.execute("INSERT INTO merchant (name, created_at) VALUES ('Mine', 1)")
    cx.close()
    store = create_store(path)
    assert store.one("SELECT name FROM merchant") == ("Mine",)
    store.close()


def test_two_that_create_at_once_open_the_same_store(tmp_path: Path) -> None:
    # given, when
    code = (
        "import sys; from pathlib import Path; from invsync_tui.store.database import create_store; "
        "s = create_store(Path(sys.argv[1])); s.read('SELECT * FROM merchant'); s.close()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "store.db")]
    both = [subprocess.Popen(command) for _ in range(2)]
    # then
    assert [process.wait(30) for process in both] == [0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["store.db"]


def test_no_store(tmp_path: Path) -> None:
    refuses(tmp_path / "store.db", StoreMissingError, "there is no store")


def test_a_newer_store(path: Path) -> None:
    with sqlite3.connect(path) as cx:
        cx.execute(f"PRAGMA user_version = {connection.VERSION + 1}")
    cx.close()
    refuses(path, StoreNewerError, f"schema {connection.VERSION + 1}")


@pytest.mark.parametrize("content", [b"", b"not a database at all, only text\n" * 200, b"SQLite"])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "store.db").write_bytes(content)
    refuses(tmp_path / "store.db", StoreForeignError, "not a database")
    with pytest.raises(StoreForeignError):
        create_store(tmp_path / "store.db")
    assert (tmp_path / "store.db").read_bytes() == content


@pytest.mark.parametrize("version", [0, 1, 7])
def test_a_database_of_another_program(tmp_path: Path, version: int) -> None:
    with sqlite3.connect(tmp_path / "store.db") as cx:
        cx.execute("CREATE TABLE theirs (a)")
        cx.execute(f"PRAGMA user_version = {version}")
    cx.close()
    refuses(tmp_path / "store.db", StoreForeignError, "another program")


def test_a_damaged_store(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:12288] = os.urandom(8192)
    content[100:200] = b"\x00" * 100
    path.write_bytes(bytes(content))
    refuses(path, StoreBrokenError, "the database reports")


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "store.db").mkdir()
    refuses(tmp_path / "store.db", StoreReadOnlyError, "cannot be read")


def test_a_locked_store_is_read_and_a_write_says_who_is_in_the_way(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_MS", 50)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    # when
    store = open_store(path)
    # then
    assert store.read("SELECT * FROM merchant") == []
    with pytest.raises(StoreBusyError, match="another process is writing"), store.transaction():
        pass
    other.execute("ROLLBACK")
    with store.transaction() as tx:
        tx.execute("INSERT INTO merchant (name, created_at) VALUES ('Mine', 1)")
    store.close()
    other.close()


def test_a_store_opened_read_only_refuses_to_write(path: Path) -> None:
    store = open_store(path, read_only=True)
    with pytest.raises(StoreReadOnlyError), store.transaction():
        pass
    with pytest.raises(StoreReadOnlyError), store.session():
        pass
    store.close()


def test_a_failed_transaction_leaves_nothing(path: Path) -> None:
    store = open_store(path)
    with pytest.raises(KeyError), store.transaction() as tx:
        tx.execute("INSERT INTO merchant (name, created_at) VALUES ('Mine', 1)")
        raise KeyError
    assert store.read("SELECT * FROM merchant") == []
    store.close()


def test_another_connections_write_is_noticed(path: Path) -> None:
    one, other = open_store(path), open_store(path)
    before = one.data_version()
    assert one.data_version() == before
    with other.transaction() as tx:
        tx.execute("INSERT INTO merchant (name, created_at) VALUES ('Mine', 1)")
    assert one.data_version() != before
    one.close()
    other.close()


def test_a_write_is_noticed_by_a_store_that_is_read_without_its_log(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection is a new one after each write, and a new connection counts anew."""

    def without_log(path: Path) -> connection.Connected:
        cx = connection.connect(path, "immutable", "NORMAL")
        return connection.Connected(cx, read_only=True, quiet=connection.quiet_look(path))

    monkeypatch.setattr(database, "readable", without_log)
    reader = open_store(path, read_only=True)
    before = reader.data_version()
    assert reader.data_version() == before
    writer = open_store(path)
    with writer.transaction() as tx:
        tx.execute("INSERT INTO merchant (name, created_at) VALUES ('Mine', 1)")
    writer.close()
    assert reader.data_version() != before
    assert reader.read("SELECT name FROM merchant") == [("Mine",)]
    reader.close()


def test_a_thread_may_have_a_store_of_its_own(path: Path) -> None:
    found: list[object] = []

    def look() -> None:
        store = open_store(path)
        found.append(store.read("SELECT count(*) FROM merchant"))
        store.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [[(0,)]]


# --- without the right to write: root may write anything, so these run as nobody


@pytest.fixture
def public(path: Path) -> Iterator[Path]:
    """A store that everybody may reach and nobody but its owner may write."""
    folder = Path(tempfile.mkdtemp(prefix="store-of-another-"))
    shutil.copy(path, folder / "store.db")
    (folder / "store.db").chmod(0o444)
    folder.chmod(0o555)
    yield folder / "store.db"
    folder.chmod(0o755)
    shutil.rmtree(folder)


def as_nobody(attempt: Callable[[], Store]) -> str:
    """What is said when a user without rights tries to write: in a fork, since another process could not even start."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, _said(attempt).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        text = said.read()
    os.waitpid(child, 0)
    return text


def _said(attempt: Callable[[], Store]) -> str:
    try:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        with attempt().transaction() as tx:
            tx.execute("INSERT INTO merchant (name, created_at) VALUES ('Mine', 1)")
    except StoreError as error:
        return f"{type(error).__name__} {error.what} {error.advice}"
    except Exception as error:
        return repr(error)
    return "written"


@pytest.mark.parametrize("folder_mode", [0o555, 0o777])
def test_a_file_that_may_not_be_written(public: Path, folder_mode: int) -> None:
    public.parent.chmod(folder_mode)
    before = files(public.parent)
    said = as_nobody(lambda: open_store(public))
    assert said.startswith("StoreReadOnlyError")
    assert "Check" in said
    assert files(public.parent)["store.db"] == before["store.db"]


def test_a_folder_that_may_not_be_written(public: Path) -> None:
    before = files(public.parent)
    said = as_nobody(lambda: create_store(public.with_name("new.db")))
    assert said.startswith("StoreReadOnlyError it cannot be created")
    assert files(public.parent) == before


def test_a_file_that_may_not_be_read(public: Path) -> None:
    public.chmod(0)
    said = as_nobody(lambda: open_store(public))
    assert said.startswith("StoreReadOnlyError it cannot be read")
