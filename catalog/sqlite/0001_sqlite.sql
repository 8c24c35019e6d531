-- The catalog's first schema. Times are milliseconds since 1970 UTC.

CREATE TABLE revision (
    n INTEGER NOT NULL
) STRICT;

-- Revisions, and with them epochs, start at a number that no earlier catalog has reached.
INSERT INTO revision VALUES (CAST(strftime('%s', 'now') AS INTEGER) * 65536);

CREATE TABLE queue (
    project BLOB NOT NULL,
    name BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    pool TEXT NOT NULL,
    metadata TEXT NOT NULL,
    PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;

-- Queues that are deleted, but whose messages may not all be gone yet.
CREATE TABLE dropped (
    epoch INTEGER PRIMARY KEY,
    project BLOB NOT NULL,
    name BLOB NOT NULL,
    pool TEXT NOT NULL,
    dropped_ms INTEGER NOT NULL
) STRICT;

-- What changed, for those who remember: kind 1 a queue, 2 the workers.
CREATE TABLE change (
    revision INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    project BLOB NOT NULL,
    name BLOB NOT NULL
) STRICT;

-- heartbeat_ms is the only time that is no time of day. It is of the machine's monotonic clock, which all
-- who use the file share: whoever sets the clock, or sends the machine to sleep, makes no worker look gone.
-- A heartbeat that is still to come was given before the machine was booted.
CREATE TABLE worker (
    id BLOB PRIMARY KEY,
    url TEXT NOT NULL,
    host TEXT NOT NULL,
    wire_version INTEGER NOT NULL,
    pools TEXT NOT NULL,
    heartbeat_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
