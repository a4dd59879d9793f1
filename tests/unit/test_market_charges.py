"""What an offer costs over months, terms and tiers: worked by hand, or by others, with the source.

Amounts are told as a person adds them up; each example names every line.
"""

from fractions import Fraction

import pytest

from strowger.contract.fields import plain
from strowger.contract.normal import Need, Step, Terms, Tier
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

Lines = list[tuple[str, str, str, str]]
EUR = 1_000_000_000


def lines_of(terms: Terms, need: Need, *, months: int = 1, most: int = 1) -> Lines:
    """Publish and request; give the one match's lines and check that they add up."""
    play = Play()
    play.done(play.commands.offer(service=terms))
    wanted = play.commands.ask(
        "r-1", None, need, comparison_months=months, max_term_months=most, near_misses=0
    )
    (match,) = play.matched(wanted).matches
    assert match.cost == sum(line.amount for line in match.lines)
    for line in match.lines:
        exact = Fraction(line.quantity) * Fraction(line.price)
        assert abs(exact - Fraction(line.amount)) <= Fraction(1, 2 * 10**9)
    return [
        (line.charge, line.quantity, plain(line.price), plain(line.amount)) for line in match.lines
    ]


# Tiers of 4, 3 and 2 a unit above 0, 100 and 500: 400 units at volume prices are 400 x 3 = 1,200,
# graduated 100 x 4 + 300 x 3 = 1,300 (worked in Lago's community forum, "Volume pricing model for
# charges", 2022).
LAGO = (Tier(0, 4 * EUR), Tier(100, 3 * EUR), Tier(500, 2 * EUR))


def test_volume_tiers_price_every_unit_by_the_last() -> None:
    """All 400 units are priced by the tier that the 400th falls in."""
    terms = internet(port_mbps=1000, tiers=LAGO, volume=True)
    assert lines_of(terms, internet_need(p95_mbps=400)) == [("overage", "400", "3", "1200")]


def test_graduated_tiers_price_each_unit_by_its_own() -> None:
    """The first hundred at the first price, the rest at the second."""
    terms = internet(port_mbps=1000, tiers=LAGO)
    assert lines_of(terms, internet_need(p95_mbps=400)) == [
        ("overage above 0", "100", "4", "400"),
        ("overage above 100", "300", "3", "900"),
    ]


# 0.01, 0.008 and 0.005 a call above 0, 1,000 and 5,000: 3,000 calls are 1,000 x 0.01 + 2,000 x
# 0.008 = 26 (paymentkit's guide "Tiered pricing", example of graduated pricing).
def test_graduated_tiers_of_messages() -> None:
    """Messages are priced as the source prices calls of an API."""
    tiers = (Tier(0, 10_000_000), Tier(1000, 8_000_000), Tier(5000, 5_000_000))
    terms = sms(delivered=True, tiers=tiers)
    assert lines_of(terms, sms_need(messages=3000)) == [
        ("usage above 0", "1000", "0.01", "10"),
        ("usage above 1000", "2000", "0.008", "16"),
    ]


@pytest.mark.parametrize(
    ("tiering", "quantity", "cost"),
    [("volume", 100, 400), ("volume", 101, 303), ("graduated", 100, 400), ("graduated", 101, 403)],
)
def test_a_month_of_just_a_tiers_end_is_wholly_in_it(
    tiering: str, quantity: int, cost: int
) -> None:
    """A tier above 100 units prices the hundred and first, not the hundredth."""
    terms = internet(port_mbps=1000, tiers=LAGO, volume=tiering == "volume")
    lines = lines_of(terms, internet_need(p95_mbps=quantity))
    assert sum(int(line[3]) for line in lines) == cost


# The Sonata sample answer "mef-sonata-pricing-response.json" (MEF-GIT/MEF-LSO-Sonata-SDK): 100 EUR
# a month for 12 months, 80 EUR a month for 36.
MEF = (Step(12, 100 * EUR, 0), Step(36, 80 * EUR, 0))


@pytest.mark.parametrize(
    ("months", "most", "lines"),
    [
        (12, 12, [("recurring", "12", "100", "1200")]),
        (36, 36, [("recurring", "36", "80", "2880")]),
        (12, 36, [("recurring", "12", "80", "960")]),
        (36, 12, [("recurring", "36", "100", "3600")]),
        (24, 24, [("recurring", "24", "100", "2400")]),
    ],
)
def test_the_cheapest_eligible_term_is_taken(months: int, most: int, lines: Lines) -> None:
    """No term longer than the buyer accepts; a shorter one is taken as renewed."""
    terms = ethernet(recurring_nano=None, steps=MEF)
    assert lines_of(terms, ethernet_need(), months=months, most=most) == lines


def test_a_one_off_can_outweigh_a_cheaper_month() -> None:
    """Over 3 months 10 a month is cheaper than 100 once and 1 a month; over 36 it is not."""
    terms = ethernet(recurring_nano=10 * EUR, steps=(Step(36, EUR, 100 * EUR),))
    assert lines_of(terms, ethernet_need(), months=3, most=36) == [("recurring", "3", "10", "30")]
    assert lines_of(terms, ethernet_need(), months=36, most=36) == [
        ("one-off", "1", "100", "100"),
        ("recurring", "36", "1", "36"),
    ]


def test_what_is_above_the_commit_is_paid_by_the_95th_percentile() -> None:
    """A commit of 100 Mbit/s at 300 a month and 1.50 above it: 150 make 300 + 50 x 1.50.

    Source of the rule: Zenlayer's "Burstable 95th" (commit charged in full, overage by the Mbit/s).
    """
    terms = internet(commit_mbps=100, overage_nano=1_500_000_000, recurring_nano=300 * EUR)
    assert lines_of(terms, internet_need(p95_mbps=150), months=2) == [
        ("recurring", "2", "300", "600"),
        ("overage", "100", "1.5", "150"),
    ]
    assert lines_of(terms, internet_need(p95_mbps=80)) == [("recurring", "1", "300", "300")]


def test_submitted_messages_are_compared_at_price_by_delivery_rate() -> None:
    """At 0.03 a submitted message and 99 % delivered, 1,000 delivered cost 30 / 0.99."""
    lines = lines_of(sms(rate_hundredths=9900), sms_need(messages=1000))
    assert lines == [("usage", "100000/99", "0.03", "30.303030303")]


def test_delivered_messages_cost_their_price() -> None:
    """Where only what arrives is paid, the delivery rate does not matter."""
    lines = lines_of(sms(delivered=True, rate_hundredths=5000), sms_need(messages=1000))
    assert lines == [("usage", "1000", "0.03", "30")]


# 30/6: a 10-second call is billed 30 s, a 31-second call 36 s (vaasconsumer.com, "Call Billing
# Increment").
@pytest.mark.parametrize(("call_seconds", "minutes", "quantity"), [(10, 1, "3"), (31, 31, "36")])
def test_calls_are_billed_by_minimum_and_increment(
    call_seconds: int, minutes: int, quantity: str
) -> None:
    """6 calls of 10 s are billed 3 minutes; 60 calls of 31 s are billed 36 minutes."""
    terms = voice(minimum_seconds=30, increment_seconds=6)
    ((charge, billed, _, _),) = lines_of(
        terms, voice_need(minutes=minutes, call_seconds=call_seconds)
    )
    assert (charge, billed) == ("usage", quantity)


def test_a_minimum_commitment_is_charged_up_to() -> None:
    """100 minutes at 0.01 are 1.00 a month; a minimum of 5 a month adds 8 over two months."""
    terms = voice(minimum_nano=5 * EUR)
    assert lines_of(terms, voice_need(call_seconds=60), months=2) == [
        ("usage", "200", "0.01", "2"),
        ("minimum", "1", "8", "8"),
    ]


def test_a_minimum_that_is_used_up_adds_nothing() -> None:
    """At the minimum to the unit there is no line for it."""
    assert lines_of(voice(minimum_nano=EUR), voice_need(call_seconds=60)) == [
        ("usage", "100", "0.01", "1")
    ]
