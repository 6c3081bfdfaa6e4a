"""A small real OpenID provider for the tests: discovery, keys, a login page, and a token endpoint that checks PKCE.

`misbehave` makes it lie in one way, to see that the console notices.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "vsb-console", "a-secret-of-the-tests"


@dataclass(kw_only=True)
class Provider:
    """What the provider knows, and what it was asked."""

    issuer: str = ""
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Login name to the claims of its ID token."""
    misbehave: str = ""
    """"", nonce, audience, key, issuer or expired."""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def id_token(self, asked: dict[str, str]) -> str:
        now, wrong = int(time.time()), self.misbehave
        claims = {
            "iss": "https://elsewhere.example" if wrong == "issuer" else self.issuer,
            "aud": "another-client" if wrong == "audience" else CLIENT,
            "iat": now,
            "exp": now - 3600 if wrong == "expired" else now + 300,
            "nonce": "of another login" if wrong == "nonce" else asked["nonce"],
            **self.people[asked["who"]],
        }
        key = RSAKey.generate_key(2048, {"kid": "one"}) if wrong == "key" else self.key
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            query = {k: v[0] for k, v in parse_qs(address.query).items()}
            if address.path == "/.well-known/openid-configuration":
                ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
                self._json({"issuer": provider.issuer, **{k: f"{provider.issuer}/{v}" for k, v in ends.items()}})
            elif address.path == "/jwks":
                self._json({"keys": [provider.key.as_dict(private=False)]})
            elif address.path == "/authorize" and "who" in query:
                code = secrets.token_urlsafe(16)
                provider.codes[code] = query
                self.send_response(302)
                self.send_header("Location", f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}")
                self.end_headers()
            else:
                links = "".join(f'<p><a href="{escape(self.path)}&amp;who={n}">{n}</a></p>' for n in provider.people)
                self._send(200, "text/html", f"<!doctype html><title>Provider</title>{links}".encode())

        def do_POST(self) -> None:
            form = {k: v[0] for k, v in parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()).items()}
            asked = provider.codes.pop(form.get("code", ""), None)
            challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
            login = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            right = (
                asked is not None
                and asked["code_challenge"] == challenge.decode()
                and asked["redirect_uri"] == form.get("redirect_uri")
                and self.headers["Authorization"] == f"Basic {login}"
            )
            if not right or asked is None:
                self._json({"error": "invalid_grant"}, 400)
                return
            self._json({"access_token": "x", "token_type": "Bearer", "expires_in": 60, "id_token": provider.id_token(asked)})

        def _json(self, value: Any, status: int = 200) -> None:
            self._send(status, "application/json", json.dumps(value).encode())

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    return Handler


@contextmanager
def running_provider(people: dict[str, dict[str, Any]]) -> Iterator[Provider]:
    """A provider on a free port."""
    provider = Provider(people=people)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
