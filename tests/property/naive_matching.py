"""How the naive market matches: scan every offer, test it against everything, sort."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from strowger.contract import commands as said
from strowger.contract.normal import Need, Ranking
from tests.property.naive_capacity import Market, Standing
from tests.property.naive_clauses import ATTRIBUTES, Tested, tested
from tests.property.naive_rows import BookPage, Page, Refused, Stored
from tests.property.naive_scopes import selected
from tests.property.naive_shown import shown
from tests.property.naive_words import Facts, asked_for, nano

Place = tuple[object, ...]


@dataclass(frozen=True)
class Found:
    """What a request found: how many are able, a page of them, near misses, where it ended.

    And where all that it tells was published.
    """

    able: int
    matches: list[Facts]
    near_misses: list[Facts]
    ended: Page | None
    rests_on: list[tuple[str, int]]


def in_force(offers: list[Stored], now_ms: int, buyer: str) -> list[Standing]:
    """Give the offers with a publication in force that is meant for a buyer."""
    standing = []
    for offer in offers:
        revision = offer.at(now_ms)
        if revision is not None and isinstance(revision.command, said.PublishOffer):
            audience = revision.command.audience
            if audience is None or buyer in audience:
                each = Standing(
                    offer, revision.command, revision.from_ms, revision.since, revision.place
                )
                standing.append(each)
    return standing


def found(
    offers: list[Stored],
    request: said.SubmitRequest,
    market: Market,
    pages: Mapping[str, Page | BookPage],
) -> Found:
    """Match a request: give its page of those able, the best first, and the nearest misses."""
    wish, need = request.wish, request.service
    _check_ranking(wish.ranking, need)
    start = _start(request, pages)
    standing = [
        each
        for each in in_force(offers, market.view_ms, request.participant)
        if each.offer.provider not in {*wish.exclude_providers, *market.suspended}
    ]
    everything = [tested(each, standing, request, market) for each in selected(standing, need)]
    able = [(place(each, wish.ranking), each) for each in everything if not each.failures]
    able.sort(key=lambda pair: pair[0])
    behind = [pair for pair in able if start is None or pair[0] > start.place]
    page = behind[: request.max_matches]
    before = start.shown if start else 0
    ended = None
    if len(page) < len(behind):
        ended = Page(*_what_pages_are_of(request), page[-1][0], before + len(page))
    missed = []
    if start is None and len(able) < wish.near_misses:
        missed = sorted((each for each in everything if len(each.failures) == 1), key=_nearness)
    return Found(
        len(able),
        [_match(rank, each, need) for rank, (_, each) in enumerate(page, start=before + 1)],
        [_near_miss(each) for each in missed[: wish.near_misses]],
        ended,
        [_ground(each) for each in (*(each for _, each in page), *missed[: wish.near_misses])],
    )


def _ground(each: Tested) -> tuple[str, int]:
    offer = each.standing.offer
    return f"offer {offer.offer_id} of {offer.provider}", each.standing.place


def place(each: Tested, ranking: Ranking) -> Place:
    """Give an offer's place in the order that a request wants."""
    marks = ATTRIBUTES[each.standing.service.family]
    values = each.standing.service.attributes
    cost = Fraction(each.ranking_nano, 10**9)
    if ranking.by == "quality":
        qualities: list[tuple[int, Fraction]] = []
        for name in ranking.attributes:
            value = values.get(name)
            sign = -1 if marks[name].better == "higher" else 1
            here = isinstance(value, int)
            qualities.append((0, Fraction(sign * int(value))) if here else (1, Fraction(0)))  # type: ignore[arg-type]  # it is a number
        return (qualities, cost, *_tie(each))
    if ranking.by == "weighted":
        absent = [name for name, _ in ranking.weights if name not in values]
        for name, weight_nano in ranking.weights:
            if name not in absent:
                quality = Fraction(int(values[name]), 10 ** marks[name].scale)  # type: ignore[arg-type]  # it is a number
                worth = Fraction(weight_nano, 10**9) * quality
                cost += -worth if marks[name].better == "higher" else worth
        return (bool(absent), cost, *_tie(each))
    return (cost, *_tie(each))


def _tie(each: Tested) -> Place:
    standing = each.standing
    return standing.from_ms, standing.since, standing.offer.provider, standing.offer.offer_id


def _nearness(each: Tested) -> Place:
    return (each.failures[0].millionths(), *_tie(each))


def _check_ranking(ranking: Ranking, need: Need) -> None:
    for name in (*ranking.attributes, *(name for name, _ in ranking.weights)):
        mark = ATTRIBUTES[need.family].get(name)
        if mark is None or mark.better is None:
            raise Refused("unknown_attribute")


def _what_pages_are_of(request: said.SubmitRequest) -> tuple[str, Facts, Facts]:
    wish = {name: getattr(request.wish, name) for name in request.wish.__struct_fields__}
    del wish["near_misses"], wish["after"]
    return request.participant, asked_for(request.service), wish


def _start(request: said.SubmitRequest, pages: Mapping[str, Page | BookPage]) -> Page | None:
    if request.wish.after is None:
        return None
    page = pages.get(request.wish.after)
    if not isinstance(page, Page) or (page.buyer, page.need, page.wish) != _what_pages_are_of(
        request
    ):
        raise Refused("continuation_invalid")
    return page


def _named(each: Tested) -> Facts:
    standing = each.standing
    return {
        "provider": standing.offer.provider,
        "offer_id": standing.offer.offer_id,
        "revision": standing.publication.revision,
        "service": shown(standing.service),
    }


def _match(rank: int, each: Tested, need: Need) -> Facts:
    quote = each.quoted
    assert quote is not None
    months = quote.bound.months
    return {
        "rank": rank,
        **_named(each),
        "cost": nano(quote.cost_nano),
        "breakdown": quote.basis,
        "currency": each.standing.publication.currency,
        "ranking_cost": nano(each.ranking_nano),
        "firmness": each.standing.publication.firmness,
        "lines": [line.told() for line in quote.lines],
        "term_months": months,
        "renewal_assumed": months is not None and months < quote.months,
        "undetermined": [
            name
            for name in dict.fromkeys(asked.attribute for asked in need.clauses)
            if name not in each.standing.service.attributes
        ],
    }


def _near_miss(each: Tested) -> Facts:
    return {**_named(each), **each.failures[0].told()}
