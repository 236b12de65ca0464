"""What the desk's rules refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from hushtap.web.rules import GatewayRules


@pytest.mark.parametrize(
    "url",
    ["https://gateway.test:8091", "http://127.0.0.1:8091", "http://localhost", "http://[::1]"],
)
def test_a_gateway_is_reached_over_tls_or_on_the_loopback(url: str) -> None:
    assert GatewayRules(url=url, token_file=Path("token")).url == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://gateway.test", "must be https"),
        ("ftp://127.0.0.1", "must be https"),
        ("127.0.0.1:8091", "must be https"),
        ("http://127.0.0.1:1809x", "port must be a number"),
        ("https://gateway.test:99999", "port must be a number"),
    ],
)
def test_any_other_address_is_refused(url: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        GatewayRules(url=url, token_file=Path("token"))
