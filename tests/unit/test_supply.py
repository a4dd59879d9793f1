"""What the exchange is made of: held to hashes, listed in a bill, and free of secrets."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "deploy" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def components() -> list[dict[str, Any]]:
    """Make the bill of materials once."""
    made: list[dict[str, Any]] = _script("sbom").bill()["components"]
    return made


def test_every_pin_has_a_hash() -> None:
    """No package is installed that is not held to what it was when it was chosen."""
    blocks = re.split(
        r"^(?=[A-Za-z0-9])", (ROOT / "constraints.txt").read_text(), flags=re.MULTILINE
    )
    pins = [block for block in blocks if not block.startswith("#")]

    assert len(pins) > 50
    assert [block.split()[0] for block in pins if "--hash=sha256:" not in block] == []


def test_the_bill_has_what_the_exchange_runs_on(components: list[dict[str, Any]]) -> None:
    """Python packages and Kafka's jars, each with its version; the tools of developers are not."""
    versions = {component["name"]: component["version"] for component in components}

    assert versions["aiokafka"].startswith("0.14.")
    assert versions["kafka-clients"] == "4.4.0"
    assert all(versions.values())
    assert "pytest" not in versions


def test_the_bill_has_every_checksum_of_a_jar(components: list[dict[str, Any]]) -> None:
    """A jar stands in the bill by what it is held to."""
    lines = (ROOT / "services/strowger/broker/jars.sha256").read_text().splitlines()
    listed = {
        each["content"]
        for component in components
        if component["bom-ref"].startswith("jar:")
        for each in component["hashes"]
    }

    assert listed == {line.split()[0] for line in lines}


@pytest.mark.parametrize(
    "planted",
    [
        "-----BEGIN " + "PRIVATE KEY-----",
        "AKIA" + "2E0A8F3B" + "244C9986",
        'password = "' + 'correct-horse-battery-7"',
    ],
)
def test_a_planted_secret_is_found(tmp_path: Path, planted: str) -> None:
    """The scan that `make lint` runs fails on a key, a token, a password; on none it passes."""
    clean, dirty = tmp_path / "clean.py", tmp_path / "dirty.py"
    clean.write_text("password = read(path)\n")
    dirty.write_text(f"{planted}\n")

    assert _scan(clean) == 0
    assert _scan(dirty) == 1


def _scan(path: Path) -> int:
    command = [sys.executable, "-m", "detect_secrets.pre_commit_hook", str(path)]
    return subprocess.run(command, check=False, capture_output=True).returncode  # noqa: S603 - ours
