-- Lists subscriptions in the order of their creation. ARGV: now, epoch, marker (epoch, number), limit.
-- Returns three elements for each, or "again".

-- @include subscriptions

if end_subscriptions() then
    return 'again'
end
local epoch, after, reply = tonumber(ARGV[2]), tonumber(ARGV[3]), {}
if after > epoch then
    return reply
end
local from = after == epoch and '(' .. ARGV[4] or '-inf'
local ids = call('ZRANGEBYSCORE', Q .. 'v', from, '+inf', 'LIMIT', 0, ARGV[5])
for i = 1, #ids do
    emit_subscription(reply, ids[i], find_subscription(ids[i]))
end
return reply
