"""`strowger request` without a broker: its options, what it asks for, how it shows the answer."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

from strowger.cli.app import app as strowger
from strowger.cli.request import app
from strowger.cli.shared.answers import show
from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.demanding import options_of, parsed
from strowger.cli.shared.place import NotSaid, place
from strowger.cli.shared.remembered import LastRequest, last_request
from strowger.client import Matches
from strowger.contract.charges import CostLine
from strowger.contract.ethernet import EthernetCost, EthernetDemand, EthernetShown
from strowger.contract.families import RequestedService
from strowger.contract.inbound import RequestSubmitted
from strowger.contract.internet import InternetShown
from strowger.contract.matches import NearMiss
from strowger.contract.voice import VoiceShown
from tests.answers import AT, asked, match, matched

FAMILIES = get_args(get_args(RequestedService)[0])
Shown = Callable[..., str]


class Run:
    """`strowger request` in this process, as a buyer who knows of no broker."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, words: str) -> int | str | None:
        """Run it, and give its exit code."""
        with pytest.raises(SystemExit) as ended:
            strowger(["request", *words.split()])
        return ended.value.code

    def said(self) -> str:
        """Give what it said on stderr, without the breaks of lines."""
        return " ".join(self._capsys.readouterr().err.split())


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Give the command, in a home of its own."""
    monkeypatch.setenv("STROWGER_HOME", str(tmp_path))
    monkeypatch.setenv("STROWGER_MARKET", "voice")
    monkeypatch.setenv("STROWGER_BUYER", "globex")
    return Run(capsys)


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Give how a person sees an answer."""
    monkeypatch.setattr("strowger.cli.shared.answers.out.width", 200)

    def see(matches: Matches, *, lines: bool = False) -> str:
        show(matches, lines=lines)
        return capsys.readouterr().out

    return see


@pytest.mark.parametrize("family", FAMILIES)
def test_every_field_of_a_request_is_an_option_with_help(family: type[EthernetDemand]) -> None:
    """What the contract lets a request of any family say, a shell can say."""
    options = {each.name: each.annotation.__metadata__[0] for each in options_of(family)}

    assert set(options) == set(family.model_fields) - {"family"}
    assert all(option.help for option in options.values())


def test_every_family_has_its_command() -> None:
    """A family that joins the contract can be asked for without a line of the CLI."""
    commands = {command.name for command in app.registered_commands}

    assert {family.model_fields["family"].default for family in FAMILIES} <= commands


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--to 442079460123 --minutes 5", "no number in full international form"),
        ("--minutes 5", "give one of the two"),
        ("--codes 44,x --minutes 5", "'x' is no dial code"),
        ("internet --place London --p95 500", "'London' is no country, metro or site"),
        ("internet --place GB/LON --p95 0", "--p95"),
        ("internet --place GB/LON --p95 5 --min-uptime-percent 99,9", "--min-uptime-percent"),
        ("ethernet --a GB --z DE --cir 5 --interfaces uni", "--interfaces"),
        ("sms --network 23415 --messages 5", "'23415' is no network"),
        ("sms --network 234-15 --messages 5 --max-cost 1e3", "--max-cost"),
        ("--to +442079460123 --minutes 5 --exclude Acme", "'Acme' is no provider"),
        ("--to +442079460123 --minutes 5 --months 0", "--months"),
        ("--to +442079460123 --minutes 5 --weight pdd_ms", "no QUALITY=WORTH"),
        ("--to +442079460123 --minutes 5 --weight pdd_ms=x", "--weight"),
        ("--to +442079460123 --minutes 5 --best ASR", "--best"),
        ("--to +442079460123 --minutes 5 --best a --weight b=1", "give one of them"),
        ("--more", "nothing was asked for yet"),
    ],
)
def test_what_cannot_be_meant_is_told_before_asking(run: Run, words: str, told: str) -> None:
    """A slip of the fingers ends with 2 and names the option; nothing is sent."""
    assert run(words) == ExitCode.USAGE
    assert told in run.said()


@pytest.mark.parametrize(
    "words",
    [
        "--to +442079460123 --minutes 5 --best asr_percent --best pdd_ms --max-cost 12.5",
        "voice --codes 4420,4421 --codes 4470 --minutes 5 --all-codecs g711a,opus --firm",
        "internet --place GB/LON --p95 500 --months 12 --max-term 36 --ip-versions ipv4,ipv6",
        "ethernet --a GB/LON/thn2 --z DE/FRA --cir 100 --weight delay_ms=0.5 --undetermined",
        "sms --network 234-15 --messages 100000 --exclude acme --exclude initech --max 3",
    ],
)
def test_a_request_of_every_family_gets_as_far_as_the_broker(run: Run, words: str) -> None:
    """What is well said is stopped only because no broker is known."""
    assert run(words) == ExitCode.USAGE
    assert "no Kafka is known" in run.said()


def test_a_document_is_read_as_the_exchange_would_read_it() -> None:
    """What options say becomes the very event that is sent, with its own types."""
    fields = {"family": "ethernet", "a": "GB", "z": "DE", "min_cir_mbps": 9, "max_delay_ms": "1.5"}
    document = {"market": "m", "request_id": "r", "service": fields, "max_cost": "12.50"}

    event = parsed(RequestSubmitted, document)

    assert event.service == EthernetDemand(
        a="GB", z="DE", min_cir_mbps=9, max_delay_ms=Decimal("1.5")
    )
    assert event.max_cost == Decimal("12.50")
    with pytest.raises(NotSaid, match="--cir"):
        parsed(RequestSubmitted, {**document, "service": {**fields, "min_cir_mbps": -1}})


def test_columns_are_what_offers_differ_in(shown: Shown) -> None:
    """What all have alike is said once beneath, and what none says is left out."""
    fast = VoiceShown(prefix="4420", deck="standard", asr_percent=Decimal("52.50"), cli="passed")
    slow = VoiceShown(prefix="44", deck="standard", asr_percent=Decimal(41), cli="passed")
    said = shown(Matches(matched(match(1, "acme", fast), match(2, "initech", slow)), asked()))

    heads = next(line for line in said.splitlines() if "provider" in line)
    assert heads.split() == ["rank", "provider", "for", "asr", "%", "cost"]
    assert "52.5" in said
    alike = next(line for line in said.splitlines() if line.startswith("all:"))
    assert "deck standard" in alike
    assert "cli passed" in alike
    assert "codecs" not in said


def test_every_family_is_shown(shown: Shown) -> None:
    """A line between two places has its places, terms and qualities as columns."""
    lines = [
        match(
            rank,
            f"carrier-{rank}",
            EthernetShown(a="GB/LON", z="DE/FRA", deck="standard", cir_mbps=100 * rank),
            EthernetCost(),
            term_months=None if rank == 1 else 12,
            renewal_assumed=rank == 2,
            undetermined=() if rank == 1 else ("delay_ms",),
        )
        for rank in (1, 2)
    ]
    demand = EthernetDemand(a="GB/LON", z="DE/FRA", min_cir_mbps=100)

    said = shown(Matches(matched(*lines), asked(demand)))

    assert "ethernet, a GB/LON, z DE/FRA, min cir 100 Mbit/s: 2 offers are able" in said
    assert "for GB/LON to DE/FRA" in said
    assert "12 months, renewed" in said
    assert "delay_ms" in said


def test_an_offer_in_another_currency_shows_both_costs(shown: Shown) -> None:
    """The cost that binds is in the offer's currency, and beside it the one that ranked."""
    dollars = match(currency="USD", cost=Decimal("10.5"), ranking_cost=Decimal("9.66"))

    said = shown(Matches(matched(dollars, match(2)), asked()))

    assert "10.5 USD" in said
    assert "in EUR" in said
    assert "9.66" in said


def test_only_firm_offers_need_not_say_so(shown: Shown) -> None:
    """How far prices bind is a column where one of them does not bind."""
    assert "firm" not in shown(Matches(matched(match()), asked()))
    assert "budgetary" in shown(Matches(matched(match(firmness="budgetary")), asked()))


def test_the_lines_of_a_cost_can_be_added_up_by_hand(shown: Shown) -> None:
    """Each line has its quantity, its price and its amount, under the cost that they make."""
    lines = (
        CostLine(charge="one-off", quantity="1", unit="", price=Decimal(100), amount=Decimal(100)),
        CostLine(
            charge="usage",
            quantity="100/3",
            unit="minute",
            price=Decimal("0.3"),
            amount=Decimal(10),
        ),
    )
    said = shown(Matches(matched(match(cost=Decimal(110), lines=lines)), asked()), lines=True)

    assert "110 EUR" in said
    rows = [line.split() for line in said.splitlines()]
    assert ["one-off", "1", "100", "100"] in rows
    assert ["usage", "100/3", "minute", "0.3", "10"] in rows


def test_near_misses_say_which_clause_and_by_how_much(shown: Shown) -> None:
    """A near miss has what was asked and offered; one that says nothing is told as such."""
    place = InternetShown(place="GB/LON", deck="standard", port_mbps=100)
    misses = (
        NearMiss(
            provider="acme",
            offer_id="o-1",
            revision=1,
            service=place,
            clause="mttr_minutes",
            test="ceiling",
            asked="240",
            offered="300",
            short_by="60",
            unit="min",
        ),
        NearMiss(
            provider="initech",
            offer_id="o-2",
            revision=1,
            service=place,
            clause="routes",
            test="cover",
            asked="full",
            offered=None,
            short_by=None,
            unit="",
        ),
    )

    said = shown(Matches(matched(near_misses=misses), asked()))

    rows = [line.split() for line in said.splitlines()]
    assert ["acme", "GB/LON", "mttr", "min", "at", "most", "240", "300", "60", "min"] in rows
    assert ["initech", "GB/LON", "routes", "all", "of", "full", "not", "said"] in rows


def test_the_last_request_is_kept_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked and shown comes back from the profile as it was; other ranks are usage."""
    monkeypatch.setenv("STROWGER_HOME", str(tmp_path))
    question = asked(
        EthernetDemand(a="GB", z="DE", min_cir_mbps=1, max_delay_ms=Decimal("1.5")),
        exclude_providers=("acme",),
    )
    kept = LastRequest(buyer="globex", asked=question, until=AT, pages=(matched(match()),))
    kept.keep(place())

    again = last_request(place())

    assert again == kept
    assert again.shown(1).cost == Decimal("0.0125")
    with pytest.raises(NotSaid, match="ranks 1 to 1"):
        again.shown(2)


def test_offers_of_every_page_can_be_accepted_as_they_were_shown() -> None:
    """Each rank belongs to the request of its page, and so do the acceptances of it."""
    first = matched(match(1), able=2, next="page-2")
    second = matched(match(2), able=2, request_id="r-2")
    last = LastRequest(buyer="globex", asked=asked(), until=AT, pages=(first,)).with_page(second)

    assert [last.shown(rank).request_id for rank in (1, 2)] == ["r-1", "r-2"]
    assert last.acceptance_id(1) != last.acceptance_id(2)
    assert last.until == AT
    with pytest.raises(NotSaid, match="ranks 1 to 2"):
        last.shown(3)


def test_an_answer_of_an_older_release_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile that remembers what can't be read any more says to ask again."""
    monkeypatch.setenv("STROWGER_HOME", str(tmp_path))
    old = {"buyer": "globex", "destination": "+44", "minutes": 1, "answer": {}}
    place().remember(last_request=json.loads(json.dumps(old)))

    with pytest.raises(NotSaid, match="ask again"):
        last_request(place())
