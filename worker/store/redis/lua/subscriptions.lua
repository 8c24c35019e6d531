-- Subscriptions (base.lua: u, v, w, i). One whose ttl is over is not there, whether it was taken away yet
-- or not; each is taken away once.

-- A record: {subscriber, options, since_ms, ttl_s, confirmed}.
local function ends_ms(record)
    return record[3] + record[4] * 1000
end

-- find_subscription gives the record of a number (digits) that is alive, or nil.
local function find_subscription(id)
    local packed = call('HGET', Q .. 'u', id)
    local record = packed and cmsgpack.unpack(packed)
    return record and ends_ms(record) > now and record or nil
end

local function remove_subscription(id)
    local packed = call('HGET', Q .. 'u', id)
    if packed then
        local subscriber = cmsgpack.unpack(packed)[1]
        if call('HGET', Q .. 'i', subscriber) == id then
            call('HDEL', Q .. 'i', subscriber)
        end
    end
    call('HDEL', Q .. 'u', id)
    call('ZREM', Q .. 'v', id)
    call('ZREM', Q .. 'w', id)
end

-- end_subscriptions takes away those whose ttl is over, a bounded amount. True when there are more.
local function end_subscriptions()
    local ended = call('ZRANGEBYSCORE', Q .. 'w', '-inf', digits(now), 'LIMIT', 0, BUDGET)
    for i = 1, #ended do
        remove_subscription(ended[i])
    end
    return #ended == BUDGET
end

-- emit_subscription appends one to a reply: a head of fixed size, subscriber, options. reply.c reads it.
local function emit_subscription(reply, id, record)
    reply[#reply + 1] = struct.pack('>I8I8I8B', tonumber(id), record[3], record[4],
                                    record[5] and 1 or 0)
    reply[#reply + 1] = record[1]
    reply[#reply + 1] = record[2]
end
