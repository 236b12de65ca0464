"""What systemd is told: sd_notify(3), one datagram a word."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from enum import StrEnum


class State(StrEnum):
    """All that is told."""

    READY = "READY=1"
    STOPPING = "STOPPING=1"
    ALIVE = "WATCHDOG=1"


def notify(state: State) -> None:
    """Tell the service manager that started this process, if one did."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        # An abstract socket.
        address = f"\0{address[1:]}"
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.connect(address)
        one.sendall(state.value.encode("ascii"))
