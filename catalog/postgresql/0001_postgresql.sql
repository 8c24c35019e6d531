-- The catalog's first schema. Times are milliseconds since 1970 UTC.
-- Names compare as bytes (collation "C"), so that lists have one order everywhere. Projects are
-- whatever bytes a header holds, so they are bytes here.

CREATE TABLE revision (
    n BIGINT NOT NULL
);

-- Revisions, and with them epochs, start at a number that no earlier catalog has reached.
INSERT INTO revision VALUES (floor(extract(epoch FROM now()))::BIGINT * 65536);

CREATE TABLE queue (
    project BYTEA NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    epoch BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    pool TEXT NOT NULL,
    metadata TEXT NOT NULL,
    PRIMARY KEY (project, name)
);

-- Queues that are deleted, but whose messages may not all be gone yet.
CREATE TABLE dropped (
    epoch BIGINT PRIMARY KEY,
    project BYTEA NOT NULL,
    name TEXT NOT NULL,
    pool TEXT NOT NULL,
    dropped_ms BIGINT NOT NULL
);

-- What changed, for those who remember: kind 1 a queue, 2 the workers.
CREATE TABLE change (
    revision BIGINT PRIMARY KEY,
    kind INTEGER NOT NULL,
    project BYTEA NOT NULL,
    name TEXT NOT NULL
);

CREATE TABLE worker (
    id BYTEA PRIMARY KEY,
    url TEXT NOT NULL,
    host TEXT NOT NULL,
    wire_version INTEGER NOT NULL,
    pools TEXT NOT NULL,
    heartbeat_ms BIGINT NOT NULL
);
