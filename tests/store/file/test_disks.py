"""A store on a network disk is noticed, and where the operator looks it is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from invsync_tui.cli import main
from invsync_tui.store.file import disks

ROW = "36 35 {device} /srv {place} rw,noatime shared:1 master:2 - {kind} server:/export rw,vers=4.2"


def mounted(folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str, form: str = ROW) -> None:
    """As if a folder were on a file system of this kind."""
    device = folder.stat().st_dev
    row = form.format(device=f"{os.major(device)}:{os.minor(device)}", place="/mnt/with\\040space", kind=kind)
    table = folder / "mountinfo"
    table.write_text(f"22 1 250:250 / / rw - ext4 /dev/sda1 rw\n{row}\n23 1 0:251 / /other rw - nfs4 x:/y rw\n\nodd\n")
    monkeypatch.setattr(disks, "MOUNTS", table)


@pytest.mark.parametrize(
    ("kind", "known"),
    [("nfs4", "nfs4"), ("cifs", "cifs"), ("fuse.sshfs", "fuse.sshfs"), ("9p", "9p"), ("ext4", ""), ("overlay", "")],
)
def test_what_a_file_is_on_is_told_by_its_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, known: str
) -> None:
    mounted(tmp_path, monkeypatch, kind)
    (tmp_path / "store.db").write_bytes(b"")
    assert disks.network_kind(tmp_path / "store.db") == disks.network_kind(tmp_path) == known


def test_where_nobody_says_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounted(tmp_path, monkeypatch, "nfs4", "36 35 {device} /srv {place} rw without a separator {kind}")
    assert disks.network_kind(tmp_path) == ""
    assert disks.network_kind(tmp_path / "none") == ""
    monkeypatch.setattr(disks, "MOUNTS", tmp_path / "none")
    assert disks.network_kind(tmp_path) == ""


def test_a_new_store_and_a_checked_one_on_a_network_disk_are_remarked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store.db"
    mounted(tmp_path, monkeypatch, "cifs")
    for command in (["init"], ["db", "check"]):
        assert main.run(["--store", str(store), *command]) == 0
        output = capsys.readouterr()
        assert f"{store}: this is on a network disk (cifs)" in output.err and "local disk" in output.err
        assert "network" not in output.out
    mounted(tmp_path, monkeypatch, "ext4")
    assert main.run(["--store", str(store), "db", "check"]) == 0
    assert "network" not in capsys.readouterr().err
