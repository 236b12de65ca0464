"""What packets carry: keys, payload types that change or are unknown, ciphertext."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from hushtap.keypad import PAD_S
from hushtap.taps.encoding import Encoding
from hushtap.taps.rtp.encrypted import ENOUGH, EncryptedError, is_ciphertext
from hushtap.taps.stdin import g711_table
from hushtap.timeline import to_samples
from taps.rtp.senders import (
    PTIME,
    call,
    event,
    l16,
    packet,
    received,
    sent,
    speech,
    without,
)

if TYPE_CHECKING:
    from pathlib import Path

    from hushtap.values import Samples


def alaw(samples: Samples) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, 8_000, format="RAW", subtype="ALAW")
    return file.getvalue()


def test_keys_pressed_are_silence_and_not_loss() -> None:
    """A sender that goes on with its audio while it reports the key."""
    audio = speech(100 * PTIME)
    packets = sent(audio)
    start, length = 40, 8
    reports = []
    sequence = 100 + start
    rest = []
    for i, (when, p) in enumerate(packets[start:]):
        rest.append((when, packet(sequence, 5_000 + (start + i) * PTIME, p[12:])))
        sequence += 1
        if i < length:
            ended = i == length - 1
            for _ in range(3 if ended else 1):
                stamp = 5_000 + start * PTIME
                reports.append((when + 0.001, event(sequence, stamp, (i + 1) * PTIME, ended=ended)))
                sequence += 1
    one = call()
    [got] = received(one, packets[:start] + rest + reports)
    pad = to_samples(PAD_S, 8_000)
    masked = (start * PTIME - pad, (start + length) * PTIME + pad)
    np.testing.assert_array_equal(got, without(audio, [masked]))
    [counts] = one.counts
    assert (counts.keys, counts.lost) == (1, 0)


def test_a_key_instead_of_audio_keeps_the_time() -> None:
    audio = speech(100 * PTIME)
    packets = sent(audio)
    reports = [
        (packets[40 + i][0], event(140 + i, 5_000 + 40 * PTIME, (i + 1) * PTIME, ended=i == 9))
        for i in range(10)
    ]
    one = call()
    [got] = received(one, packets[:40] + reports + packets[50:])
    pad = to_samples(PAD_S, 8_000)
    masked = (40 * PTIME - pad, 50 * PTIME + pad)
    np.testing.assert_array_equal(got, without(audio, [masked]))
    assert one.counts[0].keys == 1


def test_keys_of_a_payload_type_that_nobody_named() -> None:
    audio = speech(60 * PTIME)
    packets = sent(audio)
    reports = [
        (packets[i][0] + 0.001, event(500, 5_000 + 30 * PTIME, (i - 29) * PTIME, kind=120))
        for i in range(30, 35)
    ]
    one = call()
    [got] = received(one, packets + reports)
    assert not got[30 * PTIME : 35 * PTIME].any()
    assert one.counts[0].keys == 1


def test_an_unknown_payload_type_is_silence_of_its_length() -> None:
    audio = speech(100 * PTIME)
    packets = sent(audio)
    for i in (*range(30, 40), 98, 99):
        when, data = packets[i]
        packets[i] = (when, packet(100 + i, 5_000 + i * PTIME, data[12:], kind=77))
    one = call()
    [got] = received(one, packets)
    silent = [(30 * PTIME, 40 * PTIME), (98 * PTIME, 100 * PTIME)]
    np.testing.assert_array_equal(got, without(audio, silent))
    assert (one.counts[0].unknown, one.counts[0].lost) == (12, 0)


def test_the_payload_type_may_change_in_the_call() -> None:
    """Also to one of another clock: what follows is placed by its arrival."""
    audio = speech(100 * PTIME)
    packets = sent(audio)
    wide = np.repeat(audio[50 * PTIME :], 2)
    faster = []
    for i in range(50):
        payload = l16(wide[i * 320 : (i + 1) * 320])
        faster.append((1.0 + i * 0.02, packet(150 + i, 70_000 + i * 320, payload, kind=97)))
    one = call()
    [got] = received(one, packets[:50] + faster)
    assert len(got) == len(audio)
    np.testing.assert_array_equal(got[: 50 * PTIME], audio[: 50 * PTIME])
    assert got[50 * PTIME + 400 :].std() > 1_000


def test_ciphertext_is_refused() -> None:
    random = np.random.default_rng(0)
    one = call()
    secret = [packet(i, i * PTIME, random.bytes(170), kind=0) for i in range(10)]
    for i, data in enumerate(secret[:-1]):
        one.push(0, data, i * 0.02)
        assert list(one.advance(i * 0.02)) == []
    with pytest.raises(EncryptedError, match="encrypted"):
        one.push(0, secret[-1], 0.18)


def test_ciphertext_is_refused_after_a_beginning_in_clear() -> None:
    random = np.random.default_rng(0)
    one = call()
    clear = [bytes([0xFF - i % 7, 0x7F] * 80) for i in range(330)]
    secret = [random.bytes(170) for _ in range(30)]

    def ring_and_talk() -> None:
        for i, payload in enumerate([*clear, *secret]):
            one.push(0, packet(i, i * PTIME, payload, kind=0), i * 0.02)

    with pytest.raises(EncryptedError, match="encrypted"):
        ring_and_talk()
    assert len(clear) < one.counts[0].packets <= len(clear) + 20


def test_loud_audio_is_not_taken_for_ciphertext(samples: Path) -> None:
    """Talk, and a slow swing that has every code of a law as often as any other."""
    looked = 0
    for path in sorted(samples.glob("*.wav")):
        audio, _ = soundfile.read(path, dtype="int16", always_2d=True)
        loud = np.clip(audio.astype(int) * 4, -32_768, 32_767).astype(np.int16)
        for channel in loud.T:
            data = alaw(channel)
            assert not is_ciphertext(data)
            looked += len(data)
    assert looked > 300 * ENOUGH
    levels = np.sort(g711_table(Encoding.ALAW))
    swing = np.concatenate([np.roll(levels, -shift)[::8] for shift in range(8)])
    assert not is_ciphertext(alaw(np.tile(swing, 20)))
