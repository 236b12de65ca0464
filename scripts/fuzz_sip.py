"""Feed damaged SIPREC messages to their parsers: no crash, no long wait, bounded memory.

    python scripts/fuzz_sip.py [INPUTS] [SEED]

Inputs are real requests of a session with bytes changed, cut out, repeated or put in
from a list of what parsers stumble over. Each goes into the whole server but its
sockets: framing, message, transactions, dialogs, bodies, SDP, metadata, roles, the
answer. Prints how many went in and what became of them; anything but a refusal ends it.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from fuzzing import harmed
from hushtap.taps.siprec import metadata, roles, sdp
from hushtap.taps.siprec.application import Cause, Invitation
from hushtap.taps.siprec.bodies import bodies
from hushtap.taps.siprec.flows import Flow
from hushtap.taps.siprec.framing import Framer
from hushtap.taps.siprec.message import RefusedError, Request, parse, salvaged
from hushtap.taps.siprec.useragent import UserAgent

if TYPE_CHECKING:
    from hushtap.taps.siprec.dialogs import Dialog

FLOWS = (
    Flow("UDP", ("10.0.0.9", 5060), ("10.0.0.1", 5060)),
    Flow("TCP", ("::9", 9), ("::1", 5), 1),
)
MOST_BYTES = 1_000 << 20
SLOWEST_S = 2.0
PIECES = (
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b"\x00",
        b"\xff\xfe",
        b'"',
        b"<",
        b">",
        b";",
        b",",
        b":",
        b"@",
    ),
    *(
        b"=",
        b"%",
        b" ",
        b"\t",
        b"\r\n ",
        b"--x",
        b"--x--",
        b"tag=",
        b"z9hG4bK",
        b"Content-Length: 9",
    ),
    *(
        b"99999999999999999999",
        b"-1",
        b"4294967295",
        b"65536",
        b"\xc3\x28",
        "\u202e\u0660".encode(),
    ),
    *(
        b"multipart/mixed;boundary=x",
        b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:",
        b"m=audio 1 RTP/AVP 0",
    ),
    *(
        b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
        b"&b;",
        b"<a>" * 50,
        b"]]>",
        b"<![CDATA[",
        b"<?xml",
        b"xmlns:a='b'",
    ),
    *(b"Via: SIP/2.0/UDP a;rport", b"Require: siprec", b"Session-Expires: 90", b"A" * 3_000),
)
SDP = """v=0
o=- 1 1 IN IP4 10.0.0.9
s=-
c=IN IP4 10.0.0.9
t=0 0
m=audio 30000 RTP/SAVP 0 9 96 101
a=rtpmap:96 L16/16000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd|2^31|1:1
a=label:1
a=sendonly
m=audio 30002 RTP/AVP 8
a=label:2
a=inactive
"""
XML = """<?xml version="1.0" encoding="UTF-8"?>
<recording xmlns="urn:ietf:params:xml:ns:recording:1"><datamode>complete</datamode>
<session session_id="s"><sipSessionID>ab30317f</sipSessionID></session>
<participant participant_id="p"><nameID aor="sip:1001@a.example"><name>A</name></nameID>
</participant>
<stream stream_id="x" session_id="s"><label>1</label></stream>
<participantstreamassoc participant_id="p"><send>x</send></participantstreamassoc></recording>
"""
RULE = roles.Rule(agents=("1???",), queue_header="X-Queue", queue_element="queue")


class Desk:
    """What the gateway does with a session, without audio."""

    def __init__(self) -> None:
        self.agent = UserAgent(self, self._send, session_s=1_800)
        self.now = 0.0
        self.open: list[Dialog] = []

    def invited(self, invitation: Invitation) -> None:
        """Accept what has an SDP."""
        answer = self._answer(invitation.request)
        self.open.append(self.agent.accept(invitation, answer, self.now))

    def cancelled(self, invitation: Invitation) -> None:
        """Know it."""

    def changed(self, dialog: Dialog, request: Request) -> bytes:
        """Answer a new offer."""
        del dialog
        return self._answer(request) if request.body else b""

    def pressed(self, dialog: Dialog, now: float) -> None:
        """Know it."""

    def ended(self, dialog: Dialog, cause: Cause) -> None:
        """Know it."""
        del cause
        self.open = [one for one in self.open if one is not dialog]

    def _answer(self, request: Request) -> bytes:
        carried = bodies(request)
        if carried.sdp is None:
            raise RefusedError(488, "there is no SDP")
        known = metadata.parse(carried.metadata) if carried.metadata else None
        offer = sdp.parse(carried.sdp)
        roles.channels([one.label for one in offer], known or metadata.Metadata(), request, RULE)
        roles.details(known or metadata.Metadata(), request, RULE)
        taken = [sdp.Taken(one, 40_000, one.decodable(8_000)) for one in offer]
        return sdp.answer(taken, "10.0.0.1", session=1, version=1, keys={})

    def _send(self, flow: Flow, data: bytes) -> None:
        del flow
        parse(data)


def seeds() -> list[bytes]:
    """Return the requests of a session."""
    body = f"--x\r\nContent-Type: application/sdp\r\n\r\n{SDP}\r\n--x\r\n"
    body += f"Content-Type: application/rs-metadata+xml\r\n\r\n{XML}\r\n--x--\r\n"
    made = []
    for number, method in enumerate(
        ["INVITE", "ACK", "UPDATE", "OPTIONS", "INFO", "BYE", "CANCEL"], 1
    ):
        one = body if method in {"INVITE", "UPDATE"} else ""
        lines = [
            f"{method} sip:srs@10.0.0.1 SIP/2.0",
            f"Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK{number};rport",
            'From: "A, <B>" <sip:src;x-nearend;x-refci=7@10.0.0.9>;tag=f',
            "To: <sip:srs@10.0.0.1>",
            "Call-ID: c1",
            f"CSeq: {number} {method}",
            "Contact: <sip:src@10.0.0.9>;+sip.src",
            "Record-Route: <sip:p1;lr>, <sip:p2;lr>",
            "Supported: timer\r\nSession-Expires: 1800;refresher=uas\r\nAllow: UPDATE",
            *(["Content-Type: multipart/mixed;boundary=x"] if one else []),
            f"Content-Length: {len(one)}",
        ]
        made.append("\r\n".join([*lines, "", one]).encode())
    return made


def damaged(pick: random.Random, whole: bytes) -> bytes:
    """Return ``whole`` with some harm done."""
    data = harmed(pick, whole, PIECES, pick.randrange(1, 8))
    if pick.random() < 0.6:  # noqa: PLR2004
        # So that what is behind the head is reached, too.
        head, blank, body = bytes(data).partition(b"\r\n\r\n")
        lines = [one for one in head.split(b"\r\n") if not one.startswith(b"Content-Length")]
        data = bytearray(b"\r\n".join([*lines, b"Content-Length: %d" % len(body)]) + blank + body)
    return bytes(data)


def once(desk: Desk, pick: random.Random, whole: bytes) -> str:
    """Feed one input; return what became of it."""
    data = damaged(pick, whole)
    if desk.open and pick.random() < 0.5:  # noqa: PLR2004
        tag = pick.choice(desk.open).local_tag.encode()
        data = data.replace(b"To: <sip:srs@10.0.0.1>", b"To: <sip:srs@10.0.0.1>;tag=" + tag)
        data = data.replace(b"CSeq: ", b"CSeq: %d" % pick.randrange(1, 9_999))
    flow = pick.choice(FLOWS)
    try:
        for one in Framer().feed(data) if flow.is_reliable else [data]:
            desk.agent.receive(parse(one), flow, desk.now)
    except RefusedError as error:
        found = salvaged(data)
        if found is not None:
            try:
                desk.agent.reject(found, flow, error)
            except RefusedError:
                return "dropped"
        return "refused"
    return "taken"


def main() -> None:
    """Run as many inputs as asked for."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0  # noqa: PLR2004
    pick = random.Random(seed)  # noqa: S311
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    became: Counter[str] = Counter()
    desk, whole, slowest = Desk(), seeds(), 0.0
    sessions = 0
    while became.total() < wanted:
        begun = time.process_time()
        before = len(desk.open)
        became[once(desk, pick, pick.choice(whole))] += 1
        slowest = max(slowest, time.process_time() - begun)
        if slowest > SLOWEST_S:
            sys.exit(f"an input took {slowest:.1f} s")
        sessions += max(0, len(desk.open) - before)
        desk.now += pick.choice((0.0, 0.1, 2.0))
        desk.agent.tick(desk.now)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024
    print(f"{became.total()} inputs, seed {seed}: {dict(became)}; {sessions} sessions begun,")
    print(f"{len(desk.open)} open at the end; slowest {slowest * 1e3:.0f} ms; at most {peak} MiB")


if __name__ == "__main__":
    main()
