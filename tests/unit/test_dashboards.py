"""The dashboard, what is scraped for it, and the metrics that there are: held to each other.

There is neither Grafana nor Prometheus where the tests run: what they are given is compared with
the code, not loaded.
"""

import importlib.util
import json
import re
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import jsonschema
import pytest
import yaml

from strowger.service import SERVICES

ROOT: Final = Path(__file__).parents[2]
DASHBOARDS: Final = ROOT / "deploy" / "dashboards"
DOCKERFILE: Final = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """Load the script that makes the dashboard."""
    spec = importlib.util.spec_from_file_location("dashboard", DASHBOARDS / "dashboard.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _yaml(name: str) -> Any:  # noqa: ANN401 - whatever the file holds
    return yaml.safe_load((DASHBOARDS / name).read_text("utf-8"))


def test_the_dashboard_is_made_from_the_metrics(script: ModuleType) -> None:
    """The file is what the registry gives now: `make dashboards` writes it."""
    assert (DASHBOARDS / "strowger.json").read_text("utf-8") == script.text()


def test_every_metric_has_a_panel_and_every_panel_a_metric(script: ModuleType) -> None:
    """Nothing is counted that nobody sees, nothing asked for that isn't counted."""
    panels = json.loads(script.text())["panels"]
    asked = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"strowger_\w+", target["expr"])
    }
    suffix = {"counter": "_total", "histogram": "_bucket", "gauge": ""}
    assert asked == {each.name + suffix[each.type] for each in script.families()}
    assert len(asked) > 15
    assert len({(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels}) == len(panels)


def test_every_service_is_scraped_where_the_image_tells_of_it() -> None:
    """Each service of the registry once, at the port that the image serves."""
    (job,) = _yaml("prometheus.yml")["scrape_configs"]
    (group,) = job["static_configs"]
    port = dict(re.findall(r"(STROWGER_[A-Z_]+)=(\S+)", DOCKERFILE))["STROWGER_HTTP_PORT"]
    assert group["targets"] == [f"{name}:{port}" for name in SERVICES]
    assert f"EXPOSE {port}" in DOCKERFILE


def test_only_this_machine_reaches_them() -> None:
    """The compose file beside the exchange's is valid, and publishes on loopback alone."""
    compose = _yaml("compose.yml")
    package = distribution("check-jsonschema")
    found = package.locate_file("check_jsonschema/builtin_schemas/vendor/compose-spec.json")
    schema = json.loads(Path(str(found)).read_text("utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(compose)] == []
    for service in compose["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert service["cap_drop"] == ["ALL"]
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            assert source in compose["volumes"] or (ROOT / source).is_file()
