-- Layout 2, on top of layout 1: subscriptions. They belong to one life of a queue, as messages do.

ALTER TABLE queue ADD COLUMN subscriptions INTEGER NOT NULL DEFAULT 0;

CREATE TABLE subscription (
    id INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    seq INTEGER NOT NULL,        -- a number of the queue, as messages have
    since_ms INTEGER NOT NULL,   -- of its creation, or of the last change of its ttl
    ttl_s INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    confirmed INTEGER NOT NULL,
    subscriber BLOB NOT NULL,
    options BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX subscription_place ON subscription (queue, seq);
CREATE UNIQUE INDEX subscription_subscriber ON subscription (queue, subscriber);
CREATE INDEX subscription_end ON subscription (queue, end_ms);
