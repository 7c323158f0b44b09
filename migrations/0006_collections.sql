-- What agents keep for good: a row for each collection that was ever written. One whose agent
-- declares another key by now, or none of this name, keeps its row and its values.
CREATE TABLE collections (
  collection_id INTEGER PRIMARY KEY,
  agent_id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- JSON: the names of the fields that make the key.
  key_parts TEXT NOT NULL,
  -- Counts changes; a value's version is the count at its writing.
  last_version INTEGER NOT NULL DEFAULT 0,
  -- The change that was made last: what belongs to a change is written only while this names it.
  change_id TEXT NOT NULL DEFAULT '',
  -- Of all versions together.
  values_count INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  misfits INTEGER NOT NULL DEFAULT 0,
  -- The schema that all values were last held to.
  schema_hash TEXT NOT NULL,
  -- What was known before this instant has been forgotten in part.
  complete_from INTEGER NOT NULL DEFAULT 0,
  UNIQUE (agent_id, name, key_parts)
) STRICT;

-- The values of now.
CREATE TABLE collection_values (
  collection_id INTEGER NOT NULL REFERENCES collections (collection_id),
  -- Its parts in a form that sorts as they do.
  key TEXT NOT NULL,
  version INTEGER NOT NULL,
  public_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  first_seen_late INTEGER NOT NULL CHECK (first_seen_late IN (0, 1)),
  -- It does not fit the schema any more.
  misfit INTEGER NOT NULL DEFAULT 0 CHECK (misfit IN (0, 1)),
  bytes INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (collection_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX collection_values_by_age ON collection_values (collection_id, recorded_at);

-- What values were before; a row without a value says that it was deleted.
CREATE TABLE collection_history (
  collection_id INTEGER NOT NULL REFERENCES collections (collection_id),
  key TEXT NOT NULL,
  public_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  first_seen_late INTEGER NOT NULL CHECK (first_seen_late IN (0, 1)),
  superseded_at INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  value TEXT,
  PRIMARY KEY (collection_id, key, public_at, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX collection_history_by_age ON collection_history (collection_id, superseded_at);
