-- Takes and deletes the oldest free messages. ARGV: now, epoch, bucket, again, key, limit.
-- Returns the messages, or "again" when there was too much to settle first.

-- @include queue
-- @include touched
-- @include claims
-- @include records
-- @include posted
-- @include remove
-- @include take
-- @include settle
-- @include retries

local epoch, bucket, again = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local key, limit = ARGV[5], tonumber(ARGV[6])
local lanes = read_queue()
local before = may_come_twice(again, bucket, lanes.z) and recall(bucket, key)

if before then
    return cmsgpack.unpack(before)
end
if settle(lanes) then
    return 'again'
end

local reply = {}
for _, m in ipairs(oldest_free(lanes, limit)) do
    if m.entry then
        emit_posted(reply, m.entry, m.lane)
    else
        emit(reply, epoch, m.seq, m.record, m.count, nil)
    end
    advance(m)
    remove(m.seq, m.odd, m.touched, m.record)
end
save_frontiers(lanes)
if #reply > 0 or again then
    call('HSET', Q .. 'o' .. bucket, key, cmsgpack.pack(reply))
    keep_bucket(bucket, lanes.newest, again)
end
return reply
