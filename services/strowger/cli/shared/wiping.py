"""What a home keeps of an exchange beside its broker, and goes with the broker's data."""

import shutil

from strowger.cli.shared import kept
from strowger.cli.shared.place import NotSaid
from strowger.ledger.files import rebuilt_path, remove
from strowger.service import MAX_HEARTBEAT_AGE_SECONDS, SERVICES, pid_if_alive
from strowger.settings import Settings


def wipe(settings: Settings) -> None:
    """Remove the ledger's file, one rebuilt beside it, and the sheets that are compared with.

    All tell of what the broker stored: beside an empty broker they would tell of nothing. Back-ups
    and ledgers that were replaced stay.

    Raises:
        NotSaid: services of this home are running, and would go on writing.
    """
    running = [name for name in SERVICES if _runs(settings, name)]
    if running:
        raise NotSaid(f"stop `strowger run` first: {', '.join(running)} run in this home")
    remove(settings.ledger_path)
    remove(rebuilt_path(settings.ledger_path))
    shutil.rmtree(kept.folder(settings.home), ignore_errors=True)


def _runs(settings: Settings, name: str) -> bool:
    """Say whether a service runs, be it ready or not: one that starts up would write, too."""
    return pid_if_alive(settings.run_dir, name, MAX_HEARTBEAT_AGE_SECONDS) is not None
