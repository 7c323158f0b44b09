-- What the workflow language needs: items, inputs, results beside, and executions that are steered.

ALTER TABLE workflow_executions ADD COLUMN idempotency_key TEXT;
-- The execution that this one repeats.
ALTER TABLE workflow_executions ADD COLUMN rerun_of TEXT;
-- At most concurrency_max executions of one key run at once; null where there is no limit.
ALTER TABLE workflow_executions ADD COLUMN concurrency_key TEXT;
ALTER TABLE workflow_executions ADD COLUMN concurrency_max INTEGER;
-- What someone has asked for that its owner has not yet carried out.
ALTER TABLE workflow_executions ADD COLUMN wanted TEXT CHECK (wanted IN ('pause', 'cancel'));
-- When a waiting execution goes on.
ALTER TABLE workflow_executions ADD COLUMN wake_at INTEGER;
-- From its start to its end; 0 for what ended without a start. A generated column would not do: an
-- index on one covers no query.
ALTER TABLE workflow_executions ADD COLUMN duration_ms INTEGER;
UPDATE workflow_executions SET duration_ms = completed_at - coalesce(started_at, completed_at)
  WHERE completed_at IS NOT NULL;

-- A start that is repeated with its key is the same start.
CREATE UNIQUE INDEX executions_by_key ON workflow_executions (workflow_name, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE INDEX executions_running_by_key ON workflow_executions (concurrency_key)
  WHERE completed_at IS NULL AND concurrency_key IS NOT NULL;
-- For statistics; written once, at the end.
CREATE INDEX executions_by_duration ON workflow_executions (workflow_name, status, duration_ms)
  WHERE duration_ms IS NOT NULL;
CREATE INDEX executions_by_completion ON workflow_executions (completed_at)
  WHERE completed_at IS NOT NULL;

-- One row for each attempt of each step, or of each item of a step with for_each. The UNIQUE
-- constraint has to hold the item, which only a new table can do.
CREATE TABLE step_executions_next (
  id INTEGER PRIMARY KEY,
  execution_id TEXT NOT NULL REFERENCES workflow_executions ON DELETE CASCADE,
  step_name TEXT NOT NULL,
  step_index INTEGER NOT NULL,
  -- The item's place in the list; -1 for a step that is carried out once.
  item INTEGER NOT NULL DEFAULT -1,
  attempt INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (
    status IN ('pending', 'running', 'waiting', 'completed', 'failed', 'cancelled', 'skipped')
  ),
  started_at INTEGER NOT NULL,
  completed_at INTEGER,
  result TEXT,
  -- Of a large result, which is kept in `payloads`; `result` is null then.
  result_ref TEXT,
  error_code TEXT,
  error_message TEXT,
  -- 1: belongs to an earlier try of the execution; counts no more.
  superseded INTEGER NOT NULL DEFAULT 0 CHECK (superseded IN (0, 1)),
  duration_ms INTEGER GENERATED ALWAYS AS (completed_at - started_at) VIRTUAL,
  UNIQUE (execution_id, step_index, item, attempt)
) STRICT;
INSERT INTO step_executions_next
  (id, execution_id, step_name, step_index, attempt, status, started_at, completed_at, result,
   error_code, error_message)
  SELECT id, execution_id, step_name, step_index, attempt, status, started_at, completed_at,
    result, error_code, error_message
  FROM workflow_step_executions;
DROP TABLE workflow_step_executions;
ALTER TABLE step_executions_next RENAME TO workflow_step_executions;

-- Large results, compressed; named by the execution they belong to and go with.
CREATE TABLE payloads (
  payload_id TEXT PRIMARY KEY,
  execution_id TEXT NOT NULL REFERENCES workflow_executions ON DELETE CASCADE,
  encoding TEXT NOT NULL CHECK (encoding IN ('gzip_base64')),
  -- Of the text before it was compressed.
  size_bytes INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX payloads_by_execution ON payloads (execution_id);
