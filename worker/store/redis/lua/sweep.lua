-- Removes what has expired, a bounded amount of it, and says when the queue is to be visited next.
-- ARGV: now. Returns 1 when there is more to do at once, else 0.

-- @include queue
-- @include settle
-- @include trim
-- @include subscriptions

local IDLE_MS = 3600000 -- an empty queue remembers its last number for an hour: clocks may step back
local lanes = read_queue()
local more = settle(lanes)
local next_ms

-- forget_back drops what is known of expired messages of a lane that were free again. True: more.
local function forget_back(lane)
    local gone = call('ZRANGEBYSCORE', back_key(lane.n), '-inf', '(' .. digits(lane.live_from),
                      'LIMIT', 0, BUDGET)
    if #gone > 0 then
        call('HDEL', Q .. 'h', unpack(gone))
        call('ZREM', back_key(lane.n), unpack(gone))
    end
    return #gone == BUDGET
end

-- sweep_lane trims a lane, and gives an empty one back. True: there is more to do.
local function sweep_lane(lane)
    if trim(lane) or forget_back(lane) then
        return true
    end
    if call('XLEN', lane_key(lane.n)) == 0 then
        call('DEL', lane_key(lane.n), back_key(lane.n))
        call('HDEL', Q .. 'm', 't' .. digits(lane.ttl_ms / 1000), 'f' .. lane.n)
        lane.ttl_ms = nil
    end
    return false
end

local function consider(at_ms)
    if at_ms then
        at_ms = tonumber(at_ms)
        next_ms = (not next_ms or at_ms < next_ms) and at_ms or next_ms
    end
end

for n = 1, LANES do
    local lane = lanes[n]
    if lane and lane.ttl_ms then
        more = sweep_lane(lane) or more
        local first = lane.ttl_ms and call('XRANGE', lane_key(n), '-', '+', 'COUNT', 1)[1]
        if first then
            consider(created_ms(tonumber(string.sub(first[1], 1, -3))) + lane.ttl_ms)
        end
    end
end
consider(call('ZRANGE', Q .. 'e', 0, 0, 'WITHSCORES')[2])
consider(call('ZRANGE', Q .. 'c', 0, 0, 'WITHSCORES')[2])
consider(call('ZRANGE', Q .. 'd', 0, 0, 'WITHSCORES')[2])
more = end_subscriptions() or more
consider(call('ZRANGE', Q .. 'w', 0, 0, 'WITHSCORES')[2])

if more then
    call('ZADD', KEYS[2], digits(now), Q)
    return 1
end
if next_ms then
    call('ZADD', KEYS[2], digits(next_ms), Q)
else
    call('ZREM', KEYS[2], Q)
    call('PEXPIRE', Q .. 'm', IDLE_MS)
end
return 0
