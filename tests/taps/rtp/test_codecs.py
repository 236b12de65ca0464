from __future__ import annotations

import io
from typing import cast

import av
import numpy as np
import pytest
import soundfile

from hushtap.errors import UsageError
from hushtap.taps.rtp.codecs import (
    STATIC,
    Decoders,
    Format,
    make_decoder,
    parse_format,
    parse_rtpmap,
)
from hushtap.taps.rtp.rates import DELAY_S, Converter
from hushtap.values import Samples
from taps.conftest import sine, tone


def encoded(name: str, samples: Samples, rate: int) -> bytes:
    """Encode with FFmpeg."""
    codec = cast("av.AudioCodecContext", av.CodecContext.create(name, "w"))
    codec.sample_rate, codec.layout, codec.format = rate, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(samples)[None], format="s16", layout="mono"
    )
    frame.sample_rate, frame.pts = rate, 0
    return b"".join(bytes(p) for p in (*codec.encode(frame), *codec.encode(None)))


def in_packets(kind: Format, rate: int, data: bytes, size: int) -> Samples:
    decoder = make_decoder(kind, rate)
    assert decoder is not None
    return np.concatenate(
        [decoder.decode(data[at : at + size]) for at in range(0, len(data), size)]
    )


@pytest.mark.parametrize(("kind", "subtype"), [(0, "ULAW"), (8, "ALAW")])
def test_g711_is_what_libsndfile_says(kind: int, subtype: str) -> None:
    samples = tone(8_000)[:, 0]
    file = io.BytesIO()
    soundfile.write(file, samples, 8_000, subtype=subtype, format="RAW")
    truth, _ = soundfile.read(
        io.BytesIO(file.getvalue()), samplerate=8_000, channels=1, subtype=subtype,
        format="RAW", dtype="int16",
    )  # fmt: skip
    got = in_packets(STATIC[kind], 8_000, file.getvalue(), 160)
    np.testing.assert_array_equal(got, truth)


def test_g722_is_what_ffmpeg_says_however_it_is_cut() -> None:
    samples = sine(16_000, 16_000)[:, 0]
    data = encoded("g722", samples, 16_000)
    whole = in_packets(STATIC[9], 16_000, data, len(data))
    for size in (1, 80, 160, 161):
        np.testing.assert_array_equal(in_packets(STATIC[9], 16_000, data, size), whole)
    assert len(whole) == 16_000
    # The sub-band filters delay by 22 samples.
    error = whole[422:].astype(int) - samples[400:-22]
    assert np.abs(error).max() < 1_000
    assert STATIC[9].clock == 8_000


def test_l16_and_channels() -> None:
    samples = tone(100)[:, 0]
    mono = make_decoder(Format("L16", 8_000), 8_000)
    stereo = make_decoder(Format("L16", 8_000, 2), 8_000)
    assert mono is not None
    assert stereo is not None
    data = samples.astype(">i2").tobytes()
    np.testing.assert_array_equal(mono.decode(data + b"\x01"), samples)
    np.testing.assert_array_equal(
        stereo.decode(np.repeat(samples, 2).astype(">i2").tobytes()), samples
    )


@pytest.mark.parametrize(("rate", "to_rate"), [(8_000, 16_000), (16_000, 8_000), (8_000, 48_000)])
def test_another_rate_takes_the_same_time_and_sounds_the_same(rate: int, to_rate: int) -> None:
    samples = sine(rate, rate)[:, 0]
    converter = Converter(rate, to_rate)
    size = rate // 50
    pieces = [converter.convert(samples[at : at + size]) for at in range(0, rate, size)]
    assert {len(piece) for piece in pieces} == {to_rate // 50}
    got = np.concatenate(pieces)
    delay = round(DELAY_S * max(rate, to_rate)) * to_rate // max(rate, to_rate)
    truth = sine(to_rate, to_rate)[:, 0].astype(int)
    error = got[2 * delay :].astype(int) - truth[delay : len(truth) - delay]
    assert np.abs(error).max() < 50
    assert len(converter.convert(samples[:0])) == 0


def test_what_cannot_be_heard_at_the_lower_rate_is_gone() -> None:
    high = np.sin(2 * np.pi * 6_000 * np.arange(16_000) / 16_000) * 16_000
    got = Converter(16_000, 8_000).convert(high.astype(np.int16))
    assert np.abs(got[200:-200]).max() < 30


def test_no_decoder() -> None:
    assert make_decoder(Format("OPUS", 48_000, 2), 48_000) is None
    assert make_decoder(Format("L16", 44_100), 8_000) is None
    assert make_decoder(Format("L16", 96_000), 48_000) is None
    with pytest.raises(ValueError, match="44100 Hz and 8000 Hz"):
        Converter(44_100, 8_000)
    assert Decoders(STATIC, 8_000).decode(111, b"x") is None


def test_the_payload_map() -> None:
    types = parse_rtpmap(["96=L16/16000", "101=telephone-event/8000", "0=PCMA/8000"])
    assert types[96] == Format("L16", 16_000)
    assert types[101] == Format("TELEPHONE-EVENT", 8_000)
    assert types[0].name == "PCMA"
    assert types[9].rate == 16_000
    assert str(types[10]) == "L16/44100"[:3] + "/44100/2"
    assert parse_format("opus/48000/2") == Format("OPUS", 48_000, 2)


@pytest.mark.parametrize(
    "entry", ["96", "96=", "96=L16", "x=L16/8000", "128=L16/8000", "-1=L16/8000", "96=L16/0",
              "96=L16/8000/2/3", "96=/8000", "96=L16/99999999999", "٣=L16/8000"],
)  # fmt: skip
def test_a_payload_map_that_is_none(entry: str) -> None:
    with pytest.raises(UsageError, match="no payload type: write it like 96=L16/16000"):
        parse_rtpmap([entry])
