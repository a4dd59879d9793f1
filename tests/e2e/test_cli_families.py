"""Every family from a shell: offers from a file, requests, pages, pools, schedules, rates."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from strowger.cli.shared.codes import ExitCode
from strowger.contract.matches import OffersMatched
from strowger.contract.outbound import OfferRemoved
from strowger.contract.sales import AcceptanceConfirmed
from tests.e2e.conftest import Exchange
from tests.e2e.shell import NUMBER, Shell
from tests.support import unique

TRANSIT: dict[str, Any] = {
    "offer_id": "transit",
    "currency": "EUR",
    "service": {
        "family": "internet",
        "place": "GB/LON",
        "port_mbps": 1000,
        "commit_mbps": 100,
        "overage_per_mbps": "0.5",
        "charges": {
            "one_off": "200",
            "recurring": "300",
            "terms": [{"months": 12, "recurring": "250"}],
        },
    },
}
LINE: dict[str, Any] = {
    "offer_id": "line",
    "currency": "EUR",
    "service": {
        "family": "ethernet",
        "a": "GB/LON",
        "z": "DE/FRA",
        "cir_mbps": 100,
        "delay_ms": "8.5",
        "charges": {"recurring": "900"},
    },
}
SMS: dict[str, Any] = {
    "offer_id": "sms",
    "currency": "EUR",
    "service": {
        "family": "sms",
        "network": "234-15",
        "price_per_message": "0.02",
        "charged": "delivered",
    },
}


class Market(Shell):
    """A shell in a market of its own."""

    def __init__(self, exchange: Exchange, *terms: str) -> None:
        super().__init__(exchange)
        self.market = unique("market")
        self.exchange.command("market", "declare", self.market, "--currency", "EUR", *terms)

    def offers(self, *words: str, code: ExitCode = ExitCode.OK) -> dict[str, object]:
        """Run a command of the provider's."""
        act = ("offers", *words, "--market", self.market, "--provider", self.provider)
        return self.json(*act, code=code)

    def publish(self, path: Path, *documents: object) -> None:
        """Publish offers from a file."""
        path.write_text(json.dumps(documents))
        self.offers("publish", str(path))

    def ask(self, *words: str) -> str:
        """Ask as a person does."""
        whose = ("--market", self.market, "--buyer", self.buyer)
        return self.exchange.command("request", *words, *whose)


@pytest.fixture
def market(exchange: Exchange) -> Market:
    """Give a shell in a market of its own."""
    return Market(exchange)


def test_offers_of_every_family_are_published_from_a_file_asked_for_and_bought(
    market: Market, tmp_path: Path
) -> None:
    """A person sees what is offered, buys rank 1, and reads what the contract froze."""
    market.publish(tmp_path / "offers.json", TRANSIT, LINE, SMS)

    said = market.ask("internet", "--place", "GB/LON", "--p95", "150", "--months", "24", "--lines")
    assert "6800 EUR" in said  # 200 + 24 x 250 + 24 x 50 x 0.5
    assert "term 12 months, renewed" in said
    assert ["overage", "1200", "Mbit/s", "0.5", "600"] in [
        line.split() for line in said.splitlines()
    ]
    bought = market.exchange.command("accept", "1")
    assert f"confirmed: 100 Mbit/s at GB/LON from {market.provider} for 6800 EUR" in bought
    assert "12 months, taken as renewed" in bought

    assert "900 EUR" in market.ask("ethernet", "--a", "DE/FRA", "--z", "GB/LON", "--cir", "50")
    assert "2000 EUR" in market.ask("sms", "--network", "234-15", "--messages", "100000")
    sale = AcceptanceConfirmed.model_validate(market.json("accept"))
    assert (sale.service.family, sale.quantity) == ("sms", 100_000)


def test_the_next_page_can_be_asked_for_and_every_page_accepted(
    market: Market, tmp_path: Path
) -> None:
    """`--more` counts ranks on; a rank of an earlier page is still to be had."""
    service = LINE["service"]
    lines = [
        {**LINE, "offer_id": f"line-{number}", "service": {**service, "deck": f"d{number}"}}
        for number in range(3)
    ]
    market.publish(tmp_path / "offers.json", *lines)
    ends = ("--a", "GB/LON", "--z", "DE/FRA", "--cir", "10", "--max", "2")
    assert "strowger request --more" in market.ask("ethernet", *ends)

    page = OffersMatched.model_validate(market.json("request", "--more"))
    assert [match.rank for match in page.matches] == [3]
    market.exchange.command("request", "--more", codes=(ExitCode.USAGE.value,))
    for rank in ("3", "1"):
        assert market.json("accept", rank)["provider"] == market.provider


def test_near_misses_are_told_with_their_clause(market: Market, tmp_path: Path) -> None:
    """Where nothing fits, a person learns what comes nearest and what it lacks."""
    market.publish(tmp_path / "offers.json", LINE)
    ends = ("--a", "GB/LON", "--z", "DE/FRA", "--cir", "10")

    said = market.ask("ethernet", *ends, "--max-delay-ms", "8")

    (miss,) = [line.split() for line in said.splitlines() if line.startswith(market.provider)]
    assert " ".join(miss[1:]) == "DE/FRA to GB/LON delay ms at most 8 8.5 0.5 ms"


def test_pools_and_withdrawals_are_kept_from_a_shell(market: Market, tmp_path: Path) -> None:
    """A pool is said before an offer names it; a withdrawal may wait for its day."""
    single = tmp_path / "offer.json"
    single.write_text(json.dumps({**SMS, "pool": "budget"}))
    said = market.offers("publish", str(single), code=ExitCode.REFUSED)
    assert said["refusal"] == "pool_unknown"
    market.offers("capacity", "budget", "--units", "1000", "--period", "month")
    market.offers("publish", str(single))

    day = (datetime.now(UTC) + timedelta(days=30)).date()
    removed = OfferRemoved.model_validate(
        market.offers("withdraw", "sms", "--effective", day.isoformat())
    )
    assert removed.effective_at.date() == day
    assert "1 offer is able" in market.ask("sms", "--network", "234-15", "--messages", "1000")
    market.json("accept")
    assert "0 offers are able" in market.ask("sms", "--network", "234-15", "--messages", "1")


def test_rates_and_notice_are_declared_from_a_shell(exchange: Exchange, tmp_path: Path) -> None:
    """Offers in another currency show both costs; a withdrawal too soon is refused."""
    market = Market(exchange, "--increase-notice", "7d", "--closure-notice", "30d")
    said = market.json("market", "rates", market.market, "--version", "1", "USD=0.9")
    assert said["rates"] == {"USD": "0.9"}
    market.publish(tmp_path / "offers.json", {**SMS, "currency": "USD"})

    shown = market.ask("sms", "--network", "234-15", "--messages", "1000")
    assert "20 USD" in shown
    assert "18" in shown
    refused = market.offers("withdraw", "sms", code=ExitCode.REFUSED)
    assert refused["refusal"] == "notice_too_short"


def test_a_request_for_calls_needs_no_family(market: Market, tmp_path: Path) -> None:
    """Voice is meant where none is named, also for a set of dial codes."""
    calls = {
        "offer_id": "uk",
        "currency": "EUR",
        "service": {"family": "voice", "prefix": "44", "rate_per_minute": "0.01"},
    }
    market.publish(tmp_path / "offers.json", calls)

    assert "1 offer is able" in market.ask("--to", NUMBER, "--minutes", "60")
    assert "1 offer is able" in market.ask("voice", "--codes", "4420,4470", "--minutes", "60")
