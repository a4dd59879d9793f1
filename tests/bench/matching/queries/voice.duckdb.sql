-- Voice in DuckDB; scopes, decks, codecs and `-- if` as in voice.sqlite.sql.

-- name: schema
CREATE TABLE voice (
  provider INTEGER NOT NULL, number INTEGER NOT NULL, scope INTEGER NOT NULL, deck INTEGER NOT NULL,
  from_ms BIGINT NOT NULL, since BIGINT NOT NULL,
  rate BIGINT NOT NULL, fee BIGINT NOT NULL, minimum INTEGER NOT NULL, increment INTEGER NOT NULL,
  capacity BIGINT, asr_percent INTEGER, acd_seconds INTEGER, pdd_ms INTEGER, channels INTEGER,
  codecs INTEGER, cli VARCHAR
);

-- name: load
-- In the order of scopes, so that the extremes of each block of rows rule most blocks out.
INSERT INTO voice SELECT
  provider, number, scope, deck, from_ms, since, rate, fee, minimum, increment, capacity,
  asr_percent, acd_seconds, pdd_ms, channels, codecs, cli
FROM read_csv($file, header = true, nullstr = '') ORDER BY scope;

-- name: indexes
CREATE INDEX voice_scope ON voice (scope);
CREATE UNIQUE INDEX voice_offer ON voice (number);

-- name: ask
WITH keys(scope, level) AS (VALUES {keys}),
led AS (
  SELECT o.*, keys.level, max(keys.level) OVER (PARTITION BY o.deck) AS finest
  FROM voice AS o JOIN keys ON keys.scope = o.scope
  WHERE o.scope IN ({scopes})
)
SELECT
  count(*) OVER (),
  $calls * $months * fee
    + (2 * $calls * $months * rate * greatest(minimum, ($seconds + increment - 1) // increment * increment) + 60) // 120
    AS cost,
  provider, number
FROM led
WHERE level = finest
  AND (capacity IS NULL OR capacity >= $quantity)
  AND asr_percent >= $asr_percent -- if asr_percent
  AND acd_seconds >= $acd_seconds -- if acd_seconds
  AND pdd_ms <= $pdd_ms -- if pdd_ms
  AND channels >= $channels -- if channels
  AND codecs & $codecs = $codecs -- if codecs
  AND cli = $cli -- if cli
ORDER BY cost, from_ms, since, provider, number
LIMIT 10;

-- name: remove
DELETE FROM voice WHERE number = $number;

-- name: put
INSERT OR REPLACE INTO voice VALUES (
  $provider, $number, $scope, $deck, $from_ms, $since, $rate, $fee, $minimum, $increment, $capacity,
  $asr_percent, $acd_seconds, $pdd_ms, $channels, $codecs, $cli
);
