-- What a bar was before the source changed it: known from known_at until superseded_at.
CREATE TABLE bar_revisions (
  source TEXT NOT NULL,
  symbol TEXT NOT NULL,
  interval TEXT NOT NULL,
  start_at INTEGER NOT NULL,
  known_at INTEGER NOT NULL,
  superseded_at INTEGER NOT NULL,
  date TEXT NOT NULL,
  open REAL NOT NULL,
  high REAL NOT NULL,
  low REAL NOT NULL,
  close REAL NOT NULL,
  adjusted_close REAL,
  volume REAL,
  currency TEXT,
  PRIMARY KEY (source, symbol, interval, start_at, known_at)
) STRICT, WITHOUT ROWID;

-- What a source tells of a series of bars as a whole, and how far back it was ever asked for it.
CREATE TABLE bar_series (
  source TEXT NOT NULL,
  symbol TEXT NOT NULL,
  interval TEXT NOT NULL,
  timezone TEXT NOT NULL,
  calendar TEXT,
  asked_from TEXT,
  PRIMARY KEY (source, symbol, interval)
) STRICT, WITHOUT ROWID;

-- Splits and dividends that all bars of a series are restated for.
CREATE TABLE series_events (
  source TEXT NOT NULL,
  symbol TEXT NOT NULL,
  interval TEXT NOT NULL,
  kind TEXT NOT NULL,
  date TEXT NOT NULL,
  PRIMARY KEY (source, symbol, interval, kind, date)
) STRICT, WITHOUT ROWID;

-- Sessions that a source was asked for and had no sound bar of: not to be asked for at every turn.
CREATE TABLE absent_sessions (
  source TEXT NOT NULL,
  symbol TEXT NOT NULL,
  interval TEXT NOT NULL,
  date TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  times_asked INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (source, symbol, interval, date)
) STRICT, WITHOUT ROWID;

-- Bars with an error, kept out of `bars` and never served: to be looked at.
CREATE TABLE quarantined_bars (
  source TEXT NOT NULL,
  symbol TEXT NOT NULL,
  interval TEXT NOT NULL,
  start_at INTEGER NOT NULL,
  date TEXT NOT NULL,
  bar TEXT NOT NULL,
  reason TEXT NOT NULL,
  quarantined_at INTEGER NOT NULL,
  PRIMARY KEY (source, symbol, interval, start_at)
) STRICT, WITHOUT ROWID;

-- Dividends, splits and earnings, past and expected.
CREATE TABLE market_events (
  source TEXT NOT NULL,
  symbol TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('dividend', 'split', 'earnings')),
  date TEXT NOT NULL,
  dated_by TEXT NOT NULL,
  amount REAL,
  estimate REAL,
  numerator REAL,
  denominator REAL,
  estimated INTEGER NOT NULL,
  currency TEXT,
  -- When it became known first.
  recorded_at INTEGER NOT NULL,
  PRIMARY KEY (source, symbol, kind, date)
) STRICT, WITHOUT ROWID;

-- Findings are listed by symbol, newest first.
CREATE INDEX data_quality_log_by_symbol ON data_quality_log (symbol, last_seen_at);

-- The oldest values of an agent are evicted first.
CREATE INDEX agent_cache_by_age ON agent_cache (agent_id, created_at);
