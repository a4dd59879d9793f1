"""Say in a few words what an event means; the tables of `watch` and `ledger` read so."""

from strowger.cli.shared.output import amount
from strowger.cli.shared.services import how_much
from strowger.contract.book import BookRead
from strowger.contract.matches import OffersMatched
from strowger.contract.outbound import (
    AccessControlled,
    CapacityStored,
    ChangeTaken,
    Event,
    EventRefused,
    MarketControlled,
    MarketDeclared,
    OfferRemoved,
    OfferStored,
    RatesDeclared,
    SessionEnded,
    SessionGranted,
)
from strowger.contract.sales import AcceptanceConfirmed, OfferSold


def told(event: Event) -> str:  # noqa: C901, PLR0911, PLR0912 - one return an event
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
            return f"session {event.session_id} {_ending(event)}"
        case OfferStored():
            return f"stored {event.offer_id} at revision {event.revision}{_from(event)}"
        case OfferRemoved():
            return f"removed {event.offer_id}{_from(event)}"
        case OfferSold():
            left = "" if event.remaining is None else f", {event.remaining:,} left"
            return f"told {event.buyer} bought {_sale(event)}{left}"
        case MarketDeclared():
            return f"declared in {event.terms.currency}"
        case RatesDeclared():
            worth = ", ".join(f"{name} {amount(rate)}" for name, rate in event.rates.items())
            return f"rates version {event.version}: {worth}"
        case ChangeTaken():
            return f"took {event.subject} at revision {event.revision}, as the policy lets it"
        case BookRead():
            held = ", some withheld" if event.withheld else ""
            return f"showed {len(event.entries)} offers of the stored set{held}"
        case AccessControlled(action=action, subject=subject):
            return f"{action} {subject}"
        case MarketControlled():
            return " ".join(part for part in (event.action, event.participant) if part)
        case CapacityStored():
            return f"pool {event.pool} holds what revision {event.revision} says"


def _ending(event: SessionEnded) -> str:
    if event.ended_by == "operator":
        return "ended with its market"
    return event.reason.replace("_", " ")


def _from(event: OfferStored | OfferRemoved) -> str:
    if event.effective_at <= event.at:
        return ""
    return f" from {event.effective_at:%Y-%m-%d %H:%M} UTC"


def _sale(event: AcceptanceConfirmed | OfferSold) -> str:
    return (
        f"{how_much(event.quantity, event.service)} of {event.offer_id} "
        f"for {amount(event.cost)} {event.currency} ({event.contract_id})"
    )
