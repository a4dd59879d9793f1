"""The commands and the work that part (a) of the path benchmark measures. No time is asserted."""

from collections import Counter

import pytest

from strowger.broker.appending import Append
from strowger.broker.consuming import Record
from strowger.contract.commands import AnyCommand, encode
from strowger.contract.decision import Decision
from strowger.contract.matches import OffersMatched
from strowger.contract.outbound import EventRefused
from strowger.contract.sales import AcceptanceConfirmed
from strowger.contract.topics import DECISIONS, MARKET_LOG
from strowger.matching.deciding import Deciding, Restored
from strowger.matching.output import Output
from tests.bench.path.ratios import CPU, Lines, against, worse
from tests.bench.path.trade import SHARES, trade
from tests.bench.path.work import Decisions
from tests.bench.path.worker import Prepared
from tests.commands import NOON_MS


def test_the_same_seed_gives_the_same_trade() -> None:
    """Every loop decides the same log, whenever it was made."""
    assert _trade(seed=1) == _trade(seed=1)
    assert _trade(seed=1) != _trade(seed=2)


def test_trade_has_every_command_in_about_its_share() -> None:
    """Mostly offers, and of each other command as many as the mix says, within a third."""
    made = Counter(type(command).__name__ for command in _trade())
    shares = {
        "PublishOffer": SHARES["publish"] + SHARES["revise"],
        "SubmitRequest": SHARES["ask"],
        "AcceptOffer": SHARES["accept"],
        "OpenSession": SHARES["open"],
        "CloseSession": SHARES["close"],
    }
    assert sum(SHARES.values()) == 100
    assert made.pop("DeclareMarket") == 1
    assert {name: made[name] / 20 for name in made} == pytest.approx(shares, rel=1 / 3)


def test_trade_is_answered_as_trade_is() -> None:
    """Requests are shown offers, acceptances are confirmed, and hardly anything is refused."""
    events = [decision.event for decision in _decided()]
    shown = [event.matches for event in events if isinstance(event, OffersMatched)]
    sold = sum(isinstance(event, AcceptanceConfirmed) for event in events)
    refused = sum(isinstance(event, EventRefused) for event in events)
    assert sum(map(bool, shown)) > len(shown) / 2
    assert sold > 100
    assert refused < sold / 10


def test_the_work_of_matching_writes_all_that_matching_does() -> None:
    """Done record by record, it gives what a batch of the owner's holds, in its order."""
    work, deciding, output = Decisions(), Deciding(0, Restored.of_nothing()), Output(0)
    written: list[Append] = []
    for record in _records():
        written += work.take(record)
        deciding.decide(record, output)
    written += work.settle()
    deciding.settle(output)
    assert written == output.records


def test_what_was_prepared_is_written_once_and_in_its_order() -> None:
    """The bare loop writes as many records and bytes as matching, however it is given its own."""
    made = [Append(DECISIONS.name, 0, b"k", bytes([each])) for each in range(100)]
    records = _records()[:30]
    bare = Prepared(Decisions(), made, len(records))
    each = [bare.take(record) for record in records]
    assert [append for appends in each for append in appends] == made
    assert {len(appends) for appends in each} == {3, 4}


def test_the_worse_half_is_what_is_told() -> None:
    """The greater of processor time and the smaller of throughput count, beside each half's own."""
    halves = {
        "gateway": {CPU: 0.6, "throughput_vs_bare_loop": 0.1},
        "matching": {CPU: 0.9, "throughput_vs_bare_loop": 0.2},
    }
    told = worse(halves)
    assert (told[CPU], told["throughput_vs_bare_loop"]) == (0.9, 0.1)
    assert told["gateway_cpu_vs_best_framework"] == 0.6
    assert told["matching_throughput_vs_bare_loop"] == 0.2


def test_ours_is_held_against_the_best_framework_by_medians() -> None:
    """The framework that takes least processor time is to be beaten; of runs the median counts."""
    cpu = {"ours": (1, 3), "bare": (1, 1), "faststream": (5, 5), "quix": (2, 6), "faust": (9, 9)}
    lines: Lines = {
        kind: [{"cpu_per_1000": each, "per_second": 10 / each} for each in runs]
        for kind, runs in cpu.items()
    }
    assert against(lines, "ours") == {CPU: 0.5, "throughput_vs_bare_loop": 0.667}


def _trade(commands: int = 2000, seed: int = 1) -> list[AnyCommand]:
    return list(trade("voice", commands, seed=seed, sent_at_ms=NOON_MS))


def _records() -> list[Record]:
    return [
        Record(MARKET_LOG.name, 0, offset, NOON_MS + offset, b"voice", encode(command), ())
        for offset, command in enumerate(_trade())
    ]


def _decided() -> list[Decision]:
    deciding, output = Deciding(0, Restored.of_nothing()), Output(0)
    for record in _records():
        deciding.decide(record, output)
    return output.decisions
