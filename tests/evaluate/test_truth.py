from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from hushtap.errors import UsageError
from hushtap.evaluate import Conditions, Truth, load_truth

if TYPE_CHECKING:
    from pathlib import Path

SPAN = {"channel": 0, "start": 1.0, "end": 2.0, "entity": "CVV", "sensitive": True}


def written(
    folder: Path, *, channels: int = 2, span: dict[str, Any] | None = None, **facts: object
) -> Truth:
    path = folder / "call.json"
    spans = [SPAN | (span or {})]
    path.write_text(
        json.dumps({"sample_rate": 8000, "channels": channels, "spans": spans, **facts})
    )
    return load_truth(path)


def test_what_is_not_told_is_no_group_of_its_own(tmp_path: Path) -> None:
    labels = written(tmp_path)
    assert labels.conditions == Conditions("-", "-", "-", "-", "-")
    [said] = labels.spans
    assert (said.way, said.voice, said.digits, said.words) == ("-", "-", 0, ())


def test_conditions_become_groups(tmp_path: Path) -> None:
    facts: dict[str, Any] = {
        "condition": "noise",
        "codec": "ALAW",
        "noise": "babble",
        "snr_db": 10.0,
    }
    told = written(tmp_path, loss=0.02, overlap=True, **facts).conditions
    assert told == Conditions("noise", "ALAW", "babble 10 dB", "2 %", "yes")
    clean = written(tmp_path, snr_db=None, noise=None, loss=0.0, overlap=False).conditions
    assert (clean.noise, clean.loss, clean.overlap) == ("none", "none", "none")
    assert written(tmp_path, overlap=0.25).conditions.overlap == "25 %"


@pytest.mark.parametrize(("channels", "channel", "voice"), [(2, 0, "a"), (2, 1, "c"), (1, 0, "c")])
def test_voices_belong_to_channels(channels: int, channel: int, voice: str, tmp_path: Path) -> None:
    voices = {"agent": "a", "caller": "c"}
    labels = written(tmp_path, channels=channels, span={"channel": channel}, voices=voices)
    assert labels.spans[0].voice == voice


def test_the_voice_of_a_span_is_nearer_than_that_of_its_side(tmp_path: Path) -> None:
    labels = written(tmp_path, span={"voice": "own"}, voices={"agent": "a", "caller": "c"})
    assert labels.spans[0].voice == "own"


def test_digits_are_counted_and_not_kept(tmp_path: Path) -> None:
    labels = written(
        tmp_path, span={"text": "73 08", "words": [[1, 1.4], [1.5, 2]], "way": "pairs"}
    )
    [said] = labels.spans
    assert (said.digits, said.words, said.way) == (4, ((1, 1.4), (1.5, 2)), "pairs")
    assert "73" not in repr(labels)


@pytest.mark.parametrize(
    "facts", [{"snr_db": "loud"}, {"voices": 3}], ids=lambda facts: next(iter(facts))
)
def test_facts_of_another_kind_are_refused_by_name(facts: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"call\.json: not a truth file"):
        written(tmp_path, **facts)


def test_words_are_pairs_of_times(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a truth file"):
        written(tmp_path, span={"words": [1.0, 2.0]})
