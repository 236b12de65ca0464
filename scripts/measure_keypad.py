"""How many keys pressed are found, and how often talk or music is taken for one.

    python scripts/measure_keypad.py keys
    python scripts/measure_keypad.py talk FOLDER...

``keys`` presses all sixteen, each at its own phase, at levels, twists, lengths, rates and
through codecs (FFmpeg's), and prints the share of keys of which nothing over 10 ms is
left. ``talk`` reads every file below the folders and prints the spans that were silenced
in them, their length and how many an hour that makes; add ``-v`` to see where.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import soundfile
import soxr

from hushtap.keypad import HIGH_HZ, LOW_HZ, Keypad
from hushtap.taps.encoding import Encoding
from hushtap.taps.stdin import g711_table
from hushtap.timeline import Span, merge, subtract, to_samples
from hushtap.values import MAX_RATE, MIN_RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from hushtap.values import Samples

LINE_RATE = 8_000
REST_S = 0.15
LEFT_S = 0.010
"""Seconds of a key that may be left at its ends: a receiver needs 20 ms or more."""
FULL_SCALE_DBM0 = 3.14
"""ITU-T G.711: a sine of full scale."""
MUSIC_OR_TONES = ("beep", "tone", "dtmf")
"""In the names of prompts that are no talk."""


def pressed(
    rate: int,
    *,
    level: float,
    twist: float,
    length: float,
    snr: float | None = None,
    offset: float = 1.0,
    times: int = 4,
    seed: int = 0,
) -> tuple[Samples, list[Span]]:
    """Return keys pressed, and where: ``level`` in dBm0 of the louder tone of each.

    ``twist``: dB by which the high tone is above the low one. ``snr``: dB of the keys over
    white noise of the telephone's band. ``offset``: factor on the frequencies.
    """
    random = np.random.default_rng(seed)
    amplitude = 32_768 * 10 ** ((level - FULL_SCALE_DBM0) / 20)
    low_a = amplitude * 10 ** (min(0.0, -twist) / 20)
    high_a = amplitude * 10 ** (min(0.0, twist) / 20)
    spans, at = [], 0.2
    for _ in range(16 * times):
        start = to_samples(at + random.uniform(0, 0.01), rate)
        spans.append(Span(start, start + to_samples(length, rate)))
        at += length + REST_S
    audio = np.zeros(to_samples(at + 0.2, rate))
    for i, span in enumerate(spans):
        low, high = LOW_HZ[i % 16 // 4], HIGH_HZ[i % 4]
        t = np.arange(len(span)) / rate
        one = low_a * np.sin(2 * np.pi * low * offset * t + random.uniform(0, 6))
        one += high_a * np.sin(2 * np.pi * high * offset * t + random.uniform(0, 6))
        audio[span.start : span.end] = one
    if snr is not None:
        power = (low_a**2 + high_a**2) / 2
        white = random.normal(0, 1, to_samples(at + 0.2, LINE_RATE) + 8)
        white = white if rate == LINE_RATE else soxr.resample(white, LINE_RATE, rate)
        audio += white[: len(audio)] * np.sqrt(power / 10 ** (snr / 10))
    return np.clip(np.rint(audio), -32_768, 32_767).astype(np.int16), spans


def coded(samples: Samples, rate: int, codec: str, container: str, bit_rate: int = 0) -> Samples:
    """Return ``samples`` after FFmpeg's encoder and decoder, on their own clock."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, av.AudioStream)  # noqa: S101 - for the type checker
        if bit_rate:
            stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = rate
        for one in av.AudioResampler(stream.codec_context.format, "mono", rate).resample(frame):
            out.mux(stream.encode(one))
        out.mux(stream.encode(None))
    file.seek(0)
    pieces = []
    with av.open(file, "r", format=container) as source:
        resampler = av.AudioResampler("s16", "mono", rate)
        for frame in source.decode(audio=0):
            pieces += [one.to_ndarray().ravel() for one in resampler.resample(frame)]
    return np.concatenate(pieces).astype(np.int16)


def gsm(samples: Samples) -> Samples:
    """Return ``samples`` after GSM 06.10, full rate."""
    file = io.BytesIO()
    soundfile.write(file, samples, 8_000, format="WAV", subtype="GSM610")
    file.seek(0)
    return np.asarray(soundfile.read(file, dtype="int16")[0], np.int16)


def g711(samples: Samples, encoding: Encoding) -> Samples:
    """Return ``samples`` after G.711: the nearest value of its table."""
    values = np.sort(g711_table(encoding)).astype(np.int64)
    index = np.clip(np.searchsorted(values, samples), 1, len(values) - 1)
    nearer = samples - values[index - 1] < values[index] - samples
    return values[index - nearer].astype(np.int16)


LINES: dict[str, tuple[int, Callable[[Samples], Samples]]] = {
    "linear, 8 kHz": (8_000, lambda s: s),
    "mu-law": (8_000, lambda s: g711(s, Encoding.MULAW)),
    "A-law": (8_000, lambda s: g711(s, Encoding.ALAW)),
    "GSM 06.10": (8_000, gsm),
    "AMR 12.2": (8_000, lambda s: coded(s, 8_000, "libopencore_amrnb", "amr", 12_200)),
    "G.722": (16_000, lambda s: coded(s, 16_000, "g722", "g722")),
    "Opus 16 kbit/s": (48_000, lambda s: coded(s, 48_000, "libopus", "ogg", 16_000)),
    "linear, 11.025 kHz": (11_025, lambda s: s),
    "linear, 16 kHz": (16_000, lambda s: s),
    "linear, 44.1 kHz": (44_100, lambda s: s),
    "linear, 48 kHz": (48_000, lambda s: s),
}
LENGTHS = (0.04, 0.05, 0.08, 0.12, 0.2)


def silenced(samples: Samples, rate: int) -> list[Span]:
    """Return the spans that are silenced in one channel."""
    keypad = Keypad(rate)
    for at in range(0, len(samples), rate):
        keypad.feed(samples[at : at + rate])
    keypad.finish()
    return merge(span for _, span in keypad.pressed())


def left(span: Span, found: list[Span]) -> int:
    """Return the longest part of a key, in samples, that is not silenced."""
    return max((len(part) for part in subtract(span, found)), default=0)


def delayed(before: Samples, after: Samples) -> int:
    """Return by how many samples a codec is late."""
    size = min(len(before), len(after))
    spectrum = np.fft.rfft(before[:size].astype(float), 2 * size).conj()
    spectrum *= np.fft.rfft(after[:size].astype(float), 2 * size)
    lags = np.fft.irfft(spectrum)[: size // 8]
    return int(np.argmax(lags))


def recall(line: str, **how: float | None) -> float:
    """Return the share of keys that are silent after ``line``."""
    rate, through = LINES[line]
    samples, spans = pressed(rate, **how)  # type: ignore[arg-type]
    heard = through(samples)
    late = delayed(samples, heard) if line.startswith(("GSM", "AMR", "G.722", "Opus")) else 0
    found = silenced(heard, rate)
    gone = [left(span.shift(late), found) <= LEFT_S * rate for span in spans]
    return float(np.mean(gone))


def cases() -> Iterator[tuple[str, str, dict[str, float | None]]]:
    """Yield lines, what is special, and how keys are pressed there."""
    usual: dict[str, float | None] = {"level": -10.0, "twist": 0.0}
    for line in LINES:
        yield line, "-10 dBm0", usual
    for line in ("mu-law", "GSM 06.10"):
        for level in (-3.0, -20.0, -35.0):
            yield line, f"{level:g} dBm0", usual | {"level": level}
        for twist in (-6.0, 6.0):
            yield line, f"twist {twist:+g} dB", usual | {"twist": twist}
        for offset in (0.985, 1.015):
            yield line, f"{100 * (offset - 1):+.1f} % off", usual | {"offset": offset}
        for snr in (15.0, 10.0):
            yield line, f"noise {snr:g} dB", usual | {"snr": snr}
        for level in (-3.0, -35.0):
            for twist in (-6.0, 6.0):
                how: dict[str, float | None] = {"level": level, "twist": twist, "snr": 15.0}
                yield line, f"{level:g} dBm0, {twist:+g} dB, noise 15", usual | how


def keys() -> None:
    """Print the table of recall."""
    print(" " * 40 + "".join(f"{1000 * length:7.0f} ms" for length in LENGTHS))
    for line, what, how in cases():
        row = "".join(f"{100 * recall(line, length=n, **how):8.1f} %" for n in LENGTHS)
        print(f"{line + ', ' + what:40}{row}", flush=True)


def talk(folders: list[Path], *, verbose: bool) -> None:
    """Print what is silenced in recordings without keys."""
    for folder in folders:
        seconds = took = 0.0
        spans: list[float] = []
        seen: set[Path] = set()
        for path, samples, rate in recordings(folder, seen):
            seconds += len(samples) / rate
            began = time.process_time()
            found = silenced(samples, rate)
            took += time.process_time() - began
            spans += [len(span) / rate for span in found]
            if verbose:
                for span in found:
                    print(f"  {path} {span.start / rate:.2f}-{span.end / rate:.2f} s")
        hours = seconds / 3_600
        if hours:
            print(
                f"{folder}: {hours:.2f} h of one channel, {len(spans)} spans, "
                f"{sum(spans):.2f} s in all, {len(spans) / hours:.2f} an hour; "
                f"{1_000 * took / seconds:.2f} ms a second",
                flush=True,
            )


def recordings(folder: Path, seen: set[Path]) -> Iterator[tuple[Path, NDArray[np.int16], int]]:
    """Yield each channel of each file, once, whatever links lead to it."""
    for path in sorted(folder.rglob("*.wav")):
        if any(word in path.stem for word in MUSIC_OR_TONES) or path.resolve() in seen:
            continue
        seen.add(path.resolve())
        try:
            audio, rate = soundfile.read(path, dtype="int16", always_2d=True)
        except soundfile.LibsndfileError:
            continue
        if MIN_RATE <= rate <= MAX_RATE:
            for channel in audio.T:
                yield path, np.ascontiguousarray(channel), rate


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["keys", "talk"])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("-v", "--verbose", action="store_true")
    given = parser.parse_intermixed_args()
    if given.what == "keys":
        keys()
    elif not given.folders:
        sys.exit("talk: give folders of recordings")
    else:
        talk(given.folders, verbose=given.verbose)


if __name__ == "__main__":
    main()
