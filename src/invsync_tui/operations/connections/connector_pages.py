"""What each connector says of itself, as a page: for a person, for a script, and for the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, NamedTuple

from invsync_tui.connectors import quality, registry
from invsync_tui.connectors.about import About, ApiVersion, Hooks, Option, Permission, SignIn, listed, maker_of
from invsync_tui.operations.errors import NotFoundError, as_operation_error
from invsync_tui.plain_text import did_you_mean

WMS, CART = "wms", "cart"
GROUPS = {WMS: registry.SOURCES, CART: registry.CARTS}
_TRY = "invsync connections example {system} makes files to read, and prints the commands that read them."
_FILE_FOR_IT = "install -m 600 /dev/stdin PATH (paste the secret, Enter, Ctrl+D: a file that only its owner may read)"
_FIRST_PUSH = (
    "The first push of a cart is held for review, and the sync says the number of its run: invsync held RUN shows it, and "
    "invsync release RUN --reason WHY sends it."
)
_BY_ITSELF = "A push sets quantities only. This is changed in the shop when a person asks for it, and never by itself:"
KINDS = {WMS: "WMS/OMS", CART: "cart"}
ADD = {
    WMS: 'invsync merchants add MERCHANT --source {system} --url {url}{login}{options}',
    CART: 'invsync carts add MERCHANT CART --system {system} --url {url}{login}{options}',
}  # fmt: skip


class PageSection(NamedTuple):
    """A heading with its sentences. `steps`: they are done one after the other."""

    heading: str
    lines: tuple[str, ...]
    steps: bool = False


class ConnectorPage(NamedTuple):
    """Everything that a person has to know to connect a system."""

    kind: str
    """wms or cart."""
    system: str
    title: str
    summary: str
    """In one line."""
    sections: tuple[PageSection, ...]
    document: dict[str, Any]
    """The same as a JSON object."""


def pages(system: str = "") -> list[ConnectorPage]:
    """The pages of all connectors, or those of one name: a system can be both a WMS and a cart."""
    with as_operation_error():
        made = [
            _page(kind, name, registry.about(group, name) or About(name))
            for kind, group in GROUPS.items()
            for name in registry.systems(group)
            if system in ("", name)
        ]
    if system and not made:
        known = sorted({name for group in GROUPS.values() for name in registry.systems(group)})
        raise NotFoundError(
            f"No connector is called {system!r}.{did_you_mean(system, known)} There are: {', '.join(known)}."
        )
    return made


def commands(page: ConnectorPage) -> tuple[str, ...]:
    """The commands that connect it, with the example's address and names to be replaced."""
    about = registry.about(GROUPS[page.kind], page.system) or About(page.system)
    return tuple(_commands(page.kind, page.system, about))


def markdown(page: ConnectorPage) -> str:
    """A page of the documentation."""
    lines = [f"# {page.title} ({KINDS[page.kind]})", "", page.summary, ""]
    for section in page.sections:
        lines += [f"## {section.heading}", ""]
        lines += [f"{f'{number}.' if section.steps else '*'} {line}" for number, line in enumerate(section.lines, 1)]
        lines += [""]
    return "\n".join(lines)


def _page(kind: str, system: str, about: About) -> ConnectorPage:
    versions = f", {about.versions}" if about.versions else ""
    summary = f"{about.title}{versions}. Addresses: {listed(about.schemes)}."
    sections = tuple(section for section in _sections(kind, system, about) if section.lines)
    return ConnectorPage(kind, system, about.title, summary, sections, _document(kind, system, about))


def _sections(kind: str, system: str, about: About) -> Iterator[PageSection]:
    yield PageSection("What to set up there", about.setup, steps=True)
    yield PageSection("Versions", tuple(_version(version) for version in about.api_versions))
    yield PageSection("Permissions", tuple(_permission(permission) for permission in about.permissions))
    yield PageSection("In invsync", tuple(_commands(kind, system, about)), steps=True)
    if maker_of(registry.connector(GROUPS[kind], system)) is not None:
        yield PageSection("To try it first", (_TRY.format(system=system),))
    yield PageSection("Settings", (*_login(about), *(_option(option) for option in (*about.options, *registry.COMMON))))
    yield PageSection("How it reads" if kind == WMS else "How it reads and writes", about.behavior)
    yield PageSection("On request", tuple(_on_request(kind, about)))
    yield PageSection("Webhooks", tuple(_hooks(about)), steps=True)
    yield PageSection("Known limits", about.known_limits)
    yield PageSection("How it is proved", tuple(_proved(kind, system)))
    yield PageSection("Sources", about.sources)


def _commands(kind: str, system: str, about: About) -> Iterator[str]:
    elsewhere = "://" in about.example  # a path on this machine needs no login
    login = " --login LOGIN" if elsewhere and about.signs_in_as else ""
    first, *others = about.secret_parts if elsewhere and about.secret_parts else (None,)
    login += " --secret file:PATH" if first else ""
    login += "".join(f" --secret {part.name}=file:PATH" for part in others if part and part.required)
    options = "".join(f" --option {option.name}=VALUE" for option in about.options if option.required)
    if first:
        yield _FILE_FOR_IT
    yield ADD[kind].format(system=system, url=about.example, login=login, options=options)
    cart = " --cart CART" if kind == CART else ""
    if about.sign_in is not None and about.sign_in.required:
        yield f"invsync connections login MERCHANT{cart}"
    yield f"invsync connections test MERCHANT{cart}"
    yield "invsync carts set CART --upload on" if kind == CART else "invsync merchants set MERCHANT --sync on"
    yield "invsync sync MERCHANT --wait"
    if kind == CART:
        yield _FIRST_PUSH


def _on_request(kind: str, about: About) -> Iterator[str]:
    """What it changes or looks up when a person asks for it, with the command."""
    if about.fixes:
        yield _BY_ITSELF
    for preview in about.previews:
        yield f"{preview.what} invsync connections preview {'MERCHANT' if kind == WMS else '--cart NAME'} {preview.name}"
    for fix in about.fixes:
        yield f"{fix.what} {fix.then} For {fix.reason.value}: invsync connections fix NAME {fix.name}"


def _hooks(about: About) -> Iterator[str]:
    if about.hooks is not None:
        yield "invsync connections hooks NAME"
        for step in about.hooks.setup:
            yield step.replace("{address}", "as that command shows it")


def _version(version: ApiVersion) -> str:
    return f"{version.name}: {'supported' if version.retired else 'gets fixes'} until {version.ends}"


def _permission(permission: Permission) -> str:
    return f"{permission.name}: {permission.why}" + ("" if permission.required else " (optional)")


def _login(about: About) -> Iterator[str]:
    yield f"url (required): such as {about.example}"
    if about.signs_in_as:
        yield f"login: {about.signs_in_as}"
    parts = about.secret_parts
    for part in parts:
        called = "secret" if len(parts) == 1 else f"secret {part.name}{' (required)' if part.required else ''}"
        yield f"{called}: {part.help}; a reference env:NAME, file:PATH or command:ARGV"
    if about.sign_in is not None:
        yield f"login in a browser: {_sign_in(about.sign_in)}"


def _sign_in(sign_in: SignIn) -> str:
    """How a person logs in, and for how long."""
    ways = [
        *(["a code that is entered in a browser elsewhere"] if sign_in.device else []),
        *(["the address that a browser ends at, pasted"] if sign_in.authorize else []),
    ]
    lasts = f" It lasts {sign_in.lasts}." if sign_in.lasts else ""
    when = "" if sign_in.required else ", where it has no other way in"
    return f"invsync connections login{when}: by {listed(ways)}.{lasts}"


def _proved(kind: str, system: str) -> Iterator[str]:
    """Its tier, what is missing for the next one, and what each rule rests on."""
    rated = quality.of(registry.connector(GROUPS[kind], system))
    if rated.answers:
        yield f"Tier: {rated.tier}"
    for answer in rated.answers:
        prefix = {"done": "", "exempt": "does not apply: ", "todo": "missing: "}[answer.state]
        yield f"{answer.rule.tier}, {answer.rule.text}: {prefix}{answer.text}"


def _quality_document(kind: str, system: str) -> dict[str, Any]:
    rated = quality.of(registry.connector(GROUPS[kind], system))
    rules = [
        {"rule": answer.rule.name, "tier": str(answer.rule.tier), "state": answer.state, "text": answer.text}
        for answer in rated.answers
    ]
    return {"tier": str(rated.tier), "rules": rules}


def _option(option: Option) -> str:
    marks = ["required"] if option.required else []
    marks += [f"default {option.default}"] if option.default else []
    allowed = f": {option.allowed}" if option.allowed else ""
    return f"option {option.name}{f' ({listed(marks)})' if marks else ''}: {option.what}{allowed}"


def _document(kind: str, system: str, about: About) -> dict[str, Any]:
    return {
        "kind": kind,
        "system": system,
        "title": about.title,
        "versions": about.versions,
        "api_versions": [asdict(version) for version in about.api_versions],
        "kit": about.kit,
        "schemes": list(about.schemes),
        "example": about.example,
        "login": about.signs_in_as,
        "secret": about.signs_in_with,
        "secrets": [asdict(part) for part in about.secret_parts],
        "sign_in": _sign_in_document(about.sign_in),
        "hooks": _hooks_document(about.hooks),
        "options": [_option_document(option) for option in (*about.options, *registry.COMMON)],
        "permissions": [asdict(permission) for permission in about.permissions],
        "setup": list(about.setup),
        "behavior": list(about.behavior),
        "fixes": [{**asdict(fix), "reason": fix.reason.value} for fix in about.fixes],
        "previews": [asdict(preview) for preview in about.previews],
        "known_limits": list(about.known_limits),
        "quality": _quality_document(kind, system),
        "sources": list(about.sources),
    }


def _sign_in_document(sign_in: SignIn | None) -> dict[str, Any] | None:
    if sign_in is None:
        return None
    return {"ways": list(sign_in.ways), "required": sign_in.required, "lasts": sign_in.lasts}


def _hooks_document(hooks: Hooks | None) -> dict[str, Any] | None:
    if hooks is None:
        return None
    return {"topics": list(hooks.topics), "setup": list(hooks.setup), "signature_header": hooks.signature_header}


def _option_document(option: Option) -> dict[str, Any]:
    return {
        "name": option.name,
        "what": option.what,
        "kind": str(option.kind),
        "required": option.required,
        "default": option.default,
        "choices": list(option.choices),
    }
