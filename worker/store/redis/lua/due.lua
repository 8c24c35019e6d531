-- What became due, for settle. Needs queue.

-- @include touched
-- @include claims
-- @include remove
-- @include lists
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
    if #ended > 0 then
        with('HDEL', Q .. 'k', set_free(lanes, ended))
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
