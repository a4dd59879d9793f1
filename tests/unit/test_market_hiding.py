"""Providers are hidden from buyers until acceptance, where the market declares it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
import pytest

from strowger.contract.book import BookRead
from strowger.contract.commands import AcceptOffer, SubmitRequest
from strowger.contract.decision import Decision
from strowger.contract.matches import HIDDEN, OffersMatched
from strowger.contract.outbound import EventRefused, MarketDeclared
from strowger.contract.refusals import Refusal
from strowger.contract.sales import AcceptanceConfirmed, OfferSold
from strowger.market.entities import MarketState
from tests.commands import Commands
from tests.playing import Play

NAMES = ("acme", "initech", "cheap", "secret", "gold", "uk-pool")
"""What would name a provider, its offers, its decks or its pools."""

NUMBER = 7_777
"""A revision that would tell an offer from others."""


def market(policy: str = "open") -> Play:
    """Give a market that hides its providers: two able offers, one that misses by a clause."""
    play = Play(policy=policy, providers_hidden=True)
    made = play.commands
    play.done(
        made.capacity("uk-pool", units=1_000, provider="initech"),
        made.publish("cheap-1", NUMBER, deck="gold", rate_nano=5),
        made.publish("secret-1", NUMBER, deck="gold-2", provider="initech", pool="uk-pool"),
        made.publish("secret-2", NUMBER, deck="gold-3", provider="initech", capacity_minutes=1),
    )
    play.later(1)
    play.done(made.open())
    return play


def told(decision: Decision) -> str:
    """Give what a recipient's inbox gets: the event and its id."""
    return decision.event_id + decision.event.model_dump_json()


def nameless(decisions: list[Decision], buyer: str = "globex") -> bool:
    """Say whether nothing that a buyer is told names anybody."""
    heard = [told(each) for each in decisions if each.recipient == buyer]
    assert heard
    return not any(name in each for each in heard for name in (*NAMES, str(NUMBER)))


def accept(commands: Commands, request_id: str = "r-1") -> AcceptOffer:
    """Accept the best that an answer showed."""
    return commands.accept(request_id=request_id, provider=HIDDEN, offer_id="match-1")


@pytest.mark.parametrize("policy", ["open", "guarded", "sealed", "snapshot"])
def test_an_answer_names_nobody(policy: str) -> None:
    """Neither matches nor near misses, in no field: not even by how often an offer changed."""
    play = market(policy)
    decisions = play.decide(play.commands.request())
    assert nameless(decisions)
    (answer,) = (each.event for each in decisions)
    assert isinstance(answer, OffersMatched)
    assert [(each.rank, each.provider, each.offer_id) for each in answer.matches] == [
        (1, HIDDEN, "match-1"),
        (2, HIDDEN, "match-2"),
    ]
    assert [(each.offer_id, each.service.deck) for each in answer.near_misses] == [
        ("near-miss-1", HIDDEN)
    ]


def test_further_pages_name_nobody_either() -> None:
    """Where a page ended is known by the request's row; each page has names of its own."""
    play = market()
    first = play.matched(play.commands.request(max_matches=1))
    assert first.next is not None
    second = play.commands.request("r-2", max_matches=1, after=first.next)
    decisions = play.decide(second)
    assert nameless(decisions)
    assert not any(name.encode() in _decoded(first.next) for name in NAMES)
    (page,) = (each.event for each in decisions)
    assert isinstance(page, OffersMatched)
    assert [(each.rank, each.offer_id) for each in page.matches] == [(2, "match-1")]
    sale = play.sold(accept(play.commands, request_id="r-2"))
    assert (sale.provider, sale.offer_id) == ("initech", "secret-1")


def _decoded(token: str) -> bytes:
    return urlsafe_b64decode(token + "=" * (-len(token) % 4))


@pytest.mark.parametrize("how", ["another buyer", "another time", "a page without an end"])
def test_a_page_goes_on_for_its_own_request_alone(how: str) -> None:
    """A continuation that names another page, or none, is refused."""
    play = market()
    first = play.matched(play.commands.request(max_matches=1))
    asked = play.commands.request("r-2", max_matches=1, after=first.next)
    if how == "another buyer":
        play.done(play.commands.open("s-2", buyer="hooli"))
        asked = msgspec.structs.replace(asked, participant="hooli", session_id="s-2")
    elif how == "another time":
        play.later(86_400_000 + 300_000 + 61_000)  # the request is forgotten
        play.done(play.commands.open("s-3"))
        asked = msgspec.structs.replace(asked, session_id="s-3")
    else:
        last = play.matched(asked)
        assert last.next is None
        asked = play.commands.request("r-3", max_matches=1, after=_renamed(first.next or "", "r-2"))
    assert play.refusal(asked) is Refusal.CONTINUATION_INVALID


def _renamed(token: str, request_id: str) -> str:
    shown, (at_ms, _), digest = msgspec.json.decode(_decoded(token))
    made = msgspec.json.encode([shown, [at_ms, request_id], digest])
    return urlsafe_b64encode(made).decode().rstrip("=")


def test_after_confirmation_both_learn_each_other() -> None:
    """The contract names the provider, its offer and its deck; the notice names the buyer."""
    play = market()
    play.done(play.commands.request())
    confirmed, notice = play.decide(accept(play.commands))
    sale = confirmed.event
    assert isinstance(sale, AcceptanceConfirmed)
    assert (sale.provider, sale.offer_id, sale.revision) == ("acme", "cheap-1", NUMBER)
    assert sale.service.deck == "gold"
    assert isinstance(notice.event, OfferSold)
    assert (notice.recipient, notice.event.buyer) == ("acme", "globex")


@pytest.mark.parametrize(
    ("spoil", "refusal"),
    [
        ("replace", Refusal.OFFER_CHANGED),
        ("withdraw", Refusal.OFFER_GONE),
        ("suspend", Refusal.OFFER_GONE),
        ("sell out", Refusal.CAPACITY_EXHAUSTED),
        ("end", Refusal.SESSION_ENDED),
    ],
)
def test_a_refused_acceptance_unmasks_nobody(spoil: str, refusal: Refusal) -> None:
    """It says why, and nothing of whose offer it was."""
    play = market()
    made = play.commands
    play.done(made.request())
    match spoil:
        case "replace":
            play.done(made.publish("cheap-1", NUMBER + 1, deck="gold"))
        case "withdraw":
            play.done(made.withdraw("cheap-1", NUMBER + 1))
        case "suspend":
            play.done(made.control("suspend", "acme"))
        case "sell out":
            play.done(
                made.publish("cheap-1", NUMBER + 1, deck="gold", rate_nano=5, capacity_minutes=1000)
            )
            play.done(made.request("r-0", "s-1", minutes=600), made.request("r-1b", minutes=600))
            play.done(made.accept("a-0", request_id="r-0", provider=HIDDEN, offer_id="match-1"))
        case _:
            play.done(made.close())
    request_id = "r-1b" if spoil == "sell out" else "r-1"
    decisions = play.decide(accept(made, request_id=request_id))
    assert nameless(decisions)
    (refused,) = (each.event for each in decisions if each.role == "answer")
    assert isinstance(refused, EventRefused)
    assert refused.refusal is refusal


@pytest.mark.parametrize("offer_id", ["match-0", "match-3", "match-01", "near-miss-1", "cheap-1"])
def test_only_what_was_shown_can_be_accepted(offer_id: str) -> None:
    """Invariant 1 stands: a name that the answer gave to no match is of nothing shown."""
    play = market()
    play.done(play.commands.request())
    acceptance = play.commands.accept(provider=HIDDEN, offer_id=offer_id)
    assert play.refusal(acceptance) is Refusal.NOT_SHOWN
    other = play.commands.accept("a-2", provider=HIDDEN, offer_id="match-1", revision=2)
    assert play.refusal(other) is Refusal.NOT_SHOWN


def test_a_name_holds_in_its_request_alone() -> None:
    """The same name in another request is of what that one showed, and of no other buyer's."""
    play = market()
    play.done(play.commands.request("r-1"), play.commands.request("r-2", minutes=2_000))
    assert play.sold(accept(play.commands, request_id="r-2")).offer_id == "cheap-1"
    play.done(play.commands.open("s-2", buyer="hooli"))
    theirs = play.commands.accept(session_id="s-2", buyer="hooli", provider=HIDDEN)
    assert play.refusal(theirs) is Refusal.REQUEST_UNKNOWN


def test_a_guess_is_refused_alike_whether_right_or_wrong() -> None:
    """Who accepts by name learns nothing of it, right or wrong, shown or not."""
    play = market()
    play.done(play.commands.request())
    guesses = [("acme", "cheap-1", NUMBER), ("acme", "cheap-1", 1), ("nobody", "x", 1)]
    said = set()
    for at, (who, offer, revision) in enumerate(guesses):
        guess = play.commands.accept(f"a-{at}", provider=who, offer_id=offer, revision=revision)
        refused = play.answer(guess)
        assert isinstance(refused, EventRefused)
        said.add((refused.refusal, refused.message))
    assert [refusal for refusal, _ in said] == [Refusal.PROVIDERS_HIDDEN]


def test_nobody_can_be_excluded_by_name() -> None:
    """Which offer is gone without a provider would tell whose it is."""
    play = market()
    asked = play.commands.request(exclude_providers=("acme",))
    assert play.refusal(asked) is Refusal.PROVIDERS_HIDDEN


def test_providers_read_their_own_alone_and_no_feed_tells() -> None:
    """Who buys and sells, as most do, would read there what an answer hides."""
    play = market()
    for provider, own in (("acme", ["cheap-1"]), ("initech", ["secret-1", "secret-2"])):
        read = play.answer(play.commands.read(f"b-{provider}", provider=provider))
        assert isinstance(read, BookRead)
        assert [each.offer_id for each in read.entries] == own
    assert play.markets.drain_feed() == []


def test_a_market_that_hides_nobody_is_as_it_always_was() -> None:
    """Old declarations lack the term: their row, answer and names are what they were."""
    play = Play(declared=False)
    declared = play.answer(play.commands.declare())
    assert isinstance(declared, MarketDeclared)
    assert "providers_hidden" not in declared.model_dump_json()
    (state,) = (row for _, row in play.markets.dump() if isinstance(row, MarketState))
    assert b"providers_hidden" not in msgspec.json.encode(state)
    play.done(play.commands.publish(), play.commands.open())
    answer = play.matched(play.commands.request())
    assert [(each.provider, each.offer_id) for each in answer.matches] == [("acme", "of-1")]
    otherwise = play.commands.declare(providers_hidden=True)
    assert play.refusal(otherwise) is Refusal.MARKET_DECLARED_OTHERWISE


def test_what_is_hidden_outlives_a_restart() -> None:
    """Names and pages are found again from the rows."""
    play = market()
    first = play.matched(play.commands.request(max_matches=1))
    play.markets = type(play.markets).restore(play.markets.dump())
    page: SubmitRequest = play.commands.request("r-2", after=first.next)
    assert [each.rank for each in play.matched(page).matches] == [2]
    assert play.sold(accept(play.commands)).provider == "acme"
