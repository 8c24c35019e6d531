-- Needs queue, touched, lists.

-- set_free puts claimed messages back among the free ones, all in a few calls. ids: their numbers, one at
-- least. Returns the ids of their claims.
local function set_free(lanes, ids)
    local values = call('HMGET', Q .. 'h', unpack(ids))
    local touched, odd_ones, ready, gone, claims, seen, back = {}, {}, {}, {}, {}, {}, {}
    for i = 1, #ids do
        local id, value = ids[i], values[i]
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
    call('ZREM', Q .. 'c', unpack(ids))
    with('HSET', Q .. 'h', touched)
    with('HDEL', Q .. 'h', gone)
    with('ZREM', Q .. 'y', odd_ones)
    with('ZADD', Q .. 'r', ready)
    for n, pairs_of_lane in pairs(back) do
        call('ZADD', back_key(n), unpack(pairs_of_lane))
    end
    return claims
end
