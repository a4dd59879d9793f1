"""The comparison is tested, too: bugs planted in the core are caught by a bounded look."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import msgspec
import pytest
from hypothesis import Phase, given, settings

from strowger.contract.outbound import OffersMatched
from strowger.market import acceptances, digests, offers, requests, ruling, sessions
from strowger.market.book import Book
from strowger.market.entities import Key, MarketState, Offer, Session
from strowger.market.families import Need, Quote, Terms
from strowger.market.ruling import Ruling
from strowger.market.verdict import Granted, Verdict
from strowger.market.voice import Voice
from tests.property.comparing import Disagreement, compare
from tests.property.scripts import Step, long_script, scripts

Plant = Callable[[pytest.MonkeyPatch], None]


def sell_at_the_deadline(patch: pytest.MonkeyPatch) -> None:
    """Take a session for open at its very deadline."""

    def overdue(book: Book, session: Session) -> bool:
        return session.ended_at_ms is None and session.deadline_ms < book.clock_ms

    patch.setattr(sessions, "_overdue", overdue)


def sell_after_the_end(patch: pytest.MonkeyPatch) -> None:
    """Do not ask whether an acceptance's session is open."""
    patch.setattr(acceptances, "usable", lambda *_: None)


def keep_a_match_valid(patch: pytest.MonkeyPatch) -> None:
    """Never let a match without a session expire."""
    real = requests.submit

    def submit(book: Book, command: object) -> Verdict:
        verdict = real(book, command)  # type: ignore[arg-type]  # handed on
        if isinstance(verdict, Granted) and isinstance(verdict.event, OffersMatched):
            event = verdict.event
            for key, row in list(book.store.rows()):
                if key[0] == "request" and key[3] == event.request_id:
                    kept = msgspec.structs.replace(row, valid_until_ms=None)
                    book.store.put(key, kept)
        return verdict

    patch.setattr(ruling, "submit", submit)


def ignore_the_revision(patch: pytest.MonkeyPatch) -> None:
    """Sell an offer though it was replaced since it was shown."""
    real = Book.offer

    def accept(book: Book, command: object) -> Verdict:
        def offer(self: Book, provider: str, offer_id: str) -> Offer | None:
            found = real(self, provider, offer_id)
            revision = getattr(command, "revision", 0)
            return found and msgspec.structs.replace(found, revision=revision)

        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Book, "offer", offer)
            return acceptances.accept(book, command)  # type: ignore[arg-type]  # handed on

    patch.setattr(ruling, "accept", accept)


def fall_back_to_a_shorter_code(patch: pytest.MonkeyPatch) -> None:
    """Give the offers of every code that leads the number, not of the longest."""

    def in_scope(self: Voice, need: Need) -> Iterator[Key]:
        for length in range(len(need.destination), 0, -1):
            decks = self._by_prefix.get(need.destination[:length], {})
            for keys in decks.values():
                yield from keys

    patch.setattr(Voice, "in_scope", in_scope)


def forget_what_was_sold(patch: pytest.MonkeyPatch) -> None:
    """Start a new revision with nothing sold."""
    real = Book.put_offer

    def put_offer(self: Book, offer: Offer) -> None:
        stands = self.offer(offer.provider, offer.offer_id)
        if stands is not None and stands.revision != offer.revision:
            offer = msgspec.structs.replace(offer, sold=0)
        real(self, offer)

    patch.setattr(Book, "put_offer", put_offer)


def sell_more_than_there_is(patch: pytest.MonkeyPatch) -> None:
    """Take fifty minutes for room that are not there."""

    def has_room(self: Voice, offer: Offer, need: Need) -> bool:
        del self
        capacity = offer.service.capacity_minutes
        return capacity is None or capacity - offer.sold >= need.minutes - 50

    patch.setattr(Voice, "has_room", has_room)


def rank_without_a_tie_rule(patch: pytest.MonkeyPatch) -> None:
    """Leave equal costs in the order of their keys, whatever stood longer."""
    real = requests._rank  # noqa: SLF001 - a planted bug

    def rank(book: Book, command: object) -> list[tuple[Offer, Quote]]:
        ranked = real(book, command)  # type: ignore[arg-type]  # handed on
        return sorted(ranked, key=lambda each: (each[1].cost_nano, each[0].offer_id))

    patch.setattr(requests, "_rank", rank)


def round_down(patch: pytest.MonkeyPatch) -> None:
    """Cut off what is finer than 1e-9."""
    real = Voice.quote

    def quote(self: Voice, terms: Terms, need: Need, state: MarketState) -> Quote:
        quoted = real(self, terms, need, state)
        cost = quoted.breakdown
        sixtieths = cost.answered_calls * (
            60 * terms.connect_fee_nano + terms.rate_nano * cost.billed_seconds
        )
        return replace(quoted, cost_nano=sixtieths // 60)

    patch.setattr(Voice, "quote", quote)


def answer_again_without_a_look(patch: pytest.MonkeyPatch) -> None:
    """Give a remembered answer to other content under the same id."""
    patch.setattr(ruling, "content_digest", lambda _: "")


def take_any_content_for_a_revision(patch: pytest.MonkeyPatch) -> None:
    """Acknowledge other content under a known revision."""
    patch.setattr(offers, "content_digest", lambda _: "")


def remember_what_may_be_retried(patch: pytest.MonkeyPatch) -> None:
    """Hold a sender to a refusal that said to try again."""
    real = Ruling._remember  # noqa: SLF001 - a planted bug

    def remember(self: Ruling, subject: str, verdict: Verdict) -> None:
        refusal = getattr(verdict, "refusal", None)
        if refusal is None or not refusal.retry:
            real(self, subject, verdict)
            return
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(refusal, "retry", False)
            real(self, subject, verdict)

    patch.setattr(Ruling, "_remember", remember)


def step_the_clock_back(patch: pytest.MonkeyPatch) -> None:
    """Follow the broker's clock also when it steps back."""

    def move_clock(self: Ruling) -> None:
        book = self._book
        if book.declared:
            book.state = msgspec.structs.replace(book.state, clock_ms=self._at_ms)

    patch.setattr(Ruling, "move_clock", move_clock)


def take_stale_events(patch: pytest.MonkeyPatch) -> None:
    """Decide events however old."""
    patch.setattr(ruling, "HORIZON_MS", 10**15)


def forget_too_early(patch: pytest.MonkeyPatch) -> None:
    """Remember answers for a minute less than events may take to come again."""
    until = property(lambda book: book.clock_ms + 86_400_000 + 300_000 - 60_000)
    patch.setattr(Book, "remember_until_ms", until)


def share_ids_between_senders(patch: pytest.MonkeyPatch) -> None:
    """Derive an event's id from its recipient and the sender's event id alone."""

    def event_id(market: str, recipient: str, sender: str, cause: str, *more: str) -> str:
        return digests.event_id(market, recipient or sender, cause, more[0], more[2])

    patch.setattr(ruling, "event_id", event_id)


PLANTED: Final[tuple[Plant, ...]] = (
    sell_at_the_deadline,
    sell_after_the_end,
    keep_a_match_valid,
    ignore_the_revision,
    fall_back_to_a_shorter_code,
    forget_what_was_sold,
    sell_more_than_there_is,
    rank_without_a_tie_rule,
    round_down,
    answer_again_without_a_look,
    take_any_content_for_a_revision,
    remember_what_may_be_retried,
    step_the_clock_back,
    take_stale_events,
    forget_too_early,
    share_ids_between_senders,
)


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_caught(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look like that of every test run sees the core and the naive market disagree."""
    plant(monkeypatch)

    with pytest.raises(Disagreement):
        look()


def test_without_a_bug_nothing_is_caught() -> None:
    """The same look at the core as it is sees no disagreement."""
    look()


def look() -> None:
    """Compare a long script and a fixed sample of short ones."""
    compare(long_script(seed=1889, steps=3000))
    look_at_short_ones()


@settings(max_examples=150, derandomize=True, database=None, phases=[Phase.generate])
@given(scripts())
def look_at_short_ones(script: list[Step]) -> None:
    """Compare a fixed sample of scripts."""
    compare(script)
