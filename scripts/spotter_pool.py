"""Speech that the digit spotter is trained on: pieces with their classes, cached on disk.

Each piece is speech of one voice, 16 kHz, cut to its voiced extent and levelled,
with the classes of the number words and cues in it. Human digits are single words.
Nothing here comes from a voice or a speaker that the spotter is judged by.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile as sf
import soxr

import speech
import spotter_text as text

if TYPE_CHECKING:
    from collections.abc import Iterator

RATE = 16_000
ESPEAK_ACCENTS = (
    *("en-us", "en-us", "en-us", "en-us-nyc", "en-gb", "en-gb-x-rp"),
    *("en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029"),
)
ESPEAK_VARIANTS = (
    *(f"m{n}" for n in range(1, 9)),
    *(f"f{n}" for n in range(1, 6)),
    *("Andy", "Annie", "Denis", "Diogo", "Gene", "Hugo", "Jacky", "Lee", "Linda", "Mario"),
    *("Michael", "Mike", "Nguyen", "Storm", "Tweaky", "belinda", "benjamin", "boris"),
    *("david", "edward", "iven", "john", "linda", "paul", "quincy", "rob", "steph", "victor"),
)
FESTIVAL = ("voice_kal_diphone", "voice_ked_diphone")
HUMANS = {"train": ("jackson", "nicolas"), "tune": ("lucas",)}
CALLS = {
    "train": (
        "english2.g712",
        "english3.g712",
        "en-US_Broadband_sample1",
        "en-GB_Narrowband_sample1",
        "Us_English_Narrowband_Sample_2",
    ),
}
COUNTED = frozenset({("english2.g712", 4)})
"""Pieces of calls in which a number is said."""
PROMPTS = ("fr_CA_f_June", "it_IT_m_Carlo", "ru_RU_f_IvrvoiceRU")
SOUNDS = Path("/usr/share/asterisk/sounds")


@dataclass(frozen=True, slots=True)
class Piece:
    """Speech of one ``voice``: int16 at 16 kHz, the classes of its number words and cues, in order.

    ``classes`` is None where what is said is not known word by word.
    """

    voice: str
    audio: np.ndarray
    classes: tuple[int, ...] | None

    @property
    def counts(self) -> bool:
        """Whether number words are said."""
        return any(c <= len(text.WORDS) for c in self.classes or ())


def shape(samples: np.ndarray, rate: int) -> np.ndarray:
    """Return speech at 16 kHz, cut to its voiced extent and levelled, as int16."""
    wide = soxr.resample(np.asarray(samples, np.float32), rate, RATE).astype(np.float32)
    step = RATE // 100
    frames = wide[: len(wide) // step * step].reshape(-1, step)
    power = np.mean(np.square(frames), axis=1)
    loud = np.flatnonzero(power > power.max(initial=0.0) * 10**-3.3)
    if not len(loud):
        return np.zeros(0, np.int16)
    cut = frames[loud[0] : loud[-1] + 1]
    active = power[power > power.max() * 10**-2.5]
    gain = speech.LEVEL / float(np.sqrt(active.mean()))
    whole: np.ndarray = np.round(np.clip(cut.ravel() * gain, -1, 1) * 32_767)
    return whole.astype(np.int16)


def synthetic(voice: str, count: int, seed: int, *, hard: bool = False) -> Iterator[Piece]:
    """Yield ``count`` phrases, three with a number to two without, said by ``voice``.

    ``hard``: nothing but talk that is easily taken for a number.
    """
    rng = np.random.default_rng([seed, *voice.encode()])
    wanted: list[str] = []
    while len(wanted) < count:
        if hard:
            wanted.append(text.hard(rng))
        elif rng.integers(5) < 3:  # noqa: PLR2004
            wanted += [part for _, part in text.parts(text.phrase(rng)) if part]
        else:
            wanted += [part for _, part in text.parts(text.talk(rng)) if part]
    speeds = rng.uniform(0.8, 1.3, len(wanted))
    if voice in FESTIVAL:
        spoken = _festival(wanted, voice)
    else:
        spoken = (
            speech.speak(said, voice, round(float(s), 2))
            for said, s in zip(wanted, speeds, strict=True)
        )
    for said, (samples, rate) in zip(wanted, spoken, strict=True):
        yield Piece(voice, shape(samples, rate), tuple(text.classes(said)))


def _festival(wanted: list[str], voice: str) -> Iterator[tuple[np.ndarray, int]]:
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"({voice})"]
        for n, said in enumerate(wanted):
            quoted = said.replace('"', "").replace("\\", "")
            lines.append(f'(utt.save.wave (SynthText "{quoted}") "{folder}/{n}.wav" "riff")')
        script = Path(folder) / "say.scm"
        script.write_text(
            "(define (SynthText t) (utt.synth (eval (list 'Utterance 'Text t))))\n"
            + "\n".join(lines)
            + "\n",
            encoding="utf-8",
        )
        subprocess.run(["festival", "-b", str(script)], check=True, capture_output=True)
        for n in range(len(wanted)):
            samples, rate = sf.read(f"{folder}/{n}.wav", dtype="float32")
            yield samples, rate


def human_digits(corpora: Path, speakers: tuple[str, ...]) -> Iterator[Piece]:
    """Yield the recorded single digits of some FSDD speakers."""
    for speaker in speakers:
        for path in sorted((corpora / "fsdd").glob(f"?_{speaker}_*.wav")):
            samples, rate = sf.read(path, dtype="float32")
            yield Piece(f"fsdd:{speaker}", shape(samples, rate), (int(path.name[0]) + 1,))


def human_numbers(corpora: Path) -> Iterator[Piece]:
    """Yield the fluent numbers of ``moshi_numbers``: one speaker, five to seven digits."""
    folder = corpora / "moshi_numbers"
    with (folder / "labels.csv").open(encoding="utf-8") as table:
        for row in csv.DictReader(table):
            samples, rate = sf.read(folder / row["file"], dtype="float32")
            yield Piece("moshi", shape(samples, rate), tuple(text.classes(row["words"])))


def human_talk(corpora: Path) -> Iterator[Piece]:
    """Yield real calls in pieces of 6 s, and recorded prompts in other languages (no digits)."""
    for name in CALLS["train"]:
        samples, rate = sf.read(corpora / "calls" / f"{name}.wav", dtype="float32")
        for n, at in enumerate(range(0, len(samples) - rate, 6 * rate)):
            if (name, n) in COUNTED:
                continue
            yield Piece(f"call:{name}", shape(samples[at : at + 6 * rate], rate), None)
    for name in PROMPTS:
        for path in sorted((SOUNDS / name).glob("*.wav")):
            samples, rate = sf.read(path, dtype="float32")
            if rate < len(samples) < 8 * rate:
                yield Piece(f"prompt:{name}", shape(samples, rate), ())


def save(path: Path, pieces: Iterator[Piece]) -> int:
    """Write pieces into one file and return how many there are."""
    kept = [p for p in pieces if len(p.audio) >= RATE // 20]
    np.savez(
        path,
        audio=np.concatenate([p.audio for p in kept]),
        length=np.array([len(p.audio) for p in kept]),
        voice=np.array([p.voice for p in kept]),
        classes=np.array(
            ["?" if p.classes is None else ",".join(map(str, p.classes)) for p in kept]
        ),
    )
    return len(kept)


def load(path: Path) -> list[Piece]:
    """Read what ``save`` wrote."""
    data = np.load(path)
    ends = np.cumsum(data["length"])
    audio = data["audio"]
    return [
        Piece(
            str(voice),
            audio[end - length : end],
            None if said == "?" else tuple(int(c) for c in str(said).split(",") if c),
        )
        for end, length, voice, said in zip(
            ends, data["length"], data["voice"], data["classes"], strict=True
        )
    ]


def make(corpora: Path, out: Path, seed: int = 1) -> None:
    """Make every pool that is not there yet."""
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    pools: dict[str, Iterator[Piece]] = {
        "human_digits": human_digits(corpora, HUMANS["train"]),
        "tune_digits": human_digits(corpora, HUMANS["tune"]),
        "human_numbers": human_numbers(corpora),
        "human_talk": human_talk(corpora),
    }
    for n in range(90):
        accent, variant = rng.choice(ESPEAK_ACCENTS), rng.choice(ESPEAK_VARIANTS)
        pools[f"espeak_{n:02d}"] = synthetic(f"espeak:{accent}+{variant}", 44, seed + n)
    for voice in FESTIVAL:
        pools[voice] = synthetic(voice, 700, seed)
    for n in range(5):
        pools[f"joe_{n}"] = synthetic("joe", 300, seed + n)
    for n in range(40):
        accent, variant = rng.choice(ESPEAK_ACCENTS), rng.choice(ESPEAK_VARIANTS)
        pools[f"hard_espeak_{n:02d}"] = synthetic(
            f"espeak:{accent}+{variant}", 12, seed + n, hard=True
        )
    for voice in (*FESTIVAL, "joe"):
        pools[f"hard_{voice}"] = synthetic(voice, 150, seed, hard=True)
    for name, pieces in pools.items():
        path = out / f"{name}.npz"
        if not path.exists():
            print(name, save(path, pieces), flush=True)


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
