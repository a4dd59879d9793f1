-- Ethernet in DuckDB; scopes, decks and `-- if` as in voice.sqlite.sql.

-- name: schema
CREATE TABLE ethernet (
  provider INTEGER NOT NULL, number INTEGER NOT NULL, scope INTEGER NOT NULL, deck INTEGER NOT NULL,
  from_ms BIGINT NOT NULL, since BIGINT NOT NULL,
  one_off BIGINT NOT NULL, recurring BIGINT,
  term_months INTEGER, term_recurring BIGINT, term_one_off BIGINT,
  capacity BIGINT, cir_mbps INTEGER NOT NULL, class_of_service VARCHAR, interfaces VARCHAR,
  delay_ms INTEGER, loss_percent INTEGER, availability_percent INTEGER, install_days INTEGER
);

-- name: load
INSERT INTO ethernet SELECT
  provider, number, scope, deck, from_ms, since, one_off, recurring, term_months, term_recurring,
  term_one_off, capacity, cir_mbps, class_of_service, interfaces, delay_ms, loss_percent,
  availability_percent, install_days
FROM read_csv($file, header = true, nullstr = '') ORDER BY scope;

-- name: indexes
CREATE INDEX ethernet_scope ON ethernet (scope);
CREATE UNIQUE INDEX ethernet_offer ON ethernet (number);

-- name: ask
WITH keys(scope, level) AS (VALUES {keys}),
led AS (
  SELECT o.*, keys.level, max(keys.level) OVER (PARTITION BY o.deck) AS finest
  FROM ethernet AS o JOIN keys ON keys.scope = o.scope
  WHERE o.scope IN ({scopes})
)
SELECT
  count(*) OVER (),
  least(
    one_off + recurring * $months,
    CASE WHEN term_months <= $longest THEN term_one_off + term_recurring * $months END
  ) AS cost,
  provider, number
FROM led
WHERE level = finest
  AND (capacity IS NULL OR capacity >= $quantity)
  AND (recurring IS NOT NULL OR term_months <= $longest)
  AND cir_mbps >= $cir_mbps -- if cir_mbps
  AND class_of_service = $class_of_service -- if class_of_service
  AND interfaces = $interfaces -- if interfaces
  AND delay_ms <= $delay_ms -- if delay_ms
  AND loss_percent <= $loss_percent -- if loss_percent
  AND availability_percent >= $availability_percent -- if availability_percent
  AND install_days <= $install_days -- if install_days
ORDER BY cost, from_ms, since, provider, number
LIMIT 10;

-- name: remove
DELETE FROM ethernet WHERE number = $number;

-- name: put
INSERT OR REPLACE INTO ethernet VALUES (
  $provider, $number, $scope, $deck, $from_ms, $since, $one_off, $recurring, $term_months,
  $term_recurring, $term_one_off, $capacity, $cir_mbps, $class_of_service, $interfaces, $delay_ms,
  $loss_percent, $availability_percent, $install_days
);
