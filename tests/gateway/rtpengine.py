"""rtpengine as the media part of a recording client: it forks a call to the recorder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_PEERS = Path(sys.prefix) / "peers"
"""Where ``scripts/setup.sh --peers`` unpacks it; elsewhere the system's is taken."""
_UNPACKED = _PEERS / "usr/bin/rtpengine"
_PROGRAM = str(_UNPACKED) if _UNPACKED.exists() else shutil.which("rtpengine")

needs_rtpengine = pytest.mark.skipif(
    _PROGRAM is None, reason="needs rtpengine (scripts/setup.sh --peers, as root)"
)

Value: TypeAlias = "bytes | str | int | list[Value] | dict[str, Value]"


def bencode(value: Value) -> bytes:
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, list):
        return b"l" + b"".join(map(bencode, value)) + b"e"
    if isinstance(value, dict):
        items = sorted(value.items())
        return b"d" + b"".join(bencode(key) + bencode(one) for key, one in items) + b"e"
    data = value.encode() if isinstance(value, str) else value
    return b"%d:%s" % (len(data), data)


def bdecode(data: bytes, at: int = 0) -> tuple[Value, int]:
    """Return the value that begins at ``at``, and where the next one does."""
    kind = data[at : at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1 : end]), end + 1
    if kind in {b"l", b"d"}:
        items: list[Value] = []
        at += 1
        while data[at : at + 1] != b"e":
            item, at = bdecode(data, at)
            items.append(item)
        if kind == b"l":
            return items, at + 1
        names = [one.decode() for one in items[::2] if isinstance(one, bytes)]
        return dict(zip(names, items[1::2], strict=True)), at + 1
    colon = data.index(b":", at)
    size = int(data[at:colon])
    return data[colon + 1 : colon + 1 + size], colon + 1 + size


class Control:
    """The NG protocol: UDP, a cookie, a bencoded dictionary."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))
        self._socket.settimeout(1)
        self._count = 0

    def ask(self, command: str, **values: Value) -> dict[str, Value]:
        self._count += 1
        cookie = b"c%d " % self._count
        named: dict[str, Value] = {name.replace("_", "-"): one for name, one in values.items()}
        named["command"] = command
        data = cookie + bencode(named)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                self._socket.send(data)
                answer = self._socket.recv(65_536)
            except (TimeoutError, ConnectionRefusedError):
                continue
            if answer.startswith(cookie):
                found, _ = bdecode(answer, len(cookie))
                assert isinstance(found, dict)
                assert found.get("result") in {b"ok", b"pong"}, found
                return found
        raise AssertionError("rtpengine does not answer")

    def close(self) -> None:
        self._socket.close()


def sdp(port: int) -> str:
    """Return the SDP of a party of the call."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"]
    return "\r\n".join([*lines, f"m=audio {port} RTP/AVP 0", "a=rtpmap:0 PCMU/8000", ""])


def port_of(description: Value) -> int:
    assert isinstance(description, bytes)
    line = next(one for one in description.split(b"\n") if one.startswith(b"m="))
    return int(line.split()[1])


@contextmanager
def rtpengine(folder: Path) -> Iterator[Control]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(str(_PROGRAM), "--config-file=none", "--table=-1", "--interface=127.0.0.1"),
        *(f"--listen-ng=127.0.0.1:{port}", "--port-min=44000", "--port-max=44199"),
        *("--foreground", "--log-stderr", "--log-level=3", f"--pidfile={folder / 'pid'}"),
    ]
    libraries = [str(one) for one in _PEERS.glob("usr/lib/*-linux-gnu")]
    known = [os.environ["LD_LIBRARY_PATH"]] if "LD_LIBRARY_PATH" in os.environ else []
    running = subprocess.Popen(
        command,
        env=os.environ | {"LD_LIBRARY_PATH": ":".join([*known, *libraries])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    control = Control(port)
    try:
        control.ask("ping")
        yield control
    finally:
        control.close()
        running.terminate()
        running.wait()
