"""Where a command acts: broker, market and participant, from flags, environment, profile."""

from dataclasses import dataclass

from strowger.broker.embedded import EmbeddedBroker
from strowger.profile import Profile, effective
from strowger.settings import Settings


class NotSaid(Exception):
    """The command needs to know something that nobody said; the message says how to."""


@dataclass(frozen=True)
class Place:
    """The settings in force, and the profile that they were filled from."""

    settings: Settings
    profile: Profile

    @property
    def bootstrap(self) -> str:
        """Give the broker's address: what was said, else this home's own running broker.

        Raises:
            NotSaid: neither is there.
        """
        if self.settings.bootstrap is not None:
            return self.settings.bootstrap
        own = EmbeddedBroker.from_settings(self.settings).status().bootstrap
        if own is None:
            raise NotSaid(
                "no Kafka is known: start one with `strowger broker start`, or give "
                "--bootstrap host:port or STROWGER_BOOTSTRAP"
            )
        return own

    @property
    def market(self) -> str:
        """Give the market to act in, or raise NotSaid."""
        return _said(self.settings.market, "market")

    @property
    def buyer(self) -> str:
        """Give the buyer to act as, or raise NotSaid."""
        return _said(self.settings.buyer, "buyer")

    @property
    def provider(self) -> str:
        """Give the provider to act as, or raise NotSaid."""
        return _said(self.settings.provider, "provider")

    def remember(self, **changes: object) -> None:
        """Save what the next command may leave out."""
        self.profile.model_copy(update=changes).save(self.settings.home)


def place(**flags: object) -> Place:
    """Read where to act: flags win over the environment, which wins over the profile.

    Raises:
        SettingsError: a key is unknown or a value can't be used.
        ProfileDamaged: the profile can't be read.
    """
    settings = Settings.load(**flags)
    profile = Profile.load(settings.home)
    return Place(effective(settings, profile), profile)


def _said(value: str | None, name: str) -> str:
    if value is None:
        raise NotSaid(f"no {name} was named: give --{name} or set STROWGER_{name.upper()}")
    return value
