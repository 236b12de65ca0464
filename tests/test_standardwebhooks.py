from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from hushtap.errors import UsageError
from hushtap.standardwebhooks import message, read_keys, signed

if TYPE_CHECKING:
    from pathlib import Path

KEY = bytes(range(32))
OLDER = bytes(range(24))


def line(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


def test_the_signature_is_that_of_the_specifications_libraries() -> None:
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', [key], 1614265330)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_a_secret_is_replaced_both_sign() -> None:
    both = signed("msg_1", b"{}", [KEY, OLDER], 1)["webhook-signature"].split(" ")
    alone = [signed("msg_1", b"{}", [key], 1)["webhook-signature"] for key in (KEY, OLDER)]
    assert both == alone


def test_a_message_says_what_it_is_when_and_of_what() -> None:
    body = json.loads(message("recording.sealed", {"id": "r"}))
    assert (body["type"], body["data"]) == ("recording.sealed", {"id": "r"})
    assert body["timestamp"].endswith("Z")


def test_keys_are_read_the_newest_first(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"{line(KEY)}\n{line(OLDER)}\n")
    assert read_keys(path) == (KEY, OLDER)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "0123456789abcdef0123456789",
        line(b"short key here"),
        line(bytes(65)),
        line(KEY).removeprefix("whsec_"),
        "whsec_???????????",
        f"{line(KEY)}\nnone",
        "sch\u00f6n",
    ],
    ids=["empty", "bare", "other", "short", "long", "unnamed", "garbled", "second", "ascii"],
)
def test_a_secret_that_is_none_is_refused_and_not_quoted(text: str, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    with pytest.raises(UsageError, match="cannot be read"):
        read_keys(path)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="whsec_ and base64") as refused:
        read_keys(path)
    assert len(text) < len("whsec_c") or text not in str(refused.value)
