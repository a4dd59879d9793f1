"""Commands for tests of the core and of matching: usual values, named where a test cares."""

from typing import Final

from strowger.contract.commands import (
    OPERATOR,
    SESSION_TIMEOUT,
    AcceptOffer,
    CloseSession,
    DeclareMarket,
    OpenSession,
    Origin,
    PublishOffer,
    RefuseEvent,
    SubmitRequest,
    TellOutcome,
    VoiceNeed,
    VoiceTerms,
    WithdrawOffer,
)

MARKET: Final = "voice-eu"
BUYER: Final = "globex"
PROVIDER: Final = "acme"
NOON_MS: Final = 1_790_000_000_000
"""Where market time starts in tests."""

NUMBER: Final = "442079460000"
"""In the range that Ofcom keeps for drama: nobody's number."""


class Commands:
    """Makes commands of one market, each with a `causation_id` of its own."""

    def __init__(self, market: str = MARKET, sent_at_ms: int = NOON_MS) -> None:
        self.market = market
        self.sent_at_ms = sent_at_ms
        self._made = 0

    def declare(
        self,
        *,
        participant: str = OPERATOR,
        currency: str = "EUR",
        sessions: str = "optional",
        min_ttl_seconds: int = 1,
        max_ttl_seconds: int = 3600,
        match_validity_seconds: int = 60,
        default_call_seconds: int = 180,
        public_buyer: bool = False,
    ) -> DeclareMarket:
        """Declare the market."""
        return DeclareMarket(
            market=self.market,
            participant=participant,
            causation_id=self._cause(),
            sent_at_ms=self.sent_at_ms,
            policy="open",
            currency=currency,
            sessions=sessions,
            min_ttl_seconds=min_ttl_seconds,
            max_ttl_seconds=max_ttl_seconds,
            match_validity_seconds=match_validity_seconds,
            default_call_seconds=default_call_seconds,
            public_buyer=public_buyer,
        )

    def publish(
        self,
        offer_id: str = "of-1",
        revision: int = 1,
        *,
        provider: str = PROVIDER,
        prefix: str = "44",
        deck: str = "standard",
        rate_nano: int = 10_000_000,
        minimum_seconds: int = 1,
        increment_seconds: int = 1,
        connect_fee_nano: int = 0,
        capacity_minutes: int | None = None,
        currency: str = "EUR",
        origin: Origin | None = None,
    ) -> PublishOffer:
        """Publish an offer."""
        return PublishOffer(
            market=self.market,
            participant=provider,
            causation_id=self._cause(),
            sent_at_ms=self.sent_at_ms,
            origin=origin,
            offer_id=offer_id,
            revision=revision,
            currency=currency,
            service=VoiceTerms(
                prefix=prefix,
                deck=deck,
                rate_nano=rate_nano,
                minimum_seconds=minimum_seconds,
                increment_seconds=increment_seconds,
                connect_fee_nano=connect_fee_nano,
                capacity_minutes=capacity_minutes,
            ),
        )

    def withdraw(
        self, offer_id: str = "of-1", revision: int = 2, *, provider: str = PROVIDER
    ) -> WithdrawOffer:
        """Withdraw an offer."""
        return WithdrawOffer(
            market=self.market,
            participant=provider,
            causation_id=self._cause(),
            sent_at_ms=self.sent_at_ms,
            offer_id=offer_id,
            revision=revision,
        )

    def open(
        self, session_id: str = "s-1", ttl_seconds: int = 60, *, buyer: str = BUYER
    ) -> OpenSession:
        """Open a session."""
        return OpenSession(
            market=self.market,
            participant=buyer,
            causation_id=self._cause(),
            sent_at_ms=self.sent_at_ms,
            session_id=session_id,
            ttl_seconds=ttl_seconds,
        )

    def request(
        self,
        request_id: str = "r-1",
        session_id: str | None = "s-1",
        *,
        buyer: str = BUYER,
        destination: str = NUMBER,
        minutes: int = 100,
        call_seconds: int | None = None,
        max_matches: int | None = None,
        country: str | None = "GB",
    ) -> SubmitRequest:
        """Submit a request."""
        return SubmitRequest(
            market=self.market,
            participant=buyer,
            causation_id=self._cause(),
            sent_at_ms=self.sent_at_ms,
            request_id=request_id,
            session_id=session_id,
            service=VoiceNeed(destination, country, minutes, call_seconds),
            max_matches=max_matches,
        )

    def accept(
        self,
        acceptance_id: str = "a-1",
        session_id: str | None = "s-1",
        request_id: str = "r-1",
        *,
        buyer: str = BUYER,
        provider: str = PROVIDER,
        offer_id: str = "of-1",
        revision: int = 1,
    ) -> AcceptOffer:
        """Accept an offer."""
        return AcceptOffer(
            market=self.market,
            participant=buyer,
            causation_id=self._cause(),
            sent_at_ms=self.sent_at_ms,
            acceptance_id=acceptance_id,
            session_id=session_id,
            request_id=request_id,
            provider=provider,
            offer_id=offer_id,
            revision=revision,
        )

    def close(
        self, session_id: str = "s-1", *, buyer: str = BUYER, sender: str | None = None
    ) -> CloseSession:
        """Close a session, by its buyer unless another sender is named."""
        return CloseSession(
            market=self.market,
            participant=sender or buyer,
            causation_id=self._cause(),
            sent_at_ms=self.sent_at_ms,
            session_id=session_id,
            buyer=buyer,
            reason="timed_out" if sender == SESSION_TIMEOUT else "terminated",
        )

    def outcome(self, acceptance_id: str = "a-1", *, buyer: str = BUYER) -> TellOutcome:
        """Ask what became of an acceptance."""
        return TellOutcome(
            market=self.market,
            participant=buyer,
            causation_id=self._cause(),
            sent_at_ms=self.sent_at_ms,
            acceptance_id=acceptance_id,
        )

    def refuse(self, refusal: str = "malformed", *, sender: str = BUYER) -> RefuseEvent:
        """Refuse an event at the gateway."""
        return RefuseEvent(
            market=self.market,
            participant=sender,
            causation_id=self._cause(),
            sent_at_ms=self.sent_at_ms,
            refusal=refusal,
            detail="minutes: Field required",
            subject="request r-1",
        )

    def _cause(self) -> str:
        self._made += 1
        return f"{self.market}-event-{self._made}"
