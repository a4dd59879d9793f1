"""Which markets stand, read from the log's decisions: the one source that is always there."""

from strowger.cli.shared import topic_reader
from strowger.cli.shared.place import NotSaid, Place
from strowger.contract.outbound import Decision, MarketDeclared, MarketTerms
from strowger.contract.topics import DECISIONS

_NEEDLE = b'"market-declared"'


async def markets(here: Place) -> list[MarketTerms]:
    """List the terms of every declared market, by name."""
    since = await topic_reader.starts(here.bootstrap, [DECISIONS.name])
    until = await topic_reader.ends(here.bootstrap, [DECISIONS.name])
    found: dict[str, MarketTerms] = {}
    async for record in topic_reader.read(here.bootstrap, since, until):
        # Nearly every decision is another: only those that mention a declaration are decoded.
        if record.value is not None and _NEEDLE in record.value:
            event = Decision.model_validate_json(record.value).event
            if isinstance(event, MarketDeclared):
                found[event.market] = event.terms
    return [found[name] for name in sorted(found)]


async def terms_of(here: Place, market: str) -> MarketTerms:
    """Give one market's terms.

    Raises:
        NotSaid: no such market was declared.
    """
    for terms in await markets(here):
        if terms.market == market:
            return terms
    raise NotSaid(f"no market {market} is declared: see `strowger market list`")
