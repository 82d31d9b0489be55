"""What a request says that got no answer, and what it advises: each kind of failure, whole."""

from __future__ import annotations

import errno
import ssl

import httpx
import pytest

from invsync_tui.connectors.errors import ConnectorError
from invsync_tui.connectors.network import network_errors
from invsync_tui.connectors.network.network_errors import Route

Words = tuple[str, str, str]
"""The kind of an error, what happened, and the advice."""
HTTPS = Route("https://cart.test:8443/api")
HTTP = Route("http://cart.test/api")
BY_PROXY = Route("https://cart.test/api", "http://me:word@proxy.test:3128", "HTTPS_PROXY")


def system_error(number: int) -> Exception:
    """A failed connection as the HTTP client raises it."""
    error = httpx.ConnectError("all attempts failed")
    error.__cause__ = OSError(number, "x")
    return error


def tls(text: str, reason: str = "") -> Exception:
    error = ssl.SSLError(1, text)
    error.reason = reason
    return error


def certificate(code: int) -> Exception:
    error = ssl.SSLCertVerificationError("bad")
    error.verify_code, error.verify_message = code, "some other fault"
    return error


NETWORK: list[tuple[Exception, Route, float, Words]] = [
    (
        system_error(errno.ECONNREFUSED),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: nobody listens at cart.test:8443 (connection refused).",
            "Correct the port in the address, or start the server there.",
        ),
    ),
    (
        system_error(errno.ECONNREFUSED),
        BY_PROXY,
        0,
        (
            "UnavailableError",
            "No answer: nobody listens at proxy.test:3128 (connection refused).",
            "Correct the port in the address, or start the server there.",
        ),
    ),
    (
        system_error(errno.EHOSTUNREACH),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: there is no way to cart.test:8443 from this machine.",
            "Check the address, the network and the firewall.",
        ),
    ),
    (
        system_error(errno.ENETUNREACH),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: there is no way to cart.test:8443 from this machine.",
            "Check the address, the network and the firewall.",
        ),
    ),
    (
        system_error(errno.ENETDOWN),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: there is no way to cart.test:8443 from this machine.",
            "Check the address, the network and the firewall.",
        ),
    ),
    (
        system_error(errno.EHOSTDOWN),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: there is no way to cart.test:8443 from this machine.",
            "Check the address, the network and the firewall.",
        ),
    ),
    (
        system_error(errno.EADDRNOTAVAIL),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: there is no way to cart.test:8443 from this machine.",
            "Check the address, the network and the firewall.",
        ),
    ),
    (
        system_error(errno.EPIPE),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: the connection to cart.test:8443 was broken off.",
            "See whether the server or a firewall closes it; it is tried again.",
        ),
    ),
    (
        system_error(errno.ECONNABORTED),
        HTTP,
        0,
        (
            "UnavailableError",
            "No answer: the connection to cart.test:80 was broken off.",
            "See whether the server or a firewall closes it; it is tried again.",
        ),
    ),
    (
        system_error(errno.ECONNRESET),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: the connection to cart.test:8443 was broken off.",
            "See whether the server or a firewall closes it; it is tried again.",
        ),
    ),
    (
        system_error(errno.ECONNRESET),
        HTTP,
        0,
        (
            "UnavailableError",
            "No answer: the connection to cart.test:80 was broken off.",
            "If the server expects https: https://cart.test/api  Otherwise: "
            "See whether the server or a firewall closes it; it is tried again.",
        ),
    ),
    (
        system_error(errno.EMFILE),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: this process has too many open files.",
            "Raise the limit (ulimit -n, LimitNOFILE), then run again.",
        ),
    ),
    (
        httpx.ConnectError("Temporary failure in name resolution"),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: the host name cart.test is not known.",
            "Correct the host in the address, or check: getent hosts cart.test",
        ),
    ),
    (
        httpx.ConnectError("Temporary failure in name resolution"),
        BY_PROXY,
        0,
        (
            "UnavailableError",
            "No answer: the host name proxy.test is not known.",
            "Correct the host in the proxy, or check: getent hosts proxy.test",
        ),
    ),
    (
        certificate(2),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: the certificate of cart.test:8443 is signed by an authority that is not trusted here.",
            "If it is your own, name its authority's certificates in PEM: --option ca_file=PATH",
        ),
    ),
    (
        certificate(9),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: the certificate of cart.test:8443 is not valid yet.",
            "Renew the certificate on the server, or check this machine's clock: date",
        ),
    ),
    (
        certificate(10),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: the certificate of cart.test:8443 has expired.",
            "Renew the certificate on the server, or check this machine's clock: date",
        ),
    ),
    (
        certificate(18),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: the certificate of cart.test:8443 is self-signed.",
            "If it is your own, name its authority's certificates in PEM: --option ca_file=PATH",
        ),
    ),
    (
        certificate(19),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: the certificate of cart.test:8443 is signed by an authority that is not trusted here.",
            "If it is your own, name its authority's certificates in PEM: --option ca_file=PATH",
        ),
    ),
    (
        certificate(20),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: the certificate of cart.test:8443 is signed by an authority that is not trusted here.",
            "If it is your own, name its authority's certificates in PEM: --option ca_file=PATH",
        ),
    ),
    (
        certificate(21),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: the certificate of cart.test:8443 is signed by an authority that is not trusted here.",
            "If it is your own, name its authority's certificates in PEM: --option ca_file=PATH",
        ),
    ),
    (
        certificate(62),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: the certificate of cart.test:8443 is for another host name.",
            "Use the host name of the certificate in the address, or get one for this name.",
        ),
    ),
    (
        certificate(64),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: the certificate of cart.test:8443 is for another host name.",
            "Use the host name of the certificate in the address, or get one for this name.",
        ),
    ),
    (
        certificate(1),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: the certificate of cart.test:8443 is not valid: some other fault.",
            "Correct the certificate on the server.",
        ),
    ),
    (
        tls("wrong version number", "WRONG_VERSION_NUMBER"),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: cart.test:8443 does not speak https.",
            "If the server has http only, change the address to http://; otherwise correct the port.",
        ),
    ),
    (
        tls("record layer failure"),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: cart.test:8443 does not speak https.",
            "If the server has http only, change the address to http://; otherwise correct the port.",
        ),
    ),
    (
        tls("EOF occurred in violation of protocol"),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: cart.test:8443 closed the connection while https was agreed on.",
            "Check that the port is the one for https, and the server's TLS settings.",
        ),
    ),
    (
        tls("something", "BAD_THING"),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: https with cart.test:8443 failed (BAD_THING).",
            "Check the server's TLS settings.",
        ),
    ),
    (
        httpx.ConnectTimeout("x"),
        BY_PROXY,
        7,
        (
            "UnavailableError",
            "No answer: no connection to proxy.test:3128 in time.",
            "Check the address, the network and the firewall.",
        ),
    ),
    (
        httpx.PoolTimeout("x"),
        HTTPS,
        7,
        (
            "UnavailableError",
            "No answer: the connection's other requests took too long.",
            "Nothing is lost; it is tried again in the next run.",
        ),
    ),
    (
        httpx.ReadTimeout("x"),
        HTTPS,
        7.5,
        (
            "UnavailableError",
            "No answer: cart.test:8443 did not finish its answer within 7.5 s.",
            "See whether the server is slow or overloaded; the time can be raised: --deadline SECONDS",
        ),
    ),
    (
        httpx.ReadTimeout("x"),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: cart.test:8443 did not finish its answer in time.",
            "See whether the server is slow or overloaded; the time can be raised: --deadline SECONDS",
        ),
    ),
    (
        TimeoutError(),
        HTTPS,
        2,
        (
            "UnavailableError",
            "No answer: cart.test:8443 did not finish its answer within 2 s.",
            "See whether the server is slow or overloaded; the time can be raised: --deadline SECONDS",
        ),
    ),
    (
        httpx.ProxyError("407 Proxy Authentication Required"),
        BY_PROXY,
        0,
        (
            "UnavailableError",
            "No answer: the proxy http://proxy.test:3128 (HTTPS_PROXY) refused: 407 Proxy Authentication Required.",
            "Correct HTTPS_PROXY, or name the host in NO_PROXY.",
        ),
    ),
    (
        httpx.RemoteProtocolError("Server disconnected without sending a response."),
        HTTP,
        0,
        (
            "UnavailableError",
            "No answer: cart.test:80 closed the connection without an answer in http.",
            "If the server expects https, change the address to https://cart.test/api",
        ),
    ),
    (
        httpx.RemoteProtocolError("Server disconnected without sending a response."),
        HTTPS,
        0,
        (
            "UnavailableError",
            "No answer: cart.test:8443 does not speak proper HTTP: Server disconnected without sending a response.",
            "Check the port in the address, and whatever stands between this machine and the server.",
        ),
    ),
    (
        httpx.RemoteProtocolError("illegal status line"),
        HTTP,
        0,
        (
            "UnavailableError",
            "No answer: cart.test:80 does not speak proper HTTP: illegal status line.",
            "Check the port in the address, and whatever stands between this machine and the server.",
        ),
    ),
    (
        httpx.ReadError(r"b'\x15\x03'"),
        HTTP,
        0,
        (
            "UnavailableError",
            "No answer: cart.test:80 closed the connection without an answer in http.",
            "If the server expects https, change the address to https://cart.test/api",
        ),
    ),
    (
        httpx.ReadError(""),
        HTTPS,
        0,
        ("UnavailableError", "No answer: ReadError.", "Nothing is lost; it is tried again in the next run."),
    ),
    (
        httpx.LocalProtocolError("Illegal header value"),
        HTTPS,
        0,
        (
            "NotConfiguredError",
            "The request cannot be sent: a header has characters that are not allowed.",
            "Look for line breaks and special characters in the login, the secret and the options.",
        ),
    ),
    (
        UnicodeEncodeError("ascii", "ü", 0, 1, "x"),
        HTTPS,
        0,
        (
            "NotConfiguredError",
            "The request cannot be sent: a header has characters that are not allowed.",
            "Look for line breaks and special characters in the login, the secret and the options.",
        ),
    ),
    (
        httpx.InvalidURL("x"),
        HTTPS,
        0,
        (
            "NotConfiguredError",
            "https://cart.test:8443/api is not an address.",
            "Give an address such as https://wms.example.com: --url ADDRESS",
        ),
    ),
    (
        httpx.UnsupportedProtocol("bad proxy"),
        BY_PROXY,
        0,
        (
            "NotConfiguredError",
            "http://proxy.test:3128 (HTTPS_PROXY) is no proxy's address.",
            "Correct or unset HTTPS_PROXY.",
        ),
    ),
    (
        httpx.UnsupportedProtocol("x"),
        BY_PROXY,
        0,
        (
            "NotConfiguredError",
            "https://cart.test/api is not an address.",
            "Give an address such as https://wms.example.com: --url ADDRESS",
        ),
    ),
    (
        ValueError("Proxy port"),
        BY_PROXY,
        0,
        (
            "NotConfiguredError",
            "http://proxy.test:3128 (HTTPS_PROXY) is no proxy's address.",
            "Correct or unset HTTPS_PROXY.",
        ),
    ),
]


def told(error: ConnectorError) -> Words:
    return type(error).__name__, error.what, error.advice


@pytest.mark.parametrize(("error", "route", "seconds", "words"), NETWORK)
def test_a_failed_request_says_what_happened_and_what_to_do(
    error: Exception, route: Route, seconds: float, words: Words
) -> None:
    assert told(network_errors.explain(error, route, "shop", seconds)) == words
