"""Who sends: other sources, directions that are added, what signalling changes."""

from __future__ import annotations

import numpy as np

from hushtap.taps.rtp.codecs import parse_rtpmap
from hushtap.values import PcmChunk
from taps.rtp.senders import (
    MAP,
    PTIME,
    call,
    l16,
    packet,
    received,
    sent,
    speech,
)


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
