-- Files that were uploaded, or that jobs wrote. Their bytes are in the folder of files, under their ids.
CREATE TABLE files (
    -- The order in which they came.
    number              INTEGER PRIMARY KEY AUTOINCREMENT,
    id                  TEXT NOT NULL UNIQUE,
    filename            TEXT NOT NULL,
    purpose             TEXT NOT NULL,
    size_bytes          INTEGER NOT NULL,
    sha256              TEXT NOT NULL,
    created_at_unix_s   INTEGER NOT NULL,
    expires_at_unix_s   INTEGER
) STRICT;

-- Files that come in parts.
CREATE TABLE uploads (
    id                      TEXT PRIMARY KEY,
    filename                TEXT NOT NULL,
    purpose                 TEXT NOT NULL,
    size_bytes              INTEGER NOT NULL,
    created_at_unix_s       INTEGER NOT NULL,
    expires_at_unix_s       INTEGER NOT NULL,
    status                  TEXT NOT NULL,
    -- How long the file is kept.
    file_expires_after_s    INTEGER,
    file                    TEXT
) STRICT;

CREATE TABLE upload_parts (
    id                  TEXT PRIMARY KEY,
    upload              TEXT NOT NULL,
    size_bytes          INTEGER NOT NULL,
    created_at_unix_s   INTEGER NOT NULL
) STRICT;

CREATE TABLE fine_tuning_jobs (
    -- The order in which they came, and run.
    number                  INTEGER PRIMARY KEY AUTOINCREMENT,
    id                      TEXT NOT NULL UNIQUE,
    status                  TEXT NOT NULL,
    -- What was asked for, and the job as clients see it, as JSON.
    request                 TEXT NOT NULL,
    job                     TEXT NOT NULL,
    -- Who runs it, until when that counts without a sign of life, and the number of the taking: it grows with each, and
    -- what is written under an older one is refused.
    owner                   TEXT,
    owned_until_unix_ms     INTEGER NOT NULL DEFAULT 0,
    epoch                   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE fine_tuning_events (
    number              INTEGER PRIMARY KEY AUTOINCREMENT,
    id                  TEXT NOT NULL UNIQUE,
    job                 TEXT NOT NULL,
    event               TEXT NOT NULL
) STRICT;

CREATE INDEX fine_tuning_events_by_job ON fine_tuning_events (job, number);

CREATE TABLE fine_tuning_checkpoints (
    number              INTEGER PRIMARY KEY AUTOINCREMENT,
    id                  TEXT NOT NULL UNIQUE,
    job                 TEXT NOT NULL,
    step                INTEGER NOT NULL,
    checkpoint          TEXT NOT NULL,
    UNIQUE (job, step)
) STRICT;

-- Models that jobs made: an adapter beside its base, or a file of all weights.
CREATE TABLE fine_tuned_models (
    name                TEXT PRIMARY KEY,
    job                 TEXT NOT NULL,
    base                TEXT NOT NULL,
    path                TEXT NOT NULL,
    is_adapter          INTEGER NOT NULL,
    created_at_unix_s   INTEGER NOT NULL
) STRICT;
