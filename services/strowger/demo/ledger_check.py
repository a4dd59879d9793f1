"""Hold the ledger against the topics: the same figures, or each difference named."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Final

from strowger.cli.shared import topic_reader
from strowger.contract.decision import Decision
from strowger.contract.matches import OffersMatched
from strowger.contract.outbound import ChangeTaken, EventRefused, OfferStored
from strowger.contract.sales import AcceptanceConfirmed
from strowger.contract.topics import DECISIONS
from strowger.demo.stage import Stage
from strowger.demo.tally import Tally
from strowger.ledger.queries import Ledger, reading

_CATCH_UP_SECONDS: Final = 60
_LOOK_SECONDS: Final = 0.1
_ALL: Final = 1_000_000_000
_FIGURES: Final = {
    OfferStored.model_fields["type"].default: "offers",
    ChangeTaken.model_fields["type"].default: "taken",
    OffersMatched.model_fields["type"].default: "requests",
    AcceptanceConfirmed.model_fields["type"].default: "confirmed",
    EventRefused.model_fields["type"].default: "refused",
}
"""Which figure of the count an answer's type is counted in."""


async def disagreements(stage: Stage) -> tuple[str, ...]:
    """Compare everything that `decisions` holds with everything that the ledger has."""
    said, reached = await _of_topics(stage)
    had = await _of_ledger(stage.settings.ledger_path, reached)
    return tuple(
        f"{name}: the topics say {said[name]:,}, the ledger {had[name]:,}"
        for name in (*_FIGURES.values(), "timed_out")
        if said[name] != had[name]
    )


async def _of_topics(stage: Stage) -> tuple[Counter[str], dict[int, int]]:
    """Count all that is kept, and say how far each partition was read."""
    since = await topic_reader.starts(stage.bootstrap, [DECISIONS.name])
    until = await topic_reader.ends(stage.bootstrap, [DECISIONS.name])
    tally, reached = Tally(), {}
    async for record in topic_reader.read(stage.bootstrap, since, until):
        tally.decision(Decision.model_validate_json(record.value))
        reached[record.partition] = record.offset + 1
    return tally.counts, reached


async def _of_ledger(path: Path, reached: dict[int, int]) -> Counter[str]:
    """Count what the ledger has, once it has read as far as we have.

    Raises:
        TimeoutError: it doesn't get there.
    """
    async with asyncio.timeout(_CATCH_UP_SECONDS), reading(path) as ledger:
        while not await _has_read(ledger, reached):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(_LOOK_SECONDS)
        had: Counter[str] = Counter()
        for count in await ledger.counts():
            if count.event_type in _FIGURES:
                had[_FIGURES[count.event_type]] += count.decisions
        ended = await ledger.sessions(state="ended", limit=_ALL)
        had["timed_out"] = sum(session.end_reason == "timed_out" for session in ended)
    return had


async def _has_read(ledger: Ledger, reached: dict[int, int]) -> bool:
    positions = await ledger.positions()
    return all(positions.get(partition, 0) >= offset for partition, offset in reached.items())
