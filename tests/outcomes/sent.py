"""The commands of the table, each with ids that the states know."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from strowger.contract.commands import SESSION_TIMEOUT, AnyCommand
from strowger.contract.normal import Ranking
from tests.commands import Commands
from tests.playing import DAY_MS, FIVE_MINUTES_MS

Make = Callable[[Commands], AnyCommand]

_BY_CODECS: Final = Ranking("quality", ("codecs",))
DEARER: Final = 10_000_001

SENT: Final[Mapping[str, Make]] = MappingProxyType(
    {
        "publish another offer": lambda c: c.publish("of-9"),
        "publish the offer, revised": lambda c: c.publish(revision=50),
        "publish the offer, dearer": lambda c: c.publish(revision=50, rate_nano=DEARER),
        "publish the offer, later": lambda c: c.publish(
            revision=50, effective_at_ms=c.sent_at_ms + DAY_MS
        ),
        "publish the offer, in two years": lambda c: c.publish(
            revision=50, effective_at_ms=c.sent_at_ms + 731 * DAY_MS
        ),
        "publish the offer again": lambda c: c.publish(capacity_minutes=100),
        "publish the offer, other content": lambda c: c.publish(rate_nano=1),
        "publish an earlier revision": lambda c: c.publish(revision=0),
        "publish in a currency without a rate": lambda c: c.publish("of-9", currency="USD"),
        "publish from an unknown pool": lambda c: c.publish("of-9", pool="pool-9"),
        "withdraw the offer": lambda c: c.withdraw(revision=50),
        "publish capacity": lambda c: c.capacity(),
        "read the book": lambda c: c.read(),
        "read on from nowhere": lambda c: c.read(after="bm90IG91cnM"),
        "open another session": lambda c: c.open("s-9"),
        "open the session again": lambda c: c.open(),
        "open the session, other ttl": lambda c: c.open(ttl_seconds=61),
        "open a session, too long": lambda c: c.open("s-9", 3601),
        "request in the session": lambda c: c.request("r-9"),
        "request in it again": lambda c: c.request(),
        "request under its id, other content": lambda c: c.request(minutes=99),
        "request without a session": lambda c: c.request("r-9", None),
        "request, ranked by words": lambda c: c.request("r-9", ranking=_BY_CODECS),
        "page from nowhere": lambda c: c.request("r-9", after="bm90IG91cnM"),
        "accept in the session": lambda c: c.accept(),
        "accept in it, another id": lambda c: c.accept("a-9"),
        "accept, id reused": lambda c: c.accept(revision=9),
        "accept what was not shown": lambda c: c.accept("a-9", offer_id="of-9"),
        "accept in an unknown request": lambda c: c.accept("a-9", request_id="r-9"),
        "accept without the session": lambda c: c.accept(session_id=None),
        "ask for an outcome": lambda c: c.outcome(),
        "close the session, its buyer": lambda c: c.close(),
        "close the session, another buyer": lambda c: c.close(sender="initech"),
        "close the session, by time": lambda c: c.close(sender=SESSION_TIMEOUT),
        "declare the market": lambda c: c.declare(),
        "declare it otherwise": lambda c: c.declare(currency="USD"),
        "declare it, not the operator": lambda c: c.declare(participant="acme"),
        "declare it, unknown rules": lambda c: c.declare(rules_version=1),
        "declare rates": lambda c: c.rates(),
        "declare rates of no version": lambda c: c.rates(0),
        "control, not the operator": lambda c: c.control("pause", participant="acme"),
        "control, no action": lambda c: c.control("stop"),
        "pause": lambda c: c.control("pause"),
        "resume": lambda c: c.control("resume"),
        "close": lambda c: c.control("close"),
        "suspend the provider": lambda c: c.control("suspend", "acme"),
        "readmit the provider": lambda c: c.control("readmit", "acme"),
        "change the policy": lambda c: c.control("policy", "guarded"),
        "change the rules": lambda c: c.control("rules", "2"),
        "change to unknown rules": lambda c: c.control("rules", "1"),
        "malformed event": lambda c: c.refuse(),
        "event of a day ago": lambda c: c.open("s-9"),
        "event of the future": lambda c: c.open("s-9"),
    }
)
"""By name: how it is made, sent now, or as `SENT_MS` says."""

SENT_MS: Final[Mapping[str, int]] = MappingProxyType(
    {"event of a day ago": -DAY_MS, "event of the future": FIVE_MINUTES_MS + 1}
)
"""When it was sent, after now."""
