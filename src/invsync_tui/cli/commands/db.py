"""`invsync db`: the store as a file: check it, back it up, put a backup in its place."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from invsync_tui.cli.context import configuration, note_disk, opened
from invsync_tui.cli.output import Exit, Output, note
from invsync_tui.cli.parser import Parser, Subparsers, command
from invsync_tui.cli.text import clean

if TYPE_CHECKING:
    from invsync_tui.operations.storage import Soundness

KEEP_MOST = 10_000

EXAMPLES = """\
example:
  invsync db check                              read the whole store and compare it with itself; exit code 1: problems
  invsync db backup /backup/invsync-monday      while the service runs; a copy made by cp would lack the newest changes
  invsync db backup /backup --keep 14           into a folder under a name with the time; the 14 newest such copies stay
  invsync db restore /backup/invsync-monday     stop the service and close every control room before

A restored store reads everything again with its next sync. The store that it replaces is kept beside it."""


def add_db(subparsers: Subparsers) -> None:
    """Add `invsync db` with its arguments."""
    parser = command(subparsers, "db", "check, back up and restore the store", EXAMPLES)
    subcommands = parser.add_subparsers(metavar="check|backup|restore", required=True, parser_class=Parser)
    command(subcommands, "check", "look for damage in the store", EXAMPLES).set_defaults(run=run_check)
    backing = command(subcommands, "backup", "copy the store, whatever is written meanwhile", EXAMPLES)
    backing.add_argument("file", metavar="FILE", type=Path, help="the copy; must not exist. With --keep: a folder")
    backing.add_argument("--keep", metavar="N", type=_keep, help="remove the oldest backups of the folder beyond N")
    backing.set_defaults(run=run_backup)
    restoring = command(subcommands, "restore", "put a backup in the place of the store", EXAMPLES)
    restoring.add_argument("file", metavar="FILE", type=Path, help="a backup of db backup, or of an upgrade")
    restoring.set_defaults(run=run_restore)


def _keep(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= KEEP_MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; give a whole number from 1 to {KEEP_MOST}")
    return int(text)


def run_check(args: argparse.Namespace) -> int:
    """Check the file and the invariants of the store; 1 where something is wrong."""
    from invsync_tui.operations.storage import check_store

    config = configuration(args)
    sound = check_store(config.store, read_only=config.read_only, say=note)
    note_disk(config.store)
    output = Output(args)
    output.text(clean(line) for line in _lines(sound))
    output.document(
        {"check": asdict(sound) | {"ok": not sound.problems, "problems": [p._asdict() for p in sound.problems]}}
    )
    return Exit.FAILED if sound.problems else Exit.OK


def _lines(sound: Soundness) -> list[str]:
    lines = [
        f"{problem.text[0].upper()}{problem.text[1:]}: {problem.n}{f' ({problem.sample})' if problem.sample else ''}"
        for problem in sound.problems
    ]
    lines += [f"Not checked: {text}." for text in sound.unchecked]
    if sound.backups:
        lines.append(f"Backups of upgrades: {', '.join(sound.backups)}. Remove those that you no longer need.")
    if sound.leftovers:
        lines.append(f"Left by processes that were killed, not needed: {', '.join(sound.leftovers)}")
    if not sound.problems:
        return [f"{sound.store}: no damage found.", *lines]
    return [f"{sound.store}: there are problems.", *lines, sound.advice]


def run_backup(args: argparse.Namespace) -> int:
    """Back the store up."""
    from invsync_tui.operations.storage import backup, backup_in

    with opened(args) as session:
        made = backup(session, args.file) if args.keep is None else backup_in(session, args.file, args.keep)
    output = Output(args)
    output.text(clean(f"Backed up {made.store} to {made.path} ({made.bytes:,} bytes, schema {made.schema}); verified."))
    output.text(clean(f"Removed the old backup {path}") for path in made.removed)
    output.document({"backup": asdict(made)})
    return Exit.OK


def run_restore(args: argparse.Namespace) -> int:
    """Put a verified backup in the place of the store."""
    from invsync_tui.operations.storage import restore

    config = configuration(args)
    done = restore(config.store, args.file, read_only=config.read_only, say=note)
    output = Output(args)
    output.text(clean(f"Restored {done.store} from {done.backup} (schema {done.schema})."))
    if done.former is not None:
        output.text(clean(f"The store of before is kept as {done.former}"))
    output.text("The next sync of each merchant reads everything again and compares it with the carts.")
    output.document({"restored": asdict(done)})
    return Exit.OK
