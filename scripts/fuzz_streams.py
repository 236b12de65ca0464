"""Feed damaged messages to the parsers of taps over WebSockets and TCP: no crash, bounded memory.

    python scripts/fuzz_streams.py [INPUTS] [SEED]

Twilio Media Streams, AudioHook with its signed handshakes, and AudioSocket. Inputs are the
messages of real calls with bytes changed, cut out, repeated or put in from a list of what
parsers stumble over; each goes on where the last one left the call, as far as it is taken.
Prints how many went in and what became of them; anything but a refusal ends it.
"""

from __future__ import annotations

import base64
import json
import random
import resource
import struct
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from fuzzing import harmed
from hushtap.errors import ConsentError, TapError
from hushtap.gateway.details import details_from
from hushtap.taps import audiohook, twilio
from hushtap.taps.audiosocket import RATES, Frame, Frames
from hushtap.taps.httpsignature import REQUIRED, Signatures
from hushtap.taps.tracks import AHEAD_S, Tracks
from hushtap.values import AudioFormat

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BYTES = 1_000 << 20
SLOWEST_S = 2.0
RATE = 8_000
PIECES = (
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\x00", b"\xff", b"\\u0000", b"\\ud800"),
    *(b"null", b"true", b"NaN", b"Infinity", b"1e999", b"-1", b"0", b"9" * 30, b"9" * 5_000),
    *(b"[" * 2_000, b'{"a":' * 2_000, b'"PT1E9S"', b'"PT-1S"', b"=", b"(", b";created=", b'";'),
    *("\u202e\u0660\u0661".encode(), b'"media"', b'"start"', b'"dtmf"', b'"seq":2', b"A" * 3_000),
)
ID = "30b0e395-84d3-4570-ac13-9a62d8f514c0"
NOW = 1_700_000_000


def damaged(pick: random.Random, whole: bytes) -> bytes:
    """Return ``whole`` with some harm done, or as it was."""
    return bytes(harmed(pick, whole, PIECES, pick.choice((0, 0, 0, 0, 1, 2, 5))))


def must(hold: bool) -> None:  # noqa: FBT001 - as assert, which ``python -O`` leaves out
    """Raise ``AssertionError`` where this does not hold."""
    if not hold:
        raise AssertionError("what must hold does not")


class TwilioCall:
    """A stream: messages, tracks on one clock."""

    def __init__(self, pick: random.Random) -> None:
        self.pick = pick
        self.now = 0.0
        self.tracks: Tracks | None = None
        self.ends = self.pushed = 0

    def message(self) -> dict[str, Any]:
        """Return what may come next."""
        pick = self.pick
        payload = base64.b64encode(bytes([pick.randrange(256)]) * 160).decode()
        wrong = pick.choice((*(0,) * 9, pick.randrange(-9_999, 10**9)))
        stamp = int(self.now * 1_000) + wrong
        track = pick.choice(("inbound", "outbound"))
        start = {"streamSid": "MZ1", "callSid": "CA1", "tracks": ["inbound", "outbound"]}
        said = {"agent": "ann", "queue": "q", "caller": "+15550100", "consent": "given"}
        form = {"encoding": "audio/x-mulaw", "sampleRate": 8_000, "channels": 1}
        media = {"track": track, "chunk": "1", "timestamp": str(stamp), "payload": payload}
        return pick.choice(
            (
                {"event": "connected", "protocol": "Call", "version": "1.0.0"},
                {
                    "event": "start",
                    "start": {**start, "customParameters": said, "mediaFormat": form},
                },
                *({"event": "media", "media": media},) * 6,
                {"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": "1"}},
                {"event": "stop", "stop": {}},
            )
        )

    def feed(self) -> None:
        """Take one message as the gateway does."""
        self.now += 0.02
        text = damaged(self.pick, json.dumps(self.message()).encode()).decode(errors="replace")
        message = twilio.parse(text)
        if isinstance(message, twilio.Start):
            details_from({**message.parameters, "call_id": message.call})
            self.tracks = Tracks(AudioFormat(RATE, max(1, len(message.tracks))))
            self.ends = self.pushed = 0
        elif self.tracks is not None and isinstance(message, twilio.Key):
            self.tracks.press(0)
        elif self.tracks is not None and isinstance(message, twilio.Media):
            samples = np.zeros(len(message.payload), np.int16)
            for chunk in self.tracks.push(0, message.milliseconds, samples, self.now):
                self.ends = max(self.ends, chunk.span.end)
            self.pushed += len(samples)
            # No times, however wrong, make a recording longer than the clock and what came.
            must(self.ends <= (self.now + AHEAD_S) * RATE + self.pushed)


class AudioHookCall:
    """A session: the conversation, its audio, and handshakes."""

    def __init__(self, pick: random.Random) -> None:
        self.pick = pick
        self.said = audiohook.Conversation()
        self.seq = 0
        self.form: audiohook.Format | None = None
        self.signatures = Signatures({"key": b"a secret of some length"})

    def message(self) -> dict[str, Any]:
        """Return what may come next."""
        pick = self.pick
        media = [
            {"type": "audio", "format": form, "channels": channels, "rate": 8_000}
            for form in ("PCMU", "L16")
            for channels in (["external", "internal"], ["external"])
        ]
        opened = {
            "organizationId": ID,
            "conversationId": ID,
            "participant": {"id": ID, "ani": "tel:+15550100"},
            "media": media,
        }
        kind, parameters = pick.choice(
            (
                ("open", opened),
                ("ping", {"rtt": "PT0.1S"}),
                ("discarded", {"start": "PT1.5S", "discarded": "PT0.5S"}),
                ("paused", {}),
                ("resumed", {"start": "PT1.5S", "discarded": "PT0.5S"}),
                ("dtmf", {"digit": "1"}),
                ("update", {"language": "en-US"}),
                ("close", {"reason": "end"}),
            )
        )
        self.seq += 1
        head = {"version": "2", "type": kind, "id": ID, "seq": self.seq, "serverseq": 0}
        return {**head, "position": "PT1.23S", "parameters": parameters}

    def feed(self) -> None:
        """Take a message, audio, or a handshake."""
        how = self.pick.random()
        if how < 0.2:  # noqa: PLR2004
            return self.shake()
        if how < 0.4 and self.form is not None:  # noqa: PLR2004
            self.form.samples(damaged(self.pick, bytes(640)))
            return None
        text = damaged(self.pick, json.dumps(self.message()).encode()).decode(errors="replace")
        message = self.said.read(text)
        if isinstance(message, audiohook.Open):
            details_from({"call_id": message.conversation, "caller": message.caller})
            self.form = audiohook.chosen(message.offered)
        self.said.write("pong")
        return None

    def shake(self) -> None:
        """Check a handshake that is not signed as it should be: none is right."""
        names = " ".join(f'"{name}"' for name in REQUIRED)
        text = f'sig1=({names});keyid="key";nonce="VGhpc0lzQVVuaXF1ZU5vbmNl";created={NOW}'
        headers = {name: ID for name in REQUIRED if not name.startswith("@")}
        headers |= {
            "host": "a.example",
            "x-api-key": "key",
            "signature-input": damaged(self.pick, text.encode()).decode("latin-1"),
            "signature": damaged(self.pick, b"sig1=:" + b"A" * 43 + b"=:").decode("latin-1"),
        }
        must(not self.signatures.is_right("/audiohook", headers, float(NOW)))
        raise TapError("not signed")


class AudioSocketCall:
    """A connection: frames in whatever pieces."""

    def __init__(self, pick: random.Random) -> None:
        self.pick = pick
        self.frames = Frames()

    def feed(self) -> None:
        """Take some frames as the gateway does."""
        pick = self.pick
        kinds = (0, 1, 3, 0x10, 0x10, 0x10, *RATES, 0xFF, pick.randrange(256))
        data = b"".join(
            Frame(pick.choice(kinds), bytes(pick.choice((0, 1, 16, 319, 320, 640)))).pack()
            for _ in range(pick.randrange(1, 5))
        )
        data = damaged(pick, data)
        at = 0
        while at < len(data):
            step = pick.choice((1, 3, 100, 5_000))
            for frame in self.frames.feed(data[at : at + step]):
                if frame.rate is not None:
                    must(len(frame.silent()) == len(frame.pack()))
                    frame.samples()
            at += step
        held = len(self.frames._held)  # noqa: SLF001 - what it may hold is what is looked at
        must(held < struct.calcsize(">BH") + 2**16)


def main() -> None:
    """Run as many inputs as asked for."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0  # noqa: PLR2004
    pick = random.Random(seed)  # noqa: S311
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    taps: dict[str, Callable[[random.Random], Any]] = {
        "twilio": TwilioCall,
        "audiohook": AudioHookCall,
        "audiosocket": AudioSocketCall,
    }
    calls = {name: make(pick) for name, make in taps.items()}
    became: Counter[str] = Counter()
    slowest = 0.0
    while became.total() < wanted:
        name = pick.choice(list(taps))
        begun = time.process_time()
        try:
            calls[name].feed()
            became[f"{name} taken"] += 1
        except (TapError, ConsentError):
            became[f"{name} refused"] += 1
            # The connection ends with it; the next is a new one.
            calls[name] = taps[name](pick)
        slowest = max(slowest, time.process_time() - begun)
        if slowest > SLOWEST_S:
            sys.exit(f"an input of {name} took {slowest:.1f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024
    print(f"{became.total()} inputs, seed {seed}: {dict(sorted(became.items()))};")
    print(f"slowest {slowest * 1e3:.0f} ms; at most {peak} MiB")


if __name__ == "__main__":
    main()
