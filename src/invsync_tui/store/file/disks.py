"""On what kind of disk a file is: SQLite's log needs memory that all who use a store share, which network disks do not have."""

from __future__ import annotations

import os
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
"""What is mounted where, as Linux tells it; other systems have none."""
NETWORK = frozenset(
    {
        "nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "beegfs",
        "virtiofs", "vboxsf", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone",
        "fuse.grpcfuse", "fuse.osxfs",
    }
)  # fmt: skip
"""File systems of another machine, or of the machine that this one runs in."""


def network_kind(path: Path) -> str:
    """The name of the file system that a file or folder is on where it is one of NETWORK, else ''; '' too where nobody says."""
    try:
        device = path.stat().st_dev
        mounts = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for mount in mounts.splitlines():
        fields = mount.split(" ")
        if len(fields) > 4 and fields[2] == wanted and "-" in fields[5:]:
            kind = fields[fields.index("-", 5) + 1 :][:1]
            if kind and kind[0] in NETWORK:
                return kind[0]
    return ""
