"""Amounts as large as the contract lets them be: exact to the last digit, told and read back."""

from decimal import Decimal

import pytest

from strowger.contract.fields import from_nano, to_nano
from strowger.contract.normal import Need, Terms
from strowger.contract.outbound import EventRefused
from strowger.contract.refusals import Refusal
from strowger.contract.sales import AcceptanceConfirmed
from strowger.market import acceptances, requests
from strowger.market.entities import decode, encode
from tests.playing import Play
from tests.services import (
    ethernet,
    ethernet_need,
    internet,
    internet_need,
    sms,
    sms_need,
    voice,
    voice_need,
)

MOST_MESSAGES = 10**12
DEAREST_NANO = 1000 * 10**9 - 2
LEAST_RATE_HUNDREDTHS = 3
"""0.03 %: a divisor that leaves a fraction."""

COST_NANO = (2 * MOST_MESSAGES * 10_000 * 119 * DEAREST_NANO + 3) // 6
"""In nano, half up, of the lines' messages / 0.0003 a month, over 119 months."""


@pytest.fixture
def play() -> Play:
    """Give a market with an offer as dear, and as rarely delivered, as one can be."""
    play = Play()
    dear = sms(price_nano=DEAREST_NANO, rate_hundredths=LEAST_RATE_HUNDREDTHS)
    play.done(play.commands.offer(service=dear))
    return play


def ask(play: Play, **wished: int) -> AcceptanceConfirmed:
    """Buy as much as can be asked for."""
    need = sms_need(messages=MOST_MESSAGES)
    play.done(play.commands.ask("r-1", None, need, comparison_months=119, **wished))  # type: ignore[arg-type]  # its own keywords
    return play.sold(play.commands.accept(session_id=None))


def nano(amount: Decimal) -> int:
    """Read an amount digit by digit: no arithmetic that could round it."""
    whole, _, decimals = format(amount, "f").partition(".")
    return int(whole + decimals.ljust(9, "0"))


def test_the_dearest_cost_is_exact_to_the_last_digit(play: Play) -> None:
    """Python's decimals round to 28 digits where nobody says otherwise; these have 31."""
    sold = ask(play)
    assert len(str(COST_NANO)) > 28
    assert nano(sold.cost) == COST_NANO
    assert nano(sold.ranking_cost) == COST_NANO
    assert sum(nano(line.amount) for line in sold.lines) == COST_NANO


def test_the_dearest_ceiling_is_told_exactly(play: Play) -> None:
    """A near miss by cost says the very cost."""
    need = sms_need(messages=MOST_MESSAGES)
    command = play.commands.ask("r-1", None, need, comparison_months=119, max_cost_nano=10**18)
    (miss,) = play.matched(command).near_misses
    assert miss.offered is not None
    assert nano(Decimal(miss.offered)) == COST_NANO
    assert miss.short_by is not None
    assert nano(Decimal(miss.short_by)) == COST_NANO - 10**18


def test_rows_of_the_dearest_sale_are_written_and_read_back(play: Play) -> None:
    """No integer is too long for a row."""
    ask(play)
    read = {key: decode(encode(entity)) for key, entity in play.markets.dump()}
    assert read == dict(play.markets.dump())


@pytest.mark.parametrize("amount_nano", [COST_NANO, -COST_NANO, 10**30 + 7, 1, 0])
def test_amounts_go_there_and_back(amount_nano: int) -> None:
    """Integers of 1e-9 and decimals stand for each other, however large."""
    assert to_nano(from_nano(amount_nano)) == amount_nano


def test_a_contract_that_no_record_could_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider may price any number of longer codes apart; nothing is sold, nothing stands."""
    monkeypatch.setattr(acceptances, "MAX_ANSWER_BYTES", 2000)
    play = Play()
    play.done(play.commands.publish("of-1", capacity_minutes=100))
    for code in range(3000, 3100):
        play.done(play.commands.publish(f"of-{code}", prefix=f"44{code}"))
    play.done(play.commands.request("r-1", None))
    assert play.refusal(play.commands.accept(session_id=None)) is Refusal.ANSWER_TOO_LARGE
    for code in range(3010, 3100):
        play.done(play.commands.withdraw(f"of-{code}"))
    sold = play.sold(play.commands.accept("a-2", session_id=None))
    assert sold.excludes == tuple(f"44{code}" for code in range(3000, 3010))


SERVICES = [
    (voice("1", rate_nano=0), voice_need("12125550100", minutes=1, call_seconds=60)),
    (internet("GB", overage_nano=0, port_mbps=1), internet_need("GB", p95_mbps=1)),
    (ethernet("GB", "GB", cir_mbps=1), ethernet_need("GB", "GB", cir_mbps=1)),
    (sms("234", price_nano=0, delivered=True), sms_need("234-15", messages=1)),
]


@pytest.mark.parametrize(("offered", "asked"), SERVICES)
def test_no_offer_is_told_in_less_than_is_reckoned(offered: Terms, asked: Need) -> None:
    """The least of every family, free of charge and silent on all that it may be silent on."""
    play = Play()
    play.done(play.commands.offer("o", service=offered, provider="a"))
    (match,) = play.matched(play.commands.ask("r", None, asked)).matches
    assert len(match.model_dump_json()) >= requests.LEAST_MATCH_BYTES


def test_more_offers_than_an_answer_holds_are_refused_before_they_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A provider may publish any number of decks: nobody's request may hold the market for them."""
    monkeypatch.setattr(requests, "MAX_ANSWER_BYTES", 9 * requests.LEAST_MATCH_BYTES)
    play = Play()
    for number in range(10):
        play.done(play.commands.publish(f"of-{number}", deck=f"d-{number}"))
    with monkeypatch.context() as planted:
        planted.setattr(requests, "match", None)
        answer = play.answer(play.commands.request("r-1", None))
    assert isinstance(answer, EventRefused)
    assert answer.refusal is Refusal.ANSWER_TOO_LARGE
    assert answer.message.startswith("10 offers make more than 2560 bytes")
    assert play.markets.faults() == []
    assert len(play.shown(play.commands.request("r-2", None, max_matches=3))) == 3
