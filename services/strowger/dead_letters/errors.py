"""Why a replay can't be begun, or is not finished yet; each message says what to do."""


class NotDecided(Exception):
    """Replays are written down, but matching has not applied them in time; none is lost."""


class OriginsPassed(Exception):
    """`dead-letters-handled` was made anew: matching has passed what it has yet to reach."""


class Overtaken(Exception):
    """Another operator's replay of notices took over, again and again."""
