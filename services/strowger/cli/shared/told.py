"""Say in a few words what an event means; the tables of `watch` and `ledger` read so."""

from strowger.cli.shared.output import amount
from strowger.contract.outbound import (
    AcceptanceConfirmed,
    Event,
    EventRefused,
    MarketDeclared,
    OfferRemoved,
    OffersMatched,
    OfferSold,
    OfferStored,
    SessionEnded,
    SessionGranted,
)


def told(event: Event) -> str:  # noqa: PLR0911 - one return an event
    """Say what happened, with rich's markup for what matters."""
    match event:
        case AcceptanceConfirmed():
            return f"[green]sold[/green] {_sale(event)}"
        case EventRefused():
            return f"[red]refused[/red] {event.subject}: {event.refusal}"
        case OffersMatched():
            return f"showed {len(event.matches)} of {event.able} offers for {event.request_id}"
        case SessionGranted():
            return f"session {event.session_id} until {event.deadline:%H:%M:%S} UTC"
        case SessionEnded():
            return f"session {event.session_id} {event.reason.replace('_', ' ')}"
        case OfferStored():
            return f"stored {event.offer_id} at revision {event.revision}"
        case OfferRemoved():
            return f"removed {event.offer_id}"
        case OfferSold():
            left = "" if event.remaining is None else f", {event.remaining:,} left"
            return f"told {event.buyer} bought {_sale(event)}{left}"
        case MarketDeclared():
            return f"declared in {event.terms.currency}"


def _sale(event: AcceptanceConfirmed | OfferSold) -> str:
    return (
        f"{event.service.minutes:,} min of {event.offer_id} "
        f"for {amount(event.cost)} {event.currency} ({event.contract_id})"
    )
