"""The way to a server, and why it could not be gone: the real cause and one advice for each.

Proxies come from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, and are never used for this machine itself.
"""

from __future__ import annotations

import errno
import ipaddress
import shlex
import socket
import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

from invsync_tui.connectors import addresses
from invsync_tui.connectors.errors import ConnectorError, NotConfiguredError, UnavailableError
from invsync_tui.connectors.network.http_log import redacted_url, remember_secret

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Route:
    """How a server is reached. `proxy` is '' for directly; `variable` is where it is set."""

    url: str
    proxy: str = ""
    variable: str = ""

    @property
    def without_login(self) -> str:
        """The proxy without its login."""
        return f"{redacted_url(self.proxy)} ({self.variable})" if self.proxy else ""

    @property
    def host(self) -> str:
        """Host and port of the server."""
        try:
            parts = urlsplit(self.url)
            return f"{parts.hostname}:{parts.port or DEFAULT_PORTS.get(parts.scheme, '')}"
        except ValueError:
            return redacted_url(self.url)

    @property
    def hostname(self) -> str:
        """The server's host name."""
        try:
            return urlsplit(self.url).hostname or ""
        except ValueError:
            return ""


def route_to(url: str, name: str) -> Route:
    """The way to an address; NotConfiguredError for an address that carries a login or a secret, or is none."""
    try:
        parts = urlsplit(url)
        host, scheme, _ = parts.hostname or "", parts.scheme, parts.port
    except ValueError as error:
        raise NotConfiguredError(
            f"{redacted_url(url)} is not an address.", where=name, advice=addresses.ADVICE
        ) from error
    if scheme not in DEFAULT_PORTS or not host:
        raise NotConfiguredError(f"{redacted_url(url)} is not an address.", where=name, advice=addresses.ADVICE)
    if why := addresses.secret_in(url):
        raise NotConfiguredError(why, where=name, advice=addresses.LOGIN_ADVICE)
    proxies = getproxies_environment()
    proxy_setting = proxies.get(scheme) or proxies.get("all")
    if (
        not proxy_setting
        or addresses.is_loopback(host)
        or proxy_bypass_environment(host, proxies)
        or _in_no_proxy(host, proxies.get("no", ""))
    ):
        return Route(url)
    variable = f"{scheme}_proxy".upper() if proxies.get(scheme) else "ALL_PROXY"
    proxy = proxy_setting if "://" in proxy_setting else f"http://{proxy_setting}"
    _remember(proxy)
    return Route(url, proxy, variable)


def _remember(proxy: str) -> None:
    try:
        password = urlsplit(proxy).password
    except ValueError:
        return
    if password:
        remember_secret(password, "proxy")


def _in_no_proxy(host: str, listed: str) -> bool:
    """Networks in NO_PROXY, which the standard library does not know."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    for part in listed.split(","):
        try:
            if address in ipaddress.ip_network(part.strip(), strict=False):
                return True
        except ValueError:
            continue
    return False


# --- what went wrong ---------------------------------------------------------------------------------------------------


def explain(error: BaseException, route: Route, where: str, seconds: float = 0.0) -> ConnectorError:
    """A failed request as the connection's error: what happened and what to do next."""
    if isinstance(error, ConnectorError):
        return error
    if isinstance(error, ImportError):
        command = f"{shlex.quote(sys.executable)} -m pip install socksio"
        return NotConfiguredError(
            f"The proxy {route.without_login} is a SOCKS proxy, for which a package is missing.",
            where=where,
            advice=f"Install it: {command}  Or unset {route.variable}.",
        )
    if _is(error, "LocalProtocolError") or isinstance(error, UnicodeEncodeError):
        return NotConfiguredError(
            "The request cannot be sent: a header has characters that are not allowed.",
            where=where,
            advice="Look for line breaks and special characters in the login, the secret and the options.",
        )
    of_address = isinstance(error, ValueError | TypeError) and not isinstance(error, OSError)  # as a certificate's is
    if _is(error, "InvalidURL", "UnsupportedProtocol") or of_address:
        if route.proxy and "proxy" in str(error).lower():
            return NotConfiguredError(
                f"{route.without_login} is no proxy's address.",
                where=where,
                advice=f"Correct or unset {route.variable}.",
            )
        return NotConfiguredError(f"{redacted_url(route.url)} is not an address.", where=where, advice=addresses.ADVICE)
    what, advice = _cause(error, route, seconds)
    if route.proxy and "proxy" not in what:
        what = f"{what.rstrip('.')}, through the proxy {route.without_login}."
    return UnavailableError(f"No answer: {what}", where=where, advice=advice)


def _is(error: BaseException, *names: str) -> bool:
    """Whether it is one of the HTTP client's errors, which is imported in `http` alone."""
    return any(kind.__name__ in names and kind.__module__.startswith("httpx") for kind in type(error).__mro__)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and all that led to it."""
    waiting, seen = [error], set()
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [led for led in (current.__cause__, current.__context__) if led is not None]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions


def _cause(error: BaseException, route: Route, seconds: float) -> tuple[str, str]:
    every = list(_chain(error))
    if _is(error, "ProxyError"):
        return (
            f"the proxy {route.without_login} refused: {error}.",
            f"Correct {route.variable}, or name the host in NO_PROXY.",
        )
    for cause in every:
        if isinstance(cause, ssl.SSLError):
            return _certificate(cause, route) if isinstance(cause, ssl.SSLCertVerificationError) else _tls(cause, route)
    if any(isinstance(link, socket.gaierror) for link in every) or "name resolution" in str(error).lower():
        return _unknown_name(route)
    for cause in every:
        if isinstance(cause, OSError) and cause.errno in _BY_NUMBER:
            what, advice = _BY_NUMBER[cause.errno]
            if cause.errno == errno.ECONNRESET and route.url.startswith("http://"):
                advice = (
                    f"If the server expects https: https://{route.url.removeprefix('http://')}  Otherwise: {advice}"
                )
            return what.format(host=_next_hop(route)), advice.format(host=_next_hop(route))
    if _is(error, "TimeoutException") or isinstance(error, TimeoutError):
        return _too_slow(error, route, seconds)
    return _broken(error, route)


def _next_hop(route: Route) -> str:
    return redacted_url(route.proxy).partition("://")[2].rstrip("/") if route.proxy else route.host


_REFUSED = (
    "nobody listens at {host} (connection refused).",
    "Correct the port in the address, or start the server there.",
)
_UNREACHABLE = ("there is no way to {host} from this machine.", "Check the address, the network and the firewall.")
_RESET = (
    "the connection to {host} was broken off.",
    "See whether the server or a firewall closes it; it is tried again.",
)
_BY_NUMBER = {
    errno.ECONNREFUSED: _REFUSED, errno.EHOSTUNREACH: _UNREACHABLE, errno.ENETUNREACH: _UNREACHABLE,
    errno.ENETDOWN: _UNREACHABLE, errno.EHOSTDOWN: _UNREACHABLE, errno.EADDRNOTAVAIL: _UNREACHABLE,
    errno.ECONNRESET: _RESET, errno.EPIPE: _RESET, errno.ECONNABORTED: _RESET,
    errno.EMFILE: ("this process has too many open files.", "Raise the limit (ulimit -n, LimitNOFILE), then run again."),
}  # fmt: skip


def _unknown_name(route: Route) -> tuple[str, str]:
    host = (urlsplit(route.proxy).hostname or "") if route.proxy else route.hostname
    return (
        f"the host name {host} is not known.",
        f"Correct the host in the {'proxy' if route.proxy else 'address'}, or check: getent hosts {shlex.quote(host)}",
    )


def _certificate(error: ssl.SSLCertVerificationError, route: Route) -> tuple[str, str]:
    code = error.verify_code
    if code in (10, 9):
        return (
            f"the certificate of {route.host} {'has expired' if code == 10 else 'is not valid yet'}.",
            "Renew the certificate on the server, or check this machine's clock: date",
        )
    if code in (62, 64):
        return (
            f"the certificate of {route.host} is for another host name.",
            "Use the host name of the certificate in the address, or get one for this name.",
        )
    if code == 18:
        return f"the certificate of {route.host} is self-signed.", _TRUST
    if code in (2, 19, 20, 21):
        return f"the certificate of {route.host} is signed by an authority that is not trusted here.", _TRUST
    return (
        f"the certificate of {route.host} is not valid: {error.verify_message}.",
        "Correct the certificate on the server.",
    )


_TRUST = "If it is your own, name its authority's certificates in PEM: --option ca_file=PATH"


_NOT_TLS = ("WRONG_VERSION", "RECORD_LAYER", "RECORD LAYER", "HTTP_REQUEST", "PACKET_LENGTH", "UNKNOWN_PROTOCOL")


def _tls(error: ssl.SSLError, route: Route) -> tuple[str, str]:
    upper = f"{error.reason or ''} {error}".upper()
    if any(word in upper for word in _NOT_TLS):
        return (
            f"{route.host} does not speak https.",
            "If the server has http only, change the address to http://; otherwise correct the port.",
        )
    if "EOF" in upper:
        return (
            f"{route.host} closed the connection while https was agreed on.",
            "Check that the port is the one for https, and the server's TLS settings.",
        )
    return f"https with {route.host} failed ({error.reason or 'no reason given'}).", "Check the server's TLS settings."


def _too_slow(error: BaseException, route: Route, seconds: float) -> tuple[str, str]:
    if _is(error, "ConnectTimeout"):
        return f"no connection to {_next_hop(route)} in time.", "Check the address, the network and the firewall."
    if _is(error, "PoolTimeout"):
        return "the connection's other requests took too long.", "Nothing is lost; it is tried again in the next run."
    within = f" within {seconds:g} s" if seconds else " in time"
    return (
        f"{route.host} did not finish its answer{within}.",
        "See whether the server is slow or overloaded; the time can be raised: --deadline SECONDS",
    )


def _broken(error: BaseException, route: Route) -> tuple[str, str]:
    text = str(error).rstrip(".") or type(error).__name__
    plain = route.url.startswith("http://")
    if plain and ("\\x15\\x03" in text or (_is(error, "RemoteProtocolError") and "without sending" in text)):
        return (
            f"{route.host} closed the connection without an answer in http.",
            f"If the server expects https, change the address to https://{route.url.removeprefix('http://')}",
        )
    if _is(error, "RemoteProtocolError"):
        return (
            f"{route.host} does not speak proper HTTP: {text}.",
            "Check the port in the address, and whatever stands between this machine and the server.",
        )
    return f"{text}.", "Nothing is lost; it is tried again in the next run."
