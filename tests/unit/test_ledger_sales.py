"""What the ledger keeps of requests and sales."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from strowger.contract.decision import Decision
from strowger.contract.ethernet import EthernetShown
from strowger.contract.sales import AcceptanceConfirmed, Contract
from strowger.ledger.queries import reading
from tests.answers import match, matched, sold
from tests.decided import BUYER, DEAREST, PROVIDER, START, trade, write


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """Give a ledger that holds one trade."""
    path = tmp_path / "deep" / "ledger.sqlite3"
    await write(path, trade())
    return path


async def test_a_sale_is_kept_exactly(path: Path) -> None:
    """Money comes back as it was, also where an integer of 1e-9 units would overflow SQLite's."""
    async with reading(path) as ledger:
        (acceptance,) = await ledger.acceptances("voice", buyer=BUYER, provider=PROVIDER)
    assert acceptance.cost == DEAREST
    assert acceptance.at == START + timedelta(seconds=6)
    assert (acceptance.contract_id, acceptance.quantity) == ("c-1", 10**9)


async def test_a_sale_has_all_that_its_contract_froze(path: Path) -> None:
    """Scope, prices, lines, exclusions and dates are read back as they were told."""
    made = trade()
    told = Decision.model_validate_json(made.values[6]).event
    assert isinstance(told, AcceptanceConfirmed)
    async with reading(path) as ledger:
        (kept,) = await ledger.acceptances("voice")
    frozen = set(Contract.model_fields) - {"causation_id"}
    assert {name: getattr(kept, name) for name in frozen} == {
        name: getattr(told, name) for name in frozen
    }
    assert kept.family == "voice"


async def test_a_sale_of_any_family_is_kept(path: Path) -> None:
    """A service without a dial code or minutes is a sale like any other."""
    line = EthernetShown(a="GB/LON", z="DE/FRA", deck="standard", cir_mbps=100)
    made = trade()
    made.add(sold(100, line, **made.stamp(), contract_id="c-2"), "accept-offer")
    await write(path, made)
    async with reading(path) as ledger:
        last, _ = await ledger.acceptances("voice")
    assert (last.family, last.service, last.quantity) == ("ethernet", line, 100)


async def test_a_request_shows_how_many_offers_were_able(path: Path) -> None:
    """A request that nothing was shown to has no cheapest cost."""
    async with reading(path) as ledger:
        (request,) = await ledger.requests("voice", buyer=BUYER)
    assert (request.request_id, request.able, request.shown) == ("r-1", 3, 0)
    assert request.cheapest is None
    assert (request.near_misses, request.has_more, request.rates_version) == (0, False, None)


async def test_a_request_shows_the_cheapest_of_what_was_shown(path: Path) -> None:
    """Ranked by quality the first need not be the cheapest; costs compare in one currency."""
    made = trade()
    answer = matched(
        match(1, ranking_cost=Decimal(9)),
        match(2, currency="JPY", cost=Decimal(900), ranking_cost=Decimal("5.5")),
        **made.stamp(),
        request_id="r-2",
        able=4,
        next="page-2",
        rates_version=3,
    )
    made.add(answer, "submit-request")
    await write(path, made)
    async with reading(path) as ledger:
        request, _ = await ledger.requests("voice", buyer=BUYER)
    assert (request.cheapest, request.shown, request.able) == (Decimal("5.5"), 2, 4)
    assert (request.has_more, request.rates_version) == (True, 3)
