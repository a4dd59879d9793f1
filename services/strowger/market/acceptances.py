"""Rules of acceptances: one shown offer, as it was shown, while it may be (claims 1, 2, 3, 9)."""

from dataclasses import dataclass

import msgspec
from pydantic import TypeAdapter

from strowger.contract.commands import AcceptOffer, TellOutcome
from strowger.contract.fields import from_millis
from strowger.contract.normal import Terms
from strowger.contract.outbound import Event
from strowger.contract.refusals import Refusal
from strowger.contract.sales import AcceptanceConfirmed, OfferSold
from strowger.contract.topics import MAX_ANSWER_BYTES
from strowger.market.answers import contract
from strowger.market.book import Book
from strowger.market.capacity import channels_left, take, units_left
from strowger.market.coverage import longer_codes
from strowger.market.deferral import withholds
from strowger.market.digests import event_id
from strowger.market.entities import Key, Offer, Request, Revised, Session, Shown, Withheld
from strowger.market.hiding import meant, unmasking
from strowger.market.holding import consume
from strowger.market.registry import FAMILIES
from strowger.market.scopes import Item, Viewer
from strowger.market.sessions import usable
from strowger.market.verdict import Denied, Granted, Notice, Verdict

_EVENTS: TypeAdapter[Event] = TypeAdapter(Event)


def accept(book: Book, command: AcceptOffer) -> Verdict:  # noqa: PLR0911 - one return a refusal
    """Sell the whole request from one shown offer, or nothing."""
    denied = usable(book, command.participant, command.session_id) or unmasking(book, command)
    if denied is not None:
        return denied
    command = meant(book, command)
    request = book.request(command.participant, command.request_id)
    if request is None:
        return Denied(Refusal.REQUEST_UNKNOWN, "no request of yours has this id in this market")
    if request.session_id != command.session_id:
        return Denied(Refusal.OTHER_SESSION)
    hides = book.state.providers_hidden
    shown = _shown(request, command)
    if shown is None:
        return Denied(Refusal.NOT_SHOWN)
    if request.valid_until_ms is not None and book.clock_ms >= request.valid_until_ms:
        return Denied(Refusal.MATCH_EXPIRED)
    offer = book.offer(command.provider, command.offer_id)
    revised = None if offer is None else offer.in_force(book.sale_view_ms(request))
    if offer is None or revised is None or revised.terms is None:
        return Denied(Refusal.OFFER_GONE)
    if offer.provider in book.suspended:
        return Denied(Refusal.OFFER_GONE, "" if hides else "its provider is suspended")
    if revised.revision != command.revision:
        stands = f"revision {revised.revision} stands now"
        return Denied(Refusal.OFFER_CHANGED, "" if hides else stands)
    if revised.firmness != "firm":
        return Denied(Refusal.NOT_FIRM, f"it is {revised.firmness.replace('_', ' ')}")
    sale = _Sale(book, command, request, shown, offer, revised, revised.terms)
    denied = sale.short_of_capacity()
    return sale.make() if denied is None else denied


def tell_outcome(book: Book, command: TellOutcome) -> Verdict:
    """Give the answer that an acceptance got; nothing is decided by asking."""
    remembered = book.remembered(command.participant, f"acceptance {command.acceptance_id}")
    if remembered is None:
        return Denied(Refusal.ACCEPTANCE_UNKNOWN)
    event = _EVENTS.validate_json(bytes(remembered.answer))
    event = event.model_copy(update={"causation_id": command.causation_id})
    return Granted(event, repeat=True)


def _shown(request: Request, command: AcceptOffer) -> Shown | None:
    wanted = (command.provider, command.offer_id, command.revision)
    for shown in request.shown:
        if (shown.provider, shown.offer_id, shown.revision) == wanted:
            return shown
    return None


@dataclass(frozen=True, slots=True)
class _Sale:
    """One shown offer, as it stands, about to be sold."""

    book: Book
    command: AcceptOffer
    request: Request
    shown: Shown
    offer: Offer
    revised: Revised
    terms: Terms

    def short_of_capacity(self) -> Denied | None:
        """Refuse what the offer or its pool has no room for."""
        family, need = FAMILIES[self.terms.family], self.request.need
        # For whom some is held there is what is not sold: what others hold never is of that.
        holder = self.shown.held is not None
        units = units_left(self.book, self.offer, self.revised, holder=holder)
        if units is not None and units < family.takes(self.terms, need):
            return Denied(Refusal.CAPACITY_EXHAUSTED, f"{units} {family.unit} are left")
        channels = channels_left(self.book, self.offer.provider, self.revised, holder=holder)
        if channels is not None and channels < need.channels:
            return Denied(Refusal.CAPACITY_EXHAUSTED, f"{channels} channels are left")
        return None

    def make(self) -> Verdict:
        """Sell: freeze the contract for both parties, if a record can hold it; take the capacity.

        Only the codes that it excludes can be too many: a larger record would not be written, and
        the market would stand.
        """
        book, command, need = self.book, self.command, self.request.need
        frozen = contract(
            at=from_millis(book.clock_ms),
            request=self.request,
            revised=self.revised,
            shown=self.shown,
            excludes=self._excludes(),
        )
        contract_id = self._contract_id()
        confirmed = AcceptanceConfirmed(
            **book.stamp(command),
            **frozen,
            contract_id=contract_id,
            acceptance_id=command.acceptance_id,
            session_id=command.session_id,
            request_id=command.request_id,
            buyer=command.participant,
            provider=self.offer.provider,
        )
        size = len(confirmed.encoded)
        if size > MAX_ANSWER_BYTES:
            detail = f"it excludes {len(confirmed.excludes)} longer codes, which make {size} bytes"
            return Denied(
                Refusal.ANSWER_TOO_LARGE, f"{detail}; a contract holds {MAX_ANSWER_BYTES}"
            )
        units = FAMILIES[self.terms.family].takes(self.terms, need)
        consume(book, self.request, self.shown)
        offer = book.offer(self.offer.provider, self.offer.offer_id) or self.offer
        sold = take(book, offer, self.revised, units, need.channels)
        left, channels = self._left(sold)
        notice = OfferSold(
            **book.stamp(command),
            **frozen,
            contract_id=contract_id,
            buyer=command.participant,
            remaining=left,
            remaining_channels=channels,
        )
        until = self._withheld_until()
        if until is not None:
            self._withhold(until, confirmed, notice)
            return Granted(confirmed)
        public = (Notice(None, confirmed),) if self._tells_no_session else ()
        return Granted(confirmed, (*public, Notice(self.offer.provider, notice)))

    @property
    def _tells_no_session(self) -> bool:
        return withholds(self.book) and self.book.rules.tells_no_session

    def _left(self, sold: Offer) -> tuple[int | None, int | None]:
        """Give the units and channels that are left, as far as the provider may be told."""
        if self._tells_no_session:
            return None, None  # they turn on what sessions that are open bought and hold
        units = units_left(self.book, sold, self.revised)
        return units, channels_left(self.book, sold.provider, self.revised)

    def _contract_id(self) -> str:
        """Name the contract: as the decision that makes it, whose number counts all that went on.

        Where that would tell of sessions, by its cause, which is its buyer's own.
        """
        book, command = self.book, self.command
        if not self._tells_no_session:
            return f"{book.market}-{book.state.sequence + 1}"
        cause = (command.participant, command.acceptance_id, command.causation_id)
        return f"{book.market}-{event_id('contract', book.market, *cause, str(book.clock_ms))}"

    def _withheld_until(self) -> Key | None:
        """Give the session before whose end nobody but the buyer hears of the sale; none: at once.

        A sale without a session tells which revision stood, and so that a session keeps a later one
        waiting: it waits for the last to end of those that may do so now.
        """
        book, command = self.book, self.command
        if command.session_id is not None:
            session = ("session", book.market, command.participant, command.session_id)
            return session if withholds(book) else None
        if not self._tells_no_session:
            return None
        guarded = book.state.policy == "guarded"
        concerned = book.sittings.concerning(self.offer.provider if guarded else None)
        return max(concerned, key=self._deadline, default=None)

    def _deadline(self, session: Key) -> tuple[int, Key]:
        row = self.book.store.get(session)
        if not isinstance(row, Session):
            raise TypeError(f"{session} is no session")
        return row.deadline_ms, session

    def _withhold(self, session: Key, confirmed: AcceptanceConfirmed, notice: OfferSold) -> None:
        """Keep the sale from its provider and the public until the session ends."""
        book = self.book
        _, _, buyer, session_id = session
        number = f"{book.state.sequence:016d}"
        book.store.put(
            ("withheld", book.market, buyer, session_id, number),
            Withheld(
                buyer=buyer,
                session_id=session_id,
                confirmed=msgspec.Raw(confirmed.encoded),
                notice=msgspec.Raw(notice.encoded),
                log_offset=book.log_offset,
            ),
        )

    def _excludes(self) -> tuple[str, ...]:
        """Name the longer codes that the deck priced apart when the offer was shown."""
        if not FAMILIES[self.terms.family].counts_calls:
            return ()
        command, need = self.command, self.request.need
        key = ("offer", self.book.market, self.offer.provider, self.offer.offer_id)
        item = Item(key, self.revised, None)
        viewer = Viewer(command.participant, self.book.sale_view_ms(self.request))
        origin = str(need.extra.get("origin", ""))
        prefix = self.terms.scope[0]
        longer = longer_codes(self.book.scopes, item, prefix, origin, viewer)
        shown_at_ms = self.request.shown_at_ms
        return tuple(sorted({code for code, from_ms in longer if from_ms <= shown_at_ms}))
