"""What a home alone can tell: services by their heartbeats, the ledger's file, room on the disk."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from strowger.doctor.findings import Exchange, Finding, failed, ok, warning
from strowger.ledger.errors import LedgerError, LedgerMissing
from strowger.ledger.queries import reading
from strowger.service import SERVICES, heartbeat_path, is_healthy

_SCARCE_BYTES: Final = 2 * 1024**3
_SCARCE_PART: Final = 0.10
_OUT_BYTES: Final = 256 * 1024**2


async def services(exchange: Exchange) -> Sequence[Finding]:
    """Look at the heartbeat of each service."""
    run_dir = exchange.settings.run_dir
    bad = [name for name in SERVICES if not is_healthy(run_dir, name)]
    seen = [name for name in bad if heartbeat_path(run_dir, name).exists()]
    if not bad:
        return [ok("services", f"all {len(SERVICES)} serve")]
    if len(bad) == len(SERVICES) and not seen:
        return [
            warning(
                "services",
                f"none runs from {exchange.settings.home}",
                "start them with `strowger run all`, unless they run elsewhere",
            )
        ]
    advice = "see the log of `strowger run`, which starts again what fails"
    return [failed("services", f"not serving: {', '.join(bad)}", advice)]


async def disk(exchange: Exchange) -> Sequence[Finding]:
    """Look at the room that is left where the home is."""
    home = exchange.settings.home
    usage = shutil.disk_usage(_nearest(home))
    said = f"{usage.free / 1024**3:,.1f} GiB of {usage.total / 1024**3:,.1f} free at {home}"
    if usage.free < _OUT_BYTES:
        return [failed("disk", said, "make room now: without any, broker and ledger stop")]
    if usage.free < _SCARCE_BYTES or usage.free < usage.total * _SCARCE_PART:
        return [warning("disk", said, "make room, or move STROWGER_HOME to a larger disk")]
    return [ok("disk", said)]


async def ledger_file(exchange: Exchange) -> Sequence[Finding]:
    """Open the ledger: whether it is there, sound, and of this release."""
    path = exchange.settings.ledger_path
    try:
        async with reading(path) as book:
            await book.positions()
    except LedgerMissing:
        return [warning("ledger file", f"none at {path}", "start it with `strowger run ledger`")]
    except LedgerError as problem:
        said, _, advice = str(problem).partition(": ")
        return [failed("ledger file", said, advice)]
    return [ok("ledger file", f"{path.stat().st_size / 1024**2:,.1f} MiB, of this release")]


def _nearest(path: Path) -> Path:
    """Give the path itself, or what of it there is."""
    return next(each for each in (path, *path.parents) if each.exists())
