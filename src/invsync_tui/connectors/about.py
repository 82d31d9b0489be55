"""What a connector says of itself: addresses, options, permissions, set-up, limits.

A connector class has it as the class attribute `about`. The form, the options of the command line, the doctor,
`invsync connections about` and the connector's page in the documentation are made of it.

It may also have a static method `example(folder, stock) -> Example`, for `invsync connections example`: it writes what it needs
into the folder, which is there and holds nothing of these names, from the stock that it is given, the same for every connector.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, cast
from urllib.parse import SplitResult, urlsplit

from invsync_tui.rules.outcomes import Reason

KIT = 1
"""The version of the protocol that connectors are written for. One written for another is refused with words."""
WEB = ("https", "http")
_WITHOUT_HOST = frozenset({"file", "sqlite"})
"""Schemes of addresses on this machine: a path and no host."""


class OptionKind(StrEnum):
    """What may be given for an option."""

    TEXT = "text"
    NUMBER = "number"
    """A whole number."""
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Option:
    """A setting of a connector's own. What is not declared is refused."""

    name: str
    what: str
    """In a few words."""
    required: bool = False
    label: str = ""
    """What its field is called, where that is not the name with its first letter as a capital."""
    kind: OptionKind = OptionKind.TEXT
    choices: tuple[str, ...] = ()
    """Of a CHOICE."""
    least: int = 0
    most: int = 1_000_000_000
    """Of a NUMBER."""
    default: str = ""
    """What holds where nothing is given; '' where the connector finds out itself."""

    @property
    def title(self) -> str:
        """What its field is called."""
        return self.label or self.name.replace("_", " ").capitalize()

    def wrong(self, text: str) -> str:
        """What is wrong with a value, with what is allowed; '' for nothing."""
        text = text.strip()
        if not text:
            return f"it is required: {self.what}." if self.required else ""
        if self.kind is OptionKind.CHOICE and text not in self.choices:
            return f"{text!r} is not known; choose one of: {', '.join(self.choices)}."
        if self.kind is OptionKind.NUMBER and not (
            re.fullmatch(r"[0-9]{1,10}", text) and self.least <= int(text) <= self.most
        ):
            return f"{text!r} is not allowed; give a whole number from {self.least} to {self.most}."
        return ""

    @property
    def allowed(self) -> str:
        """What may be given, in words; '' for any text."""
        if self.kind is OptionKind.CHOICE:
            return " or ".join(self.choices) if len(self.choices) == 2 else ", ".join(self.choices)
        return f"{self.least} to {self.most}" if self.kind is OptionKind.NUMBER else ""


@dataclass(frozen=True, slots=True)
class SecretPart:
    """One of the secrets that a connection needs. Each is given as a reference of its own."""

    name: str
    """Lower-case letters, digits and `_`; not the name of an option."""
    label: str
    help: str
    """What it is there, in a few words."""
    required: bool = True


SECRET = "secret"  # noqa: S105 (a name)
"""The name of the one part where a connector declares no parts."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A login that a person confirms in a browser on any machine (OAuth 2.0). The client id is the connection's login.

    Addresses are paths from the root of the connection's own host, or whole addresses where the login is elsewhere.
    """

    token: str
    """Where tokens are given."""
    device: str = ""
    """Where a code to be entered in a browser is given (RFC 8628); '' where there is none."""
    authorize: str = ""
    """Where a browser is sent, to come back with a code in its address (RFC 6749, 4.1); '' where there is none."""
    redirect: str = ""
    """Where it comes back to, as the client is registered there. Nobody has to listen at it."""
    scopes: tuple[str, ...] = ()
    separator: str = " "
    """Between scopes: RFC 6749 has a space."""
    secret: str = ""
    """The name of the part that is the client's secret; '' for a client without one."""
    pkce: bool = True
    """It knows code challenges (RFC 7636)."""
    fields: tuple[tuple[str, str], ...] = ()
    """Further fields of the request that turns a code into tokens."""
    required: bool = True
    """False: the connector has another way in, and uses this one once somebody has logged in."""
    lasts: str = ""
    """How long a login lasts, in a few words."""

    @property
    def ways(self) -> tuple[str, ...]:
        """device, paste, or both."""
        return tuple(way for way, address in (("device", self.device), ("paste", self.authorize)) if address)


@dataclass(frozen=True, slots=True)
class Hooks:
    """Webhooks that a cart sends, signed by the HMAC-SHA256 of the body in base64."""

    signature_header: str
    """In lower case."""
    delivery_header: str
    """In lower case: has an id that stays the same when a webhook is sent again."""
    topics: tuple[str, ...]
    """Those to subscribe to, as the system calls them."""
    setup: tuple[str, ...]
    """What to do in the other system, step by step. `{address}` stands for the whole address."""
    secret: SecretPart | None = None
    """The part that they are signed with, where that is one of its own; None: the connection's first secret."""
    or_secret: bool = True
    """Where that part is not given, they are signed with the connection's first secret."""
    ping: str = ""
    """A pattern of the whole body that is sent without a signature when a webhook is set up: it is answered, and has no
    effect. '' where there is none."""


@dataclass(frozen=True, slots=True)
class ApiVersion:
    """A version of the other system or its interface, and until when its maker keeps it."""

    name: str
    ends: str
    """The first day on which it may be gone, or gets no fixes any more, as `2027-04-01`."""
    retired: bool = True
    """It is gone then; False: it continues to answer, without fixes."""

    @property
    def ends_at(self) -> int:
        """The beginning of that day in UTC, in epoch seconds."""
        return int(datetime.fromisoformat(self.ends).replace(tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Permission:
    """Something that the login must be allowed, as the other system calls it."""

    name: str
    why: str
    required: bool = True
    """False: without it the connector does less, as `why` says."""


@dataclass(frozen=True, slots=True)
class Fix:
    """Something that a cart's connector changes in the shop when a person asks for it, see `connectors.on_request`."""

    name: str
    """Lower-case letters, as it is typed."""
    reason: Reason
    """What listings that need it are skipped for."""
    what: str
    """What it does to a listing there, in a sentence."""
    then: str
    """What the listing shows then, until the next push, in a sentence."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Something that a connector looks up before anything is downloaded or sent, see `connectors.on_request`."""

    name: str
    what: str
    """What it shows, in a sentence."""


@dataclass(frozen=True, slots=True)
class About:
    """A connector's declaration. Lists of sentences are in the order in which one reads or does them."""

    title: str
    """The system's name as its maker writes it."""
    kit: int = KIT
    schemes: tuple[str, ...] = WEB
    """What its addresses begin with, the usual one first. With `file`, a path alone is an address too."""
    example: str = "https://wms.example.com"
    """An address."""
    versions: str = ""
    """Of the other system, such as `6.0 to 8.2`."""
    api_versions: tuple[ApiVersion, ...] = ()
    """Those whose end its maker has published, oldest first. The one in use is the option `version`, or what answers say."""
    signs_in_as: str = ""
    """What the login name is there; '' where there is none."""
    signs_in_with: str = ""
    """What the secret is there; '' where there is none."""
    secrets: tuple[SecretPart, ...] = ()
    """Where there are several: each part, the first one being the connection's `secret`."""
    sign_in: SignIn | None = None
    """Where it is logged in by `invsync connections login`."""
    hooks: Hooks | None = None
    """Of a cart that sends webhooks, see `connectors.hooks`."""
    options: tuple[Option, ...] = ()
    permissions: tuple[Permission, ...] = ()
    setup: tuple[str, ...] = ()
    """What to do in the other system, step by step."""
    fixes: tuple[Fix, ...] = ()
    """Of a cart: what it changes in the shop when a person asks for it."""
    previews: tuple[Preview, ...] = ()
    """What it looks up when a person asks for it."""
    behavior: tuple[str, ...] = ()
    """What an operator should know of how it reads and writes."""
    known_limits: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    """Where the facts come from: pages of the maker's documentation, a server that was tried."""

    @property
    def secret_parts(self) -> tuple[SecretPart, ...]:
        """The declared parts; else the one secret, which may be left out; () where there is none. Last, the part for
        webhooks where they have one."""
        hooks = (self.hooks.secret,) if self.hooks is not None and self.hooks.secret is not None else ()
        if self.secrets or not self.signs_in_with:
            return (*self.secrets, *hooks)
        return (SecretPart(SECRET, "Secret", self.signs_in_with, required=False), *hooks)

    def wrong_address(self, text: str) -> str:
        """What is wrong with an address, and what is allowed; '' for nothing.

        A login or a query in an address often carries a key, and addresses are shown: neither is taken.
        """
        try:
            parts = urlsplit(text)
            port_is_wrong = parts.port == 0
        except ValueError:
            return self._no_address
        if "file" in self.schemes and text.startswith("/"):
            return ""
        if port_is_wrong or parts.scheme not in self.schemes or not _names_a_place(parts):
            return self._no_address
        if parts.username is not None or parts.password is not None:
            return "a login in the address is not allowed; give --login and --secret."
        if parts.query or parts.fragment or text.endswith(("?", "#")):
            return "a query (?...) in the address is not allowed, since it often carries a key; give it as --secret."
        return ""

    @property
    def _no_address(self) -> str:
        path = " or a path that begins with /" if "file" in self.schemes else ""
        return f"it is not an address; give one such as {self.example} ({listed(self.schemes)}{path})."


def _names_a_place(parts: SplitResult) -> bool:
    if parts.scheme in _WITHOUT_HOST:
        return not parts.netloc and parts.path.startswith("/") and parts.path.strip("/") != ""
    return bool(parts.hostname)


def listed(words: Iterable[str]) -> str:
    """`a, b or c`."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


# --- something to try it on ------------------------------------------------------------------------------------------

WMS_PORT, CART_PORT = 8765, 8766
"""Of the sandbox servers that examples read."""


class ExampleLevel(NamedTuple):
    """Stock of a made-up product in a warehouse, in whole units."""

    sku: str
    name: str
    upc: str
    warehouse: str
    on_hand: int
    available: int


@dataclass(frozen=True, slots=True)
class Example:
    """A connection to what was made."""

    url: str
    files: tuple[str, ...] = ()
    """Names of the files in the folder, the one to look at first."""
    options: Mapping[str, str] = field(default_factory=dict)
    sandbox: tuple[str, ...] = ()
    """Arguments of `python -m invsync_tui.sandbox`, whose server is read; () for none. Its password is the secret."""


Maker = Callable[[Path, Sequence[ExampleLevel]], Example]


def maker_of(connector: type) -> Maker | None:
    """What makes a connector's example; None where it needs a system of one's own."""
    return cast("Maker | None", getattr(connector, "example", None))
