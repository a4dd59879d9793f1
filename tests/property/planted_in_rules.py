"""Bugs to plant in the rules of offers, sessions and acceptances, and in what all rules share."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec
import pytest

from strowger.contract.commands import AcceptOffer, AnyCommand, SubmitRequest, WithdrawOffer
from strowger.contract.decision import Ground
from strowger.contract.matches import OffersMatched
from strowger.contract.normal import Terms
from strowger.market import (
    acceptances,
    coverage,
    digests,
    grounds,
    notice,
    offers,
    requests,
    revising,
    ruling,
    sessions,
    tallies,
)
from strowger.market.book import Book
from strowger.market.entities import Offer, Revised, Session
from strowger.market.ruling import Ruling
from strowger.market.store import Row, Store
from strowger.market.verdict import Granted, Verdict

Plant = Callable[[pytest.MonkeyPatch], None]


def sell_at_the_deadline(patch: pytest.MonkeyPatch) -> None:
    """Take a session for open at its very deadline."""

    def overdue(book: Book, session: Session) -> bool:
        return session.ended_at_ms is None and session.deadline_ms < book.clock_ms

    patch.setattr(sessions, "_overdue", overdue)


def sell_after_the_end(patch: pytest.MonkeyPatch) -> None:
    """Do not ask whether an acceptance's session is open."""
    patch.setattr(acceptances, "usable", lambda *_: None)


def replace_rule(
    patch: pytest.MonkeyPatch, kind: type[AnyCommand], rule: Callable[[Book, Any], Verdict]
) -> None:
    """Let another rule decide a kind of command."""
    patch.setattr(ruling, "_RULES", {**ruling._RULES, kind: rule})  # noqa: SLF001 - a planted bug


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

    replace_rule(patch, SubmitRequest, submit)


def ignore_the_revision(patch: pytest.MonkeyPatch) -> None:
    """Sell an offer though it was replaced since it was shown."""

    def as_shown(revised: Revised, command: AcceptOffer) -> Revised:
        return msgspec.structs.replace(revised, revision=command.revision)

    _take_for_in_force(patch, as_shown)


def sell_what_is_not_firm(patch: pytest.MonkeyPatch) -> None:
    """Sell an offer whose price does not bind."""

    def as_firm(revised: Revised, _: AcceptOffer) -> Revised:
        return msgspec.structs.replace(revised, firmness="firm")

    _take_for_in_force(patch, as_firm)


def _take_for_in_force(
    patch: pytest.MonkeyPatch, mend: Callable[[Revised, AcceptOffer], Revised]
) -> None:
    real = Offer.in_force

    def accept(book: Book, command: AcceptOffer) -> Verdict:
        def in_force(self: Offer, clock_ms: int) -> Revised | None:
            found = real(self, clock_ms)
            return None if found is None else mend(found, command)

        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Offer, "in_force", in_force)
            return acceptances.accept(book, command)

    replace_rule(patch, AcceptOffer, accept)


def forget_what_was_sold(patch: pytest.MonkeyPatch) -> None:
    """Start a new revision with nothing sold."""
    real = Book.put_offer

    def put_offer(self: Book, offer: Offer) -> None:
        stands = self.offer(offer.provider, offer.offer_id)
        if stands is not None and stands.revisions[-1:] != offer.revisions[-1:]:
            offer = msgspec.structs.replace(offer, sold=0)
        real(self, offer)

    patch.setattr(Book, "put_offer", put_offer)


def exclude_nothing(patch: pytest.MonkeyPatch) -> None:
    """Leave out of a contract which longer codes it is without."""
    patch.setattr(acceptances, "longer_codes", lambda *_: ())


def exclude_what_came_later(patch: pytest.MonkeyPatch) -> None:
    """Take longer codes out of a contract that were priced apart after it was shown."""
    real = coverage.longer_codes

    def longer_codes(*given: object) -> Iterator[tuple[str, int]]:
        return ((code, 0) for code, _ in real(*given))  # type: ignore[arg-type]  # handed on

    patch.setattr(acceptances, "longer_codes", longer_codes)


def need_no_notice(patch: pytest.MonkeyPatch) -> None:
    """Let increases and closures take effect at once."""
    patch.setattr(offers, "notice_needed", lambda *_: None)


def need_notice_of_tiers_turned_alone(patch: pytest.MonkeyPatch) -> None:
    """Look at no price but that of usage for an increase."""

    def is_increase(before: Terms, after: Terms) -> bool:
        return after.tariff.usage_nano > before.tariff.usage_nano

    patch.setattr(notice, "is_increase", is_increase)


def withdraw_at_once(patch: pytest.MonkeyPatch) -> None:
    """Close an offer when it is said, not when it is to be."""
    real = offers.withdraw

    def withdraw(book: Book, command: WithdrawOffer) -> Verdict:
        return real(book, msgspec.structs.replace(command, effective_at_ms=None))

    replace_rule(patch, WithdrawOffer, withdraw)


def drop_all_that_is_to_come(patch: pytest.MonkeyPatch) -> None:
    """Drop every scheduled revision when another is published, the earlier ones too."""
    real = revising.with_revision

    def with_revision(book: Book, offer: Offer, revised: Revised) -> Offer:
        stands = offer.in_force(book.clock_ms)
        left = tuple(each for each in offer.revisions if each is stands)
        return real(book, msgspec.structs.replace(offer, revisions=left), revised)

    patch.setattr(offers, "with_revision", with_revision)


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


def rest_on_what_was_first_published(patch: pytest.MonkeyPatch) -> None:
    """Say of a changed offer where its first revision stands in the log."""
    first: dict[tuple[str, str], int] = {}

    def offer(provider: str, offer_id: str, revised: Revised) -> Ground:
        offset = first.setdefault((provider, offer_id), revised.log_offset)
        return Ground(subject=f"offer {offer_id} of {provider}", log_offset=offset)

    patch.setattr(grounds, "offer", offer)


def let_one_more_in(patch: pytest.MonkeyPatch) -> None:
    """Take one more session, offer or request than the market's limits say."""
    for rule in (sessions, offers, requests):
        patch.setattr(rule, "reached", lambda most, count: tallies.reached(most, count - 1))


def count_what_stands(patch: pytest.MonkeyPatch) -> None:
    """Count a provider's offers as they stand, whatever waits."""
    real = tallies._closes_ms  # noqa: SLF001 - a planted bug

    def closes_ms(offer: Offer) -> float:
        standing = msgspec.structs.replace(offer, deferred=())
        return real(standing) if offer.revisions else -1

    patch.setattr(tallies, "_closes_ms", closes_ms)


def count_no_restored_sessions(patch: pytest.MonkeyPatch) -> None:
    """Count only the open sessions that were opened since the last restore."""
    real = Store.load

    def load(self: Store, rows: Iterable[Row]) -> None:
        real(self, rows)
        for watcher in self._watchers:
            if isinstance(watcher, tallies.Tallies):
                watcher._open.clear()  # noqa: SLF001 - a planted bug

    patch.setattr(Store, "load", load)


def rest_on_no_end(patch: pytest.MonkeyPatch) -> None:
    """Leave out which command ended a session."""
    patch.setattr(grounds, "_session", lambda *_: iter(()))


PLANTED: Final[tuple[Plant, ...]] = (
    sell_at_the_deadline,
    sell_after_the_end,
    keep_a_match_valid,
    ignore_the_revision,
    sell_what_is_not_firm,
    forget_what_was_sold,
    exclude_nothing,
    exclude_what_came_later,
    need_no_notice,
    need_notice_of_tiers_turned_alone,
    withdraw_at_once,
    drop_all_that_is_to_come,
    answer_again_without_a_look,
    take_any_content_for_a_revision,
    remember_what_may_be_retried,
    step_the_clock_back,
    take_stale_events,
    forget_too_early,
    share_ids_between_senders,
    rest_on_what_was_first_published,
    rest_on_no_end,
    let_one_more_in,
    count_what_stands,
)
