"""Captures that dumpcap takes of ffmpeg and GStreamer, against tshark's reading of them."""

from __future__ import annotations

import shutil
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import av
import dpkt
import numpy as np
import pytest
import soundfile

from hushtap.taps.pcap.calls import find_calls
from hushtap.taps.pcap.tap import PcapTap
from taps.pcap.captures import tshark_says, write_pcap

if TYPE_CHECKING:
    from pathlib import Path

    from hushtap.values import Samples

SECONDS = 3
PORTS = (41_000, 41_002, 41_010)
NEEDED = ("dumpcap", "tshark", "ffmpeg", "gst-launch-1.0")
MISSING = [tool for tool in NEEDED if not shutil.which(tool)]

# Capturing needs rights that not every machine gives.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(MISSING),
        reason=f"needs {' '.join(MISSING)}: apt-get install tshark gstreamer1.0-tools",
    ),
]


def ffmpeg(call: Path, channel: int, codec: str, to: str, rate: int = 8_000) -> list[str]:
    """Return the command that sends one channel at its natural pace."""
    paced = f"pan=mono|c0=c{channel},aresample={rate},asetnsamples={rate // 50},arealtime"
    return ["ffmpeg", "-v", "error", "-t", str(SECONDS), "-i", str(call), "-af", paced,
            "-c:a", codec, "-f", "rtp", f"rtp://127.0.0.1:{to}"]  # fmt: skip


def gstreamer(call: Path, port: int) -> list[str]:
    """Return the command that sends the call's first channel as A-law."""
    chain = (
        f"filesrc location={call} ! wavparse ! audioconvert mix-matrix=<<1.0,0.0>> ! "
        "audio/x-raw,channels=1 ! audioresample ! audio/x-raw,rate=8000 ! identity sync=true ! "
        "alawenc ! rtppcmapay min-ptime=20000000 max-ptime=20000000 ! "
        f"udpsink host=127.0.0.1 port={port}"
    )
    return ["gst-launch-1.0", "-q", *chain.split()]


@pytest.fixture(scope="module")
def capture(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two directions from ffmpeg, one G.722, and a third stream from GStreamer."""
    folder = tmp_path_factory.mktemp("capture")
    audio, rate = soundfile.read(samples / "sample_ssn.wav", dtype="int16")
    call = folder / "call.wav"
    soundfile.write(call, audio[9 * rate : (9 + SECONDS) * rate], rate, subtype="PCM_16")
    return _on_time(_captured(call, folder / "taken.pcap"), folder / "call.pcap")


def _on_time(taken: Path, path: Path) -> Path:
    """Give each packet the time that its timestamp tells: a busy machine sends when it can."""
    with taken.open("rb") as file:
        came = [(time, bytes(frame)) for time, frame in dpkt.pcap.Reader(file)]
    first: dict[int, tuple[float, int]] = {}
    frames = []
    for time, frame in came:
        port = int.from_bytes(frame[36:38])  # after Ethernet and IPv4
        stamp = int.from_bytes(frame[46:50])
        began, zero = first.setdefault(port, (time - came[0][0], stamp))
        frames.append((began + (stamp - zero) % 2**32 / 8_000, frame))
    return write_pcap(path, frames)


def _captured(call: Path, path: Path) -> Path:
    listen = ["dumpcap", "-i", "lo", "-f", "udp portrange 41000-41019", "-P", "-w", str(path)]
    with subprocess.Popen(listen, stderr=subprocess.PIPE, text=True) as dumpcap:
        assert dumpcap.stderr is not None
        said = []
        # It names its file once it listens.
        while (line := dumpcap.stderr.readline()) and not line.startswith("File:"):
            said.append(line)
        if dumpcap.poll() is not None or not line:
            pytest.skip("dumpcap may not capture here: run as root")
        senders = [
            subprocess.Popen(command)
            for command in (
                ffmpeg(call, 0, "pcm_mulaw", "41000?pkt_size=172&localrtpport=41002"),
                ffmpeg(call, 1, "g722", "41002?pkt_size=172&localrtpport=41000", 16_000),
                gstreamer(call, 41_010),
            )
        ]
        assert [sender.wait(timeout=40) for sender in senders] == [0, 0, 0]
        dumpcap.send_signal(signal.SIGINT)
        dumpcap.communicate(timeout=20)
    return path


def decoded(codec: str, rate: int, packets: list[tuple[int, int, int, bytes]]) -> Samples:
    """Decode what tshark read, by FFmpeg, each packet in the place of its timestamp."""
    decoder: Any = av.CodecContext.create(codec, "r")
    decoder.sample_rate, decoder.layout = rate, "mono"
    first, out = packets[0][1], np.zeros(rate * SECONDS * 2, np.int16)
    end = 0
    for _, timestamp, _, payload in packets:
        at = (timestamp - first) % 2**32 * rate // 8_000
        for one in decoder.decode(av.Packet(payload)):
            out[at : at + one.samples] = one.to_ndarray().reshape(-1)
            end = max(end, at + one.samples)
    return out[:end]


def test_every_sample_is_where_tshark_has_it(capture: Path) -> None:
    said = tshark_says(capture, PORTS)
    assert min(len(one) for one in said.values()) > 40 * SECONDS
    calls = find_calls(capture)
    by_channels = {len(call.channels): call for call in calls}
    assert sorted(by_channels) == [1, 2]
    tap = PcapTap(by_channels[2])
    assert tap.format.sample_rate == 16_000
    got: list[list[Samples]] = [[], []]
    for chunk in tap:
        got[chunk.channel].append(chunk.samples)
    channels = [np.concatenate(one) for one in got]
    wide = decoded("g722", 16_000, said[41_002])
    ports = [leg.flow[1][1] for channel in by_channels[2].channels for leg in channel.legs]
    found = channels[ports.index(41_002)]
    start = int(np.flatnonzero(found)[0]) - int(np.flatnonzero(wide)[0])
    assert 0 <= start < 16_000
    np.testing.assert_array_equal(found[start : start + len(wide)], wide)
    # The other side is at half the rate: the same to the tolerance of the filter.
    narrow = decoded("pcm_mulaw", 8_000, said[41_000])
    # It is late by 2 ms, which it may lack at the end, and may begin between two samples.
    doubled = np.pad(channels[ports.index(41_000)].astype(float), (0, 320))
    lags = range(len(doubled) - 2 * len(narrow) + 1)
    same = [
        np.corrcoef(doubled[lag : lag + 2 * len(narrow) : 2], narrow)[0, 1] for lag in lags[:4_000]
    ]
    assert max(same) > 0.98
    assert [counts.lost for counts in tap.counts] == [0, 0]

    [mono] = [chunk.samples for chunk in [*PcapTap(by_channels[1])][:1]]
    truth = decoded("pcm_alaw", 8_000, said[41_010])
    np.testing.assert_array_equal(mono, truth[: len(mono)])


def test_loss_as_tshark_sees_it(capture: Path, tmp_path: Path) -> None:
    """The same capture with packets taken out: what is left is where it was."""
    said = tshark_says(capture, PORTS)[41_010]
    numbers = subprocess.run(
        ["tshark", "-n", "-r", capture, "-Y", "udp.dstport==41010", "-T", "fields",
         "-e", "frame.number"],
        check=True, capture_output=True, text=True, timeout=60,
    ).stdout.split()  # fmt: skip
    gone = [number for i, number in enumerate(numbers) if i % 9 == 5 and i < 90]
    less = tmp_path / "less.pcapng"
    subprocess.run(["editcap", capture, less, *gone], check=True, timeout=60)
    [call] = [call for call in find_calls(less) if len(call.channels) == 1]
    tap = PcapTap(call)
    got = np.concatenate([chunk.samples for chunk in tap])
    kept = [one for i, one in enumerate(said) if i % 9 != 5 or i >= 90]
    truth = decoded("pcm_alaw", 8_000, kept)
    np.testing.assert_array_equal(got, truth)
    assert tap.counts[0].lost == len(gone)
