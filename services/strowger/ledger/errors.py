"""Why a ledger's file cannot be used; each message says what to do."""


class LedgerError(Exception):
    """The ledger's file, or what it holds, cannot be used."""


class LedgerMissing(LedgerError):
    """There is no ledger in that place."""


class SchemaTooNew(LedgerError):
    """A newer release wrote the file."""


class SchemaTooOld(LedgerError):
    """An older release wrote the file, and only the ledger service may migrate it."""


class NotInLedger(LedgerError):
    """The ledger has nothing of what was asked for."""


class SeveralOfThem(LedgerError):
    """What was asked for is in the ledger more than once: of several markets or participants."""


class AheadOfTopic(LedgerError):
    """The ledger has read further than `decisions` goes: the topic was made anew."""


class OtherTopic(LedgerError):
    """The ledger's last decision is not the one that `decisions` has in its place."""


class DecisionsGone(LedgerError):
    """Retention deleted decisions that the ledger has not read."""
