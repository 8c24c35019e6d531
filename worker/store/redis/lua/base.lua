-- What every script of the Redis store begins with: the layout of a queue's keys. One script is one
-- operation, one round trip, and atomic.
--
-- A script is put together when the worker starts (scripts.c): this file, then its own, in which a line
-- "-- @include NAME" stands for the file NAME.lua. Redis runs the whole text at each call, and making a
-- function costs it as much as a look into a hash: so a script includes what it needs and no more, and
-- what it seldom needs inside the branch that does.
--
-- KEYS[1] is the base of all keys of one life of a queue; its hash tag keeps them in one slot:
--
--   nusku:{project/queue/epoch}:
--     m      hash    what there is: l last number given out; t<ttl> lane of that ttl; f<lane> frontier
--                    of that lane; n time at which something must be settled; o newest bucket of
--                    operations; z bucket in which an operation last came again
--     s<1-7> stream  a lane: messages of one ttl, in order. Entry id = number, fields c client, b body,
--                    k checksum if there is one
--     b<1-7> zset    back: messages of the lane that were claimed once and are free again
--     x      hash    odd messages (delayed, prolonged by a claim, dead-lettered, or of the eighth ttl):
--                    number -> cmsgpack {expires_ms, created_ms, client, checksum, body, epoch, seq}
--     r y z  zsets   odd messages that are ready, claimed, delayed: each is in exactly one
--     d      zset    delayed ones by the time when they become due
--     e      zset    odd ones by the time when they expire
--     c      zset    claimed messages (odd or not) by the end of their claim
--     h      hash    number -> place (1 byte: 0 lane, 1 odd), claims so far (4 bytes), claim id (16
--                    bytes or none), for every message that was claimed at least once
--     k      hash    claim id -> created_ms (8), ttl_s (4), end_ms (8), numbers of its messages (8 each)
--     a      hash    "epoch.seq" -> number, for messages that keep an id of another queue
--     u      hash    subscriptions: number -> cmsgpack {subscriber, options, since_ms, ttl_s, confirmed}
--     v w    zsets   their numbers, in order, and by the time when their ttl is over
--     i      hash    subscriber -> number
--     o<n>   hash    operations of ten seconds: key -> what was answered, so that one that comes again
--                    changes nothing. Two buckets are looked at, Redis forgets the older ones
--
-- A number (seq) is 53 bits: milliseconds since 2020 (41), count in that millisecond (9), lane (3). So
-- numbers rise in posting order, never start again, and tell when the message was posted. In a lane
-- all messages live equally long, so the expired ones are a prefix: a range that begins at the
-- threshold never meets them, and trimming cuts whole nodes. Beyond its frontier a lane's messages are
-- free and were never touched; behind it, `b` and `c` know the ones that still exist. That is why no
-- operation walks over claimed, delayed or expired messages, and why a plain message costs no index.
--
-- KEYS[2], nusku:due, is the one key that queues share: a zset of bases by the time when the sweeper
-- is to visit them.
--
-- To change the layout: give the keys a new prefix, say in CHANGELOG how old queues move over.

local Q = KEYS[1]
local call = redis.call
local now = tonumber(ARGV[1])

local EPOCH_MS = 1577836800000 -- 2020-01-01
local PER_MS = 4096            -- numbers in a millisecond
local LANES = 7
local BUDGET = 200             -- messages that one call settles; the worker calls again when there are more

-- Lua prints large numbers with an exponent; ids and scores need the digits. (%.0f would give them, too,
-- for four times the time.)
local function digits(n)
    return string.format('%d', n)
end

local function created_ms(seq)
    return math.floor(seq / PER_MS) + EPOCH_MS
end
