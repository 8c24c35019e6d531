-- What became due, for settle. Needs queue.

-- @include touched
-- @include claims
-- @include remove

local function append(list, a, b)
    list[#list + 1] = a
    list[#list + 1] = b
end

-- with calls a command with a list of arguments, if there are any.
local function with(command, key, arguments)
    if #arguments > 0 then
        call(command, key, unpack(arguments))
    end
end

local function due_of(key)
    return call('ZRANGEBYSCORE', key, '-inf', digits(now), 'LIMIT', 0, BUDGET)
end

local function expire_odd()
    local expired = due_of(Q .. 'e')
    for _, id in ipairs(expired) do
        remove(tonumber(id), true, call('HGET', Q .. 'h', id))
    end
    return #expired
end

-- end_claims frees the messages of claims that have ended, all in a few calls.
local function end_claims(lanes)
    local ended = due_of(Q .. 'c')
    if #ended == 0 then
        return 0
    end
    local values = call('HMGET', Q .. 'h', unpack(ended))
    local touched, odd_ones, ready, gone, claims, seen, back = {}, {}, {}, {}, {}, {}, {}
    for i = 1, #ended do
        local id, value = ended[i], values[i]
        if value then
            local odd, claim, freed = string.byte(value) == 1, string.sub(value, 6), string.sub(value, 1, 5)
            local seq = tonumber(id)
            local lane = lanes[seq % 8]
            if not seen[claim] then
                seen[claim] = true
                claims[#claims + 1] = claim
            end
            if odd then
                odd_ones[#odd_ones + 1] = id
                append(ready, id, id)
                append(touched, id, freed)
            elseif lane and lane.ttl_ms and seq >= lane.live_from then
                back[lane.n] = back[lane.n] or {}
                append(back[lane.n], id, id)
                append(touched, id, freed)
            else
                gone[#gone + 1] = id -- it expired while it was claimed
            end
        end
    end
    call('ZREM', Q .. 'c', unpack(ended))
    with('HSET', Q .. 'h', touched)
    with('HDEL', Q .. 'h', gone)
    with('ZREM', Q .. 'y', odd_ones)
    with('ZADD', Q .. 'r', ready)
    with('HDEL', Q .. 'k', claims)
    for n, ids in pairs(back) do
        call('ZADD', back_key(n), unpack(ids))
    end
    return #ended
end

local function make_ready()
    local due, ready = due_of(Q .. 'd'), {}
    for i = 1, #due do
        append(ready, due[i], due[i])
    end
    with('ZREM', Q .. 'd', due)
    with('ZREM', Q .. 'z', due)
    with('ZADD', Q .. 'r', ready)
    return #due
end

-- note_next writes down when the next thing becomes due.
local function note_next(lanes)
    local next_ms
    for _, name in ipairs({'e', 'c', 'd'}) do
        local at = call('ZRANGE', Q .. name, 0, 0, 'WITHSCORES')[2]
        if at and (not next_ms or tonumber(at) < next_ms) then
            next_ms = tonumber(at)
        end
    end
    lanes.next_ms = next_ms
    if next_ms then
        call('HSET', Q .. 'm', 'n', digits(next_ms))
    else
        call('HDEL', Q .. 'm', 'n')
    end
end


local function settle_due(lanes)
    local more = expire_odd() == BUDGET
    more = end_claims(lanes) == BUDGET or more
    more = make_ready() == BUDGET or more
    if not more then
        note_next(lanes)
    end
    return more
end
