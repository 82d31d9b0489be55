"""Several system users share one store: the manual's own [roles] sample, with real users. Needs root to make them."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from invsync_tui.operations import roles
from invsync_tui.store.database import create_store
from tests.support.processes.skips import AS_ROOT

MANUAL = Path(__file__).parents[2] / "docs" / "configuration.md"
PREFIX = f"iv{os.getpid()}x"
"""Of the users and the group of this run: several runs disturb neither each other nor users that were there before."""
OURS = re.compile(r"iv(\d+)x[a-z0-9]+")
GROUP = f"{PREFIX}share"
USERS = ("invsync", "audit", "shift1", "shift2", "lead")


def named(user: str) -> str:
    """The system user of this run that stands for one that the manual names."""
    return PREFIX + user


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Site:
    """A folder that the users share, with the manual's configuration in it."""

    folder: Path

    @property
    def store(self) -> Path:
        return self.folder / "store.db"

    def as_user(self, user: str, *arguments: str, **env: str) -> Done:
        """Run a command as a system user, as if that one had logged in."""
        command = [
            "setpriv",
            f"--reuid={named(user)}",
            f"--regid={named(user)}",
            "--init-groups",
            "--",
            sys.executable,
            "-m",
            "invsync_tui",
        ]
        kept = {
            **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
            "HOME": "/nonexistent",
            "INVSYNC_CONFIG": str(self.folder / "config.toml"),
            **env,
        }
        done = subprocess.run(
            [*command, *arguments], env=kept, cwd="/", capture_output=True, text=True, timeout=90, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)


def _skip(why: str) -> None:
    pytest.skip(why if os.geteuid() == 0 else AS_ROOT)


def _left_behind() -> None:
    """Remove the users of runs that were killed before they could do it."""
    for kind, remove in (("passwd", "userdel"), ("group", "groupdel")):
        entries = Path(f"/etc/{kind}").read_text(encoding="utf-8").splitlines()
        for found in filter(None, (OURS.fullmatch(entry.partition(":")[0]) for entry in entries)):
            if not Path(f"/proc/{found[1]}").exists():
                subprocess.run([remove, found[0]], capture_output=True, check=False)


@pytest.fixture(scope="module")
def users() -> Iterator[None]:
    """Users with the rights of those that the manual names."""
    if os.geteuid() != 0 or not shutil.which("useradd") or not shutil.which("setpriv"):
        _skip("users are made by root, with useradd and setpriv")
    _left_behind()
    made = []
    subprocess.run(["groupadd", GROUP], check=True)
    try:
        for user in USERS:
            made.append(named(user))
            subprocess.run(["useradd", "-M", "-U", "-s", "/bin/false", named(user)], check=True)
            if user != "audit":
                subprocess.run(["usermod", "-aG", GROUP, named(user)], check=True)
        yield
    finally:
        for user in made:
            subprocess.run(["userdel", user], capture_output=True, check=False)
        subprocess.run(["groupdel", GROUP], capture_output=True, check=False)


@pytest.fixture
def site(users: None) -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="shared-"))
    shutil.chown(folder, named("invsync"), GROUP)
    folder.chmod(0o2771)
    made = Site(folder)
    sample = re.findall(r"```toml\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)
    (text,) = [one for one in sample if "[roles]" in one]
    for user in USERS:
        text = text.replace(f'"{user}"', f'"{named(user)}"')
    (folder / "config.toml").write_text(re.sub(r'store = ".*"', f'store = "{made.store}"', text))
    (folder / "config.toml").chmod(0o644)
    done = made.as_user("invsync", "init")
    assert done.code == 0, done
    yield made
    shutil.rmtree(folder)


def test_the_manuals_roles_let_each_user_do_its_work(site: Site) -> None:
    # the service runs under the user that owns the store
    done = site.as_user("invsync", "serve", "--until-idle", "0.1")
    assert done.code == 0, done
    # the lead sets up, an operator does not
    added = ("merchants", "add", "North", "--source", "sandbox", "--url", "http://127.0.0.1:9", "--secret", "env:X")
    refused = site.as_user("shift1", *added)
    assert refused.code == 2 and f"{named('shift1')} is operator, this takes admin" in refused.err
    assert site.as_user("lead", *added).code == 0
    # operators serve and write, one after the other, also what a colleague's process has made
    for user in ("shift1", "shift2", "lead"):
        done = site.as_user(user, "serve", "--until-idle", "0.1")
        assert done.code == 0, done
    # a user without a right to read is told so
    blind = site.as_user("audit", "status")
    assert blind.code == 2 and "cannot be read: Permission denied" in blind.err


def test_a_user_listed_for_the_service_runs_it_and_nothing_else(site: Site) -> None:
    # given a store that is the lead's: the service's user has no right as its owner
    site.store.chmod(0o660)
    shutil.chown(site.store, named("lead"))
    added = ("merchants", "add", "North", "--source", "sandbox", "--url", "http://127.0.0.1:9")
    assert site.as_user("lead", *added).code == 0
    # then it serves
    done = site.as_user("invsync", "serve", "--until-idle", "0.1")
    assert done.code == 0, done
    # and is a viewer for everything else
    for refused in (
        ("sync", "North"),
        ("freeze", "North", "--reason", "x"),
        ("cancel", "1"),
        ("release", "1", "--reason", "x"),
        ("merchants", "add", "South", *added[3:]),
        ("settings", "set", "merchant:North", "stale-after=2h"),
        ("db", "restore", str(site.store)),
    ):
        done = site.as_user("invsync", *refused)
        assert done.code == 2 and f"{named('invsync')} is viewer, this takes " in done.err, (refused, done)
    # and without that line it is refused
    config = site.folder / "config.toml"
    config.write_text(re.sub("service = .*\n", "", config.read_text()))
    done = site.as_user("invsync", "serve", "--until-idle", "0.1")
    assert done.code == 2 and f"{named('invsync')} is viewer, this takes operator" in done.err, done


def test_a_viewer_looks_at_a_store_that_it_may_not_write(site: Site) -> None:
    # given: nobody has it open, so there is no log to read with
    site.store.chmod(0o664)
    site.folder.chmod(0o2775)
    assert site.as_user("lead", "merchants", "add", "N", "--source", "sandbox", "--url", "http://127.0.0.1:9").code == 0
    before = sorted(path.name for path in site.folder.iterdir())
    # when
    seen = site.as_user("audit", "merchants", "--json")
    refused = site.as_user("audit", "freeze", "N", "--reason", "x")
    # then
    assert seen.code == 0, seen
    assert [one["name"] for one in json.loads(seen.out)["merchants"]] == ["N"]
    assert (
        refused.code == 2 and f"{named('audit')} may look at the store" in refused.err and "not write it" in refused.err
    )
    assert sorted(path.name for path in site.folder.iterdir()) == before
    # and while somebody writes, it sees what is in the log only
    with closing(sqlite3.connect(site.store)) as cx:
        cx.execute("UPDATE merchant SET name = 'Renamed'")
        cx.commit()
        seen = site.as_user("audit", "merchants", "--json")
        assert [one["name"] for one in json.loads(seen.out)["merchants"]] == ["Renamed"], seen


def test_everything_beside_a_shared_store_belongs_to_the_group(site: Site) -> None:
    # given
    assert site.as_user("shift1", "serve", "--until-idle", "0.1").code == 0
    assert site.as_user("shift2", "db", "backup", str(site.folder / "copy")).code == 0
    # then
    for path in [site.store, site.folder / "copy", *site.folder.glob("store.db.locks/*/*.lock")]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660, path
        assert path.group() == GROUP, path
    for path in [site.folder / "store.db.locks", *site.folder.glob("store.db.locks/*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o777 == 0o770, path


def test_the_audit_says_who_did_it_whatever_the_environment_claims(site: Site) -> None:
    # when
    lead = named("lead")
    claimed = {"LOGNAME": lead, "USER": lead, "SUDO_USER": "root", "SUDO_UID": "0"}
    added = ("merchants", "add", "South", "--source", "sandbox", "--url", "http://127.0.0.1:9")
    assert site.as_user("shift1", *added, **claimed).code == 2
    claimed = {"LOGNAME": named("shift1"), "USER": named("shift1"), "SUDO_USER": "root", "SUDO_UID": "0"}
    assert site.as_user("lead", *added, **claimed).code == 0
    # then
    with closing(sqlite3.connect(site.store)) as cx:
        assert {who for (who,) in cx.execute("SELECT DISTINCT who FROM audit")} == {lead}


def test_users_of_a_run_that_was_killed_are_removed_by_the_next(users: None) -> None:
    # given a user of a run that is no more: its number is beyond those that processes get
    killed = "iv4999999xlead"
    subprocess.run(["useradd", "-M", "-U", "-s", "/bin/false", killed], check=True)
    # when
    _left_behind()
    # then it is gone, and so is nobody else
    assert subprocess.run(["id", killed], capture_output=True, check=False).returncode != 0
    assert subprocess.run(["id", "daemon"], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("own", "login", "sudo", "said"),
    [
        (0, None, "", "root"),
        (0, 0, "", "root"),
        (0, 1, "", "root (login daemon)"),
        (0, 1, "1", "root (sudo by daemon)"),
        (0, 2, "1", "root (login bin, sudo by daemon)"),
        (1, None, "1", "daemon"),
        (2, None, "1", "bin"),
        (2, 1, "1", "bin (login daemon)"),
        (3, 2, "1", "sys (login bin, sudo by daemon)"),
        (4000000, None, "none", "uid 4000000"),
    ],
)
def test_who_acts_is_the_user_of_the_process_and_beside_it_who_logged_in_or_leads_to_root_or_the_owner(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own: int, login: int | None, sudo: str, said: str
) -> None:
    # given a store that sys owns, for which alone, beside root, what sudo says is believed
    store = tmp_path / "store.db"
    store.touch()
    monkeypatch.setattr(roles, "_owner", lambda path: 3 if path == store else None)
    monkeypatch.setattr(os, "getuid", lambda: own)
    monkeypatch.setattr(roles, "_logged_in", lambda: login)
    monkeypatch.setenv("SUDO_UID", sudo)
    monkeypatch.setenv("LOGNAME", "mallory")
    monkeypatch.setenv("USER", "mallory")
    # then
    assert roles.operator_name(store) == said


@pytest.mark.parametrize(
    ("folder_mode", "store_mode"), [(0o2770, 0o660), (0o2750, 0o640), (0o770, 0o600), (0o700, 0o600)]
)
def test_a_new_store_has_the_mode_that_its_folder_asks_for(tmp_path: Path, folder_mode: int, store_mode: int) -> None:
    # given
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(folder_mode)
    # when
    with_umask = os.umask(0o077)
    create_store(folder / "store.db").close()
    os.umask(with_umask)
    # then
    assert stat.S_IMODE((folder / "store.db").stat().st_mode) == store_mode
