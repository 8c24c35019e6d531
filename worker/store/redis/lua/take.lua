-- Taking the oldest free messages. Needs queue, touched, records.

local function by_seq(a, b)
    return a.seq < b.seq
end

-- add_free adds the free messages of a lane: those that came back, and those behind the frontier.
-- Returns how many of its two sources gave something.
local function add_free(list, lane, limit)
    local back = call('ZRANGEBYSCORE', back_key(lane.n), digits(lane.live_from), '+inf',
                      'LIMIT', 0, limit)
    local from = math.max(lane.frontier + 1, lane.live_from)
    local posted = call('XRANGE', lane_key(lane.n), digits(from), '+', 'COUNT', limit)
    for i = 1, #back do
        list[#list + 1] = {seq = tonumber(back[i]), id = back[i], lane = lane, entry = false, odd = false,
                           count = 0, touched = false, record = false}
    end
    for i = 1, #posted do
        local id = string.sub(posted[i][1], 1, -3) -- "<seq>-0"
        list[#list + 1] = {seq = tonumber(id), id = id, lane = lane, entry = posted[i], odd = false,
                           count = 0, touched = false, record = false}
    end
    return (#back > 0 and 1 or 0) + (#posted > 0 and 1 or 0)
end

-- complete reads what is not known yet of a message; false if it is a left-over of a lane whose number
-- was given out again, which then goes.
local function complete(lanes, m)
    if m.entry then
        return true
    end
    m.touched = call('HGET', Q .. 'h', m.id)
    m.record = find(lanes, m.seq, m.touched)
    if not m.record then
        call('ZREM', m.odd and Q .. 'r' or back_key(m.lane.n), m.id)
        call('HDEL', Q .. 'h', m.id)
        return false
    end
    m.count = m.touched and select(2, unpack_touched(m.touched)) or 0
    return true
end

-- oldest_free gives up to limit free messages, oldest first: {seq, id, odd, count, touched, lane}, and the
-- entry of one that is as it was posted, else the record. The lanes, what came back to them, and the odd
-- ones are merged by number.
local function oldest_free(lanes, limit)
    local list, sources = {}, 0
    for n = 1, LANES do
        if lanes[n] and lanes[n].ttl_ms then
            sources = sources + add_free(list, lanes[n], limit)
        end
    end
    local ready = call('ZRANGE', Q .. 'r', 0, limit - 1)
    for i = 1, #ready do
        list[#list + 1] = {seq = tonumber(ready[i]), id = ready[i], lane = false, entry = false, odd = true,
                           count = 0, touched = false, record = false}
    end
    if sources + (#ready > 0 and 1 or 0) > 1 then
        table.sort(list, by_seq)
    end
    local taken = {}
    for i = 1, math.min(#list, limit) do
        if complete(lanes, list[i]) then
            taken[#taken + 1] = list[i]
        end
    end
    return taken
end

-- advance notes that a message as it was posted is taken; save_frontiers writes the lanes' frontiers, and
-- next_ms if it is given and another than before.
local function advance(m)
    if m.entry and m.seq > m.lane.frontier then
        m.lane.frontier = m.seq
        m.lane.moved = true
    end
end

local function save_frontiers(lanes, next_ms)
    local fields = {}
    for n = 1, LANES do
        if lanes[n] and lanes[n].moved then
            fields[#fields + 1] = 'f' .. n
            fields[#fields + 1] = digits(lanes[n].frontier)
        end
    end
    if next_ms and next_ms ~= lanes.next_ms then
        fields[#fields + 1] = 'n'
        fields[#fields + 1] = digits(next_ms)
    end
    if #fields > 0 then
        call('HSET', Q .. 'm', unpack(fields))
    end
end
