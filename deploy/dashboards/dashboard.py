# noqa: INP001 - a script that `make dashboards` runs
"""Write the Grafana dashboard from the registry of metrics.

Every metric has its panel, so that none is counted which nobody sees; a test holds them together.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from strowger.telemetry.metrics import REGISTRY

PATH: Final = Path(__file__).with_name("strowger.json")

_PREFIX: Final = "strowger_"
_WIDE: Final = 12
_HIGH: Final = 8
_ROWS: Final = 2
_SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
_KINDS: Final = ("counter", "histogram", "gauge")
_OF_THE_SUPERVISOR: Final = (
    GaugeMetricFamily("strowger_service_ready", "Whether a service serves: 1 or 0."),
    CounterMetricFamily("strowger_service_restarts", "How often a service was started again."),
)
"""Told by `strowger run all` alone."""

_BY: Final = {
    "strowger_events": "topic, became",
    "strowger_dead_letters": "topic, reason",
    "strowger_decisions": "command, outcome",
    "strowger_refusals": "refusal",
    "strowger_lag_records": "service, topic",
    "strowger_batch_records": "service, topic",
    "strowger_commit_seconds": "service, topic",
    "strowger_record_seconds": "service, topic",
    "strowger_offers_stored": "partition",
    "strowger_open_sessions": "partition",
}
"""By which labels a panel's lines are drawn; the others by service."""


def families() -> list[Metric]:
    """Give the exchange's own metrics, in the order in which they are registered."""
    ours = [each for each in REGISTRY.collect() if each.name.startswith(_PREFIX)]
    return [*_OF_THE_SUPERVISOR, *ours]


def dashboard() -> dict[str, Any]:
    """Give the dashboard as Grafana imports it."""
    return {
        "uid": "strowger",
        "title": "Strowger",
        "schemaVersion": 39,
        "editable": True,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [{"name": "source", "type": "datasource", "query": "prometheus"}]},
        "panels": [_panel(number, family) for number, family in enumerate(families())],
    }


def _panel(number: int, family: Metric) -> dict[str, Any]:
    unit = "s" if family.name.endswith("_seconds") else "short"
    rate = family.type == "counter"
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": family.name.removeprefix(_PREFIX).replace("_", " "),
        "description": family.documentation,
        "datasource": _SOURCE,
        "gridPos": {
            "x": number % _ROWS * _WIDE,
            "y": number // _ROWS * _HIGH,
            "w": _WIDE,
            "h": _HIGH,
        },
        "fieldConfig": {"defaults": {"unit": "ops" if rate else unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": ref, "datasource": _SOURCE, "expr": expression, "legendFormat": legend}
            for ref, (expression, legend) in zip("ABC", _queries(family), strict=False)
        ],
    }


def _queries(family: Metric) -> Iterator[tuple[str, str]]:
    by = _BY.get(family.name, "service")
    legend = " ".join(f"{{{{{label}}}}}" for label in by.split(", "))
    match family.type:
        case "counter":
            yield f"sum by ({by}) (rate({family.name}_total[$__rate_interval]))", legend
        case "histogram":
            buckets = f"rate({family.name}_bucket[$__rate_interval])"
            for share, name in ((0.5, "p50"), (0.99, "p99")):
                within = f"sum by (le, {by}) ({buckets})"
                yield f"histogram_quantile({share}, {within})", f"{legend} {name}"
        case "gauge":
            yield f"sum by ({by}) ({family.name})", legend
        case other:
            raise TypeError(f"{family.name} is a {other}; a panel is of {', '.join(_KINDS)}")


def text() -> str:
    """Give the dashboard's file."""
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{PATH}\n")
