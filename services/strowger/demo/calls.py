"""What the demo reads off an offer of calls that was shown."""

from decimal import Decimal

from strowger.client import ShownOffer
from strowger.contract.voice import VoiceCost, VoiceShown
from strowger.demo.narrator import Unexpected


def calls_of(shown: ShownOffer) -> VoiceShown:
    """Give the calls that are offered.

    Raises:
        Unexpected: it offers something else.
    """
    if not isinstance(shown.service, VoiceShown):
        raise Unexpected(f"offer {shown.offer_id} was to be of calls")
    return shown.service


def rate_of(shown: ShownOffer) -> Decimal:
    """Give the price of a minute.

    Raises:
        Unexpected: it offers something else.
    """
    if not isinstance(shown.breakdown, VoiceCost):
        raise Unexpected(f"offer {shown.offer_id} was to be of calls")
    return shown.breakdown.rate_per_minute
