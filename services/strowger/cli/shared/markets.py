"""Which markets stand: from this home's ledger, or from `decisions` where there is none."""

import contextlib
from dataclasses import dataclass

from aiokafka.errors import KafkaError

from strowger.broker.access import OPERATOR, NoCredentials
from strowger.broker.errors import BrokerError
from strowger.cli.shared import topic_reader
from strowger.cli.shared.place import NotSaid, Place
from strowger.contract.decision import Decision
from strowger.contract.market_terms import MarketTerms
from strowger.contract.outbound import MarketDeclared
from strowger.contract.topics import DECISIONS
from strowger.ledger.errors import LedgerError

_NEEDLE = b'"market-declared"'


@dataclass(frozen=True, slots=True)
class Listed:
    """A declared market; how much is in it only a ledger knows."""

    market: str
    policy: str
    currency: str
    sessions: str
    standing_offers: int | None = None
    open_sessions: int | None = None


async def markets(here: Place) -> list[Listed]:
    """List every declared market, by name."""
    if here.elsewhere:
        return await _from_decisions(here)
    try:
        # Here, since a provider who imports a sheet need not have what the ledger is made of.
        from strowger.ledger.queries import reading  # noqa: PLC0415
    except ModuleNotFoundError:
        return await _from_decisions(here)
    try:
        async with reading(here.settings.ledger_path) as ledger:
            return [
                Listed(
                    each.market,
                    each.policy,
                    each.currency,
                    each.sessions,
                    each.standing_offers,
                    each.open_sessions,
                )
                for each in await ledger.markets()
            ]
    except LedgerError:
        return await _from_decisions(here)


async def terms_of(here: Place, market: str) -> MarketTerms:
    """Give what a market declared of itself: its currency, its notice periods.

    Raises:
        NotSaid: no such market was declared.
    """
    # The ledger may be a moment behind a declaration; `decisions` never is.
    terms = await _terms_in_ledger(here, market)
    if terms is None:
        try:
            terms = (await _declared(here)).get(market)
        except NoCredentials:
            raise NotSaid(
                f"what market {market} declared only its operator can read here: say --currency"
            ) from None
    if terms is None:
        raise NotSaid(f"no market {market} is declared: see `strowger market list`")
    return terms


async def terms_if_known(here: Place, market: str) -> MarketTerms | None:
    """Give what a market declared; none if neither ledger nor broker can be asked, or knows it."""
    with contextlib.suppress(NotSaid, BrokerError, KafkaError):
        terms = await _terms_in_ledger(here, market)
        if terms is None:
            await here.broker(OPERATOR)
            terms = (await _declared(here)).get(market)
        return terms
    return None


async def _terms_in_ledger(here: Place, market: str) -> MarketTerms | None:
    if here.elsewhere:
        return None
    try:
        # Here, since a provider who imports a sheet need not have what the ledger is made of.
        from strowger.ledger.queries import reading  # noqa: PLC0415
    except ModuleNotFoundError:
        return None
    try:
        async with reading(here.settings.ledger_path) as ledger:
            return await ledger.terms(market)
    except LedgerError:
        return None


async def _from_decisions(here: Place) -> list[Listed]:
    declared = await _declared(here)
    return [
        Listed(terms.market, terms.policy, terms.currency, terms.sessions)
        for _, terms in sorted(declared.items())
    ]


async def _declared(here: Place) -> dict[str, MarketTerms]:
    bootstrap = here.meet(OPERATOR)
    since = await topic_reader.starts(bootstrap, [DECISIONS.name])
    until = await topic_reader.ends(bootstrap, [DECISIONS.name])
    found: dict[str, MarketTerms] = {}
    async for record in topic_reader.read(bootstrap, since, until):
        # Nearly every decision is another: only those that mention a declaration are decoded.
        if record.value is not None and _NEEDLE in record.value:
            event = Decision.model_validate_json(record.value).event
            if isinstance(event, MarketDeclared):
                found[event.terms.market] = event.terms
    return found
