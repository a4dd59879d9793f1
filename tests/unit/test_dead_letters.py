"""What a dead letter says of itself, and what it would become today."""

import json
from dataclasses import replace
from typing import Any

import pytest
from aiokafka.errors import ProducerFenced

from strowger.broker.consuming import Record
from strowger.broker.dead_letters import DeadLetter
from strowger.broker.registering import Registered
from strowger.contract.commands import COMMANDS_VERSION, CommandTooNew, OpenSession, encode
from strowger.contract.handled import Handled
from strowger.contract.handled import decode as decode_handled
from strowger.contract.handled import encode as encode_handled
from strowger.contract.participants import Registration
from strowger.contract.refusals import DeadLetterReason
from strowger.contract.signatures import SigningKey
from strowger.contract.topics import DECISIONS, MARKET_LOG, SESSION_OPENED
from strowger.dead_letters import notices
from strowger.dead_letters.becoming import ForTheLog, Hindered, becomes, keys_of
from strowger.dead_letters.errors import Overtaken
from strowger.dead_letters.letters import Letter, NotALetter, Noted, Standing, Wanted
from strowger.gateways.authentication import Keys
from tests.gateway_records import COMMON, NOON_MS, record

SESSION: dict[str, Any] = {"session_id": "s-1", "ttl_seconds": 60}


def received(body: dict[str, Any] | bytes | None = None) -> Record:
    """Give a record as it was received on `session-opened`."""
    return replace(
        record("session-opened", SESSION if body is None else body), topic=SESSION_OPENED.name
    )


def letter(of: Record, reason: DeadLetterReason = DeadLetterReason.UNKNOWN_KEY) -> Letter:
    """Give the letter that a record became, read again from where it was written."""
    written = DeadLetter(of, reason, "in words", "gateway-session-opened").to_append()
    return Letter.of(
        Record(written.topic, 0, 5, NOON_MS + 9, written.key, written.value, written.headers)
    )


def today(of: Letter, keys: Keys | None = None, now_ms: int = NOON_MS) -> ForTheLog | Hindered:
    """Say what a letter would become, where it is no notice."""
    found = becomes(of, keys, frozenset(), now_ms)
    assert isinstance(found, ForTheLog | Hindered)
    return found


def test_a_letter_says_where_it_was_received_and_as_what() -> None:
    """Every original header, in order, the value and the broker's time; the id is stable."""
    found = letter(received())
    assert found.id == "session-opened/1/7"
    assert (found.reason, found.detail) == ("unknown_key", "in words")
    assert found.service == "gateway-session-opened"
    assert found.record == received()
    assert found.cut is None


def test_what_none_of_our_services_wrote_is_no_letter() -> None:
    """It says where it stands, rather than pass for one."""
    with pytest.raises(NotALetter, match="offset 5"):
        Letter.of(Record("t", 0, 5, 0, None, b"", [("dl_topic", b"x"), ("dl_partition", b"y")]))


def test_letters_are_meant_by_id_or_by_what_they_are() -> None:
    """Options all have to fit; ids are taken as they are."""
    found = letter(received())
    assert Wanted(frozenset({found.id})).takes(found)
    assert not Wanted(frozenset({"other/0/1"})).takes(found)
    assert Wanted(reason="unknown_key", topic="session-opened", since_ms=NOON_MS).takes(found)
    assert not Wanted(reason="not_json").takes(found)
    assert not Wanted(topic="offer-published").takes(found)
    assert not Wanted(since_ms=NOON_MS + 1).takes(found)


def test_the_first_replay_of_a_letter_counts_and_outlasts_a_drop() -> None:
    """Whatever is written down of it later."""
    words = [("a", "drop"), ("a", "replay"), ("a", "replay"), ("b", "drop")]
    standing = Standing.of(
        Noted(offset, Handled(name, action))  # type: ignore[arg-type]  # one of the two
        for offset, (name, action) in enumerate(words)
    )
    assert standing.commands["a"].offset == 1
    assert [standing.state(name) for name in "abc"] == ["replayed", "dropped", "unhandled"]


def test_a_letter_becomes_what_its_gateway_makes_of_it_today() -> None:
    """As if it had been received now for then; it goes to its market's partition."""
    found = today(letter(received()))
    assert isinstance(found, ForTheLog)
    assert isinstance(found.command, OpenSession)
    assert 0 <= found.partition < MARKET_LOG.partitions


def test_a_key_that_was_registered_since_counts_but_not_before_its_time() -> None:
    """The operator registered it for this sender; its own validity stands."""
    key, bare = SigningKey.new(), received()
    signature = key.sign(SESSION_OPENED.name, bare.headers, bare.value or b"")
    signed = letter(replace(bare, headers=[*bare.headers, signature]))
    registration = Registration("acme", key.public.id, ("buyer",), key.public.x)
    late = keys_of([Registered(registration, NOON_MS * 2)])
    assert isinstance(today(signed, late), ForTheLog)
    not_yet = keys_of([Registered(replace_not_before(registration, NOON_MS + 1), NOON_MS * 2)])
    for keys in ({}, not_yet):
        found = today(signed, keys)
        assert isinstance(found, Hindered)
        assert found.hindrance == "still_dead"
        assert found.detail.startswith("unknown_key")


def replace_not_before(registration: Registration, not_before_ms: int) -> Registration:
    """Give a registration that counts from later on."""
    return Registration(
        registration.participant,
        registration.key_id,
        registration.roles,
        registration.x,
        not_before_ms=not_before_ms,
    )


def test_what_would_be_set_aside_again_is_hindered_by_name() -> None:
    """Each of them says what stands in the way, and what to do instead."""
    large = received(b"x" * 800_000)
    elsewhere = replace(received(), topic="orders")
    log = replace(received(b"no command"), topic=MARKET_LOG.name)
    decision = json.dumps(
        {
            "at": "2026-01-31T12:00:00Z",
            "participant": "globex",
            "recipient": "vandelay",
            "event_id": "d-1",
            "event": {"type": "offer-stored", "market": "voice"},
        }
    )
    notice = replace(received(decision.encode()), topic=DECISIONS.name)
    day_ms = 86_400_000
    found = {
        "cut": today(letter(large, DeadLetterReason.TOO_LARGE)),
        "still_dead": today(letter(received(b"{"))),
        "no_gateway": today(letter(elsewhere)),
        "stale": today(letter(received()), now_ms=NOON_MS + day_ms + 1),
        "still_no_inbox": today(letter(notice)),
    }
    for name, it in found.items():
        assert isinstance(it, Hindered)
        assert it.hindrance == name
        assert it.detail
        assert it.hindrance.advice
    assert isinstance(today(letter(log)), Hindered)


def test_a_record_of_the_log_that_this_release_can_read_goes_back_where_it_stood() -> None:
    """What a newer release wrote, and an older one could not read: to the same partition."""
    common = {name: value for name, value in COMMON.items() if name != "origin"}
    command = OpenSession(participant="globex", session_id="s-1", ttl_seconds=60, **common)
    found = today(letter(replace(received(encode(command)), topic=MARKET_LOG.name, partition=3)))
    assert found == ForTheLog(command, 3)


def test_a_replay_that_a_newer_release_wrote_down_is_left_to_it() -> None:
    """This one would put it on the log without what it does not know of it."""
    common = {name: value for name, value in COMMON.items() if name != "origin"}
    newer = OpenSession(
        participant="globex",
        session_id="s-1",
        ttl_seconds=60,
        needs_version=COMMANDS_VERSION + 1,
        **common,
    )
    with pytest.raises(CommandTooNew):
        decode_handled(encode_handled(Handled("t/0/1", "replay", 0, newer)))
    found = today(letter(replace(received(encode(newer)), topic=MARKET_LOG.name)))
    assert isinstance(found, Hindered)
    assert found.hindrance == "still_dead"


async def test_notices_that_others_take_over_again_and_again_are_left_to_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is tried some times, since each take-over leaves less to do; then it says so."""
    tried = []

    async def fenced(*_given: object) -> None:
        tried.append(1)
        raise ProducerFenced

    monkeypatch.setattr(notices, "_send_as_the_last", fenced)
    monkeypatch.setattr(notices, "_OVERTAKEN_SECONDS", 0)
    with pytest.raises(Overtaken, match="say it again"):
        await notices.send("nowhere:1", [])
    assert len(tried) > 1
