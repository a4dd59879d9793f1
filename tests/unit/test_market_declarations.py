"""Markets: declared once by the operator; whatever comes before is refused; sales made public."""

import pytest

from strowger.contract.outbound import EventRefused, MarketDeclared
from strowger.contract.refusals import Refusal
from strowger.contract.sales import AcceptanceConfirmed
from tests.playing import Play


def test_the_operator_declares_a_market() -> None:
    """The terms stand as declared; the operator has no inbox, and reads the decision."""
    play = Play(declared=False)
    (decision,) = play.decide(play.commands.declare(currency="USD", max_ttl_seconds=120))
    assert isinstance(decision.event, MarketDeclared)
    assert (decision.event.terms.currency, decision.event.terms.max_ttl_seconds) == ("USD", 120)
    assert (decision.recipient, decision.sequence) == (None, 1)


def test_declaring_the_same_terms_again_changes_nothing() -> None:
    """A deployment may declare its markets each time it starts."""
    play = Play(currency="USD")
    play.done(play.commands.publish(currency="USD"))
    (decision,) = play.decide(play.commands.declare(currency="USD"))
    assert (decision.repeat, decision.event.type) == (True, "market-declared")
    assert play.shown(play.commands.request(session_id=None)) == ["of-1"]


@pytest.mark.parametrize(
    "terms",
    [
        {"currency": "USD"},
        {"sessions": "required"},
        {"min_ttl_seconds": 2},
        {"max_ttl_seconds": 3601},
        {"match_validity_seconds": 61},
        {"default_call_seconds": 60},
        {"public_buyer": True},
    ],
)
def test_a_market_is_not_declared_otherwise(terms: dict[str, int | str]) -> None:
    """Whoever traded on the old terms is held to them; every term counts."""
    play = Play()
    other = play.commands.declare(**terms)  # type: ignore[arg-type]  # its own keywords
    assert play.refusal(other) is Refusal.MARKET_DECLARED_OTHERWISE


@pytest.mark.parametrize("declared", [False, True])
def test_only_the_operator_declares_a_market(*, declared: bool) -> None:
    """A participant's declaration is refused to it, and declares nothing."""
    play = Play(declared=declared)
    (decision,) = play.decide(play.commands.declare(participant="acme", currency="USD"))
    assert isinstance(decision.event, EventRefused)
    assert (decision.event.refusal, decision.recipient) == (Refusal.NOT_ALLOWED, "acme")
    assert bool(list(play.markets.dump())) == declared


def test_an_undeclared_market_refuses_everything() -> None:
    """Each command is answered, may be sent again, and leaves nothing behind."""
    play = Play(declared=False)
    for command in (
        play.commands.publish(),
        play.commands.withdraw(),
        play.commands.open(),
        play.commands.request(),
        play.commands.accept(),
        play.commands.close(),
        play.commands.outcome(),
        play.commands.refuse(),
    ):
        (decision,) = play.decide(command)
        assert isinstance(decision.event, EventRefused)
        assert decision.event.refusal is Refusal.UNKNOWN_MARKET
        assert decision.recipient == command.participant
    assert not list(play.markets.dump())
    assert not play.markets.faults()


def test_what_was_refused_before_the_declaration_may_be_sent_after_it() -> None:
    """An early event's id is not used up."""
    play = Play(declared=False)
    play.decide(play.commands.open())
    play.done(play.commands.declare())
    (decision,) = play.decide(play.commands.open())
    assert (decision.repeat, decision.event.type) == (False, "session-granted")


def test_what_a_gateway_refused_is_told_to_its_sender() -> None:
    """The market passes on the reason, the words and the subject; the id is not used up."""
    play = Play()
    (decision,) = play.decide(play.commands.refuse("malformed"))
    assert isinstance(decision.event, EventRefused)
    assert (decision.event.refusal, decision.recipient) == (Refusal.MALFORMED, "globex")
    assert decision.event.message.startswith("minutes: Field required. ")
    assert decision.event.subject == "request r-1"
    play.done(play.commands.request(session_id=None))


def test_a_gateways_refusal_is_told_however_old_the_event() -> None:
    """Nothing is decided on it, so that its age does no harm."""
    play = Play()
    assert play.refusal(play.commands.refuse("not_e164"), sent_at_ms=0) is Refusal.NOT_E164


def test_the_public_record_does_not_say_who_bought() -> None:
    """Of the buyer and all ids the buyer chose nothing is left; the rest is the contract."""
    play = Play()
    play.done(play.commands.publish(), play.commands.open(), play.commands.request())
    confirmed, sold = play.decide(play.commands.accept())
    sale = play.markets.public_sale(confirmed)
    assert isinstance(confirmed.event, AcceptanceConfirmed)
    assert isinstance(sale, AcceptanceConfirmed)
    assert (sale.buyer, sale.acceptance_id, sale.session_id, sale.request_id) == (None,) * 4
    assert sale.causation_id == sale.contract_id == confirmed.event.contract_id
    for secret in ("globex", "a-1", "s-1", "r-1", confirmed.event.causation_id):
        assert f'"{secret}"' not in sale.model_dump_json()
    assert play.markets.public_sale(sold) is None


def test_a_market_may_name_its_buyers() -> None:
    """Where that is declared the public record is the confirmation itself."""
    play = Play(public_buyer=True)
    play.done(play.commands.publish(), play.commands.request(session_id=None))
    confirmed, _ = play.decide(play.commands.accept(session_id=None))
    assert play.markets.public_sale(confirmed) == confirmed.event


def test_an_answer_given_again_is_no_sale() -> None:
    """Neither a repeat nor a told outcome is in the public record; nor is any other answer."""
    play = Play()
    play.done(play.commands.publish())
    (matched,) = play.decide(play.commands.request(session_id=None))
    play.done(play.commands.accept(session_id=None))
    (repeat,) = play.decide(play.commands.accept(session_id=None))
    (told,) = play.decide(play.commands.outcome())
    for decision in (matched, repeat, told):
        assert play.markets.public_sale(decision) is None
