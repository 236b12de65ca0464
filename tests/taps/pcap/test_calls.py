from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from hushtap.errors import TapError
from hushtap.taps.pcap.calls import find_calls
from hushtap.taps.pcap.tap import PcapTap
from hushtap.values import Samples
from taps.pcap.captures import (
    COOKED,
    COOKED_2,
    ETHERNET,
    HERE,
    LOOPBACK,
    RAW,
    THERE,
    THERE_6,
    frame,
    ip,
    mulaw,
    sdp,
    sip,
    stream,
    write_pcap,
)
from taps.rtp.senders import PTIME, packet, speech

if TYPE_CHECKING:
    from pathlib import Path

    from hushtap.taps.pcap.calls import CapturedCall

OUT = ((HERE, 4_000), (THERE, 5_000))
BACK = ((THERE, 5_000), (HERE, 4_000))
ELSEWHERE = b"\x0a\x00\x00\x03"


def companded(samples: Samples) -> Samples:
    """Return what mu-law leaves of samples, as FFmpeg decodes it."""
    import av  # noqa: PLC0415

    codec: Any = av.CodecContext.create("pcm_mulaw", "r")
    codec.sample_rate, codec.layout = 8_000, "mono"
    frames = codec.decode(av.Packet(mulaw(samples)))
    return np.concatenate([one.to_ndarray().reshape(-1) for one in frames])


def heard(call: CapturedCall) -> list[Samples]:
    tap = PcapTap(call)
    pieces: list[list[Samples]] = [[] for _ in range(tap.format.channels)]
    for chunk in tap:
        pieces[chunk.channel].append(chunk.samples)
    return [np.concatenate(one) for one in pieces]


@pytest.mark.parametrize("link", [ETHERNET, RAW, COOKED, COOKED_2, LOOPBACK])
def test_there_and_back_is_one_call_of_two_channels(link: int, tmp_path: Path) -> None:
    one, two = speech(8_000), speech(8_000, 1)
    packets = stream(BACK, two, begins=0.1, ssrc=2, link=link) + stream(OUT, one, link=link)
    [call] = find_calls(write_pcap(tmp_path / "c.pcap", packets, link))
    first, second = heard(call)
    np.testing.assert_array_equal(first[:8_000], companded(one))
    np.testing.assert_array_equal(second[800:], companded(two))
    assert len(first) == len(second) == 8_800
    assert not second[:800].any()


def test_version_six_with_tags(tmp_path: Path) -> None:
    flow = ((bytes(15) + b"\x01", 4_000), (THERE_6, 5_000))
    path = write_pcap(tmp_path / "c.pcap", stream(flow, speech(4_000), vlans=(12, 7)))
    [call] = find_calls(path)
    [only] = heard(call)
    np.testing.assert_array_equal(only, companded(speech(4_000)))


def test_several_calls_are_told_apart_and_no_strangers_paired(tmp_path: Path) -> None:
    """Two pairs by their ports, and three streams of one host to another at once."""
    others = [((HERE, 4_100 + i), (THERE, 5_100 + i)) for i in range(3)]
    packets = (
        stream(OUT, speech(4_000, 1), begins=1.0)
        + stream(BACK, speech(4_000, 2), begins=1.0, ssrc=2)
        + stream(((HERE, 4_050), (THERE, 5_050)), speech(4_000, 3), begins=1.5)
        + stream(((THERE, 5_050), (HERE, 4_050)), speech(4_000, 4), begins=1.4)
        + [one for i in range(3) for one in stream(others[i], speech(4_000), begins=0.1 * i)]
    )
    calls = find_calls(write_pcap(tmp_path / "c.pcap", packets))
    assert [len(call.channels) for call in calls] == [1, 1, 1, 2, 2]
    assert [(call.number, call.of) for call in calls] == [(i, 5) for i in range(1, 6)]
    np.testing.assert_array_equal(heard(calls[4])[0][:4_000], companded(speech(4_000, 4)))


def test_two_streams_alone_between_two_hosts_are_a_call(tmp_path: Path) -> None:
    """As a fork sends them to a recorder: both from one host to another."""
    fork = ((HERE, 4_002), (THERE, 5_002))
    packets = stream(OUT, speech(4_000)) + stream(fork, speech(4_000, 1), begins=0.02)
    [call] = find_calls(write_pcap(tmp_path / "c.pcap", packets))
    assert len(call.channels) == 2
    np.testing.assert_array_equal(heard(call)[0][:4_000], companded(speech(4_000)))


def test_no_pair_where_a_third_was_there_with_one_of_them(tmp_path: Path) -> None:
    flows = [((HERE, 4_000 + i), (THERE, 5_000 + i)) for i in range(3)]
    packets = (
        stream(flows[0], speech(8_000))
        + stream(flows[1], speech(16_000, 1), begins=0.1)
        + stream(flows[2], speech(8_000, 2), begins=1.2)
    )
    calls = find_calls(write_pcap(tmp_path / "c.pcap", packets))
    assert [len(call.channels) for call in calls] == [1, 1, 1]


def test_ports_that_are_used_again_are_another_call(tmp_path: Path) -> None:
    packets = stream(OUT, speech(4_000)) + stream(OUT, speech(4_000, 1), begins=120.0, ssrc=9)
    calls = find_calls(write_pcap(tmp_path / "c.pcap", packets))
    assert [len(heard(call)[0]) for call in calls] == [4_000, 4_000]


def invite(number: int, caller: str, callee: str, tag: str) -> str:
    return f"""INVITE sip:b@{callee} SIP/2.0
Call-ID: call{number}
From: <sip:a@{caller}>;tag={tag}
CSeq: 1 INVITE
Content-Type: application/sdp"""


OK = """SIP/2.0 200 OK
i: call{number}
f: "A" <sip:a>;tag={tag}
CSeq: 1 INVITE
Content-Type: application/sdp"""


def test_signalling_tells_who_called_and_what_is_sent(tmp_path: Path) -> None:
    """The callee's audio begins first; the payload type is a dynamic one."""
    audio = speech(8_000)
    data = audio.astype(">i2").tobytes()
    payloads = [data[at : at + 320] for at in range(0, len(data), 320)]
    asks = [
        (1.0 + i * 0.02, frame(ip(OUT, packet(i, i * PTIME, one)), ETHERNET))
        for i, one in enumerate(payloads)
    ]
    early = stream(BACK, speech(12_000, 1), begins=0.5, ssrc=2)
    extra = "a=rtpmap:96 L16/8000\r\na=rtpmap:101 telephone-event/8000"
    ports = ((HERE, 5_060), (THERE, 5_060))
    talk = [
        (
            0.0,
            sip(ports, invite(1, "10.0.0.1", "10.0.0.2", "x"), sdp("10.0.0.1", 4_000, extra=extra)),
        ),
        (0.4, sip(ports[::-1], OK.format(number=1, tag="x"), sdp("10.0.0.2", 5_000, extra=extra))),
        # Later the callee offers the same again.
        (1.5, sip(ports[::-1], invite(1, "10.0.0.2", "10.0.0.1", "y"), sdp("10.0.0.2", 5_000))),
    ]
    path = write_pcap(tmp_path / "c.pcap", asks + early + talk)
    [call] = find_calls(path)
    caller, callee = heard(call)
    np.testing.assert_array_equal(caller[4_000:], audio)
    np.testing.assert_array_equal(callee, companded(speech(12_000, 1)))


def test_both_streams_of_a_recording_session_are_its_audio_lines(tmp_path: Path) -> None:
    flows = [((HERE, 4_000), (THERE, 5_000)), ((HERE, 4_010), (THERE, 5_010))]
    ports = ((HERE, 5_060), (THERE, 5_060))
    talk = [
        (0.0, sip(ports, invite(1, "a", "b", "x"), sdp("10.0.0.1", 4_000, 4_010))),
        (0.1, sip(ports[::-1], OK.format(number=1, tag="x"), sdp("10.0.0.2", 5_000, 5_010))),
        # Another call between the same hosts, so that hosts and times tell nothing.
        (0.0, sip(ports, invite(2, "a", "b", "z"), sdp("10.0.0.1", 4_020))),
    ]
    packets = (
        stream(flows[1], speech(4_000, 1), begins=0.2)
        + stream(flows[0], speech(4_000), begins=0.3)
        + stream(((HERE, 4_020), (THERE, 5_020)), speech(4_000, 2), begins=0.2)
    )
    calls = find_calls(write_pcap(tmp_path / "c.pcap", talk + packets))
    assert [len(call.channels) for call in calls] == [2, 1]
    first, second = heard(calls[0])
    np.testing.assert_array_equal(second[:4_000], companded(speech(4_000, 1)))
    np.testing.assert_array_equal(first[800:], companded(speech(4_000)))


def test_no_silence_of_years_between_streams_of_one_dialog(tmp_path: Path) -> None:
    """A clock that jumps, or a Call-ID that comes again."""
    ports = ((HERE, 5_060), (THERE, 5_060))
    talk = [(0.0, sip(ports, invite(1, "a", "b", "x"), sdp("10.0.0.1", 4_000)))]
    packets = stream(OUT, speech(4_000)) + stream(OUT, speech(4_000, 1), begins=1e8)
    calls = find_calls(write_pcap(tmp_path / "c.pcap", talk + packets))
    assert [len(heard(call)[0]) for call in calls] == [4_000, 4_000]


def test_a_party_whose_ports_change_stays_one_channel(tmp_path: Path) -> None:
    moved = ((HERE, 4_000), (THERE, 5_500))
    ports = ((HERE, 5_060), (THERE, 5_060))
    talk = [
        (0.0, sip(ports, invite(1, "a", "b", "x"), sdp("10.0.0.1", 4_000))),
        (0.0, sip(ports[::-1], OK.format(number=1, tag="x"), sdp("10.0.0.2", 5_000))),
        # The callee moves its own end: the offer is the callee's.
        (0.9, sip(ports[::-1], invite(1, "b", "a", "y"), sdp("10.0.0.2", 5_500))),
    ]
    packets = (
        stream(OUT, speech(8_000))
        + stream(moved, speech(16_000, 1), begins=1.0, ssrc=8)
        + stream(BACK, speech(24_000, 2), ssrc=2)
    )
    [call] = find_calls(write_pcap(tmp_path / "c.pcap", talk + packets))
    caller, callee = heard(call)
    np.testing.assert_array_equal(caller[:8_000], companded(speech(8_000)))
    np.testing.assert_array_equal(caller[8_000:], companded(speech(16_000, 1)))
    np.testing.assert_array_equal(callee, companded(speech(24_000, 2)))


def problem(path: Path) -> str:
    with pytest.raises(TapError) as told:
        find_calls(path)
    line = str(told.value)
    assert line.startswith(str(path))
    assert "\n" not in line
    return line.removeprefix(f"{path} ")


def test_captures_without_a_call_say_why(tmp_path: Path) -> None:
    path = tmp_path / "c.pcap"
    assert problem(write_pcap(path, [])).startswith("holds no RTP")
    noise = [(i * 0.02, frame(ip(OUT, bytes([i]) * 172), ETHERNET)) for i in range(100)]
    assert problem(write_pcap(path, noise)).startswith("holds no RTP")
    assert "payload type 111 alone" in problem(
        write_pcap(path, stream(OUT, speech(4_000), kind=111))
    )
    cut = [(when, data[:100]) for when, data in stream(OUT, speech(4_000))]
    assert problem(write_pcap(path, cut)).startswith("has packets without their ends")
    parts = [
        (i * 0.02, frame(ip(OUT, packet(i, i * PTIME, bytes(160)), mf=1), ETHERNET))
        for i in range(9)
    ]
    assert problem(write_pcap(path, parts)).startswith("has fragments")
    assert problem(write_pcap(path, [(0.0, bytes(40))], link=147)).startswith(
        "has frames of link type 147"
    )
    path.write_text("not a capture\n")
    assert problem(path).startswith("is no packet capture")
    path.write_bytes(b"")
    assert problem(path).startswith("is no packet capture")
    assert problem(tmp_path / "none.pcap").startswith("cannot be read (No such file")


def test_ciphertext_is_refused_and_the_other_call_is_not(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    secret = ((HERE, 6_000), (ELSEWHERE, 7_000))
    packets = stream(OUT, speech(8_000)) + [
        (i * 0.02, frame(ip(secret, packet(i, i * PTIME, random.bytes(170), kind=0)), ETHERNET))
        for i in range(50)
    ]
    calls = find_calls(write_pcap(tmp_path / "c.pcap", packets))
    taken = []
    for call in calls:
        try:
            taken.append(PcapTap(call))
        except TapError as exc:
            line = str(exc)
    assert len(taken) == 1
    assert line.endswith("is encrypted (SRTP): capture it where it is in clear")
    assert ", call " in line


def test_every_packet_twice_as_captures_of_any_interface_have_it(tmp_path: Path) -> None:
    packets = stream(OUT, speech(8_000))
    twice = packets + [(when + 1e-5, data) for when, data in packets]
    [call] = find_calls(write_pcap(tmp_path / "c.pcap", twice))
    tap = PcapTap(call)
    got = np.concatenate([chunk.samples for chunk in tap])
    np.testing.assert_array_equal(got, companded(speech(8_000)))
    assert tap.counts[0].duplicates == 50


def test_a_capture_that_changed_is_an_error(tmp_path: Path) -> None:
    path = write_pcap(tmp_path / "c.pcap", stream(OUT, speech(8_000)))
    [call] = find_calls(path)
    write_pcap(path, stream(OUT, speech(4_000), vlans=(3,)))
    with pytest.raises(TapError, match="has changed since it was first read"):
        list(PcapTap(call))
    path.unlink()
    with pytest.raises(TapError, match="cannot be read"):
        list(PcapTap(call))
