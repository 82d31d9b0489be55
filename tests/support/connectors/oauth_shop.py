"""What a connector with a login in a browser says of itself, for tests of logins."""

from __future__ import annotations

from invsync_tui.connectors.about import About, SecretPart, SignIn
from tests.support.servers.authorization import REDIRECT

ABOUT = About(
    "Bench",
    secrets=(SecretPart("client_secret", "Client secret", "the secret of the client"),),
    sign_in=SignIn(
        "/oauth/token",
        "/oauth/device",
        "/oauth/authorize",
        REDIRECT,
        ("stock.read", "stock.write"),
        secret="client_secret",
    ),
)
