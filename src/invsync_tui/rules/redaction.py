"""The one gate for text from outside: what leaves it carries no secret that is known, named or recognizable.

Every place that shows or keeps foreign text takes `Redacted`, which only the gate makes. Its work is linear in the
length of the text, whatever the text is: a server that answers with a megabyte of quotes must not hold up the others.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from bisect import bisect
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote, quote_plus

from invsync_tui.rules.record_values import record_spans
from invsync_tui.rules.value_ends import QUOTE, open_end, quoted_end

BLACK: Final = "[redacted]"
SHORTEST = 4
"""Characters. A shorter secret would black out half the text without hiding anything."""
PREFIX = 12
"""Characters of a known secret that give it away although the rest was cut off."""
OWNERS_MOST = 4096
PER_OWNER = 8
"""Secrets remembered for one owner: its own, and the tokens of its last logins."""


class _Gate:
    """Who holds it may make `Redacted`."""


_GATE: Final = _Gate()


class Redacted(str):
    """A text that passed the gate. Cutting or joining it gives a plain `str`, which has to pass again.

    A copy in this process is the same text. What is pickled comes back as a plain `str`: another process has a gate of
    its own, which may know other secrets.
    """

    __slots__ = ()

    def __new__(cls, text: str, gate: _Gate) -> Redacted:
        """For the gate alone."""
        if not isinstance(gate, _Gate):
            raise TypeError("only the gate makes Redacted")
        return super().__new__(cls, text)

    def __copy__(self) -> Redacted:
        """Itself: a text never changes."""
        return self

    def __deepcopy__(self, _: dict[int, object]) -> Redacted:
        """Itself, as for any text; `dataclasses.asdict` asks for it."""
        return self

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """A plain `str`."""
        return str, (str(self),)


# --- secrets that are known --------------------------------------------------------------------------------------------


def _base64_cores(value: bytes) -> Iterator[str]:
    """What base64 makes of `value` wherever it stands in a longer text, as in the header of a basic login."""
    for before in range(3):
        bits = (before + len(value)) * 8
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * before + value).decode()
            yield text[-(-before * 8 // 6) : bits // 6]


HTML_QUOTES: Sequence[Mapping[str, str]] = (
    {},
    {'"': "&quot;", "'": "&#x27;"},
    {'"': "&quot;", "'": "&#39;"},
    {'"': "&quot;", "'": "&#039;"},
    {'"': "&quot;"},
    {'"': "&#34;", "'": "&#39;"},
)
"""What languages and their libraries write for quotes in HTML; some have a number for + too."""
JSON_FOR_HTML: Sequence[Mapping[str, str]] = (
    {"&": "\\u0026", "<": "\\u003c", ">": "\\u003e"},
    {"&": "\\u0026", "<": "\\u003C", ">": "\\u003E", "'": "\\u0027"},
)
"""What some write in JSON, so that it can stand in a page."""


def forms_of(secret: str) -> tuple[str, ...]:
    """A secret as it may be written: plain, in JSON, in JSON in JSON, percent-encoded, in HTML, in base64, in hex."""
    raw = secret.encode("utf-8", "surrogateescape")
    in_json = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    encoded = {quote(raw, safe=""), quote(raw), quote_plus(raw)}
    encoded |= {re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), text) for text in encoded}
    forms = {
        secret,
        *in_json,
        *(json.dumps(text)[1:-1] for text in in_json),
        *encoded,
        *(quote(text) for text in encoded),
    }
    in_html = html.escape(secret, quote=False)
    for marks in HTML_QUOTES:
        quoted = _written(in_html, marks)
        forms |= {quoted, quoted.replace("+", "&#43;")}
    for text in in_json:
        for_html = {_written(text, marks) for marks in JSON_FOR_HTML}
        forms |= {text.replace("/", "\\/"), *for_html, *(each.replace('\\"', "\\u0022") for each in for_html)}
    forms |= {core for core in _base64_cores(raw) if len(core) > SHORTEST}
    forms |= {raw.hex(), raw.hex().upper()} if len(raw) >= SHORTEST else set()
    return tuple(sorted((form for form in forms if len(form) >= SHORTEST), key=len, reverse=True))


def _written(text: str, marks: Mapping[str, str]) -> str:
    """The text with each of its characters that has a mark written as that."""
    return "".join(marks.get(char, char) for char in text)


class KnownSecrets:
    """Secrets that this process has in hand, by owner; bounded, so that a year of logins does not fill the memory."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, OrderedDict[str, tuple[str, ...]]] = OrderedDict()
        self._forms: Needles | None = None

    def remember(self, secret: str, owner: str = "") -> None:
        """From now on the gate blacks it out wherever it turns up."""
        if len(secret) < SHORTEST:
            return
        mine = self._owners.setdefault(owner or secret, OrderedDict())
        self._owners.move_to_end(owner or secret)
        if secret in mine:
            mine.move_to_end(secret)
            return
        mine[secret] = forms_of(secret)
        if len(mine) > PER_OWNER:
            mine.popitem(last=False)
        if len(self._owners) > OWNERS_MOST:
            self._owners.popitem(last=False)
        self._forms = None

    def clear(self) -> None:
        """Forget all of them."""
        self._owners.clear()
        self._forms = None

    def __len__(self) -> int:
        return sum(map(len, self._owners.values()))

    def forms(self) -> Needles:
        """Every form of every secret, by its beginning."""
        if self._forms is None:
            self._forms = by_beginning(
                form for mine in self._owners.values() for forms in mine.values() for form in forms
            )
        return self._forms


Needles = Mapping[str, Sequence[str]]
"""Forms of secrets by their first PREFIX characters, sorted."""


def by_beginning(forms: Iterable[str]) -> Needles:
    """Forms as they are looked for: those that begin alike at once."""
    groups: dict[str, set[str]] = {}
    for form in forms:
        if form not in BLACK:  # it could not be hidden behind itself
            groups.setdefault(form[:PREFIX], set()).add(form)
    return {needle: sorted(group) for needle, group in groups.items()}


def _known_spans(text: str, needles: Needles) -> Iterator[tuple[int, int]]:
    for needle, forms in needles.items():
        most = max(map(len, forms))
        at = text.find(needle)
        while at >= 0:
            end, whole = _longest(text, at, forms, most)
            yield at, end
            at = text.find(needle, end if whole else at + 1)  # a whole one may begin within a part of one


def _longest(text: str, at: int, forms: Sequence[str], most: int) -> tuple[int, bool]:
    """Where the longest beginning of a form that stands in the text at `at` ends, and whether it is a whole form.

    Of sorted forms it is that of a neighbor of what stands there. `most` is the length of the longest form.
    """
    place = bisect(forms, text[at : at + most]) if len(forms) > 1 else 0
    near = forms[max(0, place - 1) : place + 1]
    longest, form = max((_common(text, at, form), form) for form in near)
    return at + longest, longest == len(form)


def _common(text: str, at: int, form: str) -> int:
    """How many characters of `form` stand in the text at `at`."""
    if text.startswith(form, at):
        return len(form)
    here = text[at : at + len(form)]
    return next((i for i, (a, b) in enumerate(zip(here, form, strict=False)) if a != b), min(len(here), len(form)))


# --- values with a telling name ----------------------------------------------------------------------------------------

_TELLING = re.compile(
    r"pass(?:word|wd|phrase|code)|passwort|(?<![a-z])pass(?![a-z])|(?<![a-z])pwd|secret|token|authori[sz]ation|cookie"
    r"|api[_.-]?key|access[_.-]?key|private[_.-]?key|account[_.-]?key|shared[_.-]?key|license[_.-]?key|auth[_.-]?key"
    r"|consumer[_.-]?key|subscription[_.-]?key|encryption[_.-]?key|signing[_.-]?key|key[_.-]?string|session(?:[_.-]?id)?$"
    r"|session[_.-]?(?:id|key)|credential|signature|(?<![a-z])sig(?![a-z])|hmac|(?<![a-z])jwt|(?<![a-z])otp(?![a-z])"
    r"|(?<![a-z])auth$|^x-auth|bearer|(?:oauth|code|pkce)[_.-]?verifier",
    re.IGNORECASE,
)
_IN_ADDRESS = frozenset({"code", "key", "sig", "hmac", "pin", "auth", "pwd", "pass", "otp", "ticket"})
"""Telling as parameters of an address; elsewhere these are words of trade ("code" is a SKU's)."""
_BEFORE_KEY = re.compile(r"(?:api|secret|access|private|consumer|auth|session|signing)\s$", re.IGNORECASE)

_HINTS = re.compile(
    "pass|pwd|secret|token|authori|cookie|key|session|credential|signature|sig|hmac|jwt|otp|auth|bearer"
    "|verifier|code=|pin=|ticket=|code%|pin%|ticket%"
)
"""Parts of telling names. Found on lower-case text, they are all that has to be looked at closely."""
_NAME_MOST = 64
_NAME_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

_SETS = re.compile(
    rf"(?P<name>[\w.\-]{{0,{_NAME_MOST}}}+)(?P<quote>{QUOTE})?(?:\]|%5D|\[\]){{0,3}}\s{{0,40}}"
    rf"(?:(?P<sets>=>|[:=]{{1,2}}|%(?:25){{0,3}}3[AD])|(?P<comma>,)|(?P<tags>>|(?:<[^<>]{{0,80}}>\s{{0,20}}){{1,6}}))\s{{0,40}}"
    rf"(?P<inner>(?:{QUOTE})?value(?:{QUOTE})?\s{{0,9}}[:=]\s{{0,9}})?(?P<opening>{QUOTE})?",
    re.IGNORECASE,
)
_SAYS = re.compile(
    rf"(?P<name>[\w.\-]{{0,{_NAME_MOST}}}+)\s{{1,4}}(?:(?:is|was|of|with)\s)?(?P<told>{QUOTE}|(?=[\w\-./+=~]{{0,60}}\d))",
    re.IGNORECASE,
)
_LITERAL = re.compile(r"(?:null|true|false|none)(?![\w.\-])", re.IGNORECASE)
_PROSE = re.compile(r"[\w\-./+=~:]{8,}")
_REFERENCE = re.compile(r"(?:env|file|command):")


class _Names:
    """Which names are telling: those everybody uses, and those that connectors add."""

    def __init__(self) -> None:
        self.more: frozenset[str] = frozenset()
        self.hints = _HINTS

    def add(self, names: Iterable[str]) -> None:
        """Names that connectors know; see `Redactor.add_names`."""
        self.more |= {name.lower() for name in names if name}
        self.hints = re.compile("|".join([*map(re.escape, sorted(self.more, key=len, reverse=True)), _HINTS.pattern]))

    def tells_alone(self, name: str) -> bool:
        """Whether a field of this name carries a secret, whatever stands around it."""
        return name.lower() in self.more or _TELLING.search(name) is not None

    def tells(self, text: str, start: int, name: str, sets: str = "=") -> bool:
        """Whether what follows the name at `start` is a secret."""
        low = name.lower()
        if self.tells_alone(name):
            return True
        if low == "key" and _BEFORE_KEY.search(text, max(0, start - 12), start):
            return True
        if low not in _IN_ADDRESS or not (sets == "=" or sets.startswith("%")):
            return False
        return start == 0 or text[start - 1] in "?&;" or text.endswith(("%26", "%3F"), 0, start)


def _value_of(text: str, start: int, match: re.Match[str]) -> tuple[int, int] | None:
    """From where to where the value reaches of the telling name at `start`; None where there is none to hide."""
    value, opening = match.end(), match["opening"]
    if _is_no_value(text, start, match):
        return None
    if match["tags"] is not None:
        end = text.find("<", value)
        return value, len(text) if end < 0 else end
    name = text[start : match.end("name")]
    return value, quoted_end(text, value, opening) if opening else open_end(text, value, name)


def _is_no_value(text: str, start: int, match: re.Match[str]) -> bool:
    before = text[max(0, start - 1) : start]
    if match["comma"]:  # an element after the name: only where both are quoted
        return not (match["quote"] and (match["opening"] or match["inner"]))
    if match["tags"] == ">":  # the end of a tag of that name
        return before != "<"
    if match["opening"]:
        return False
    if match["quote"]:
        return _LITERAL.match(text, match.end()) is not None
    return before == "/" and match["sets"] == ":"  # a path in a sentence of ours: "POST /oauth/token: refused"


def _said_value(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """A value in a sentence: `the token "abc"`, `invalid token 12ab34cd`."""
    start = match.end()
    if match["told"]:
        return start, quoted_end(text, start, match["told"])
    word = _PROSE.match(text, start)
    if word is None or _REFERENCE.match(text, start) or "/" in word[0]:
        return None
    return start, word.end()


def _named_spans(text: str, low: str, names: _Names) -> Iterator[tuple[int, int]]:
    until = 0
    for hint in names.hints.finditer(low):
        at = hint.start()
        if at < until:
            continue
        before = text[max(0, at - _NAME_MOST) : at]
        start = at - (len(before) - len(before.rstrip(_NAME_LETTERS)))
        span = _span_of(text, start, at, names)
        if span is not None:
            until = span[1]
            yield span


def _span_of(text: str, start: int, at: int, names: _Names) -> tuple[int, int] | None:
    """The value that belongs to the name from `start` on, which has a hint at `at`."""
    if match := _SETS.match(text, at):
        name = text[start : match.end("name")]
        return _value_of(text, start, match) if names.tells(text, start, name, match["sets"] or "") else None
    if (match := _SAYS.match(text, at)) and _TELLING.search(text[start : match.end("name")]):
        return _said_value(text, match)
    return None


# --- values of a telling shape -----------------------------------------------------------------------------------------

# No possessive repeat of a group with a look-ahead in it: before Python 3.11.5 it does not match (CPython gh-106052).
# A run ends where another start of the same kind may be, so no letter is looked at by two runs of one kind.
_LOGINS = (
    # (how it starts, in lower case; the login up to the last "@" before the path)
    (("://", ":\\/\\/"), (r"([^/\s\"'<>\\]{1,2048})@", r"((?:[^/\s\"'<>\\%]|%(?!40)){1,2048})%40")),
    (("%3a//",), (r"([^/\s\"'<>\\]{1,2048})(?:%(?:25)?40|@)",)),
    (("%3a%2f%2f", ":%2f%2f"), (r"((?:[^/\s\"'<>\\%]|%(?!2F)){1,2048})(?:%40|@)",)),
    (("%253a%252f%252f",), (r"((?:[^/\s\"'<>\\%]|%(?!252F)){1,2048})%(?:25)?40",)),
)
_LOGIN_KINDS = tuple((starts, tuple(re.compile(run, re.IGNORECASE) for run in runs)) for starts, runs in _LOGINS)
_HEADER = re.compile(r"\s{1,4}([\w.~+/=\-]{8,})")
_SCHEMES = ("basic ", "session ", "bearer ", "token ", "negotiate ", "ntlm ")
_TOKENS = re.compile(
    r"(?<![\w-])(?:eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*+)?|A[KS]IA[0-9A-Z]{12,}"
    r"|c[ks]_[0-9a-fA-F]{32,}|(?:shp(?:at|ca|pa|ss|ua)|gh[pousr]|xox[abprs]|[srp]k_(?:live|test))[_-][\w-]{12,})"
)
_TOKEN_STARTS = ("eyJ", "AKIA", "ASIA", "shp", "gh", "xox", "sk_", "rk_", "pk_", "ck_", "cs_")


def _starts(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + len(part))


def _shape_spans(text: str, low: str) -> Iterator[tuple[int, int]]:
    for starts, runs in _LOGIN_KINDS:
        for part in starts:
            for at in _starts(low, part):
                if match := next(filter(None, (run.match(text, at + len(part)) for run in runs)), None):
                    yield match.span(1)
    for part in _TOKEN_STARTS:
        for at in _starts(text, part):
            if match := _TOKENS.match(text, at):
                yield match.span()
    for part in _SCHEMES:
        for at in _starts(low, part):
            match = _HEADER.match(text, at + len(part) - 1)
            if match and _is_credential(part.rstrip(), match[1]):
                yield match.span(1)


def _is_credential(scheme: str, value: str) -> bool:
    if any(c.isdigit() for c in value) or len(value) >= 24:
        return True
    if scheme not in ("basic", "session"):
        return False
    try:
        return b":" in base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False


# --- the gate ----------------------------------------------------------------------------------------------------------


class Redactor:
    """The gate with what it knows."""

    def __init__(self) -> None:
        self.known = KnownSecrets()
        self._names = _Names()

    def add_names(self, names: Iterable[str]) -> None:
        """Names of fields and parameters that a connector knows to carry secrets."""
        self._names.add(names)

    def tells(self, name: str) -> bool:
        """Whether a parameter of this name carries a secret in an address."""
        return name.lower() in _IN_ADDRESS or self._names.tells(name, 0, name)

    def clear(self) -> None:
        """Forget every secret and every added name."""
        self.known.clear()
        self._names = _Names()

    def __call__(self, text: str, more: tuple[str, ...] = ()) -> Redacted:
        """The text without secrets, known ones and the forms `more`.

        All that is looked for is found in the text as it came: hiding one thing never hides the name of another.
        """
        low = _lowered(text)
        spans = [
            *_known_spans(text, self.known.forms()),
            *_known_spans(text, by_beginning(more)),
            *_named_spans(text, low, self._names),
            *(record_spans(text, self._names.tells_alone) if self._names.hints.search(low) else ()),
            *_shape_spans(text, low),
        ]
        if not spans:
            return Redacted(text, _GATE)
        return Redacted(_without(text, spans), _GATE)


def _lowered(text: str) -> str:
    """In lower case, letter by letter, so that places are the same in both."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower() if c.isascii() else c for c in text)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    done = 0
    for start, end in _merged(spans):
        parts += [text[done:start], BLACK]
        done = end
    parts.append(text[done:])
    return "".join(parts)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    result: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if end <= start:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result
