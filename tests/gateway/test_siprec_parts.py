"""Parts of the recording server: its section, ports, mixing, and the audio of one call."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydantic import ValidationError
from pylibsrtp import Policy, Session

from hushtap.errors import BusyError
from hushtap.gateway.siprec_config import SiprecSection
from hushtap.gateway.siprec_media import QUEUED, Media, Mixer, Terms
from hushtap.gateway.siprec_ports import Ports
from hushtap.gateway.siprec_session import Recorded
from hushtap.keypad import Keypad
from hushtap.taps.pressed import AFTER_S, BEFORE_S
from hushtap.taps.rtp.codecs import parse_rtpmap
from hushtap.taps.rtp.srtp import Key
from hushtap.taps.siprec import sdp
from hushtap.taps.siprec.message import Headers, RefusedError, Request
from hushtap.taps.siprec.metadata import Metadata
from hushtap.timeline import Span, merge, to_samples
from hushtap.values import AudioFormat, PcmChunk
from taps.rtp.senders import L16, l16, packet, sent, speech

if TYPE_CHECKING:
    from hushtap.values import Samples

MAP = parse_rtpmap([f"{L16}=L16/8000"])
FORMAT = AudioFormat(8_000, 2)
HERE, ELSEWHERE = ("10.0.0.9", 4_000), ("10.0.0.66", 4_000)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"udp": "10.0.0.1:5060"}, "reached from other machines"),
        ({"media": "10.0.0.1"}, "reached from other machines"),
        ({"media": "::", "allow_plain": True}, "advertise"),
        ({"media": "here"}, "numeric"),
        ({"ports": "40000-40004"}, "no range"),
        ({"ports": "500-900"}, "no range"),
        ({"ports": "5000"}, "no range"),
        ({"peers": ["10.0.0.0/40"]}, "no network"),
        ({"udp": "", "tcp": ""}, "listens nowhere"),
        ({"tls": "127.0.0.1:5061"}, "tls_cert"),
        ({"tls": "0.0.0.0:5061", "tls_cert": "c", "tls_key": "k"}, "whoever reaches it"),
        ({"udp": "5060"}, "no address"),
        ({"agent": "third"}, "first"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_a_section_that_cannot_be_is_refused(section: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SiprecSection(**section)  # type: ignore[arg-type]


def test_nothing_but_tls_and_srtp_may_leave_the_machine_unasked() -> None:
    section = SiprecSection.model_validate(
        {"udp": "", "tcp": "", "tls": "0.0.0.0:5061", "tls_cert": "c", "tls_key": "k"}
        | {"media": "::", "advertise": "10.0.0.5", "srtp": "required", "peers": ["10.0.0.0/24"]}
    )
    assert section.told == "10.0.0.5"
    assert section.port_range == range(40_000, 40_999, 2)


def test_ports_rest_before_they_are_taken_again() -> None:
    now = 0.0
    ports = Ports("127.0.0.1", range(43_000, 43_006, 2), 30.0, lambda: now)
    taken = [ports.take() for _ in range(3)]
    assert [one.port for one in taken] == [43_000, 43_002, 43_004]
    assert [one.rtcp.getsockname()[1] for one in taken] == [43_001, 43_003, 43_005]
    taken[1].close()
    taken[1].close()
    now = 29.0
    with pytest.raises(BusyError) as refused:
        ports.take()
    assert refused.value.retry_after == 1
    now = 30.0
    again = ports.take()
    assert again.port == 43_002
    for one in (*taken, again):
        one.close()


def test_ports_that_others_hold_are_passed_over() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 43_011))
        ports = Ports("127.0.0.1", range(43_010, 43_014, 2), 30.0, lambda: 0.0)
        pair = ports.take()
        assert pair.port == 43_012
        pair.close()
        with pytest.raises(BusyError):
            ports.take()


def chunk(stream: int, samples: list[int]) -> PcmChunk:
    return PcmChunk(stream, Span(0, len(samples)), np.array(samples, np.int16))


def test_streams_are_added_into_their_channels() -> None:
    turn = [chunk(0, [1, 2]), chunk(1, [30_000, -30_000]), chunk(2, [10_000, -10_000])]
    out = list(Mixer(8_000).mix(turn, [0, 1, 1]))
    assert [one.channel for one in out] == [0, 1]
    assert [one.samples.tolist() for one in out] == [[1, 2], [32_767, -32_768]]
    (left, right) = Mixer(8_000).mix(turn[:1], [1])
    assert (left.samples.tolist(), right.samples.tolist()) == ([0, 0], [1, 2])


def test_keys_of_one_stream_are_told_where_talk_of_another_hides_them() -> None:
    at = np.arange(800) / 8_000
    key = Span(4_000, 4_800)
    streams = np.zeros((2, 8_000), np.int16)
    tones = np.sin(2 * np.pi * 770 * at) + np.sin(2 * np.pi * 1_336 * at)
    streams[0, key.start : key.end] = (2_000 * tones).astype(np.int16)
    streams[1] = 2 * speech(8_000)
    mixer, keypad = Mixer(8_000), Keypad(8_000)
    told: list[Span] = []
    for start in range(800, 8_000, 800):
        span = Span(start, start + 800)
        turn = [PcmChunk(n, span, one[start : start + 800]) for n, one in enumerate(streams)]
        (_, one) = mixer.mix(turn, [1, 1])
        keypad.feed(one.samples)
        told += one.keys
    assert not keypad.pressed()
    (found,) = merge(told)
    assert found.start <= key.start
    assert key.end <= found.end
    assert len(found) < len(key) + 1_000


class Taker:
    """What a call is to its media: it keeps what it is offered."""

    def __init__(self, *streams: Terms) -> None:
        self.pieces: list[list[Samples]] = [[], []]
        self.failures = 0
        self.media = Media(FORMAT, self._offer, self._failed)
        for number, terms in enumerate(streams):
            self.media.agree(number, terms)

    def _offer(self, chunk: PcmChunk) -> bool:
        self.pieces[chunk.channel].append(chunk.samples)
        return True

    def _failed(self) -> None:
        self.failures += 1

    def channel(self, number: int) -> Samples:
        return np.concatenate([np.zeros(0, np.int16), *self.pieces[number]])


def test_a_forged_packet_from_elsewhere_is_not_recorded() -> None:
    one = Taker(Terms(1, MAP, None))
    audio = speech(8_000)
    for number, (when, data) in enumerate(sent(audio)):
        one.media.put(0, data, HERE, when)
        forged = packet(100 + number, 5_000 + 160 * number, l16(speech(160, 9)))
        one.media.put(0, forged, ELSEWHERE, when)
        one.media.turn(when)
    one.media.finish()
    np.testing.assert_array_equal(one.channel(1), audio)
    assert not one.channel(0).any()
    assert one.media.refused == 50


def test_keys_change_with_the_signalling_and_late_packets_still_open() -> None:
    suite = "AES_CM_128_HMAC_SHA1_80"
    keys = [Key(suite, bytes([n]) * 30) for n in (1, 2)]
    seals = [Session(Policy(key=key.secret, ssrc_type=Policy.SSRC_ANY_OUTBOUND)) for key in keys]
    one = Taker(Terms(0, MAP, keys[0]))
    audio = speech(16_000)
    packets = [(when, seals[when >= 1.0].protect(data), when) for when, data in sent(audio)]
    # The last of the old key comes after the first of the new one.
    packets[49], packets[50] = packets[50], packets[49]
    for number, (_, sealed, _) in enumerate(packets):
        when = 0.02 * number
        if number == 49:
            one.media.agree(0, Terms(0, MAP, keys[1]))
        one.media.put(0, sealed, HERE, when)
        one.media.put(0, sent(audio)[number][1], HERE, when)
        one.media.turn(when)
    one.media.finish()
    np.testing.assert_array_equal(one.channel(0), audio)
    assert one.media.refused == len(packets)


def test_keys_that_the_signalling_tells_of_are_told_on_both_channels() -> None:
    offered: list[PcmChunk] = []

    def offer(chunk: PcmChunk) -> bool:
        offered.append(chunk)
        return True

    media = Media(FORMAT, offer, lambda: None)
    media.agree(0, Terms(0, MAP, None))
    media.agree(1, Terms(1, MAP, None))
    for when, data in sent(speech(24_000)):
        for stream in range(2):
            media.put(stream, data, HERE, 10.0 + when)
    media.turn(11.5)
    media.press(12.0)
    media.turn(12.0)
    media.finish()
    keys: dict[int, list[Span]] = {0: [], 1: []}
    for chunk in offered:
        keys[chunk.channel] += chunk.keys
    about = Span(2 * 8_000 - to_samples(BEFORE_S, 8_000), 2 * 8_000 + to_samples(AFTER_S, 8_000))
    assert keys == {0: [about], 1: [about]}


def test_where_one_address_is_given_the_others_are_not_listened_at() -> None:
    assert SiprecSection().udp == SiprecSection().tcp == "127.0.0.1:5060"
    alone = SiprecSection(tcp="127.0.0.1:5070")
    assert (alone.udp, alone.tcp, alone.tls) == ("", "127.0.0.1:5070", "")


def test_what_does_not_fit_is_dropped_and_counted() -> None:
    one = Taker(Terms(0, MAP, None))
    for _ in range(QUEUED + 10):
        one.media.put(0, b"x", HERE, 0.0)
    assert one.media.dropped == 11


def test_ciphertext_without_a_key_ends_its_call_alone() -> None:
    one = Taker(Terms(0, MAP, None))
    random = np.random.default_rng(1)
    for number in range(20):
        data = packet(number, 160 * number, random.bytes(320))
        one.media.put(0, data, HERE, 0.02 * number)
        one.media.turn(0.02 * number)
    assert one.failures == 1
    one.media.finish()
    assert not one.channel(0).any()


def test_audio_that_cannot_be_read_to_its_end_is_told_and_raises_nothing() -> None:
    one = Taker(Terms(0, MAP, None))
    random = np.random.default_rng(1)
    # All of it is looked at once the session is over.
    for number in range(20):
        data = packet(number, 160 * number, random.bytes(320))
        one.media.put(0, data, HERE, 0.02 * number)
    assert not one.media.finish()
    assert one.failures == 1
    whole = Taker(Terms(0, MAP, None))
    assert whole.media.finish()


def test_a_stage_that_breaks_at_the_end_of_a_session_raises_nothing() -> None:
    one = Taker(Terms(0, MAP, None))
    for when, data in sent(speech(1_600)):
        one.media.put(0, data, HERE, when)
    one.media.turn(0.1)
    assert one.media._directions is not None
    one.media._directions._ready = []
    assert not one.media.finish()
    assert one.failures == 1


def test_a_session_that_is_refreshed_keeps_counting_under_its_key() -> None:
    suite = "AES_CM_128_HMAC_SHA1_80"
    key = Key(suite, bytes(30))
    seal = Session(Policy(key=key.secret, ssrc_type=Policy.SSRC_ANY_OUTBOUND))
    one = Taker(Terms(0, MAP, key))
    audio = speech(16_000)
    for number, (when, data) in enumerate(sent(audio, sequence=65_500)):
        # Once the sequence has wrapped, only who counted along can open what follows.
        if number in {60, 70, 80}:
            one.media.agree(0, Terms(0, MAP, key))
        one.media.put(0, seal.protect(data), HERE, when)
        one.media.turn(when)
    one.media.finish()
    np.testing.assert_array_equal(one.channel(0), audio)


def offer(*labels: str) -> tuple[sdp.Media, ...]:
    lines = ["v=0", "c=IN IP4 10.0.0.9", "t=0 0"]
    for label in labels:
        lines += ["m=audio 30000 RTP/AVP 0", f"a=label:{label}"]
    return sdp.parse("\n".join(lines).encode())


def placed(*offers: tuple[sdp.Media, ...]) -> list[int]:
    """Return the channel of each line after a session took these offers."""

    async def negotiated() -> list[int]:
        ports = Ports("127.0.0.1", range(43_020, 43_030, 2), 0.0, lambda: 0.0)
        invite = Request("INVITE", "sip:srs", Headers([("call-id", "c")]))
        recorded = Recorded(SiprecSection(), ports, invite, offers[0], Metadata())
        for later in offers[1:]:
            recorded.negotiate(later, invite)
        recorded.close()
        return [line.channel for _, line in sorted(recorded._lines.items())]

    return asyncio.run(negotiated())


def test_a_line_keeps_its_channel_and_a_new_one_takes_the_free_one() -> None:
    assert placed(offer("1", "2")) == [1, 0]
    # By order alone, both would be the caller's.
    assert placed(offer("5"), offer("5", "1")) == [1, 0]
    assert placed(offer("5"), offer("5", "9")) == [1, 0]
    assert placed(offer("2", "1"), offer("2", "1", "0"))[:2] == [0, 1]


def test_an_offer_that_cannot_be_met_changes_nothing() -> None:
    async def refused() -> None:
        ports = Ports("127.0.0.1", range(43_030, 43_034, 2), 0.0, lambda: 0.0)
        invite = Request("INVITE", "sip:srs", Headers([("call-id", "c")]))
        recorded = Recorded(SiprecSection(), ports, invite, offer("1"), Metadata())
        before = recorded.sdp
        with pytest.raises(BusyError):
            recorded.negotiate(offer("1", "2", "3"), invite)
        with pytest.raises(RefusedError):
            recorded.negotiate((), invite)
        assert recorded.sdp == before
        # The port that was found for the second line was given back.
        recorded.negotiate(offer("1", "2"), invite)
        recorded.close()

    asyncio.run(refused())
