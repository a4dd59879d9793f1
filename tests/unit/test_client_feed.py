"""What a follower of a market's book holds, and how it knows that nothing of it is missing."""

import json
from collections.abc import Iterable

import pytest
from pydantic import ValidationError

from strowger.client.feed import Listed
from strowger.market.entities import encode_key
from strowger.market.feed import Told
from tests.commands import MARKET, Commands
from tests.playing import Play

Fed = tuple[bytes, bytes | None]


class Telling:
    """A market played by hand, and all that its feed told, as bytes."""

    def __init__(self) -> None:
        self._play = Play(policy="open")
        self.say: Commands = self._play.commands
        self.told: list[Fed] = [*self._drained()]

    def publish(self, offer_id: str, revision: int = 1) -> list[Fed]:
        """Publish an offer; give what was told of it."""
        self._play.done(self.say.publish(offer_id, revision))
        return self._hear()

    def withdraw(self, offer_id: str, revision: int) -> list[Fed]:
        """Withdraw an offer; give what was told of it."""
        self._play.done(self.say.withdraw(offer_id, revision))
        return self._hear()

    def close(self) -> list[Fed]:
        """Close the market; give what was told of it."""
        self._play.done(self.say.control("close"))
        return self._hear()

    def _hear(self) -> list[Fed]:
        new = list(self._drained())
        self.told += new
        return new

    def _drained(self) -> Iterable[Fed]:
        return map(_bytes, self._play.markets.drain_feed())


def _bytes(told: Told) -> Fed:
    event = told.event
    return encode_key(told.key), None if event is None else event.model_dump_json().encode()


def compacted(told: Iterable[Fed]) -> list[Fed]:
    """Give what compaction leaves: the last of each key, in the order of writing."""
    last: dict[bytes, bytes | None] = {}
    for key, value in told:
        last.pop(key, None)
        last[key] = value
    return list(last.items())


def follower(records: Iterable[Fed]) -> Listed:
    """Give a follower that has read these records."""
    listed = Listed(MARKET)
    for key, value in records:
        listed.take(key, value)
    return listed


def names(listed: Listed) -> list[tuple[str, int]]:
    """Give the ids and revisions of the offers that are held."""
    return sorted((entry.offer_id, entry.revision) for entry in listed.entries.values())


def test_a_follower_holds_what_is_listed() -> None:
    """An offer is listed, replaced, and goes; each step leaves a complete set."""
    telling = Telling()
    listed = follower(telling.told)
    for records, expected in (
        (telling.publish("of-1"), [("of-1", 1)]),
        (telling.publish("of-2"), [("of-1", 1), ("of-2", 1)]),
        (telling.publish("of-1", 2), [("of-1", 2), ("of-2", 1)]),
        (telling.withdraw("of-2", 2), [("of-1", 2)]),
    ):
        for key, value in records:
            listed.take(key, value)
        assert (names(listed), listed.is_complete, listed.standing) == (expected, True, "whole")


def test_a_late_joiner_of_a_compacted_feed_is_complete() -> None:
    """Numbers are missing by then, and the set is proven whole all the same."""
    telling = Telling()
    for revision in range(1, 6):
        telling.publish("of-1", revision)
    telling.publish("of-2")
    telling.withdraw("of-2", 2)
    late = follower(compacted(telling.told))
    assert (names(late), late.is_complete) == ([("of-1", 5)], True)


def test_one_record_too_few_is_seen() -> None:
    """Whichever listing is lost, what the last record says does not add up."""
    telling = Telling()
    for offer_id in ("of-1", "of-2", "of-3"):
        telling.publish(offer_id)
    listings = [record for record in telling.told if b'"offer-listed"' in (record[1] or b"")]
    for lost in listings[:-1]:
        kept = [record for record in telling.told if record != lost]
        assert not follower(kept).is_complete


def test_an_older_listing_in_a_newer_ones_place_is_seen() -> None:
    """As many offers are not enough: their numbers have to add up, too."""
    telling = Telling()
    old, new = telling.publish("of-1"), telling.publish("of-1", 2)
    telling.publish("of-2")
    assert old != new
    kept = [record for record in telling.told if record not in new]
    assert len(follower(kept).entries) == 2
    assert not follower(kept).is_complete


def test_a_closed_feed_leaves_nothing() -> None:
    """Once the market is closed nothing that was listed counts."""
    telling = Telling()
    telling.publish("of-1")
    telling.close()
    listed = follower(telling.told)
    assert (names(listed), listed.standing, listed.is_complete) == ([], "closed", True)


def test_other_markets_are_passed_over() -> None:
    """A partition carries several markets; a follower takes one."""
    telling = Telling()
    telling.publish("of-1")
    other = Listed("another")
    assert {other.take(key, value) for key, value in telling.told} == {None}
    assert (len(other.entries), other.standing) == (0, "closed")


def test_what_the_exchange_did_not_write_is_an_error() -> None:
    """A follower never goes on with a guess."""
    key = json.dumps([MARKET]).encode()
    with pytest.raises(ValidationError):
        Listed(MARKET).take(key, b'{"type": "offer-listed"}')
