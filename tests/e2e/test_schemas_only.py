"""Trading with `schemas/` and a bare Kafka client: nothing that a participant needs is ours."""

import ast
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.e2e import bare_participants
from tests.e2e.bare_participants import (
    BareBuyer,
    BareProvider,
    Body,
    Signer,
    refusals,
    sales,
)
from tests.e2e.conftest import Exchange
from tests.support import unique

NUMBER = "+441134960123"
"""In the range that Ofcom keeps for drama in Leeds: nobody's number."""

PREFIX = "441134960"


@pytest.fixture
def provider(exchange: Exchange) -> Iterator[BareProvider]:
    """Add a provider."""
    name, signer = unique("bare-provider"), Signer()
    _register(exchange, name, signer, "provider")
    participant = BareProvider(name, exchange.bootstrap, exchange.credentials(name), signer)
    yield participant
    participant.close()


@pytest.fixture
def buyer(exchange: Exchange) -> Iterator[BareBuyer]:
    """Add a buyer."""
    name, signer = unique("bare-buyer"), Signer()
    _register(exchange, name, signer, "buyer")
    participant = BareBuyer(name, exchange.bootstrap, exchange.credentials(name), signer)
    yield participant
    participant.close()


def _register(exchange: Exchange, name: str, signer: Signer, role: str) -> None:
    """Have a participant registered by the public part of a key that it made itself."""
    given = ("--role", role, f"--public-key={signer.public_key}")
    exchange.command("participant", "add", name, *given)


def test_the_participants_know_nothing_of_ours() -> None:
    """Their code imports the standard library, a Kafka client, Ed25519 and a schema validator."""
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

    assert imported - sys.stdlib_module_names == {"confluent_kafka", "cryptography", "jsonschema"}


def test_a_sale_is_made_with_the_schemas_alone(
    exchange: Exchange, provider: BareProvider, buyer: BareBuyer
) -> None:
    """Offer, session, request, acceptance, outcome, end: all as the schemas say."""
    market = exchange.market
    session_id, acceptance_id = unique("s"), unique("a")
    stored, offer = provider.publish(market, "uk-leeds", prefix=PREFIX)
    granted, _ = buyer.open(market, session_id)
    _, matched = buyer.request(market, session_id, destination=NUMBER)
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
    analyst = exchange.newcomer("analyst")
    public = next(
        sale
        for sale in sales(analyst, exchange.bootstrap, exchange.credentials(analyst))
        if sale["contract_id"] == confirmation["contract_id"]
    )
    assert (public["provider"], public["buyer"]) == (provider.name, None)


@pytest.mark.parametrize("family", ["internet", "ethernet", "sms"])
def test_every_family_is_sold_with_the_schemas_alone(
    exchange: Exchange, provider: BareProvider, buyer: BareBuyer, family: str
) -> None:
    """The contract's example request finds its example offer, whose cost adds up, and buys it."""
    market, session_id = exchange.market, unique("s")
    stored, _ = provider.publish(market, f"bare-{family}", family, audience=[buyer.name])
    buyer.open(market, session_id)
    _, matched = buyer.request(market, session_id, family)
    match = next(match for match in matched["matches"] if match["provider"] == provider.name)

    confirmed, confirmation = buyer.accept(matched, match, unique("a"))
    buyer.end(market, session_id)

    assert stored == "strowger.offer-stored.v1"
    assert confirmed == "strowger.acceptance-confirmed.v1"
    assert Decimal(match["cost"]) == sum(Decimal(line["amount"]) for line in match["lines"]) > 0
    assert confirmation["service"]["family"] == family
    assert (confirmation["cost"], confirmation["lines"]) == (match["cost"], match["lines"])
    assert provider.sale(confirmation["contract_id"])["prices"] == confirmation["prices"]


def test_the_stored_set_is_read_with_the_schemas_alone(
    exchange: Exchange, provider: BareProvider, buyer: BareBuyer
) -> None:
    """Page by page; while a session is open, a guarded market leaves out what it was shown."""
    market, session_id = unique("guarded"), unique("s")
    exchange.command("market", "declare", market, "--currency", "EUR", "--policy", "guarded")
    answers = [
        provider.publish(market, code, deck=code, prefix=code) for code in (PREFIX, "44", "33")
    ]
    _, first = provider.read(market, most=2)
    _, second = provider.read(market, most=2, after=first["next"])
    buyer.open(market, session_id)
    buyer.request(market, session_id, destination=NUMBER)
    read, during = provider.read(market, most=10)
    buyer.end(market, session_id)
    _, after = provider.read(market, most=10)

    def ids(page: Body) -> list[str]:
        return [entry["offer_id"] for entry in page["entries"]]

    assert {kind for kind, _ in answers} == {"strowger.change-taken.v1"}
    assert read == "strowger.book-read.v1"
    assert (ids(first), ids(second), second["next"]) == (["33", "44"], [PREFIX], None)
    assert (ids(during), during["withheld"]) == (["33"], True)
    assert (ids(after), after["withheld"]) == (["33", "44", PREFIX], False)


def test_a_refusal_is_one_that_the_schemas_name(
    exchange: Exchange, provider: BareProvider, buyer: BareBuyer
) -> None:
    """After the session's end an acceptance is refused, by a name and a `retry` known before."""
    market, session_id = exchange.market, unique("s")
    provider.publish(market, "uk-leeds", prefix=PREFIX)
    buyer.open(market, session_id)
    _, matched = buyer.request(market, session_id, destination=NUMBER)
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
    _, offer = provider.publish(market, "uk-leeds", prefix=PREFIX)
    _, before = buyer.request(market, None, destination=NUMBER)

    removed, _ = provider.withdraw(market, "uk-leeds", offer["revision"] + 1)
    _, after = buyer.request(market, None, destination=NUMBER)

    assert removed == "strowger.offer-removed.v1"
    assert before["valid_until"] > before["at"]
    assert provider.name in {match["provider"] for match in before["matches"]}
    assert provider.name not in {match["provider"] for match in after["matches"]}
