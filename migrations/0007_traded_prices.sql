-- Bars as they were traded, each under its session's date (days) or its start (within a day), with
-- the instant at which it became public and the one at which it was recorded here. What was stored
-- before had the splits taken out that its source knew of. Without a split after its first bar, a
-- series is as traded already; the others are of unknown basis and are fetched anew.

ALTER TABLE bar_series ADD COLUMN basis TEXT NOT NULL DEFAULT 'unknown'
  CHECK (basis IN ('traded', 'split_adjusted', 'adjusted', 'unknown'));
ALTER TABLE bar_series ADD COLUMN agent_id TEXT;
INSERT INTO bar_series (source, symbol, interval, timezone)
SELECT DISTINCT source, symbol, interval, 'UTC' FROM bars WHERE true ON CONFLICT DO NOTHING;
UPDATE bar_series SET basis = 'traded' WHERE NOT EXISTS (
  SELECT 1 FROM market_events AS event
  WHERE event.source = bar_series.source AND event.symbol = bar_series.symbol
    AND event.kind = 'split' AND event.date > coalesce((
      SELECT min(date) FROM bars WHERE bars.source = bar_series.source
        AND bars.symbol = bar_series.symbol AND bars.interval = bar_series.interval), ''));
DROP TABLE series_events;

ALTER TABLE bars RENAME TO bars_before;
ALTER TABLE bar_revisions RENAME TO bar_revisions_before;

CREATE TABLE bars (
  source TEXT NOT NULL,
  symbol TEXT NOT NULL,
  interval TEXT NOT NULL,
  -- The date as days since 1970 for bars of a day and longer, else the start.
  slot INTEGER NOT NULL,
  start_at INTEGER NOT NULL,
  date TEXT NOT NULL,
  open REAL NOT NULL,
  high REAL NOT NULL,
  low REAL NOT NULL,
  close REAL NOT NULL,
  -- Only of a series whose adjustment cannot be undone.
  adjusted_close REAL,
  volume REAL,
  currency TEXT,
  -- When its session ends: what was recorded before was not final.
  ends_at INTEGER NOT NULL,
  public_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  PRIMARY KEY (source, symbol, interval, slot)
) STRICT, WITHOUT ROWID;

-- Earlier versions of bars. A version was stored from recorded_at until superseded_at; reads as of
-- an instant see it from public_at until hidden_at.
CREATE TABLE bar_revisions (
  source TEXT NOT NULL,
  symbol TEXT NOT NULL,
  interval TEXT NOT NULL,
  slot INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  superseded_at INTEGER NOT NULL,
  public_at INTEGER NOT NULL,
  hidden_at INTEGER NOT NULL,
  start_at INTEGER NOT NULL,
  date TEXT NOT NULL,
  open REAL NOT NULL,
  high REAL NOT NULL,
  low REAL NOT NULL,
  close REAL NOT NULL,
  adjusted_close REAL,
  volume REAL,
  currency TEXT,
  ends_at INTEGER NOT NULL,
  PRIMARY KEY (source, symbol, interval, slot, recorded_at)
) STRICT, WITHOUT ROWID;

-- Bars that shared a date, under two starts, were one: the version recorded last is the bar.
CREATE TABLE versions_before AS
SELECT *, row_number() OVER (
  PARTITION BY source, symbol, interval, slot ORDER BY recorded_at DESC, start_at) AS place
FROM (
  SELECT bars_before.*,
    CASE WHEN bars_before.interval IN ('1d', '1wk', '1mo')
      THEN CAST(julianday(bars_before.date) - 2440587.5 AS INTEGER)
      ELSE bars_before.start_at END AS slot,
    bar_series.basis AS basis
  FROM bars_before LEFT JOIN bar_series USING (source, symbol, interval));

INSERT INTO bars
SELECT source, symbol, interval, slot, start_at, date, open, high, low, close,
  CASE WHEN basis = 'traded' THEN NULL ELSE adjusted_close END, volume, currency,
  recorded_at,
  -- The first version of a traded bar was public when its session had ended, at the latest.
  CASE WHEN basis = 'traded' AND NOT EXISTS (
      SELECT 1 FROM bar_revisions_before AS old
      WHERE old.source = bar.source AND old.symbol = bar.symbol
        AND old.interval = bar.interval AND old.start_at = bar.start_at)
    THEN min(recorded_at, start_at + 86400000) ELSE recorded_at END,
  recorded_at
FROM versions_before AS bar WHERE place = 1;

INSERT INTO bar_revisions
SELECT source, symbol, interval, slot, recorded_at,
  (SELECT winner.recorded_at FROM versions_before AS winner
   WHERE winner.source = bar.source AND winner.symbol = bar.symbol
     AND winner.interval = bar.interval AND winner.slot = bar.slot AND winner.place = 1),
  recorded_at, recorded_at, start_at, date, open, high, low, close, adjusted_close, volume,
  currency, recorded_at
FROM versions_before AS bar WHERE place > 1
ON CONFLICT DO NOTHING;

INSERT INTO bar_revisions
SELECT source, symbol, interval,
  CASE WHEN interval IN ('1d', '1wk', '1mo')
    THEN CAST(julianday(date) - 2440587.5 AS INTEGER) ELSE start_at END,
  known_at, superseded_at, known_at, superseded_at, start_at, date, open, high, low, close,
  adjusted_close, volume, currency, known_at
FROM bar_revisions_before WHERE true
ON CONFLICT DO NOTHING;

DROP TABLE versions_before;
DROP TABLE bars_before;
DROP TABLE bar_revisions_before;

-- Events with both clocks. Several of one kind on one date are told apart by their place. Amounts
-- of dividends are as paid.
ALTER TABLE market_events RENAME TO market_events_before;
CREATE TABLE market_events (
  source TEXT NOT NULL,
  symbol TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('dividend', 'split', 'earnings', 'currency')),
  date TEXT NOT NULL,
  place INTEGER NOT NULL,
  dated_by TEXT NOT NULL,
  dividend_kind TEXT,
  amount REAL,
  estimate REAL,
  numerator REAL,
  denominator REAL,
  estimated INTEGER NOT NULL,
  currency TEXT,
  public_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  agent_id TEXT,
  PRIMARY KEY (source, symbol, kind, date, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE market_event_revisions (
  source TEXT NOT NULL,
  symbol TEXT NOT NULL,
  kind TEXT NOT NULL,
  date TEXT NOT NULL,
  place INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  superseded_at INTEGER NOT NULL,
  public_at INTEGER NOT NULL,
  hidden_at INTEGER NOT NULL,
  dated_by TEXT NOT NULL,
  dividend_kind TEXT,
  amount REAL,
  estimate REAL,
  numerator REAL,
  denominator REAL,
  estimated INTEGER NOT NULL,
  currency TEXT,
  agent_id TEXT,
  PRIMARY KEY (source, symbol, kind, date, place, recorded_at)
) STRICT, WITHOUT ROWID;

-- A split or dividend was public on its ex-date at the latest, 14 hours ahead of UTC.
INSERT INTO market_events
SELECT source, symbol, kind, date, 0, dated_by, NULL, amount, estimate, numerator, denominator,
  estimated, currency,
  CASE WHEN kind = 'earnings' THEN recorded_at
    ELSE min(recorded_at, CAST(strftime('%s', date) AS INTEGER) * 1000 - 50400000) END,
  recorded_at, NULL
FROM market_events_before;
DROP TABLE market_events_before;
