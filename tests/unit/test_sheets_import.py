"""`strowger offers import` without a broker: the diff it shows, and what it asks."""

import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from strowger.cli.shared.codes import ExitCode
from tests.importing import WORDS, declared, dry_run, environment, file, ledger, strowger

BEFORE = "code,rate\n44,0.1\n33,0.2\n34,0.3\n"
AFTER = "code,rate,destination\n44,0.2,[UK]\n33,0.1,France\n34,90,Spain\n49,0.1,Germany\n"


def test_a_dry_run_shows_the_diff_to_the_previous_sheet(tmp_path: Path) -> None:
    """Counts first, then the rows; JSON has each with what was and what would be."""
    sheet, previous = file(tmp_path, AFTER), file(tmp_path, BEFORE, "previous.csv")
    said = dry_run(tmp_path, sheet, "--previous", previous, code=ExitCode.PARTLY)
    assert {kind: count for kind, count in said["counts"].items() if count} == {
        "new": 1,
        "up": 1,
        "down": 1,
        "flagged": 1,
    }
    changes = {change["offer"]: change for change in said["changes"]}
    up = changes["standard:44"]
    assert (up["before"]["rate_per_minute"], up["after"]["rate_per_minute"]) == ("0.1", "0.2")
    assert changes["standard:34"]["stop"] == "flagged"
    assert said["sent"] == 0

    shown = strowger(tmp_path, sheet, "--previous", previous, "--dry-run").stdout
    assert shown.index("1 new, 1 up, 1 down") < shown.index("standard:44")
    assert "[UK]" in shown
    assert "nothing was sent" in shown
    assert "notice periods are not known" in shown

    meant = dry_run(tmp_path, sheet, "--previous", previous, "--allow-big-changes")
    assert (meant["counts"]["up"], meant["counts"]["flagged"]) == (2, 0)


def test_the_markets_notice_blocks_increases(tmp_path: Path) -> None:
    """A ledger has the market's notice: an increase at once is blocked, a later one isn't."""
    ledger(tmp_path, declared())
    sheet, previous = file(tmp_path, AFTER), file(tmp_path, BEFORE, "previous.csv")
    words = (sheet, "--previous", previous, "--allow-big-changes")
    said = dry_run(tmp_path, *words, code=ExitCode.PARTLY)
    assert (said["counts"]["blocked"], said["counts"]["up"]) == (2, 0)
    assert said["currencies"] == {"EUR": 4}
    later = (datetime.now(UTC) + timedelta(days=8)).date().isoformat()
    said = dry_run(tmp_path, *words, "--effective", later)
    assert (said["counts"]["blocked"], said["counts"]["up"]) == (0, 2)
    assert {change["effective_at"] for change in said["changes"]} == {f"{later}T00:00:00.000Z"}


def test_mixed_currencies_are_counted(tmp_path: Path) -> None:
    """A sheet in two currencies shows how many offers there are in each."""
    said = dry_run(tmp_path, file(tmp_path, "code,rate,currency\n44,1,USD\n45,1,EUR\n46,1,USD\n"))
    assert said["currencies"] == {"EUR": 1, "USD": 2}


def test_nothing_is_sent_beside_bad_rows_until_somebody_says_so(tmp_path: Path) -> None:
    """Without a terminal and without --yes, a sheet with a bad row ends with 2 and what to say."""
    ledger(tmp_path, declared())
    done = strowger(tmp_path, file(tmp_path, "code,rate\n44,0.1\n45,x\n"))
    assert done.returncode == ExitCode.USAGE
    assert "line 3, B rate (x)" in done.stderr
    assert "nothing was sent: 1 can't be read" in done.stderr
    assert "--yes" in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [("code,rate\n44,0.1\n", ()), ("code,rate\n44,0.1\n45,x\n", ("--yes",))],
)
def test_a_clean_sheet_is_sent_unasked_and_another_by_yes(
    tmp_path: Path, text: str, words: Sequence[str]
) -> None:
    """Here sending ends for want of a broker, and not before."""
    ledger(tmp_path, declared())
    done = strowger(tmp_path, file(tmp_path, text), *words)
    assert done.returncode == ExitCode.USAGE
    assert "no Kafka is known" in done.stderr


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [("n", ExitCode.OK, "Publish 1 offers?"), ("y", ExitCode.USAGE, "no Kafka is known")],
)
def test_on_a_terminal_one_is_shown_the_diff_and_asked(
    tmp_path: Path, answer: str, code: ExitCode, told: str
) -> None:
    """No sends nothing and yes goes on, to a broker that isn't there."""
    ledger(tmp_path, declared())
    ours, theirs = pty.openpty()
    try:
        os.write(ours, f"{answer}\n".encode())
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "strowger", *WORDS, file(tmp_path, "code,rate\n44,0.1\n45,x\n")],
            env=environment(tmp_path),
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == code, done.stderr
    assert "1 new" in done.stdout
    assert told in done.stderr
    assert "line 3, B rate (x)" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--effective", "03/04/2026"), "--dates dmy or mdy"),
        (("--currency", "euro"), "'euro' names no currency"),
        (("--sheet", "Rates"), "leave out --sheet"),
        (("--previous", "/nowhere.csv"), "no such file"),
    ],
)
def test_what_cannot_be_meant_is_told(tmp_path: Path, words: Sequence[str], told: str) -> None:
    """A slip of the fingers ends with 2 and what is wanted."""
    done = strowger(tmp_path, file(tmp_path, BEFORE), "--dry-run", *words)
    assert done.returncode == ExitCode.USAGE
    assert told in done.stderr
