"""The ledger's read side, for CLI, portal and auditors: works while the ledger is being written."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal, TypeVar

import aiosqlite

from strowger.contract.market_terms import MarketTerms
from strowger.ledger.damage import named_if_damaged
from strowger.ledger.errors import LedgerMissing, SchemaTooNew, SchemaTooOld
from strowger.ledger.results import (
    Acceptance,
    Count,
    Decided,
    Market,
    Offer,
    Pool,
    Rates,
    Request,
    Revision,
    Session,
    result,
)
from strowger.ledger.schema import version
from strowger.ledger.steps import MIGRATIONS

SessionState = Literal["open", "ended"]

_T = TypeVar("_T")

_SERVICES: Final = "service:%"


class Ledger:
    """A ledger, read only: the newest first, save in a story; a filter of none filters nothing."""

    def __init__(self, database: aiosqlite.Connection) -> None:
        self._database = database

    async def markets(self) -> list[Market]:
        """Give every declared market, by name, as of the market time of its last decision."""
        return await self._all(
            Market,
            """
            WITH market_time AS MATERIALIZED (
                SELECT market, (
                    SELECT at_ms FROM decisions WHERE decisions.market = markets.market
                    ORDER BY sequence DESC LIMIT 1
                ) AS at_ms
                FROM markets
            )
            SELECT *, declared_at_ms AS declared_at,
                (SELECT count(*) FROM revisions AS due
                 WHERE due.market = markets.market AND due.state = 'standing'
                    AND due.effective_at_ms <= market_time.at_ms
                    AND NOT EXISTS (
                        SELECT 1 FROM revisions AS later
                        WHERE later.market = due.market AND later.provider = due.provider
                            AND later.offer_id = due.offer_id
                            AND later.effective_at_ms > due.effective_at_ms
                            AND later.effective_at_ms <= market_time.at_ms
                    )) AS standing_offers,
                (SELECT count(*) FROM sessions AS s
                 WHERE s.market = markets.market AND s.ended_at_ms IS NULL) AS open_sessions
            FROM markets
            JOIN market_time USING (market)
            ORDER BY market
            """,
        )

    async def terms(self, market: str) -> MarketTerms | None:
        """Give what a market declared of itself; none where it is not declared."""
        rows = await self._database.execute_fetchall(
            "SELECT terms FROM markets WHERE market = :market", {"market": market}
        )
        return next((MarketTerms.model_validate_json(row["terms"]) for row in rows), None)

    async def offers(self, market: str, provider: str) -> list[Offer]:
        """Give the last revision of each of a provider's offers, by id."""
        return await self._all(
            Offer,
            """
            SELECT offer_id, revision, state FROM offers
            WHERE market = :market AND provider = :provider ORDER BY offer_id
            """,
            {"market": market, "provider": provider},
        )

    async def revisions(
        self,
        market: str | None = None,
        *,
        provider: str | None = None,
        offer_id: str | None = None,
        limit: int = 50,
    ) -> list[Revision]:
        """Give the schedules of offers: what is in force and what is to come, by offer, in time."""
        return await self._all(
            Revision,
            """
            SELECT *, effective_at_ms AS effective_at, changed_at_ms AS changed_at FROM revisions
            WHERE (:market IS NULL OR market = :market)
                AND (:provider IS NULL OR provider = :provider)
                AND (:offer_id IS NULL OR offer_id = :offer_id)
            ORDER BY market, provider, offer_id, effective_at_ms LIMIT :limit
            """,
            {"market": market, "provider": provider, "offer_id": offer_id, "limit": limit},
        )

    async def pools(self, market: str | None = None, *, provider: str | None = None) -> list[Pool]:
        """Give capacity pools, by name."""
        return await self._all(
            Pool,
            """
            SELECT *, changed_at_ms AS changed_at FROM pools
            WHERE (:market IS NULL OR market = :market)
                AND (:provider IS NULL OR provider = :provider)
            ORDER BY market, provider, pool
            """,
            {"market": market, "provider": provider},
        )

    async def rates(self, market: str | None = None, *, limit: int = 50) -> list[Rates]:
        """Give the rates that markets declared, the last version first."""
        return await self._all(
            Rates,
            """
            SELECT *, declared_at_ms AS declared_at FROM rates
            WHERE (:market IS NULL OR market = :market)
            ORDER BY market, version DESC LIMIT :limit
            """,
            {"market": market, "limit": limit},
        )

    async def sessions(
        self,
        market: str | None = None,
        state: SessionState | None = None,
        *,
        buyer: str | None = None,
        limit: int = 50,
    ) -> list[Session]:
        """Give sessions, the last opened first."""
        return await self._all(
            Session,
            """
            SELECT *, opened_at_ms AS opened_at, deadline_ms AS deadline, ended_at_ms AS ended_at
            FROM sessions
            WHERE (:market IS NULL OR market = :market) AND (:buyer IS NULL OR buyer = :buyer)
                AND (:state IS NULL OR (ended_at_ms IS NULL) = (:state = 'open'))
            ORDER BY opened_at_ms DESC, "offset" DESC LIMIT :limit
            """,
            {"market": market, "state": state, "buyer": buyer, "limit": limit},
        )

    async def requests(
        self, market: str | None = None, *, buyer: str | None = None, limit: int = 50
    ) -> list[Request]:
        """Give answered requests."""
        return await self._all(
            Request,
            """
            SELECT *, at_ms AS at FROM requests
            WHERE (:market IS NULL OR market = :market) AND (:buyer IS NULL OR buyer = :buyer)
            ORDER BY at_ms DESC, "offset" DESC LIMIT :limit
            """,
            {"market": market, "buyer": buyer, "limit": limit},
        )

    async def acceptances(
        self,
        market: str | None = None,
        *,
        buyer: str | None = None,
        provider: str | None = None,
        limit: int = 50,
    ) -> list[Acceptance]:
        """Give sales."""
        return await self._all(
            Acceptance,
            """
            SELECT *, at_ms AS at, effective_at_ms AS effective_at, starts_at_ms AS starts_at,
                ends_at_ms AS ends_at
            FROM acceptances
            WHERE (:market IS NULL OR market = :market) AND (:buyer IS NULL OR buyer = :buyer)
                AND (:provider IS NULL OR provider = :provider)
            ORDER BY at_ms DESC, "offset" DESC LIMIT :limit
            """,
            {"market": market, "buyer": buyer, "provider": provider, "limit": limit},
        )

    async def refused(
        self,
        market: str | None = None,
        refusal: str | None = None,
        *,
        of_services: bool = False,
        limit: int = 50,
    ) -> list[Decided]:
        """Give refusals; those of the exchange's own services only when asked for.

        The market refuses each `timed_out`: the deadline itself has ended the session by then.
        """
        return await self._all(
            Decided,
            """
            SELECT *, at_ms AS at FROM decisions
            WHERE refusal IS NOT NULL AND (:market IS NULL OR market = :market)
                AND (:refusal IS NULL OR refusal = :refusal)
                AND (:of_services OR participant NOT LIKE :services)
            ORDER BY at_ms DESC, "offset" DESC LIMIT :limit
            """,
            {
                "market": market,
                "refusal": refusal,
                "of_services": of_services,
                "services": _SERVICES,
                "limit": limit,
            },
        )

    async def counts(self, market: str | None = None, *, of_services: bool = False) -> list[Count]:
        """Count answers by command, event and refusal; repeats and notices are left out."""
        return await self._all(
            Count,
            """
            SELECT command, event_type, refusal, count(*) AS decisions FROM decisions
            WHERE (:market IS NULL OR market = :market) AND role = 'answer' AND NOT is_repeat
                AND (:of_services OR participant NOT LIKE :services)
            GROUP BY command, event_type, refusal ORDER BY command, event_type, refusal
            """,
            {"market": market, "of_services": of_services, "services": _SERVICES},
        )

    async def story(self, of: str, market: str | None = None) -> list[Decided]:
        """Give every decision that names an id or was caused by it, in the order decided.

        The id may be an event's, or that of an offer, a pool, a session, a request, an acceptance
        or a contract.
        """
        return await self._all(
            Decided,
            """
            SELECT decisions.*, at_ms AS at FROM decisions
            JOIN mentions USING (partition, "offset")
            WHERE mentions.id = :id AND (:market IS NULL OR market = :market)
            ORDER BY at_ms, partition, "offset"
            """,
            {"id": of, "market": market},
        )

    async def decided_at(self, market: str, log_offsets: Iterable[int]) -> list[Decided]:
        """Give the decisions on commands that stand at these offsets of the log, in their order."""
        return await self._all(
            Decided,
            """
            SELECT *, at_ms AS at FROM decisions
            WHERE market = :market AND log_offset IN (SELECT value FROM json_each(:offsets))
            ORDER BY log_offset, partition, "offset"
            """,
            {"market": market, "offsets": json.dumps(sorted(set(log_offsets)))},
        )

    async def positions(self) -> dict[int, int]:
        """Give the offset that the ledger reads next, by partition of `decisions`."""
        rows = await self._database.execute_fetchall("SELECT partition, next_offset FROM offsets")
        return {row["partition"]: row["next_offset"] for row in rows}

    async def _all(
        self, kind: type[_T], query: str, filters: Mapping[str, object] | None = None
    ) -> list[_T]:
        rows = await self._database.execute_fetchall(query, filters or {})
        return [result(kind, row) for row in rows]


@asynccontextmanager
async def reading(path: Path) -> AsyncIterator[Ledger]:
    """Open a ledger to read it.

    Raises:
        LedgerMissing: there is no such file.
        SchemaTooNew: a newer release wrote it.
        SchemaTooOld: an older release wrote it, and this one's ledger service has not run since.
        LedgerDamaged: SQLite finds the file damaged.
    """
    with named_if_damaged(path):
        async with _reading(path) as ledger:
            yield ledger


@asynccontextmanager
async def _reading(path: Path) -> AsyncIterator[Ledger]:
    async with aiosqlite.connect(read_only(path), uri=True) as database:
        database.row_factory = aiosqlite.Row
        found = await version(database)
        if found > len(MIGRATIONS):
            raise SchemaTooNew(
                f"{path} has schema version {found}, this release knows {len(MIGRATIONS)}: "
                "use the release that wrote it, or a newer one"
            )
        if found < len(MIGRATIONS):
            raise SchemaTooOld(
                f"{path} has schema version {found}, this release reads {len(MIGRATIONS)}: "
                "run its ledger service once, which migrates the file"
            )
        yield Ledger(database)


def read_only(path: Path) -> str:
    """Give the URI that opens a ledger's file to be read.

    Raises:
        LedgerMissing: there is no such file.
    """
    if not path.exists():
        raise LedgerMissing(f"no ledger at {path}: start one with `strowger run ledger`")
    return f"{path.absolute().as_uri()}?mode=ro"
