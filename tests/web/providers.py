"""A provider of OpenID Connect on a real port, which insists on PKCE."""

from __future__ import annotations

import base64
import hashlib
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
from flask import Response, request
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from collections.abc import Iterator

with warnings.catch_warnings():
    # It says that a part of Authlib will go with its next major version.
    warnings.simplefilter("ignore")
    import oidc_provider_mock  # type: ignore[import-untyped]

import threading


@dataclass
class Provider:
    """A provider that answers at ``url``; ``asked`` is what came to it."""

    url: str = ""
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    redeemed: int = 0

    def user(self, subject: str, **claims: Any) -> None:  # noqa: ANN401 - of a token
        """Let there be somebody."""
        httpx.put(f"{self.url}/users/{subject}", json=claims).raise_for_status()

    def signs_in(self, url: str, subject: str) -> str:
        """Sign in there as somebody; return where the browser is sent."""
        answer = httpx.post(url, data={"sub": subject})
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])


@contextmanager
def provider() -> Iterator[Provider]:
    """Serve a provider until the block is left."""
    made = Provider()
    app = oidc_provider_mock.app(require_nonce=True)
    app.debug = False
    challenges: set[str] = set()

    @app.before_request  # type: ignore[untyped-decorator]
    def proven() -> Response | None:
        if request.path == "/oauth2/authorize":
            made.asked.append(parse_qs(urlsplit(request.url).query))
            if request.args.get("code_challenge_method") != "S256":
                return Response("no PKCE", 400)
            challenges.add(request.args["code_challenge"])
        if request.path == "/oauth2/token":
            made.redeemed += 1
            verifier = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
            if base64.urlsafe_b64encode(verifier).rstrip(b"=").decode() not in challenges:
                return Response('{"error": "invalid_grant"}', 400, mimetype="application/json")
        return None

    server = make_server("localhost", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    made.url = f"http://localhost:{server.server_port}"
    try:
        yield made
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
