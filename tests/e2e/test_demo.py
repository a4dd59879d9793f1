"""The main job: the demo plays every step, and neither its count nor the audit finds a fault."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CARRIERS = 5
ROWS = 7718
CALLEES = 6


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_demo_plays_every_step_as_said(tmp_path: Path) -> None:
    """`strowger demo --once` exits 0, last come its figures, and it leaves nothing behind."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STROWGER_")}
    done = subprocess.run(
        [sys.executable, "-m", "strowger", "demo", "--once"],
        env={**kept, "STROWGER_HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=590,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    lines = done.stdout.splitlines()
    figures = json.loads(lines[-1])
    seconds = figures.pop("seconds")
    assert seconds > 0
    # How often the processor repeated the end of the session that timed out is not said beforehand.
    assert figures.pop("audited") > figures["offers"] + figures["requests"]
    assert figures == {
        # two pools and one new price beyond the sheets; four lines; three routes, one repriced
        "offers": CARRIERS * ROWS + 3 + 4 + 4,
        # in the sealed market two offers and a lower price; in the guarded one two, and both dearer
        "taken": 3 + 4,
        # six callees; accepted; two beyond capacity; ended; timed out; two prices; the burst; two
        # for lines; four for messages; one in the sealed market, one in the guarded
        "requests": CALLEES + 8 + 2 + 4 + 2,
        # the one accepted; within capacity; the burst; a line; messages; sealed; guarded
        "confirmed": 1 + 1 + 200 + 1 + 1 + 2,
        # the sealed book, beside what was refused in trading
        "refused": 1 + 1 + 1 + 1 + 100 + 1 + 1,
        "timed_out": 1,
        "dead_lettered": 1,
        "lost": 0,
        "sold_twice": 0,
        "unsound": 0,
    }
    assert not list(tmp_path.glob("strowger-demo-*")), "the temporary home was not removed"
