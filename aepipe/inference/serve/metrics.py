"""Metrics of a served model, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.process_collector import ProcessCollector

from aepipe.inference.loaded import LoadedModel

# Up to the seconds that a picture of many tiles takes on a busy machine.
SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
PICTURES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """What is counted; each server has its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        registry = self._registry
        ProcessCollector(registry=registry)
        self.requests = Counter("aepipe_requests", "Requests, by answer.", ["use", "status"], registry=registry)
        self.seconds = Histogram(
            "aepipe_request_seconds",
            "Seconds from a request's head to its answer.",
            ["use"],
            buckets=SECONDS,
            registry=registry,
        )
        self.batches = Histogram(
            "aepipe_batch_pictures",
            "Pictures that were computed together.",
            ["use"],
            buckets=PICTURES,
            registry=registry,
        )
        self.waiting = Gauge("aepipe_waiting_requests", "Requests that have no answer yet.", registry=registry)
        self.switches = Counter("aepipe_switches", "Releases that were loaded.", registry=registry)
        self.failures = Counter(
            "aepipe_switch_failures", "Looks at the channel that led to no model.", registry=registry
        )
        self.is_behind = Gauge(
            "aepipe_behind", "1 while the channel can't be read, or names what can't be loaded.", registry=registry
        )
        self._model = Info("aepipe_model", "The model that answers.", registry=registry)

    def note_request(self, use: str, status: int, seconds: float) -> None:
        """Note an answer."""
        self.requests.labels(use, str(status)).inc()
        self.seconds.labels(use).observe(seconds)

    def note_switch(self, loaded: LoadedModel) -> None:
        """Note which model answers from now on."""
        self.switches.inc()
        self._model.info({"model": loaded.name, "recipe": loaded.recipe, "release": loaded.release})

    def text(self) -> bytes:
        """Return all of it, as Prometheus reads it."""
        return generate_latest(self._registry)
