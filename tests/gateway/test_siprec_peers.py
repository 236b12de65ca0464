"""Real media of others: baresip over TLS with SRTP, and rtpengine's fork of a call."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import uuid
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from gateway.rtpengine import needs_rtpengine, port_of, rtpengine, sdp
from gateway.sipp import METADATA
from gateway.siprec_rig import Rig, certificate, found_at, rig
from hushtap.evaluate import OPEN_SECONDS, Truth, TruthSpan, load_truth, score

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from hushtap.ears.engine import Engine

needs_baresip = pytest.mark.skipif(
    shutil.which("baresip") is None, reason="needs baresip (scripts/setup.sh --peers, as root)"
)


def as_mulaw(samples: NDArray[np.int16], folder: Path) -> NDArray[np.int16]:
    """Return what G.711 makes of samples."""
    path = folder / "as.raw"
    soundfile.write(path, samples, 8_000, subtype="ULAW", format="RAW")
    out, _ = soundfile.read(
        path, dtype="int16", samplerate=8_000, channels=1, subtype="ULAW", format="RAW"
    )
    return np.asarray(out, np.int16)


@needs_baresip
@pytest.mark.parametrize("suite", ["srtp-mand", ""])
def test_baresip_over_tls_with_srtp(samples: Path, tmp_path: Path, suite: str) -> None:
    audio, rate = soundfile.read(samples / "sample_ssn.wav", dtype="int16")
    spoken = np.asarray(audio[: 4 * rate, 0], np.int16)
    soundfile.write(tmp_path / "spoken.wav", np.tile(spoken, 4), rate, subtype="PCM_16")
    assert rate == 8_000
    home = tmp_path / "baresip"
    home.mkdir()
    modules = ["aufile", "g711", "srtp", "account", "menu"]
    (home / "config").write_text(
        "module_path /usr/lib/baresip/modules\nsip_listen 127.0.0.1:0\nnet_interface 127.0.0.1\n"
        f"audio_source aufile,{tmp_path / 'spoken.wav'}\naudio_player aufile,/dev/null\n"
        f"audio_alert aufile,/dev/null\nsip_verify_server no\nrtp_ports 45000-45100\n"
        + "".join(f"module {name}.so\n" for name in modules[:3])
        + "".join(f"module_app {name}.so\n" for name in modules[3:])
    )
    secured = f";mediaenc={suite}" if suite else ""
    (home / "accounts").write_text(
        f"<sip:src@127.0.0.1;transport=tls>;regint=0;audio_codecs=PCMU/8000/1{secured}\n"
    )
    (home / "contacts").write_text("")
    required = "required" if suite else "offered"
    section = {"tls": "127.0.0.1:0", "srtp": required, **certificate(tmp_path)}
    with rig(tmp_path, section) as server:
        to = f"sip:srs@127.0.0.1:{server.port('TLS')};transport=tls"
        done = subprocess.run(
            ["baresip", "-4", "-f", str(home), "-t", "4", "-e", f"/dial {to}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=40,
        )
        server.settle()
        recordings = server.recordings()
        assert len(recordings) == 1, done.stdout[-2_000:] + done.stderr[-2_000:]
        heard = server.audio(recordings[0])
    assert ("SRTP" in done.stdout + done.stderr) or not suite
    second = heard[8_000:16_000, 1]
    assert not heard[:, 0].any()
    where = found_at(as_mulaw(np.tile(spoken, 4), tmp_path), second)
    expected = as_mulaw(np.tile(spoken, 4), tmp_path)[where : where + 8_000]
    assert np.array_equal(second, expected)
    assert np.abs(second.astype(int)).max() > 1_000


class Client:
    """The signalling of a recording client whose media is rtpengine's."""

    def __init__(self, server: Rig) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", server.port("UDP")))
        self._socket.settimeout(10)
        self._number = 0
        self._tag = ""

    def ask(self, method: str, body: str = "", kind: str = "", *, number: int | None = None) -> str:
        """Send a request; return the final answer's body."""
        host, port = self._socket.getsockname()
        self._number = self._number + 1 if number is None else number
        lines = [
            f"{method} sip:srs@127.0.0.1 SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{uuid.uuid4().hex}",
            "From: <sip:src@127.0.0.1>;tag=f",
            f"To: <sip:srs@127.0.0.1>{self._tag}",
            "Call-ID: rtpengine",
            f"CSeq: {self._number} {method}",
            f"Contact: <sip:src@{host}:{port}>;+sip.src",
            "Require: siprec",
            *([f"Content-Type: {kind}"] if body else []),
            f"Content-Length: {len(body.encode())}",
        ]
        self._socket.send("\r\n".join([*lines, "", body]).encode())
        while method != "ACK":
            answer = self._socket.recv(65_536).decode()
            if answer.startswith("SIP/2.0 1") or f"CSeq: {self._number} {method}" not in answer:
                continue
            assert answer.startswith("SIP/2.0 200"), answer
            match = re.search(r"\r\nTo:.*(;tag=\w+)", answer)
            assert match
            self._tag = match[1]
            return answer.partition("\r\n\r\n")[2]
        return ""

    def close(self) -> None:
        self._socket.close()


def send_both(agent: Path, caller: Path, to_agent_side: int, to_caller_side: int) -> None:
    """Let ffmpeg send two files at once, as telephones do."""
    running = []
    for path, port in ((agent, to_agent_side), (caller, to_caller_side)):
        how = ["-af", "asetnsamples=160,arealtime", "-ac", "1", "-c:a", "pcm_mulaw"]
        target = f"rtp://127.0.0.1:{port}?pkt_size=172"
        command = ["ffmpeg", "-v", "error", "-i", str(path), *how, "-payload_type", "0"]
        running.append(subprocess.Popen([*command, "-f", "rtp", target], stdout=subprocess.DEVNULL))
    for one in running:
        assert one.wait(60) == 0


def recorded(server: Rig, folder: Path, agent: Path, caller: Path) -> NDArray[np.int16]:
    """Have a call go through rtpengine, forked to the server; return the recording."""
    with closing(Client(server)) as client, rtpengine(folder) as engine:
        offer = engine.ask("offer", call_id="c", from_tag="caller", sdp=sdp(46_000))
        answer = engine.ask(
            "answer", call_id="c", from_tag="caller", to_tag="agent", sdp=sdp(46_002)
        )
        forked = engine.ask("subscribe request", call_id="c", flags=["all", "SIPREC"])
        description = forked["sdp"]
        assert isinstance(description, bytes)
        labels = re.findall(r"a=label:(\d+)", description.decode())
        assert len(labels) == 2
        # rtpengine does not say whose stream is whose label: by the tags it lists them in order.
        body = (
            "--x\r\nContent-Type: application/sdp\r\n\r\n"
            + description.decode()
            + "\r\n--x\r\nContent-Type: application/rs-metadata+xml\r\n\r\n"
            + METADATA.format(call="c")
            .replace(">1<", f">{labels[0]}<")
            .replace(">2<", f">{labels[1]}<")
            + "\r\n--x--\r\n"
        )
        ours = client.ask("INVITE", body, "multipart/mixed;boundary=x")
        client.ask("ACK", number=1)
        to_tag = forked["to-tag"]
        engine.ask("subscribe answer", call_id="c", to_tag=to_tag, sdp=ours)
        # The offer's answer has the port that the callee sends to, and the other way round.
        send_both(agent, caller, port_of(offer["sdp"]), port_of(answer["sdp"]))
        engine.ask("delete", call_id="c", from_tag="caller", delete_delay=0)
        client.ask("BYE")
    server.settle()
    (info,) = server.recordings()
    return server.audio(info)


def part(
    samples: Path, folder: Path, begin: int, end: int
) -> tuple[list[Path], list[NDArray[np.int16]]]:
    """Write the channels of a part of a sample call; return files, and what G.711 makes of it."""
    audio, rate = soundfile.read(samples / "sample_ssn.wav", dtype="int16")
    assert rate == 8_000
    paths, sent = [], []
    for channel in (0, 1):
        one = np.asarray(audio[begin * rate : end * rate, channel], np.int16)
        paths.append(folder / f"{channel}.wav")
        soundfile.write(paths[-1], one, rate, subtype="PCM_16")
        sent.append(as_mulaw(one, folder))
    return paths, sent


@needs_rtpengine
def test_rtpengine_forks_a_call(samples: Path, tmp_path: Path) -> None:
    paths, sent = part(samples, tmp_path, 9, 13)
    with rig(tmp_path) as server:
        heard = recorded(server, tmp_path, *paths)
    for channel in (0, 1):
        at = found_at(heard[:, channel], sent[channel])
        got = heard[at : at + len(sent[channel]), channel]
        assert len(got) > 3.8 * 8_000
        # rtpengine begins to fork once it has learnt where audio comes from.
        assert np.array_equal(got[1_600:], sent[channel][1_600 : len(got)])


@pytest.mark.slow
@needs_rtpengine
def test_the_numbers_of_a_forked_call_are_silent_and_the_rest_is_whole(
    samples: Path, tmp_path: Path, engine: Engine
) -> None:
    begin, end = 9, 20
    paths, sent = part(samples, tmp_path, begin, end)
    with rig(tmp_path, ear=engine) as server:
        heard = recorded(server, tmp_path, *paths)
        (info,) = server.recordings()
    assert info.findings
    assert "UNHEARD" not in map(str, info.findings)
    spans = [
        TruthSpan(one.channel, one.start - begin, one.end - begin, one.entity, True, 0)
        for one in load_truth(samples / "sample_ssn.json").spans
        if one.sensitive and begin <= one.start and one.end <= end
    ]
    assert spans
    aligned = np.zeros((len(sent[0]), 2), np.int16)
    for channel in (0, 1):
        at = found_at(heard[:, channel], sent[channel])
        got = heard[at : at + len(aligned), channel]
        aligned[: len(got), channel] = got
        near = np.zeros(len(aligned), np.bool_)
        near[:1_600] = near[len(got) :] = True
        assert len(got) > len(aligned) - 3_200
        for span in spans:
            near[max(0, int((span.start - 1) * 8_000)) : int((span.end + 1) * 8_000)] = True
        assert np.array_equal(aligned[~near, channel], sent[channel][~near])
        # The agent speaks elsewhere, too.
        assert channel == 1 or np.abs(sent[channel][~near].astype(int)).max() > 1_000
    scored = score(np.stack(sent, axis=1), aligned, Truth(8_000, 2, tuple(spans)))
    assert all(one.voiced > 0.3 and one.audible < OPEN_SECONDS for one in scored.sensitive)
