-- Ethernet in SQLite; read voice.sqlite.sql first.

-- name: schema
CREATE TABLE ethernet (
  provider INTEGER NOT NULL, number INTEGER NOT NULL, scope INTEGER NOT NULL, deck INTEGER NOT NULL,
  from_ms INTEGER NOT NULL, since INTEGER NOT NULL,
  one_off INTEGER NOT NULL, recurring INTEGER,
  term_months INTEGER, term_recurring INTEGER, term_one_off INTEGER,
  capacity INTEGER, cir_mbps INTEGER NOT NULL, class_of_service TEXT, interfaces TEXT,
  delay_ms INTEGER, loss_percent INTEGER, availability_percent INTEGER, install_days INTEGER
);

-- name: indexes
CREATE UNIQUE INDEX ethernet_offer ON ethernet (number);
-- Covering, one for each rare clause: the rare value is found within the scope.
CREATE INDEX ethernet_class ON ethernet (
  scope, class_of_service, cir_mbps, interfaces, capacity, one_off, recurring, term_months,
  term_recurring, term_one_off, deck, from_ms, since, provider, number
);
CREATE INDEX ethernet_delay ON ethernet (
  scope, delay_ms, cir_mbps, interfaces, capacity, one_off, recurring, term_months,
  term_recurring, term_one_off, deck, from_ms, since, provider, number
) WHERE delay_ms IS NOT NULL;
CREATE INDEX ethernet_loss ON ethernet (
  scope, loss_percent, cir_mbps, interfaces, capacity, one_off, recurring, term_months,
  term_recurring, term_one_off, deck, from_ms, since, provider, number
) WHERE loss_percent IS NOT NULL;
CREATE INDEX ethernet_availability ON ethernet (
  scope, availability_percent, cir_mbps, interfaces, capacity, one_off, recurring, term_months,
  term_recurring, term_one_off, deck, from_ms, since, provider, number
) WHERE availability_percent IS NOT NULL;
CREATE INDEX ethernet_install ON ethernet (
  scope, install_days, cir_mbps, interfaces, capacity, one_off, recurring, term_months,
  term_recurring, term_one_off, deck, from_ms, since, provider, number
) WHERE install_days IS NOT NULL;
CREATE INDEX ethernet_deck ON ethernet (deck, scope);


ANALYZE;

-- name: ask
WITH keys(scope, level) AS (VALUES {keys})
SELECT
  count(*) OVER (),
  min(
    coalesce(o.one_off + o.recurring * :months, 9223372036854775807),
    CASE WHEN o.term_months <= :longest THEN o.term_one_off + o.term_recurring * :months
         ELSE 9223372036854775807 END
  ) AS cost,
  o.provider, o.number
FROM keys CROSS JOIN ethernet AS o ON o.scope = keys.scope
WHERE (o.capacity IS NULL OR o.capacity >= :quantity)
  AND (o.recurring IS NOT NULL OR o.term_months <= :longest)
  AND o.cir_mbps >= :cir_mbps -- if cir_mbps
  AND o.class_of_service = :class_of_service -- if class_of_service
  AND o.interfaces = :interfaces -- if interfaces
  AND o.delay_ms <= :delay_ms -- if delay_ms
  AND o.loss_percent <= :loss_percent -- if loss_percent
  AND o.availability_percent >= :availability_percent -- if availability_percent
  AND o.install_days <= :install_days -- if install_days
  AND NOT EXISTS (
    SELECT 1 FROM ethernet AS v
    WHERE v.deck = o.deck
      AND v.scope IN (SELECT finer.scope FROM keys AS finer WHERE finer.level > keys.level)
  )
ORDER BY cost, o.from_ms, o.since, o.provider, o.number
LIMIT 10;

-- name: remove
DELETE FROM ethernet WHERE number = :number;

-- name: insert
INSERT INTO ethernet VALUES (
  :provider, :number, :scope, :deck, :from_ms, :since, :one_off, :recurring, :term_months,
  :term_recurring, :term_one_off, :capacity, :cir_mbps, :class_of_service, :interfaces, :delay_ms,
  :loss_percent, :availability_percent, :install_days
);

-- name: update
UPDATE ethernet SET
  from_ms = :from_ms, since = :since, one_off = :one_off, recurring = :recurring,
  term_months = :term_months, term_recurring = :term_recurring, term_one_off = :term_one_off,
  capacity = :capacity, cir_mbps = :cir_mbps, class_of_service = :class_of_service,
  interfaces = :interfaces, delay_ms = :delay_ms, loss_percent = :loss_percent,
  availability_percent = :availability_percent, install_days = :install_days
WHERE number = :number;
