-- Pools and flavors.

CREATE TABLE pool (
    name BLOB PRIMARY KEY,
    uri BLOB NOT NULL UNIQUE,
    weight INTEGER NOT NULL,
    options TEXT NOT NULL,
    capabilities INTEGER NOT NULL,
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE flavor (
    project BLOB NOT NULL,
    name BLOB NOT NULL,
    PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;

-- Which pools are in which flavor, one of a project at most. The flavor need not exist.
CREATE TABLE flavor_pool (
    project BLOB NOT NULL,
    pool BLOB NOT NULL,
    flavor BLOB NOT NULL,
    PRIMARY KEY (project, pool)
) STRICT, WITHOUT ROWID;

CREATE INDEX flavor_pool_pool ON flavor_pool (pool, project);

-- What lives in a pool; the default store's name is empty, and nobody counts what is there.
CREATE INDEX queue_pool ON queue (pool) WHERE pool <> '';

-- In the table of changes kind 3 is a pool or a flavor.
