"""The nine claims that the exchange is built on, each on the running exchange."""

from contextlib import aclosing
from datetime import datetime
from decimal import Decimal

import pytest

from strowger.client import Matches, acceptances, refused
from strowger.contract.commands import CloseSession
from strowger.contract.matches import HIDDEN
from strowger.contract.outbound import ChangeTaken, OfferRemoved, OfferStored, SessionEnded
from strowger.contract.sales import OfferSold
from strowger.contract.topics import inbox
from tests.e2e.conftest import Exchange
from tests.e2e.floor import NUMBER, Floor, publish, race, stored
from tests.e2e.scanned import WANTED, able, drawn
from tests.integration.topics import records_of
from tests.support import unique


@pytest.fixture(scope="module")
def floor(exchange: Exchange) -> Floor:
    """Give the participants of all claims; each has a market of its own."""
    return Floor(exchange)


def costs(matches: Matches) -> list[tuple[str, Decimal]]:
    """Say who was shown, and for how much."""
    return [(match.provider, match.cost) for match in matches]


def millis(at: datetime) -> int:
    """Count the milliseconds since 1970, as the log does."""
    return round(at.timestamp() * 1000)


async def test_claim_1_a_buyer_accepts_one_of_many_providers_offers_in_a_session(
    floor: Floor,
) -> None:
    """Offers of many providers, each with a service and its cost, are kept for buyers to come.

    A buyer who opens a session and says what it needs is shown those that can give it, and makes
    one of them its own while the session lasts.
    """
    market = await floor.market()
    async with floor.trading() as (acme, zeta, globex):
        await publish(acme, market, "london", "0.02")
        await publish(zeta, market, "london", "0.03")
        notices = acme.notices()
        async with globex.session(market, ttl=60) as session:
            matches = await session.request(to=NUMBER, minutes=100)
            bought = await session.accept(matches[0])
        assert costs(matches) == [(floor.acme, Decimal(2)), (floor.zeta, Decimal(3))]
        assert (bought.provider, bought.cost, bought.buyer) == (
            floor.acme,
            Decimal(2),
            floor.globex,
        )
        assert session.deadline is not None
        assert bought.at < session.deadline
        sold = await anext(notices)
        assert isinstance(sold, OfferSold)
        assert sold.contract_id == bought.contract_id
        sales = acceptances(bootstrap=floor.bootstrap, group=unique("analyst"), market=market)
        async with aclosing(sales):
            assert (await anext(sales)).contract_id == bought.contract_id


async def test_claim_2_nothing_is_accepted_once_the_buyer_has_ended_the_session(
    floor: Floor,
) -> None:
    """A buyer may end its session when it likes; what it was shown there is then out of reach.

    Acceptances that race the end are parted by the log alone: those before it are sold, and none
    behind it.
    """
    market = await floor.market()
    async with floor.trading() as (acme, _, globex):
        await publish(acme, market, "london", "0.02")
        session = await globex.open_session(market, ttl=3600)
        shown = (await session.request(to=NUMBER, minutes=1))[0]
        raced = await race(
            market,
            lambda acceptance_id: session.accept(shown, acceptance_id=acceptance_id),
            refused.SessionEnded,
            after_first=session.close,
        )
        log = await floor.log(market)
        (end,) = (each.offset for each in log if isinstance(each.command, CloseSession))
        confirmed, denied = raced.in_log(log)
        assert max(each.offset for each in confirmed) < end < min(each.offset for each in denied)
        for acceptance_id in raced.refused:
            with pytest.raises(refused.SessionEnded):
                await globex.outcome(acceptance_id)


async def test_claim_3_nothing_is_accepted_once_the_sessions_time_is_over(floor: Floor) -> None:
    """A session that its buyer leaves alone ends by itself when its time is over.

    Acceptances that race the deadline are parted by market time: strictly before it they are sold,
    at it and after it none is.
    """
    market = await floor.market()
    async with floor.trading() as (acme, _, globex):
        await publish(acme, market, "london", "0.02")
        notices = globex.notices()
        session = await globex.open_session(market, ttl=1)
        shown = (await session.request(to=NUMBER, minutes=1))[0]
        raced = await race(
            market,
            lambda acceptance_id: session.accept(shown, acceptance_id=acceptance_id),
            refused.SessionEnded,
        )
        ended = await anext(notices)
        assert isinstance(ended, SessionEnded)
        assert (ended.session_id, ended.reason) == (session.session_id, "timed_out")
        assert session.deadline is not None
        confirmed, denied = raced.in_log(await floor.log(market))
        deadline_ms = millis(session.deadline)
        assert max(each.at_ms for each in confirmed) < deadline_ms
        assert min(each.at_ms for each in denied) >= deadline_ms


async def test_claim_4_providers_read_what_the_exchange_has_stored(floor: Floor) -> None:
    """Providers may look into the stored offers and their costs: their own and everybody's."""
    market = await floor.market()
    async with floor.trading() as (acme, zeta, globex):
        for number in range(3):
            await publish(acme, market, f"of-{number}", "0.02")
        await publish(zeta, market, "theirs", "0.03")
        everything = [*((f"of-{number}", "0.02") for number in range(3)), ("theirs", "0.03")]
        async with globex.session(market, ttl=60) as session:
            await session.request(to=NUMBER, minutes=1)
            for reader in (acme, zeta):
                assert await stored(reader, market) == everything
                assert await stored(reader, market, page=3) == everything


async def test_claim_5_a_sealed_market_denies_providers_the_whole_set_during_sessions(
    floor: Floor,
) -> None:
    """While any session is open, no provider gets at any stored offer: to read or to change.

    That holds for its own offers, and for those that nobody was shown.
    """
    market = await floor.market(policy="sealed")
    async with floor.trading() as (acme, zeta, globex):
        await publish(acme, market, "london", "0.02")
        first = await globex.open_session(market, ttl=60)
        second = await globex.open_session(market, ttl=60)
        changes = [await publish(acme, market, "london", "0.01")]
        changes.append(await publish(zeta, market, "new", "0.005"))
        assert all(isinstance(each, ChangeTaken) for each in changes)
        for reader in (acme, zeta):
            with pytest.raises(refused.BookSealed):
                await stored(reader, market)
        await first.close()
        with pytest.raises(refused.BookSealed):
            await stored(acme, market)
        before = await second.request(to=NUMBER, minutes=1)
        assert costs(before) == [(floor.acme, Decimal("0.02"))]
        assert (await second.accept(before[0])).cost == Decimal("0.02")
        await second.close()
        assert await stored(zeta, market) == [("london", "0.01"), ("new", "0.005")]


async def test_claim_6_a_guarded_market_denies_a_provider_only_what_a_session_was_shown(
    floor: Floor,
) -> None:
    """While a session is open, a provider gets at no offer that it was shown; at others it does.

    It learns from no answer which those are: changes of both are acknowledged alike, and a sale is
    told when the session is over.
    """
    market = await floor.market(policy="guarded")
    async with floor.trading() as (acme, _, globex):
        await publish(acme, market, "shown", "0.02")
        await publish(acme, market, "other", "0.03")
        notices = acme.notices()
        async with globex.session(market, ttl=60) as session:
            matches = await session.request(to=NUMBER, minutes=1, max_matches=1)
            await session.accept(matches[0])
            answers = [await publish(acme, market, each, "0.01") for each in ("shown", "other")]
            assert all(isinstance(each, ChangeTaken) for each in answers)
            assert _alike(answers[0]) == _alike(answers[1])
            assert await stored(acme, market) == [("other", "0.01")]
            again = await session.request(to=NUMBER, minutes=1)
            assert costs(again) == [(floor.acme, Decimal("0.01")), (floor.acme, Decimal("0.02"))]
            assert (await session.accept(matches[0])).cost == Decimal("0.02")
            await acme.withdraw(market, "shown")
        sold = [await anext(notices), await anext(notices)]
        assert [each.cost for each in sold if isinstance(each, OfferSold)] == [Decimal("0.02")] * 2
        assert await stored(acme, market) == [("other", "0.01")]
    told = [
        dict(record.headers)["ce_type"]
        for record in await records_of(floor.bootstrap, inbox(floor.acme).name)
        if market.encode() in (record.value or b"")
    ]
    taken, sale = ChangeTaken.TYPE.encode(), OfferSold.TYPE.encode()
    assert [each for each in told if each in {taken, sale}] == [taken] * 5 + [sale] * 2


def _alike(answer: ChangeTaken | OfferStored) -> dict[str, object]:
    """Give what an acknowledgement says beside what it acknowledges, and when."""
    return answer.model_dump(exclude={"causation_id", "at", "subject", "revision"})


async def test_claim_7_a_provider_changes_its_own_offers_and_no_others(floor: Floor) -> None:
    """A provider may change what it offers, put something else in its place, or take it out.

    Whatever it sends under the id of somebody else's offer reaches none but its own.
    """
    market = await floor.market(sessions="optional")
    async with floor.trading() as (acme, zeta, globex):
        await publish(acme, market, "london", "0.02")
        with pytest.raises(refused.OfferUnknown):
            await zeta.withdraw(market, "london")
        await publish(zeta, market, "london", "0.05")
        both = await globex.request(market, to=NUMBER, minutes=1)
        assert costs(both) == [(floor.acme, Decimal("0.02")), (floor.zeta, Decimal("0.05"))]
        changed = await publish(acme, market, "london", "0.07")
        assert isinstance(changed, OfferStored)
        replaced = await globex.request(market, to=NUMBER, minutes=1)
        assert costs(replaced) == [(floor.zeta, Decimal("0.05")), (floor.acme, Decimal("0.07"))]
        assert isinstance(await zeta.withdraw(market, "london"), OfferRemoved)
        left = await globex.request(market, to=NUMBER, minutes=1)
        assert costs(left) == [(floor.acme, Decimal("0.07"))]


async def test_claim_8_a_session_is_shown_every_stored_offer_able_to_satisfy_its_request(
    floor: Floor,
) -> None:
    """No offer that can give what is asked is left out of the answer, and none is in it that can't.

    Held against a plain scan of all that was published, page by page; any of it can be accepted.
    """
    market = await floor.market()
    async with floor.trading() as (acme, zeta, globex):
        offers = drawn(market, acme, zeta)
        for provider in (acme, zeta):
            reports = await provider.publish_many(offers[provider.participant])
            assert {report.outcome for report in reports} == {"stored"}
        every = able(offers)
        assert len(every) > 10
        async with globex.session(market, ttl=60) as session:
            pages = [await session.request(WANTED, max_matches=7)]
            while pages[-1].next is not None:
                pages.append(await session.more(pages[-1]))
            assert [(each.provider, each.offer_id) for page in pages for each in page] == every
            assert {page.able for page in pages} == {len(every)}
            last = await session.accept(pages[-1][-1])
            assert (last.provider, last.offer_id) == every[-1]


async def test_claim_9_a_buyer_trades_without_a_session_where_the_market_allows_it(
    floor: Floor,
) -> None:
    """Offers, request and acceptance do without any session; an answer is then good for a while.

    Acceptances that race the end of that while are parted by market time; a market may also say
    that nobody trades in it but in a session.
    """
    market = await floor.market(sessions="optional", match_validity_seconds=1)
    strict = await floor.market(sessions="required")
    async with floor.trading() as (acme, _, globex):
        await publish(acme, market, "london", "0.02")
        matches = await globex.request(market, to=NUMBER, minutes=1)
        raced = await race(
            market,
            lambda acceptance_id: globex.accept(matches[0], acceptance_id=acceptance_id),
            refused.MatchExpired,
        )
        assert matches.valid_until is not None
        confirmed, denied = raced.in_log(await floor.log(market))
        until_ms = millis(matches.valid_until)
        assert max(each.at_ms for each in confirmed) < until_ms
        assert min(each.at_ms for each in denied) >= until_ms
        with pytest.raises(refused.SessionRequired):
            await globex.request(strict, to=NUMBER, minutes=1)


async def test_a_market_that_hides_its_providers_names_them_with_the_sale(floor: Floor) -> None:
    """Until it has bought, a buyer knows neither who sells nor an id that others know.

    What it was shown has names that hold in that answer; an acceptance repeats them, and its
    confirmation, and the public record, say who sold.
    """
    market = await floor.market(providers_hidden=True)
    async with floor.trading() as (acme, zeta, globex):
        await publish(acme, market, "london", "0.02")
        await publish(zeta, market, "soho", "0.03")
        async with globex.session(market, ttl=60) as session:
            matches = await session.request(to=NUMBER, minutes=100)
            bought = await session.accept(matches[1])
        assert costs(matches) == [(HIDDEN, Decimal(2)), (HIDDEN, Decimal(3))]
        told = [
            each.value or b""
            for each in await records_of(floor.bootstrap, inbox(floor.globex).name)
            if matches[0].offer_id.encode() in (each.value or b"")
        ]
        assert len(told) == 1
        for name in (floor.acme, floor.zeta, "london", "soho"):
            assert name.encode() not in told[0]
        assert (bought.provider, bought.offer_id) == (floor.zeta, "soho")
        sales = acceptances(bootstrap=floor.bootstrap, group=unique("analyst"), market=market)
        async with aclosing(sales):
            assert (await anext(sales)).provider == floor.zeta
