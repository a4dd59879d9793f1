"""Which markets stand: from this home's ledger, or from `decisions` where there is none."""

from dataclasses import dataclass

from strowger.cli.shared import topic_reader
from strowger.cli.shared.place import NotSaid, Place
from strowger.contract.outbound import Decision, MarketDeclared
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


async def currency_of(here: Place, market: str) -> str:
    """Give the currency that a market's offers are priced in.

    Raises:
        NotSaid: no such market was declared.
    """
    # The ledger may be a moment behind a declaration; `decisions` never is.
    for find in (markets, _from_decisions):
        for listed in await find(here):
            if listed.market == market:
                return listed.currency
    raise NotSaid(f"no market {market} is declared: see `strowger market list`")


async def _from_decisions(here: Place) -> list[Listed]:
    since = await topic_reader.starts(here.bootstrap, [DECISIONS.name])
    until = await topic_reader.ends(here.bootstrap, [DECISIONS.name])
    found: dict[str, Listed] = {}
    async for record in topic_reader.read(here.bootstrap, since, until):
        # Nearly every decision is another: only those that mention a declaration are decoded.
        if record.value is not None and _NEEDLE in record.value:
            event = Decision.model_validate_json(record.value).event
            if isinstance(event, MarketDeclared):
                terms = event.terms
                found[terms.market] = Listed(
                    terms.market, terms.policy, terms.currency, terms.sessions
                )
    return [found[name] for name in sorted(found)]
