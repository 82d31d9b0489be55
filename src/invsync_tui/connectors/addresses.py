"""Addresses and paths that settings name: what can be told of them without asking anybody."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from invsync_tui.connectors.errors import NotConfiguredError

ADVICE = "Give an address such as https://wms.example.com: --url ADDRESS"
LOGIN_ADVICE = "Leave it out of the address; give the login by --login and the secret by --secret file:PATH."


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def secret_in(url: str) -> str:
    """Why an address may not be kept as it is; '' where it carries neither a login nor a query."""
    parts = urlsplit(url)
    if "@" in parts.netloc:
        return "The address has a login in it."
    if parts.query or parts.fragment:
        return "The address has a query in it, which often carries a key."
    return ""


def expanded(name: str) -> Path:
    """The path with `~` and `~user` as home folders; NotConfiguredError where there is no such home folder."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        raise NotConfiguredError(
            f"{name}: the home folder of {name.partition('/')[0]} is not known here.",
            advice="Write the whole path, from / on.",
        ) from None
