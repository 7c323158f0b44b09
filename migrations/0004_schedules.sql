-- Whether the workflow's file has the schedule enabled; one whose file is gone keeps its row.
ALTER TABLE schedules ADD COLUMN active INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1));
-- The rule fires no instant up to this one: when it was made, changed, enabled or resumed.
ALTER TABLE schedules ADD COLUMN anchored_at INTEGER NOT NULL DEFAULT 0;

ALTER TABLE firings ADD COLUMN cause TEXT NOT NULL DEFAULT 'rule'
  CHECK (cause IN ('rule', 'trigger', 'backfill'));
-- A firing and its execution are stored in one transaction: nobody holds one in between.
ALTER TABLE firings DROP COLUMN lease_owner;
ALTER TABLE firings DROP COLUMN lease_expires_at;

-- Firings that are still to be started: few, whatever the history.
CREATE INDEX firings_due ON firings (schedule_id, due_at) WHERE status = 'due';

-- Higher ones are taken from the queue first.
ALTER TABLE workflow_executions ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
-- The firing that an execution was started by; null when someone started it.
ALTER TABLE workflow_executions ADD COLUMN schedule_id TEXT;
ALTER TABLE workflow_executions ADD COLUMN due_at INTEGER;

-- An instant of a schedule is started once, whoever tries.
CREATE UNIQUE INDEX executions_by_firing ON workflow_executions (schedule_id, due_at)
  WHERE schedule_id IS NOT NULL;
-- Whether the one before has ended is asked of this.
CREATE INDEX executions_open_by_schedule ON workflow_executions (schedule_id)
  WHERE completed_at IS NULL AND schedule_id IS NOT NULL;

-- The queue: what waits, by priority and workflow, each in order of creation.
CREATE INDEX executions_waiting
  ON workflow_executions (priority DESC, workflow_name, execution_id)
  WHERE completed_at IS NULL AND status = 'pending';
