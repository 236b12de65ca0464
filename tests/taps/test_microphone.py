"""The microphone, through PortAudio on a real ALSA device that plays a file.

ALSA reads its configuration once per process, so the device is opened in a
process of its own. What a sound card does when it is read too late cannot be
asked of that device: it waits for its reader. Overflows are shown on a stream
that raises them as PortAudio does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hushtap.errors import TapError, UsageError
from hushtap.taps.microphone import MicrophoneTap, OverflowedError, StreamClock
from hushtap.values import AudioFormat
from taps.conftest import tone

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

RECORD = """
import itertools, json, sys
from hushtap.errors import HushtapError
from hushtap.taps.microphone import MicrophoneTap, devices
from hushtap.values import AudioFormat
channels, rate, count, device = json.loads(sys.argv[1])
try:
    tap = MicrophoneTap(AudioFormat(rate, channels), device=device)
except HushtapError as exc:
    print(json.dumps({"error": str(exc), "code": exc.exit_code}))
    sys.exit()
chunks = iter(tap)
got = [[] for _ in range(channels)]
for chunk in itertools.islice(chunks, count):
    assert chunk.span.start == len(got[chunk.channel])
    got[chunk.channel].extend(chunk.samples.tolist())
chunks.close()
listed = [[d.name, d.channels] for d in devices()]
print(json.dumps({"got": got, "label": tap.label, "lost": tap.lost_samples, "devices": listed}))
"""


def record(
    home: Path,
    *,
    channels: int = 1,
    rate: int = 8_000,
    count: int = 10,
    device: int | str | None = None,
) -> dict[str, Any]:
    """Record ``count`` chunks from the ALSA device whose audio lies in ``home/in.raw``."""
    pytest.importorskip("pyaudio", reason="PyAudio is missing: make setup installs it if it can")
    (home / ".asoundrc").write_text(
        "pcm.!default { type file; slave.pcm null; file /dev/null;"
        f' infile "{home}/in.raw"; format raw }}\n'
    )
    done = subprocess.run(
        [sys.executable, "-c", RECORD, json.dumps([channels, rate, count, device])],
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        check=True,
        timeout=60,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize(("channels", "rate"), [(1, 8_000), (2, 8_000), (1, 48_000)])
def test_a_real_device_is_heard_sample_by_sample(tmp_path: Path, channels: int, rate: int) -> None:
    audio = tone(rate, channels)
    audio.tofile(tmp_path / "in.raw")
    result = record(tmp_path, channels=channels, rate=rate, count=20 * channels)
    assert result["got"] == audio[: 20 * (rate // 50)].T.tolist()
    assert result["lost"] == 0
    assert result["label"] == "default microphone"


def test_devices_are_listed_and_chosen_by_name_or_number(tmp_path: Path) -> None:
    audio = tone(8_000)
    audio.tofile(tmp_path / "in.raw")
    result = record(tmp_path)
    names = [name for name, _ in result["devices"]]
    assert "default" in names
    assert all(channels > 0 for _, channels in result["devices"])
    named = record(tmp_path, device="DEFAULT")
    assert named["label"] == "default"
    assert named["got"] == result["got"]
    unknown = record(tmp_path, device="gramophone")
    assert unknown["code"] == 2
    assert unknown["error"].startswith("no microphone 'gramophone': choose from ")


def test_without_pyaudio_the_fix_is_told(tmp_path: Path) -> None:
    (tmp_path / "pyaudio.py").write_text("raise ImportError('no such library')\n")
    code = (
        "from hushtap.taps.microphone import devices\n"
        "from hushtap.errors import UsageError\n"
        "try: devices()\n"
        "except UsageError as exc: print(exc)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pip install 'hushtap[mic]'" in done.stdout


class Card:
    """A sound card with a clock of its own, which drops what is not read in time.

    ``plan`` says before each read how many samples were dropped (0: none).
    """

    def __init__(self, audio: np.ndarray[Any, np.dtype[np.int16]], plan: list[int]) -> None:
        self.audio = audio
        self.at = 0
        self.plan = plan
        self.closed = False

    def read(self, samples: int) -> bytes:
        if not self.plan:
            raise OSError(-9988, "Stream closed")
        dropped = self.plan.pop(0)
        self.at += samples + dropped
        if dropped:
            raise OverflowedError
        return self.audio[self.at - samples : self.at].tobytes()

    def time(self) -> float:
        return 5.0 + self.at / 8_000

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("dropped", [1, 160, 4_000])
@pytest.mark.parametrize("before", [1, 3])
def test_an_overflow_becomes_silence_of_the_right_length(dropped: int, before: int) -> None:
    audio = tone(20_000, 2)
    card = Card(audio, [0] * before + [dropped] + [0] * 4)
    tap = MicrophoneTap(AudioFormat(8_000, 2), stream=card)
    got: list[list[int]] = [[], []]

    def listen() -> None:
        for chunk in tap:
            assert chunk.span.start == len(got[chunk.channel])
            got[chunk.channel].extend(chunk.samples.tolist())

    with pytest.raises(TapError, match="microphone stopped: check the device"):
        listen()
    lost = dropped + 160
    assert tap.lost_samples == lost
    assert card.closed
    expected = audio[: card.at].copy()
    expected[before * 160 : before * 160 + lost] = 0
    # The device fails before the last chunk is whole; what is whole was yielded.
    whole = card.at - card.at % 160
    assert got == expected[:whole].T.tolist()


def test_closing_ends_the_call() -> None:
    card = Card(tone(200_000), [0] * 1_000)
    tap = MicrophoneTap(AudioFormat(8_000, 1), stream=card)
    ended = 0
    for chunk in tap:
        ended = chunk.span.end
        tap.close()
    assert 0 < ended == card.at
    assert card.closed


def test_a_reader_without_a_listener_stays_bounded_and_ends() -> None:
    card = Card(tone(400_000), [0] * 2_000)
    tap = MicrophoneTap(AudioFormat(8_000, 1), stream=card)
    chunks = iter(tap)
    next(chunks)
    assert tap.depth() <= 500
    chunks.close()  # type: ignore[attr-defined]
    assert card.closed
    assert card.at <= (500 + 3) * 160


def test_a_tap_that_was_never_read_lets_the_device_go() -> None:
    card = Card(tone(160), [])
    MicrophoneTap(AudioFormat(8_000, 1), stream=card).close()
    assert card.closed


def test_the_clock_trusts_the_earliest_start() -> None:
    clock = StreamClock(8_000)
    # Reads return 5 ms late, then on time: the true start is 10.0 s.
    assert clock.delivered(160, 10.025) == 0
    assert clock.delivered(160, 10.040) == 0
    clock.overflowed(160)
    assert clock.delivered(160, 10.120) == 960 - 3 * 160
    clock.overflowed(160)
    # A clock that stands still cannot shorten what is known to be lost.
    assert clock.delivered(160, 10.120) == 160


def test_an_unknown_index_names_the_choices(tmp_path: Path) -> None:
    tone(8_000).tofile(tmp_path / "in.raw")
    result = record(tmp_path, device=999)
    assert result["error"].startswith("no microphone 999: choose from ")
    assert UsageError.exit_code == result["code"]
