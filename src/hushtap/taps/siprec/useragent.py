"""The SIP side of a recording server (RFC 7866 section 6), without sockets or clocks.

Messages with the flow they came on go in; what is to be sent goes to ``send``, what it
means to an ``Application``. Time is told, in seconds of one clock.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from hushtap.taps.siprec.application import Application, Cause, Invitation
from hushtap.taps.siprec.bodies import ACCEPTED
from hushtap.taps.siprec.dialogs import Dialog, DialogId, Timer, negotiated
from hushtap.taps.siprec.fields import address, check, cseq, tokens
from hushtap.taps.siprec.flows import Agenda, Flow, received
from hushtap.taps.siprec.message import Message, RefusedError, Request, Response, respond
from hushtap.taps.siprec.requests import Requests
from hushtap.taps.siprec.transactions import State, Transaction, Transactions

if TYPE_CHECKING:
    from hushtap.taps.siprec.transactions import Send

ALLOW: Final = ("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO")
SUPPORTED: Final = ("Supported", "siprec, timer")
_UNDERSTOOD: Final = frozenset({"siprec", "timer", "100rel", "record-aware"})
"""Extensions that may be required. No provisional answer that 100rel is about is ever sent."""
_IN_DIALOG: Final = frozenset({"INVITE", "UPDATE", "BYE", "INFO", "OPTIONS"})
_SDP: Final = ("Content-Type", "application/sdp")


class UserAgent:
    """All sessions of a server. ``session_s``: seconds of the session timer that it asks for."""

    def __init__(self, application: Application, send: Send, *, session_s: int) -> None:
        self.draining: int | None = None
        """Seconds that new sessions are told to wait; None takes them."""
        self._application = application
        self._send = send
        self._session_s = session_s
        self._transactions = Transactions(send)
        self._requests = Requests(send)
        self._timers: Agenda[Dialog] = Agenda()
        self._dialogs: dict[DialogId, Dialog] = {}
        self._pending: dict[Transaction, Invitation] = {}

    # --- what comes in

    def receive(self, message: Message, flow: Flow, now: float) -> None:
        """Take a message. Raises ``RefusedError`` where it can only be dropped."""
        if isinstance(message, Response):
            self._requests.receive(message, now)
            return
        try:
            check(message)
        except RefusedError as error:
            self.reject(message, flow, error)
            return
        message, flow = received(message, flow)
        if message.method == "ACK":
            self._acknowledged(message, now)
        elif (known := self._transactions.find(message)) is not None:
            self._transactions.repeat(known)
        elif (begun := self._transactions.begin(message, flow)) is None:
            self._send(flow, respond(message, 503, headers=[("Retry-After", "10")]))
        else:
            try:
                self._act(begun, now)
            except RefusedError as error:
                self._refuse(begun, error, now)
            except Exception:
                # Unanswered, it would come again for half a minute; who called logs the class.
                self._refuse(begun, RefusedError(500, "this cannot be done"), now)
                raise

    def reject(self, message: Request, flow: Flow, error: RefusedError) -> None:
        """Answer, without a transaction, a request that is malformed or too long."""
        if message.method == "ACK":
            return
        message, flow = received(message, flow)
        headers = [*error.headers, ("Warning", f'399 hushtap "{error}"')]
        self._send(flow, respond(message, error.status, to_tag=_tag(), headers=headers))

    def _act(self, one: Transaction, now: float) -> None:
        request = one.request
        if request.method == "CANCEL":
            self._cancel(one, now)
            return
        unknown = [t for t in tokens(request.headers, "require") if t not in _UNDERSTOOD]
        if unknown:
            headers = [("Unsupported", ", ".join(unknown))]
            raise RefusedError(420, "an extension is required that is not there", headers=headers)
        if address(request.headers.get("to") or "").tag:
            self._within(one, now)
        elif request.method == "INVITE":
            self._invited(one, now)
        elif request.method == "OPTIONS":
            self._refuse_new()
            headers = [ALLOW, SUPPORTED, ("Accept", ACCEPTED)]
            self._answer(one, 200, now, headers=headers)
        elif request.method in _IN_DIALOG:
            raise RefusedError(481, "there is no such session")
        else:
            raise RefusedError(405, "the method is not known here", headers=[ALLOW])

    def _invited(self, one: Transaction, now: float) -> None:
        self._refuse_new()
        if self._is_merged(one.request):
            raise RefusedError(482, "the request came by two ways")
        timer = negotiated(one.request, self._session_s)
        self._transactions.respond(one, 100, respond(one.request, 100), now)
        invitation = Invitation(one.request, one.flow, one, timer)
        self._pending[one] = invitation
        self._application.invited(invitation)

    def _is_merged(self, request: Request) -> bool:
        """Return whether it is the INVITE of a session that there is (RFC 3261 section 8.2.2.2)."""
        who = _origin(request)
        begun = [dialog.invite for dialog in self._dialogs.values() if dialog.call_id == who[0]]
        known = [*self._pending, *(one for one in begun if one is not None)]
        return any(_origin(other.request) == who for other in known)

    def _refuse_new(self) -> None:
        if self.draining is not None:
            headers = [("Retry-After", str(self.draining))]
            raise RefusedError(503, "no new sessions are taken", headers=headers)

    def _cancel(self, one: Transaction, now: float) -> None:
        invite = self._transactions.find(one.request, "INVITE")
        if invite is None:
            raise RefusedError(481, "there is nothing to cancel")
        self._answer(one, 200, now)
        if (invitation := self._pending.pop(invite, None)) is not None:
            self._answer(invite, 487, now)
            self._application.cancelled(invitation)

    def _within(self, one: Transaction, now: float) -> None:
        request = one.request
        dialog = self._find(request)
        if dialog is None:
            raise RefusedError(481, "there is no such session")
        if request.method not in _IN_DIALOG:
            raise RefusedError(405, "the method is not known here", headers=[ALLOW])
        if not dialog.ordered(request):
            raise RefusedError(500, "an older request came late")
        dialog.heard, dialog.flow = now, one.flow
        if request.method == "BYE":
            self._answer(one, 200, now)
            self._end(dialog, Cause.BYE)
        elif request.method in {"INVITE", "UPDATE"}:
            self._changed(dialog, one, now)
        else:
            self._answer(one, 200, now)
            if request.method == "INFO" and _is_key(request):
                self._application.pressed(dialog, now)

    def _changed(self, dialog: Dialog, one: Transaction, now: float) -> None:
        timer = negotiated(one.request, self._session_s)
        body = self._application.changed(dialog, one.request)
        dialog.retarget(one.request)
        if one.is_invite:
            dialog.invite = one
        self._agree(dialog, timer, now)
        self._answer(one, 200, now, headers=self._told(dialog, body), body=body)

    def _acknowledged(self, request: Request, now: float) -> None:
        if (invite := self._transactions.find(request)) and invite.state is not State.ACCEPTED:
            self._transactions.acknowledge(invite, now)
            return
        dialog = self._find(request)
        about = dialog.invite if dialog is not None else None
        if about is not None and cseq(about.request)[0] == cseq(request)[0]:
            self._transactions.acknowledge(about, now)

    def _find(self, request: Request) -> Dialog | None:
        ours = address(request.headers.get("to") or "").tag
        theirs = address(request.headers.get("from") or "").tag
        return self._dialogs.get((request.headers.get("call-id") or "", ours, theirs))

    # --- what is answered

    def accept(self, invitation: Invitation, sdp: bytes, now: float) -> Dialog:
        """Begin the session. Raises ``RefusedError`` where it has no Contact to go to."""
        one = invitation.transaction
        dialog = Dialog.begun(one, _tag())
        dialog.heard = now
        self._pending.pop(one, None)
        self._dialogs[dialog.id] = dialog
        self._agree(dialog, invitation.timer, now)
        self._answer(one, 200, now, headers=self._told(dialog, sdp), body=sdp, tag=dialog.local_tag)
        return dialog

    def refuse(self, invitation: Invitation, error: RefusedError, now: float) -> None:
        """Do not begin it."""
        self._refuse(invitation.transaction, error, now)

    def hang_up(self, dialog: Dialog, now: float, cause: Cause = Cause.HUNG_UP) -> None:
        """End a session from our side."""
        if not dialog.over:
            self._requests.send(
                lambda via: dialog.request("BYE", via, []), dialog.flow, now, lambda _: None
            )
            self._end(dialog, cause)

    def _refuse(self, one: Transaction, error: RefusedError, now: float) -> None:
        self._pending.pop(one, None)
        headers = [*error.headers, ("Warning", f'399 hushtap "{error}"')]
        self._answer(one, error.status, now, headers=headers)

    def _answer(
        self,
        one: Transaction,
        status: int,
        now: float,
        *,
        headers: list[tuple[str, str]] | None = None,
        body: bytes = b"",
        tag: str | None = None,
    ) -> None:
        data = respond(one.request, status, to_tag=tag or _tag(), headers=headers or (), body=body)
        self._transactions.respond(one, status, data, now)

    def _told(self, dialog: Dialog, body: bytes) -> list[tuple[str, str]]:
        headers = [("Contact", dialog.flow.contact()), ALLOW, SUPPORTED, ("Accept", ACCEPTED)]
        headers += dialog.timer.headers() if dialog.timer else []
        return [*headers, _SDP] if body else headers

    # --- time

    def due(self) -> float | None:
        """Return when ``tick`` has something to do."""
        times = (self._transactions.due(), self._requests.due(), self._timers.due())
        return min((time for time in times if time is not None), default=None)

    def tick(self, now: float) -> None:
        """Do what is due: repeat, refresh, give up."""
        for lost in self._transactions.tick(now):
            for dialog in [one for one in self._dialogs.values() if one.invite is lost]:
                self.hang_up(dialog, now, Cause.UNACKNOWLEDGED)
        self._requests.tick(now)
        for dialog in list(self._timers.take(now)):
            if dialog.timer is None or not dialog.timer.ours:
                self.hang_up(dialog, now, Cause.EXPIRED)
            else:
                self._refresh(dialog, dialog.timer, now)

    def _agree(self, dialog: Dialog, timer: Timer | None, now: float) -> None:
        dialog.timer = timer
        self._timers.put(dialog, timer.next(now) if timer else None)

    def _refresh(self, dialog: Dialog, timer: Timer, now: float) -> None:
        def done(status: int | None) -> None:
            if status in {None, 408, 481} and not dialog.over:
                self._end(dialog, Cause.EXPIRED)

        # Who refreshes is told from the side of who sends this.
        told = ("Session-Expires", f"{timer.interval};refresher=uac")
        headers = [("Contact", dialog.flow.contact()), SUPPORTED, told]
        self._requests.send(
            lambda via: dialog.request("UPDATE", via, headers), dialog.flow, now, done
        )
        self._timers.put(dialog, timer.next(now))

    def _end(self, dialog: Dialog, cause: Cause) -> None:
        dialog.over = True
        self._timers.put(dialog, None)
        self._dialogs.pop(dialog.id, None)
        self._application.ended(dialog, cause)


def _origin(request: Request) -> tuple[str, str, int]:
    tag = address(request.headers.get("from") or "").tag
    return request.headers.get("call-id") or "", tag, cseq(request)[0]


def _tag() -> str:
    return secrets.token_hex(8)


def _is_key(request: Request) -> bool:
    """Return whether an INFO may tell of a key that was pressed. Which one is not read."""
    kind = (request.headers.get("content-type") or "").lower()
    return not kind or "dtmf" in kind or "telephone-event" in kind
