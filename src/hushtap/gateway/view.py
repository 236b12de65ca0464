"""A running gateway as its own HTTP interface tells of it: for ``hushtap top``."""

from __future__ import annotations

import math
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx
from prometheus_client.parser import text_string_to_metric_families

from hushtap.addresses import is_loopback
from hushtap.errors import HushtapError, UsageError
from hushtap.gateway.listening import read_secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class View:
    """How a gateway stands. ``calls`` as of ``GET /calls``; delays in seconds, NaN if unknown.

    ``refused``, ``muted``, ``missed`` and ``failed`` count by reason or entity, since its start.
    """

    calls: tuple[Mapping[str, Any], ...]
    ears_delay: float
    release_delay: float
    real_time_factor: float
    draining: bool
    refused: Mapping[str, int] = field(default_factory=dict)
    muted: Mapping[str, int] = field(default_factory=dict)
    missed: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """Return it as JSON says it."""
        delays = {
            "ears_delay": self.ears_delay,
            "release_delay": self.release_delay,
            "real_time_factor": self.real_time_factor,
        }
        return {
            "calls": [dict(call) for call in self.calls],
            **{name: None if math.isnan(value) else value for name, value in delays.items()},
            "draining": self.draining,
            "refused": dict(self.refused),
            "muted": dict(self.muted),
            "missed": dict(self.missed),
            "failed": dict(self.failed),
        }


class Watcher:
    """Asks the gateway at ``url`` how it stands, with the first token of the file ``token``.

    Raises:
        UsageError: the address or a file makes no sense, or the token would go out in clear.
    """

    def __init__(self, url: str, token: Path | None, ca: Path | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f"{url!r} is no address: write it like http://127.0.0.1:8090")
        if parts.scheme == "http" and not _is_local(parts.hostname):
            raise UsageError(f"{url}: the token would go out in clear; give an https address")
        self._url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {read_secret(token)[0]}"} if token else {}
        try:
            verify = ssl.create_default_context(cafile=ca)
        except OSError as error:
            raise UsageError(f"{ca}: no certificates ({type(error).__name__})") from None
        self._client = httpx.Client(
            headers=headers, timeout=TIMEOUT_S, verify=verify, trust_env=False
        )

    def close(self) -> None:
        """Ask no more."""
        self._client.close()

    def look(self) -> View:
        """Return how it stands now.

        Raises:
            HushtapError: it does not answer, or refuses to.
        """
        calls = self._get("/calls").json().get("calls", [])
        return view_of(calls, self._get("/metrics").text)

    def _get(self, path: str) -> httpx.Response:
        try:
            answer = self._client.get(self._url + path)
        except httpx.HTTPError as error:
            raise HushtapError(
                f"{self._url} does not answer ({type(error).__name__}): is the gateway up?"
            ) from None
        if answer.status_code in {401, 403}:
            raise HushtapError(
                f"{self._url} wants a token: give the file named as token under [http] as --token"
            )
        if answer.is_error:
            raise HushtapError(f"{self._url}{path} answered {answer.status_code}")
        return answer


def view_of(calls: list[Mapping[str, Any]], metrics: str) -> View:
    """Return the view that ``GET /calls`` and ``GET /metrics`` make together."""
    found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))

    def counts(name: str) -> dict[str, int]:
        samples = found.get(f"hushtap_{name}_total", [])
        return {next(iter(labels.values())): int(n) for labels, n in samples if labels and n}

    def one(name: str, **labels: str) -> float:
        samples = found.get(f"hushtap_{name}", [])
        return next((value for has, value in samples if has == labels), math.nan)

    return View(
        calls=tuple(calls),
        ears_delay=one("ears_recent_delay_seconds"),
        release_delay=one("release_delay_seconds", held="speech", quantile="0.99"),
        real_time_factor=one("ears_real_time_factor"),
        draining=one("draining") > 0,
        refused=counts("calls_refused"),
        muted=counts("findings"),
        missed=counts("missed"),
        failed=counts("fail_closed"),
    )


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or is_loopback((host, 0))
    except ValueError:
        return False
