"""Bugs to plant in the market itself: those of the property tests, and some that need a path."""

from typing import Final

import msgspec
import pytest

from strowger.contract.commands import AcceptOffer, AnyCommand
from strowger.contract.refusals import Refusal
from strowger.market import acceptances, control, holding, ruling
from strowger.market.book import Book
from strowger.market.entities import Remembered, Request, Shown
from strowger.market.ruling import Ruling
from strowger.market.verdict import Denied
from tests.property import planted_in_hiding as hiding
from tests.property import planted_in_index as index
from tests.property import planted_in_matching as matching
from tests.property import planted_in_policies as policies
from tests.property import planted_in_rules as rules
from tests.simulation.mutants.mutant import Mutant


def answer_a_repeat_anew(patch: pytest.MonkeyPatch) -> None:
    """Decide what comes again as if it had never come."""
    patch.setattr(Ruling, "_answer_again", lambda *_: False)


def answer_for_another(patch: pytest.MonkeyPatch) -> None:
    """Remember answers by the sender's own id, whoever the sender is."""

    def remembered(self: Book, _: str, subject: str) -> Remembered | None:
        for key, row in self.store.rows():
            if key[0] == "remembered" and key[3] == subject and isinstance(row, Remembered):
                return row
        return None

    patch.setattr(Book, "remembered", remembered)


def sell_what_was_on_no_page(patch: pytest.MonkeyPatch) -> None:
    """Sell any offer to a request that was shown some other."""
    real = acceptances._shown  # noqa: SLF001 - a planted bug

    def shown(request: Request, command: AcceptOffer) -> Shown | None:
        found = real(request, command)
        if found is not None or not request.shown:
            return found
        wanted = (command.provider, command.offer_id, command.revision)
        names = dict(zip(("provider", "offer_id", "revision"), wanted, strict=True))
        return msgspec.structs.replace(request.shown[0], held=None, **names)

    patch.setattr(acceptances, "_shown", shown)


def give_back_twice(patch: pytest.MonkeyPatch) -> None:
    """Give back twice what was held when a session ends."""
    real = holding.give_back

    def give_back(book: Book, shown: Shown) -> None:
        real(book, shown)
        real(book, shown)

    patch.setattr(holding, "give_back", give_back)


def trade_in_a_pause(patch: pytest.MonkeyPatch) -> None:
    """Go on trading while the market is paused."""
    real = control.halted

    def halted(book: Book, command: AnyCommand) -> Denied | None:
        denied = real(book, command)
        paused = denied is not None and denied.refusal is Refusal.MARKET_PAUSED
        return None if paused else denied

    patch.setattr(ruling, "halted", halted)


PLANTED: Final = (
    Mutant(answer_a_repeat_anew, (4,)),
    Mutant(answer_for_another, (4, 12)),
    Mutant(sell_what_was_on_no_page, (1,)),
    Mutant(give_back_twice, (3,)),
    Mutant(trade_in_a_pause, (5,)),
    Mutant(rules.sell_at_the_deadline, (1, 2)),
    Mutant(rules.sell_after_the_end, (1, 2)),
    Mutant(rules.keep_a_match_valid, (1,)),
    Mutant(rules.ignore_the_revision, (1, 5)),
    Mutant(rules.sell_what_is_not_firm, (1,)),
    Mutant(rules.forget_what_was_sold, (3,)),
    Mutant(rules.answer_again_without_a_look, (4,)),
    Mutant(rules.take_any_content_for_a_revision, (4, 5)),
    Mutant(rules.remember_what_may_be_retried, (4,)),
    Mutant(rules.step_the_clock_back, (1,)),
    Mutant(rules.share_ids_between_senders, (4,)),
    Mutant(rules.drop_all_that_is_to_come, (1, 5, 8)),
    Mutant(rules.withdraw_at_once, (5, 8)),
    Mutant(rules.let_one_more_in, (8,)),
    Mutant(rules.count_no_restored_sessions, (9,)),
    Mutant(matching.sell_more_than_there_is, (3, 8)),
    Mutant(matching.share_no_pool, (3, 8)),
    Mutant(matching.fall_back_to_a_shorter_code, (8,), plan="by a scan"),
    Mutant(matching.fall_back_when_the_longest_fails, (8,), plan="by a scan"),
    Mutant(matching.rank_without_a_tie_rule, (8,), plan="by a scan"),
    Mutant(matching.repeat_the_last_on_the_next_page, (8,), plan="by a scan"),
    Mutant(index.take_all_codes_for_one, (8,)),
    Mutant(index.let_everybody_hear, (8,)),
    Mutant(policies.let_changes_in_at_any_end, (5, 6, 8)),
    Mutant(policies.let_changes_in_never, (5, 6, 8)),
    Mutant(policies.let_changes_in_twice, (5, 6, 8)),
    Mutant(policies.let_changes_in_backwards, (5, 6, 8)),
    Mutant(policies.let_changes_wait_without_limit, (6,)),
    Mutant(policies.guard_nothing_shown, (5,)),
    Mutant(policies.tell_whether_it_waits, (5, 7)),
    Mutant(policies.tell_a_sale_early, (7,)),
    Mutant(policies.publish_a_sale_early, (7,)),
    Mutant(policies.leave_a_sale_untold, (7, 10)),
    Mutant(policies.see_the_latest, (5, 8)),
    Mutant(policies.keep_nothing_for_snapshots, (1, 5, 8)),
    Mutant(policies.hold_nothing, (3, 8)),
    Mutant(policies.hold_for_good, (3, 8)),
    Mutant(policies.hold_what_is_sold, (3, 8)),
    Mutant(policies.read_a_sealed_book, (5,)),
    Mutant(policies.read_what_was_shown, (5,)),
    Mutant(policies.show_the_suspended, (8,)),
    Mutant(policies.trade_with_the_suspended, (5, 8)),
    Mutant(hiding.name_near_misses, (5,)),
    Mutant(hiding.unmask_in_a_refusal, (5,)),
    Mutant(hiding.tell_of_a_sale_that_others_keep, (7,)),
    Mutant(hiding.let_a_schedule_change_what_was_shown, (1, 5)),
    Mutant(policies.close_around_sessions, (2, 7, 10, 11)),
    Mutant(policies.change_the_policy_at_once, (5, 6, 7, 8)),
)
