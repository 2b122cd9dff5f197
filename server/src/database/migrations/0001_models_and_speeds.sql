-- Models on this machine. The catalogue is data of the program; this is what was fetched or added by a person.
CREATE TABLE models (
    name                TEXT PRIMARY KEY,
    path                TEXT NOT NULL,
    -- 1 where the file is in our models folder, so that removing the model deletes it.
    is_our_file         INTEGER NOT NULL,
    size_bytes          INTEGER NOT NULL,
    sha256              TEXT NOT NULL,
    source              TEXT NOT NULL,
    fetched_at_unix_s   INTEGER NOT NULL
) STRICT;

-- Licences that a person has accepted, kept when the model is removed.
CREATE TABLE accepted_licences (
    model               TEXT PRIMARY KEY,
    licence             TEXT NOT NULL,
    accepted_at_unix_s  INTEGER NOT NULL
) STRICT;

-- How fast a device ran a model: what `--device auto` chooses by.
CREATE TABLE device_speeds (
    device                      TEXT NOT NULL,
    model                       TEXT NOT NULL,
    prefill_tokens_per_second   REAL NOT NULL,
    decode_tokens_per_second    REAL NOT NULL,
    measured_at_unix_s          INTEGER NOT NULL,
    PRIMARY KEY (device, model)
) STRICT;
