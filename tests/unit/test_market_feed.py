"""The feed of the book: opened, followed, closed, and never in more than small portions."""

import pytest

from strowger.contract.commands import AnyCommand
from strowger.contract.refusals import Refusal
from strowger.market import feeding
from strowger.market.ruling import Ruling
from tests.commands import MARKET
from tests.playing import DAY_MS, Play
from tests.property.comparing import fed
from tests.property.naive_feed import NaiveFeed

_HOUR_MS = 3_600_000


class Following:
    """A market played by hand, and a follower of its feed."""

    def __init__(self, policy: str = "open") -> None:
        self.play = Play(policy=policy)
        self.feed = NaiveFeed()
        self.types: list[object] = []
        self.hear()

    def done(self, *commands: AnyCommand) -> None:
        """Decide commands, none of which may be refused, and hear what the feed tells of them."""
        for command in commands:
            self.play.done(command)
            self.hear()

    def hear(self) -> None:
        """Take what the feed told."""
        records = fed(self.play.markets)
        self.types = [value and value["type"] for _, value in records]
        self.feed.take(records)
        self.feed.check_compacted()

    @property
    def listed(self) -> list[tuple[str, object]]:
        """Give the offers that are listed, with their revisions."""
        return [(key[2], each["revision"]) for key, each in sorted(self.feed.entries.items())]

    def publish(self, *offer_ids: str) -> None:
        """Publish offers."""
        self.done(*(self.play.commands.publish(offer_id) for offer_id in offer_ids))


@pytest.fixture
def _two_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "FEED_PER_COMMAND", 2)


def test_a_new_market_has_an_empty_feed_that_is_whole() -> None:
    """Whoever follows a market without offers knows that there are none."""
    following = Following()
    assert (following.feed.standing, following.listed) == ("whole", [])


def test_each_change_is_told_with_the_command_that_makes_it() -> None:
    """An offer is listed, listed anew, and delisted."""
    following, say = Following(), Play().commands
    following.publish("of-1", "of-2")
    following.done(say.publish("of-1", 2))
    assert following.types == ["offer-listed"]
    assert following.listed == [("of-1", 2), ("of-2", 1)]
    following.done(say.withdraw("of-1", 3))
    assert following.types == [None, "offer-delisted"]
    assert following.listed == [("of-2", 1)]


def test_what_is_sold_or_repeated_is_not_told() -> None:
    """Nothing that a read would not show makes a record."""
    following, say = Following(), Play().commands
    following.done(say.publish(capacity_minutes=100_000), say.request(session_id=None))
    for command in (say.accept(session_id=None), say.publish(capacity_minutes=100_000), say.read()):
        following.done(command)
        assert following.types == []


def test_what_is_scheduled_is_told_when_its_time_has_come() -> None:
    """Until then no competitor knows of it; then the next command brings it, whosever it is."""
    following, say = Following(), Play().commands
    at_ms = following.play.now_ms + _HOUR_MS
    following.done(say.publish(), say.publish("of-1", 2, effective_at_ms=at_ms))
    assert following.listed == [("of-1", 1)]
    following.play.later(_HOUR_MS)
    following.done(say.request(session_id=None))
    assert following.listed == [("of-1", 2)]


def test_an_offer_to_some_is_not_listed_and_one_that_becomes_so_is_delisted() -> None:
    """An audience keeps an offer out of the feed, from the revision on that has one."""
    following, say = Following(), Play().commands
    following.done(say.publish("of-1", audience=("globex",)), say.publish("of-2"))
    following.done(say.publish("of-2", 2, audience=("globex",)))
    assert following.listed == []


@pytest.mark.usefixtures("_two_a_command")
def test_much_that_takes_effect_at_once_is_told_in_portions() -> None:
    """The feed says that it is behind until it has caught up."""
    following, say = Following(), Play().commands
    at_ms = following.play.now_ms + _HOUR_MS
    for number in range(5):
        following.done(say.publish(f"of-{number}", effective_at_ms=at_ms))
    following.play.later(_HOUR_MS)
    seen = []
    for read in range(4):
        following.done(say.read(f"b-{read}"))
        seen.append((len(following.listed), following.feed.standing))
    assert seen == [(2, "behind"), (4, "behind"), (5, "whole"), (5, "whole")]


@pytest.mark.usefixtures("_two_a_command")
def test_a_large_feed_is_cleared_before_a_policy_ends_it() -> None:
    """Sessions wait, so that the pace of clearing can't tell of any; then all goes by the new."""
    following, say = Following(), Play().commands
    following.publish("of-1", "of-2", "of-3")
    following.done(say.control("policy", "sealed"))
    assert (following.feed.standing, following.listed) == ("closed", [])
    following.play.markets.drain_feed()
    following.done(say.open("s-0"))
    assert following.feed.standing == "closed"
    assert following.play.refusal(say.publish("of-4")) is None
    following.hear()
    assert following.types == []


@pytest.mark.usefixtures("_two_a_command")
def test_sessions_wait_while_a_feed_is_cleared() -> None:
    """The first that is refused brings the clearing on by itself."""
    following, say = Following(), Play().commands
    following.publish("of-1", "of-2", "of-3", "of-4", "of-5")
    following.done(say.control("policy", "sealed"))
    assert following.play.refusal(say.open("s-1")) == Refusal.POLICY_CHANGING
    assert following.play.refusal(say.open("s-2")) is None


@pytest.mark.usefixtures("_two_a_command")
def test_a_book_that_may_be_read_again_is_listed_in_portions() -> None:
    """What changes meanwhile is told at once, and nothing twice."""
    following, say = Following("guarded"), Play().commands
    following.publish("of-1", "of-2", "of-3", "of-4", "of-5")
    assert following.feed.number == 0
    following.done(say.control("policy", "open"))
    assert (following.listed, following.feed.standing) == ([("of-1", 1), ("of-2", 1)], "behind")
    following.done(say.publish("of-5", 2))
    assert following.listed == [("of-1", 1), ("of-2", 1), ("of-3", 1), ("of-4", 1), ("of-5", 2)]
    following.done(say.read())
    assert following.feed.standing == "whole"


def test_a_policy_changed_back_opens_the_feed_anew_and_the_numbers_go_on() -> None:
    """A follower of the first life can tell it from the second."""
    following, say = Following(), Play().commands
    following.publish("of-1")
    before = following.feed.number
    following.done(say.control("policy", "guarded"), say.control("policy", "open"))
    assert following.listed == [("of-1", 1)]
    assert following.feed.number > before


def test_a_closed_market_has_no_feed() -> None:
    """Nobody may read its book, either."""
    following, say = Following(), Play().commands
    following.publish("of-1")
    following.done(say.control("close"))
    assert (following.feed.standing, following.listed) == ("closed", [])


def test_an_end_and_its_forgetting_that_come_at_once_delist() -> None:
    """A market that was silent for days forgets what ended meanwhile, and says so."""
    following, say = Following(), Play().commands
    at_ms = following.play.now_ms + _HOUR_MS
    following.done(say.publish(), say.withdraw(effective_at_ms=at_ms))
    following.play.later(3 * DAY_MS)
    following.done(say.read())
    assert following.play.markets.drain()
    assert not [key for key, _ in following.play.markets.dump() if key[0] == "offer"]
    assert following.listed == []


def test_a_fault_takes_back_what_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What never happened is not in the feed, and the numbers have no gap."""
    following, say = Following(), Play().commands

    def fail(*_: object) -> None:
        raise RuntimeError("planted")

    with monkeypatch.context() as patch:
        patch.setattr(Ruling, "_publish", fail)
        patch.setattr(Ruling, "refuse_fault", lambda _: None)
        following.play.decide(say.publish("of-1"))
    following.hear()
    assert following.types == []
    following.publish("of-2")
    assert following.listed == [("of-2", 1)]
    assert all(key[0] == MARKET for key in following.feed.entries)
