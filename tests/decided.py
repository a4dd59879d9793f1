"""Decisions of one market for tests of the ledger, and a whole trade of them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypedDict

from strowger.contract.decision import Decision
from strowger.contract.market_terms import MarketTerms
from strowger.contract.matches import OffersMatched
from strowger.contract.outbound import (
    Event,
    EventRefused,
    MarketDeclared,
    OfferRemoved,
    OfferStored,
    SessionEnded,
    SessionGranted,
)
from strowger.contract.refusals import Refusal
from strowger.contract.sales import AcceptanceConfirmed, OfferSold
from strowger.ledger.projection import Batch, Place
from strowger.ledger.store import opened
from tests.answers import sold

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
BUYER, PROVIDER = "globex", "acme"
DEAREST = Decimal("1000000000000.000000001")


class Stamp(TypedDict):
    """What every event has."""

    market: str
    causation_id: str
    at: datetime


class Made:
    """Decisions of one market, in the order made, a second apart."""

    def __init__(self) -> None:
        self.values: list[bytes] = []

    @property
    def at(self) -> datetime:
        """Market time of the next decision."""
        return START + timedelta(seconds=len(self.values))

    def add(
        self,
        event: Event,
        command: str,
        participant: str = BUYER,
        *,
        role: str = "answer",
        repeat: bool = False,
    ) -> None:
        """Decide something."""
        number = len(self.values)
        decision = Decision.model_validate(
            {
                "market": event.market,
                "sequence": number,
                "log_offset": number,
                "at": event.at,
                "rules_version": 1,
                "command": command,
                "participant": participant,
                "role": role,
                "repeat": repeat,
                "recipient": None if participant.startswith("service:") else participant,
                "event_id": f"d-{number}",
                "event": event,
            }
        )
        self.values.append(decision.model_dump_json().encode())

    def publish(self, offer_id: str, revision: int, effective_at: datetime | None = None) -> None:
        """Store an offer, in force at once or from a time on."""
        at = effective_at or self.at
        stored = OfferStored(**self.stamp(), offer_id=offer_id, revision=revision, effective_at=at)
        self.add(stored, "publish-offer", PROVIDER)

    def withdraw(self, offer_id: str, revision: int, effective_at: datetime | None = None) -> None:
        """Take an offer out, at once or from a time on."""
        at = effective_at or self.at
        removed = OfferRemoved(
            **self.stamp(), offer_id=offer_id, revision=revision, effective_at=at
        )
        self.add(removed, "withdraw-offer", PROVIDER)

    def stamp(self, causation_id: str = "e-1") -> Stamp:
        """Give what every event has."""
        return {"market": "voice", "causation_id": causation_id, "at": self.at}

    def batch(self) -> Batch:
        """Give all of them as one batch of the first partition."""
        batch = Batch()
        for offset, value in enumerate(self.values):
            batch.add(Place(0, offset), value)
        return batch


def sale(made: Made) -> AcceptanceConfirmed:
    """Give a sale at the dearest amount that is exact on the wire."""
    return sold(
        10**9,
        **made.stamp("e-accept"),
        buyer=BUYER,
        provider=PROVIDER,
        offer_id="o-1",
        revision=7,
        currency="EUR",
        cost=DEAREST,
        ranking_cost=DEAREST,
        rates_version=3,
        term_months=12,
        excludes=("4420", "447"),
        effective_at=START - timedelta(days=1),
        starts_at=made.at,
        ends_at=made.at + timedelta(days=365),
    )


def trade() -> Made:
    """Give a whole trade: declared, offered, a session, a request, a sale, refusals, the end."""
    made = Made()
    made.add(
        MarketDeclared(**made.stamp(), terms=MarketTerms(market="voice", currency="USD")),
        "declare-market",
        "service:operator",
    )
    made.publish("o-1", 7)
    made.publish("o-2", 1)
    made.withdraw("o-2", 2)
    deadline = made.at + timedelta(minutes=5)
    made.add(
        SessionGranted(**made.stamp("e-open"), session_id="s-1", deadline=deadline), "open-session"
    )
    made.add(
        OffersMatched(
            **made.stamp(), request_id="r-1", session_id="s-1", currency="USD", able=3, matches=()
        ),
        "submit-request",
    )
    confirmed = sale(made)
    made.add(confirmed, "accept-offer")
    made.add(confirmed, "accept-offer", repeat=True)
    fields = confirmed.model_dump(exclude={"type", "acceptance_id", "session_id", "request_id"})
    made.add(
        OfferSold.model_validate(fields | {"remaining": None}),
        "accept-offer",
        PROVIDER,
        role="notice",
    )
    made.add(
        refusal(made, Refusal.CAPACITY_EXHAUSTED, "acceptance voice~a-2", "e-late"), "accept-offer"
    )
    made.add(
        SessionEnded(**made.stamp("e-open"), session_id="s-1", reason="timed_out"),
        "session-deadline",
        role="notice",
    )
    made.add(
        refusal(made, Refusal.SESSION_ENDED, "session s-1", "e-timeout"),
        "close-session",
        "service:session-timeout",
    )
    return made


def refusal(made: Made, why: Refusal, subject: str, causation_id: str) -> EventRefused:
    """Give a refusal."""
    return EventRefused.model_validate(
        {
            **made.stamp(causation_id),
            "refusal": why,
            "retry": why.retry,
            "message": why.advice,
            "subject": subject,
        }
    )


async def write(path: Path, made: Made) -> None:
    """Write all of these into a ledger, in one batch."""
    async with opened(path) as store:
        await store.write(made.batch(), {0: len(made.values)})
