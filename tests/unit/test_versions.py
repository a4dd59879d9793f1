"""Releases beside each other: what is older is read, what is newer stops us by a name."""

import json
from pathlib import Path

import msgspec
import pytest

from strowger.broker.consuming import Record
from strowger.contract import commands
from strowger.contract.commands import COMMANDS_VERSION, AnyCommand, CommandTooNew, Origin
from strowger.contract.decision import Decision
from strowger.contract.topics import DEAD_LETTERS, DECISIONS, MARKET_LOG
from strowger.market import entities
from strowger.market.digests import TableDigest, content_digest
from strowger.market.markets import Markets
from strowger.matching import position
from strowger.matching.deciding import Deciding, Restored
from strowger.matching.output import Output
from strowger.matching.position import STATE_VERSION, Position, StateTooNew
from tests.commands import NOON_MS, Commands

WRITTEN = Path(__file__).parents[1] / "data" / "written-by-version-1.jsonl"


def _written(what: str) -> list[dict[str, str]]:
    lines = map(json.loads, WRITTEN.read_text().splitlines())
    return [line for line in lines if what in line]


def _record(value: bytes, offset: int = 0) -> Record:
    return Record(MARKET_LOG.name, 0, offset, NOON_MS + 1000, b"voice-eu", value, ())


def _restored() -> Restored:
    digest = TableDigest()
    rows = [(line["key"].encode(), line["row"].encode()) for line in _written("row")]
    for key, value in rows:
        digest.add(key, value)
    markets = Markets.restore(
        (entities.decode_key(key), entities.decode(value)) for key, value in rows
    )
    (left,) = _written("position")
    return Restored(markets, digest, position.decode(left["position"].encode()))


def test_commands_of_the_first_version_are_read() -> None:
    """Every kind, as it was written before a command said of which version it is."""
    read = [commands.decode(line["command"].encode()) for line in _written("command")]
    assert {type(each) for each in read} == set(AnyCommand.__args__)
    assert {each.needs_version for each in read} == {1}


def test_rows_of_the_first_version_add_up_and_are_decided_on() -> None:
    """The tables are whole by their digest, and go on: what waited for a session's end comes."""
    restored = _restored()
    assert (restored.digest.hex(), restored.digest.rows) == (
        restored.position.digest,
        restored.position.rows,
    )
    assert {key[0] for key, _ in restored.markets.dump()} == set(entities.TOPIC_OF_KIND)
    output = Output(0)
    deciding = Deciding(0, restored)
    closing = Commands(sent_at_ms=NOON_MS).close()
    deciding.decide(_record(commands.encode(closing), deciding.next_offset), output)
    told = [
        Decision.model_validate_json(each.value or b"").event.type
        for each in output.records
        if each.topic == DECISIONS.name
    ]
    assert told == ["session-ended", "acceptance-confirmed", "offer-sold"]


def test_a_redelivery_to_an_older_release_is_known_for_one() -> None:
    """How far each source was applied is read from the position of the first version, too."""
    deciding = Deciding(0, _restored())
    again = Commands(sent_at_ms=NOON_MS).publish("of-1", origin=Origin("offer-published", 0, 0))
    output = Output(0)
    deciding.decide(_record(commands.encode(again), deciding.next_offset), output)
    assert output.records == []


@pytest.mark.parametrize("kind", ["open-session", "lend-capacity"])
def test_a_command_of_a_newer_version_is_not_garbage(kind: str) -> None:
    """Known kind or not, it names what to upgrade; nothing of it is decided or put away."""
    opening = json.loads(commands.encode(Commands().open()))
    newer = {**opening, "command": kind, "needs_version": COMMANDS_VERSION + 1}
    value = json.dumps(newer).encode()
    with pytest.raises(CommandTooNew, match="upgrade matching"):
        commands.decode(value)
    deciding, output = Deciding(0, Restored.of_nothing()), Output(0)
    with pytest.raises(CommandTooNew):
        deciding.decide(_record(value), output)
    assert (deciding.next_offset, output.records) == (0, [])


@pytest.mark.parametrize(
    "value", [b"garbage", b'{"command":"lend-capacity"}', b'{"needs_version":"x"}']
)
def test_what_says_no_newer_version_is_garbage(value: bytes) -> None:
    """It becomes a dead letter, and the market goes on."""
    deciding, output = Deciding(0, Restored.of_nothing()), Output(0)
    deciding.decide(_record(value), output)
    assert deciding.next_offset == 1
    assert [each.topic for each in output.records] == [DEAD_LETTERS.name]


def test_a_repeat_through_a_newer_gateway_is_the_same() -> None:
    """Which version a gateway writes is not what the participant said."""
    opening = Commands().open()
    newer = msgspec.structs.replace(opening, needs_version=COMMANDS_VERSION + 1)
    assert content_digest(newer) == content_digest(opening)


def test_rates_of_any_version_are_of_this_release() -> None:
    """How often an operator declared rates says nothing of who can read the command."""
    rates = Commands().rates(version=COMMANDS_VERSION + 7)
    assert commands.decode(commands.encode(rates)) == rates
    assert content_digest(rates) != content_digest(Commands().rates(version=COMMANDS_VERSION + 8))


def test_tables_of_a_newer_release_are_not_decided_on() -> None:
    """The error says which release to run; an older form, and the present one, are read."""
    now = Position(7, "0" * 32, 0, (), STATE_VERSION)
    assert position.decode(position.encode(now)) == now
    newer = msgspec.structs.replace(now, version=STATE_VERSION + 1)
    with pytest.raises(StateTooNew, match="run the newer release of matching"):
        position.decode(position.encode(newer))
