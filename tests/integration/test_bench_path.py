"""The path benchmark's loops over matching's log, small, on a broker of its own. No time counts."""

from aiokafka import TopicPartition

from strowger.broker import connections
from strowger.broker.access import Bootstrap
from tests.bench.path.exchange import exchange
from tests.bench.path.filling import fill_trade
from tests.bench.path.loops import Loops
from tests.bench.path.work import Decisions

_RECORDS = 200
_KINDS = ("matching", "bare-work", "bare", "faust")
Written = dict[str, list[tuple[bytes, bytes, tuple[tuple[str, bytes], ...]]]]


async def test_every_loop_over_the_log_writes_the_same() -> None:
    """Matching, its work elsewhere and the bare loop write the same, byte for byte."""
    async with exchange(()) as ours:
        loops = Loops(ours.settings, ours.root)
        assert sum((await fill_trade(ours.root, _RECORDS)).values()) == _RECORDS
        runs: list[Written] = []
        before: Written = {topic: [] for topic in Decisions.targets}
        for kind in _KINDS:
            told = loops.run(kind, _RECORDS)
            assert told["per_second"] > 0
            after = await _written(ours.root)
            runs.append({topic: after[topic][len(before[topic]) :] for topic in after})
            before = after
    first, *others = runs
    assert all(first.values())
    assert others == [first] * len(others)


async def _written(root: Bootstrap) -> Written:
    places = [TopicPartition(topic, 0) for topic in Decisions.targets]
    found: Written = {topic: [] for topic in Decisions.targets}
    # A commit is answered before its marks are written; here every one of them succeeded.
    reader = connections.consumer(root, client_id="bench-reader", read_committed=False)
    async with reader as consumer:
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for place, records in (await consumer.getmany(timeout_ms=200)).items():
                found[place.topic] += [
                    (record.key, record.value, tuple(record.headers)) for record in records
                ]
    return found
