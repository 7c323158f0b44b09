-- Instants are UTC milliseconds; JSON is text. Statuses and names are those of the README.

-- The text of a workflow as executions have used it; its id is the SHA-256 of the text.
CREATE TABLE workflow_definitions (
  definition_id TEXT PRIMARY KEY,
  workflow_name TEXT NOT NULL,
  text TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE workflow_executions (
  execution_id TEXT PRIMARY KEY,
  workflow_name TEXT NOT NULL,
  definition_id TEXT NOT NULL REFERENCES workflow_definitions,
  status TEXT NOT NULL CHECK (
    status IN ('pending', 'running', 'waiting', 'paused', 'completed', 'failed', 'cancelled')
  ),
  input_params TEXT NOT NULL,
  result TEXT,
  error_code TEXT,
  error_message TEXT,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  completed_at INTEGER,
  -- Who may advance it, and until when; null when nobody does.
  lease_owner TEXT,
  lease_expires_at INTEGER
) STRICT, WITHOUT ROWID;

-- History is read newest first; ids sort by creation.
CREATE INDEX executions_by_workflow ON workflow_executions (workflow_name, execution_id);
-- Used by queries that say "completed_at IS NULL" themselves.
CREATE INDEX executions_open ON workflow_executions (status, execution_id)
  WHERE completed_at IS NULL;

-- One row for each attempt of each step.
CREATE TABLE workflow_step_executions (
  id INTEGER PRIMARY KEY,
  execution_id TEXT NOT NULL REFERENCES workflow_executions ON DELETE CASCADE,
  step_name TEXT NOT NULL,
  step_index INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (
    status IN ('pending', 'running', 'waiting', 'completed', 'failed', 'cancelled', 'skipped')
  ),
  started_at INTEGER NOT NULL,
  completed_at INTEGER,
  result TEXT,
  error_code TEXT,
  error_message TEXT,
  UNIQUE (execution_id, step_index, attempt)
) STRICT;

-- What each agent file declares, as it was scanned with this content: a start need not scan again.
CREATE TABLE agents (
  file TEXT PRIMARY KEY,
  agent_id TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  manifest TEXT NOT NULL,
  scanned_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_cache (
  agent_id TEXT NOT NULL,
  cache_key TEXT NOT NULL,
  value TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (agent_id, cache_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX agent_cache_by_expiry ON agent_cache (expires_at);

CREATE TABLE schedules (
  schedule_id TEXT PRIMARY KEY,
  workflow_name TEXT NOT NULL,
  rule TEXT NOT NULL,
  paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A due instant of a schedule fires at most once: its key says so.
CREATE TABLE firings (
  schedule_id TEXT NOT NULL REFERENCES schedules ON DELETE CASCADE,
  due_at INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('due', 'fired', 'skipped')),
  execution_id TEXT,
  reason TEXT,
  fired_at INTEGER,
  lease_owner TEXT,
  lease_expires_at INTEGER,
  PRIMARY KEY (schedule_id, due_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE quotes (
  source TEXT NOT NULL,
  symbol TEXT NOT NULL,
  as_of INTEGER NOT NULL,
  price REAL NOT NULL,
  currency TEXT,
  name TEXT,
  exchange TEXT,
  previous_close REAL,
  open REAL,
  day_high REAL,
  day_low REAL,
  volume REAL,
  market_cap REAL,
  recorded_at INTEGER NOT NULL,
  PRIMARY KEY (source, symbol, as_of)
) STRICT, WITHOUT ROWID;

CREATE TABLE bars (
  source TEXT NOT NULL,
  symbol TEXT NOT NULL,
  interval TEXT NOT NULL,
  start_at INTEGER NOT NULL,
  date TEXT NOT NULL,
  open REAL NOT NULL,
  high REAL NOT NULL,
  low REAL NOT NULL,
  close REAL NOT NULL,
  adjusted_close REAL,
  volume REAL,
  currency TEXT,
  recorded_at INTEGER NOT NULL,
  PRIMARY KEY (source, symbol, interval, start_at)
) STRICT, WITHOUT ROWID;

-- A finding that comes again is counted, not repeated.
CREATE TABLE data_quality_log (
  id INTEGER PRIMARY KEY,
  rule TEXT NOT NULL,
  severity TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'error')),
  source TEXT NOT NULL,
  symbol TEXT NOT NULL,
  interval TEXT NOT NULL,
  at INTEGER NOT NULL,
  message TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  first_seen_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  seen_count INTEGER NOT NULL DEFAULT 1,
  UNIQUE (source, symbol, interval, rule, at)
) STRICT;
