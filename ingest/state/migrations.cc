// Append only: a migration that was released is never edited. Times are 12 bytes, digests 16, as sqlite_db.h encodes
// them.
#include <array>

#include "ingest/state/schema.h"

namespace cdi::state {
namespace {

constexpr const char* kVersion1 = R"sql(
CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  epoch INTEGER NOT NULL              -- rises when the store is opened and when a lease is taken
) STRICT;
INSERT INTO meta VALUES (1, 0);

CREATE TABLE resources (
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  document BLOB NOT NULL,
  unique_key TEXT,
  create_time BLOB NOT NULL,
  update_time BLOB NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX resources_by_unique_key ON resources (kind, unique_key) WHERE unique_key IS NOT NULL;

CREATE TABLE secrets (
  name TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE requests (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL,
  answer BLOB NOT NULL,
  expire_time BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_by_expiry ON requests (expire_time);

CREATE TABLE syncs (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  epoch INTEGER NOT NULL DEFAULT 0,   -- of the lease; a write with another one is refused
  watermark BLOB,
  boundary_rows INTEGER NOT NULL DEFAULT 0,
  next_run_time BLOB,
  active_run INTEGER,
  last_run INTEGER,
  tested_version INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Digests of the rows finished at exactly the watermark, with their counts; the parts add up.
CREATE TABLE boundary (
  sync INTEGER NOT NULL REFERENCES syncs (id),
  part INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (sync, part)
) STRICT;

-- Rows that ended runs finished above the watermark.
CREATE TABLE ahead (
  sync INTEGER PRIMARY KEY REFERENCES syncs (id),
  body BLOB NOT NULL
) STRICT;

CREATE TABLE runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  sync INTEGER NOT NULL REFERENCES syncs (id),
  state INTEGER NOT NULL,
  trigger INTEGER NOT NULL,
  config_version INTEGER NOT NULL,
  config BLOB NOT NULL,
  create_time BLOB NOT NULL,
  start_time BLOB,
  end_time BLOB,
  window BLOB,
  watermark_after BLOB,
  commit_lag_seconds INTEGER,
  replay_ids BLOB NOT NULL,
  recoveries INTEGER NOT NULL DEFAULT 0,
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  error_reason TEXT NOT NULL DEFAULT '',
  error_message TEXT NOT NULL DEFAULT '',
  log_place INTEGER NOT NULL DEFAULT 0  -- 0 table log, 1 segments with leftovers in log, 2 segments, 3 pruned
) STRICT;
CREATE INDEX runs_by_sync ON runs (sync, id);
CREATE INDEX runs_open ON runs (state) WHERE state <= 2;
CREATE INDEX runs_to_seal ON runs (log_place) WHERE log_place <= 1;

-- What changes with every write of a run.
CREATE TABLE run_progress (
  run INTEGER PRIMARY KEY REFERENCES runs (id),
  sequence INTEGER NOT NULL,          -- of the last log entry
  chain BLOB NOT NULL,                -- its hash
  sums BLOB NOT NULL,
  open_batches BLOB NOT NULL          -- started without outcome
) STRICT;

-- Batches of ended runs whose rows nobody knows about, with those rows.
CREATE TABLE in_doubt (
  sync INTEGER NOT NULL REFERENCES syncs (id),
  run INTEGER NOT NULL REFERENCES runs (id),
  batch INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (sync, run, batch, attempt)
) STRICT;

-- The run log: id = run << 32 | sequence; append-only until a run has ended and its entries stand in segments.
CREATE TABLE log (
  id INTEGER PRIMARY KEY,
  epoch INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  body BLOB NOT NULL,
  chain BLOB NOT NULL
) STRICT;

CREATE TABLE segments (
  run INTEGER NOT NULL REFERENCES runs (id),
  part INTEGER NOT NULL,
  accepted_rows INTEGER NOT NULL,
  accepted_cursor_max BLOB,
  bytes INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  PRIMARY KEY (run, part)
) STRICT, WITHOUT ROWID;

CREATE TABLE parked (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sync INTEGER NOT NULL REFERENCES syncs (id),
  run INTEGER NOT NULL REFERENCES runs (id),
  replay_run INTEGER,                 -- the run that tries to send it again
  kind INTEGER NOT NULL,
  state INTEGER NOT NULL,
  cursor BLOB NOT NULL,
  digest BLOB NOT NULL,
  user BLOB NOT NULL,
  reason TEXT NOT NULL,
  message TEXT NOT NULL,
  content_gone INTEGER NOT NULL,
  cells BLOB NOT NULL,
  oversize_bytes INTEGER NOT NULL,
  create_time BLOB NOT NULL
) STRICT;
CREATE INDEX parked_by_sync ON parked (sync, state, id);
CREATE INDEX parked_by_replay ON parked (replay_run) WHERE replay_run IS NOT NULL;

CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY,
  time BLOB NOT NULL,
  caller TEXT NOT NULL,
  verb TEXT NOT NULL,
  name TEXT NOT NULL,
  detail TEXT NOT NULL,
  chain BLOB NOT NULL
) STRICT;
CREATE INDEX audit_by_name ON audit (name, sequence);

CREATE TABLE key_pairs (
  name TEXT PRIMARY KEY,
  connection TEXT NOT NULL,
  slot INTEGER NOT NULL,
  state INTEGER NOT NULL,
  bits INTEGER NOT NULL,
  public_key_line TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  sealed_private_key BLOB NOT NULL,
  version INTEGER NOT NULL,
  create_time BLOB NOT NULL,
  activate_time BLOB,
  drain_time BLOB,
  revoke_time BLOB
) STRICT;
CREATE INDEX key_pairs_by_connection ON key_pairs (connection, create_time, name);
)sql";

// Audit lines say how the call ended; the newest one is remembered, so that lines cut off the end are missed; nothing
// changes one.
constexpr const char* kVersion2 = R"sql(
ALTER TABLE audit ADD COLUMN outcome INTEGER NOT NULL DEFAULT 1;
ALTER TABLE meta ADD COLUMN audit_sequence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE meta ADD COLUMN audit_chain BLOB NOT NULL DEFAULT x'';
UPDATE meta SET audit_sequence = coalesce((SELECT max(sequence) FROM audit), 0),
                audit_chain = coalesce((SELECT chain FROM audit ORDER BY sequence DESC LIMIT 1), x'');
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN
  SELECT RAISE(ABORT, 'audit lines are never changed');
END;
CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit BEGIN
  SELECT RAISE(ABORT, 'audit lines are never removed');
END;
)sql";

// Rotations of key pairs; `body` is EncodeRotation's.
constexpr const char* kVersion3 = R"sql(
CREATE TABLE rotations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  connection TEXT NOT NULL,
  open INTEGER NOT NULL,              -- 1 until it has ended
  body BLOB NOT NULL
) STRICT;
CREATE INDEX rotations_by_connection ON rotations (connection, id);
CREATE INDEX rotations_open ON rotations (id) WHERE open = 1;
)sql";

constexpr std::array<Migration, 3> kMigrations = {{{1, kVersion1}, {2, kVersion2}, {3, kVersion3}}};

}  // namespace

std::span<const Migration> Migrations() {
  return kMigrations;
}

}  // namespace cdi::state
