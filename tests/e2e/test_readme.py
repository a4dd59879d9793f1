"""The README's commands and code, run as they are written."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    """Give the README's code blocks of one language, in order."""
    return [body for kind, body in _BLOCK.findall(README.read_text("utf-8")) if kind == language]


def by_make(block: str) -> bool:
    """Say whether a block is `make` alone: CI runs these as its own steps (`.ci/run`)."""
    return all(line.startswith("make ") for line in block.splitlines())


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Give a stranger's environment with a home of its own; stop what is left in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STROWGER_")}
    # As the README's `export PATH` does, which means the checkout that the tests run from.
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
    environment = {**kept, "PATH": path, "STROWGER_HOME": str(tmp_path / "home")}
    yield environment
    subprocess.run(
        [sys.executable, "-m", "strowger", "broker", "stop"], env=environment, check=False
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_readme_takes_a_stranger_to_an_accepted_offer(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """Every bash block but `make`, in order in one shell, and the Python between them."""
    (program,) = blocks("python")
    (tmp_path / "trade.py").write_text(program)
    script = "\n".join(block for block in blocks("bash") if not by_make(block))
    shell = subprocess.Popen(  # noqa: S603 - the README's own commands
        ["/bin/bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = shell.communicate(timeout=570)
    finally:
        # Also what it left in the background when a command failed.
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
    assert shell.returncode == 0, said
    assert "bought: voice-" in said
    assert "confirmed: 1,000 minutes to +4420 from carrier-x" in said


def test_make_blocks_name_targets_that_are_there() -> None:
    """What the README asks make for, the Makefile has."""
    makefile = (README.parent / "Makefile").read_text("utf-8")
    targets = [
        line.split()[1] for block in blocks("bash") if by_make(block) for line in block.splitlines()
    ]
    assert targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
