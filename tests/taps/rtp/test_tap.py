from __future__ import annotations

import shutil
import socket
import struct
import subprocess
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
import soundfile

from hushtap.addresses import is_loopback
from hushtap.errors import TapError, UsageError
from hushtap.observe import Metrics, Queue
from hushtap.taps.rtp.codecs import STATIC, parse_rtpmap
from hushtap.taps.rtp.tap import RtpTap, parse_addresses
from hushtap.values import AudioFormat, Samples
from taps.rtp.relay import Relay
from taps.rtp.senders import packet, sent, speech

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANY = ("127.0.0.1", 0)
MAP = parse_rtpmap(["96=L16/8000"])


@pytest.fixture
def sender() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        yield one


def heard(tap: RtpTap) -> list[Samples]:
    pieces: list[list[Samples]] = [[] for _ in range(tap.format.channels)]
    for chunk in tap:
        assert chunk.span.start == sum(map(len, pieces[chunk.channel]))
        pieces[chunk.channel].append(chunk.samples)
    return [np.concatenate([np.zeros(0, np.int16), *one]) for one in pieces]


def test_what_comes_before_anybody_listens_is_kept(sender: socket.socket) -> None:
    """Two directions as fast as they go, and a call that ends by itself."""
    tap = RtpTap([ANY, ANY], AudioFormat(8_000, 2), MAP, idle=0.5)
    audio = [speech(16_000), speech(12_000, 1)]
    for channel in range(2):
        for _, data in sent(audio[channel]):
            sender.sendto(data, tap.addresses[channel])
    got = heard(tap)
    for channel in range(2):
        start = int(np.flatnonzero(got[channel])[0])
        assert start < 800
        end = start + len(audio[channel])
        np.testing.assert_array_equal(got[channel][start:end], audio[channel])
        assert not got[channel][end:].any()
    assert len(got[0]) == len(got[1])
    assert [counts.lost for counts in tap.counts] == [0, 0]


def test_close_ends_the_call_with_what_came(sender: socket.socket) -> None:
    tap = RtpTap([ANY], AudioFormat(8_000, 1), MAP)
    for _, data in sent(speech(8_000)):
        sender.sendto(data, tap.addresses[0])
    while tap.depth() < 50:
        pass
    tap.close()
    [got] = heard(tap)
    np.testing.assert_array_equal(got, speech(8_000))


def test_nothing_comes() -> None:
    tap = RtpTap([ANY, ANY], AudioFormat(8_000, 2), STATIC, idle=0.2)
    with pytest.raises(TapError, match=r"no RTP came to 127.0.0.1:\d+ or 127.0.0.1:\d+ in 0.2 s"):
        heard(tap)


def test_what_is_no_rtp_does_not_keep_a_call_up(sender: socket.socket) -> None:
    tap = RtpTap([ANY], AudioFormat(8_000, 1), STATIC, idle=0.2)
    for data in (b"", b"x", bytes(3_000), bytes(100)):
        sender.sendto(data, tap.addresses[0])
    with pytest.raises(TapError, match="no RTP came"):
        heard(tap)
    assert tap.counts[0].malformed == 4


def test_ciphertext_is_refused_before_anything_is_heard(sender: socket.socket) -> None:
    tap = RtpTap([ANY], AudioFormat(8_000, 1), STATIC, idle=0.2)
    random = np.random.default_rng(0)
    for i in range(30):
        sender.sendto(packet(i, i * 160, random.bytes(170), kind=0), tap.addresses[0])
    chunks = iter(tap)
    with pytest.raises(TapError, match=r"127.0.0.1:\d+: the audio is encrypted \(SRTP\)"):
        next(chunks)


def test_what_does_not_fit_into_the_queue_is_lost_and_counted(sender: socket.socket) -> None:
    tap = RtpTap([ANY], AudioFormat(8_000, 1), MAP, idle=0.3, queued=20)
    audio = speech(50 * 160)
    packets = [data for _, data in sent(audio)]
    for data in packets[:-1]:
        sender.sendto(data, tap.addresses[0])
    chunks = iter(tap)
    while tap.dropped < 29:
        pass
    got = [chunk.samples for chunk in chunks]
    np.testing.assert_array_equal(np.concatenate(got), audio[: 20 * 160])
    assert tap.dropped == 29


@pytest.mark.parametrize("any_source", [False, True])
def test_another_address_is_left_out_once_the_first_is_known(
    sender: socket.socket,
    any_source: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Somebody who knows the source's numbers, from another address."""
    audio = speech(40 * 160)
    packets = [data for _, data in sent(audio)]
    tap = RtpTap([ANY], AudioFormat(8_000, 1), MAP, idle=0.3, any_source=any_source)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"\x80no RTP", tap.addresses[0])
        for data in packets[:30]:
            sender.sendto(data, tap.addresses[0])
        for data in packets[30:]:
            stranger.sendto(data, tap.addresses[0])
        while tap.depth() + tap.strangers < 41:
            pass
    [got] = heard(tap)
    expected = audio if any_source else audio[: 30 * 160]
    np.testing.assert_array_equal(got, expected)
    assert (tap.strangers, tap.counts[0].malformed) == (0 if any_source else 10, 1)


def test_how_full_the_queue_is_is_a_metric(sender: socket.socket) -> None:
    metrics = Metrics()
    tap = RtpTap([ANY], AudioFormat(8_000, 1), MAP, metrics=metrics)
    for _, data in sent(speech(30 * 160)):
        sender.sendto(data, tap.addresses[0])
    while tap.depth() < 30:
        pass
    tap.close()
    heard(tap)
    assert metrics.deepest(Queue.PACKETS) == 30
    assert metrics.snapshot()['depth{queue="packets"}'] == 0


def test_ports_that_are_taken_and_addresses_that_are_none(sender: socket.socket) -> None:
    sender.bind(ANY)
    port = sender.getsockname()[1]
    with pytest.raises(UsageError, match=f"127.0.0.1:{port} cannot be bound"):
        RtpTap([ANY, ("127.0.0.1", port)], AudioFormat(8_000, 2), STATIC)
    with pytest.raises(UsageError, match="1 ports do not make 2 channels"):
        RtpTap([ANY], AudioFormat(8_000, 2), STATIC)
    assert parse_addresses("127.0.0.1:4000, [::1]:4002") == [("127.0.0.1", 4_000), ("::1", 4_002)]
    assert parse_addresses("localhost:7") == [("127.0.0.1", 7)]
    assert [is_loopback((host, 1)) for host in ("127.0.0.9", "::1", "0.0.0.0", "10.0.0.1")] == [  # noqa: S104
        *(True, True),
        *(False, False),
    ]
    for text in ("", "4000", "host.example:4000", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:x"):
        with pytest.raises(UsageError, match="is no address: write it"):
            parse_addresses(text)
    for text in ("127.0.0.1:1,127.0.0.1:2,127.0.0.1:3", "127.0.0.1:1,127.0.0.1:1"):
        with pytest.raises(UsageError, match="one for each of two directions"):
            parse_addresses(text)


# --- real senders over a network that spoils

SECONDS = 4


def ffmpeg(call: Path, channel: int, codec: str, port: int) -> list[str]:
    paced = f"pan=mono|c0=c{channel},aresample=8000,asetnsamples=160,arealtime"
    return ["ffmpeg", "-v", "error", "-i", str(call), "-af", paced, "-c:a", codec,
            "-f", "rtp", f"rtp://127.0.0.1:{port}?pkt_size=172"]  # fmt: skip


def gstreamer(call: Path, port: int) -> list[str]:
    chain = (
        f"filesrc location={call} ! wavparse ! audioconvert mix-matrix=<<0.0,1.0>> ! "
        "audio/x-raw,channels=1 ! identity sync=true ! "
        "alawenc ! rtppcmapay min-ptime=20000000 max-ptime=20000000 ! "
        f"udpsink host=127.0.0.1 port={port}"
    )
    return ["gst-launch-1.0", "-q", *chain.split()]


def as_sent(codec: str, packets: list[bytes]) -> dict[int, Samples]:
    """Decode by FFmpeg; return samples by their place after the first."""
    decoder: Any = av.CodecContext.create(codec, "r")
    decoder.sample_rate, decoder.layout = 8_000, "mono"
    zero = struct.unpack_from("!I", packets[0], 4)[0]
    found = {}
    for one in packets:
        at = (struct.unpack_from("!I", one, 4)[0] - zero) % 2**32
        [frame] = decoder.decode(av.Packet(one[12:]))
        found[at] = frame.to_ndarray().reshape(-1)
    return found


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs ffmpeg: apt-get install ffmpeg")
@pytest.mark.skipif(
    not shutil.which("gst-launch-1.0"), reason="needs apt-get install gstreamer1.0-tools"
)
@pytest.mark.slow  # and needs a machine that keeps pace
def test_loss_disorder_and_repeats_move_nothing(samples: Path, tmp_path: Path) -> None:
    audio, rate = soundfile.read(samples / "sample_ssn.wav", dtype="int16")
    call = tmp_path / "call.wav"
    soundfile.write(call, audio[9 * rate : (9 + SECONDS) * rate], rate, subtype="PCM_16")
    tap = RtpTap([ANY, ANY], AudioFormat(8_000, 2), STATIC, idle=2)
    with Relay(list(tap.addresses), seed=3) as relay:
        senders = [
            subprocess.Popen(ffmpeg(call, 0, "pcm_mulaw", relay.ports[0])),
            subprocess.Popen(gstreamer(call, relay.ports[1])),
        ]
        got = heard(tap)
        assert [one.wait(timeout=30) for one in senders] == [0, 0]
    for channel, codec in enumerate(("pcm_mulaw", "pcm_alaw")):
        truth = as_sent(codec, relay.passed[channel])
        assert relay.lost[channel]
        # The first packet's place on the call's clock is that of its arrival.
        first = truth[0]
        starts = [
            at
            for at in range(min(24_000, len(got[channel])))
            if np.array_equal(got[channel][at : at + len(first)], first)
        ]
        good = [
            start
            for start in starts
            if all(
                np.array_equal(got[channel][start + at :][: len(one)], one)
                for at, one in truth.items()
            )
        ]
        assert good, tap.counts[channel]
        for data in relay.lost[channel]:
            at = good[0] + struct.unpack_from("!I", data, 4)[0]
            at -= struct.unpack_from("!I", relay.passed[channel][0], 4)[0]
            assert not got[channel][at : at + 160].any()
        counts = tap.counts[channel]
        assert counts.late == 0
        assert counts.lost <= len(relay.lost[channel])
