"""Good histories with one thing made wrong, and the check that must see it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from tests.simulation.checker import ends, hiding, once, passage, replay, rules, sales
from tests.simulation.checker.reading import Evidence, Facts, Violation
from tests.simulation.doctoring import (
    Doctor,
    altered,
    brought_forward,
    decisions,
    doubled,
    in_anothers_inbox,
    knowing,
    other_bytes_put_away,
    put,
    put_away_again,
    put_away_though_it_has_an_inbox,
    put_away_though_readable,
    removed,
    saying,
    told,
    without_ledger_row,
)
from tests.simulation.doctoring import sales as sales_of
from tests.simulation.history import History

Check = Callable[[Evidence], Iterator[Violation]]

_LONG_AGO: Final = "2020-01-01T00:00:00Z"


def _sold_session(history: History) -> tuple[str, str] | None:
    for sale in sales_of(history):
        if sale["event"]["session_id"] is not None:
            return sale["participant"], sale["event"]["session_id"]
    return None


def _of_the_sold_session(
    doctor: Callable[[Callable[[Facts], object]], Doctor], kind: str
) -> Doctor:
    """Do something to what was told of a session in which something was sold."""

    def make(history: History) -> Doctor | None:
        session = _sold_session(history)
        if session is None:
            return None
        buyer, session_id = session
        return doctor(
            lambda facts: (
                told(facts, kind, session_id=session_id)
                and buyer in {facts["recipient"], facts["participant"]}
            )
        )

    return knowing(make)


def _is_sale(facts: Facts) -> bool:
    return told(facts, "acceptance-confirmed") and facts["role"] == "answer"


def _is_hidden(told: Facts) -> bool:
    return any(each["provider"] == hiding.HIDDEN for each in told.get("matches", ()))


def _named(told: Facts) -> Facts:
    first, *others = told["matches"]
    return {**told, "matches": [{**first, "provider": "acme"}, *others]}


def _under(history: History, policy: str) -> History:
    """Say that every market had one policy throughout."""

    def declared(facts: Facts) -> Facts:
        return saying(terms={**facts["event"]["terms"], "policy": policy})(facts)

    def kind_is(kind: str, **words: object) -> Callable[[Facts], bool]:
        return lambda facts: {**facts["event"], "type": kind, **words} == facts["event"]

    for doctor in (
        altered("decisions", kind_is("market-declared"), declared, all_of_them=True),
        altered(
            "decisions",
            kind_is("market-controlled", action="policy"),
            saying(action="resume"),
            all_of_them=True,
        ),
    ):
        history = doctor(history) or history
    return history


def _replaced_before_it_was_sold(history: History) -> History | None:
    for sale in sales_of(history):
        offer_id, provider = sale["event"]["offer_id"], sale["event"]["provider"]

        def pick(facts: Facts, offer_id: str = offer_id, provider: str = provider) -> bool:
            mine = facts["participant"] == provider
            return mine and told(facts, "offer-stored", offer_id=offer_id)

        if any(pick(each) for each in decisions(history) if each["at"] < sale["at"]):
            later = saying(revision=10_000, effective_at=_LONG_AGO)
            doctor = altered("decisions", pick, later, all_of_them=True)
            return doctor(_under(history, "open"))
    return None


def _told_during_its_session(history: History) -> History | None:
    contracts = {
        sale["event"]["contract_id"] for sale in sales_of(history) if sale["event"]["session_id"]
    }
    doctor = brought_forward(
        "decisions",
        lambda facts: told(facts, "offer-sold") and facts["event"]["contract_id"] in contracts,
    )
    return doctor(_under(history, "guarded"))


def _ended_in_silence(history: History) -> History:
    events = [
        event
        for event in history.records["decisions"]
        if b'"type":"session-ended"' not in (event.value or b"")
    ]
    return put(history, "decisions", events)


def _turned(topic: str) -> Doctor:
    def doctor(history: History) -> History | None:
        events = history.committed(topic)
        return put(history, topic, events[::-1]) if len(events) > 1 else None

    return doctor


_REPEATED: Final = altered(
    "decisions",
    lambda facts: facts["repeat"] and facts["event"]["type"] == "session-granted",
    saying(deadline=_LONG_AGO),
)
_FIRST_GRANT: Final = "session-granted"

DOCTORED: Final[tuple[tuple[str, Check, Doctor], ...]] = (
    (
        "sold at the deadline",
        sales.sold_in_an_open_session,
        _of_the_sold_session(
            lambda pick: altered("decisions", pick, saying(deadline=_LONG_AGO)), _FIRST_GRANT
        ),
    ),
    (
        "sold without a session",
        sales.sold_in_an_open_session,
        _of_the_sold_session(lambda pick: removed("decisions", pick), _FIRST_GRANT),
    ),
    (
        "sold after the end",
        sales.sold_in_an_open_session,
        _of_the_sold_session(lambda pick: brought_forward("decisions", pick), "session-ended"),
    ),
    (
        "sold at another revision",
        sales.sold_as_shown,
        altered("decisions", _is_sale, saying(revision=10_000)),
    ),
    (
        "named before it was bought",
        hiding.hidden_until_bought,
        altered("inbox.globex", _is_hidden, _named),
    ),
    ("sold at another cost", sales.sold_as_shown, altered("decisions", _is_sale, saying(cost="0"))),
    (
        "sold what was not shown",
        sales.sold_as_shown,
        altered(
            "decisions",
            lambda facts: told(facts, "offers-matched"),
            saying(matches=[]),
            all_of_them=True,
        ),
    ),
    (
        "sold what was replaced",
        sales.sold_at_the_revision_in_force,
        _replaced_before_it_was_sold,
    ),
    (
        "sold beyond an offer's capacity",
        sales.sold_within_capacity,
        altered("decisions", _is_sale, saying(quantity=10**6), all_of_them=True),
    ),
    (
        "sold beyond a pool",
        sales.pools_hold_what_they_sold,
        altered("decisions", _is_sale, saying(quantity=10**6), all_of_them=True),
    ),
    (
        "a provider never told",
        sales.told_when_the_session_has_ended,
        removed("decisions", lambda facts: told(facts, "offer-sold")),
    ),
    (
        "a provider told early",
        sales.told_when_the_session_has_ended,
        _told_during_its_session,
    ),
    (
        "the public never told",
        sales.told_when_the_session_has_ended,
        removed("acceptance-confirmed", lambda _: True),
    ),
    (
        "never answered",
        once.every_record_one_outcome,
        removed("decisions", lambda facts: facts["role"] == "answer"),
    ),
    (
        "answered twice",
        once.every_record_one_outcome,
        doubled("decisions", lambda facts: facts["command"] == "open-session"),
    ),
    (
        "a command in another's name",
        passage.commands_say_what_was_sent,
        altered(
            "market-log", lambda facts: facts.get("origin"), lambda it: {**it, "participant": "eve"}
        ),
    ),
    (
        "a command that says something else",
        passage.commands_say_what_was_sent,
        altered(
            "market-log", lambda facts: "ttl_seconds" in facts, lambda it: {**it, "ttl_seconds": 99}
        ),
    ),
    (
        "refused above the limit by another name",
        passage.as_many_as_may_be_are_taken,
        altered(
            "market-log",
            lambda facts: facts.get("refusal") == "too_many_events",
            lambda it: {**it, "refusal": "malformed"},
        ),
    ),
    (
        "put away though readable",
        passage.only_what_cannot_be_read_is_put_away,
        put_away_though_readable,
    ),
    (
        "other bytes put away",
        passage.dead_letters_keep_what_was_sent,
        other_bytes_put_away,
    ),
    (
        "other bytes put away the first time",
        passage.dead_letters_keep_what_was_sent,
        lambda history: other_bytes_put_away(put_away_again(history)),
    ),
    (
        "decided out of order",
        once.decisions_follow_the_log,
        brought_forward("decisions", lambda facts: facts["log_offset"] > 3),
    ),
    (
        "market time stepped back",
        once.decisions_follow_the_log,
        altered(
            "decisions", lambda facts: facts["sequence"] > 3, lambda it: {**it, "at": _LONG_AGO}
        ),
    ),
    ("one acceptance sold twice", once.one_decision_a_key, doubled("decisions", _is_sale)),
    ("answered otherwise again", once.one_decision_a_key, _REPEATED),
    (
        "one id for two events",
        once.one_event_an_id,
        altered(
            "decisions",
            lambda facts: facts["event"]["type"] in {"offer-stored", "session-granted"},
            lambda it: {**it, "event_id": "the-same"},
            all_of_them=True,
        ),
    ),
    ("told to another", once.inboxes_hold_their_own, in_anothers_inbox),
    ("told in another order", once.inboxes_hold_their_own, _turned("inbox.acme")),
    ("never told", once.inboxes_hold_their_own, removed("inbox.globex", lambda _: True)),
    (
        "told in other words",
        once.inboxes_hold_their_own,
        altered("inbox.globex", lambda _: True, lambda it: {**it, "at": _LONG_AGO}),
    ),
    (
        "put away though it has an inbox",
        once.inboxes_hold_their_own,
        put_away_though_it_has_an_inbox,
    ),
    (
        "sold to another",
        once.nobody_acts_as_another,
        altered("decisions", _is_sale, saying(buyer="eve")),
    ),
    (
        "answered what was never sent",
        once.nobody_acts_as_another,
        altered(
            "decisions",
            lambda facts: facts["command"] == "open-session",
            saying(causation_id="never"),
        ),
    ),
    ("a row lost by the ledger", once.the_ledger_agrees, without_ledger_row),
    (
        "something never settled",
        ends.all_comes_to_its_end,
        lambda history: replace(history, settled=False, unsettled="matching stands still"),
    ),
    ("a session without an end", ends.sessions_end, _ended_in_silence),
    (
        "a service dead by itself",
        ends.services_bear_it,
        lambda history: replace(history, deaths=("notifier: KeyError('x')",)),
    ),
    (
        "more able than there are",
        rules.decided_by_the_rules,
        altered("decisions", lambda facts: told(facts, "offers-matched"), saying(able=99)),
    ),
    (
        "refused in other words",
        replay.decided_as_the_log_says,
        altered("decisions", lambda facts: told(facts, "event-refused"), saying(message="No.")),
    ),
)
