"""A recording session's dialog (RFC 3261 section 12) and its session timer (RFC 4028)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from hushtap.taps.siprec.fields import address, cseq, listed, seconds, tokens
from hushtap.taps.siprec.message import RefusedError, Request, request

if TYPE_CHECKING:
    from hushtap.taps.siprec.flows import Flow
    from hushtap.taps.siprec.transactions import Transaction

LEAST_SESSION_S: Final = 90
"""Seconds of the shortest session timer that is taken (RFC 4028 section 4)."""
LONGEST_SESSION_S: Final = 86_400

DialogId: TypeAlias = tuple[str, str, str]
"""Call-ID, our tag, the peer's tag."""


@dataclass(frozen=True, slots=True)
class Timer:
    """An agreed session timer: its seconds, and whether it is we who refresh."""

    interval: int
    ours: bool

    def next(self, now: float) -> float:
        """Return when to act after a refresh at ``now``: refresh at half, or give up in time."""
        if self.ours:
            return now + self.interval / 2
        return now + self.interval - min(32.0, self.interval / 3)

    def headers(self) -> list[tuple[str, str]]:
        """Return what a 2xx says of it."""
        refresher = "uas" if self.ours else "uac"
        told = [("Session-Expires", f"{self.interval};refresher={refresher}")]
        return told if self.ours else [("Require", "timer"), *told]


@dataclass(slots=True, eq=False)
class Dialog:
    """A session with a recording client, who calls us. Kept by a ``UserAgent``."""

    call_id: str = field(repr=False)
    local_tag: str
    remote_tag: str
    flow: Flow
    remote_cseq: int
    _from: str = field(repr=False)
    _to: str = field(repr=False)
    _target: str = field(repr=False)
    _routes: tuple[str, ...] = field(repr=False)
    timer: Timer | None = None
    invite: Transaction | None = None
    """The INVITE that was answered last: its ACK comes within this dialog."""
    over: bool = False
    heard: float = 0.0
    """When a request of it came last."""
    _local_cseq: int = 0

    @classmethod
    def begun(cls, invite: Transaction, local_tag: str) -> Dialog:
        """Return the dialog that answering ``invite`` begins.

        Raises:
            RefusedError: 400, it names no place to send requests to.
        """
        first = invite.request
        header = first.headers.get
        sender = header("from") or ""
        dialog = cls(
            call_id=header("call-id") or "",
            local_tag=local_tag,
            remote_tag=address(sender).tag,
            flow=invite.flow,
            remote_cseq=cseq(first)[0],
            _from=f"{header('to') or ''};tag={local_tag}",
            _to=sender,
            _target="",
            _routes=tuple(listed(first.headers.all("record-route"))),
            invite=invite,
        )
        dialog.retarget(first)
        return dialog

    @property
    def id(self) -> DialogId:
        """What requests within it are known by."""
        return self.call_id, self.local_tag, self.remote_tag

    def retarget(self, message: Request) -> None:
        """Take the Contact of an INVITE or UPDATE as where our requests go.

        Raises:
            RefusedError: 400.
        """
        contact = next(iter(listed(message.headers.all("contact"))), None)
        if contact is not None:
            self._target = address(contact).uri
        elif not self._target:
            raise RefusedError(400, "there is no Contact")

    def ordered(self, message: Request) -> bool:
        """Return whether a request is newer than those before, and note it."""
        number = cseq(message)[0]
        if number <= self.remote_cseq and message.method not in {"ACK", "CANCEL"}:
            return False
        self.remote_cseq = max(self.remote_cseq, number)
        return True

    def request(self, method: str, via: str, headers: list[tuple[str, str]]) -> bytes:
        """Return the next request of ours, as it is sent."""
        self._local_cseq += 1
        lines = [("Via", via), ("Max-Forwards", "70"), ("From", self._from), ("To", self._to)]
        lines += [("Call-ID", self.call_id), ("CSeq", f"{self._local_cseq} {method}")]
        lines += [("Route", route) for route in self._routes]
        return request(method, self._target, [*lines, *headers])


def negotiated(message: Request, longest: int) -> Timer | None:
    """Return the session timer that an INVITE or UPDATE leads to (RFC 4028 section 9).

    ``longest`` is the interval in seconds that we ask for, 0 for none; a longer one is
    shortened.

    Raises:
        RefusedError: 422 where the interval is too short, 400.
    """
    supported = "timer" in tokens(message.headers, "supported") + tokens(message.headers, "require")
    asked = seconds(message.headers.get("session-expires"))
    least = seconds(message.headers.get("min-se"))
    floor = min(max(LEAST_SESSION_S, least[0] if least else 0), LONGEST_SESSION_S)
    if asked is None:
        return Timer(max(floor, longest), ours=False) if supported and longest else None
    if asked[0] < LEAST_SESSION_S and supported:
        raise RefusedError(
            422, "the session timer is too short", headers=[("Min-SE", str(LEAST_SESSION_S))]
        )
    interval = min(max(floor, min(asked[0], longest or asked[0])), LONGEST_SESSION_S)
    refresher = (asked[1].get("refresher") or "uac").lower()
    if refresher == "uac" and supported:
        return Timer(interval, ours=False)
    # Refreshing is an UPDATE; who takes none is left without a timer, as by RFC 3261.
    return Timer(interval, ours=True) if "update" in tokens(message.headers, "allow") else None
