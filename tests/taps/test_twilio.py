"""Media Streams' messages, as a program that imitates Twilio makes them, and as nobody should."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamdouble import protocol

from hushtap.errors import TapError
from hushtap.taps.twilio import (
    INBOUND,
    LONGEST,
    OUTBOUND,
    Key,
    Media,
    Start,
    Stop,
    is_signed,
    parse,
    signature,
)

TOKEN = "12345"  # noqa: S105 - of the published example
IDENTITY = protocol.StreamIdentity()


def test_messages_are_read_as_they_are_made_elsewhere() -> None:
    assert parse(json.dumps(protocol.build_connected())) is None
    start = protocol.build_start(
        IDENTITY, 1, tracks=[OUTBOUND, INBOUND], custom_parameters={"queue": "billing"}
    )
    assert parse(json.dumps(start)) == Start(
        IDENTITY.stream_sid, IDENTITY.call_sid, (INBOUND, OUTBOUND), {"queue": "billing"}
    )
    media = {"track": OUTBOUND, "chunk": "2", "timestamp": "40", "payload": "/w=="}
    assert parse(json.dumps({"event": "media", "media": media})) == Media(OUTBOUND, 40, b"\xff")
    assert parse(json.dumps({"event": "dtmf", "dtmf": {"digit": "4"}})) == Key("inbound")
    assert parse(json.dumps({"event": "stop", "stop": {}})) == Stop()
    assert parse(json.dumps({"event": "mark", "mark": {"name": "x"}})) is None


def test_a_key_is_not_kept_and_nothing_is_shown() -> None:
    key = parse('{"event": "dtmf", "dtmf": {"digit": "4"}}')
    assert "4" not in repr(key)
    media = parse('{"event": "media", "media": {"timestamp": "0", "payload": "NDExMQ=="}}')
    assert isinstance(media, Media)
    assert media.payload == b"4111"
    assert "4111" not in repr(media)


GOOD = {"track": INBOUND, "timestamp": "0", "payload": ""}
WRONG: list[dict[str, Any]] = [
    {"track": "both"},
    {"track": []},
    {"timestamp": None},
    {"timestamp": True},
    {"timestamp": -1},
    {"timestamp": "1e9"},
    {"timestamp": "9" * 400},
    {"payload": "?"},
    {"payload": "é"},
    {"payload": None},
    {"payload": "A" * LONGEST},
]
MALFORMED = [
    "",
    "[]",
    "null",
    "4111",
    "[" * 5_000,
    "{}",
    '{"event": 4}',
    '{"event": "media"}',
    '{"event": "media", "media": []}',
    '{"event": "start", "start": {"streamSid": "a"}}',
    '{"event": "start", "start": {"streamSid": "a", "callSid": "b", "tracks": ["both"]}}',
    '{"event": "start", "start": {"streamSid": "a", "callSid": "b", "tracks": [{}]}}',
    '{"event": "start", "start": {"streamSid": "a", "callSid": "b", "customParameters": [1]}}',
    '{"event": "start", "start": {"streamSid": "a", "callSid": "b",'
    ' "mediaFormat": {"encoding": "audio/x-alaw"}}}',
    *(json.dumps({"event": "media", "media": GOOD | wrong}) for wrong in WRONG),
]


@pytest.mark.parametrize("text", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_no_message_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(TapError) as refused:
        parse(text)
    assert "4111" not in str(refused.value)
    assert refused.value.__cause__ is None


def _values() -> st.SearchStrategy[object]:
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    keys = st.sampled_from([*GOOD, "event", "tracks", "streamSid", "callSid", "mediaFormat"])
    words = st.sampled_from(["media", "start", "stop", "dtmf", INBOUND, OUTBOUND, "AAAA", "20"])
    return st.recursive(
        plain | words,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=8),
        max_leaves=20,
    )


@given(_values())
def test_any_json_is_a_message_or_refused(value: object) -> None:
    for text in (json.dumps(value), json.dumps({"event": "media", "media": value})):
        try:
            parse(text)
        except TapError:
            continue


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: base64.b64encode(b).decode()))
def test_any_text_is_a_message_or_refused(text: str) -> None:
    for one in (text, '{"event": "media", "media": ' + text, json.dumps(GOOD)[:-1] + text):
        with pytest.raises(TapError):
            parse(one)


def test_the_published_signature_is_ours() -> None:
    # https://www.twilio.com/docs/usage/security: the example there.
    parameters = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature(url, TOKEN, parameters) == "GvWf1cFY/Q7PnoempGyD5oXAezc="


def test_an_address_is_signed_with_and_without_a_slash_and_by_any_token() -> None:
    url = "wss://taps.example.com/twilio"
    for signed in (url, f"{url}/"):
        given = signature(signed, "new token")
        assert is_signed(given, url, ["old token", "new token"])
        assert is_signed(given, f"{url}/", ["new token"])
        assert not is_signed(given, url, ["old token"])
        assert not is_signed(given, "wss://taps.example.com/other", ["new token"])
    for wrong in ("", "é", "AAAA"):
        assert not is_signed(wrong, url, ["new token"])
    assert not is_signed("", url, [])
