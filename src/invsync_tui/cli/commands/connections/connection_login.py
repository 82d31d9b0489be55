"""`invsync connections login`: logs a connection in without a browser on this machine.

What a person has to see goes to the standard error, so that the answer for a script stands alone. What is pasted is read
without being shown, and from a pipe as one line.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import TYPE_CHECKING

from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output, note
from invsync_tui.cli.parser import Subparsers, UsageError, command
from invsync_tui.cli.text import clean, utc

if TYPE_CHECKING:
    from invsync_tui.operations.connections.connection_login import DeviceCode, Login
    from invsync_tui.operations.connections.connections import Target
    from invsync_tui.operations.session import Session

PASTED_MOST = 16 * 1024
EXAMPLES = """\
example:
  invsync connections login Acme                     the merchant's WMS
  invsync connections login Acme --cart "Acme Shop"  a cart
  invsync connections login Acme --forget            remove what was given for the login

Where the system offers a code, it is shown with the address at which it is entered, in the browser of any machine. Where
it sends the browser somewhere with a code in the address, that address is pasted here; it is not shown."""


def add_login(subcommands: Subparsers) -> None:
    """Add `login` to the orders of `invsync connections`."""
    parser = command(subcommands, "login", "log a connection in by the browser of another machine", EXAMPLES)
    parser.add_argument("merchant", metavar="MERCHANT", nargs="?", help="name or number")
    parser.add_argument("--cart", metavar="C", help="log in this cart, by name or number")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument(
        "--device", action="store_const", dest="way", const="device", help="by a code that is entered elsewhere"
    )
    ways.add_argument(
        "--paste", action="store_const", dest="way", const="paste", help="by the address that the browser ends at"
    )
    ways.add_argument("--forget", action="store_true", help="remove what was given for the login")
    parser.set_defaults(run=_login, way=None)


def _login(args: argparse.Namespace) -> int:
    from invsync_tui.operations.connections import connection_login, connections

    if not args.merchant and not args.cart:
        raise UsageError("invsync connections login: give MERCHANT or --cart C. See: invsync connections login --help")
    output = Output(args)
    with opened(args) as session:
        target = (
            connections.cart_target(session, args.cart, args.merchant)
            if args.cart
            else connections.source_target(session, args.merchant)
        )
        if args.forget:
            connection_login.forget(session, target)
            output.text(clean(f"{target.name}: the login is forgotten."))
            _document(output, target, None)
            return Exit.OK
        login = _logged_in(session, target, args.way)
    output.text(clean(f"{target.name}: {login.text}."))
    _document(output, target, login)
    return Exit.OK


def _logged_in(session: Session, target: Target, way: str | None) -> Login:
    from invsync_tui.operations.connections import connection_login

    ways = connection_login.ways(session, target)
    if way is not None and way not in ways:
        raise UsageError(f"invsync connections login: {target.setup.system} logs in by --{' or --'.join(ways)}.")
    if (way or ways[0]) == "device":
        return connection_login.by_code(session, target, _show)
    authorization = connection_login.pasting(session, target)
    note(f"Open this address in a browser and log in: {authorization.address}")
    note("In the end the browser shows an address with a code in it, perhaps on a page that cannot be opened. Copy it.")
    return connection_login.by_address(session, target, authorization, _pasted())


def _show(code: DeviceCode) -> None:
    note(f"Open this address in a browser: {code.address}")
    note(f"Enter this code there: {code.user_code}")
    if code.whole_address:
        note(f"Or open this address, which has the code in it: {code.whole_address}")
    note(f"Waiting until it is entered, at most {max(1, code.expires_in // 60)} min.")


def _pasted() -> str:
    """The pasted line. It opens the door for a while: a terminal does not show it."""
    if sys.stdin is not None and sys.stdin.isatty():
        return getpass.getpass("invsync: Paste that address here (it is not shown), then press Enter: ")
    return sys.stdin.readline(PASTED_MOST) if sys.stdin is not None else ""


def _document(output: Output, target: Target, login: Login | None) -> None:
    described = {"kind": target.kind, "id": target.id, "name": target.name, "system": target.setup.system}
    login_record = None if login is None else {"ends_at": utc(login.ends_at), "renews": login.renews}
    output.document({"connection": described, "login": login_record})
