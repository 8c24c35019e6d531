-- The message store in one file. Layout 1 (PRAGMA user_version); schema_2.sql makes it layout 2. Times are
-- milliseconds since 1970 UTC.
--
-- A message's number (seq) rises in posting order and never starts again: it is made of the time, as
-- in the Redis store. A message is in exactly one state: 0 free, 1 delayed until until_ms, 2 claimed.

-- One row for each life of a queue that has, or had a short while ago, messages. epoch is NULL for
-- rows that were purged or dropped: the sweeper removes their messages, a few at a time.
CREATE TABLE queue (
    id INTEGER PRIMARY KEY,
    epoch INTEGER UNIQUE,
    project BLOB NOT NULL,
    name BLOB NOT NULL,
    last INTEGER NOT NULL,     -- the last number given out
    total INTEGER NOT NULL,    -- messages in any state
    claimed INTEGER NOT NULL,  -- those in state 2
    due_ms INTEGER NOT NULL    -- when the sweeper is to look
) STRICT;

CREATE INDEX queue_due ON queue (due_ms);

CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    state INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    claim_count INTEGER NOT NULL,
    claim BLOB,                -- id of the claim it is under
    id_epoch INTEGER,          -- the id clients know, when it is not (epoch, seq):
    id_seq INTEGER,            -- dead letters keep theirs
    client BLOB NOT NULL,
    checksum TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX message_place ON message (queue, state, seq);
CREATE INDEX message_expiry ON message (queue, expires_ms);
CREATE INDEX message_due ON message (queue, until_ms) WHERE state = 1;
CREATE INDEX message_claim ON message (queue, claim) WHERE claim IS NOT NULL;
CREATE INDEX message_alias ON message (queue, id_epoch, id_seq) WHERE id_epoch IS NOT NULL;

CREATE TABLE claim (
    queue INTEGER NOT NULL,
    id BLOB NOT NULL,
    created_ms INTEGER NOT NULL,
    ttl_s INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    PRIMARY KEY (queue, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX claim_end ON claim (queue, end_ms);

-- What was answered to operations of the last twenty seconds, so that one that comes again changes
-- nothing. bucket: ten seconds each.
CREATE TABLE operation (
    bucket INTEGER NOT NULL,
    key BLOB NOT NULL,
    answer BLOB NOT NULL,
    PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;
