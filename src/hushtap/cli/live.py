"""``hushtap live``: one call as it happens, into a vault."""

from __future__ import annotations

import typer


def live() -> None:
    """Record one call as it happens."""
    raise typer.Exit(1)
