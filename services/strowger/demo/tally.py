"""Count what decisions, dead letters and the record of sales say; never what a script believes."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from aiokafka import ConsumerRecord

from strowger.contract.decision import Decision
from strowger.contract.envelope import Envelope, NotACloudEvent
from strowger.contract.matches import OffersMatched
from strowger.contract.outbound import ChangeTaken, EventRefused, OfferStored, SessionEnded
from strowger.contract.sales import AcceptanceConfirmed

Place = tuple[str, int, int]
"""Topic, partition and offset of a record."""

Cause = tuple[str, str]
"""Who sent an event, and its id: what a decision names as its cause."""

Pool = tuple[str, str, str]
"""Market, provider and offer: what minutes are sold of."""

_SERVICES = "service:"


@dataclass
class Tally:
    """Sums over the records that it was fed."""

    counts: Counter[str] = field(default_factory=Counter)
    decided: set[Cause] = field(default_factory=set)
    set_aside: set[Place] = field(default_factory=set)
    confirmed: Counter[tuple[str, str, str | None]] = field(default_factory=Counter)

    def decision(self, decision: Decision) -> None:
        """Count one decision: each answer once, notices only where time ended a session."""
        event = decision.event
        if decision.role == "notice":
            if isinstance(event, SessionEnded) and event.reason == "timed_out":
                self.counts["timed_out"] += 1
            return
        self.decided.add((decision.participant, event.causation_id))
        if decision.repeat or decision.participant.startswith(_SERVICES):
            return
        match event:
            case OfferStored():
                self.counts["offers"] += 1
            case ChangeTaken():
                self.counts["taken"] += 1
            case OffersMatched():
                self.counts["requests"] += 1
            case AcceptanceConfirmed():
                self.counts["confirmed"] += 1
                key = (decision.market, decision.participant, event.acceptance_id)
                self.confirmed[key] += 1
            case EventRefused():
                self.counts["refused"] += 1
            case _:
                pass

    def dead_letter(self, record: ConsumerRecord) -> None:
        """Count one dead letter; one written again counts once."""
        headers = dict(record.headers)
        place = (
            headers["dl_topic"].decode(),
            int(headers["dl_partition"]),
            int(headers["dl_offset"]),
        )
        if place not in self.set_aside:
            self.set_aside.add(place)
            self.counts["dead_lettered"] += 1

    @property
    def confirmed_twice(self) -> int:
        """Count the confirmations beyond the first of the same acceptance."""
        return sum(times - 1 for times in self.confirmed.values())


def cause_of(record: ConsumerRecord) -> Cause | None:
    """Name what an inbound record would be decided as; none if it can only be set aside."""
    try:
        envelope = Envelope.from_headers(record.headers)
    except NotACloudEvent:
        return None
    sender = envelope.sender
    return None if sender is None else (sender, envelope.id)


def oversold(sales: Iterable[AcceptanceConfirmed], capacity: dict[tuple[Pool, int], int]) -> int:
    """Count the units sold beyond the capacity of the revision they were sold at.

    `sales` are all there ever were, in order: what was sold survives a new revision. `capacity`
    gives the units of a pool's revision where it is limited.
    """
    sold: Counter[Pool] = Counter()
    over = 0
    seen: set[str] = set()
    for sale in sales:
        if sale.contract_id in seen:
            continue
        seen.add(sale.contract_id)
        pool = (sale.market, sale.provider, sale.offer_id)
        sold[pool] += sale.quantity
        limit = capacity.get((pool, sale.revision))
        if limit is not None and sold[pool] > limit:
            over += min(sale.quantity, sold[pool] - limit)
    return over
