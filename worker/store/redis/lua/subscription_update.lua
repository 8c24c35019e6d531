-- Changes a subscription. ARGV: now, epoch, id (epoch, number), bucket, key, ttl_s (0: as it is), subscriber,
-- options ('': as they are). Returns 1, 0: no such subscription, or 2: the subscriber has another one.

-- @include odd
-- @include retries
-- @include subscriptions

local id, bucket, key = ARGV[4], tonumber(ARGV[5]), ARGV[6]
local ttl_s, subscriber, options = tonumber(ARGV[7]), ARGV[8], ARGV[9]
if recall(bucket, key) then
    return 1
end
local record = ARGV[2] == ARGV[3] and find_subscription(id)
if not record then
    return 0
end

if subscriber ~= '' and subscriber ~= record[1] then
    local other = call('HGET', Q .. 'i', subscriber)
    if other and find_subscription(other) then
        return 2
    elseif other then
        remove_subscription(other)
    end
    call('HDEL', Q .. 'i', record[1])
    call('HSET', Q .. 'i', subscriber, id)
    record[1], record[5] = subscriber, false
end
if options ~= '' then
    record[2] = options
end
if ttl_s > 0 then
    record[3], record[4] = now, ttl_s
    call('ZADD', Q .. 'w', digits(ends_ms(record)), id)
    note_due(Q, ends_ms(record))
end
call('HSET', Q .. 'u', id, cmsgpack.pack(record))
call('HSET', Q .. 'o' .. bucket, key, 1)
keep_bucket(bucket, call('HGET', Q .. 'm', 'o'), false)
return 1
