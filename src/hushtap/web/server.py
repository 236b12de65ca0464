"""The process behind a port: TLS, quiet logs, and nothing spooled to disk."""

from __future__ import annotations

import ipaddress
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import uvicorn

from hushtap.errors import UsageError
from hushtap.web.app import make_app
from hushtap.web.database import DeskDatabase
from hushtap.web.settings import Settings
from hushtap.web.tls import own_certificate
from hushtap.web.upkeep import upkeep
from hushtap.web.webhook import courier_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hushtap.vault.recordings import Vault
    from hushtap.web.rules import Rules

FOLDER = "web"
"""Of the vault: the desk's database, key and certificate."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the desk is served, and with which certificate; ``plain``: without TLS.

    Raises:
        UsageError: plain beyond the loopback, or half a certificate.
    """

    host: str = "127.0.0.1"
    port: int = 8443
    certificate: Path | None = None
    key: Path | None = None
    plain: bool = False

    def __post_init__(self) -> None:
        """Refuse passwords and calls in clear on a network."""
        if self.plain and not _is_loopback(self.host):
            raise UsageError("--plain serves without TLS: only on 127.0.0.1, ::1 or localhost")
        if (self.certificate is None) != (self.key is None):
            raise UsageError("--cert and --cert-key go together")

    @property
    def url(self) -> str:
        """The address for a browser."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        shown = "localhost" if self.host in {"127.0.0.1", "::1"} else host
        return f"http{'' if self.plain else 's'}://{shown}:{self.port}"


def database_of(vault: Vault) -> DeskDatabase:
    """Return the desk's database beside ``vault``. Raises ``VaultError``."""
    return DeskDatabase(vault.path / FOLDER)


def certificate_of(vault: Vault, place: Place) -> tuple[Path, Path] | None:
    """Return certificate and key that ``place`` is served with; the desk's own where none is given.

    Raises:
        VaultError: the own one cannot be made.
    """
    if place.plain:
        return None
    if place.certificate is not None and place.key is not None:
        return place.certificate, place.key
    database_of(vault).close()
    return own_certificate(vault.path / FOLDER)


def serve(
    vault: Vault,
    place: Place,
    *,
    started: Callable[[], None],
    rules: Rules | None = None,
    demo: bool = False,
) -> None:
    """Serve the desk until it is interrupted; ``started`` is called once it answers.

    Raises:
        UsageError: the certificate is none, or the port is taken.
        VaultError: the vault or the desk's database cannot be used.
    """
    logging.basicConfig(format="hushtap: %(message)s", level=logging.ERROR)
    settings = Settings(secure=not place.plain)
    app = make_app(vault, database_of(vault), settings, rules=rules, demo=demo)
    tls: dict[str, Any] = {}
    pair = certificate_of(vault, place)
    if pair is not None:
        tls = {"ssl_certfile": pair[0], "ssl_keyfile": pair[1]}
    config = uvicorn.Config(
        app,
        host=place.host,
        port=place.port,
        # Addresses of pages hold ids and filters; an error's text could hold anything.
        access_log=False,
        log_config=None,
        log_level="critical",
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=3,
        **tls,
    )
    try:
        config.load()
    except OSError:
        raise UsageError(
            f"{place.certificate}: no certificate with this key; give both as PEM"
        ) from None
    server = _Server(config, started)
    courier = courier_of(app.state.rules.alerts, app.state.watch)
    keeping = upkeep(vault, app.state.cases, app.state.disposals)
    try:
        keeping.start()
        if courier is not None:
            courier.start()
        server.run()
    except SystemExit:
        if server.started:
            # A signal, which uvicorn passes on once it has closed its port.
            raise
        raise UsageError(
            f"port {place.port} of {place.host} is taken; give another --port"
        ) from None
    finally:
        keeping.stop()
        if courier is not None:
            courier.stop()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: Any = None) -> None:  # noqa: ANN401 - uvicorn's
        await super().startup(sockets)
        if self.started:
            self._tell()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
