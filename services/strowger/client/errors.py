"""What can go wrong between a participant and the exchange, other than being refused."""


class ClientError(Exception):
    """The base of everything that the SDK raises about the exchange."""


class InboxMissing(ClientError):
    """The participant has no inbox: the operator has not added it."""

    def __init__(self, participant: str) -> None:
        super().__init__(
            f"the exchange has no inbox for {participant!r}: "
            f"its operator must run `strowger participant add {participant}`"
        )
        self.participant = participant


class InboxGap(ClientError):
    """The inbox no longer holds, or does not yet hold, the position that was asked for."""

    def __init__(self, position: int, first: int, end: int) -> None:
        super().__init__(
            f"the inbox holds positions {first} to {end}, not {position}: "
            "leave the position out to begin at its end"
        )
        self.position = position
        self.first = first
        self.end = end


class InboxFailed(ClientError):
    """The inbox can't be read any more; make a new client. The cause is attached."""


class NotSent(ClientError):
    """The broker turned the event away before storing it: nothing will come of it."""

    def __init__(self, id: str, reason: object) -> None:  # noqa: A002 - the attribute's name
        super().__init__(f"{id} was not sent: {reason!r}")
        self.id = id


class OutcomeUnknown(ClientError):
    """No answer came after sending: it may have been decided, it may still be.

    `id` is the id that the question was about. After an acceptance, `await buyer.outcome(id)` tells
    what became of it; never accept again under another id before that.
    """

    def __init__(self, id: str, market: str, reason: str) -> None:  # noqa: A002 - the attribute's name
        super().__init__(f"the outcome of {id} in market {market} is not known: {reason}")
        self.id = id
        self.market = market


class NoticesLost(ClientError):
    """An iterator of notices was read too slowly, and its oldest `count` notices are gone.

    Iterating again goes on with those that are left. The ledger and `decisions` have them all.
    """

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} notices came faster than they were read, and are gone")
        self.count = count


class FeedClosed(ClientError):
    """A market's book can't be followed: its policy, or its operator, closes the feed."""

    def __init__(self, market: str) -> None:
        super().__init__(
            f"there is no feed of market {market!r} to follow: only an open or a snapshot market "
            "has one; where the policy lets providers read, ask for the book instead"
        )
        self.market = market


class FeedIncomplete(ClientError):
    """What is kept of a market's feed does not add up to what it says is listed: tell the operator.

    `strowger audit` names the record that is missing or was changed.
    """

    def __init__(self, market: str) -> None:
        super().__init__(
            f"the feed of market {market!r} does not add up to what it says is listed: "
            "ask for the book instead, and tell the exchange's operator"
        )
        self.market = market
