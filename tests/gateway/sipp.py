"""SIPp as a recording client: scenarios, and captures for it to play."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dpkt
import numpy as np
import pytest
import soundfile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

needs_sipp = pytest.mark.skipif(
    shutil.which("sipp") is None or os.geteuid() != 0,
    reason="needs SIPp (scripts/setup.sh --peers), and root for what it sends from captures",
)

METADATA = """<?xml version="1.0" encoding="UTF-8"?>
<recording xmlns="urn:ietf:params:xml:ns:recording:1">
 <datamode>complete</datamode>
 <session session_id="hVpd7YQgRW2nD22h7q60JQ=="><sipSessionID>{call}</sipSessionID></session>
 <participant participant_id="pa"><nameID aor="sip:+12125550123@carrier.example">
  <name xml:lang="en">Caller</name></nameID></participant>
 <participant participant_id="pb"><nameID aor="sip:1001@agents.example"/></participant>
 <stream stream_id="sa" session_id="hVpd7YQgRW2nD22h7q60JQ=="><label>1</label></stream>
 <stream stream_id="sb" session_id="hVpd7YQgRW2nD22h7q60JQ=="><label>2</label></stream>
 <participantstreamassoc participant_id="pa"><send>sa</send><recv>sb</recv></participantstreamassoc>
 <participantstreamassoc participant_id="pb"><send>sb</send><recv>sa</recv></participantstreamassoc>
</recording>
"""
"""As RFC 7865 has it: the caller is first and has label 1."""


def media(
    index: int, formats: Sequence[str] = ("0 PCMU/8000",), *, label: str = "", how: str = "sendonly"
) -> str:
    """Return one media line of an offer, with its attributes."""
    kinds = " ".join(one.split()[0] for one in formats)
    lines = [f"m=audio [auto_media_port+{2 * index}] RTP/AVP {kinds}"]
    lines += [f"a=rtpmap:{one}" for one in formats]
    lines += [f"a=label:{label or index + 1}", f"a={how}"]
    return "\n".join(lines)


def sdp(*lines: str, version: int = 1) -> str:
    head = f"v=0\no=src 1 {version} IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0"
    return "\n".join([head, *lines])


def mixed(session: str, xml: str = METADATA) -> tuple[str, str]:
    """Return content type and body with SDP and metadata."""
    parts = [
        "--frontier\nContent-Type: application/sdp\n\n" + session,
        "--frontier\nContent-Type: application/rs-metadata+xml\n"
        "Content-Disposition: recording-session\n\n" + xml.format(call="5d1c9f2e"),
        "--frontier--\n",
    ]
    return "multipart/mixed;boundary=frontier", "\n".join(parts)


def send(
    method: str,
    number: int,
    *,
    body: str = "",
    kind: str = "application/sdp",
    headers: Iterable[str] = (),
    retrans: bool = True,
) -> str:
    """Return a step that sends a request."""
    within = "[peer_tag_param]" if number > 1 or method in {"ACK", "BYE"} else ""
    lines = [
        f"{method} sip:srs@[remote_ip]:[remote_port] SIP/2.0",
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
        "Max-Forwards: 70",
        "From: <sip:src@[local_ip]:[local_port]>;tag=[call_number]",
        f"To: <sip:srs@[remote_ip]:[remote_port]>{within}",
        "Call-ID: [call_id]",
        f"CSeq: {number} {method}",
        "Contact: <sip:src@[local_ip]:[local_port];transport=[transport]>;+sip.src",
        *headers,
    ]
    if body:
        lines += [f"Content-Type: {kind}"]
    lines += ["Content-Length: [len]", "", body]
    repeat = ' retrans="500"' if retrans and method != "ACK" else ""
    return f"<send{repeat}><![CDATA[\n\n" + "\n".join(lines) + "\n]]></send>"


def receive(status: int, *, optional: bool = False, check: str = "") -> str:
    """Return a step that waits for a response; ``check`` is an expression that it must fit."""
    action = (
        f'<action><ereg regexp="{check}" search_in="msg" check_it="true" assign_to="1"/></action>'
        if check
        else ""
    )
    maybe = ' optional="true"' if optional else ""
    reference = '<log message="[$1]"/>' if check else ""
    action = action.replace("</action>", f"{reference}</action>")
    return f'<recv response="{status}"{maybe}>{action}</recv>'


def invite(body: str, kind: str, *, number: int = 1, check: str = "") -> list[str]:
    """Return the steps of an INVITE that is accepted."""
    headers = ["Require: siprec", "Supported: timer"]
    return [
        send("INVITE", number, body=body, kind=kind, headers=headers),
        receive(100, optional=True),
        receive(200, check=check),
        send("ACK", number),
    ]


def bye(number: int) -> list[str]:
    return [send("BYE", number), receive(200)]


def play(path: Path) -> str:
    return f'<nop><action><exec play_pcap_audio="{path}"/></action></nop>'


def pause(seconds: float) -> str:
    return f'<pause milliseconds="{round(seconds * 1_000)}"/>'


def run(steps: Sequence[str], port: int, *, transport: str = "u1") -> None:
    """Play a scenario to the end; one that does not go as written fails."""
    started(steps, port, transport=transport)()


def started(
    steps: Sequence[str], port: int, *, transport: str = "u1", seconds: int = 40
) -> Callable[[], None]:
    """Begin to play a scenario; call what is returned to wait for its end."""
    text = '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="recording client">\n'
    folder = tempfile.TemporaryDirectory()
    path, errors = Path(folder.name) / "scenario.xml", Path(folder.name) / "errors"
    path.write_text(text + "\n".join(steps) + "\n</scenario>\n")
    running = subprocess.Popen(
        [
            *("sipp", f"127.0.0.1:{port}", "-sf", str(path), "-t", transport, "-m", "1"),
            *("-i", "127.0.0.1", "-nostdin", "-timeout", f"{seconds}s", "-timeout_error"),
            *("-trace_err", "-error_file", str(errors)),
        ],
        cwd=folder.name,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    def wait() -> None:
        with folder:
            said, _ = running.communicate(timeout=60)
            said = said[-1_500:] + (errors.read_text()[-3_000:] if errors.exists() else "")
        assert running.returncode == 0, said

    return wait


@dataclass(frozen=True)
class Spoken:
    """What one stream carries: payload bytes of 20 ms packets."""

    payloads: list[bytes]
    kind: int = 0
    ticks: int = 160


def mulaw(samples: NDArray[np.int16], folder: Path) -> tuple[Spoken, NDArray[np.int16]]:
    """Return samples as PCMU packets, and what these are when decoded."""
    path = folder / "mulaw.raw"
    soundfile.write(path, samples, 8_000, subtype="ULAW", format="RAW")
    decoded, _ = soundfile.read(
        path, dtype="int16", samplerate=8_000, channels=1, subtype="ULAW", format="RAW"
    )
    data = path.read_bytes()
    packets = [data[at : at + 160] for at in range(0, len(data), 160)]
    return Spoken(packets), np.asarray(decoded, np.int16)


def capture(path: Path, *streams: Spoken, first: int = 100, ssrc: int = 7) -> Path:
    """Write a capture of streams that are sent at once, to ports two apart."""
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file)
        for number in range(max(len(one.payloads) for one in streams)):
            for index, one in enumerate(streams):
                if number < len(one.payloads):
                    head = struct.pack(
                        "!BBHII",
                        *(0x80, one.kind, (first + number) % 2**16),
                        *(one.ticks * (first + number), ssrc + index),
                    )
                    data = head + one.payloads[number]
                    writer.writepkt(_frame(data, 20_000 + 2 * index), 1 + number * 0.02)
    return path


def _frame(data: bytes, port: int) -> bytes:
    udp = dpkt.udp.UDP(sport=port, dport=port, data=data)
    udp.ulen = len(udp)
    address = bytes([127, 0, 0, 1])
    ip = dpkt.ip.IP(src=address, dst=address, p=dpkt.ip.IP_PROTO_UDP, ttl=64, data=udp)
    ip.len = len(ip)
    return bytes(dpkt.ethernet.Ethernet(src=b"\0" * 6, dst=b"\0" * 6, data=ip))
