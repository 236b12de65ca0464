"""What the commands print, and how they ask for a passphrase."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import typer

from hushtap.cli.signals import InterruptedRunError
from hushtap.errors import VaultError
from hushtap.timeline import to_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rich.console import Console

    from hushtap.pii.policy import Policy
    from hushtap.values import Finding
    from hushtap.vault.recordings import Vault

PASSPHRASE = "HUSHTAP_PASSPHRASE"  # noqa: S105 - the name of the variable
"""Environment variable that protects, and opens, the private key of a vault."""
PIN = "HUSHTAP_PIN"
"""Environment variable: the PIN of the token that seals a private key."""


def errors() -> Console:
    """Return the console for progress and notes."""
    from rich.console import Console  # noqa: PLC0415 - takes as long as all else at the start

    return Console(stderr=True, highlight=False)


def say(line: str) -> None:
    """Print one line of results to stdout, above a display that moves.

    Raises:
        OutputError: standard output does not take it.
    """
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def complain(line: str) -> None:
    """Print one line to stderr, whatever the text holds."""
    sys.stderr.write(f"hushtap: {' '.join(line.split())}\n")
    sys.stderr.flush()


def print_json(document: dict[str, Any]) -> None:
    """Print ``document`` as one line of JSON. Raises ``OutputError``."""
    say(json.dumps(document))


def moving() -> dict[str, Any]:
    """Return what a display of rich needs to move on stderr and leave results to stdout.

    On a terminal they are printed above it; what is piped is never touched.
    """
    return {
        "console": errors(),
        "transient": True,
        "redirect_stdout": sys.stdout.isatty(),
        "redirect_stderr": True,
    }


def print_table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print rows under their columns; what is piped keeps its full width."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_plain(cell) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else 200).print(table)


def _plain(cell: str) -> Any:  # noqa: ANN401 - whatever rich renders
    from rich.text import Text  # noqa: PLC0415

    return Text(cell)


def clock(seconds: float) -> str:
    """Return ``m:ss.s``, or ``h:mm:ss.s`` from an hour on."""
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    rest = f"{tenths // 10:02}.{tenths % 10}"
    return f"{hours}:{minutes:02}:{rest}" if hours else f"{minutes}:{rest}"


def finding_line(finding: Finding, rate: int) -> str:
    """Return one finding for a person to read: where, what, how sure, why."""
    start, end = (clock(to_seconds(at, rate)) for at in (finding.span.start, finding.span.end))
    late = "" if finding.muted else "  NOT MUTED: recognised too late"
    return (
        f"channel {finding.channel}  {start} - {end}  {finding.entity}"
        f"  {finding.score:.2f}  {finding.source}{late}"
    )


def choose_policy(policy: str, mute: str | None) -> Policy:
    """Return the policy of that name or path, with another way to mute where one is given.

    Raises:
        UsageError: there is no such policy or way to mute.
    """
    from hushtap.pii.policy import load_policy  # noqa: PLC0415

    chosen = load_policy(policy)
    if mute is None:
        return chosen
    from hushtap.batch import styled  # noqa: PLC0415 - loads the ears

    return styled(chosen, mute)


def make_vault(path: Path) -> Vault:
    """Open the vault at ``path`` for writing, or make it.

    A new one asks a person at a terminal for a passphrase; without terminal it is
    ``$HUSHTAP_PASSPHRASE``. Where neither gives one, a note says, once the key is
    made, where it lies and how to protect it.

    Raises:
        VaultError: it cannot be made or opened.
    """
    from hushtap.vault.keys import look_at  # noqa: PLC0415
    from hushtap.vault.location import has_catalog  # noqa: PLC0415
    from hushtap.vault.recordings import Vault  # noqa: PLC0415

    if has_catalog(path):
        return Vault.open(path)
    key = path / "keys" / "private.key"
    keyed = key.exists()
    secret = os.environ.get(PASSPHRASE)
    if secret is None and sys.stdin is not None and sys.stdin.isatty():
        secret = ask(f"Passphrase for the new vault {path} (empty: none)", new=True)
    vault = Vault.create(path, passphrase=secret or None)
    if not keyed and key.exists() and look_at(key).asks_for is None:
        complain(
            f"note: {key.resolve()} opens every recording of this vault and has no passphrase:"
            " move it to where recordings are read and name it there with --key FILE (recording"
            " goes on without it), or replace it by one with a passphrase: hushtap keys rotate"
        )
    return vault


def open_vault(path: Path, key: Path | None = None) -> Vault:
    """Open an existing vault; ask for the passphrase of its private key only where it has one.

    Raises:
        VaultError: there is no vault, or the passphrase is missing.
    """
    from hushtap.vault.recordings import Vault  # noqa: PLC0415

    private = key or Vault.open(path).keyring.private_file()
    return Vault.open(path, private_key=key, passphrase=secret_of(private))


def secret_of(private: Path | None) -> str | None:
    """Return the passphrase or PIN that a private key file needs; ask for it where none is set.

    Raises:
        VaultError: it needs one, and there is nobody to ask.
    """
    from hushtap.vault.keys import look_at  # noqa: PLC0415

    if private is None:
        return None
    try:
        kind = look_at(private).asks_for
    except VaultError:
        # Whoever opens it tells what is wrong with it.
        return os.environ.get(PASSPHRASE)
    if kind is None:
        return None
    variable = PIN if kind == "PIN" else PASSPHRASE
    secret = os.environ.get(variable)
    if secret is not None:
        return secret
    if sys.stdin is None or not sys.stdin.isatty():
        raise VaultError(f"{private}: protected by a {kind}; set {variable}")
    return ask(f"{kind.capitalize() if kind != 'PIN' else kind} of {private}", new=False)


def ask(question: str, *, new: bool) -> str:
    """Ask a person at the terminal for a passphrase; a new one twice, and it may be empty.

    Raises:
        InterruptedRunError: the person gave none, by Ctrl-C or Ctrl-D.
    """
    try:
        return str(
            typer.prompt(
                question,
                default="" if new else None,
                show_default=False,
                hide_input=True,
                confirmation_prompt=new,
                err=True,
            )
        )
    except typer.Abort:
        raise InterruptedRunError("interrupted: no passphrase was given, nothing is done") from None
