"""The gateway's numbers for Prometheus. Labels are enumerations: no id, no text."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from hushtap.gateway.admission import Refusal
from hushtap.gateway.calls import TapName
from hushtap.gateway.media import Fate, Gap, MediaFigures
from hushtap.gateway.webhooks import Outcome
from hushtap.observe import Held, Queue, Reason
from hushtap.values import Entity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prometheus_client.core import Metric

    from hushtap.gateway.calls import Calls
    from hushtap.gateway.supervisors import Supervisors
    from hushtap.gateway.webhooks import Webhooks
    from hushtap.observe import Histogram, Metrics

Keys: TypeAlias = "type[TapName | Refusal | Entity | Reason | Queue | Outcome]"

QUANTILES: Final = (0.5, 0.95, 0.99)


class Figures(Collector):
    """Reads what calls and ears count, whenever it is asked."""

    def __init__(
        self,
        calls: Calls,
        metrics: Metrics,
        *,
        webhooks: Webhooks | None = None,
        supervisors: Supervisors | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._calls = calls
        self._metrics = metrics
        self._webhooks = webhooks
        self._supervisors = supervisors
        self._clock = clock
        self._beat = clock()
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def beat(self) -> None:
        """Take note that the gateway's loop goes round."""
        self._beat = self._clock()

    @property
    def age(self) -> float:
        """Seconds since the last ``beat``."""
        return self._clock() - self._beat

    def text(self) -> bytes:
        """Return all of them in Prometheus's text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield all of them."""
        calls, metrics = self._calls, self._metrics
        up = Counter(call.tap for call in calls.up())
        yield _gauges("hushtap_calls_active", "Calls that are up", "tap", up, TapName)
        yield _counters("hushtap_calls", "Calls taken", "tap", calls.admitted, TapName)
        refused = calls.admission.refused
        yield _counters("hushtap_calls_refused", "Calls refused", "reason", refused, Refusal)
        found = calls.found
        yield _counters("hushtap_findings", "Mutes released", "entity", found, Entity)
        why = "Recognised only after some of it had been released; counted as calls end"
        yield _counters("hushtap_missed", why, "entity", calls.missed, Entity)
        yield from _media({tap: calls.media(tap) for tap in TapName})
        outcomes = self._webhooks.outcomes if self._webhooks else {}
        yield _counters("hushtap_webhooks", "Webhooks", "outcome", outcomes, Outcome)
        closed = metrics.fail_closed
        why = "Times that audio was muted unjudged, or a call ended early"
        yield _counters("hushtap_fail_closed", why, "reason", closed, Reason)
        depth = {queue: metrics.now(queue) for queue in Queue}
        deepest = {queue: metrics.deepest(queue) for queue in Queue}
        unit = "seconds of one channel; windows for the ears"
        yield _gauges("hushtap_queue_depth", f"How full it is: {unit}", "queue", depth, Queue)
        yield _gauges(
            "hushtap_queue_deepest", f"How full it ever was: {unit}", "queue", deepest, Queue
        )
        delays = GaugeMetricFamily(
            "hushtap_release_delay_seconds",
            "From the arrival of a sample to its release, since the start",
            labels=["held", "quantile"],
        )
        for held in Held:
            _quantiles(delays, (held.value,), metrics.release_delay[held])
        yield delays
        ears = GaugeMetricFamily(
            "hushtap_ears_delay_seconds",
            "From the moment a window was due to the moment it was heard, since the start",
            labels=["quantile"],
        )
        _quantiles(ears, (), metrics.ear_delay)
        yield ears
        yield from self._single()

    def _single(self) -> Iterator[Metric]:
        metrics = self._metrics
        gauges = {
            "hushtap_ears_recent_delay_seconds": (
                "The same at p95, of the last seconds: what admission goes by",
                self._calls.admission.delay(),
            ),
            "hushtap_ears_real_time_factor": (
                "Seconds that the ears compute for a second of window",
                metrics.real_time_factor,
            ),
            "hushtap_webhooks_waiting": (
                "Webhooks that wait",
                self._webhooks.depth if self._webhooks else 0,
            ),
            "hushtap_listeners": (
                "Who listen to calls that are up",
                self._supervisors.up if self._supervisors else 0,
            ),
            "hushtap_draining": ("1 once no more calls are taken", self._calls.admission.draining),
            "hushtap_heartbeat_age_seconds": ("Since the loop last went round", self.age),
        }
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(name, text, value=float(value))
        counters = {
            "hushtap_ears_windows": ("Windows heard", metrics.windows),
            "hushtap_ears_compute_seconds": ("Seconds computed", metrics.ear_seconds),
            "hushtap_listeners_lost_seconds": (
                "Seconds that listeners did not hear: too slow, or not released when due",
                self._supervisors.lost if self._supervisors else 0,
            ),
            "hushtap_ears_heard_seconds": ("Seconds of windows heard", metrics.heard_seconds),
        }
        for name, (text, value) in counters.items():
            yield CounterMetricFamily(name, text, value=float(value))


def _gauges(name: str, text: str, label: str, values: Mapping[Any, float], keys: Keys) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key in keys:
        family.add_metric([key.value], float(values.get(key, 0)))
    return family


def _counters(name: str, text: str, label: str, values: Mapping[Any, float], keys: Keys) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for key in keys:
        family.add_metric([key.value], float(values.get(key, 0)))
    return family


def _quantiles(family: GaugeMetricFamily, labels: tuple[str, ...], histogram: Histogram) -> None:
    for share in QUANTILES:
        family.add_metric([*labels, str(share)], histogram.quantile(share))


def _media(by_tap: Mapping[TapName, MediaFigures]) -> Iterator[Metric]:
    packets = CounterMetricFamily(
        "hushtap_media_packets", "Packets by what became of them", labels=["tap", "fate"]
    )
    silence = CounterMetricFamily(
        "hushtap_media_silence_seconds", "Silence that nobody sent", labels=["tap", "gap"]
    )
    for tap, figures in by_tap.items():
        for fate in Fate:
            packets.add_metric([tap.value, fate.value], figures.packets[fate])
        for gap in Gap:
            silence.add_metric([tap.value, gap.value], figures.silence[gap])
    yield packets
    yield silence
