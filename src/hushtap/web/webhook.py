"""Alerts by webhook, signed as ``hushtap.standardwebhooks`` has it.

An alert is in the database first and stays due until it was taken: a receiver that is
away for a while, or a desk that is restarted, loses none within eight tries over 13 hours.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import httpx

from hushtap.standardwebhooks import message, read_keys, signed
from hushtap.web.periodic import Periodic

if TYPE_CHECKING:
    from pathlib import Path

    from hushtap.web.rules import AlertRules
    from hushtap.web.watch import Alert, Watch

_EVERY: Final = 5.0
"""Seconds between two looks for what is due."""


class Courier:
    """Sends what is due of ``watch`` to ``url``.

    Raises:
        UsageError: ``secret`` is a file without a secret.
    """

    def __init__(self, watch: Watch, url: str, secret: Path) -> None:
        self._watch = watch
        self._url = url
        self._keys = read_keys(secret)
        # Neither proxies of the environment nor redirects see an alert.
        self._client = httpx.Client(timeout=10, trust_env=False, follow_redirects=False)
        self._rounds = Periodic("alerts", _EVERY, self.deliver)

    def start(self) -> None:
        """Send from now on, in a thread."""
        self._rounds.start()

    def stop(self) -> None:
        """End the thread, after what it is sending."""
        self._rounds.stop()
        self._client.close()

    def deliver(self) -> int:
        """Send all that is due now; return how many were taken. Raises ``VaultError``."""
        taken = 0
        for alert in self._watch.due():
            delivered = self._send(alert)
            self._watch.tried(alert, delivered=delivered)
            taken += delivered
        return taken

    def _send(self, alert: Alert) -> bool:
        told = {
            "alert": alert.id,
            "rule": alert.rule,
            "account": alert.account,
            "address": alert.address,
            "made": datetime.fromtimestamp(alert.made, UTC).isoformat(timespec="seconds"),
        }
        body = message("desk.alert", told)
        headers = signed(f"alert-{alert.id}", body, self._keys)
        try:
            return self._client.post(self._url, content=body, headers=headers).is_success
        except (httpx.HTTPError, httpx.InvalidURL):
            return False


def courier_of(rules: AlertRules, watch: Watch) -> Courier | None:
    """Return what sends alerts, where ``rules`` name a webhook. Raises ``UsageError``."""
    if rules.webhook is None or rules.webhook_secret is None:
        return None
    return Courier(watch, rules.webhook, rules.webhook_secret)
