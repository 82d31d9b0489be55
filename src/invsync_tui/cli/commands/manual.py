"""`invsync docs`: the manual that is installed with the program."""

from __future__ import annotations

import argparse

from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.text import table

EXAMPLES = """\
example:
  invsync docs                          all pages with their titles
  invsync docs monitor | less           one page
  invsync docs docs/json.md             by the path that help texts name
  invsync docs monitor --path           where its file is"""


def add_docs(subparsers: Subparsers) -> None:
    """Add `invsync docs` with its arguments."""
    parser = command(subparsers, "docs", "read the manual", EXAMPLES)
    parser.add_argument("page", metavar="PAGE", nargs="?", help="a page, by its name or its path")
    parser.add_argument("--path", action="store_true", help="print where the file is")
    parser.set_defaults(run=run_docs)


def run_docs(args: argparse.Namespace) -> int:
    """Print a page, or all titles."""
    from invsync_tui.operations import manual

    output = Output(args)
    if args.page is None:
        known = manual.pages()
        output.text(table(("PAGE", "TITLE"), [(page.name, page.title) for page in known]) if not args.path else [])
        output.text(str(manual.folder()) if args.path else [])
        records = [{"name": page.name, "title": page.title, "path": str(page.path)} for page in known]
        output.document({"pages": records, "text": None})
        return Exit.OK
    page = manual.page(args.page)
    text = page.path.read_text("utf-8")
    output.text(str(page.path) if args.path else text.splitlines())
    record = {"name": page.name, "title": page.title, "path": str(page.path)}
    output.document({"pages": [record], "text": None if args.path else text})
    return Exit.OK
