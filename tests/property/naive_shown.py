"""How the naive market tells services and prices, as their JSON reads."""

from strowger.contract.normal import Need, Terms
from tests.property.naive_clauses import ATTRIBUTES
from tests.property.naive_words import Facts, nano, spelled

NOBODY = "hidden"

_PRICED_BY = {"voice": "minute", "internet": "Mbit/s", "ethernet": "", "sms": "message"}


def shown(terms: Terms) -> Facts:
    """Give the service as a match shows it."""
    facts: Facts = {"family": terms.family, "deck": terms.deck, **_scope(terms)}
    for name, mark in ATTRIBUTES[terms.family].items():
        value = terms.attributes.get(name)
        if isinstance(value, tuple):
            facts[name] = list(value)
        elif isinstance(value, int) and mark.scale:
            facts[name] = spelled(value, mark.scale)
        else:
            facts[name] = value
    return facts


def masked(told: list[Facts], name: str) -> list[Facts]:
    """Give what is told of offers without whose they are: each under its place in the list."""
    hidden: list[Facts] = []
    for number, each in enumerate(told, start=1):
        names: Facts = {"provider": NOBODY, "offer_id": f"{name}-{number}", "revision": 1}
        service = each["service"]
        assert isinstance(service, dict)
        hidden.append({**each, **names, "service": {**service, "deck": NOBODY}})
    return hidden


def _scope(terms: Terms) -> Facts:
    match terms.family:
        case "voice":
            return {"prefix": terms.scope[0], "origin": (*terms.scope, None)[1]}
        case "internet":
            return {"place": terms.scope[0]}
        case "ethernet":
            return {"a": terms.scope[0], "z": terms.scope[1]}
        case _:
            charged = terms.extra.get("charged", "submitted")
            return {"network": terms.scope[0], "charged": charged}


def sold(terms: Terms, need: Need) -> Facts:
    """Give the service as a sale freezes it."""
    if terms.family != "voice":
        return shown(terms)
    return shown(terms) | {
        "rate_per_minute": nano(terms.tariff.usage_nano),
        "minimum_seconds": terms.tariff.minimum,
        "increment_seconds": terms.tariff.increment,
        "connect_fee": nano(terms.tariff.fee_nano),
        "minutes": need.quantity,
    }


def prices(terms: Terms) -> Facts:
    """Give the prices as a sale freezes them."""
    tariff = terms.tariff
    by_call = terms.family == "voice"
    return {
        "usage": nano(tariff.usage_nano),
        "usage_unit": _PRICED_BY[terms.family],
        "connect_fee": nano(tariff.fee_nano),
        "minimum_seconds": tariff.minimum if by_call else None,
        "increment_seconds": tariff.increment if by_call else None,
        "one_off": nano(tariff.one_off_nano),
        "recurring": None if tariff.recurring_nano is None else nano(tariff.recurring_nano),
        "terms": [
            {
                "months": step.months,
                "recurring": nano(step.recurring_nano),
                "one_off": nano(step.one_off_nano),
            }
            for step in tariff.steps
        ],
        "tiers": [
            {"above_units": tier.above_units, "price": nano(tier.price_nano)}
            for tier in tariff.tiers
        ],
        "tiering": "volume" if tariff.volume else "graduated",
        "minimum_monthly": nano(tariff.minimum_nano),
    }
