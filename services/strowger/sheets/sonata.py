"""MEF LSO Sonata responses, read into Ethernet offers, with a list of what has no place in them.

Read are the responses of availability discovery and of pricing discovery (MEF W160, draft), which
belong together by `productConfigurationIdentifier`, and of quote management. Sources of the rules:
the API and product schemas of MEF-GIT/MEF-LSO-Sonata-SDK (Apache-2.0).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from strowger.contract.charges import Charges, TermStep
from strowger.contract.ethernet import EthernetLine
from strowger.contract.inbound import Firmness
from strowger.sheets.cells import from_text
from strowger.sheets.comparing import Wanted
from strowger.sheets.dates import NoDate, moment_of
from strowger.sheets.pointing import Node, document_of, unread
from strowger.sheets.rows import SheetUnreadable
from strowger.sheets.sonata_lines import LeftOut, line_of
from strowger.sheets.sonata_prices import Prices, charges_of

_FIRMNESS: Final[Mapping[str, Firmness]] = {
    "budgetary": "budgetary",
    "firmSubjectToFeasibilityCheck": "firm_subject_to_feasibility",
    "firm": "firm",
}
_ORDERABLE: Final = frozenset({"approved.orderable", "approved.orderableAlternate", "answered"})

_REASONS: Final = (
    ("tax", "taxes are not part of an offer"),
    ("installationInterval", "indicative: no commitment of the seller's (MEF W160)"),
    ("elationship", "places are said with --a and --z"),
    ("/place", "places are said with --a and --z"),
    ("endOfTermAction", "what follows the term is not part of an offer"),
    ("rollInterval", "what follows the term is not part of an offer"),
)
_OTHERWISE: Final = "an Ethernet offer has no such field"


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A place in a file (a JSON pointer, RFC 6901) of which an offer says nothing, and why."""

    file: str
    pointer: str
    value: object
    reason: str


@dataclass(frozen=True, slots=True)
class Sonata:
    """What responses said: offers wanted, items that make no offer, and fields without a place."""

    wanted: tuple[Wanted, ...]
    left_out: tuple[Unmapped, ...]
    unmapped: tuple[Unmapped, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says that no response does: the ends, as places, and how far prices bind.

    Discovered prices are budgetary unless `firmness` says otherwise; a quote says its own level.
    """

    a: str
    z: str
    firmness: Firmness | None = None
    effective: datetime | None = None


@dataclass
class _File:
    name: str
    root: Node
    read: set[str]
    left_out: dict[str, Unmapped] = field(default_factory=dict)

    def leave_out(self, problem: LeftOut, item: Node) -> None:
        """Note that an item makes no offer."""
        at = problem.node
        value = at.value if isinstance(at.value, str | int) else None
        self.left_out[item.pointer] = Unmapped(self.name, at.pointer, value, problem.reason)


def read_sonata(files: Sequence[tuple[str, str]], said: Said) -> Sonata:
    """Read responses, each a name and its JSON, into the offers that they make together.

    Raises:
        SheetUnreadable: one is no JSON, or no response of the three kinds.
    """
    opened = [_opened(name, text) for name, text in files]
    wanted = [*_discovered(opened, said)]
    for file in opened:
        wanted += _quoted(file, said)
    twice = {each.offer_id for each in wanted if _count(wanted, each.offer_id) > 1}
    if twice:
        raise SheetUnreadable(f"two items are named {min(twice)}; give each response once")
    return Sonata(
        tuple(wanted),
        tuple(each for file in opened for each in file.left_out.values()),
        tuple(each for file in opened for each in _rest(file)),
    )


def _count(wanted: Sequence[Wanted], offer_id: str) -> int:
    return sum(each.offer_id == offer_id for each in wanted)


def _opened(name: str, text: str) -> _File:
    read: set[str] = set()
    root = Node(document_of(text), "", read)
    kinds = ("availableProductOfferingConfigurations", "pricingAndTerms", "quoteItem")
    if not any(isinstance(root[kind].value, list) for kind in kinds):
        raise SheetUnreadable(
            f"{name}: none of the responses of MEF LSO Sonata that say offers: a list named "
            f"{', '.join(kinds[:2])} or {kinds[2]}"
        )
    return _File(name, root, read)


def _discovered(files: Sequence[_File], said: Said) -> Iterator[Wanted]:
    priced: dict[str, _File] = {}
    for file in files:
        if file.root["pricingAndTerms"].is_there:
            named = file.root["productConfigurationIdentifier"].text()
            if named in priced:
                raise SheetUnreadable(f"two responses price {named}; give one")
            priced[named] = file
    for file in files:
        for item in file.root["availableProductOfferingConfigurations"]:
            prices = priced.pop(item["productConfigurationIdentifier"].text(), None)
            try:
                yield _discovered_item(file.root, item, prices, said)
            except LeftOut as problem:
                if prices is not None and problem.of_prices:
                    prices.leave_out(problem, prices.root)
                    problem = LeftOut(item, f"its price: {problem.reason}")
                file.leave_out(problem, item)
    for named, file in priced.items():
        reason = f"no configuration {named}: give the availability response as well"
        file.leave_out(LeftOut(file.root["productConfigurationIdentifier"], reason), file.root)


def _discovered_item(root: Node, item: Node, prices: _File | None, said: Said) -> Wanted:
    if prices is None:
        raise LeftOut(item, "no price: give the pricing response for it as well")
    _is_added(root["action"])
    _is_added(prices.root["action"])
    return _offer(
        item["productConfigurationIdentifier"].text(),
        item["productConfiguration"],
        charges_of(prices.root["pricingAndTerms"]),
        said,
        said.firmness or "budgetary",
    )


def _is_added(action: Node) -> None:
    if action.is_there and action.text() != "add":
        raise LeftOut(action, "not about a new product")


def _quoted(file: _File, said: Said) -> Iterator[Wanted]:
    quote = file.root
    items = list(quote["quoteItem"])
    until = _until(quote)
    for item in items:
        try:
            yield _quote_item(quote, item, items, said, until)
        except LeftOut as problem:
            file.leave_out(problem, item)


def _quote_item(
    quote: Node, item: Node, items: Sequence[Node], said: Said, until: datetime | None
) -> Wanted:
    for state in (quote["state"], item["state"]):
        if state.is_there and state.text() not in _ORDERABLE:
            raise LeftOut(state, "not in a state in which it can be ordered")
    _is_added(item["action"])
    prices = charges_of(item, quoted=True)
    level = quote["quoteLevel"] if quote["quoteLevel"].is_there else item["quoteLevel"]
    firmness = _FIRMNESS.get(level.text())
    if firmness is None:
        raise LeftOut(level, "its quote level is none of budgetary, firm, and firm with a check")
    if item["subjectToFeasibilityCheck"].flag() and firmness == "firm":
        firmness = "firm_subject_to_feasibility"
    others = [each for each in items if each.pointer != item.pointer]
    offer = _offer(
        f"{quote['id'].text()}.{item['id'].text()}",
        item["product"]["productConfiguration"],
        prices,
        said,
        firmness,
    )
    if any(each["quoteItemPrice"].value for each in others):
        raise LeftOut(item, "other items of the quote are priced apart: it would say too little")
    return replace(offer, until=until)


def _until(quote: Node) -> datetime | None:
    end = quote["validFor"]["endDateTime"]
    if not end.is_there:
        return None
    try:
        return moment_of(from_text(end.text()))
    except NoDate:
        raise SheetUnreadable(f"{end.pointer}: not a time") from None


def _offer(
    named: str, configuration: Node, prices: Prices, said: Said, firmness: Firmness
) -> Wanted:
    qualities = line_of(configuration)
    try:
        service = EthernetLine.model_validate(
            {
                **qualities,
                "a": said.a,
                "z": said.z,
                # Each configuration is a product of its own: within a deck one replaces the other.
                "deck": named,
                "charges": Charges(
                    one_off=prices.one_off,
                    recurring=prices.recurring,
                    terms=tuple(
                        TermStep(months=months, recurring=recurring, one_off=one_off)
                        for months, recurring, one_off in prices.terms
                    ),
                ),
            }
        )
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise LeftOut(configuration, f"{where}: {first['msg']}") from None
    return Wanted(
        named,
        service,
        currency=prices.currency,
        effective_at=said.effective,
        firmness=firmness,
    )


def _rest(file: _File) -> Iterator[Unmapped]:
    for pointer, value in unread(file.root, file.read):
        if any(pointer == gone or pointer.startswith(f"{gone}/") for gone in file.left_out):
            continue
        reason = next((why for part, why in _REASONS if part in pointer), _OTHERWISE)
        yield Unmapped(file.name, pointer, value, reason)
