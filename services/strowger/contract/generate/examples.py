"""One example an event: a sale from the offer to the notice, told by its records.

Built from the models, so that each is valid by construction. The number is of a range that Ofcom
keeps free for drama; the participants and the price are made up.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Final

from strowger.contract.envelope import EXCHANGE_SOURCE, Envelope, participant_source
from strowger.contract.fields import Inbound
from strowger.contract.generate.schemas import AnyEvent
from strowger.contract.inbound import (
    OfferAccepted,
    OfferPublished,
    OfferWithdrawn,
    OutcomeRequested,
    RequestSubmitted,
    SessionClosed,
    SessionOpened,
)
from strowger.contract.outbound import (
    AcceptanceConfirmed,
    Decision,
    EventRefused,
    MarketDeclared,
    MarketTerms,
    Match,
    OfferRemoved,
    OffersMatched,
    OfferSold,
    OfferStored,
    OutboundEvent,
    SessionEnded,
    SessionGranted,
)
from strowger.contract.refusals import Refusal
from strowger.contract.voice import VoiceCost, VoiceDemand, VoiceShown, VoiceSold, VoiceTermination

PROVIDER: Final = "tandem"
BUYER: Final = "globex"

_MARKET: Final = "voice-usd"
_OFFER: Final = "gb-london"
_REVISION: Final = 1_769_860_800_000
_SESSION: Final = "s-20260131-1"
_REQUEST: Final = "r-20260131-1"
_ACCEPTANCE: Final = "voice-usd~a-20260131-1"
_NOON: Final = datetime(2026, 1, 31, 12, tzinfo=UTC)
_RATE: Final = Decimal("0.0125")
_SHOWN: Final = VoiceShown(prefix="4420", deck="standard")
_SERVICE_SOLD: Final = VoiceSold(
    prefix="4420",
    deck="standard",
    rate_per_minute=_RATE,
    minimum_seconds=1,
    increment_seconds=1,
    connect_fee=Decimal(0),
    minutes=1000,
)
_CONTRACT: Final = "voice-usd-1042"
_COST: Final = Decimal("12.525")


@dataclass(frozen=True)
class Example:
    """An event as it travels; `key` is the Kafka key that its sender would choose."""

    event: AnyEvent
    id: str
    source: str
    time: datetime
    key: str

    @property
    def headers(self) -> dict[str, str]:
        """Give the headers as text."""
        envelope = Envelope(self.id, self.source, self.event.TYPE, self.time)
        return {name: value.decode() for name, value in envelope.to_headers()}

    @property
    def body(self) -> Any:  # noqa: ANN401 - any JSON
        """Give the value; a sender need not write what it leaves out, the exchange writes all."""
        sent = isinstance(self.event, Inbound)
        return json.loads(self.event.model_dump_json(exclude_none=sent))


def _at(seconds: float) -> datetime:
    return _NOON + timedelta(seconds=seconds)


def _sent() -> Iterator[Example]:
    for sender, number, seconds, key, event in (
        (PROVIDER, 1, 0, _OFFER, _OFFERED),
        (PROVIDER, 2, 240, _OFFER, _WITHDRAWN),
        (
            BUYER,
            1,
            30,
            _SESSION,
            SessionOpened(market=_MARKET, session_id=_SESSION, ttl_seconds=300),
        ),
        (BUYER, 2, 31, _SESSION, _REQUESTED),
        (BUYER, 3, 45, _ACCEPTANCE, _ACCEPTED),
        (BUYER, 5, 60, _ACCEPTANCE, OutcomeRequested(market=_MARKET, acceptance_id=_ACCEPTANCE)),
        (BUYER, 4, 120, _SESSION, SessionClosed(market=_MARKET, session_id=_SESSION)),
    ):
        yield Example(event, f"{sender}-{number}", participant_source(sender), _at(seconds), key)


def _emitted() -> Iterator[Example]:
    for event in (*_answers(), _matched(), *_sale(), _refused()):
        identity = blake2b(event.TYPE.encode(), digest_size=16).hexdigest()
        yield Example(event, identity, EXCHANGE_SOURCE, event.at, _MARKET)


_OFFERED: Final = OfferPublished(
    market=_MARKET,
    offer_id=_OFFER,
    revision=_REVISION,
    currency="USD",
    service=VoiceTermination(
        prefix="4420",
        rate_per_minute=_RATE,
        minimum_seconds=1,
        increment_seconds=1,
        connect_fee=Decimal(0),
        capacity_minutes=100_000,
    ),
)
_WITHDRAWN: Final = OfferWithdrawn(market=_MARKET, offer_id=_OFFER, revision=_REVISION + 1)
_REQUESTED: Final = RequestSubmitted(
    market=_MARKET,
    request_id=_REQUEST,
    session_id=_SESSION,
    service=VoiceDemand(destination="+442079460000", minutes=1000, call_seconds=180),
    max_matches=10,
)
_ACCEPTED: Final = OfferAccepted(
    market=_MARKET,
    acceptance_id=_ACCEPTANCE,
    session_id=_SESSION,
    request_id=_REQUEST,
    provider=PROVIDER,
    offer_id=_OFFER,
    revision=_REVISION,
)


def _answers() -> tuple[OutboundEvent, ...]:
    return (
        MarketDeclared(
            market=_MARKET,
            causation_id="operator-1",
            at=_at(-3600),
            terms=MarketTerms(market=_MARKET, currency="USD"),
        ),
        OfferStored(
            market=_MARKET,
            causation_id="tandem-1",
            at=_at(0.012),
            offer_id=_OFFER,
            revision=_REVISION,
        ),
        OfferRemoved(
            market=_MARKET,
            causation_id="tandem-2",
            at=_at(240.011),
            offer_id=_OFFER,
            revision=_REVISION + 1,
        ),
        SessionGranted(
            market=_MARKET,
            causation_id="globex-1",
            at=_at(30.009),
            session_id=_SESSION,
            deadline=_at(330.009),
        ),
        SessionEnded(
            market=_MARKET,
            causation_id="globex-4",
            at=_at(120.01),
            session_id=_SESSION,
            reason="terminated",
        ),
    )


def _sale() -> tuple[OutboundEvent | Decision, ...]:
    confirmed = _confirmed()
    decision = Decision(
        market=_MARKET,
        sequence=1042,
        log_offset=1039,
        at=confirmed.at,
        rules_version=1,
        command="accept-offer",
        participant=BUYER,
        role="answer",
        recipient=BUYER,
        event_id=blake2b(confirmed.TYPE.encode(), digest_size=16).hexdigest(),
        event=confirmed,
    )
    return (confirmed, _sold(confirmed), decision)


def _refused() -> EventRefused:
    refusal = Refusal.SESSION_ENDED
    return EventRefused(
        market=_MARKET,
        causation_id="globex-6",
        at=_at(121),
        refusal=refusal,
        retry=refusal.retry,
        message=f"it has been closed by its buyer. {refusal.advice}",
        subject="acceptance voice-usd~a-20260131-2",
    )


def _matched() -> OffersMatched:
    cost = VoiceCost(
        answered_calls=334,
        call_seconds=180,
        billed_seconds=180,
        rate_per_minute=_RATE,
        connect_fee=Decimal(0),
    )
    match = Match(
        rank=1,
        provider=PROVIDER,
        offer_id=_OFFER,
        revision=_REVISION,
        service=_SHOWN,
        cost=_COST,
        breakdown=cost,
    )
    return OffersMatched(
        market=_MARKET,
        causation_id="globex-2",
        at=_at(31.014),
        request_id=_REQUEST,
        session_id=_SESSION,
        currency="USD",
        able=1,
        matches=(match,),
    )


def _confirmed() -> AcceptanceConfirmed:
    return AcceptanceConfirmed(
        market=_MARKET,
        causation_id="globex-3",
        at=_at(45.013),
        contract_id=_CONTRACT,
        acceptance_id=_ACCEPTANCE,
        session_id=_SESSION,
        request_id=_REQUEST,
        buyer=BUYER,
        provider=PROVIDER,
        offer_id=_OFFER,
        revision=_REVISION,
        service=_SERVICE_SOLD,
        currency="USD",
        cost=_COST,
    )


def _sold(confirmed: AcceptanceConfirmed) -> OfferSold:
    return OfferSold(
        market=_MARKET,
        causation_id=confirmed.causation_id,
        at=confirmed.at,
        contract_id=_CONTRACT,
        buyer=BUYER,
        offer_id=_OFFER,
        revision=_REVISION,
        service=_SERVICE_SOLD,
        currency="USD",
        cost=_COST,
        remaining=99_000,
    )


EXAMPLES: Final[Mapping[type[AnyEvent], Example]] = MappingProxyType(
    {type(example.event): example for example in (*_sent(), *_emitted())}
)
"""One of each event, by its model, the inbound ones first"""
