"""What a tap of the gateway is: a server that takes calls and hands their audio on."""

from __future__ import annotations

from typing import Protocol


class TapServer(Protocol):
    """Takes calls of one kind. Made from its section of the settings and a ``Calls``.

    Everything runs in the gateway's event loop. A call's own trouble (bytes that
    make no sense, a peer that is slow or gone) ends that call alone.
    """

    @property
    def name(self) -> str:
        """What logs and errors call it: the name of its section."""
        ...

    async def start(self) -> None:
        """Bind and take calls from now on.

        Raises:
            UsageError: an address cannot be bound, or a file of the section cannot be used.
        """
        ...

    async def drain(self) -> None:
        """Take no new calls; those that are up go on. Returns at once."""
        ...

    async def stop(self) -> None:
        """End what is still up, as the far end would, and free every port."""
        ...
