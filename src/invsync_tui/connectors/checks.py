"""What can be told of a connection without a request: general checks, and those that a connector adds of its own.

A connector class may have a static method `review(facts) -> Iterable[Review]`, with `SourceFacts` or `CartFacts`. It is
pure: no network, no file, no secret. The doctor shows what it returns under "Check WMS/OMS Specific Issues".
"""

from __future__ import annotations

import os
import shlex
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from invsync_tui import clock
from invsync_tui.connectors import registry
from invsync_tui.connectors.about import About
from invsync_tui.connectors.addresses import expanded, is_loopback
from invsync_tui.connectors.auth.login_state import login_state
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import ConnectorError, NotConfiguredError, shorten
from invsync_tui.connectors.network.api_notices import ApiNotices
from invsync_tui.connectors.secrets import open_to_others, reference_of
from invsync_tui.plain_text import counted, grouped
from invsync_tui.rules.merchant_checks import Verdict


@dataclass(frozen=True, slots=True)
class Review:
    """One check. `cause` and `fix` (a command, or the setting to change) are empty where nothing is wrong."""

    id: str
    verdict: Verdict
    evidence: str
    cause: str = ""
    fix: str = ""


class WarehouseStock(NamedTuple):
    """What was loaded of a warehouse. `stocked`: some level in it is not 0; `starves`: a cart that is on has no other."""

    code: str
    levels: int
    stocked: bool
    starves: bool


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """A WMS connection and what is known of it. `connection.secret` is the reference; nobody resolves it here."""

    connection: Connection
    owner: str
    """The merchant's name, for commands."""
    last_error: str
    """What its last run ended with; '' for nothing."""
    loaded: bool
    """A full download has ended under the present connection."""
    mark: str
    """The delta mark of the last download; '' where there is none."""
    warehouses: tuple[WarehouseStock, ...] = ()
    notes: Mapping[str, int] = field(default_factory=dict)
    """What the connector counted with its last download, see `connectors.base.Notes`."""
    notices: ApiNotices | None = None
    """What the system said of its interface."""

    def set(self, option: str) -> str:
        """The command that changes the connection."""
        return f"invsync merchants set {shlex.quote(self.owner)} {option}"

    def test(self) -> str:
        """The command that tests it."""
        return f"invsync connections test {shlex.quote(self.owner)}"

    def login(self) -> str:
        """The command that logs it in."""
        return f"invsync connections login {shlex.quote(self.owner)}"

    @property
    def worked(self) -> bool:
        """Its last run had no error."""
        return self.loaded and not self.last_error


@dataclass(frozen=True, slots=True)
class CartFacts:
    """A cart's connection and what is known of its listings."""

    connection: Connection
    owner: str
    """The merchant's name, for commands."""
    last_error: str
    listed: bool
    """Its listings were read to their end."""
    listings: int = 0
    untracked: int = 0
    """Listings for which the cart says that it does not count the stock."""
    elsewhere: int = 0
    """Listings with stock or open orders at other locations of the shop."""
    elsewhere_units: int = 0
    elsewhere_held: int = 0
    elsewhere_ours: bool = False
    """Another cart of ours sets one of these locations."""
    thresholds: int = 0
    """Listings of which the shop keeps units back, or sells some on backorder, by itself."""
    notices: ApiNotices | None = None
    """What the system said of its interface."""

    def set(self, option: str) -> str:
        """The command that changes the connection."""
        name, owner = shlex.quote(self.connection.name), shlex.quote(self.owner)
        return f"invsync carts set {name} --merchant {owner} {option}"

    def test(self) -> str:
        """The command that tests it."""
        return f"invsync connections test {shlex.quote(self.owner)} --cart {shlex.quote(self.connection.name)}"

    def login(self) -> str:
        """The command that logs it in."""
        return f"invsync connections login {shlex.quote(self.owner)} --cart {shlex.quote(self.connection.name)}"

    @property
    def worked(self) -> bool:
        """Its last run had no error."""
        return self.listed and not self.last_error


Facts = SourceFacts | CartFacts


def reviews(facts: Facts) -> list[Review]:
    """The general checks of a connection and its connector's own."""
    return [
        transport(facts),
        *secrets(facts, os.environ),
        *login(facts),
        *interface(facts),
        *_of_connector(facts),
        *_beside(facts),
    ]


def _beside(facts: Facts) -> Iterator[Review]:
    """What the shop sells beside the numbers that are set."""
    if not isinstance(facts, CartFacts) or not facts.listed:
        return
    if facts.elsewhere:
        evidence = (
            f"{grouped(facts.elsewhere)} listings have stock at other locations: {grouped(facts.elsewhere_units)} on hand, "
            f"{grouped(facts.elsewhere_held)} of it held for open orders"
        )
        cause = "The shop also sells from its other locations, whose stock is not set by this cart."
        fix = (
            "Set their stock to 0 in the shop, or add each as a further location of this cart: invsync carts add --help"
        )
        yield (
            Review("connection.locations", Verdict.PASS, f"{evidence}; another cart sets stock there")
            if facts.elsewhere_ours
            else Review("connection.locations", Verdict.FAIL, evidence, cause, fix)
        )
    if facts.thresholds:
        evidence = f"{grouped(facts.thresholds)} listings have an out-of-stock threshold in the shop"
        cause = "The shop sells fewer, or on backorder more, than it is set to."
        yield Review(
            "connection.threshold", Verdict.FAIL, evidence, cause, "Set the out-of-stock threshold to 0 in the shop."
        )


WARN_DAYS = 60
"""Days before the end of a version from which it is told."""


def interface(facts: Facts) -> Iterator[Review]:
    """Whether the interface that is used is kept by its maker: by its declared end, and by what its answers say."""
    try:
        about = registry.about(_group(facts), facts.connection.system)
    except ConnectorError:
        return
    if about is not None and about.api_versions:
        yield from _version(facts, about)
    notices = facts.notices
    if notices is not None and notices.warns:
        yield _ending(notices)


def _version(facts: Facts, about: About) -> Iterator[Review]:
    """The version in use, as the answers say, else as it is set."""
    check, known = "connection.version", {version.name: version for version in about.api_versions}
    default = next((option.default for option in about.options if option.name == "version"), "")
    asked = facts.connection.options.get("version", "").strip() or default
    answered = facts.notices.version if facts.notices else ""
    newest = about.api_versions[-1].name
    change = facts.set(f"--option version={newest}") if default else f"Update {about.title}."
    if asked and answered and answered != asked:
        cause = "The version that is asked for is retired, and another one answers."
        yield Review(check, Verdict.FAIL, f"asked for {asked}, answered by {answered}", cause, change)
        return
    version = known.get(answered or asked)
    if version is None:
        return
    days = (version.ends_at - clock.seconds()) // 86400
    if not version.retired:
        yield Review(check, Verdict.PASS, f"version {version.name}, {_fixes(days)} {version.ends}")
        return
    evidence = f"version {version.name}, supported until {version.ends} at least"
    if days > WARN_DAYS:
        yield Review(check, Verdict.PASS, evidence)
        return
    when = f"in {counted(days, 'day')}" if days >= 0 else "now"
    cause = f"It may be retired {when}; then another version answers, without an error, or none."
    fix = change if version.name != newest else "Update invsync to a newer release."
    yield Review(check, Verdict.FAIL, evidence, cause, fix)


def _fixes(days: int) -> str:
    return "which gets fixes until" if days >= 0 else "which has had no fixes since"


def _ending(notices: ApiNotices) -> Review:
    """What the system itself announces. Of something deprecated without a near end it is only said."""
    check, at = "connection.interface", f" ({notices.where})" if notices.where else ""
    if notices.sunset_at is None:
        when = f" from {_day(notices.deprecated_at)} on" if notices.deprecated_at else ""
        return Review(check, Verdict.PASS, f"the system calls the interface deprecated{when}{at}; it names no end")
    days = (notices.sunset_at - clock.seconds()) // 86400
    evidence = f"the system ends the interface on {_day(notices.sunset_at)}{at}"
    if days > WARN_DAYS:
        return Review(check, Verdict.PASS, evidence)
    cause = f"It ends in {counted(days, 'day')}." if days >= 0 else "It has ended, and may stop answering at any time."
    return Review(check, Verdict.FAIL, evidence, cause, "Update invsync to a newer release.")


def _day(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def _of_connector(facts: Facts) -> Iterator[Review]:
    system = facts.connection.system
    try:
        review = getattr(registry.connector(_group(facts), system), "review", None)
        own_reviews: Iterable[Review] = tuple(review(facts)) if review else ()
    except ConnectorError as error:
        yield Review("connection.system", Verdict.FAIL, f"system {system}", error.what, error.advice)
        return
    except Exception as error:  # somebody else's connector must not take the doctor down
        what = shorten(f"{type(error).__name__}: {error}")
        cause = "The connector's own checks failed."
        yield Review(f"{system}.review", Verdict.UNKNOWN, what, cause, "Report it to the connector's author.")
        return
    yield from own_reviews


def told_by(facts: Facts, check: str, words: Iterable[str], fix: str) -> Review | None:
    """A problem whose words the last run's error has; None where it has none of them."""
    if not any(word in facts.last_error for word in words):
        return None
    return Review(check, Verdict.FAIL, "the last run ended with it", facts.last_error, fix)


# --- transport -------------------------------------------------------------------------------------------------------


_SAFE_SCHEMES = {"http": "https", "ftp": "ftps"}
"""Schemes in the clear, and what to use instead."""


ON_THIS_MACHINE = ("", "file", "sqlite")
"""Schemes of addresses without a host; a path alone has none."""


def transport(facts: Facts) -> Review:
    """A login must not travel in the clear."""
    parts = urlsplit(facts.connection.url)
    host = parts.hostname or "no host"
    check = "connection.transport"
    if not parts.hostname and parts.scheme in ON_THIS_MACHINE:
        return Review(check, Verdict.PASS, "read on this machine: nothing travels")
    evidence = f"{parts.scheme or 'no scheme'} to {host}"
    if parts.scheme not in _SAFE_SCHEMES or is_loopback(host):
        return Review(check, Verdict.PASS, evidence)
    # The address may carry a path, never the login: only scheme and host are told.
    cause = "The login and all stock travel in the clear: anybody on the way can read and change them."
    return Review(
        check,
        Verdict.FAIL,
        evidence,
        cause,
        facts.set(f"--url {shlex.quote(f'{_SAFE_SCHEMES[parts.scheme]}://{host}{parts.path}')}"),
    )


# --- the secret ------------------------------------------------------------------------------------------------------


def secrets(facts: Facts, environment: Mapping[str, str]) -> Iterator[Review]:
    """A check for each part that the connector declares: `connection.secret` for the first, then the same with its name."""
    connection = facts.connection
    parts = registry.secret_parts(_group(facts), connection.system)
    for number, part in enumerate(parts):
        check = f"connection.secret.{part.name}" if number else "connection.secret"
        change = f"--secret {part.name}=file:PATH" if len(parts) > 1 else "--secret file:PATH"
        reference = reference_of(connection, parts, part.name)
        if not reference and part.required:
            cause = f"{part.label} is not given: {part.help}."
            yield Review(check, Verdict.FAIL, f"no {part.name}", cause, facts.set(change))
        elif number == 0 or reference:
            yield _secret(facts, reference, check, change, environment)


def _group(facts: Facts) -> str:
    return registry.SOURCES if isinstance(facts, SourceFacts) else registry.CARTS


def _secret(facts: Facts, reference: str, check: str, change: str, environment: Mapping[str, str]) -> Review:
    """Whether this process could resolve the reference. Nothing of the secret is told, and no command is run."""
    if not reference:
        return Review(check, Verdict.PASS, "it refers to no secret")
    kind, _, rest = reference.partition(":")
    if kind not in _LOOKS or not rest:
        # The text might be the secret itself: it is not repeated.
        cause = "The secret is not a reference."
        return Review(check, Verdict.FAIL, "neither env:, file: nor command:", cause, facts.set(change))
    wrong, fix, local = _LOOKS[kind](rest, environment)
    if not wrong:
        return Review(check, Verdict.PASS, f"{kind}: can be resolved here")
    if local and facts.worked:
        return Review(check, Verdict.PASS, f"{wrong} The last run had it, in another process.")
    verdict = Verdict.UNKNOWN if local else Verdict.FAIL
    return Review(check, verdict, wrong, "The secret cannot be resolved in this process.", fix)


def login(facts: Facts) -> Iterator[Review]:
    """Whether somebody has logged in where the connector needs it, and for how long that lasts."""
    connection, check = facts.connection, "connection.login"
    try:
        about = registry.about(_group(facts), connection.system)
        if about is None or about.sign_in is None:
            return
        token = connection.tokens.read() if connection.tokens else None
    except ConnectorError as error:
        yield Review(check, Verdict.UNKNOWN, "the login cannot be read", error.what, error.advice)
        return
    if token is None or not token.signed_in:
        if about.sign_in.required:
            yield Review(check, Verdict.FAIL, "nobody has logged in", "It needs a login in a browser.", facts.login())
        return
    state = login_state(token, clock.seconds())
    if state.over or state.soon:
        cause = (
            "Without a login nothing can be synced." if state.over else "It runs out soon, and syncs fail from then on."
        )
        yield Review(check, Verdict.FAIL, state.text, cause, facts.login())
    else:
        yield Review(check, Verdict.PASS, state.text)


Looked = tuple[str, str, bool]
"""What is wrong ('' for nothing), what fixes it, and whether it may be right in another process of another user."""


def _env(name: str, environment: Mapping[str, str]) -> Looked:
    if environment.get(name):
        return "", "", True
    return f"{name} is not set here.", f"Set {name} for the process that runs the sync (invsync serve).", True


def _file(name: str, _: Mapping[str, str]) -> Looked:
    try:
        path = expanded(name)
    except NotConfiguredError as error:
        return error.what, error.advice, True
    quoted = shlex.quote(str(path))
    try:
        there = path.stat()
        readable = os.access(path, os.R_OK) and stat.S_ISREG(there.st_mode)
    except PermissionError:
        return f"{path} cannot be read by this user.", f"Run it as the user who owns {quoted}.", True
    except OSError as error:
        return f"{path}: {error.strerror}.", f"Create {quoted} with mode 0600, or correct the path.", False
    if open_to_others(there):
        return f"{path} is open to others (mode {stat.S_IMODE(there.st_mode):04o}).", f"chmod 600 {quoted}", False
    if not readable:
        return f"{path} may not be read by this user.", f"Run it as the user who owns {quoted}.", True
    return "", "", False


def _command(line: str, _: Mapping[str, str]) -> Looked:
    # Not run: it may ask for a passphrase on the terminal that shows the doctor.
    try:
        program = shlex.split(line)[0]
    except (ValueError, IndexError):
        return "The command cannot be split into words.", "Correct the quotes in the secret's command.", False
    if shutil.which(program):  # no shell runs it, so that `~` is not a home folder
        return "", "", True
    return f"The program {program} is not found here.", f"Install {program} for the user of the sync.", True


_LOOKS = {"env": _env, "file": _file, "command": _command}
