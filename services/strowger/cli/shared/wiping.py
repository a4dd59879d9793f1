"""What a home keeps of an exchange beside its broker, and goes with the broker's data."""

import shutil
from typing import Final

from strowger.cli.shared import kept
from strowger.cli.shared.place import NotSaid
from strowger.service import SERVICES, is_healthy
from strowger.settings import Settings

_SQLITE_SUFFIXES: Final = ("", "-wal", "-shm", "-journal")


def wipe(settings: Settings) -> None:
    """Remove the ledger's file and the sheets that later ones are compared with.

    Both tell of what the broker stored: beside an empty broker they would tell of nothing.

    Raises:
        NotSaid: services of this home are running, and would go on writing.
    """
    running = [name for name in SERVICES if is_healthy(settings.run_dir, name)]
    if running:
        raise NotSaid(f"stop `strowger run` first: {', '.join(running)} run in this home")
    for suffix in _SQLITE_SUFFIXES:
        settings.ledger_path.with_name(settings.ledger_path.name + suffix).unlink(missing_ok=True)
    shutil.rmtree(kept.folder(settings.home), ignore_errors=True)
