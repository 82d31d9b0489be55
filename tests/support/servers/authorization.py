"""A login server on loopback that keeps to RFC 6749, 7636, 8628 and to RFC 9700 on refresh tokens, and notes what does not.

Its clock stands still until a test moves it. A refresh token is good once: who uses it again loses the whole login, unless
the server has `grace`: then the one before is good until its successor's access token was used, as with Shopify since 2026.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from tests.support.servers.http_stub import Answer, Request, as_json, stub_server

CLIENT, CLIENT_SECRET = "client-of-invsync", "secret-of-the-client"
REDIRECT = "https://invsync.example/back"
SCOPES = "stock.read stock.write"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Device:
    """A code that was given to be entered elsewhere."""

    user_code: str
    ends: float
    interval: int
    asked: float
    """When it was last asked about, or given."""
    state: str = "pending"


@dataclass
class Family:
    """A login with the tokens that came of it; the last ones are good."""

    access: list[str] = field(default_factory=list)
    refresh: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    """Access tokens that were used."""
    revoked: bool = False


@dataclass
class LoginServer:
    url: str = ""
    now: float = 0.0
    interval: int = 5
    device_lasts: int = 600
    lasts: int = 3600
    hurried: int = 0
    """So many questions are answered with slow_down although they came in time."""
    broken: int = 0
    """So many requests for tokens are answered with 503."""
    lose: int = 0
    """So many tokens are given in answers that are cut off."""
    grace: bool = False
    devices: dict[str, Device] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    families: list[Family] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    """When it was asked about a device code."""
    violations: list[str] = field(default_factory=list)

    # --- what a person does in a browser ---

    def enter(self, user_code: str, *, allow: bool = True) -> None:
        device = next(device for device in self.devices.values() if device.user_code == user_code)
        device.state = "allowed" if allow else "denied"

    def browse(self, address: str, *, allow: bool = True) -> str:
        """Where the browser ends."""
        parts = urlsplit(address)
        query = dict(parse_qsl(parts.query, strict_parsing=True))
        wanted = {
            "response_type",
            "client_id",
            "redirect_uri",
            "state",
            "scope",
            "code_challenge",
            "code_challenge_method",
        }
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.url}/oauth/authorize", address
        assert query.keys() == wanted and query["code_challenge_method"] == "S256", query
        fixed = (query["response_type"], query["client_id"], query["redirect_uri"], query["scope"])
        assert fixed == ("code", CLIENT, REDIRECT, SCOPES), query
        assert len(query["state"]) >= 22 and len(query["code_challenge"]) == 43
        if not allow:
            return f"{REDIRECT}?{urlencode({'error': 'access_denied', 'state': query['state']})}"
        code = f"pasted-code-{len(self.codes)}"
        self.codes[code] = {"challenge": query["code_challenge"]}
        return f"{REDIRECT}?{urlencode({'code': code, 'state': query['state']})}"

    # --- requests ---

    def answer(self, request: Request) -> Answer:
        path = request.path
        if path == "/api" and request.method == "GET":
            return self._api(request)
        if request.method != "POST" or path not in ("/oauth/device", "/oauth/token"):
            return as_json({"error": "not_found"}, 404)
        if request.headers.get("content-type") != FORM:
            self.violations.append(f"content type {request.headers.get('content-type')}")
        listed = parse_qs(request.body.decode(), keep_blank_values=True, strict_parsing=True)
        if any(len(several) != 1 for several in listed.values()):  # RFC 6749, 3.2: no parameter twice
            return as_json({"error": "invalid_request"}, 400)
        form = {name: several[0] for name, several in listed.items()}
        return self._device(form) if path == "/oauth/device" else self._token(form)

    def _api(self, request: Request) -> Answer:
        access = request.headers.get("authorization", "").removeprefix("Bearer ")
        for family in self.families:
            if family.access[-1:] == [access] and not family.revoked:
                family.used.add(access)
                return as_json({"ok": True})
        return as_json({"error": "invalid_token"}, 401)

    def _device(self, form: dict[str, str]) -> Answer:
        if form != {"client_id": CLIENT, "scope": SCOPES}:
            return as_json({"error": "invalid_client"}, 401)
        secret, user_code = f"device-code-{len(self.devices)}", f"WDJB-MJH{len(self.devices)}"
        self.devices[secret] = Device(user_code, self.now + self.device_lasts, self.interval, self.now)
        address = f"{self.url}/activate"
        return as_json(
            {
                "device_code": secret, "user_code": user_code, "verification_uri": address,
                "verification_uri_complete": f"{address}?user_code={user_code}", "expires_in": self.device_lasts,
                "interval": self.interval,
            }
        )  # fmt: skip

    def _token(self, form: dict[str, str]) -> Answer:
        if self.broken:
            self.broken -= 1
            return Answer(503, b"<h1>busy</h1>")
        if (form.pop("client_id", ""), form.pop("client_secret", "")) != (CLIENT, CLIENT_SECRET):
            return as_json({"error": "invalid_client"}, 401)
        grant = form.pop("grant_type", "")
        if grant == DEVICE_GRANT and form.keys() == {"device_code"}:
            return self._of_device(form["device_code"])
        if grant == "authorization_code" and form.keys() == {"code", "redirect_uri", "code_verifier"}:
            return self._of_code(form)
        if grant == "refresh_token" and form.keys() == {"refresh_token"}:
            return self._of_refresh(form["refresh_token"])
        self.violations.append(f"{grant} with {sorted(form)}")
        return as_json({"error": "invalid_request"}, 400)

    def _of_device(self, secret: str) -> Answer:
        device = self.devices.get(secret)
        if device is None:
            return as_json({"error": "invalid_grant"}, 400)
        self.asked.append(self.now)
        early = self.now < device.asked + device.interval
        device.asked = self.now
        if self.now > device.ends:
            return as_json({"error": "expired_token"}, 400)
        if early or self.hurried:
            if early:
                self.violations.append(f"asked too soon, at {self.now:g}")
            else:
                self.hurried -= 1
            device.interval += 5
            return as_json({"error": "slow_down"}, 400)
        if device.state == "allowed":
            del self.devices[secret]
            self.families.append(Family())
            return self._give(self.families[-1])
        return as_json({"error": {"pending": "authorization_pending", "denied": "access_denied"}[device.state]}, 400)

    def _of_code(self, form: dict[str, str]) -> Answer:
        code = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if code is None or form["redirect_uri"] != REDIRECT or code["challenge"] != challenge:
            return as_json({"error": "invalid_grant"}, 400)
        self.families.append(Family())
        return self._give(self.families[-1])

    def _of_refresh(self, refresh: str) -> Answer:
        family = next((family for family in self.families if refresh in family.refresh), None)
        if family is None or family.revoked:
            return as_json({"error": "invalid_grant", "error_description": f"unknown {refresh}"}, 400)
        if refresh == family.refresh[-1]:
            return self._give(family)
        if self.grace and refresh == family.refresh[-2] and family.access[-1] not in family.used:
            return self._give(family)
        family.revoked = True
        return as_json({"error": "invalid_grant"}, 400)

    def _give(self, family: Family) -> Answer:
        number = f"{self.families.index(family)}-{len(family.access)}"
        family.access.append(f"access-token-{number}")
        family.refresh.append(f"refresh-token-{number}")
        values = {
            "access_token": family.access[-1], "token_type": "Bearer", "expires_in": self.lasts,
            "refresh_token": family.refresh[-1], "refresh_token_expires_in": 90 * 86400,
        }  # fmt: skip
        if self.lose:
            self.lose -= 1
            return Answer(200, b'{"access_token"', {"Content-Length": "1000"})
        return as_json(values, **{"Cache-Control": "no-store"})


@contextmanager
def login_server() -> Iterator[LoginServer]:
    """A login server with an interface that takes its tokens, on a free port."""
    login_server = LoginServer()
    with stub_server() as stub:
        stub.answering = login_server.answer
        login_server.url = stub.url
        yield login_server
        assert login_server.violations == []
