from typing import Any

import pytest

from strowger.contract import commands
from strowger.contract.commands import (
    AcceptOffer,
    AnyCommand,
    CloseSession,
    OpenSession,
    PublishCapacity,
    PublishOffer,
    ReadBook,
    SubmitRequest,
    TellOutcome,
    WithdrawOffer,
)
from strowger.contract.normal import Asked, Need, Step, Tariff, Terms, Tier, Wish
from tests.gateway_records import (
    CHOICE,
    COMMON,
    DEMAND,
    LINE,
    MESSAGES,
    NOON_MS,
    OFFER,
    REQUEST,
    SERVICE,
    record,
    verdict,
)

WISHES = {
    "comparison_months": 12,
    "max_cost": "99.5",
    "undetermined": "pass",
    "firm_only": True,
    "exclude_providers": ["zeta", "acme", "zeta"],
    "near_misses": 0,
    "after": "AbC-_1",
}
TERMS = {
    "effective_at": "2026-01-31T12:00:00.001Z",
    "firmness": "budgetary",
    "pool": "ring",
    "audience": ["initech", "globex", "globex"],
}


@pytest.mark.parametrize(
    ("event", "body", "command"),
    [
        (
            "offer-published",
            {**OFFER, "service": SERVICE},
            PublishOffer(
                **COMMON,
                participant="acme",
                offer_id="o-1",
                revision=3,
                currency="EUR",
                service=Terms("voice", ("4420",), tariff=Tariff(12_500_000, fee_nano=1, minimum=1)),
            ),
        ),
        (
            "offer-published",
            {**OFFER, "service": LINE, **TERMS},
            PublishOffer(
                **COMMON,
                participant="acme",
                offer_id="o-1",
                revision=3,
                currency="EUR",
                service=Terms(
                    "ethernet",
                    ("GB/LON/thn2", "NL/AMS"),
                    attributes={"cir_mbps": 1000, "eir_mbps": 0, "delay_ms": 4_500},
                    tariff=Tariff(
                        one_off_nano=1_500_500_000_000,
                        recurring_nano=None,
                        steps=(Step(12, 900_000_000_000, 1_500_500_000_000), Step(36, 1, 0)),
                        tiers=(Tier(0, 20_000_000), Tier(1_000, 10_000_000)),
                        volume=True,
                        minimum_nano=5_000_000_000,
                    ),
                    capacity=10_000,
                ),
                effective_at_ms=NOON_MS + 1,
                firmness="budgetary",
                pool="ring",
                audience=("globex", "initech"),
            ),
        ),
        (
            "offer-withdrawn",
            {"offer_id": "o-1", "revision": 4},
            WithdrawOffer(**COMMON, participant="acme", offer_id="o-1", revision=4),
        ),
        (
            "offer-withdrawn",
            {"offer_id": "o-1", "revision": 4, "effective_at": "2026-01-31T13:00:00+01:00"},
            WithdrawOffer(
                **COMMON, participant="acme", offer_id="o-1", revision=4, effective_at_ms=NOON_MS
            ),
        ),
        (
            "capacity-published",
            {"pool": "ring", "revision": 1, "units": 40, "period": "month"},
            PublishCapacity(
                **COMMON,
                participant="acme",
                pool="ring",
                revision=1,
                units=40,
                period="month",
                channels=None,
            ),
        ),
        (
            "session-opened",
            {"session_id": "s-1", "ttl_seconds": 60},
            OpenSession(**COMMON, participant="acme", session_id="s-1", ttl_seconds=60),
        ),
        (
            "request-submitted",
            {**REQUEST, "service": DEMAND, "max_matches": 5},
            SubmitRequest(
                **COMMON,
                participant="acme",
                request_id="r-1",
                session_id="s-1",
                service=Need("voice", ("442079460000",), 100, looked_up="GB"),
                max_matches=5,
            ),
        ),
        (
            "request-submitted",
            {**REQUEST, "service": MESSAGES, **WISHES},
            SubmitRequest(
                **COMMON,
                participant="acme",
                request_id="r-1",
                session_id="s-1",
                service=Need(
                    "sms",
                    ("234-15",),
                    100,
                    clauses=(
                        Asked("delivery_rate_percent", "floor", 9_750),
                        Asked("sender_types", "cover", ("alphanumeric", "short-code")),
                    ),
                    looked_up="GB",
                ),
                max_matches=None,
                wish=Wish(
                    comparison_months=12,
                    max_term_months=12,
                    max_cost_nano=99_500_000_000,
                    undetermined_passes=True,
                    firm_only=True,
                    exclude_providers=("acme", "zeta"),
                    near_misses=0,
                    after="AbC-_1",
                ),
            ),
        ),
        (
            "offer-accepted",
            {**CHOICE, "acceptance_id": "a-1"},
            AcceptOffer(
                **COMMON, participant="acme", acceptance_id="a-1", session_id=None, **CHOICE
            ),
        ),
        (
            "outcome-requested",
            {"acceptance_id": "a-1"},
            TellOutcome(**COMMON, participant="acme", acceptance_id="a-1"),
        ),
        (
            "session-closed",
            {"session_id": "s-1"},
            CloseSession(
                **COMMON,
                participant="acme",
                session_id="s-1",
                buyer="acme",
                reason="terminated",
            ),
        ),
        (
            "book-requested",
            {"read_id": "b-1"},
            ReadBook(**COMMON, participant="acme", read_id="b-1", most=200),
        ),
        (
            "book-requested",
            {"read_id": "b-2", "most": 1, "after": "AbC-_1"},
            ReadBook(**COMMON, participant="acme", read_id="b-2", most=1, after="AbC-_1"),
        ),
    ],
)
def test_every_event_has_its_command(event: str, body: dict[str, Any], command: AnyCommand) -> None:
    """Money comes out as integers of 1e-9, numbers without their plus, times in milliseconds.

    Sets come out in one order, so that what says the same is the same.
    """
    assert verdict(record(event, body)) == command
    assert commands.decode(commands.encode(command)) == command
