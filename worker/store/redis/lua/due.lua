-- What became due, for settle. Needs queue.

-- @include touched
-- @include claims
-- @include remove
-- @include set_free

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

local function end_claims(lanes)
    local ended = due_of(Q .. 'c')
    for _, id in ipairs(ended) do
        local touched = call('HGET', Q .. 'h', id)
        if touched then
            local odd, count, claim = unpack_touched(touched)
            set_free(lanes, tonumber(id), odd, count)
            if claim then
                call('HDEL', Q .. 'k', claim)
            end
        else
            call('ZREM', Q .. 'c', id)
        end
    end
    return #ended
end

local function make_ready()
    local due = due_of(Q .. 'd')
    for _, id in ipairs(due) do
        call('ZREM', Q .. 'd', id)
        call('ZREM', Q .. 'z', id)
        call('ZADD', Q .. 'r', id, id)
    end
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
