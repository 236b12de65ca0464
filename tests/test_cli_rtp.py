"""RTP by the command: captures in, and a call as it happens from real senders."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

import hushtap
from hushtap.cli.rtp import tell_tap
from hushtap.errors import TapError, UsageError
from hushtap.outputs import plan
from hushtap.taps.folders import CAPTURES, SUFFIXES, find_audio
from hushtap.taps.rtp.codecs import STATIC
from hushtap.taps.rtp.tap import RtpTap
from hushtap.values import AudioFormat
from hushtap.vault.recordings import State, Vault
from taps.pcap.captures import HERE, THERE, frame, ip, stream, write_pcap
from taps.rtp.senders import PTIME, packet
from taps.rtp.test_tap import ffmpeg, gstreamer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from conftest import Command

SCRIPT = str(Path(sys.executable).with_name("hushtap"))
OUT = ((HERE, 4_000), (THERE, 5_000))


def captured(path: Path, call: Path, *, pairs: int = 1) -> Path:
    """Write a capture of ``call``, as often as asked for, a port apart each time."""
    audio: NDArray[np.int16] = soundfile.read(call, dtype="int16")[0].astype(np.int16)
    packets = []
    for i in range(pairs):
        ports = (4_000 + 2 * i, 5_000 + 2 * i)
        there = ((HERE, ports[0]), (THERE, ports[1]))
        packets += stream(there, audio[:, 0], begins=i / 100, ssrc=1)
        packets += stream(there[::-1], audio[:, 1], begins=i / 100, ssrc=2)
    return write_pcap(path, packets)


def test_a_number_in_a_capture_is_muted_and_the_rest_is_not(
    ssn_call: Path, tmp_path: Path, hushtap_command: Command
) -> None:
    captured(tmp_path / "call.pcap", ssn_call)
    done = hushtap_command("redact", "call.pcap", "--out", "out", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["input"], told["output"]) == ("call.pcap", "out/call.wav")
    assert {one["entity"] for one in told["findings"]} == {"US_SSN"}
    assert [(one["packets"], one["lost"]) for one in told["packets"]] == [(500, 0), (500, 0)]
    got, rate = soundfile.read(tmp_path / "out" / "call.wav", dtype="int16")
    audio, _ = soundfile.read(ssn_call, dtype="int16")
    assert rate == 8_000
    assert got.shape == audio.shape
    # Mu-law is not the input, but near: what is not muted is what was sent.
    muted = np.zeros(got.shape, bool)
    for one in told["findings"]:
        muted[round(one["start"] * rate) : round(one["end"] * rate), one["channel"]] = True
    near = np.abs(got.astype(int) - audio) <= 40 + np.abs(audio.astype(int)) // 16
    assert near[~muted].mean() > 0.99
    fades = rate // 20
    for channel in range(2):
        [inside] = np.nonzero(muted[:, channel])
        if len(inside):
            assert not got[inside[0] + fades : inside[-1] - fades, channel].any()
    again = hushtap_command("redact", "call.pcap", "--out", "out", "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["status"] == "reused"


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    path = tmp_path / "quiet.wav"
    soundfile.write(path, np.zeros((4_000, 2), np.int16), 8_000, subtype="PCM_16")
    return path


def test_captures_are_planned_by_their_calls(tmp_path: Path, quiet: Path) -> None:
    calls, out = tmp_path / "calls", tmp_path / "out"
    calls.mkdir()
    captured(calls / "two.pcapng", quiet, pairs=2)
    shutil.copy(captured(calls / "one.cap", quiet), tmp_path / "outright")
    shutil.copy(quiet, calls / "plain.wav")
    (calls / "text.pcap").write_text("no capture")
    found = find_audio([calls, tmp_path / "outright"], suffixes=SUFFIXES | CAPTURES)
    told: list[str] = []
    jobs = plan(found, out, unreadable=lambda path, exc: told.append(f"{path.name}: {exc}"))
    names = [job.wav.name for job in jobs if job.wav]
    assert names == ["one.wav", "plain.wav", "two-1.wav", "two-2.wav", "outright.wav"]
    assert [line.partition(":")[0] for line in told] == ["text.pcap"]
    with pytest.raises(TapError, match="is no packet capture"):
        plan(found, out)
    assert "two.pcapng" not in {file.name for _, file in find_audio([calls])}
    # Two captures that would become one output are refused, as any two files are.
    shutil.copy(calls / "one.cap", calls / "one.pcap")
    with pytest.raises(UsageError, match="would both become"):
        plan([(calls, calls / "one.cap"), (calls, calls / "one.pcap")], out)
    with pytest.raises(UsageError, match=r"two\.pcapng holds 2 calls"):
        hushtap.redact(calls / "two.pcapng", out=out)


def test_one_bad_capture_does_not_stop_the_others(tmp_path: Path, hushtap_command: Command) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    silent: NDArray[np.int16] = np.zeros(8_000, np.int16)
    lossy = stream(OUT, silent)
    key = packet(25, 25 * PTIME, b"\x05\x8a\x00\xa0", kind=101, ssrc=1)
    lossy[25:27] = [(0.5, frame(ip(OUT, key), 1))]
    write_pcap(calls / "good.pcap", lossy)
    (calls / "text.pcap").write_text("no capture")
    secret = [
        (i * 0.02, frame(ip(OUT, packet(i, i * PTIME, os.urandom(170), kind=0)), 1))
        for i in range(50)
    ]
    write_pcap(calls / "srtp.pcap", secret)
    done = hushtap_command("redact", "calls", "--out", "out", cwd=tmp_path)
    assert done.returncode == 1
    assert sorted(done.stderr.splitlines()[:-1]) == [
        "hushtap: calls/srtp.pcap is encrypted (SRTP): capture it where it is in clear",
        "hushtap: calls/text.pcap is no packet capture: give a .pcap or .pcapng file",
        "hushtap: out/good.wav, channel 0: keys were pressed 1 times, as events tell: silence",
        "hushtap: out/good.wav, channel 0: of 49 packets 1 lost: silence",
    ]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"good.wav", "good.json"}
    found = json.loads((tmp_path / "out" / "good.json").read_text())["findings"]
    assert [(one["entity"], one["source"]) for one in found] == [("KEYPAD", "event")]


# --- live


@pytest.fixture
def live(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The command, waiting for RTP on two ports."""
    args = ("--rtp", "127.0.0.1:0,127.0.0.1:0", "--rtp-idle", "2", "--vault", "v", "--json")
    with subprocess.Popen(
        [SCRIPT, "live", *args],
        cwd=tmp_path,
        env=os.environ | {"HUSHTAP_PASSPHRASE": "correct horse"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def ports_of(process: subprocess.Popen[str]) -> list[int]:
    assert process.stderr is not None
    line = process.stderr.readline()
    assert line.startswith("hushtap: waiting for RTP on 127.0.0.1:")
    return [int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", line)]


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs ffmpeg: apt-get install ffmpeg")
@pytest.mark.skipif(
    not shutil.which("gst-launch-1.0"), reason="needs apt-get install gstreamer1.0-tools"
)
@pytest.mark.slow  # and needs a machine that keeps pace
def test_a_call_of_two_real_senders_is_recorded_without_its_number(
    live: subprocess.Popen[str], ssn_call: Path, tmp_path: Path
) -> None:
    ports = ports_of(live)
    senders = [
        subprocess.Popen(ffmpeg(ssn_call, 0, "pcm_mulaw", ports[0])),
        subprocess.Popen(gstreamer(ssn_call, ports[1])),
    ]
    out, err = live.communicate(timeout=60)
    assert [one.wait(timeout=10) for one in senders] == [0, 0]
    assert (live.returncode, err) == (0, "")
    told = [json.loads(line) for line in out.splitlines()]
    assert told[-1]["event"] == "recorded"
    numbers = [one for one in told[-1]["findings"] if one["entity"] == "US_SSN"]
    assert numbers
    vault = Vault.open(tmp_path / "v", passphrase="correct horse")  # noqa: S106
    [info] = vault.list()
    assert info.state is State.CLOSED
    recording = vault.read(info.id)
    audio, rate = soundfile.read(ssn_call, dtype="int16")
    for one in numbers:
        inside = recording.samples[
            round((one["start"] + 0.05) * rate) : round((one["end"] - 0.05) * rate), one["channel"]
        ]
        assert not inside.any()
    # Neither of the number's two groups is anywhere, and what was said before it is.
    said = [(0, 1.0, True), (1, 4.6, False), (1, 6.3, False)]
    for channel, at, there in said:
        piece = audio[round(at * rate) : round((at + 0.4) * rate), channel].astype(float)
        assert (likeness(recording.samples[:, channel], piece) > 0.9) == there


def likeness(samples: NDArray[np.int16], piece: NDArray[np.float64]) -> float:
    """Return the highest correlation of ``piece`` with any part of ``samples``."""
    whole = samples.astype(float)
    products = np.correlate(whole, piece, "valid")
    energy = np.convolve(whole**2, np.ones(len(piece)), "valid")
    return float((products / np.sqrt(np.maximum(energy, 1.0) * (piece**2).sum())).max())


@pytest.mark.slow
def test_a_signal_ends_the_call_in_order(live: subprocess.Popen[str], tmp_path: Path) -> None:
    ports = ports_of(live)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for i in range(50):
            data = packet(i, i * PTIME, b"\xff" * PTIME, kind=0)
            sender.sendto(data, ("127.0.0.1", ports[0]))
        while not list((tmp_path / "v").glob("recordings/*")):
            with suppress(subprocess.TimeoutExpired):
                assert live.wait(timeout=0.1) is None
        live.send_signal(signal.SIGTERM)
        out, _ = live.communicate(timeout=30)
    assert live.returncode == 0
    assert json.loads(out.splitlines()[-1])["event"] == "recorded"
    [info] = Vault.open(tmp_path / "v").list()
    assert info.state is State.CLOSED


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["--rtp", "0.0.0.0:0"], "is reached from other machines"),
        (["--rtp", "127.0.0.1:0", "--microphone"], "give one source"),
        (["--rtp", "nowhere"], "is no address: write it like"),
        (["--rtp", "127.0.0.1:0", "--rtpmap", "96"], "is no payload type"),
        (["--rtp", "127.0.0.1:0", "--channels", "2"], "leave --channels"),
        (["call.wav", "--rtpmap", "96=L16/8000"], "go with --rtp"),
    ],
    ids=["exposed", "two sources", "no address", "no type", "channels", "without"],
)
def test_wrong_use(args: list[str], problem: str, tmp_path: Path, hushtap_command: Command) -> None:
    done = hushtap_command("live", *args, "--vault", "v", cwd=tmp_path)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert problem in line
    assert list(tmp_path.iterdir()) == []


def test_nobody_calls(tmp_path: Path, hushtap_command: Command) -> None:
    args = ("live", "--rtp", "0.0.0.0:0", "--rtp-exposed", "--rtp-idle", "1", "--vault", "v")
    env = {"HUSHTAP_PASSPHRASE": "correct horse"}
    done = hushtap_command(*args, cwd=tmp_path, env=env)
    assert done.returncode == 1
    warning, waiting, problem = done.stderr.splitlines()
    assert warning.startswith("hushtap: warning: whoever reaches 0.0.0.0:0 can listen")
    assert waiting.startswith("hushtap: waiting for RTP on 0.0.0.0:")
    assert problem.startswith("hushtap: no RTP came to 0.0.0.0:")


def test_what_was_not_right_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    tap = RtpTap([("127.0.0.1", 0)], AudioFormat(8_000, 1), STATIC)
    tap.close()
    tell_tap(tap)
    assert capsys.readouterr().err == ""
    tap.counts[0].packets, tap.counts[0].lost, tap.counts[0].unknown = 48, 2, 3
    tap.counts[0].keys, tap.dropped, tap.strangers = 4, 1, 2
    tell_tap(tap)
    assert capsys.readouterr().err.splitlines() == [
        "hushtap: channel 0: of 48 packets 2 lost, 3 of unknown payload types: silence",
        "hushtap: channel 0: keys were pressed 4 times, as events tell: silence",
        "hushtap: 1 packets came faster than they were taken in: silence",
        "hushtap: 2 packets came from other addresses than the first: left out"
        " (--rtp-any-source listens to all)",
    ]
