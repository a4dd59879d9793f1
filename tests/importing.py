"""`strowger offers import` as its users run it, in a home of its own."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from strowger.cli.shared.codes import ExitCode
from strowger.contract.decision import Decision
from strowger.contract.market_terms import MarketTerms
from strowger.contract.outbound import Event, MarketDeclared
from strowger.ledger.projection import Batch
from strowger.ledger.projection import Place as LedgerPlace
from strowger.ledger.store import opened

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
TERMS = MarketTerms(market="voice", currency="EUR", increase_notice_seconds=7 * 86_400)
WORDS = ("offers", "import")


def environment(home: Path) -> dict[str, str]:
    """Give the environment of a provider with a home of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STROWGER_")}
    own = {"HOME": str(home), "MARKET": "voice", "PROVIDER": "x"}
    return {**kept, "COLUMNS": "300", **{f"STROWGER_{name}": said for name, said in own.items()}}


def strowger(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line as a provider whose standard input is no terminal."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "strowger", *WORDS, *words],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def file(home: Path, text: str, name: str = "sheet.csv") -> str:
    """Save a sheet."""
    path = home / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def dry_run(home: Path, *words: str, code: ExitCode = ExitCode.OK) -> dict[str, Any]:
    """Give what a dry run says as JSON."""
    done = strowger(home, *words, "--dry-run", "--json")
    assert done.returncode == code, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def ledger(home: Path, *events: Event) -> None:
    """Make the home's ledger of what these events say."""
    batch = Batch()
    for number, event in enumerate(events):
        decision = Decision(
            market=event.market,
            sequence=number,
            log_offset=number,
            at=event.at,
            rules_version=1,
            command="any",
            participant="x",
            role="answer",
            recipient="x",
            event_id=f"d-{number}",
            event=event,
        )
        batch.add(LedgerPlace(0, number), decision.model_dump_json().encode())

    async def write() -> None:
        async with opened(home / "ledger.sqlite3") as store:
            await store.write(batch, {0: len(events)})

    asyncio.run(write())


def declared(terms: MarketTerms = TERMS) -> MarketDeclared:
    """Give the declaration of the market."""
    return MarketDeclared(market="voice", causation_id="e", at=AT, terms=terms)
