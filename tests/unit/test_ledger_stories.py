"""Stories: what a session, a request or an acceptance rests on, and all that came of it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from strowger.cli.explain import document
from strowger.cli.shared import story_text
from strowger.contract.commands import AnyCommand
from strowger.contract.decision import Decision
from strowger.contract.normal import Asked
from strowger.ledger.errors import NotInLedger, SeveralOfThem
from strowger.ledger.projection import Batch, Place
from strowger.ledger.queries import reading
from strowger.ledger.store import opened
from strowger.ledger.stories import Kind, Story, tell
from tests.playing import Play


class Recorded(Play):
    """A market whose decisions go into a ledger."""

    def __init__(self, path: Path, policy: str = "open") -> None:
        self.made: list[Decision] = []
        self.sent: dict[int, AnyCommand] = {}
        self._path = path
        super().__init__(policy=policy)

    def decide(self, command: AnyCommand, *, sent_at_ms: int | None = None) -> list[Decision]:
        """Decide a command, and keep what was decided."""
        self.later(1000)
        decided = super().decide(command, sent_at_ms=sent_at_ms)
        self.sent[self.offset] = command
        self.made += decided
        return decided

    async def record(self) -> None:
        """Write all that is kept into the ledger."""
        batch = Batch()
        for offset, decision in enumerate(self.made):
            batch.add(Place(0, offset), decision.model_dump_json().encode())
        async with opened(self._path) as store:
            await store.write(batch, {0: len(self.made)})

    async def story(self, kind: Kind, of: str, buyer: str | None = None) -> Story:
        """Write the ledger, and have it tell a story."""
        await self.record()
        async with reading(self._path) as ledger:
            return await tell(ledger, kind, of, buyer=buyer)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a place for a ledger."""
    return tmp_path / "ledger.sqlite3"


def told(story: Story) -> list[tuple[int, str, str | None]]:
    """Give a story's steps as offset, event and recipient."""
    return [
        (step.decided.log_offset, step.event.type, step.decided.recipient) for step in story.steps
    ]


async def test_an_acceptance_is_told_from_the_offer_to_the_end_of_its_session(path: Path) -> None:
    """With what it rests on before it, and nothing of others who traded meanwhile."""
    play = Recorded(path)
    make = play.commands
    play.done(make.publish(), make.publish("of-2"), make.open(), make.request())  # 1 to 4
    play.done(make.open("s-2", buyer="hooli"), make.request("r-2", "s-2", buyer="hooli"))
    accepting = make.accept()
    play.done(accepting, make.accept("a-2", "s-2", "r-2", buyer="hooli"), accepting)  # 7 to 9
    play.done(make.close(), make.close("s-2", buyer="hooli"))

    story = await play.story("acceptance", "a-1")

    assert told(story) == [
        (1, "offer-stored", "acme"),
        (3, "session-granted", "globex"),
        (4, "offers-matched", "globex"),
        (7, "acceptance-confirmed", "globex"),
        (7, "offer-sold", "acme"),
        (9, "acceptance-confirmed", "globex"),
        (10, "session-ended", "globex"),
    ]
    assert (story.buyer, story.market, story.answer.decided.log_offset) == ("globex", "voice-eu", 7)


async def test_a_withheld_sale_is_one_sale_told_twice(path: Path) -> None:
    """Its provider and the public come to the story when the session ends; the ledger has one."""
    play = Recorded(path, policy="guarded")
    make = play.commands
    play.done(make.publish(), make.open(), make.request(), make.accept())  # 1 to 4
    play.later(3600_000)
    play.decide(make.publish("of-2"))  # at 5: the session's time is over

    story = await play.story("acceptance", "a-1")

    assert told(story)[-4:] == [
        (4, "acceptance-confirmed", "globex"),
        (5, "session-ended", "globex"),
        (5, "acceptance-confirmed", None),
        (5, "offer-sold", "acme"),
    ]
    async with reading(path) as ledger:
        (sale,) = await ledger.acceptances()
        (session,) = await ledger.sessions()
        counts = await ledger.counts()
    assert (sale.buyer, sale.market) == ("globex", "voice-eu")
    assert (session.end_reason, session.ended_by) == ("timed_out", "time")
    assert sum(each.decisions for each in counts if each.event_type == "acceptance-confirmed") == 1


async def test_a_sale_whose_answer_was_lost_to_retention_is_its_buyers(path: Path) -> None:
    """A ledger that begins between a withheld sale and the session's end still knows who bought."""
    play = Recorded(path, policy="sealed")
    make = play.commands
    play.done(make.publish(), make.open(), make.request(), make.accept())
    play.made.clear()
    play.done(make.control("close"))
    await play.record()
    async with reading(path) as ledger:
        (sale,) = await ledger.acceptances()
    assert sale.buyer == "globex"


async def test_a_session_has_all_that_happened_in_it(path: Path) -> None:
    """Also acceptances that were refused, which name no session, and what ended it."""
    play = Recorded(path)
    make = play.commands
    play.done(make.publish(), make.open(), make.request(), make.publish("of-1", 2))  # 1 to 4
    assert play.refusal(make.accept()) == "offer_changed"
    play.done(make.control("close"))  # at 6
    story = await play.story("session", "s-1")
    assert told(story) == [
        (2, "session-granted", "globex"),
        (3, "offers-matched", "globex"),
        (5, "event-refused", "globex"),
        (6, "session-ended", "globex"),
    ]
    async with reading(path) as ledger:
        (session,) = await ledger.sessions()
    assert (session.end_reason, session.ended_by) == ("terminated", "operator")


async def test_an_id_that_several_buyers_used_wants_a_name(path: Path) -> None:
    """Each buyer's ids are its own; what nobody used is not in the ledger."""
    play = Recorded(path)
    make = play.commands
    play.done(make.open(), make.open(buyer="hooli"))
    with pytest.raises(SeveralOfThem, match="globex in voice-eu, hooli in voice-eu"):
        await play.story("session", "s-1")
    story = await play.story("session", "s-1", buyer="hooli")
    assert told(story) == [(2, "session-granted", "hooli")]
    with pytest.raises(NotInLedger, match="no request s-1"):
        await play.story("request", "s-1")


async def test_a_refusal_that_was_retried_is_a_step_of_the_story(path: Path) -> None:
    """The last answer is the outcome; what overtook its session is told before it."""
    play = Recorded(path)
    make = play.commands
    play.refusal(make.request())
    play.done(make.open(), make.request())
    story = await play.story("request", "r-1")
    assert [offset for offset, _, _ in told(story)] == [1, 2, 3]
    assert story.answer.event.type == "offers-matched"


async def _text(play: Recorded, kind: Kind, of: str, sent: Mapping[int, AnyCommand]) -> str:
    story = await play.story(kind, of)
    assert document(story, sent)["id"] == of
    written = story_text.text(story, sent)
    assert max(map(len, written.splitlines())) <= 80
    return written


async def test_a_story_reads_at_80_columns(path: Path) -> None:
    """What was asked, each offer with its cost line by line, near misses, the sale, the grounds."""
    play = Recorded(path)
    make = play.commands
    long = "standard-to-the-whole-of-the-united-kingdom:44"
    play.done(
        make.publish(long, attributes={"asr_percent": 5000}),
        make.publish("of-2", attributes={"asr_percent": 3000}),
        make.open(),
        make.request(clauses=(Asked("asr_percent", "floor", 4500),)),
        make.accept(offer_id=long),
    )
    written = await _text(play, "acceptance", "a-1", play.sent)
    one_line = " ".join(written.split())
    for said in (
        "confirmed: 100 minutes to +44 from acme for 1.02 EUR, contract voice-eu-6",
        "asked: voice 442079460000; 100 minutes; asr_percent at least 45; ranked by cost",
        f"1. {long} of acme, revision 1, for +44: 1.02 EUR",
        "usage: 102 minute x 0.01 = 1.02",
        "near miss: of-2 of acme offers 30 where asr_percent was asked at least 45",
        "acme told of the sale voice-eu-6",
        f"rests on market voice-eu at 0, session s-1 at 3, request r-1 at 4, offer {long} of acme",
    ):
        assert said in one_line
    without = await _text(play, "request", "r-1", {})
    assert "asked: voice" not in without


async def test_a_refused_acceptance_says_why(path: Path) -> None:
    """By the refusal's name and its words, with the revision that stood in the way before it."""
    play = Recorded(path)
    make = play.commands
    play.done(make.publish(), make.open(), make.request(), make.publish("of-1", 2))
    play.refusal(make.accept())
    one_line = " ".join((await _text(play, "acceptance", "a-1", play.sent)).split())
    assert "refused: offer_changed. revision 2 stands now." in one_line
    assert "offer of-1 of acme, revision 2" in one_line
    assert "accepted: of-1 of acme, revision 1" in one_line
