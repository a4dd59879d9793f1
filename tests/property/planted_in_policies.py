"""Bugs to plant in what waits for sessions, in snapshots, holds, reading and market control."""

from typing import Any, Final

import msgspec
import pytest

from strowger.contract.commands import (
    AnyCommand,
    ControlMarket,
    OpenSession,
    ReadBook,
    SubmitRequest,
)
from strowger.market import (
    acceptances,
    control,
    deferral,
    holding,
    markets,
    offers,
    pools,
    reading,
    ruling,
    sessions,
)
from strowger.market.book import Book
from strowger.market.entities import Key, Offer, PoolTerms, Remembered
from strowger.market.ruling import Ruling
from strowger.market.sittings import Sittings, Waiting
from strowger.market.verdict import Denied, Verdict
from tests.property.planted_in_rules import Plant, replace_rule

# What waits


def let_changes_in_at_any_end(patch: pytest.MonkeyPatch) -> None:
    """Apply all that waits when some session ends, though others are open."""
    real = deferral.release

    def release(book: Book) -> None:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(deferral, "denial", lambda *_: None)
            real(book)

    patch.setattr(sessions, "release", release)


def let_changes_in_never(patch: pytest.MonkeyPatch) -> None:
    """Leave what waits waiting."""
    patch.setattr(sessions, "release", lambda _: None)


def let_changes_in_twice(patch: pytest.MonkeyPatch) -> None:
    """Keep what took effect among what waits, so that it does so again."""
    real = deferral.projected

    def projected(book: Book, offer: Offer) -> Offer:
        return msgspec.structs.replace(real(book, offer), deferred=offer.deferred)

    patch.setattr(deferral, "projected", projected)


def let_changes_in_backwards(patch: pytest.MonkeyPatch) -> None:
    """Apply the changes of an offer with the last first."""
    real = deferral.projected

    def projected(book: Book, offer: Offer) -> Offer:
        turned = msgspec.structs.replace(offer, deferred=offer.deferred[::-1])
        return real(book, turned)

    patch.setattr(deferral, "projected", projected)


def let_changes_in_as_of_then(patch: pytest.MonkeyPatch) -> None:
    """Let what waited count from when it was asked for, though that has passed."""
    patch.setattr(deferral, "_from_now", lambda _, revised: revised)


def check_against_what_stands(patch: pytest.MonkeyPatch) -> None:
    """Check a change as if none before it waited."""
    patch.setattr(offers, "projected", lambda _, offer: offer)


def guard_nothing_shown(patch: pytest.MonkeyPatch) -> None:
    """Let offers change under the sessions that were shown them."""
    patch.setattr(offers, "denial", lambda *_: None)


def guard_no_pool(patch: pytest.MonkeyPatch) -> None:
    """Let pools shrink under what was shown."""
    patch.setattr(pools, "denial", lambda *_: None)


def make_a_new_pool_wait(patch: pytest.MonkeyPatch) -> None:
    """Store a pool that is new as if it held nothing until sessions end."""
    real = Book.put_pool

    def put_pool(self: Book, pool: Any) -> None:  # noqa: ANN401 - a row
        if self.pool(pool.provider, pool.pool) is None and self.sittings.any_open:
            terms = (pool.revision, pool.digest, pool.units, pool.period, pool.channels)
            waiting = PoolTerms(*terms, self.clock_ms, self.state.sequence, self.log_offset)
            pool = msgspec.structs.replace(pool, units=0, deferred=(waiting,))
        real(self, pool)

    patch.setattr(Book, "put_pool", put_pool)


def tell_whether_it_waits(patch: pytest.MonkeyPatch) -> None:
    """Answer a change as stored where it need not wait."""
    patch.setattr(offers, "tells_nothing", lambda book: book.sittings.any_open)


def let_changes_wait_without_limit(patch: pytest.MonkeyPatch) -> None:
    """Grant every session, however long changes have waited."""
    patch.setattr(Waiting, "oldest_ms", lambda _: None)


def count_the_wait_a_second_short(patch: pytest.MonkeyPatch) -> None:
    """Grant a session that ends a second after the oldest change has waited long enough."""
    real = Waiting.oldest_ms

    def oldest_ms(self: Waiting) -> int | None:
        found = real(self)
        return None if found is None else found + 1000

    patch.setattr(Waiting, "oldest_ms", oldest_ms)


# What is withheld


def tell_a_sale_early(patch: pytest.MonkeyPatch) -> None:
    """Tell a provider of a sale while the session is open."""
    patch.setattr(acceptances, "withholds", lambda _: False)


def publish_a_sale_early(patch: pytest.MonkeyPatch) -> None:
    """Tell the public of a sale while the session is open."""
    patch.setattr(markets, "withholds", lambda _: False)


def leave_a_sale_untold(patch: pytest.MonkeyPatch) -> None:
    """Tell nobody of a withheld sale when its session is ended by time."""
    real = sessions._end_for_buyer  # noqa: SLF001 - a planted bug

    def end_for_buyer(*given: Any) -> sessions.Ended:
        ended = real(*given)
        return sessions.Ended(ended.buyer, ended.event, (), ended.grounds)

    patch.setattr(sessions, "_end_for_buyer", end_for_buyer)


def tell_sales_backwards(patch: pytest.MonkeyPatch) -> None:
    """Tell the last sale of a session first."""
    real = Sittings.withheld_in
    patch.setattr(Sittings, "withheld_in", lambda self, session: real(self, session)[::-1])


# Snapshots


def see_the_latest(patch: pytest.MonkeyPatch) -> None:
    """Show a snapshot's session what stands now."""
    patch.setattr(Book, "view_ms", lambda self, *_: self.clock_ms)


def keep_nothing_for_snapshots(patch: pytest.MonkeyPatch) -> None:
    """Drop replaced revisions though sessions see them."""
    patch.setattr(Book, "in_a_snapshot", lambda *_: False)


def change_under_an_opening(patch: pytest.MonkeyPatch) -> None:
    """Let a change count from the very millisecond in which a session was opened."""
    patch.setattr(Book, "earliest_effect_ms", property(lambda book: book.clock_ms))


# Holds


def hold_nothing(patch: pytest.MonkeyPatch) -> None:
    """Keep no capacity for what was shown."""
    patch.setattr(holding, "_add", lambda *_: None)


def hold_for_good(patch: pytest.MonkeyPatch) -> None:
    """Keep what was held when its session ends."""
    patch.setattr(sessions, "give_back_all", lambda *_: None)


def hold_what_is_sold(patch: pytest.MonkeyPatch) -> None:
    """Keep what is held for an offer that is being bought, too."""
    patch.setattr(acceptances, "consume", lambda *_: None)


# Reading


def read_a_sealed_book(patch: pytest.MonkeyPatch) -> None:
    """Give the stored set while sessions are open."""
    real = reading.read_book

    def read_book(book: Book, command: AnyCommand) -> Verdict:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Sittings, "any_open", property(lambda _: False))
            return real(book, command)  # type: ignore[arg-type]  # handed on

    replace_rule(patch, ReadBook, read_book)


def read_what_was_shown(patch: pytest.MonkeyPatch) -> None:
    """Give offers that open sessions were shown."""
    real = reading.read_book

    def read_book(book: Book, command: AnyCommand) -> Verdict:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Sittings, "is_shown", lambda *_: False)
            return real(book, command)  # type: ignore[arg-type]  # handed on

    replace_rule(patch, ReadBook, read_book)


def read_pages_of_several_states(patch: pytest.MonkeyPatch) -> None:
    """Go on with pages though the stored set has changed."""
    patch.setattr(Book, "note_change", lambda _: None)


def read_what_is_for_others(patch: pytest.MonkeyPatch) -> None:
    """Give offers with an audience to every provider."""
    real = reading._in_force  # noqa: SLF001 - a planted bug

    def in_force(book: Book, reader: str, *given: Any) -> Any:  # noqa: ANN401 - handed on
        names = {key[2] for key in book.shelf} | {reader}
        found: dict[Key, Any] = {}
        for name in names:
            found |= dict(real(book, name, *given))
        return sorted(found.items())

    patch.setattr(reading, "_in_force", in_force)


# Control


def show_the_suspended(patch: pytest.MonkeyPatch) -> None:
    """Show the offers of providers that are suspended."""

    def unwanted(_: Book, command: SubmitRequest) -> frozenset[str]:
        return frozenset(command.wish.exclude_providers)

    patch.setattr(Book, "unwanted", unwanted)


def trade_with_the_suspended(patch: pytest.MonkeyPatch) -> None:
    """Take the commands of participants that are suspended."""
    real = control.halted

    def halted(book: Book, command: AnyCommand) -> Denied | None:
        denied = real(book, command)
        return None if denied is not None and denied.refusal == "suspended" else denied

    patch.setattr(ruling, "halted", halted)


def forget_in_a_pause(patch: pytest.MonkeyPatch) -> None:
    """Forget what was answered when the market is paused."""

    def pause(book: Book, command: ControlMarket) -> Verdict:
        if command.action == "pause":
            for key, row in list(book.store.rows()):
                if isinstance(row, Remembered):
                    book.store.delete(key)
        return control.control(book, command)

    replace_rule(patch, ControlMarket, pause)


def refuse_again_in_a_pause(patch: pytest.MonkeyPatch) -> None:
    """Refuse what comes again while the market is paused, though it was answered before."""
    real = Ruling._answer_again  # noqa: SLF001 - a planted bug

    def answer_again(self: Ruling, subject: str) -> bool:
        return self._halted() is None and real(self, subject)

    patch.setattr(Ruling, "_answer_again", answer_again)


def close_around_sessions(patch: pytest.MonkeyPatch) -> None:
    """Leave sessions open when the market closes."""
    patch.setattr(control, "end_all", lambda _: [])


def change_the_policy_at_once(patch: pytest.MonkeyPatch) -> None:
    """Let a new policy come into force while sessions are open."""

    def settle(book: Book) -> None:
        state = book.state
        if state.next_policy is not None:
            book.state = msgspec.structs.replace(state, policy=state.next_policy, next_policy=None)

    patch.setattr(control, "settle_policy", settle)


def open_sessions_under_a_passing_policy(patch: pytest.MonkeyPatch) -> None:
    """Grant sessions though another policy waits for the last one to end."""
    real = sessions.open_session

    def open_session(book: Book, command: Any) -> Verdict:  # noqa: ANN401 - handed on
        waiting = book.state.next_policy
        book.state = msgspec.structs.replace(book.state, next_policy=None)
        verdict = real(book, command)
        book.state = msgspec.structs.replace(book.state, next_policy=waiting)
        return verdict

    replace_rule(patch, OpenSession, open_session)


PLANTED: Final[tuple[Plant, ...]] = (
    let_changes_in_at_any_end,
    let_changes_in_never,
    let_changes_in_twice,
    let_changes_in_backwards,
    let_changes_in_as_of_then,
    check_against_what_stands,
    guard_nothing_shown,
    guard_no_pool,
    make_a_new_pool_wait,
    tell_whether_it_waits,
    let_changes_wait_without_limit,
    count_the_wait_a_second_short,
    tell_a_sale_early,
    publish_a_sale_early,
    leave_a_sale_untold,
    tell_sales_backwards,
    see_the_latest,
    keep_nothing_for_snapshots,
    change_under_an_opening,
    hold_nothing,
    hold_for_good,
    hold_what_is_sold,
    read_a_sealed_book,
    read_what_was_shown,
    read_pages_of_several_states,
    read_what_is_for_others,
    show_the_suspended,
    trade_with_the_suspended,
    forget_in_a_pause,
    refuse_again_in_a_pause,
    close_around_sessions,
    change_the_policy_at_once,
    open_sessions_under_a_passing_policy,
)
