"""The second ear: its exported weights, and what it hears on the sample calls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import soxr

from hushtap import models, resources
from hushtap.ears.spotter import Spotter
from hushtap.errors import ModelError
from hushtap.evaluate import load_truth
from hushtap.vad import EAR_RATE, STEP

if TYPE_CHECKING:
    from hushtap.ears.engine import Engine

VECTOR = Path(__file__).parent.parent / "vectors" / "digit_spotter.npz"
WINDOW_S = 7
TALK, MIXED, NUMBER = range(3)
WHOLE = {"CREDIT_CARD", "CVV", "US_SSN", "PHONE", "ZIP"}


@pytest.fixture(scope="module")
def spotter() -> Spotter:
    path = models.resolve_spotter("tiny.en")
    assert path is not None
    return Spotter(path)


def test_the_exported_weights_give_what_they_gave_in_training(spotter: Spotter) -> None:
    vector = np.load(VECTOR)
    frames = vector["frames"].astype(np.float32)
    tracks = spotter.spot(frames, [60, 40])
    for track, kinds, steps in zip(tracks, vector["kinds"], (60, 40), strict=True):
        assert len(track.number) == steps
        assert np.allclose(track.number, kinds[:steps, 2], atol=1e-4)


def test_words_come_in_order_each_at_its_surest_step(spotter: Spotter) -> None:
    vector = np.load(VECTOR)
    tracks = spotter.spot(vector["frames"].astype(np.float32), [60, 60])
    for track, words in zip(tracks, vector["words"], strict=True):
        path = words.argmax(axis=-1)
        assert [w.step for w in track.words] == sorted({w.step for w in track.words})
        assert all(path[w.step] > 0 for w in track.words)


def test_its_repr_hides_what_it_heard(spotter: Spotter) -> None:
    (track, _) = spotter.spot(np.load(VECTOR)["frames"].astype(np.float32), [60, 60])
    assert "number" not in repr(track)
    assert all("text" not in repr(word) for word in track.words)


def test_numbers_in_the_samples_are_spotted_and_talk_is_not(engine: Engine) -> None:
    hit = voiced = strays = talk = 0
    for path in sorted(resources.folder("samples").glob("*.wav")):
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
        truth = load_truth(path.with_suffix(".json"))
        for channel in range(audio.shape[1]):
            at_ears = soxr.resample(audio[:, channel], rate, EAR_RATE).astype(np.float32)
            size = WINDOW_S * EAR_RATE
            windows = [at_ears[at : at + size] for at in range(0, len(at_ears), size)]
            heard = engine.listen(windows, [False] * len(windows))
            number = np.concatenate([h.digits.number for h in heard if h.digits is not None])
            inside = np.full(len(number), TALK)
            for span in truth.spans:
                if span.channel == channel and span.entity is not None:
                    # Months and "dollars" are words beside a number: neither counted nor stray.
                    mark = NUMBER if span.entity in WHOLE else MIXED
                    inside[round(span.start * 50) : round(span.end * 50)] = mark
            loud = np.array(
                [
                    np.sqrt(np.mean(np.square(at_ears[n * STEP : (n + 1) * STEP]))) > 0.02
                    for n in range(len(number))
                ]
            )
            hit += int(np.sum((inside == NUMBER) & loud & (number > 0.5)))
            voiced += int(np.sum((inside == NUMBER) & loud))
            strays += int(np.sum((inside == TALK) & loud & (number > 0.5)))
            talk += int(np.sum((inside == TALK) & loud))
    assert voiced > 800
    assert hit / voiced > 0.95
    assert strays / talk < 0.06


def test_a_spotter_hears_alone_where_no_words_are_wanted(engine: Engine) -> None:
    (heard,) = engine.listen([np.zeros(EAR_RATE, np.float32)], [False])
    assert heard.words == ()
    assert heard.digits is not None
    assert len(heard.digits.number) == EAR_RATE // STEP


def test_a_damaged_spotter_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "digit_spotter.onnx"
    bad.write_bytes(b"no weights")
    with pytest.raises(ModelError, match="digit spotter"):
        Spotter(bad)


def test_models_without_a_spotter_have_none() -> None:
    assert models.resolve_spotter("base") is None


def test_what_is_asked_for_in_the_samples_is_named(engine: Engine) -> None:
    """The agent's questions in the sample calls, by the cues of the agent's channel."""
    named: dict[str, set[str]] = {}
    for path in sorted(resources.folder("samples").glob("*.wav")):
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
        at_ears = soxr.resample(audio[:, 0], rate, EAR_RATE).astype(np.float32)
        size = WINDOW_S * EAR_RATE
        windows = [at_ears[at : at + size] for at in range(0, len(at_ears), size)]
        heard = engine.listen(windows, [False] * len(windows))
        cues = [cue for h in heard if h.digits is not None for cue in h.digits.cues]
        named[path.stem] = {cue.text for cue in cues}
    assert {"card", "number"} <= named["sample_card_groups"]
    assert "social" in named["sample_ssn"]
    assert not {"card", "social", "cvv"} & named["sample_harmless"]
