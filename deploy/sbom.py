# noqa: INP001 - a script that `make sbom` runs
"""Write the exchange's bill of materials, CycloneDX 1.6: `python deploy/sbom.py sbom.json`.

It is made from what an install is held to, constraints.txt and jars.sha256, and not from what
happens to be installed here; so the same sources give the same bill.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]

_EXTRAS: Final = ("exchange", "telemetry", "embedded")
_JARS: Final = ROOT / "services" / "strowger" / "broker" / "jars.sha256"
_JAR: Final = re.compile(r"(?P<name>.+?)-(?P<version>\d[\w.-]*)\.jar")


def packages() -> dict[str, object]:
    """Give the bill of the Python packages that the exchange and its own broker need."""
    command = [sys.executable, str(ROOT / "deploy" / "pins.py"), *_EXTRAS]
    pins = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own script
    with tempfile.TemporaryDirectory() as directory:
        written = Path(directory) / "sbom.json"
        subprocess.run(  # noqa: S603 - the tool that `make setup` installed, on our own pins
            [
                *(sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements", "-"),
                *("--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible"),
                *("--spec-version", "1.6", "--output-file", str(written)),
            ],
            check=True,
            input=pins.stdout,
        )
        bill: dict[str, object] = json.loads(written.read_bytes())
    return bill


def jars() -> list[dict[str, object]]:
    """Give Kafka's jars as components, each with the checksum that it is held to."""
    return [_jar(*line.split()) for line in _JARS.read_text("utf-8").splitlines()]


def _jar(checksum: str, file: str) -> dict[str, object]:
    named = _JAR.fullmatch(file)
    if named is None:
        raise SystemExit(f"{_JARS.name} names {file}, which has no version")
    return {
        "type": "library",
        "bom-ref": f"jar:{file}",
        "name": named["name"],
        "version": named["version"],
        "hashes": [{"alg": "SHA-256", "content": checksum}],
    }


def bill() -> dict[str, object]:
    """Give the whole bill of materials."""
    whole = packages()
    components = whole["components"]
    assert isinstance(components, list)  # noqa: S101 - the tool's own format
    return {**whole, "components": components + jars()}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(bill(), indent=1) + "\n", encoding="utf-8")
