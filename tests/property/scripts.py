"""Scripts: what a few participants with few ids do in one market, so that they often collide.

A step is a few small integers. The director turns it into a command, knowing what was sent and
shown before; smaller integers are plainer choices, so that a failing script shrinks to a plain one.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final, NamedTuple, TypeVar

import msgspec
from hypothesis import strategies as st

from strowger.contract.commands import SESSION_TIMEOUT, AcceptOffer, AnyCommand, OpenSession
from strowger.contract.outbound import Decision, OffersMatched, SessionGranted
from tests.commands import NOON_MS, Commands

_Option = TypeVar("_Option")

DAY_MS: Final = 86_400_000
FIVE_MINUTES_MS: Final = 300_000

_ELAPSED_MS: Final = (
    *(0,) * 24,
    *(1, 1, 1000, 1000, 1999, 2000, 5000, 9999),
    *(10_000, 20_000, 29_999, 30_000, -1000, -60_000, FIVE_MINUTES_MS, DAY_MS - 30_000, DAY_MS),
)
_SENT_MS: Final = (*(0,) * 60, -DAY_MS + 1, -DAY_MS, FIVE_MINUTES_MS, FIVE_MINUTES_MS + 1)
_MOST: Final = 2**32
_TIME_PASSES: Final = 0.3
_LIFE: Final = 60


class Step(NamedTuple):
    """What happens next, as integers: an index into `KINDS`, choices, and two times' indexes."""

    kind: int
    choices: int
    elapsed: int
    sent: int


class Choices:
    """Reads one choice after the other off an integer."""

    def __init__(self, number: int) -> None:
        self._number = number

    def of(self, *options: _Option) -> _Option:
        """Choose one."""
        self._number, index = divmod(self._number, len(options))
        return options[index]


class Director:
    """Turns steps into commands of one market, each with its log time."""

    def __init__(self, market: str = "voice-eu") -> None:
        self.now_ms = NOON_MS
        self._commands = Commands(market)
        self._sent: list[AnyCommand] = []
        self._shown: list[AcceptOffer] = []
        self._opened: list[OpenSession] = []
        self._causes: dict[str, int] = {}
        self._revisions: dict[tuple[str, str], int] = {}

    def direct(self, step: Step) -> tuple[AnyCommand, int]:
        """Give the step's command and its log time."""
        self.now_ms += _ELAPSED_MS[step.elapsed]
        choices = Choices(step.choices)
        kind = KINDS[step.kind]
        if kind == "redeliver" and self._sent:
            return choices.of(*self._sent[-12:]), self.now_ms
        if kind == "again" and self._sent:
            command = choices.of(*self._sent[-12:])
        else:
            command = _MAKERS.get(kind, Director._publish)(self, choices)
        command = self._stamp(command, _SENT_MS[step.sent])
        self._sent.append(command)
        return command, self.now_ms

    def heard(self, decisions: Sequence[Decision]) -> None:
        """Learn what was opened and shown: requests and acceptances are mostly of that."""
        for decision in decisions:
            matched = decision.event
            if isinstance(matched, SessionGranted) and decision.recipient:
                opened = self._commands.open(matched.session_id, buyer=decision.recipient)
                self._opened.append(opened)
            if isinstance(matched, OffersMatched) and decision.recipient:
                for match in matched.matches:
                    accept = self._commands.accept(
                        session_id=matched.session_id,
                        request_id=matched.request_id,
                        buyer=decision.recipient,
                        provider=match.provider,
                        offer_id=match.offer_id,
                        revision=match.revision,
                    )
                    self._shown.append(accept)

    def _ids(self, *ids: str) -> tuple[str, ...]:
        """Give ids of buyers' things; every so many commands they are others."""
        life = len(self._sent) // _LIFE
        return tuple(f"{identity}-{life}" for identity in ids) if life else ids

    def _stamp(self, command: AnyCommand, ahead_ms: int) -> AnyCommand:
        """Give the event an id that is its sender's next: two senders use the same ids."""
        number = self._causes[command.participant] = self._causes.get(command.participant, 0) + 1
        return msgspec.structs.replace(
            command, causation_id=f"e-{number}", sent_at_ms=self.now_ms + ahead_ms
        )

    def _declare(self, choices: Choices) -> AnyCommand:
        return self._commands.declare(
            sessions=choices.of("optional", "required"),
            participant=choices.of("service:operator", "service:operator", "acme"),
            min_ttl_seconds=2,
            max_ttl_seconds=30,
            match_validity_seconds=10,
            default_call_seconds=choices.of(60, 90),
        )

    def _offer(self, choices: Choices, *sources: str) -> tuple[str, str]:
        if choices.of(*sources) == "shown" and self._shown:
            shown = choices.of(*self._shown[-2:])
            return shown.provider, shown.offer_id
        return choices.of("acme", "initech"), choices.of("of-1", "of-2", "of-3")

    def _revision(self, choices: Choices, provider: str, offer_id: str) -> int:
        last = self._revisions.get((provider, offer_id), 0)
        revision = choices.of(last + 1, last + 1, last + 1, max(1, last), 2)
        self._revisions[provider, offer_id] = max(last, revision)
        return revision

    def _publish(self, choices: Choices) -> AnyCommand:
        provider, offer_id = self._offer(choices, "any", "shown")
        return self._commands.publish(
            offer_id,
            self._revision(choices, provider, offer_id),
            provider=provider,
            prefix=choices.of("44", "4420", "44", "4", "33"),
            deck=choices.of("standard", "standard", "gold"),
            capacity_minutes=choices.of(150, 150, None, 100),
            rate_nano=choices.of(10_000_000, 20_000_000, 10_000_001, 7),
            minimum_seconds=choices.of(1, 30, 0),
            increment_seconds=choices.of(1, 6, 60),
            connect_fee_nano=choices.of(0, 1_000_000),
            currency=choices.of("EUR", "EUR", "EUR", "EUR", "EUR", "USD"),
        )

    def _withdraw(self, choices: Choices) -> AnyCommand:
        provider, offer_id = self._offer(choices, "shown", "any")
        revision = self._revision(choices, provider, offer_id)
        return self._commands.withdraw(offer_id, revision, provider=provider)

    def _open(self, choices: Choices) -> AnyCommand:
        buyer = choices.of("globex", "hooli")
        return self._commands.open(
            choices.of(*self._ids("s-1", "s-2")), choices.of(30, 10, 2, 1), buyer=buyer
        )

    def _request(self, choices: Choices) -> AnyCommand:
        buyer, session_id = (
            choices.of("globex", "hooli"),
            choices.of(None, *self._ids("s-1", "s-2")),
        )
        if self._opened and choices.of("opened", "opened", "opened", "any") == "opened":
            opened = choices.of(*self._opened[-3:])
            buyer, session_id = opened.participant, opened.session_id
        return self._commands.request(
            choices.of(*self._ids("r-1", "r-2", "r-3", "r-4", "r-5")),
            session_id,
            buyer=buyer,
            destination=choices.of("442079460000", "441632960000", "33140000000"),
            minutes=choices.of(100, 50, 1),
            call_seconds=choices.of(None, 61),
            max_matches=choices.of(None, None, 1, 2),
            country=choices.of("GB", None),
        )

    def _accept(self, choices: Choices) -> AnyCommand:
        acceptance_id = choices.of(*self._ids("a-1", "a-2", "a-3", "a-4", "a-5", "a-6"))
        if self._shown and choices.of("shown", "shown", "shown", "any") == "shown":
            shown = choices.of(*self._shown[-8:])
            return msgspec.structs.replace(shown, acceptance_id=acceptance_id)
        return self._commands.accept(
            acceptance_id,
            choices.of(*self._ids("s-1", "s-2"), None),
            choices.of(*self._ids("r-1", "r-2", "r-3")),
            buyer=choices.of("globex", "hooli"),
            provider=choices.of("acme", "initech"),
            offer_id=choices.of("of-1", "of-2"),
            revision=choices.of(1, 2, 3),
        )

    def _close(self, choices: Choices) -> AnyCommand:
        buyer, session_id = choices.of("globex", "hooli"), choices.of(*self._ids("s-1", "s-2"))
        if self._opened and choices.of("opened", "opened", "any") == "opened":
            opened = choices.of(*self._opened[-2:])
            buyer, session_id = opened.participant, opened.session_id
        sender = choices.of(None, None, "hooli", SESSION_TIMEOUT)
        return self._commands.close(session_id, buyer=buyer, sender=sender)

    def _outcome(self, choices: Choices) -> AnyCommand:
        acceptance_id = choices.of(*self._ids("a-1", "a-2", "a-3", "a-4"))
        return self._commands.outcome(acceptance_id, buyer=choices.of("globex", "hooli"))

    def _refuse(self, choices: Choices) -> AnyCommand:
        return self._commands.refuse(choices.of("malformed", "not_e164"))


_MAKERS: Final[Mapping[str, Callable[[Director, Choices], AnyCommand]]] = {
    "declare": Director._declare,  # noqa: SLF001 - the class's own, by the names of `KINDS`
    "publish": Director._publish,  # noqa: SLF001
    "withdraw": Director._withdraw,  # noqa: SLF001
    "open": Director._open,  # noqa: SLF001
    "request": Director._request,  # noqa: SLF001
    "accept": Director._accept,  # noqa: SLF001
    "close": Director._close,  # noqa: SLF001
    "outcome": Director._outcome,  # noqa: SLF001
    "refuse": Director._refuse,  # noqa: SLF001
}
_WEIGHTS: Final = {
    "publish": 6,
    "open": 4,
    "request": 7,
    "accept": 8,
    "withdraw": 2,
    "close": 2,
    "outcome": 1,
    "again": 3,
    "redeliver": 1,
    "declare": 1,
    "refuse": 1,
}
KINDS: Final = tuple(kind for kind, weight in _WEIGHTS.items() for _ in range(weight))
"""The kinds of steps, the frequent ones more often."""

DECLARE: Final = Step(KINDS.index("declare"), 0, 0, 0)

_OPENINGS: Final[tuple[tuple[Step, ...], ...]] = (
    (DECLARE, *(Step(KINDS.index(kind), 0, 0, 0) for kind in ("publish", "open", "request"))),
    (DECLARE._replace(choices=1),),
    (DECLARE,),
    (),
)
"""How scripts begin: with offers shown, with sessions required, just declared, or not even so."""

_STEPS: Final = st.builds(
    Step,
    st.integers(0, len(KINDS) - 1),
    st.integers(0, _MOST),
    st.integers(0, len(_ELAPSED_MS) - 1),
    st.integers(0, len(_SENT_MS) - 1),
)


def scripts(most_steps: int = 60) -> st.SearchStrategy[list[Step]]:
    """Give scripts."""
    return st.builds(
        lambda opening, steps: [*opening, *steps],
        st.sampled_from(_OPENINGS),
        st.lists(_STEPS, min_size=most_steps // 4, max_size=most_steps),
    )


def long_script(seed: int, steps: int) -> list[Step]:
    """Give one long script, the same for the same seed on any machine."""
    random = Random(seed)  # noqa: S311 - reproducible, guarding nothing
    drawn = (
        Step(
            random.randrange(len(KINDS)),
            random.randrange(_MOST),
            random.randrange(len(_ELAPSED_MS)) if random.random() < _TIME_PASSES else 0,
            random.randrange(len(_SENT_MS)),
        )
        for _ in range(steps)
    )
    return [DECLARE, *drawn]
