"""How an app gets its tokens from a fake Shopify: client credentials, and a login in a browser."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.support.servers.http_stub import Answer, Request, as_json

TOKEN = "shpat_" + "0123456789abcdef" * 2
CLIENT = "0123456789abcdef" * 2
"""The client id of an app, whose secret is the token."""
REDIRECT = "https://localhost/invsync"


class Logins:
    """The part of the fake that grants tokens."""

    granted: list[str]
    codes: list[str]
    scopes: tuple[str, ...]
    lasts: int

    def _grant(self, request: Request) -> Answer:
        """The client credentials grant: a token for a day; the one before is no longer taken."""
        form = dict(parse_qsl(request.body.decode()))
        if form.get("grant_type") in ("authorization_code", "refresh_token"):
            return self._grant_of_login(form)
        wanted = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": TOKEN}
        if form != wanted or request.headers.get("content-type") != "application/x-www-form-urlencoded":
            return as_json({"error": "invalid_client"}, 400)
        self.granted.append(f"token-for-a-day-{len(self.granted)}")
        return as_json({"access_token": self.granted[-1], "scope": ",".join(self.scopes), "expires_in": self.lasts})

    def browse(self, address: str) -> str:
        """Where the browser ends after the app was allowed: the authorization code grant."""
        query = dict(parse_qsl(urlsplit(address).query, strict_parsing=True))
        scopes = set(query.pop("scope").split(","))
        state = query.pop("state")
        assert query == {"client_id": CLIENT, "redirect_uri": REDIRECT, "response_type": "code"}, query
        assert scopes >= {"read_products", "write_inventory"} and len(state) > 20
        self.codes.append(f"code-of-the-shop-{len(self.codes)}")
        return f"{REDIRECT}?{urlencode({'code': self.codes[-1], 'hmac': 'x', 'shop': 'my-shop', 'state': state})}"

    def _grant_of_login(self, form: dict[str, str]) -> Answer:
        """An expiring offline token: for an hour, with a refresh token that is good once."""
        if (form.pop("client_id", ""), form.pop("client_secret", "")) != (CLIENT, TOKEN):
            return as_json({"error": "invalid_client"}, 401)
        wanted = {"grant_type": "refresh_token", "refresh_token": f"shprt-{len(self.granted) - 1}"}
        if self.codes and form.get("grant_type") == "authorization_code":
            code = self.codes.pop()
            wanted = {
                "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "expiring": "1",
            }  # fmt: skip
        if form != wanted:
            return as_json({"error": "invalid_grant"}, 400)
        self.granted.append(f"shpat-for-an-hour-{len(self.granted)}")
        refresh = f"shprt-{len(self.granted) - 1}"
        return as_json(
            {
                "access_token": self.granted[-1], "scope": ",".join(self.scopes), "expires_in": 3600,
                "refresh_token": refresh, "refresh_token_expires_in": 7776000,
            }
        )  # fmt: skip
