"""The count at the end: what the topics and the ledger say of this run, and whether they agree."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from strowger.cli.shared import topic_reader
from strowger.contract.decision import Decision
from strowger.contract.envelope import participant_source
from strowger.contract.inbound import OfferPublished
from strowger.contract.sales import AcceptanceConfirmed
from strowger.contract.topics import (
    ACCEPTANCE_CONFIRMED,
    DEAD_LETTERS,
    DECISIONS,
    INBOUND_TOPICS,
    OFFER_PUBLISHED,
)
from strowger.demo.ledger_check import disagreements
from strowger.demo.stage import Stage
from strowger.demo.tally import Cause, Place, Pool, Tally, cause_of, oversold

_SETTLE_SECONDS: Final = 60
_INBOUND: Final = tuple(topic.name for topic in INBOUND_TOPICS)
_FIGURES: Final = (
    "offers",
    "taken",
    "requests",
    "confirmed",
    "refused",
    "timed_out",
    "dead_lettered",
)


@dataclass(frozen=True)
class Counted:
    """What was counted, and every way in which topics and ledger disagree."""

    counts: Mapping[str, int]
    lost: int
    sold_twice: int
    disagreements: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Say whether nothing was lost, nothing sold twice, and all figures agree."""
        return not (self.lost or self.sold_twice or self.disagreements)

    def document(self) -> dict[str, object]:
        """Give the figures for the one JSON object of `--once`."""
        return {
            **{name: self.counts.get(name, 0) for name in _FIGURES},
            "lost": self.lost,
            "sold_twice": self.sold_twice,
        }


async def count(stage: Stage) -> Counted:
    """Count this run from the topics, from where they ended when it began."""
    sent = await _sent(stage)
    tally = Tally()
    lost = await _settled(stage, tally, sent)
    sales = await _sales(stage)
    return Counted(
        counts=tally.counts,
        lost=lost,
        sold_twice=tally.confirmed_twice + oversold(sales, await _capacity(stage, sales)),
        disagreements=await disagreements(stage),
    )


async def _sent(stage: Stage) -> dict[Place, Cause | None]:
    """Give every record sent to an inbound topic in this run, and what it would be decided as."""
    until = await topic_reader.ends(stage.bootstrap, _INBOUND)
    sent: dict[Place, Cause | None] = {}
    async for record in topic_reader.read(stage.bootstrap, stage.since, until):
        sent[record.topic, record.partition, record.offset] = cause_of(record)
    return sent


async def _settled(stage: Stage, tally: Tally, sent: dict[Place, Cause | None]) -> int:
    """Read answers and dead letters until each record has one; count those that have none."""
    since = {
        at: n for at, n in stage.since.items() if at.topic in {DECISIONS.name, DEAD_LETTERS.name}
    }
    waiting = dict(sent)
    try:
        async with asyncio.timeout(_SETTLE_SECONDS):
            while True:
                until = await topic_reader.ends(
                    stage.bootstrap, [DECISIONS.name, DEAD_LETTERS.name]
                )
                async for record in topic_reader.read(stage.bootstrap, since, until):
                    if record.topic == DECISIONS.name:
                        tally.decision(Decision.model_validate_json(record.value))
                    else:
                        tally.dead_letter(record)
                since = until
                waiting = {
                    place: cause
                    for place, cause in waiting.items()
                    if cause not in tally.decided and place not in tally.set_aside
                }
                if not waiting:
                    return 0
    except TimeoutError:
        return len(waiting)


async def _sales(stage: Stage) -> list[AcceptanceConfirmed]:
    """Give every sale there ever was: what was sold before this run counts against capacity."""
    since = await topic_reader.starts(stage.bootstrap, [ACCEPTANCE_CONFIRMED.name])
    until = await topic_reader.ends(stage.bootstrap, [ACCEPTANCE_CONFIRMED.name])
    return [
        AcceptanceConfirmed.model_validate_json(record.value)
        async for record in topic_reader.read(stage.bootstrap, since, until)
    ]


async def _capacity(stage: Stage, sales: list[AcceptanceConfirmed]) -> dict[tuple[Pool, int], int]:
    """Give the capacity of the revisions published in this run, of the offers that were sold."""
    sold = {(participant_source(sale.provider).encode(), sale.offer_id.encode()) for sale in sales}
    until = await topic_reader.ends(stage.bootstrap, [OFFER_PUBLISHED.name])
    found: dict[tuple[Pool, int], int] = {}
    async for record in topic_reader.read(stage.bootstrap, stage.since, until):
        headers = dict(record.headers)
        source = headers.get("ce_source", b"")
        if (source, record.key) not in sold or headers["ce_type"] != OfferPublished.TYPE.encode():
            continue
        offer = OfferPublished.model_validate_json(record.value)
        capacity = offer.service.capacity()
        if capacity is not None:
            provider = source.decode().removeprefix(participant_source(""))
            pool = (offer.market, provider, offer.offer_id)
            found[pool, offer.revision] = capacity
    return found
