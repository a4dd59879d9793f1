"""`python -m strowger.contract.generate`: write `schemas/`, or say what in it is stale."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import strowger
from strowger.contract.generate.files import files, release

RELEASED = "released"
OUTCOMES = "outcomes"
"""Written by `tests.outcomes`, which asks the core: the contract does not know it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say; the answer is the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m strowger.contract.generate", description=__doc__
    )
    parser.add_argument("--into", type=Path, default=Path("schemas"), help="the folder to write")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="write nothing; fail if a file is stale")
    what.add_argument(
        "--release", action="store_true", help="also write this version's contract to released/"
    )
    options = parser.parse_args(arguments)
    stale = find_stale(options.into)
    if options.check:
        for path in stale:
            sys.stderr.write(f"stale: {options.into / path}; run make schemas\n")
        return 1 if stale else 0
    write(options.into, stale)
    if options.release:
        return _release(options.into / RELEASED / f"{strowger.__version__}.json")
    return 0


def find_stale(folder: Path) -> list[str]:
    """Name, sorted, every file under `folder` that is missing, differs, or is no longer made."""
    made = files(strowger.__version__)
    there = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != RELEASED and path.stem != OUTCOMES
    }
    changed = {
        path
        for path, text in made.items()
        if path not in there or (folder / path).read_text(encoding="utf-8") != text
    }
    return sorted(changed | (there - made.keys()))


def write(folder: Path, stale: Sequence[str]) -> None:
    """Bring the stale files up to date; those no longer made are removed."""
    made = files(strowger.__version__)
    for path in stale:
        target = folder / path
        if path in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(made[path], encoding="utf-8")
        else:
            target.unlink()


def _release(target: Path) -> int:
    """Write this version's contract once: a release that was made is never rewritten."""
    text = release(strowger.__version__)
    if target.exists() and target.read_text(encoding="utf-8") != text:
        sys.stderr.write(f"{target} is released and differs; raise the version first\n")
        return 1
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
