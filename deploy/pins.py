# noqa: INP001 - a script that the Dockerfile runs
"""Print the part of constraints.txt that an install needs: `python deploy/pins.py exchange`.

The arguments are extras or dependency groups of pyproject.toml; what every install needs is always
in it. Which package brought in which is read from the `# via` notes that the resolver left.
"""

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def pins(constraints: str, project: dict[str, object], wanted: Iterable[str]) -> str:
    """Give the blocks, with hashes, of the packages wanted and of all that they bring in."""
    blocks = {_name(block): block for block in _blocks(constraints)}
    needed = {_name(requirement) for requirement in _asked_for(project, wanted)}
    while (
        more := {name for name, block in blocks.items() if _brought_in_by(block) & needed} - needed
    ):
        needed |= more
    if missing := needed - blocks.keys():
        raise SystemExit(f"constraints.txt pins no {', '.join(sorted(missing))}")
    return "".join(block for name, block in blocks.items() if name in needed)


def _blocks(constraints: str) -> list[str]:
    return re.findall(r"^[A-Za-z0-9].*\n(?:[ \t]+.*\n?)*", constraints, flags=re.MULTILINE)


def _name(requirement: str) -> str:
    found = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


def _brought_in_by(block: str) -> set[str]:
    notes = re.findall(r"^\s+#\s+(?:via\s+)?(\S+)$", block, flags=re.MULTILINE)
    return {_name(note) for note in notes} - {"via"}


def _asked_for(project: dict[str, object], wanted: Iterable[str]) -> list[str]:
    table = project["project"]
    assert isinstance(table, dict)  # noqa: S101 - pyproject.toml has had it since its first line
    optional = table["optional-dependencies"] | project["dependency-groups"]
    asked: list[str] = list(table["dependencies"])
    for name in wanted:
        asked += optional[name]
    return asked


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    sys.stdout.write(pins((ROOT / "constraints.txt").read_text("utf-8"), project, sys.argv[1:]))
