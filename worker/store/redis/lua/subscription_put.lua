-- Creates a subscription, or finds the one that the subscriber has.
-- ARGV: now, epoch (unused), bucket, key, most, ttl_s, subscriber, options.
-- Returns "number existed confirmed" (the latter two 0 or 1), "full" or "again".

-- @include numbers
-- @include odd
-- @include retries
-- @include subscriptions

local bucket, key, subscriber = tonumber(ARGV[3]), ARGV[4], ARGV[7]
local answer = recall(bucket, key)
if answer then
    return answer
end
if end_subscriptions() then
    return 'again'
end

local meta = call('HMGET', Q .. 'm', 'l', 'o')

-- last_number: m may have gone with its numbers while subscriptions are left.
local function last_number()
    local newest = tonumber(call('ZRANGE', Q .. 'v', -1, -1)[1] or 0)
    return math.max(tonumber(meta[1] or 0), newest)
end

local function create()
    local seq = next_number(last_number(), 0)
    local id, record = digits(seq), {subscriber, ARGV[8], now, tonumber(ARGV[6]), false}
    call('HSET', Q .. 'u', id, cmsgpack.pack(record))
    call('ZADD', Q .. 'v', id, id)
    call('ZADD', Q .. 'w', digits(ends_ms(record)), id)
    call('HSET', Q .. 'i', subscriber, id)
    call('HSET', Q .. 'm', 'l', id)
    call('PERSIST', Q .. 'm')
    note_due(Q, ends_ms(record))
    return id .. ' 0 0'
end

local id = call('HGET', Q .. 'i', subscriber)
if id then
    answer = id .. ' 1 ' .. (find_subscription(id)[5] and 1 or 0)
elseif call('ZCARD', Q .. 'v') >= tonumber(ARGV[5]) then
    return 'full'
else
    answer = create()
end
call('HSET', Q .. 'o' .. bucket, key, answer)
keep_bucket(bucket, meta[2], false)
return answer
