-- The lanes of a queue, and what else its hash m says.

local function lane_key(n)
    return Q .. 's' .. n
end

local function back_key(n)
    return Q .. 'b' .. n
end

-- read_queue reads the queue's lanes, lanes[n] = {n, ttl (digits, in seconds), ttl_ms, frontier, live_from,
-- moved} or false, and the rest of m, each false if it isn't there: next_ms (when something must be settled),
-- newest and z (see recall). A lane's messages are alive from the number live_from on. (Tables are made at
-- their full size: one that grows is made anew with each doubling.)
local function read_queue()
    local fields, byte, sub = call('HGETALL', Q .. 'm'), string.byte, string.sub
    local lanes = {false, false, false, false, false, false, false,
                   next_ms = false, newest = false, z = false}
    local frontiers = {}
    for i = 1, #fields, 2 do
        local name, value = fields[i], fields[i + 1]
        local kind = byte(name)
        if kind == 116 then -- t<ttl in seconds>
            local n, ttl = tonumber(value), sub(name, 2)
            local ttl_ms = tonumber(ttl) * 1000
            lanes[n] = {n = n, ttl = ttl, ttl_ms = ttl_ms, frontier = 0, moved = false,
                        live_from = math.max(0, (now - ttl_ms + 1 - EPOCH_MS) * PER_MS)}
        elseif kind == 102 then -- f<lane>
            frontiers[#frontiers + 1] = tonumber(sub(name, 2))
            frontiers[#frontiers + 1] = tonumber(value)
        elseif kind == 110 then
            lanes.next_ms = tonumber(value)
        elseif kind == 111 then
            lanes.newest = value
        elseif kind == 122 then
            lanes.z = value
        end
    end
    for i = 1, #frontiers, 2 do
        local lane = lanes[frontiers[i]]
        if lane then
            lane.frontier = frontiers[i + 1]
        end
    end
    return lanes
end
