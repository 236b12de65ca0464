"""AudioHook's messages: whatever a client sends, it is a message or refused."""

from __future__ import annotations

import json
import uuid
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hushtap.errors import TapError
from hushtap.taps.audiohook import (
    LONGEST,
    Close,
    Conversation,
    Format,
    Open,
    Skipped,
    chosen,
    seconds,
)
from hushtap.taps.httpsignature import Signatures

ID = str(uuid.UUID(int=5))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
PARAMETERS = st.dictionaries(
    st.sampled_from(
        ["organizationId", "conversationId", "participant", "media", "start", "discarded"]
    ),
    JSON
    | st.just(ID)
    | st.just([{"type": "audio", "format": "PCMU", "channels": ["external"], "rate": 8000}]),
)
KINDS = st.sampled_from(["open", "close", "discarded", "resumed", "dtmf", "ping", "x"])


def message(seq: Any, kind: Any, parameters: Any, **more: Any) -> str:  # noqa: ANN401
    whole = {"version": "2", "type": kind, "id": ID, "seq": seq, "serverseq": 0}
    return json.dumps(whole | {"position": "PT0S", "parameters": parameters} | more)


@given(kind=KINDS, parameters=PARAMETERS)
@settings(max_examples=300)
def test_a_message_is_understood_or_refused(kind: str, parameters: dict[str, Any]) -> None:
    conversation = Conversation()
    try:
        found = conversation.read(message(1, kind, parameters))
    except TapError:
        return
    if isinstance(found, Open):
        assert all(form.channels for form in found.offered)
    if isinstance(found, Skipped):
        assert 0 <= found.start < 1e7
        assert 0 <= found.length < 1e7
    assert isinstance(conversation.read(message(2, "close", {})), Close)


@given(st.text() | JSON.map(json.dumps))
@settings(max_examples=300)
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(TapError):
        Conversation().read(text)


@given(st.dictionaries(st.sampled_from(["signature", "signature-input", "host"]), st.text()))
def test_any_header_is_no_signature(headers: dict[str, str]) -> None:
    assert not Signatures({"": b"", "key": b"secret"}).is_right("/", headers, 0.0)


def test_what_is_too_long_or_too_deep_is_refused() -> None:
    for text in ("[" * LONGEST, message(1, "x" * LONGEST, {})):
        with pytest.raises(TapError):
            Conversation().read(text)


@given(st.binary(max_size=64), st.sampled_from(["PCMU", "L16"]), st.integers(1, 2))
def test_a_frame_has_as_many_samples_of_each_channel(data: bytes, name: str, count: int) -> None:
    form = Format(name, ("external", "internal")[:count])
    size = count * (1 if name == "PCMU" else 2)
    if len(data) % size:
        with pytest.raises(TapError):
            form.samples(data)
    else:
        samples = form.samples(data)
        assert samples.shape == (len(data) // size, count)
        assert samples.dtype == np.int16


def test_both_channels_are_chosen_before_one_and_else_the_first() -> None:
    one, both = Format("L16", ("external",)), Format("PCMU", ("internal", "external"))
    assert chosen((one, both)) == both
    assert chosen((one, Format("PCMU", ("external",)))) == one
    assert chosen(()) is None


@pytest.mark.parametrize(
    ("text", "expected"), [("PT0S", 0.0), ("PT1.25S", 1.25), ("PT3600S", 3_600.0)]
)
def test_durations(text: str, expected: float) -> None:
    assert seconds(text) == expected
    for wrong in (text.lower(), f" {text}", f"-{text}", text + "\n", "PT1M", "", None, 1):
        with pytest.raises(TapError):
            seconds(wrong)
