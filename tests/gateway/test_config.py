"""Settings: what is wrong is refused by its name, on one line, and never quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hushtap.errors import UsageError
from hushtap.gateway.config import read_settings
from hushtap.gateway.supervisors import read_listeners
from hushtap.resources import folder

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "listener-of-one-queue"  # noqa: S105 - of these tests alone
WRONG = {
    "[limit]\nmax_calls = 3": "unknown key [limit] (did you mean limits?)",
    "[limits]\nmax_call = 3": "unknown key [limits] max_call (did you mean max_calls?)",
    "[limits]\nmax_calls = 0": "[limits] max_calls: input should be greater than or equal to 1",
    "[limits]\nmax_calls = 'many'": "[limits] max_calls: input should be a valid integer",
    "[http]\nlisten = 'here'": "'here' is no address: write it like 127.0.0.1:8080",
    "[http]\nlisten = 'example.org:80'": "is no address",
    "[http]\nlisten = '0.0.0.0:80'": "[http]: 0.0.0.0:80 is reached from other machines, in clear",
    "[audiosocket]\nlisten = '[::]:9092'": "127.0.0.1, or say allow_plain = true",
    "[audiosocket]\nlisten = '0.0.0.0:9092'\ntls_cert = 'c'": "whoever reaches it may begin calls",
    "[twilio]\nlisten = '0.0.0.0:80'\nallow_plain = true": "give auth_token and url, or token",
    "[twilio]\nauth_token = 'x'": "[twilio]: auth_token checks signatures",
    "[twilio]\ncaller = 'both'": "[twilio] caller: input should be 'inbound' or 'outbound'",
    "[audiohook]\nlisten = '0.0.0.0:80'\ntls_cert = 'c'": "give api_keys",
    "[webhooks]\nurl = 'http://10.0.0.1'\nsecret = 's'": "would be sent in clear",
    "[rtp]": "[rtp] pairs: field required",
    "[rtp]\npairs = [{listen = '127.0.0.1:1', port = 3}]": "unknown key [rtp] pairs.0.port",
    "[vault": "not valid TOML",
    "vault = 3": "[vault]: input should be",
}


@pytest.mark.parametrize(("text", "told"), WRONG.items(), ids=range(len(WRONG)))
def test_what_is_wrong_is_named(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as refused:
        read_settings(path)
    line = str(refused.value)
    assert line.startswith(f"{path}: ")
    assert told in line
    assert "\n" not in line


def test_a_value_that_may_be_a_secret_is_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text("[twilio]\ntoken = ['hunter2']")
    with pytest.raises(UsageError) as refused:
        read_settings(path)
    assert "token" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_files_that_are_not_there_or_no_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the settings"):
        read_settings(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_settings(tmp_path / "bytes.toml")


def test_the_environment_goes_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text("[limits]\nmax_calls = 3\nidle = 5\n")
    monkeypatch.setenv("HUSHTAP_GATEWAY_LIMITS__MAX_CALLS", "8")
    monkeypatch.setenv("HUSHTAP_GATEWAY_TWILIO__LISTEN", "127.0.0.1:7")
    settings = read_settings(path)
    assert (settings.limits.max_calls, settings.limits.idle) == (8, 5)
    assert settings.twilio is not None
    assert settings.twilio.address == ("127.0.0.1", 7)
    monkeypatch.setenv("HUSHTAP_GATEWAY_LIMITS__MAX_CALL", "8")
    with pytest.raises(UsageError, match=r"unknown key \[limits\] max_call "):
        read_settings(path)


def test_without_a_file_no_tap_runs_and_all_is_on_loopback() -> None:
    settings = read_settings(None)
    assert not any((settings.audiosocket, settings.twilio, settings.rtp, settings.siprec))
    assert settings.http.is_loopback


def test_the_settings_that_ship_are_sound_and_say_the_defaults() -> None:
    path = folder("configs") / "gateway.toml"
    shipped, default = read_settings(path), read_settings(None)
    assert shipped.limits == default.limits
    assert shipped.policy == default.policy
    assert shipped.http.listen == default.http.listen
    assert shipped.audiosocket is not None


def test_what_the_settings_that_ship_show_as_comments_is_sound_too(tmp_path: Path) -> None:
    lines = (folder("configs") / "gateway.toml").read_text().splitlines()
    # A comment for people begins with a space.
    shown = [line.removeprefix("#") for line in lines if not line.startswith("# ")]
    path = tmp_path / "gateway.toml"
    path.write_text("\n".join(shown))
    settings = read_settings(path)
    assert settings.twilio is not None
    assert settings.audiohook is not None
    assert settings.webhooks is not None
    assert settings.rtp is not None
    assert len(settings.rtp.pairs) == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "give listeners"),
        ("[ann]\nall = true", r"\[ann\] token: field required"),
        ('[ann]\ntoken = "short"', r"\[ann\] token: string should have"),
        ('["ann lee"]\ntoken = "listener-of-one-queue"', "a listener's name"),
        ('[a]\ntoken = "listener-of-one-queue"\nqueue = "x"', r"\[a\] queue: extra inputs"),
        (f'[a]\ntoken = "{SECRET}"\n[b]\ntoken = "{SECRET}"', "a token of its own"),
        ('a = "listener-of-one-queue"', r"\[a\] .*should be"),
    ],
    ids=range(7),
)
def test_a_file_of_listeners_that_cannot_be_used_is_refused_without_its_tokens(
    text: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "listeners.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=reason) as refused:
        read_listeners(path)
    assert "short" not in str(refused.value)
    assert SECRET not in str(refused.value)
