"""A fifth family is two files and its names, as the recipe says: followed to the letter here."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
RECIPE: Final = ROOT / "deploy" / "recipes" / "add-a-family.md"

_STEP = re.compile(
    r"`(?P<path>services/[a-z_/]+\.py)`|^```(?P<kind>python|diff)\n(?P<text>.*?)^```",
    re.DOTALL | re.MULTILINE,
)


def follow(recipe: str, root: Path) -> dict[str, int]:
    """Make the recipe's files and changes under a folder; count them by the path that they name.

    A block belongs to the path that is named last before it. A change must fit in one place.
    """
    made: dict[str, int] = {}
    path = ""
    for step in _STEP.finditer(recipe):
        path = step["path"] or path
        if step["kind"] == "python":
            assert not (root / path).exists()
            (root / path).write_text(step["text"])
        elif step["kind"] == "diff":
            lines = step["text"].splitlines(keepends=True)
            before = "".join(line[1:] for line in lines if not line.startswith("+"))
            after = "".join(line[1:] for line in lines if not line.startswith("-"))
            text = (root / path).read_text()
            assert text.count(before) == 1, f"{path} has not, or not once:\n{before}"
            (root / path).write_text(text.replace(before, after))
        if step["kind"]:
            made[path] = made.get(path, 0) + 1
    return made


def test_a_family_is_added_by_two_files_and_its_names(tmp_path: Path) -> None:
    """The copy sells wavelengths by the event formats, with terms, capacity and exact lines."""
    shutil.copytree(
        ROOT / "services", tmp_path / "services", ignore=shutil.ignore_patterns("__pycache__")
    )

    made = follow(RECIPE.read_text(), tmp_path)

    assert made == {
        "services/strowger/contract/wavelength.py": 1,
        "services/strowger/contract/families.py": 6,
        "services/strowger/market/wavelength.py": 1,
        "services/strowger/market/registry.py": 2,
    }
    finished = subprocess.run(
        [sys.executable, "-m", "tests.unit.family_recipe"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "services")},
        check=False,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    sold = json.loads(finished.stdout)
    assert sold["service"]["family"] == "wavelength"
    assert (sold["service"]["a"], sold["service"]["z"]) == ("GB/LON/thn2", "US/NYC/h60")
    assert [(line["charge"], line["quantity"], line["amount"]) for line in sold["lines"]] == [
        ("one-off", "1", "500"),
        ("recurring", "24", "1200"),
        ("usage", "48", "43200"),
    ]
    assert sold["cost"] == "44900", "500 + 24 x 50 + 24 x 2 x 900"
    assert (sold["quantity"], sold["term_months"], sold["renewal_assumed"]) == (2, 12, True)


def test_without_the_recipe_the_family_is_unknown() -> None:
    """The exchange as it is refuses the same event: the copy's sale is the recipe's doing."""
    finished = subprocess.run(
        [sys.executable, "-m", "tests.unit.family_recipe"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "services")},
        check=False,
        capture_output=True,
        text=True,
    )
    assert finished.returncode != 0
    assert "of no family that is traded here" in finished.stderr
