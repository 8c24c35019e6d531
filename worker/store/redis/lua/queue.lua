-- The lanes of a queue, and what else its hash m says.

local function lane_key(n)
    return Q .. 's' .. n
end

local function back_key(n)
    return Q .. 'b' .. n
end

-- read_queue reads the queue's lanes, lanes[n] = {n, ttl (digits, in seconds), ttl_ms, frontier, live_from},
-- and the rest of m: next_ms (when something must be settled), newest and z (see recall). A lane's messages
-- are alive from the number live_from on.
local function read_queue()
    local lanes, fields = {}, call('HGETALL', Q .. 'm')
    for i = 1, #fields, 2 do
        local name, value = fields[i], fields[i + 1]
        local kind = string.byte(name)
        if kind == 116 then -- t<ttl in seconds>
            local n, ttl = tonumber(value), string.sub(name, 2)
            local lane, ttl_ms = lanes[n] or {}, tonumber(ttl) * 1000
            lane.n, lane.ttl, lane.ttl_ms = n, ttl, ttl_ms
            lane.live_from = (now - ttl_ms + 1 - EPOCH_MS) * PER_MS
            lanes[n] = lane
        elseif kind == 102 then -- f<lane>
            local n = tonumber(string.sub(name, 2))
            lanes[n] = lanes[n] or {}
            lanes[n].frontier = tonumber(value)
        elseif kind == 110 then
            lanes.next_ms = tonumber(value)
        elseif kind == 111 then
            lanes.newest = value
        elseif kind == 122 then
            lanes.z = value
        end
    end
    return lanes
end
