"""One Whisper per process, driven on CTranslate2 directly, with the digit spotter on its encoder.

``WhisperModel.transcribe`` pads each look to 30 s, retries with rising
temperatures and hides segments that it doubts. On a live call each of these is
a cost or a leak: here windows stay short, decoding is greedy and capped, and
what looks doubtful is reported, not dropped. Measured grounds: docs/adr/0007.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ctranslate2
import numpy as np
import tokenizers
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer
from threadpoolctl import threadpool_limits

from hushtap.ears.readings import NOTHING, Said, better, doubtful, loops, may_speak, needs_times
from hushtap.ears.spotter import DigitTrack, Spotter
from hushtap.ears.times import FRAME, Stretch, aligned, spread
from hushtap.errors import ModelError
from hushtap.vad import EAR_RATE
from hushtap.values import Word

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

TAIL = 5 * EAR_RATE // 2
"""Least silence after the speech of a window, in samples; without it the decoder loops."""

ENCODED_TAIL = EAR_RATE // 2
"""Silence that is encoded together with the speech. The rest of the tail is frames of
encoded silence, which serve the decoder as well and cost nothing (docs/adr/0010)."""

ENCODE_GRAIN = EAR_RATE // 2
"""Windows are encoded in multiples of this, so that several of one length make a batch."""

CANVAS = 7 * EAR_RATE
"""Samples that a window is padded to before it is decoded. One length for nearly all lets
the decoder, whose cost is that of reading its weights, take them in one batch."""

GRAIN = 4 * EAR_RATE
"""Longer windows are padded to a canvas that is longer by a multiple of this."""

MAX_BATCH = 24
"""Windows decoded at once."""

ENCODE_BATCH = 4
"""Windows encoded at once; larger batches fall out of the cache."""

TOKENS = 12
TOKENS_PER_SECOND = 7
"""Most tokens a window of speech may take, time stamps included; more is a loop."""

TAIL_FRAMES = 10
"""A time stamp this close to the end of the window, in frames, ends what was said."""

PRIMER = " My number is 4, 1, 7, 2, 9, 0."
"""What a doubtful window is read after: digits become likely, as single numerals.

On groups of four spliced human digits it halves the digit error rate (0.13 to
0.06); on talk it invents digits, so the plain reading comes first.
"""


def padded(length: int) -> int:
    """Return the samples that a window of ``length`` samples is padded to; equals batch well."""
    return CANVAS + max(0, -(-(length + TAIL - CANVAS) // GRAIN)) * GRAIN


def _budget(length: int) -> int:
    """Return the most tokens that ``length`` samples of speech may take."""
    return TOKENS + TOKENS_PER_SECOND * -(-length // EAR_RATE)


def _speech(encoded: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Return the frames of a window's speech and of the silence encoded with it."""
    grains = -(-(length + ENCODED_TAIL) // ENCODE_GRAIN)
    return encoded[: grains * ENCODE_GRAIN // FRAME].copy()


@dataclass(frozen=True, slots=True)
class Heard:
    """What the words ear made of one window.

    ``words`` have spans in samples of the window (``EAR_RATE``, 0 = its start).
    ``looped``: the decoder repeated itself or ran into the token cap, so the
    words say little about what was spoken: evidence of digits, never of none.
    ``digits``: what the spotter heard; None where there is no spotter.
    """

    words: tuple[Word, ...] = field(repr=False)
    looped: bool
    digits: DigitTrack | None = None
    frames: NDArray[np.float32] | None = field(default=None, repr=False)
    """The encoder's frames of the speech, where only the spotter listened to them: the
    decoder can read them later. Shape ``(frames, width)``."""


class Engine:
    """Turns windows of audio into words with times.

    Args:
        folder: a verified CTranslate2 Whisper folder (``hushtap.models.resolve``).
        identity: what ``hushtap.models.identity`` calls the weights.
        spotter: the second ear, which hears the same frames; None: words alone.
        workers: batches computed at once, each on one thread. Two on one thread
            each do more than one on two: small matrices do not split well. NumPy's
            matrices stay on one thread, too, from then on and in the whole process:
            its idle threads cost a sixth of all computing (docs/adr/0007).

    Raises:
        ModelError: the folder cannot be loaded.
    """

    def __init__(
        self,
        folder: Path,
        *,
        identity: str = "",
        spotter: Spotter | None = None,
        workers: int = 2,
    ) -> None:
        threadpool_limits(limits=1, user_api="blas")
        try:
            self._model: Any = ctranslate2.models.Whisper(
                str(folder),
                device="cpu",
                compute_type="int8",
                inter_threads=workers,
                intra_threads=1,
            )
            text = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as exc:
            raise ModelError(f"{folder}: cannot be loaded as a CTranslate2 Whisper model") from exc
        self.name = folder.name
        self.identity = identity
        self._tokenizer = Tokenizer(text, self._model.is_multilingual, "transcribe", "en")
        self._start = list(self._tokenizer.sot_sequence)
        primer = self._tokenizer.encode(PRIMER)
        self._primed = [self._tokenizer.sot_prev, *primer, *self._start]
        self._features = FeatureExtractor(feature_size=self._model.n_mels)
        self._spotter = spotter
        self.spots = spotter is not None
        """Whether what it hears has digit tracks."""
        self._silence: dict[int, NDArray[np.float32]] = {}

    def listen(
        self,
        windows: Sequence[NDArray[np.float32]],
        words: Sequence[bool] | None = None,
        before: Sequence[Heard] | None = None,
    ) -> list[Heard]:
        """Return what was heard in each window, in order.

        Args:
            windows: mono audio at ``EAR_RATE``, each of shape ``(n,)`` in -1 to 1.
            words: for each window, whether its words are wanted (default: all), or only
                what the spotter hears.
            before: what the spotter alone heard in each, if it did: it is not encoded again.

        The result for a window does not depend on its neighbours in the batch.
        """
        wanted = [True] * len(windows) if words is None else words
        by_canvas: defaultdict[tuple[int, bool], list[int]] = defaultdict(list)
        for index, window in enumerate(windows):
            by_canvas[padded(len(window)), wanted[index]].append(index)
        heard: list[Heard | None] = [None] * len(windows)
        for (canvas, worded), indexes in by_canvas.items():
            for at in range(0, len(indexes), MAX_BATCH):
                batch = indexes[at : at + MAX_BATCH]
                known = [before[i] for i in batch] if before else None
                results = self._listen([windows[i] for i in batch], canvas, known, words=worded)
                for index, result in zip(batch, results, strict=True):
                    heard[index] = result
        return [h for h in heard if h is not None]

    def _listen(
        self,
        windows: list[NDArray[np.float32]],
        canvas: int,
        before: list[Heard] | None,
        *,
        words: bool,
    ) -> list[Heard]:
        lengths = [len(window) for window in windows]
        encoded, tracks = self._recall(before, canvas) or self._encode(windows, canvas)
        if not words:
            return [
                Heard((), looped=False, digits=track, frames=_speech(encoded[i], lengths[i]))
                for i, track in enumerate(tracks)
            ]
        said = [NOTHING] * len(windows)
        voiced = [i for i, window in enumerate(windows) if may_speak(window, tracks[i])]
        read = self._decode(encoded, voiced, self._start, lengths, canvas)
        for i, one in zip(voiced, read, strict=True):
            said[i] = one
        doubted = [i for i in voiced if doubtful(said[i], tracks[i])]
        again = self._decode(encoded, doubted, self._primed, lengths, canvas)
        for i, one in zip(doubted, again, strict=True):
            said[i] = better(said[i], one)
        timed = [i for i, one in enumerate(said) if one.tokens and needs_times(one, tracks[i])]
        paths = dict(zip(timed, self._align(encoded, timed, said, lengths), strict=True))
        return [
            Heard(tuple(self._worded(one, paths.get(i), lengths[i])), one.looped, tracks[i])
            for i, one in enumerate(said)
        ]

    def _worded(
        self,
        said: Said,
        path: Any,  # noqa: ANN401 - ctranslate2's WhisperAlignmentResult has no stub
        length: int,
    ) -> list[Word]:
        if not said.tokens:
            return []
        if path is not None and path.alignments:
            return aligned(self._tokenizer, said.tokens, path, length)
        return spread(self._tokenizer, said.tokens, said.stretches, math.exp(said.score))

    def _recall(
        self, before: list[Heard] | None, canvas: int
    ) -> tuple[NDArray[np.float32], list[DigitTrack | None]] | None:
        """Return frames and tracks as they were; None where any was not kept."""
        kept = [heard.frames for heard in before or ()]
        if not kept or any(frames is None for frames in kept):
            return None
        encoded = np.repeat(self._silent(canvas), len(kept), axis=0)
        for i, frames in enumerate(kept):
            if frames is not None:
                encoded[i, : len(frames)] = frames
        return encoded, [heard.digits for heard in before or ()]

    def _encode(
        self, windows: list[NDArray[np.float32]], canvas: int
    ) -> tuple[NDArray[np.float32], list[DigitTrack | None]]:
        """Return encoder frames, shape ``(windows, canvas / FRAME, width)``, and digit tracks."""
        by_length: defaultdict[int, list[int]] = defaultdict(list)
        for index, window in enumerate(windows):
            grains = -(-(len(window) + ENCODED_TAIL) // ENCODE_GRAIN)
            by_length[min(grains * ENCODE_GRAIN, canvas)].append(index)
        encoded = np.repeat(self._silent(canvas), len(windows), axis=0)
        tracks: list[DigitTrack | None] = [None] * len(windows)
        for length, indexes in by_length.items():
            for at in range(0, len(indexes), ENCODE_BATCH):
                batch = indexes[at : at + ENCODE_BATCH]
                frames = self.encode([windows[i] for i in batch], length)
                encoded[batch, : frames.shape[1]] = frames
                if self._spotter is not None:
                    steps = [-(-len(windows[i]) // FRAME) for i in batch]
                    for i, track in zip(batch, self._spotter.spot(frames, steps), strict=True):
                        tracks[i] = track
        return encoded, tracks

    def encode(self, windows: list[NDArray[np.float32]], length: int) -> NDArray[np.float32]:
        """Return the encoder's frames of windows padded to ``length`` samples.

        Shape ``(windows, length / FRAME, width)``. ``length`` is a multiple of ``2 * FRAME``.
        """
        features = [self._features(np.pad(w, (0, length - len(w))), padding=0) for w in windows]
        batch = np.ascontiguousarray(np.stack(features), dtype=np.float32)
        return np.array(self._model.encode(ctranslate2.StorageView.from_array(batch), to_cpu=True))

    def _silent(self, canvas: int) -> NDArray[np.float32]:
        known = self._silence.get(canvas)
        if known is None:
            known = self._silence[canvas] = self.encode([np.zeros(0, np.float32)], canvas)
        return known

    def _decode(
        self,
        encoded: NDArray[np.float32],
        wanted: list[int],
        prompt: list[int],
        lengths: list[int],
        canvas: int,
    ) -> list[Said]:
        """Return the greedy reading of each wanted window, after ``prompt``."""
        if not wanted:
            return []
        results = self._model.generate(
            ctranslate2.StorageView.from_array(np.ascontiguousarray(encoded[wanted])),
            [prompt] * len(wanted),
            beam_size=1,
            # CTranslate2 stops at half of this: 24 tokens for most windows, which speech
            # of that length does not reach. Loops that it ends go unmarked; marking them
            # mutes a sixth more harmless talk and finds no further number.
            max_length=len(prompt) + _budget(canvas - TAIL),
            sampling_temperature=0.0,
            return_scores=True,
        )
        said = []
        for result, length in zip(results, [lengths[i] for i in wanted], strict=True):
            ids = result.sequences_ids[0]
            budget = _budget(length)
            tokens, stretches = self._cut(ids[:budget], length)
            text = self._tokenizer.decode(tokens)
            looped = len(ids) >= budget or loops(text)
            said.append(Said(tokens, stretches, text, float(result.scores[0]), looped))
        return said

    def _align(
        self,
        encoded: NDArray[np.float32],
        worded: list[int],
        said: list[Said],
        lengths: list[int],
    ) -> list[Any]:
        if not worded:
            return []
        return list(
            self._model.align(
                ctranslate2.StorageView.from_array(np.ascontiguousarray(encoded[worded])),
                self._start,
                [said[i].tokens for i in worded],
                [lengths[i] // (FRAME // 2) for i in worded],
            )
        )

    def _cut(self, tokens: list[int], length: int) -> tuple[list[int], list[Stretch]]:
        """Return the text tokens up to the first time stamp at the end of the speech.

        What follows is made up to fill the silent tail. And where they lie, by the
        time stamps around them.
        """
        said: list[int] = []
        stretches: list[Stretch] = []
        end = length // FRAME - TAIL_FRAMES
        first = start = 0
        for token in tokens:
            if token >= self._tokenizer.timestamp_begin:
                frame = token - self._tokenizer.timestamp_begin
                if len(said) > first:
                    until = max(start, min(frame * FRAME, length))
                    stretches.append(Stretch(first, len(said), start, until))
                if said and frame >= end:
                    return said, stretches
                first, start = len(said), min(frame * FRAME, length)
            elif token < self._tokenizer.eot:
                said.append(token)
        if len(said) > first:
            stretches.append(Stretch(first, len(said), start, length))
        return said, stretches
