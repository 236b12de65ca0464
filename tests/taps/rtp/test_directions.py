from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from hushtap.keypad import PAD_S
from hushtap.taps.encoding import Encoding
from hushtap.taps.rtp.codecs import parse_rtpmap
from hushtap.taps.rtp.directions import PATIENCE_S, STALL_S, Directions
from hushtap.taps.rtp.encrypted import ENOUGH, EncryptedError, is_ciphertext
from hushtap.taps.stdin import g711_table
from hushtap.timeline import to_samples
from hushtap.values import AudioFormat, PcmChunk
from taps.rtp.senders import PTIME, event, l16, packet, received, sent, speech, without

if TYPE_CHECKING:
    from pathlib import Path

    from hushtap.values import Samples

MAP = parse_rtpmap(["96=L16/8000", "97=L16/16000", "101=telephone-event/8000"])
WITHIN = int(PATIENCE_S / 0.02) - 3
"""Packets that one may be late by, and still be waited for."""


def alaw(samples: Samples) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, 8_000, format="RAW", subtype="ALAW")
    return file.getvalue()


def call(channels: int = 1, rate: int = 8_000) -> Directions:
    return Directions([MAP] * channels, AudioFormat(rate, channels))


def test_in_order() -> None:
    audio = speech(16_000)
    one = call()
    [got] = received(one, sent(audio))
    np.testing.assert_array_equal(got, audio)
    [counts] = one.counts
    assert (counts.packets, counts.lost, counts.late, counts.quiet_samples) == (100, 0, 0, 0)


@given(st.data())
@settings(max_examples=60)
def test_any_order_within_the_window_is_the_same_call(data: st.DataObject) -> None:
    """Each packet is delayed by some of the window: whatever order that makes."""
    audio = speech(8_000)
    packets = sent(
        audio,
        sequence=data.draw(st.integers(0, 2**16 - 1)),
        timestamp=data.draw(st.integers(0, 2**32 - 1)),
    )
    count = len(packets)
    delays = data.draw(st.lists(st.integers(0, WITHIN), min_size=count, max_size=count))
    twice = data.draw(st.sets(st.integers(0, count - 1), max_size=5))
    arrivals = [(when + 0.02 * d, p) for (when, p), d in zip(packets, delays, strict=True)]
    arrivals += [(arrivals[i][0] + 0.001, arrivals[i][1]) for i in twice]
    one = call()
    [got] = received(one, arrivals)
    np.testing.assert_array_equal(got, audio)
    [counts] = one.counts
    assert (counts.lost, counts.late, counts.duplicates) == (0, 0, len(twice))
    assert (counts.resets, counts.stray, counts.lost_samples) == (0, 0, 0)


@given(
    lost=st.sets(st.integers(1, 48)),
    sequence=st.integers(0, 2**16 - 1),
    timestamp=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60)
def test_any_loss_keeps_the_length_and_all_that_came(
    lost: set[int], sequence: int, timestamp: int
) -> None:
    audio = speech(50 * PTIME)
    packets = sent(audio, sequence=sequence, timestamp=timestamp)
    one = call()
    [got] = received(one, [p for i, p in enumerate(packets) if i not in lost])
    np.testing.assert_array_equal(got, without(audio, [(i * PTIME, (i + 1) * PTIME) for i in lost]))
    [counts] = one.counts
    assert (counts.lost, counts.lost_samples) == (len(lost), len(lost) * PTIME)
    assert counts.quiet_samples == 0


@given(
    sequence=st.integers(2**16 - 60, 2**16 - 1),
    timestamp=st.integers(2**32 - 60 * PTIME, 2**32 - 1),
)
@settings(max_examples=20)
def test_both_numbers_wrap(sequence: int, timestamp: int) -> None:
    audio = speech(80 * PTIME)
    one = call()
    [got] = received(one, sent(audio, sequence=sequence, timestamp=timestamp))
    np.testing.assert_array_equal(got, audio)
    assert (one.counts[0].resets, one.counts[0].stray) == (0, 0)


def test_what_was_not_sent_is_told_from_what_was_lost() -> None:
    audio = speech(100 * PTIME)
    packets = sent(audio)
    # Packets 30 to 49 are not sent (the sequence goes on), 70 and 71 are lost.
    quiet = [(when, packet(100 + i - 20, 5_000 + i * PTIME, p[12:]))
             for i, (when, p) in enumerate(packets) if i >= 50]  # fmt: skip
    one = call()
    kept = [p for i, p in enumerate(quiet) if i not in {20, 21}]
    [got] = received(one, packets[:30] + kept)
    silent = [(30 * PTIME, 50 * PTIME), (70 * PTIME, 72 * PTIME)]
    np.testing.assert_array_equal(got, without(audio, silent))
    [counts] = one.counts
    assert (counts.lost, counts.lost_samples) == (2, 2 * PTIME)
    assert counts.quiet_samples == 20 * PTIME


def test_a_packet_that_comes_too_late_is_not_heard_and_moves_nothing() -> None:
    audio, other = speech(200 * PTIME), speech(200 * PTIME, 1)
    packets = sent(audio)
    packets[50] = (packets[50][0] + PATIENCE_S + 0.1, packets[50][1])
    one = call(2)
    got = received(one, packets, sent(other))
    np.testing.assert_array_equal(got[0], without(audio, [(50 * PTIME, 51 * PTIME)]))
    np.testing.assert_array_equal(got[1], other)
    assert (one.counts[0].late, one.counts[0].lost) == (1, 0)


def test_a_network_that_stood_still_loses_nothing() -> None:
    """Two seconds of nothing in both directions, then all of it at once."""
    audio, other = speech(400 * PTIME), speech(400 * PTIME, 1)
    stop = 100 * 0.02

    def held(packets: list[tuple[float, bytes]]) -> list[tuple[float, bytes]]:
        end = stop + STALL_S - 1.0
        return [(end if stop <= when < end else when, data) for when, data in packets]

    one = call(2)
    got = received(one, held(sent(audio)), held(sent(other)))
    np.testing.assert_array_equal(got[0], audio)
    np.testing.assert_array_equal(got[1], other)


def test_directions_are_placed_by_their_arrival() -> None:
    audio, other = speech(200 * PTIME), speech(60 * PTIME, 1)
    begins = 1.5
    got = received(call(2), sent(audio), [(when + begins, p) for when, p in sent(other)])
    np.testing.assert_array_equal(got[0], audio)
    np.testing.assert_array_equal(got[1][12_000 : 12_000 + len(other)], other)
    assert not got[1][:12_000].any()
    assert not got[1][12_000 + len(other) :].any()
    assert len(got[1]) == len(got[0])


def test_one_direction_alone_is_not_held_up_by_the_other() -> None:
    one = call(2)
    seen = 0
    for when, data in sent(speech(100 * PTIME)):
        one.push(0, data, when)
        for chunk in one.advance(when):
            seen = chunk.span.end
    assert seen >= 100 * PTIME - (PATIENCE_S + 0.2) * 8_000


@pytest.mark.parametrize("jump", [2**31 - 1, -(2**31) + 1, 3_600 * 8_000, -3_600 * 8_000, 80_000])
def test_timestamps_that_jump_do_not_write_hours(jump: int) -> None:
    audio = speech(200 * PTIME)
    packets = sent(audio)
    moved = [
        (when, packet(100 + i, 5_000 + i * PTIME + (jump if i >= 100 else 0), p[12:]))
        for i, (when, p) in enumerate(packets)
    ]
    one = call()
    [got] = received(one, moved)
    np.testing.assert_array_equal(got, audio)
    assert one.counts[0].resets == 1


def test_a_single_packet_with_a_senseless_timestamp_is_left_out() -> None:
    audio = speech(100 * PTIME)
    packets = sent(audio)
    packets[40] = (packets[40][0], packet(140, 2**31, packets[40][1][12:]))
    one = call()
    [got] = received(one, packets)
    np.testing.assert_array_equal(got, without(audio, [(40 * PTIME, 41 * PTIME)]))
    assert (one.counts[0].stray, one.counts[0].resets) == (1, 0)


def test_a_sender_whose_clock_stood_still_is_heard_again() -> None:
    """Hold without new timestamps: what comes after is placed by its arrival."""
    first, second = speech(100 * PTIME), speech(300 * PTIME, 1)
    other = speech(700 * PTIME, 2)
    hold = 2.5
    late = sent(second, sequence=200, timestamp=5_000 + len(first))
    shifted = [(when + len(first) / 8_000 + hold, p) for when, p in late]
    one = call(2)
    got = received(one, sent(first) + shifted, sent(other))
    place = len(first) + int(hold * 8_000)
    # Up to half a second is given up before it is known that this is no delay.
    lost = 30 * PTIME
    after = got[0][place + lost : place + len(second)]
    np.testing.assert_array_equal(after, second[lost : lost + len(after)])
    assert one.counts[0].resets == 1


def test_two_senseless_packets_that_do_not_go_together_change_nothing() -> None:
    audio = speech(100 * PTIME)
    packets = sent(audio)
    for i, stamp in ((40, 2**31), (41, 2**30)):
        packets[i] = (packets[i][0], packet(100 + i, stamp, packets[i][1][12:]))
    one = call()
    [got] = received(one, packets)
    np.testing.assert_array_equal(got, without(audio, [(40 * PTIME, 42 * PTIME)]))
    assert (one.counts[0].stray, one.counts[0].resets) == (2, 0)


def test_the_least_delay_of_the_beginning_places_a_direction() -> None:
    """Its first packets are up to 60 ms late, and the call is not."""
    audio, other = speech(100 * PTIME), speech(100 * PTIME, 1)
    packets = sent(audio)
    packets[:3] = [(0.06, data) for _, data in packets[:3]]
    got = received(call(2), packets, sent(other))
    np.testing.assert_array_equal(got[0], audio)
    np.testing.assert_array_equal(got[1], other)


def test_one_direction_far_ahead_does_not_fill_memory() -> None:
    """A minute of one direction at once, and nothing of the other."""
    one = call(2)
    for _, data in sent(speech(60 * 8_000)):
        one.push(0, data, 0.0)
    chunks = [*one.advance(0.5), *one.advance(0.52)]
    seen = max(chunk.span.end for chunk in chunks)
    assert seen >= (60 - 31) * 8_000


def test_a_source_between_the_first_ones_packets_never_takes_over() -> None:
    audio = speech(200 * PTIME)
    others = sent(speech(100 * PTIME, 3), ssrc=7, timestamp=99)
    one = call()
    [got] = received(one, sent(audio) + [(when + 0.501, p) for when, p in others])
    np.testing.assert_array_equal(got, audio)
    assert (one.counts[0].foreign, one.counts[0].switches) == (100, 0)


def test_a_stray_source_changes_nothing() -> None:
    audio = speech(200 * PTIME)
    others = sent(speech(40 * PTIME, 3), ssrc=7, timestamp=99)
    one = call()
    [got] = received(one, sent(audio) + [(when + 1.001, p) for when, p in others])
    np.testing.assert_array_equal(got, audio)
    assert (one.counts[0].foreign, one.counts[0].switches) == (40, 0)


def test_a_new_source_takes_over() -> None:
    first, second = speech(100 * PTIME), speech(200 * PTIME, 1)
    begins = len(first) / 8_000 + 0.5
    packets = [(when + begins, p) for when, p in sent(second, ssrc=7, sequence=9, timestamp=1)]
    one = call()
    [got] = received(one, sent(first) + packets)
    place = len(first) + 4_000
    np.testing.assert_array_equal(got[: len(first)], first)
    np.testing.assert_array_equal(got[place:], second)
    assert (one.counts[0].switches, one.counts[0].foreign) == (1, 0)


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


@pytest.mark.parametrize("ppm", [-500, 200])
def test_a_clock_that_is_off_is_followed(ppm: int) -> None:
    """Pulses in quiet: for ten minutes, each is less than 20 ms from its true time."""
    count, ptime = 15_000, 2 * PTIME
    packets, truth = [], []
    for i in range(count):
        payload = np.zeros(ptime, np.int16)
        sent_at = i * 0.04 / (1 + ppm * 1e-6)
        if i % 250 == 25:
            payload[0] = 20_000
            truth.append(sent_at)
        jitter = (i * 7_919 % 1_000) / 1_000 * 0.03
        packets.append((sent_at + jitter, packet(i, i * ptime, l16(payload))))
    one = call()
    [got] = received(one, packets, step=0.1)
    [heard] = np.nonzero(got)
    assert len(heard) == len(truth)
    assert np.abs(heard / 8_000 - np.array(truth)).max() < 0.02
    [counts] = one.counts
    assert abs(counts.inserted + ppm * 1e-6 * 600 * 8_000) < 0.02 * 8_000
    assert (counts.late, counts.resets) == (0, 0)


def test_speech_is_not_moved_for_a_small_error_but_is_for_a_large_one() -> None:
    seconds, ppm, ptime = 280, 500, 320
    audio = speech(seconds * 8_000)
    packets = [
        (at / 8_000 / (1 + ppm * 1e-6), packet(at // ptime, at, l16(audio[at : at + ptime])))
        for at in range(0, len(audio), ptime)
    ]
    one = call()
    [got] = received(one, packets, step=0.2)
    # 500 ppm of 280 s are 140 ms: corrected once, when 120 ms were exceeded.
    assert -1_200 <= one.counts[0].inserted <= -960
    np.testing.assert_array_equal(got[: 200 * 8_000], audio[: 200 * 8_000])


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


@pytest.mark.parametrize("steps", [40, 400])
def test_one_forged_packet_claims_little_silence(steps: int) -> None:
    """A sequence number and a timestamp that go together, in the middle and at the end."""
    audio = speech(100 * PTIME)
    packets = sent(audio)
    forged = packet(150 + steps, 5_000 + (50 + steps * 10) * PTIME, b"\0\1" * PTIME)
    last = packet(199 + steps, 5_000 + (99 + steps * 10) * PTIME, b"\0\1" * PTIME)
    one = call()
    [got] = received(one, [*packets[:50], (1.0, forged), *packets[50:], (2.0, last)])
    np.testing.assert_array_equal(got, audio)
    assert one.counts[0].stray == 2


def test_what_is_no_rtp_is_counted() -> None:
    one = call()
    for data in (b"", b"\x80", bytes(40), b"\xff" * 40, bytes([0x80, 200]) + bytes(40)):
        assert not one.push(0, data, 0.0)
    assert one.counts[0].malformed == 5
    assert list(one.finish()) == []


def test_a_direction_that_is_added_is_silent_before_and_in_time_after() -> None:
    first, added = speech(32_000, 1), speech(8_000, 2)
    one = call()
    chunks: list[PcmChunk] = []
    for when, data in sent(first):
        if when == 1.0:
            assert one.add(MAP) == 1
        one.push(0, data, when)
        if when >= 2.0 and when < 3.0:
            at = round((when - 2.0) * 8_000)
            one.push(1, packet(at // PTIME, at, l16(added[at : at + PTIME]), ssrc=9), when)
        chunks += one.advance(when)
    chunks += one.finish()
    ends = {0: 0, 1: 0}
    out = np.zeros((2, 32_000), np.int16)
    begun = next(chunk.span.start for chunk in chunks if chunk.channel == 1)
    ends[1] = begun
    for chunk in chunks:
        assert chunk.span.start == ends[chunk.channel]
        ends[chunk.channel] = chunk.span.end
        out[chunk.channel, chunk.span.start : chunk.span.end] = chunk.samples
    assert ends == {0: 32_000, 1: 32_000}
    assert 4_000 < begun <= 8_000
    np.testing.assert_array_equal(out[0], first)
    np.testing.assert_array_equal(
        out[1], np.concatenate([np.zeros(16_000), added, np.zeros(8_000)])
    )


def test_one_that_is_added_and_never_sends_holds_nothing_up() -> None:
    audio = speech(16_000)
    one = call()
    got: list[PcmChunk] = []
    for when, data in sent(audio):
        if when == 0.5:
            one.add(MAP)
        one.push(0, data, when)
        got += [chunk for chunk in one.advance(when) if chunk.channel == 0]
    assert got[-1].span.end > 16_000 - 8_000
    got += [chunk for chunk in one.finish() if chunk.channel == 0]
    np.testing.assert_array_equal(np.concatenate([chunk.samples for chunk in got]), audio)


def test_signalling_lets_a_new_source_and_new_payload_types_in_at_once() -> None:
    before, after = speech(8_000, 1), speech(8_000, 2)
    told = parse_rtpmap(["96=PCMU/8000", "98=L16/8000"])
    one = call()
    pieces: list[PcmChunk] = []
    for when, data in sent(before):
        one.push(0, data, when)
        pieces += one.advance(when)
    one.renew(0, told)
    for at in range(0, 8_000, PTIME):
        when = 1.0 + at / 8_000
        one.push(0, packet(7 + at // PTIME, at, l16(after[at : at + PTIME]), kind=98, ssrc=5), when)
        # One that is still under way of the old source changes nothing.
        one.push(0, sent(before)[-1][1], when)
        pieces += one.advance(when)
    pieces += one.finish()
    got = np.concatenate([chunk.samples for chunk in pieces])
    np.testing.assert_array_equal(got, np.concatenate([before, after]))
    assert one.counts[0].switches == 1
