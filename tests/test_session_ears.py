"""Ears that fail, stall or are full: what they did not hear is silence."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np

from hushtap.observe import Queue, Reason
from hushtap.session import Ears, Session
from hushtap.values import Entity, Samples
from live_calls import FORMAT, RATE, Clip, Played, RaisingEar, Remembering, StallingEar, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from hushtap.ears.engine import Heard
    from hushtap.numbers.ledger import Analyzer
    from hushtap.pii.policy import Policy

pytest_plugins = ["live_fixtures"]


def test_an_ear_that_raises_leaves_its_windows_muted(
    clip: Clip, play: Callable[..., Played]
) -> None:
    played = play(clip.chunks(320), by=RaisingEar())
    played.assert_length(len(clip.audio))
    played.assert_numbers_silent(clip)
    assert {f.entity for f in played.findings} == {Entity.UNHEARD}
    assert played.words == []
    assert set(played.ears.metrics.fail_closed) == {Reason.EAR_FAILED}
    assert played.ears.metrics.windows == 0


def test_an_ear_that_stalls_is_given_up_at_the_deadline(
    clip: Clip, play: Callable[..., Played]
) -> None:
    played = play(clip.chunks(320), by=StallingEar(), deadline=0.02)
    played.assert_length(len(clip.audio))
    played.assert_numbers_silent(clip)
    assert {f.entity for f in played.findings} == {Entity.UNHEARD}
    assert set(played.ears.metrics.fail_closed) == {Reason.LATE}


def test_windows_beyond_the_queue_of_the_ears_are_unheard_at_once(
    clip: Clip, policy: Policy, analyzer: Analyzer
) -> None:
    stalling = StallingEar()
    with Ears(stalling) as ears:
        window: NDArray[np.float32] = np.zeros(RATE, np.float32)
        others = [ears.hear(window)]
        stalling.entered.wait()
        while not others[-1].done():
            others.append(ears.hear(window))
        assert others[-1].result() is Reason.EARS_FULL

        async def session() -> list[Samples]:
            async with Session(FORMAT, ears=ears, policy=policy, analyzer=analyzer) as made:
                for chunk in clip.chunks(320):
                    await made.feed(chunk, wait=True)
            return joined(made.released())

        audio = asyncio.run(session())
        stalling.let_go.set()
    assert set(ears.metrics.fail_closed) == {Reason.EARS_FULL}
    assert ears.metrics.deepest(Queue.EARS) == 64
    Played(audio, [], [], [], ears).assert_numbers_silent(clip)
    assert {len(channel) for channel in audio} == {len(clip.audio)}
    # What was asked before is answered, though nobody was left to hear it.
    assert all(isinstance(other.result(), Reason) for other in others)


def test_one_window_that_breaks_the_ear_does_not_take_the_others_with_it(
    clip: Clip, ear: Remembering
) -> None:
    class Picky:
        def listen(
            self, windows: Sequence[NDArray[np.float32]], words: Sequence[bool] | None = None
        ) -> list[Heard]:
            if any(not window.any() for window in windows):
                raise ValueError("four")
            return ear.listen(windows)

    speech = np.float32(1 / 32768) * clip.audio[: 2 * RATE, 0].astype(np.float32)
    silence: NDArray[np.float32] = np.zeros(2 * RATE, np.float32)
    with Ears(Picky()) as ears:
        silent = [ears.hear(silence) for _ in range(2)]
        heard = [ears.hear(speech) for _ in range(2)]
        answers = [answer.result() for answer in heard]
        assert [answer.result() for answer in silent] == [Reason.EAR_FAILED] * 2
    assert answers == ear.listen([speech]) * 2


def test_closed_ears_answer_at_once() -> None:
    ears = Ears(RaisingEar())
    ears.close()
    window: NDArray[np.float32] = np.zeros(RATE, np.float32)
    assert ears.hear(window).result() is Reason.EAR_FAILED
