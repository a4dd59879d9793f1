"""Metrics as Prometheus reads them: each sample with its service, several processes as one page."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.registry import Collector

from strowger.telemetry.metrics import REGISTRY

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

_HELP: Final = "# HELP "


@dataclass(frozen=True)
class _Of(Collector):
    registry: CollectorRegistry
    service: str

    def collect(self) -> Iterator[Metric]:
        """Give every family that has samples, each of them with the service's name."""
        for family in self.registry.collect():
            if not family.samples:
                continue
            told = Metric(family.name, family.documentation, family.type)
            told.samples = [
                sample._replace(labels={"service": self.service, **sample.labels})
                for sample in family.samples
            ]
            yield told


def page(service: str, registry: CollectorRegistry = REGISTRY) -> str:
    """Write what this process has counted, as its service's."""
    return generate_latest(_Of(registry, service)).decode()


def merged(pages: Iterable[str]) -> str:
    """Put pages of several processes together: each family once, with the samples of all."""
    families: dict[str, list[str]] = {}
    for each in pages:
        for block in each.split(_HELP)[1:]:
            says, kind, *samples = block.splitlines()
            families.setdefault(says.partition(" ")[0], [_HELP + says, kind]).extend(samples)
    return "".join(f"{line}\n" for lines in families.values() for line in lines)
