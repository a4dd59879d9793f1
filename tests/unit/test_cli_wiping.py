"""`broker start --wipe`: what a home keeps of an exchange goes with the broker's data."""

from pathlib import Path

import pytest

from strowger.cli.shared.place import NotSaid
from strowger.cli.shared.wiping import wipe
from strowger.service import heartbeat_path
from strowger.settings import Settings


def home(path: Path) -> Settings:
    """Give the settings of a home with a ledger and a kept sheet in it."""
    settings = Settings(home=path, run_dir=path / "run", ledger_path=path / "ledger.sqlite3")
    ledgers = ("ledger.sqlite3", "ledger.sqlite3-wal", "ledger.sqlite3.rebuilt")
    for name in (*ledgers, "sheets/voice.acme.json", "other.txt"):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text("{}", encoding="utf-8")
    return settings


def test_the_ledger_and_the_kept_sheets_go_and_nothing_else(tmp_path: Path) -> None:
    """They tell of what the broker stored; what is somebody else's stays."""
    wipe(home(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["other.txt"]


def test_an_empty_home_is_wiped_as_well(tmp_path: Path) -> None:
    """There is nothing to remove, which is no fault."""
    wipe(Settings(home=tmp_path, run_dir=tmp_path / "run", ledger_path=tmp_path / "ledger"))


def test_nothing_is_wiped_under_services_that_run(tmp_path: Path) -> None:
    """They would go on writing, also those that are not ready yet: the message names them."""
    settings = home(tmp_path)
    beat = heartbeat_path(settings.run_dir, "ledger")
    beat.parent.mkdir(parents=True, exist_ok=True)
    beat.write_text('{"pid": 1, "ready": false}', encoding="utf-8")
    with pytest.raises(NotSaid, match="ledger run in this home"):
        wipe(settings)
    assert settings.ledger_path.exists()
