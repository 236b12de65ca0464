"""A recording client made of strings: requests with what a test changes, answers taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hushtap.taps.siprec.application import Cause, Invitation
from hushtap.taps.siprec.dialogs import Dialog
from hushtap.taps.siprec.flows import Flow
from hushtap.taps.siprec.message import RefusedError, Request, Response, parse
from hushtap.taps.siprec.useragent import UserAgent

UDP = Flow("UDP", ("10.0.0.9", 5060), ("10.0.0.1", 5060))
TCP = Flow("TCP", ("10.0.0.9", 33_000), ("10.0.0.1", 5060), 1)

OFFER = b"""v=0
o=- 1 1 IN IP4 10.0.0.9
s=-
c=IN IP4 10.0.0.9
t=0 0
m=audio 30000 RTP/AVP 0 8 101
a=rtpmap:101 telephone-event/8000
a=label:1
a=sendonly
m=audio 30002 RTP/AVP 0
a=label:2
a=sendonly
"""


def request(
    method: str,
    number: int = 1,
    *,
    branch: str | None = None,
    to_tag: str = "",
    body: bytes = b"",
    headers: tuple[str, ...] = (),
    call_id: str = "c1",
    via: str = "10.0.0.9:5060",
    transport: str = "UDP",
) -> bytes:
    lines = [
        f"{method} sip:srs@10.0.0.1 SIP/2.0",
        f"Via: SIP/2.0/{transport} {via};branch={branch or f'z9hG4bK{method}{number}'}",
        "From: <sip:src@10.0.0.9>;tag=theirs",
        f"To: <sip:srs@10.0.0.1>{';tag=' + to_tag if to_tag else ''}",
        f"Call-ID: {call_id}",
        f"CSeq: {number} {method}",
        "Contact: <sip:src@10.0.0.9:5060>;+sip.src",
        *headers,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Desk:
    """An application that accepts all, and remembers what it was told."""

    invitations: list[Invitation] = field(default_factory=list)
    cancelled_ones: list[Invitation] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    ends: list[Cause] = field(default_factory=list)
    keys: list[float] = field(default_factory=list)
    refusal: RefusedError | None = None

    def invited(self, invitation: Invitation) -> None:
        self.invitations.append(invitation)

    def cancelled(self, invitation: Invitation) -> None:
        self.cancelled_ones.append(invitation)

    def changed(self, dialog: Dialog, request: Request) -> bytes:
        del dialog
        if self.refusal is not None:
            raise self.refusal
        self.changes.append(request.method)
        return b"v=0\r\n" if request.method == "INVITE" or request.body else b""

    def pressed(self, dialog: Dialog, now: float) -> None:
        assert not dialog.over
        self.keys.append(now)

    def ended(self, dialog: Dialog, cause: Cause) -> None:
        assert dialog.over
        self.ends.append(cause)


class Phone:
    """A client on one flow, its server, and a clock that the test moves."""

    def __init__(self, flow: Flow = UDP, *, session_s: int = 0) -> None:
        self.desk = Desk()
        self.sent: list[tuple[float, Flow, bytes]] = []
        self.flow = flow
        self.now = 100.0
        self.agent = UserAgent(self.desk, self._send, session_s=session_s)
        self.dialog: Dialog | None = None

    def _send(self, flow: Flow, data: bytes) -> None:
        self.sent.append((self.now, flow, data))

    def say(self, data: bytes) -> None:
        self.agent.receive(parse(data), self.flow, self.now)

    def answers(self) -> list[Response]:
        """Return what was answered since the last look."""
        found = [parse(data) for _, _, data in self.sent]
        self.sent.clear()
        return [one for one in found if isinstance(one, Response)]

    def statuses(self) -> list[int]:
        return [one.status for one in self.answers()]

    def requests(self) -> list[Request]:
        """Return what was asked since the last look."""
        found = [parse(data) for _, _, data in self.sent]
        self.sent.clear()
        return [one for one in found if isinstance(one, Request)]

    def wait(self, seconds: float) -> None:
        """Let time go on, with a look at every moment at which something is due."""
        until = self.now + seconds
        while (due := self.agent.due()) is not None and due <= until:
            self.now = max(self.now, due)
            self.agent.tick(self.now)
        self.now = until

    def call(self, *headers: str) -> str:
        """Begin a session and acknowledge it; return our tag."""
        self.say(request("INVITE", body=OFFER, headers=headers))
        self.dialog = self.agent.accept(self.desk.invitations[-1], b"v=0\r\n", self.now)
        tag = self.tag()
        self.say(request("ACK", to_tag=tag))
        self.sent.clear()
        return tag

    def tag(self) -> str:
        match = re.search(rb"\r\nTo: .*;tag=([0-9a-f]+)", self.sent[-1][2])
        assert match
        return match[1].decode()
