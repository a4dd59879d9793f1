"""What every participant's client has: a link, its opening and closing, and notices."""

from pathlib import Path
from types import TracebackType
from typing import Final, Self

from strowger import keys
from strowger.broker.access import as_user
from strowger.client.errors import ClientError
from strowger.client.link import Link
from strowger.client.notices import Notices
from strowger.contract.signatures import SigningKey
from strowger.keys import KeyUnusable
from strowger.settings import Settings

TIMEOUT_SECONDS: Final = 30.0
"""Long enough for the exchange to take a market over after its matching process was killed."""


class Participant:
    """A participant's client. `timeout` is the longest that one call waits, in seconds.

    The inbox is read from its end, or from `inbox_position`, where an earlier client stopped
    (`client.inbox_position`), so that notices in between are not missed.

    Events are signed with `key`, a private key or the file of one; without it with the key that the
    home keeps for the participant, as `strowger keys new` puts it there.
    """

    def __init__(
        self,
        participant: str,
        *,
        bootstrap: str,
        timeout: float = TIMEOUT_SECONDS,
        inbox_position: int | None = None,
        key: SigningKey | Path | str | None = None,
    ) -> None:
        self.participant = participant
        self._bootstrap = bootstrap
        self._timeout = timeout
        self._inbox_position = inbox_position
        self._key = key
        self._opened: Link | None = None

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            NoCredentials: the participant's password isn't kept on this machine.
            BrokerUnavailable: no broker answers within the timeout.
            InboxMissing: the participant was not added.
            InboxGap: the inbox does not hold the given position.
            KeyUnusable: there is no key, its file can't be read, or others may read it too.
        """
        link = Link(
            self.participant,
            bootstrap=as_user(self._bootstrap, self.participant),
            timeout=self._timeout,
            inbox_position=self._inbox_position,
            key=self._signing_key(),
        )
        await link.open()
        self._opened = link
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._link.close()

    def _signing_key(self) -> SigningKey | None:
        match self._key:
            case SigningKey() as key:
                return key
            case None:
                settings = Settings.load()
                found = keys.kept(settings.keys_dir, self.participant)
                if found is None and settings.authentication == "required":
                    raise KeyUnusable(_no_key(self.participant, settings.keys_dir))
                return found
            case path:
                return keys.read(Path(path))

    @property
    def _link(self) -> Link:
        if self._opened is None:
            raise ClientError("the client is not connected: use it in `async with`")
        return self._opened

    @property
    def inbox_position(self) -> int:
        """Give the position of the first record of the inbox that was not read yet."""
        return self._link.inbox.position

    def notices(self) -> Notices:
        """Collect from now on what the exchange tells unasked: sessions ended, offers sold.

        A session's end that a call of this client asked for is that call's answer, and no notice.

        >>> async for notice in provider.notices():  # doctest: +SKIP
        ...     print(notice)
        """
        return self._link.notices()


def _no_key(participant: str, directory: Path) -> str:
    return (
        f"no key of {participant} in {directory}: make one with `strowger keys new {participant}` "
        "and have its public part registered, or give the file of one as `key`"
    )
