"""Order, loss and place in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hushtap.taps.rtp.directions import CATCH_UP_S, PATIENCE_S, QUIET_S, STALL_S
from taps.rtp.senders import (
    PTIME,
    call,
    packet,
    received,
    sent,
    speech,
    without,
)

if TYPE_CHECKING:
    from hushtap.values import Samples

WITHIN = int(PATIENCE_S / 0.02) - 3
"""Packets that one may be late by, and still be waited for."""


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


def test_what_is_no_rtp_is_counted() -> None:
    one = call()
    for data in (b"", b"\x80", bytes(40), b"\xff" * 40, bytes([0x80, 200]) + bytes(40)):
        assert not one.push(0, data, 0.0)
    assert one.counts[0].malformed == 5
    assert list(one.finish()) == []


def test_a_call_that_nobody_ends_ends_soon_after_its_last_packet() -> None:
    audio = speech(16_000)
    one = call(quiet=QUIET_S)
    for when, data in sent(audio):
        one.push(0, data, when)
    chunks = [chunk for now in range(1, 31) for chunk in one.advance(float(now))]
    chunks += one.finish()
    got = np.concatenate([chunk.samples for chunk in chunks])
    np.testing.assert_array_equal(got[: len(audio)], audio)
    assert not got[len(audio) :].any()
    assert len(audio) < len(got) <= len(audio) + QUIET_S * 8_000


def test_after_a_pause_without_packets_all_is_where_it_belongs_and_comes_bit_by_bit() -> None:
    before, after, pause = speech(16_000), speech(16_000, 2), 30 * 8_000
    quiet = np.zeros(pause, np.int16)
    one = call(quiet=QUIET_S)
    packets = sent(np.concatenate([before, quiet, after]))
    sending = packets[:100] + packets[-100:]
    pieces: list[Samples] = []
    largest = 0
    for n in range(400):
        now = 0.1 * (n + 1)
        while sending and sending[0][0] <= now:
            when, data = sending.pop(0)
            one.push(0, data, when)
        given = [chunk.samples for chunk in one.advance(now)]
        largest = max(largest, sum(map(len, given)))
        pieces += given
    pieces += [chunk.samples for chunk in one.finish()]
    got = np.concatenate(pieces)
    whole = np.concatenate([before, quiet, after])
    np.testing.assert_array_equal(got[: len(whole)], whole)
    assert len(got) <= len(whole) + QUIET_S * 8_000
    assert largest <= 2 * CATCH_UP_S * 8_000
