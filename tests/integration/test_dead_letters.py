"""Dead letters on the real broker: replayed in the order they came, once, or named with why."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from strowger.broker.access import OPERATOR, meet, user_of
from strowger.broker.provisioning import apply, ensure_inboxes
from strowger.broker.registering import register
from strowger.broker.rights import NOTIFIER
from strowger.cli.shared import topic_reader
from strowger.contract.commands import OpenSession, Origin, decode
from strowger.contract.decision import Decision
from strowger.contract.envelope import Envelope, participant_source
from strowger.contract.inbound import SessionOpened
from strowger.contract.outbound import SessionGranted
from strowger.contract.participants import Role
from strowger.contract.signatures import SigningKey
from strowger.contract.topics import (
    ALL,
    DEAD_LETTERS_HANDLED,
    DECISIONS,
    MARKET_BOOK,
    MARKET_LOG,
    SESSION_OPENED,
    inbox,
)
from strowger.dead_letters.becoming import Hindered
from strowger.dead_letters.errors import NotDecided, OriginsPassed
from strowger.dead_letters.letters import Letter, Wanted, read_letters, read_standing
from strowger.dead_letters.replaying import Met, Outcome, approve, drop, judge, pending, replay
from strowger.enrolment import registration_of
from strowger.gateways import session_opened
from strowger.matching.position import Position, Watermark
from strowger.settings import Settings
from tests.integration.test_notifier import decide, decision
from tests.integration.topics import dead, records_of, send
from tests.integration.trading import Place, market_at
from tests.running import running
from tests.support import eventually, unique


@pytest.fixture(scope="module", autouse=True)
def _topics(bootstrap: str) -> None:
    asyncio.run(apply(bootstrap, ALL))


@pytest.fixture
def authenticating(settings: Settings) -> Settings:
    """Give settings as they are by default."""
    return settings.model_copy(update={"authentication": "required"})


@pytest.fixture
def met(settings: Settings, bootstrap: str) -> Met:
    """Give the broker as an operator meets it: with the operator's own rights, no more."""
    return Met(
        meet(settings, bootstrap, OPERATOR), lambda: meet(settings, bootstrap, user_of(NOTIFIER))
    )


class Stranger:
    """A buyer whose key nobody has registered yet, and the letters that it sent."""

    def __init__(self, bootstrap: str, place: Place) -> None:
        self.bootstrap, self.place = bootstrap, place
        self.key = SigningKey.new()
        self.origins: list[Origin] = []

    async def opens(self, *sessions: str, ago: timedelta = timedelta(0)) -> None:
        """Open sessions, signed as they should be."""
        for session_id in sessions:
            event = SessionOpened(market=self.place.market, session_id=session_id, ttl_seconds=60)
            source = participant_source(self.place.globex)
            made = Envelope(unique("e"), source, event.TYPE, datetime.now(UTC) - ago)
            headers, value = made.to_headers(), event.model_dump_json().encode()
            signed = [*headers, self.key.sign(SESSION_OPENED.name, headers, value)]
            self.origins += await send(self.bootstrap, SESSION_OPENED.name, (signed, value))

    async def is_set_aside(self) -> None:
        """Wait until all that was sent is among the dead letters."""
        await eventually(dead(self.bootstrap, self.origins[-1]), timeout_seconds=30)

    async def is_registered(self) -> None:
        """Register the key, too late for what was sent."""
        registration = registration_of(self.place.globex, self.key.public, [Role.BUYER])
        await register(self.bootstrap, [registration])

    async def letters(self, *numbers: int) -> list[Letter]:
        """Give the letters of what was sent as the first, second and so on."""
        ids = [f"{o.topic}/{o.partition}/{o.offset}" for o in self.origins]
        wanted = frozenset(ids[number] for number in numbers) if numbers else frozenset(ids)
        found = [each async for each in read_letters(self.bootstrap, Wanted(wanted))]
        assert len(found) == len(wanted)
        return found

    async def granted(self) -> list[str]:
        """Give the sessions that were granted, in the order of the log, each time anew."""
        found = []
        for record in await records_of(self.bootstrap, DECISIONS.name):
            told = Decision.model_validate_json(record.value or b"")
            if told.market == self.place.market and isinstance(told.event, SessionGranted):
                found.append(told.event.session_id)
        return found


SEVERAL = 6
"""How many tests want a stranger of their own; all are set aside in one run of the gateway."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strangers(settings: Settings, bootstrap: str) -> list[Stranger]:
    """Make strangers who have each opened s-0 to s-3, all set aside, and were registered then."""
    authenticating = settings.model_copy(update={"authentication": "required"})
    made = [Stranger(bootstrap, await market_at(bootstrap)) for _ in range(SEVERAL)]

    async def set_aside() -> None:
        async with running(authenticating, session_opened.GATEWAY.name):
            for stranger in made:
                await stranger.opens("s-0", "s-1", "s-2", "s-3")
            for stranger in made:
                await stranger.is_set_aside()

    await asyncio.create_task(set_aside())
    await register(
        bootstrap,
        [registration_of(each.place.globex, each.key.public, [Role.BUYER]) for each in made],
    )
    return made


@pytest.fixture
def stranger(strangers: list[Stranger]) -> Stranger:
    """Give a stranger whom no other test knows."""
    return strangers.pop()


async def replayed(met: Met, letters: list[Letter]) -> list[Outcome]:
    """Replay letters as the command does."""
    return await replay(met, await judge(met, letters, authenticated=True))


def states(outcomes: list[Outcome]) -> list[str]:
    """Give what became of each."""
    return [each.became for each in outcomes]


async def test_letters_land_in_the_order_they_came_and_once(
    authenticating: Settings, met: Met, stranger: Stranger
) -> None:
    """However they are picked; again they have no effect, and an older one after a newer has."""
    async with running(authenticating, "matching"):
        newer = await replayed(met, (await stranger.letters(3, 1))[::-1])
        assert states(newer) == ["replayed", "replayed"]
        assert [
            each.answer.session_id for each in newer if isinstance(each.answer, SessionGranted)
        ] == ["s-1", "s-3"]
        every = await replayed(met, await stranger.letters())
    assert states(every) == ["replayed", "replayed before", "replayed", "replayed before"]
    assert await stranger.granted() == ["s-1", "s-3", "s-0", "s-2"]
    standing = await read_standing(met.bootstrap)
    assert {standing.state(each.id) for each in await stranger.letters()} == {"replayed"}


async def test_a_command_that_is_cut_off_anywhere_is_finished_by_the_next(
    authenticating: Settings, met: Met, stranger: Stranger
) -> None:
    """Written down, and on the log or not: each is decided once, in the order written down."""
    verdicts = await judge(met, await stranger.letters(0, 1), authenticated=True)
    await approve(met.bootstrap, verdicts.commands)
    assert len(await pending(met.bootstrap)) >= 2
    async with running(authenticating, "matching"):
        outcomes = await replayed(met, await stranger.letters())
        assert states(outcomes) == ["replayed before", "replayed before", "replayed", "replayed"]
        assert await stranger.granted() == ["s-0", "s-1", "s-2", "s-3"]
    assert not await pending(met.bootstrap)


async def test_two_operators_at_once_have_one_effect(
    authenticating: Settings, met: Met, stranger: Stranger
) -> None:
    """Both may write a letter down and on the log: matching takes its first word alone."""
    letters = await stranger.letters()
    async with running(authenticating, "matching"):
        verdicts = await judge(met, letters, authenticated=True)
        # Both have looked before either has written.
        await approve(met.bootstrap, verdicts.commands)
        await approve(met.bootstrap, verdicts.commands[::-1])
        await asyncio.gather(replay(met, verdicts), replay(met, verdicts))
    assert await stranger.granted() == ["s-0", "s-1", "s-2", "s-3"]
    origins = [
        command.origin
        for record in await records_of(met.bootstrap, MARKET_LOG.name)
        if record.key == stranger.place.market.encode()
        and isinstance(command := decode(record.value or b""), OpenSession)
    ]
    assert {each.topic for each in origins if each is not None} == {DEAD_LETTERS_HANDLED.name}
    assert len(set(origins)) == 4


async def test_nothing_is_lost_while_matching_is_down(
    authenticating: Settings, met: Met, stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command says so; what it put on the log is decided later, and saying it again is safe."""
    monkeypatch.setattr("strowger.dead_letters.replaying._DECIDED_SECONDS", 0.5)
    letters = await stranger.letters(0)
    with pytest.raises(NotDecided, match="Nothing is lost"):
        await replayed(met, letters)
    with pytest.raises(NotDecided):
        await replayed(met, letters)
    monkeypatch.undo()
    async with running(authenticating, "matching"):
        assert states(await replayed(met, letters)) == ["replayed before"]
        assert await stranger.granted() == ["s-0"]


async def test_what_would_be_set_aside_again_is_named(
    authenticating: Settings, met: Met, bootstrap: str
) -> None:
    """A key that is not registered, and an event of the day before: nothing is written."""
    stranger = Stranger(bootstrap, await market_at(bootstrap))
    async with running(authenticating, session_opened.GATEWAY.name):
        await stranger.opens("s-0")
        await stranger.opens("s-1", ago=timedelta(hours=25))
        await stranger.is_set_aside()
    since = await topic_reader.ends(met.bootstrap, [DEAD_LETTERS_HANDLED.name, MARKET_BOOK.name])
    first, _ = await replayed(met, await stranger.letters())
    assert first.hindered is not None
    assert first.hindered.hindrance == "still_dead"
    assert first.hindered.detail.startswith("unknown_key")
    await stranger.is_registered()
    ((_, fresh), (_, old)) = (await judge(met, await stranger.letters(), authenticated=True)).of
    assert not isinstance(fresh, Hindered)
    assert isinstance(old, Hindered)
    assert old.hindrance == "stale"
    assert (
        since[(DEAD_LETTERS_HANDLED.name, 0)]
        == (await topic_reader.ends(met.bootstrap, [DEAD_LETTERS_HANDLED.name]))[
            (DEAD_LETTERS_HANDLED.name, 0)
        ]
    )


async def test_a_letter_that_was_dropped_is_hidden_and_may_still_be_replayed(
    authenticating: Settings, met: Met, stranger: Stranger
) -> None:
    """Dropping deletes nothing."""
    letters = await stranger.letters(2)
    await drop(met.bootstrap, letters)
    assert (await read_standing(met.bootstrap)).state(letters[0].id) == "dropped"
    async with running(authenticating, "matching"):
        assert states(await replayed(met, letters)) == ["replayed"]
    assert (await read_standing(met.bootstrap)).state(letters[0].id) == "replayed"


async def test_a_notice_reaches_an_inbox_that_was_made_too_late_once(
    settings: Settings, met: Met, bootstrap: str
) -> None:
    """Two operators at once, and again: one record, with the id of the decision it tells of."""
    late = unique("late")
    event_id = unique("d")
    async with running(settings, NOTIFIER):
        offset = await decide(bootstrap, decision(late, event_id))
        await eventually(dead(bootstrap, Origin(DECISIONS.name, 0, offset)))
    wanted = Wanted(frozenset({f"{DECISIONS.name}/0/{offset}"}))
    letters = [each async for each in read_letters(met.bootstrap, wanted)]
    (hindered,) = await replayed(met, letters)
    assert hindered.hindered is not None
    assert hindered.hindered.hindrance == "still_no_inbox"
    await ensure_inboxes(bootstrap, [late])
    verdicts = await judge(met, letters, authenticated=True)
    await asyncio.gather(replay(met, verdicts), replay(met, verdicts))
    assert states(await replayed(met, letters)) == ["replayed before"]
    (notice,) = await records_of(bootstrap, inbox(late).name)
    assert ("ce_id", event_id.encode()) in list(notice.headers)
    assert notice.key == decision(late, event_id).market.encode()


async def test_words_that_would_be_skipped_are_not_written(
    met: Met, stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the topic of handled letters was made anew beside an older log, the command says so."""
    passed = Position(9, "", 0, (Watermark(DEAD_LETTERS_HANDLED.name, 0, 1_000_000),))

    async def positions(_bootstrap: str) -> dict[int, Position]:
        return {0: passed}

    monkeypatch.setattr("strowger.dead_letters.replaying.last_positions", positions)
    before = await read_standing(met.bootstrap)
    with pytest.raises(OriginsPassed, match="made anew"):
        await replayed(met, await stranger.letters())
    assert await read_standing(met.bootstrap) == before
