"""Trading with `schemas/` and a bare Kafka client: nothing that a participant needs is ours."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import bare_participants
from tests.e2e.bare_participants import BareBuyer, BareProvider, refusals, sales
from tests.e2e.conftest import Exchange
from tests.support import unique

NUMBER = "+441134960123"
"""In the range that Ofcom keeps for drama in Leeds: nobody's number."""

PREFIX = "441134960"


@pytest.fixture
def provider(exchange: Exchange) -> Iterator[BareProvider]:
    """Add a provider."""
    participant = BareProvider(exchange.newcomer("provider"), exchange.bootstrap)
    yield participant
    participant.close()


@pytest.fixture
def buyer(exchange: Exchange) -> Iterator[BareBuyer]:
    """Add a buyer."""
    participant = BareBuyer(exchange.newcomer("buyer"), exchange.bootstrap)
    yield participant
    participant.close()


def test_the_participants_know_nothing_of_ours() -> None:
    """Their code imports the standard library, a Kafka client and a schema validator, no more."""
    source = Path(bare_participants.__file__).read_text()
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(source))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "."]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert imported - sys.stdlib_module_names == {"confluent_kafka", "jsonschema"}


def test_a_sale_is_made_with_the_schemas_alone(
    exchange: Exchange, provider: BareProvider, buyer: BareBuyer
) -> None:
    """Offer, session, request, acceptance, outcome, end: all as the schemas say."""
    market = exchange.market
    session_id, acceptance_id = unique("s"), unique("a")
    stored, offer = provider.publish(market, "uk-leeds", PREFIX)
    granted, _ = buyer.open(market, session_id)
    _, matched = buyer.request(market, NUMBER, session_id)
    match = next(match for match in matched["matches"] if match["provider"] == provider.name)

    confirmed, confirmation = buyer.accept(matched, match, acceptance_id)
    _, told_again = buyer.outcome(market, acceptance_id)
    ended, _ = buyer.end(market, session_id)

    assert stored == "strowger.offer-stored.v1"
    assert granted == "strowger.session-granted.v1"
    assert confirmed == "strowger.acceptance-confirmed.v1"
    assert ended == "strowger.session-ended.v1"
    assert (match["offer_id"], match["revision"]) == (offer["offer_id"], offer["revision"])
    assert confirmation["cost"] == match["cost"]
    assert told_again["contract_id"] == confirmation["contract_id"]
    sold = provider.sale(confirmation["contract_id"])
    assert (sold["buyer"], sold["service"]) == (buyer.name, confirmation["service"])
    public = next(
        sale
        for sale in sales(exchange.bootstrap)
        if sale["contract_id"] == confirmation["contract_id"]
    )
    assert (public["provider"], public["buyer"]) == (provider.name, None)


def test_a_refusal_is_one_that_the_schemas_name(
    exchange: Exchange, provider: BareProvider, buyer: BareBuyer
) -> None:
    """After the session's end an acceptance is refused, by a name and a `retry` known before."""
    market, session_id = exchange.market, unique("s")
    provider.publish(market, "uk-leeds", PREFIX)
    buyer.open(market, session_id)
    _, matched = buyer.request(market, NUMBER, session_id)
    buyer.end(market, session_id)

    refused, refusal = buyer.accept(matched, matched["matches"][0], unique("a"))

    assert refused == "strowger.event-refused.v1"
    assert refusal["refusal"] == "session_ended"
    assert refusal["retry"] == refusals()["session_ended"]["retry"]


def test_a_withdrawn_offer_is_gone_for_those_without_a_session_too(
    exchange: Exchange, provider: BareProvider, buyer: BareBuyer
) -> None:
    """A request on its own shows the offer until when it is valid, and not after its withdrawal."""
    market = exchange.market
    _, offer = provider.publish(market, "uk-leeds", PREFIX)
    _, before = buyer.request(market, NUMBER, None)

    removed, _ = provider.withdraw(market, "uk-leeds", offer["revision"] + 1)
    _, after = buyer.request(market, NUMBER, None)

    assert removed == "strowger.offer-removed.v1"
    assert before["valid_until"] > before["at"]
    assert provider.name in {match["provider"] for match in before["matches"]}
    assert provider.name not in {match["provider"] for match in after["matches"]}
