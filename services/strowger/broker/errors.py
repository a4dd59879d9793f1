"""What can go wrong between us and Kafka, by name."""


class BrokerError(Exception):
    """Kafka can't be had as it was asked for; the message says what to do."""


class BrokerUnavailable(BrokerError):
    """No broker answered in time."""


class BrokerDied(BrokerError):
    """The embedded broker ended instead of serving; the message carries the end of its log."""


class BrokerStuck(BrokerError):
    """The embedded broker runs but did not serve, or did not end, in time."""


class JarsUnavailable(BrokerError):
    """Kafka's jars could not be fetched, or are not the ones we know."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the embedded broker can't be had: {reason}\n"
            "Use a Kafka of your own (STROWGER_BOOTSTRAP=host:port), or `docker compose up`."
        )
