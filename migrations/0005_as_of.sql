-- The instant that an execution sees up to, as do all requests of its steps; null: now.
ALTER TABLE workflow_executions ADD COLUMN as_of INTEGER;
