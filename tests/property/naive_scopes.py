"""Which offers apply to a request: every offer is looked at, then only the most specific stay."""

from strowger.contract.normal import Need, Terms
from tests.property.naive_capacity import Standing

Exactness = tuple[int, ...]


def selected(in_force: list[Standing], need: Need) -> list[Standing]:
    """Give the offers of the most specific scope that applies, deck by deck."""
    if need.extra.get("codes"):
        numbers = [_to_number(need, code) for code in need.scope]
        found = [each for number in numbers for each in selected(in_force, number)]
        return [each for each in in_force if each in found]
    applying = [(each, exactness(each.service, need)) for each in in_force]
    exact = [(each, known) for each, known in applying if known is not None]
    return [
        each
        for each, known in exact
        if not any(other.deck == each.deck and better > known for other, better in exact)
    ]


def covered(standing: Standing, in_force: list[Standing], need: Need) -> list[str]:
    """Give the codes all of whose numbers an offer is for."""
    return [
        code
        for code in need.scope
        if standing in selected(in_force, _to_number(need, code))
        and not priced_apart(standing, in_force, need, code)
    ]


def priced_apart(
    standing: Standing, in_force: list[Standing], need: Need, code: str
) -> list[Standing]:
    """Give the offers of an offer's deck for longer codes that begin with a code."""
    return [
        each
        for each in in_force
        if each.deck == standing.deck
        and each.service.family == "voice"
        and origin_leads(each.service, need)
        and each.service.scope[0] != code
        and each.service.scope[0].startswith(code)
    ]


def exactness(terms: Terms, need: Need) -> Exactness | None:
    """Say how specific an offer's scope is for a request; none if it does not apply."""
    if terms.family != need.family:
        return None
    match terms.family:
        case "voice":
            origin = terms.scope[1] if len(terms.scope) > 1 else ""
            applies = need.scope[0].startswith(terms.scope[0]) and origin_leads(terms, need)
            return (len(terms.scope[0]), len(origin)) if applies else None
        case "internet":
            applies = is_within(need.scope[0], terms.scope[0])
            return (level(terms.scope[0]),) if applies else None
        case "ethernet":
            a, z = terms.scope
            for one, other in (need.scope, need.scope[::-1]):
                if is_within(one, a) and is_within(other, z):
                    return (level(a) + level(z), max(level(a), level(z)))
            return None
        case _:
            wider = [need.looked_up, need.scope[0][:3], need.scope[0]]
            return (wider.index(terms.scope[0]),) if terms.scope[0] in wider else None


def _to_number(need: Need, digits: str) -> Need:
    extra = {name: value for name, value in need.extra.items() if name != "codes"}
    return Need(family="voice", scope=(digits,), quantity=need.quantity, extra=extra)


def origin_leads(terms: Terms, need: Need) -> bool:
    """Say whether a voice offer is for calls from where the request's come from."""
    origin = terms.scope[1] if len(terms.scope) > 1 else ""
    return str(need.extra.get("origin", "")).startswith(origin)


def is_within(place: str, wider: str) -> bool:
    """Say whether a place is another or a part of it."""
    parts = wider.split("/")
    return place.split("/")[: len(parts)] == parts


def level(place: str) -> int:
    """Count a site 3, a metro 2, a country 1."""
    return len(place.split("/"))
