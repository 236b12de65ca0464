from __future__ import annotations

import os
import struct
import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from hushtap.errors import TapError
from hushtap.taps.file import FileTap, find_audio
from hushtap.values import AudioFormat
from taps.conftest import encode, sine, tone, unprivileged

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def read(tap: FileTap) -> NDArray[np.int16]:
    """Everything the tap yields, shape ``(samples, channels)``, holes and order checked."""
    columns: list[list[NDArray[np.int16]]] = [[] for _ in range(tap.format.channels)]
    ends = [0] * tap.format.channels
    for chunk in tap:
        assert chunk.span.start == ends[chunk.channel]
        ends[chunk.channel] = chunk.span.end
        columns[chunk.channel].append(chunk.samples)
    return np.stack([np.concatenate(column) for column in columns], axis=1)


def wav(path: Path, samples: int = 8_000, channels: int = 1, rate: int = 8_000) -> Path:
    soundfile.write(path, tone(samples, channels), rate)
    return path


# --- what is read


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff", "au"])
def test_lossless_formats_are_exact(tmp_path: Path, suffix: str, channels: int, rate: int) -> None:
    audio = tone(5_003, channels)
    path = tmp_path / f"call.{suffix}"
    soundfile.write(path, audio, rate, subtype="PCM_16")
    tap = FileTap(path)
    assert tap.format == AudioFormat(rate, channels)
    assert tap.label == f"call.{suffix}"
    np.testing.assert_array_equal(read(tap), audio)


@pytest.mark.parametrize("chunk", [1, 7, 80, 160, 8_000, 10**9])
def test_any_chunk_gives_the_same_samples(tmp_path: Path, chunk: int) -> None:
    path = wav(tmp_path / "call.wav", 2_001, 2)
    tap = FileTap(path, chunk=chunk)
    np.testing.assert_array_equal(read(tap), tone(2_001, 2))
    np.testing.assert_array_equal(read(tap), tone(2_001, 2), "a second reading starts anew")


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW", "PCM_U8", "PCM_24", "PCM_32", "FLOAT"])
def test_wav_of_other_sample_types(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "call.wav"
    audio = tone(4_000)
    # libsndfile would write integers to a float file unscaled.
    source = audio / 32_768 if subtype == "FLOAT" else audio
    soundfile.write(path, source, 8_000, subtype=subtype)
    exact = subtype in {"PCM_24", "PCM_32", "FLOAT"}
    # G.711 steps are 1024 of 32768 at most in this range, half of it as error.
    off = np.abs(read(FileTap(path)).astype(int) - audio).max()
    assert off == 0 if exact else off <= 512


def test_24_bit_is_rounded_not_cut(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    soundfile.write(path, np.full(100, (5 << 16) + (200 << 8), np.int32), 8_000, subtype="PCM_24")
    assert set(read(FileTap(path)).ravel()) == {6}


def test_loud_floats_are_clipped_not_wrapped(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    soundfile.write(path, np.array([1.5, -1.5, 1.0, -1.0, 0.5]), 8_000, subtype="FLOAT")
    assert read(FileTap(path)).ravel().tolist() == [32_767, -32_768, 32_767, -32_768, 16_384]


def test_dc_and_full_scale_pass_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    audio = np.array([32_767] * 50 + [-32_768] * 50 + [12_000] * 50, np.int16)
    soundfile.write(path, audio, 8_000)
    np.testing.assert_array_equal(read(FileTap(path)).ravel(), audio)


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("call.mp3", "libmp3lame", 16_000),
        ("call.ogg", "libopus", 48_000),
        ("call.opus", "libopus", 48_000),
        ("call.webm", "libopus", 48_000),
        ("call.m4a", "aac", 8_000),
        ("call.m4a", "aac", 44_100),
        ("call.aac", "aac", 16_000),
    ],
)
def test_lossy_formats_keep_length_and_sound(
    tmp_path: Path, name: str, codec: str, rate: int
) -> None:
    audio = sine(2 * rate, rate)
    tap = FileTap(encode(tmp_path / name, codec, audio, rate))
    got = read(tap)
    assert tap.format == AudioFormat(rate, 1)
    assert abs(len(got) - len(audio)) < 0.15 * rate
    spectrum = np.abs(np.fft.rfft(got[rate // 2 : rate // 2 + rate, 0]))
    assert abs(int(spectrum.argmax()) - 440) <= 1


def test_lossless_audio_in_a_container_is_exact(tmp_path: Path) -> None:
    audio = tone(10_007, 2)
    for codec in ("pcm_s16le", "pcm_s32le", "pcm_f32le", "flac"):
        path = encode(tmp_path / f"{codec}.mka", codec, audio, 16_000)
        np.testing.assert_array_equal(read(FileTap(path)), audio, codec)


def test_a_hole_in_a_container_becomes_silence_of_its_length(tmp_path: Path) -> None:
    audio = tone(16_384)
    path = encode(tmp_path / "call.mka", "pcm_s16le", audio, 16_000, hole_at=8_192, hole=3 * 16_000)
    got = read(FileTap(path))
    # Matroska rounds time stamps to a millisecond.
    assert abs(len(got) - len(audio) - 48_000) <= 16
    np.testing.assert_array_equal(got[:8_192], audio[:8_192])
    assert not got[8_192 : len(got) - 8_192].any()
    np.testing.assert_array_equal(got[-8_192:], audio[8_192:])


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(seconds: int) -> int:
        path = tmp_path / f"{seconds}.wav"
        soundfile.write(path, np.zeros((seconds * 8_000, 2), np.int16), 8_000)
        tracemalloc.start()
        for _ in FileTap(path):
            pass
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    assert peak(1_200) < peak(60) * 1.2 + 100_000


def test_vorbis(tmp_path: Path) -> None:
    path = tmp_path / "call.ogg"
    soundfile.write(path, sine(32_000, 16_000), 16_000, subtype="VORBIS")
    off = read(FileTap(path)).astype(int) - sine(32_000, 16_000)
    assert off.shape == (32_000, 1)
    assert np.sqrt((off**2).mean()) < 400


# --- what is refused, each in one line with the file and the fix


def refused(path: Path) -> str:
    with pytest.raises(TapError) as got:
        read(FileTap(path))
    message = str(got.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_absent_folder_and_device(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "none.wav")
    assert "is a folder" in refused(tmp_path)
    os.mkfifo(tmp_path / "pipe.wav")
    writer = os.open(tmp_path / "pipe.wav", os.O_RDWR)
    try:
        assert "no regular file" in refused(tmp_path / "pipe.wav")
    finally:
        os.close(writer)


def test_unreadable(public_folder: Path) -> None:
    path = wav(public_folder / "call.wav")
    path.chmod(0o644)
    with unprivileged():
        assert len(read(FileTap(path))) == 8_000
    path.chmod(0)
    with unprivileged():
        assert "cannot be read (Permission denied)" in refused(path)


def test_empty_and_text(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.touch()
    assert "is empty" in refused(path)
    path.write_text("not audio at all, in so many words\n" * 200)
    assert "not audio that can be read" in refused(path)


@pytest.mark.parametrize("subtype", ["PCM_16", "ULAW"])
def test_header_only(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "call.wav"
    soundfile.write(path, tone(0), 8_000, subtype=subtype)
    assert "without audio" in refused(path)
    path.write_bytes(path.read_bytes()[:20])
    assert "not audio that can be read" in refused(path)


@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "RF64", "AIFF", "AU"])
def test_fewer_samples_than_the_header_promises(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "call.wav"
    soundfile.write(path, tone(8_000), 8_000, format=kind, subtype="PCM_16")
    assert len(read(FileTap(path))) == 8_000
    os.truncate(path, path.stat().st_size - 2)
    assert "2 bytes of its audio are gone" in refused(path)


def test_other_formats_cut_in_half(tmp_path: Path) -> None:
    flac = tmp_path / "call.flac"
    soundfile.write(flac, tone(40_000), 8_000)
    m4a = encode(tmp_path / "call.m4a", "aac", sine(80_000, 16_000), 16_000)
    front = {"movflags": "faststart"}
    mp4 = encode(tmp_path / "call.mp4", "aac", sine(80_000, 16_000), 16_000, options=front)
    webm = encode(tmp_path / "call.webm", "libopus", sine(240_000, 48_000), 48_000)
    for path in (flac, m4a, mp4, webm):
        os.truncate(path, path.stat().st_size // 2)
        assert refused(path)


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000])
def test_a_recorder_that_never_came_back_to_its_header_is_read_to_the_end(
    tmp_path: Path, length: int
) -> None:
    path = wav(tmp_path / "call.wav")
    data = path.read_bytes()
    assert data[36:40] == b"data"
    path.write_bytes(data[:40] + struct.pack("<I", length) + data[44:])
    np.testing.assert_array_equal(read(FileTap(path)), tone(8_000))


@pytest.mark.parametrize(
    ("suffix", "channels", "rate", "why"),
    [
        ("wav", 3, 8_000, "3 channels"),
        ("wav", 1, 192_000, "sample rate 192000 Hz"),
        ("wav", 1, 4_000, "sample rate 4000 Hz"),
        ("mka", 1, 192_000, "sample rate 192000 Hz"),
        ("mka", 1, 4_000, "sample rate 4000 Hz"),
    ],
)
def test_formats_that_the_ears_cannot_take(
    tmp_path: Path, suffix: str, channels: int, rate: int, why: str
) -> None:
    path = tmp_path / f"call.{suffix}"
    if suffix == "wav":
        soundfile.write(path, tone(rate, channels), rate)
    else:
        encode(path, "pcm_s16le", tone(rate, channels), rate)
    message = refused(path)
    assert why in message
    assert "convert it to 8000-48000 Hz" in message


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_is_refused(tmp_path: Path, bad: float) -> None:
    path = tmp_path / "call.wav"
    audio = np.zeros(100_000)
    audio[99_999] = bad
    soundfile.write(path, audio, 8_000, subtype="FLOAT")
    assert "not numbers (NaN)" in refused(path)


def test_a_playlist_leads_nowhere(tmp_path: Path) -> None:
    target = encode(tmp_path / "other.aac", "aac", sine(16_000, 16_000), 16_000)
    head = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n"
    lists = {
        "call.m3u8": f"{head}{target}\n#EXT-X-ENDLIST\n",
        "call.wav": f"ffconcat version 1.0\nfile '{target.name}'\n",
    }
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
        assert "not audio that can be read" in refused(tmp_path / name)


def test_a_name_that_looks_like_an_address_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = encode(tmp_path / "call.m4a", "aac", sine(16_000, 16_000), 16_000)
    path.rename(tmp_path / "concat:a")
    assert FileTap("concat:a").format == AudioFormat(16_000, 1)
    wav(tmp_path / "call.wav").rename(tmp_path / "-")
    assert len(read(FileTap("-"))) == 8_000


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    wav(tmp_path / "call.wav").rename(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    ((_, path),) = find_audio([tmp_path])
    tap = FileTap(path)
    assert len(read(tap)) == 8_000
    assert tap.label == "caf\\udce9.wav"
