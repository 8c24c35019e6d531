-- Needs queue, touched.

-- set_free puts a claimed message back among the free ones.
local function set_free(lanes, seq, odd, count)
    local id = digits(seq)
    call('ZREM', Q .. 'c', id)
    if odd then
        call('HSET', Q .. 'h', id, pack_touched(true, count))
        if call('ZREM', Q .. 'y', id) == 1 then
            call('ZADD', Q .. 'r', id, id)
        end
        return
    end
    local lane = lanes[seq % 8]
    if lane and lane.ttl_ms and seq >= lane.live_from then
        call('HSET', Q .. 'h', id, pack_touched(false, count))
        call('ZADD', back_key(lane.n), id, id)
    else
        call('HDEL', Q .. 'h', id) -- it expired while it was claimed
    end
end
