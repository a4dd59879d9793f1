-- Voice in SQLite. Scopes and decks are integers from dictionaries that the harness keeps; codecs
-- are a bit mask. Statements end with a semicolon; a line that ends with `-- if <clause>` is left
-- out of a query that does not ask for the clause.

-- name: schema
CREATE TABLE voice (
  provider INTEGER NOT NULL, number INTEGER NOT NULL, scope INTEGER NOT NULL, deck INTEGER NOT NULL,
  from_ms INTEGER NOT NULL, since INTEGER NOT NULL,
  rate INTEGER NOT NULL, fee INTEGER NOT NULL, minimum INTEGER NOT NULL, increment INTEGER NOT NULL,
  capacity INTEGER, asr_percent INTEGER, acd_seconds INTEGER, pdd_ms INTEGER, channels INTEGER,
  codecs INTEGER, cli TEXT
);

-- name: indexes
CREATE UNIQUE INDEX voice_offer ON voice (number);
-- Covering: a request reads the offers of each of its scopes, and nothing else, from this index.
CREATE INDEX voice_scope ON voice (
  scope, asr_percent, acd_seconds, pdd_ms, channels, codecs, cli, capacity,
  rate, fee, minimum, increment, deck, from_ms, since, provider, number
);
-- Whether a deck has an offer for a longer code.
CREATE INDEX voice_deck ON voice (deck, scope);


ANALYZE;

-- name: ask
WITH keys(scope, level) AS (VALUES {keys})
SELECT
  count(*) OVER (),
  :calls * :months * o.fee
    + (2 * :calls * :months * o.rate * max(o.minimum, (:seconds + o.increment - 1) / o.increment * o.increment) + 60) / 120
    AS cost,
  o.provider, o.number
FROM keys CROSS JOIN voice AS o ON o.scope = keys.scope
WHERE (o.capacity IS NULL OR o.capacity >= :quantity)
  AND o.asr_percent >= :asr_percent -- if asr_percent
  AND o.acd_seconds >= :acd_seconds -- if acd_seconds
  AND o.pdd_ms <= :pdd_ms -- if pdd_ms
  AND o.channels >= :channels -- if channels
  AND o.codecs & :codecs = :codecs -- if codecs
  AND o.cli = :cli -- if cli
  AND NOT EXISTS (
    SELECT 1 FROM voice AS v
    WHERE v.deck = o.deck
      AND v.scope IN (SELECT finer.scope FROM keys AS finer WHERE finer.level > keys.level)
  )
ORDER BY cost, o.from_ms, o.since, o.provider, o.number
LIMIT 10;

-- name: remove
DELETE FROM voice WHERE number = :number;

-- name: insert
INSERT INTO voice VALUES (
  :provider, :number, :scope, :deck, :from_ms, :since, :rate, :fee, :minimum, :increment, :capacity,
  :asr_percent, :acd_seconds, :pdd_ms, :channels, :codecs, :cli
);

-- name: update
UPDATE voice SET
  from_ms = :from_ms, since = :since, rate = :rate, fee = :fee, minimum = :minimum,
  increment = :increment, capacity = :capacity, asr_percent = :asr_percent,
  acd_seconds = :acd_seconds, pdd_ms = :pdd_ms, channels = :channels, codecs = :codecs, cli = :cli
WHERE number = :number;
