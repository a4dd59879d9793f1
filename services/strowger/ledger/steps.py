"""The steps that lead to the ledger's schema; one that was released is never edited.

Times are milliseconds since 1970-01-01T00:00Z. Money is the wire's decimal text: exact, while an
SQLite integer of 1e-9 units would overflow on the dearest sales that the contract allows. What has
parts, such as a sale's service and the lines of its cost, is the wire's JSON.
"""

from collections.abc import Sequence
from typing import Final

Migration = Sequence[str]

_DECISION: Final = """
    partition INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
"""
_MADE_BY: Final = """FOREIGN KEY (partition, "offset") REFERENCES decisions (partition, "offset")"""

_FIRST: Final[Migration] = (
    """
    CREATE TABLE offsets (
        partition INTEGER PRIMARY KEY,
        next_offset INTEGER NOT NULL,
        last_offset INTEGER,
        last_event_id TEXT,
        CHECK ((last_offset IS NULL) = (last_event_id IS NULL))
    ) STRICT
    """,
    f"""
    CREATE TABLE decisions (
        {_DECISION}
        market TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        log_offset INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        rules_version INTEGER NOT NULL,
        command TEXT NOT NULL,
        participant TEXT NOT NULL,
        role TEXT NOT NULL,
        is_repeat INTEGER NOT NULL,
        recipient TEXT,
        event_id TEXT NOT NULL,
        causation_id TEXT NOT NULL,
        event_type TEXT NOT NULL,
        refusal TEXT,
        event TEXT NOT NULL,
        PRIMARY KEY (partition, "offset")
    ) STRICT
    """,
    "CREATE INDEX decisions_of_market ON decisions (market, sequence)",
    """
    CREATE INDEX decisions_refused ON decisions (market, refusal, at_ms)
    WHERE refusal IS NOT NULL
    """,
    f"""
    CREATE TABLE mentions (
        id TEXT NOT NULL,
        {_DECISION}
        PRIMARY KEY (id, partition, "offset"),
        {_MADE_BY}
    ) STRICT, WITHOUT ROWID
    """,
    f"""
    CREATE TABLE markets (
        market TEXT PRIMARY KEY,
        policy TEXT NOT NULL,
        currency TEXT NOT NULL,
        sessions TEXT NOT NULL,
        terms TEXT NOT NULL,
        declared_at_ms INTEGER NOT NULL,
        {_DECISION}
        {_MADE_BY}
    ) STRICT
    """,
    f"""
    CREATE TABLE offers (
        market TEXT NOT NULL,
        provider TEXT NOT NULL,
        offer_id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('standing', 'withdrawn')),
        changed_at_ms INTEGER NOT NULL,
        {_DECISION}
        PRIMARY KEY (market, provider, offer_id),
        {_MADE_BY}
    ) STRICT
    """,
    f"""
    CREATE TABLE sessions (
        market TEXT NOT NULL,
        buyer TEXT NOT NULL,
        session_id TEXT NOT NULL,
        opened_at_ms INTEGER NOT NULL,
        deadline_ms INTEGER NOT NULL,
        ended_at_ms INTEGER,
        end_reason TEXT,
        {_DECISION}
        PRIMARY KEY (market, buyer, session_id),
        CHECK ((ended_at_ms IS NULL) = (end_reason IS NULL)),
        {_MADE_BY}
    ) STRICT
    """,
    f"""
    CREATE TABLE requests (
        market TEXT NOT NULL,
        buyer TEXT NOT NULL,
        request_id TEXT NOT NULL,
        session_id TEXT,
        at_ms INTEGER NOT NULL,
        currency TEXT NOT NULL,
        able INTEGER NOT NULL,
        shown INTEGER NOT NULL,
        cheapest TEXT,
        {_DECISION}
        PRIMARY KEY (market, buyer, request_id),
        {_MADE_BY}
    ) STRICT
    """,
    f"""
    CREATE TABLE acceptances (
        market TEXT NOT NULL,
        contract_id TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        buyer TEXT NOT NULL,
        acceptance_id TEXT NOT NULL,
        session_id TEXT,
        request_id TEXT NOT NULL,
        provider TEXT NOT NULL,
        offer_id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        prefix TEXT NOT NULL,
        minutes INTEGER NOT NULL,
        rate_per_minute TEXT NOT NULL,
        cost TEXT NOT NULL,
        currency TEXT NOT NULL,
        {_DECISION}
        PRIMARY KEY (market, contract_id),
        UNIQUE (partition, "offset"),
        {_MADE_BY}
    ) STRICT
    """,
    "CREATE INDEX acceptances_in_time ON acceptances (market, at_ms)",
)

_SECOND: Final[Migration] = (
    f"""
    CREATE TABLE revisions (
        market TEXT NOT NULL,
        provider TEXT NOT NULL,
        offer_id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('standing', 'withdrawn')),
        effective_at_ms INTEGER NOT NULL,
        changed_at_ms INTEGER NOT NULL,
        {_DECISION}
        PRIMARY KEY (market, provider, offer_id, effective_at_ms),
        {_MADE_BY}
    ) STRICT, WITHOUT ROWID
    """,
    """
    INSERT INTO revisions
    SELECT market, provider, offer_id, revision, state, changed_at_ms, changed_at_ms,
        partition, "offset"
    FROM offers
    """,
    "DROP TABLE offers",
    """
    CREATE VIEW offers AS
    SELECT * FROM revisions AS last
    WHERE NOT EXISTS (
        SELECT 1 FROM revisions AS later
        WHERE later.market = last.market AND later.provider = last.provider
            AND later.offer_id = last.offer_id AND later.effective_at_ms > last.effective_at_ms
    )
    """,
    "ALTER TABLE requests ADD COLUMN near_misses INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE requests ADD COLUMN has_more INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE requests ADD COLUMN rates_version INTEGER",
    f"""
    CREATE TABLE pools (
        market TEXT NOT NULL,
        provider TEXT NOT NULL,
        pool TEXT NOT NULL,
        revision INTEGER NOT NULL,
        changed_at_ms INTEGER NOT NULL,
        {_DECISION}
        PRIMARY KEY (market, provider, pool),
        {_MADE_BY}
    ) STRICT
    """,
    f"""
    CREATE TABLE rates (
        market TEXT NOT NULL,
        version INTEGER NOT NULL,
        rates TEXT NOT NULL,
        declared_at_ms INTEGER NOT NULL,
        {_DECISION}
        PRIMARY KEY (market, version),
        {_MADE_BY}
    ) STRICT
    """,
    f"""
    CREATE TABLE sales (
        market TEXT NOT NULL,
        contract_id TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        buyer TEXT NOT NULL,
        acceptance_id TEXT NOT NULL,
        session_id TEXT,
        request_id TEXT NOT NULL,
        provider TEXT NOT NULL,
        offer_id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        family TEXT NOT NULL,
        service TEXT NOT NULL,
        quantity INTEGER NOT NULL,
        channels INTEGER NOT NULL,
        currency TEXT NOT NULL,
        cost TEXT NOT NULL,
        ranking_cost TEXT NOT NULL,
        rates_version INTEGER,
        prices TEXT NOT NULL,
        lines TEXT NOT NULL,
        comparison_months INTEGER NOT NULL,
        term_months INTEGER,
        renewal_assumed INTEGER NOT NULL,
        excludes TEXT NOT NULL,
        effective_at_ms INTEGER,
        starts_at_ms INTEGER NOT NULL,
        ends_at_ms INTEGER,
        {_DECISION}
        PRIMARY KEY (market, contract_id),
        UNIQUE (partition, "offset"),
        {_MADE_BY}
    ) STRICT
    """,
    # Of a sale from before, the event tells the service and its prices; what was not told then,
    # the lines of its cost and the codes that it excludes, is none.
    """
    INSERT INTO sales
    SELECT sale.market, contract_id, sale.at_ms, buyer, acceptance_id, session_id, request_id,
        provider, offer_id, revision,
        'voice', json_set(service, '$.family', 'voice'), minutes, 0, currency, cost, cost, NULL,
        json_object(
            'usage', rate_per_minute, 'usage_unit', 'minute',
            'connect_fee', json_extract(service, '$.connect_fee'),
            'minimum_seconds', json_extract(service, '$.minimum_seconds'),
            'increment_seconds', json_extract(service, '$.increment_seconds'),
            'one_off', '0', 'recurring', '0', 'terms', json('[]'), 'tiers', json('[]'),
            'tiering', 'graduated', 'minimum_monthly', '0'
        ),
        '[]', 1, NULL, 0, '[]', NULL, sale.at_ms, NULL, sale.partition, sale."offset"
    FROM acceptances AS sale
    JOIN (SELECT partition, "offset", json_extract(event, '$.service') AS service FROM decisions)
        USING (partition, "offset")
    """,
    "DROP TABLE acceptances",
    "ALTER TABLE sales RENAME TO acceptances",
    "CREATE INDEX acceptances_in_time ON acceptances (market, at_ms)",
)

# What a decision from before rests on was not told, nor of a session that its market was closed.
_THIRD: Final[Migration] = (
    "ALTER TABLE decisions ADD COLUMN rests_on TEXT NOT NULL DEFAULT '[]'",
    "CREATE INDEX decisions_of_log ON decisions (market, log_offset)",
    "ALTER TABLE sessions ADD COLUMN ended_by TEXT",
    """
    UPDATE sessions SET ended_by = CASE end_reason WHEN 'timed_out' THEN 'time' ELSE 'buyer' END
    WHERE end_reason IS NOT NULL
    """,
)

MIGRATIONS: Final[Sequence[Migration]] = (_FIRST, _SECOND, _THIRD)
