"""Where a command acts: broker, market and participant, from flags, environment, profile."""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from strowger.broker.access import Bootstrap, meet
from strowger.broker.connections import wait_for_broker
from strowger.broker.embedded import EmbeddedBroker
from strowger.contract.fields import Currency, MarketId, ParticipantId, Reference
from strowger.contract.fields import Place as MapPlace
from strowger.profile import Profile, effective
from strowger.settings import Settings

PATIENCE_SECONDS: Final = 5
"""How long a person waits to be told that nobody answers."""

_SLUG: Final = "1 to 48 lower-case letters, digits and dashes, the first no dash"
_REFERENCE: Final = "1 to 80 letters, digits and . _ : ~ -, the first a letter or digit"
_FORMS: Final[dict[str, tuple[Any, str]]] = {
    "market": (MarketId, _SLUG),
    "participant": (ParticipantId, _SLUG),
    "buyer": (ParticipantId, _SLUG),
    "provider": (ParticipantId, _SLUG),
    "place": (MapPlace, "a country, a metro in it or a site in that: GB, GB/LON, GB/LON/thn2"),
    "currency": (Currency, "an ISO 4217 code such as EUR"),
    "session": (Reference, _REFERENCE),
    "request": (Reference, _REFERENCE),
    "acceptance": (Reference, _REFERENCE),
    "offer": (Reference, _REFERENCE),
    "pool": (Reference, _REFERENCE),
}


class NotSaid(Exception):
    """The command needs to know something that nobody said; the message says how to."""


@dataclass(frozen=True)
class Place:
    """The settings in force, and the profile that they were filled from."""

    settings: Settings
    profile: Profile
    elsewhere: bool = False
    """Whether a flag named the broker: what this home's ledger has may then be another's."""

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

    def meet(self, user: str) -> Bootstrap:
        """Give the broker's address, to be met as this user.

        Raises:
            NotSaid: none is known.
            NoCredentials: the user's password isn't kept here.
        """
        return meet(self.settings, self.bootstrap, user)

    async def broker(self, user: str) -> Bootstrap:
        """Give the broker's address once it answers this user; see `meet`.

        Raises:
            BrokerUnavailable: it does not answer while a person waits.
        """
        bootstrap = self.meet(user)
        await wait_for_broker(bootstrap, PATIENCE_SECONDS)
        return bootstrap

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
    return Place(
        effective(settings, profile), profile, elsewhere=flags.get("bootstrap") is not None
    )


def checked(kind: str, value: str) -> str:
    """Give an id or a code back as it was said.

    Raises:
        NotSaid: it is none of this kind; the message says what one looks like.
    """
    form, looks = _FORMS[kind]
    adapter: TypeAdapter[str] = TypeAdapter(form)
    try:
        return adapter.validate_python(value)
    except ValidationError:
        raise NotSaid(f"{value!r} names no {kind}: {looks}") from None


def _said(value: str | None, name: str) -> str:
    if value is None:
        raise NotSaid(f"no {name} was named: give --{name} or set STROWGER_{name.upper()}")
    return checked(name, value)
