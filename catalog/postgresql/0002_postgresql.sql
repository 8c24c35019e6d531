-- Pools and flavors.

CREATE TABLE pool (
    name TEXT COLLATE "C" PRIMARY KEY,
    uri BYTEA NOT NULL UNIQUE,
    weight BIGINT NOT NULL,
    options TEXT NOT NULL,
    capabilities BIGINT NOT NULL,
    revision BIGINT NOT NULL
);

CREATE TABLE flavor (
    project BYTEA NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (project, name)
);

-- Which pools are in which flavor, one of a project at most. The flavor need not exist.
CREATE TABLE flavor_pool (
    project BYTEA NOT NULL,
    pool TEXT COLLATE "C" NOT NULL,
    flavor TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (project, pool)
);

CREATE INDEX flavor_pool_pool ON flavor_pool (pool, project);

-- What lives in a pool; the default store's name is empty, and nobody counts what is there.
CREATE INDEX queue_pool ON queue (pool) WHERE pool <> '';

-- In the table of changes kind 3 is a pool or a flavor.
