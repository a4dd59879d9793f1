"""Invariants 1 to 3 and 7: what is sold, in which session, how much of it, and who hears when."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.simulation.checker.reading import Decided, Evidence, Facts, Violation, moment

Session = tuple[str, str]


def sold_in_an_open_session(evidence: Evidence) -> Iterator[Violation]:
    """See each sale made in a session of its buyer's, before its deadline and before its end."""
    deadlines: dict[Session, str] = {}
    ended: set[Session] = set()
    for decided in evidence.decided:
        told = decided.told
        if decided.kind == "session-granted" and decided.is_new:
            deadlines[decided.participant, told["session_id"]] = told["deadline"]
        elif decided.kind == "session-ended" and decided.recipient is not None:
            ended.add((decided.recipient, told["session_id"]))
        elif decided in _sales(evidence) and told["session_id"] is not None:
            session = (decided.participant, told["session_id"])
            sale = f"{told['contract_id']} of {decided.participant}"
            if session not in deadlines:
                yield Violation(1, f"{sale} was sold in a session that it never had")
            elif decided.at >= moment(deadlines[session]):
                yield Violation(1, f"{sale} was sold at the deadline of its session or after")
            if session in ended:
                yield Violation(2, f"{sale} was sold after its session had ended")


def sold_as_shown(evidence: Evidence) -> Iterator[Violation]:
    """See each sale made of a firm offer that its request was shown, at the revision shown."""
    shown: dict[tuple[str, str], Decided] = {}
    for decided in evidence.decided:
        told = decided.told
        if decided.kind == "offers-matched" and decided.is_new:
            shown[decided.participant, told["request_id"]] = decided
        elif decided in _sales(evidence):
            answer = shown.get((decided.participant, told["request_id"]))
            yield from _compare_with_shown(decided, answer)


def _shown_as(sale: Decided, answer: Decided | None) -> Facts | None:
    """Give the match that was bought, as it was shown; by its grounds, where it has no names."""
    if answer is None:
        return None
    offers = [each for each in answer.facts["rests_on"] if each["subject"].startswith("offer ")]
    wanted = f"offer {sale.told['offer_id']} of {sale.told['provider']}"
    for match, ground in zip(answer.told["matches"], offers, strict=False):
        if ground["subject"] == wanted:
            return dict(match)
    return None


def _compare_with_shown(sale: Decided, shown: Decided | None) -> Iterator[Violation]:
    told = sale.told
    name = f"{told['contract_id']} of {sale.participant}"
    match = _shown_as(sale, shown)
    if shown is None or match is None:
        yield Violation(1, f"{name} was sold, and was never shown to that request")
        return
    answer, hidden = shown.told, match["provider"] == "hidden"
    named = ("provider", "offer_id")
    if not hidden and any(match[key] != told[key] for key in named):
        yield Violation(1, f"{name} was sold, and was shown under another name")
    if not hidden and match["revision"] != told["revision"]:
        yield Violation(1, f"{name} was sold at another revision than was shown")
    if match["firmness"] != "firm":
        yield Violation(1, f"{name} was sold, and is not firm")
    if any(match[key] != told[key] for key in ("cost", "currency", "lines", "ranking_cost")):
        yield Violation(1, f"{name} was sold at other costs than were shown")
    if answer["session_id"] != told["session_id"]:
        yield Violation(1, f"{name} was sold in another session than it was shown in")
    until = answer["valid_until"]
    if until is not None and sale.at >= moment(until):
        yield Violation(1, f"{name} was sold when what was shown was valid no more")


def sold_at_the_revision_in_force(evidence: Evidence) -> Iterator[Violation]:
    """See no sale at a revision that the provider, under no guard, was told is replaced."""
    policies = _policies(evidence)
    latest: dict[tuple[str, str], int] = {}
    for decided in evidence.decided:
        told = decided.told
        if decided.kind in {"offer-stored", "offer-removed"} and decided.is_new:
            if moment(told["effective_at"]) <= decided.at:
                latest[decided.participant, told["offer_id"]] = told["revision"]
        elif decided in _sales(evidence) and policies[told["market"]] == {"open"}:
            newest = latest.get((told["provider"], told["offer_id"]), 0)
            if told["revision"] < newest:
                yield Violation(
                    5,
                    f"{told['contract_id']} was sold at revision {told['revision']}, after "
                    f"revision {newest} had taken effect",
                )


def sold_within_capacity(evidence: Evidence) -> Iterator[Violation]:
    """See no offer sold beyond what the revision sold has, whatever earlier ones sold of it."""
    offered = {
        (sent.sender, sent.body.get("offer_id"), sent.body.get("revision"), sent.id): sent.body
        for sent in evidence.sent
        if sent.body.get("service")
    }
    capacities: dict[tuple[object, ...], int | None] = {}
    for decided in evidence.decided:
        told = decided.told
        name = (decided.participant, told.get("offer_id"), told.get("revision"))
        if decided.kind in {"offer-stored", "change-taken"} and decided.is_new:
            if decided.kind == "change-taken":
                name = (decided.participant, told["subject"].partition(" ")[2], told["revision"])
            body = offered.get((*name, told["causation_id"]))
            if body is not None and body["pool"] is None:
                capacities[name] = body["service"]["capacity_minutes"]
    sold: Counter[tuple[str, str]] = Counter()
    for sale in evidence.sales:
        told = sale.told
        offer = (told["provider"], told["offer_id"])
        sold[offer] += told["quantity"]
        capacity = capacities.get((*offer, told["revision"]))
        if capacity is not None and sold[offer] > capacity:
            yield Violation(
                3, f"{sold[offer]} minutes of {offer} were sold, of {capacity} at its revision"
            )


def pools_hold_what_they_sold(evidence: Evidence) -> Iterator[Violation]:
    """See no pool sold beyond the most that its provider ever said it holds."""
    units: dict[str, int] = defaultdict(int)
    pooled: set[tuple[str, object, object]] = set()
    for sent in evidence.sent:
        if "units" in sent.body:
            units[sent.sender] = max(units[sent.sender], sent.body["units"] or 0)
        elif sent.body.get("pool"):
            pooled.add((sent.sender, sent.body.get("offer_id"), sent.body.get("revision")))
    plain = {
        (sent.sender, sent.body.get("offer_id"), sent.body.get("revision"))
        for sent in evidence.sent
        if sent.body.get("service") and not sent.body.get("pool")
    }
    sold: Counter[str] = Counter()
    for sale in evidence.sales:
        told = sale.told
        name = (told["provider"], told["offer_id"], told["revision"])
        if name in pooled - plain:
            sold[told["provider"]] += told["quantity"]
    for provider, quantity in sold.items():
        if quantity > units[provider]:
            yield Violation(3, f"{quantity} minutes of a pool of {provider}'s were sold")


def told_when_the_session_has_ended(evidence: Evidence) -> Iterator[Violation]:
    """See a guarded sale told to nobody else before its session's end; every sale told once."""
    policies = _policies(evidence)
    sessions = {sale.told["contract_id"]: _session(sale) for sale in evidence.sales}
    ended: set[Session] = set()
    notices: Counter[str] = Counter()
    for decided in evidence.decided:
        told = decided.told
        if decided.kind == "session-ended" and decided.recipient is not None:
            ended.add((decided.recipient, told["session_id"]))
        elif decided.kind == "offer-sold":
            contract = told["contract_id"]
            notices[contract] += 1
            session = sessions.get(contract)
            guarded = policies[told["market"]] <= {"guarded", "sealed"}
            if guarded and session is not None and session not in ended:
                yield Violation(7, f"{decided.recipient} heard of {contract} during its session")
            if contract not in sessions:
                yield Violation(1, f"{contract} was told to {decided.recipient}, and never sold")
    public = Counter(str(each["contract_id"]) for each in evidence.public)
    for contract, session in sessions.items():
        if session is not None and session not in ended:
            continue
        for record, times in (("its provider", notices[contract]), ("everybody", public[contract])):
            if times != 1:
                yield Violation(10, f"{contract} was told to {record} {times} times")


def _session(sale: Decided) -> Session | None:
    session_id = sale.told["session_id"]
    return None if session_id is None else (sale.participant, session_id)


def _policies(evidence: Evidence) -> dict[str, set[str]]:
    """Give by market every policy that it may ever have had."""
    policies: dict[str, set[str]] = defaultdict(set)
    for decided in evidence.decided:
        if decided.kind == "market-declared":
            policies[decided.told["market"]].add(decided.told["terms"]["policy"])
        elif decided.kind == "market-controlled" and decided.told["action"] == "policy":
            policies[decided.told["market"]] |= {"open", "guarded", "sealed", "snapshot"}
    return policies


def _sales(evidence: Evidence) -> frozenset[Decided]:
    return frozenset(evidence.sales)
