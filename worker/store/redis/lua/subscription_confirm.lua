-- Confirms a subscription, or takes that back. ARGV: now, epoch, id (epoch, number), bucket, key,
-- confirmed (0 or 1). Returns 1, or 0: no such subscription.

-- @include retries
-- @include subscriptions

local id, bucket, key = ARGV[4], tonumber(ARGV[5]), ARGV[6]
if recall(bucket, key) then
    return 1
end
local record = ARGV[2] == ARGV[3] and find_subscription(id)
if not record then
    return 0
end
record[5] = ARGV[7] == '1'
call('HSET', Q .. 'u', id, cmsgpack.pack(record))
call('HSET', Q .. 'o' .. bucket, key, 1)
keep_bucket(bucket, call('HGET', Q .. 'm', 'o'), false)
return 1
