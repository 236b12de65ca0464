"""What is done with recording sessions, as the user agent sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from hushtap.taps.siprec.transactions import State, Transaction

if TYPE_CHECKING:
    from hushtap.taps.siprec.dialogs import Dialog, Timer
    from hushtap.taps.siprec.flows import Flow
    from hushtap.taps.siprec.message import Request


class Cause(StrEnum):
    """Why a dialog is over."""

    BYE = "bye"
    EXPIRED = "expired"
    """Its session timer was not refreshed."""
    UNACKNOWLEDGED = "unacknowledged"
    HUNG_UP = "hung_up"
    """By us."""


@dataclass(slots=True, eq=False)
class Invitation:
    """An INVITE that begins a session, to be accepted or refused, now or later."""

    request: Request
    flow: Flow
    transaction: Transaction = field(repr=False)
    timer: Timer | None

    @property
    def is_open(self) -> bool:
        """Whether it still waits for an answer: it was not cancelled."""
        return self.transaction.state is State.PROCEEDING


class Application(Protocol):
    """What is done with sessions."""

    def invited(self, invitation: Invitation) -> None:
        """Answer, or see to it that ``accept`` or ``refuse`` is called. May raise RefusedError."""
        ...

    def cancelled(self, invitation: Invitation) -> None:
        """Know that it is not wanted any more."""
        ...

    def changed(self, dialog: Dialog, request: Request) -> bytes:
        """Take an INVITE or UPDATE within a session; return our SDP, empty for none.

        Raises:
            RefusedError: the session stays as it was.
        """
        ...

    def pressed(self, dialog: Dialog, now: float) -> None:
        """Know that a key was pressed about ``now``."""
        ...

    def ended(self, dialog: Dialog, cause: Cause) -> None:
        """Know that a session is over."""
        ...
