"""Times that cannot be true, and clocks that are off."""

from __future__ import annotations

import numpy as np
import pytest

from taps.rtp.senders import (
    PTIME,
    call,
    l16,
    packet,
    received,
    sent,
    speech,
    without,
)


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


def test_two_clocks_that_are_off_stay_together_for_ten_minutes() -> None:
    """Pulses at once on both channels, of which one is 200 ppm fast."""
    count, ptime = 15_000, 2 * PTIME
    streams = []
    for ppm in (200, 0):
        packets = []
        for i in range(count):
            payload = np.zeros(ptime, np.int16)
            sent_at = i * 0.04 / (1 + ppm * 1e-6)
            # The sample of the sender's clock at which the pulse of every ten seconds is.
            due = round(10 * 8_000 * round(sent_at / 10) * (1 + ppm * 1e-6)) - i * ptime
            if 0 <= due < ptime and 1 < sent_at < 595:
                payload[due] = 20_000
            jitter = (i * 7_919 % 1_000) / 1_000 * 0.03
            packets.append((sent_at + jitter, packet(i, i * ptime, l16(payload))))
        streams.append(packets)
    both = received(call(2), *streams, step=0.1)
    places = [np.nonzero(one)[0] for one in both]
    assert [len(one) for one in places] == [59, 59]
    # Uncorrected they would be 120 ms apart in the end.
    assert np.abs(places[0] - places[1]).max() < 0.02 * 8_000


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
